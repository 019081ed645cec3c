#include "hub/json.h"

#include <array>
#include <cstring>

#include "hub/block.h"

namespace hubbub::json {

namespace {

// "00" to "99".
constexpr std::array<char, 200> pairs = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

// What stands behind the backslash, 'u' for those written as four digits, 0 for the rest.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> letters{};
  for (std::size_t i = 0; i < 0x20; ++i) letters[i] = 'u';
  letters['\b'] = 'b';
  letters['\t'] = 't';
  letters['\n'] = 'n';
  letters['\f'] = 'f';
  letters['\r'] = 'r';
  letters['"'] = '"';
  letters['\\'] = '\\';
  return letters;
}();

constexpr std::size_t escape_bytes_max = 6;
// Text is written in slices, so that the memory asked for is what the worst slice could take.
constexpr std::size_t slice_bytes = 2048;

std::uint8_t* write_escape(std::uint8_t* out, std::uint8_t byte) {
  const char letter = escapes[byte];
  *out++ = '\\';
  *out++ = static_cast<std::uint8_t>(letter);
  if (letter != 'u') return out;
  constexpr char digits[] = "0123456789abcdef";
  *out++ = '0';
  *out++ = '0';
  *out++ = static_cast<std::uint8_t>(digits[byte >> 4]);
  *out++ = static_cast<std::uint8_t>(digits[byte & 15]);
  return out;
}

// Whole blocks are stored even where fewer bytes count: there must be room for one block more.
template <class Block>
std::uint8_t* write_slice(std::uint8_t* out, const std::uint8_t* in, std::size_t size,
                          bool& ascii) {
  while (size > 0) {
    const bool whole = size >= block_bytes;
    const Block block = whole ? Block::load(in) : Block::load_tail(in, size);
    block.store(out);
    if (!block.is_ascii()) ascii = false;
    const std::size_t limit = whole ? block_bytes : size;
    const std::size_t clean = block.first_special();
    if (clean >= limit) {
      out += limit;
      in += limit;
      size -= limit;
    } else {
      out = write_escape(out + clean, in[clean]);
      in += clean + 1;
      size -= clean + 1;
    }
  }
  return out;
}

template <class Block>
bool append_string_by(Scratch& out, std::string_view text, bool& ascii) {
  if (!out.append("\"")) return false;
  const auto* in = static_cast<const std::uint8_t*>(static_cast<const void*>(text.data()));
  std::size_t left = text.size();
  while (left > 0) {
    const std::size_t size = left < slice_bytes ? left : slice_bytes;
    if (!out.reserve(size * escape_bytes_max + block_bytes)) return false;
    out.set_end(write_slice<Block>(out.end(), in, size, ascii));
    in += size;
    left -= size;
  }
  return out.append("\"");
}

}  // namespace

std::uint8_t* write_decimal(std::uint8_t* out, std::uint64_t number) {
  std::array<char, decimal_digits_max> digits;
  std::size_t first = digits.size();
  while (number >= 100) {
    first -= 2;
    std::memcpy(&digits[first], &pairs[2 * (number % 100)], 2);
    number /= 100;
  }
  if (number >= 10) {
    first -= 2;
    std::memcpy(&digits[first], &pairs[2 * number], 2);
  } else {
    digits[--first] = static_cast<char>('0' + number);
  }
  std::memcpy(out, &digits[first], digits.size() - first);
  return out + (digits.size() - first);
}

bool append_decimal(Scratch& out, std::uint64_t number) {
  if (!out.reserve(decimal_digits_max)) return false;
  out.set_end(write_decimal(out.end(), number));
  return true;
}

bool append_string(Scratch& out, std::string_view text, bool& ascii) {
  return append_string_by<VectorBlock>(out, text, ascii);
}

bool append_string_portable(Scratch& out, std::string_view text, bool& ascii) {
  return append_string_by<PortableBlock>(out, text, ascii);
}

bool is_ascii(std::string_view text) {
  const auto* in = static_cast<const std::uint8_t*>(static_cast<const void*>(text.data()));
  std::size_t left = text.size();
  for (; left >= block_bytes; left -= block_bytes, in += block_bytes) {
    if (!VectorBlock::load(in).is_ascii()) return false;
  }
  return left == 0 || VectorBlock::load_tail(in, left).is_ascii();
}

}  // namespace hubbub::json
