#include "hub/hash.h"

#include <bit>
#include <cstring>

namespace hubbub {

namespace {

constexpr std::size_t word_bytes = 8;

// Bytes as a number, the first one lowest, on every machine; where their number is known compilers
// make one load of it.
std::uint64_t load_bytes(const char* bytes, std::size_t size) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

// The same for fewer than eight: loads that overlap instead of a loop over what is left.
std::uint64_t load(const char* bytes, std::size_t size) noexcept {
  if (size >= 4) return load_bytes(bytes, 4) | load_bytes(bytes + size - 4, 4) << (8 * (size - 4));
  if (size == 0) return 0;
  return load_bytes(bytes, 1) | load_bytes(bytes + size / 2, 1) << (8 * (size / 2)) |
         load_bytes(bytes + size - 1, 1) << (8 * (size - 1));
}

std::uint64_t load_word(const char* bytes) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    std::uint64_t word;
    std::memcpy(&word, bytes, word_bytes);
    return word;
  } else {
    return load_bytes(bytes, word_bytes);
  }
}

}  // namespace

Hasher::Hasher(HashKey key) noexcept
    : v0_(key.low ^ 0x736f6d6570736575),
      v1_(key.high ^ 0x646f72616e646f6d ^ 0xee),
      v2_(key.low ^ 0x6c7967656e657261),
      v3_(key.high ^ 0x7465646279746573) {}

void Hasher::round() noexcept {
  v0_ += v1_;
  v1_ = std::rotl(v1_, 13) ^ v0_;
  v0_ = std::rotl(v0_, 32);
  v2_ += v3_;
  v3_ = std::rotl(v3_, 16) ^ v2_;
  v0_ += v3_;
  v3_ = std::rotl(v3_, 21) ^ v0_;
  v2_ += v1_;
  v1_ = std::rotl(v1_, 17) ^ v2_;
  v2_ = std::rotl(v2_, 32);
}

void Hasher::add_word(std::uint64_t word) noexcept {
  v3_ ^= word;
  round();
  v0_ ^= word;
}

void Hasher::add(std::string_view text) noexcept {
  const std::size_t filled = size_ % word_bytes;
  size_ += text.size();
  if (filled != 0) {
    const std::size_t missing = word_bytes - filled;
    const std::size_t taken = text.size() < missing ? text.size() : missing;
    partial_ |= load(text.data(), taken) << (8 * filled);
    text.remove_prefix(taken);
    if (taken < missing) return;
    add_word(partial_);
  }
  while (text.size() >= word_bytes) {
    add_word(load_word(text.data()));
    text.remove_prefix(word_bytes);
  }
  partial_ = load(text.data(), text.size());
}

void Hasher::add(std::uint64_t number) noexcept {
  const std::size_t filled = size_ % word_bytes;
  size_ += word_bytes;
  if (filled == 0) return add_word(number);
  add_word(partial_ | number << (8 * filled));
  partial_ = number >> (8 * (word_bytes - filled));
}

Hash Hasher::finish() noexcept {
  add_word(partial_ | (std::uint64_t{size_} << 56));
  v2_ ^= 0xee;
  for (int i = 0; i < 3; ++i) round();
  const std::uint64_t low = v0_ ^ v1_ ^ v2_ ^ v3_;
  v1_ ^= 0xdd;
  for (int i = 0; i < 3; ++i) round();
  return {low, v0_ ^ v1_ ^ v2_ ^ v3_};
}

Hash hash_of(HashKey key, std::string_view text) noexcept {
  Hasher hasher(key);
  hasher.add(text);
  return hasher.finish();
}

}  // namespace hubbub
