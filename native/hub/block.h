#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#endif

namespace hubbub {

// Sixteen bytes looked at together, to copy text and find what JSON escapes in one go: control
// characters, the quote and the backslash. Three ways of the same, with the same surface; tests
// hold them against each other. Only what every CPU of its kind has is used, so that what is built
// on one machine runs on the next.

inline constexpr std::size_t block_bytes = 16;

namespace block_detail {

// Compilers make one load of it where the machine has the lowest byte first.
inline std::uint64_t load_64(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

inline std::uint64_t load_32(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 4; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

struct Words {
  std::uint64_t low;
  std::uint64_t high;
};

// One to fifteen bytes without reading past them, and letters for the rest. Put together in
// registers: through memory, the load would wait for the smaller stores before it.
inline Words load_tail(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::uint64_t letters = 0x6161616161616161;
  if (size >= 8) {
    const std::uint64_t last = size == 8 ? 0 : load_64(bytes + size - 8) >> (8 * (16 - size));
    return {load_64(bytes), last | letters << (8 * (size - 8))};
  }
  std::uint64_t low;
  if (size >= 4) {
    low = load_32(bytes) | load_32(bytes + size - 4) << (8 * (size - 4));
  } else {
    low = std::uint64_t{bytes[0]} | std::uint64_t{bytes[size / 2]} << (8 * (size / 2)) |
          std::uint64_t{bytes[size - 1]} << (8 * (size - 1));
  }
  return {low | letters << (8 * size), letters};
}

}  // namespace block_detail

class PortableBlock {
 public:
  static PortableBlock load(const std::uint8_t* bytes) {
    return PortableBlock({block_detail::load_64(bytes), block_detail::load_64(bytes + 8)});
  }

  static PortableBlock load_tail(const std::uint8_t* bytes, std::size_t size) {
    return PortableBlock(block_detail::load_tail(bytes, size));
  }

  void store(std::uint8_t* bytes) const {
    for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(words_.low >> (8 * i));
    bytes += 8;
    for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(words_.high >> (8 * i));
  }

  // The first byte to escape, block_bytes when there is none.
  [[nodiscard]] std::size_t first_special() const {
    const std::size_t low = first_special(words_.low);
    return low < 8 ? low : 8 + first_special(words_.high);
  }

  [[nodiscard]] bool is_ascii() const { return ((words_.low | words_.high) & tops) == 0; }

 private:
  static constexpr std::uint64_t ones = 0x0101010101010101;
  static constexpr std::uint64_t tops = 0x8080808080808080;

  explicit PortableBlock(block_detail::Words words) : words_(words) {}

  // The top bit of bytes below n. A borrow can set it in bytes above a true one, never below: the
  // lowest is always true.
  static std::uint64_t below(std::uint64_t bytes, std::uint64_t n) {
    return (bytes - ones * n) & ~bytes & tops;
  }

  static std::size_t first_special(std::uint64_t bytes) {
    const std::uint64_t special = below(bytes, 0x20) | below(bytes ^ (ones * '"'), 1) |
                                  below(bytes ^ (ones * '\\'), 1);
    return static_cast<std::size_t>(std::countr_zero(special)) / 8;
  }

  block_detail::Words words_;
};

#if defined(__SSE2__)

class VectorBlock {
 public:
  static VectorBlock load(const std::uint8_t* bytes) {
    return VectorBlock(_mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(bytes))));
  }

  static VectorBlock load_tail(const std::uint8_t* bytes, std::size_t size) {
    const block_detail::Words words = block_detail::load_tail(bytes, size);
    return VectorBlock(_mm_set_epi64x(static_cast<long long>(words.high),
                                      static_cast<long long>(words.low)));
  }

  void store(std::uint8_t* bytes) const {
    _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(bytes)), bytes_);
  }

  [[nodiscard]] std::size_t first_special() const {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(0x1f)), bytes_);
    const __m128i quote = _mm_cmpeq_epi8(bytes_, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes_, _mm_set1_epi8('\\'));
    const __m128i special = _mm_or_si128(control, _mm_or_si128(quote, backslash));
    const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(special));
    return static_cast<std::size_t>(std::countr_zero(bits | (1U << block_bytes)));
  }

  [[nodiscard]] bool is_ascii() const { return _mm_movemask_epi8(bytes_) == 0; }

 private:
  explicit VectorBlock(__m128i bytes) : bytes_(bytes) {}
  __m128i bytes_;
};

#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(__AARCH64EB__)

class VectorBlock {
 public:
  static VectorBlock load(const std::uint8_t* bytes) { return VectorBlock(vld1q_u8(bytes)); }

  static VectorBlock load_tail(const std::uint8_t* bytes, std::size_t size) {
    const block_detail::Words words = block_detail::load_tail(bytes, size);
    return VectorBlock(vcombine_u8(vcreate_u8(words.low), vcreate_u8(words.high)));
  }

  void store(std::uint8_t* bytes) const { vst1q_u8(bytes, bytes_); }

  [[nodiscard]] std::size_t first_special() const {
    const uint8x16_t special =
        vorrq_u8(vcltq_u8(bytes_, vdupq_n_u8(0x20)),
                 vorrq_u8(vceqq_u8(bytes_, vdupq_n_u8('"')), vceqq_u8(bytes_, vdupq_n_u8('\\'))));
    // Four bits a byte: NEON has no instruction that takes one.
    const uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(special), 4);
    const std::uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
    return static_cast<std::size_t>(std::countr_zero(bits)) / 4;
  }

  [[nodiscard]] bool is_ascii() const { return vmaxvq_u8(bytes_) < 0x80; }

 private:
  explicit VectorBlock(uint8x16_t bytes) : bytes_(bytes) {}
  uint8x16_t bytes_;
};

#else

using VectorBlock = PortableBlock;

#endif

}  // namespace hubbub
