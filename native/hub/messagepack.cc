#include "hub/messagepack.h"

#include <bit>
#include <cmath>
#include <limits>

namespace hubbub::messagepack {

namespace {

constexpr std::uint64_t limit_8 = 0x100;
constexpr std::uint64_t limit_16 = 0x1'0000;
constexpr std::uint64_t limit_32 = 0x1'0000'0000;

// The type, and a number behind it in so many bytes, the highest first.
template <std::size_t Bytes>
std::uint8_t* write_tagged(std::uint8_t* out, std::uint8_t type, std::uint64_t number) {
  *out++ = type;
  for (std::size_t i = Bytes; i-- > 0;) *out++ = static_cast<std::uint8_t>(number >> (8 * i));
  return out;
}

std::uint8_t* write_float(std::uint8_t* out, double number) {
  return write_tagged<8>(out, 0xcb, std::bit_cast<std::uint64_t>(number));
}

// Whole numbers below 0 that fit 32 bits.
std::uint8_t* write_negative(std::uint8_t* out, std::int32_t number) {
  const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
  if (number >= -0x20) return write_tagged<0>(out, static_cast<std::uint8_t>(bits & 0xff), 0);
  if (number >= std::numeric_limits<std::int8_t>::min()) return write_tagged<1>(out, 0xd0, bits);
  if (number >= std::numeric_limits<std::int16_t>::min()) return write_tagged<2>(out, 0xd1, bits);
  return write_tagged<4>(out, 0xd2, bits);
}

}  // namespace

std::uint8_t* write_whole(std::uint8_t* out, std::uint64_t number) {
  if (number < 0x80) return write_tagged<0>(out, static_cast<std::uint8_t>(number), 0);
  if (number < limit_8) return write_tagged<1>(out, 0xcc, number);
  if (number < limit_16) return write_tagged<2>(out, 0xcd, number);
  if (number < limit_32) return write_tagged<4>(out, 0xce, number);
  return write_float(out, static_cast<double>(number));
}

bool append_whole(Scratch& out, std::uint64_t number) {
  if (!out.reserve(number_bytes_max)) return false;
  out.set_end(write_whole(out.end(), number));
  return true;
}

bool append_number(Scratch& out, double number) {
  if (!out.reserve(number_bytes_max)) return false;
  const bool whole = std::trunc(number) == number;
  if (whole && number >= 0 && number < static_cast<double>(limit_32)) {
    out.set_end(write_whole(out.end(), static_cast<std::uint64_t>(number)));
  } else if (whole && number < 0 && number >= std::numeric_limits<std::int32_t>::min()) {
    out.set_end(write_negative(out.end(), static_cast<std::int32_t>(number)));
  } else {
    out.set_end(write_float(out.end(), number));
  }
  return true;
}

bool append_string(Scratch& out, std::string_view text) {
  if (!out.reserve(header_bytes_max)) return false;
  out.set_end(write_string_header(out.end(), text.size()));
  return out.append(text);
}

std::uint8_t* write_string_header(std::uint8_t* out, std::size_t bytes) {
  if (bytes < 0x20) return write_tagged<0>(out, static_cast<std::uint8_t>(0xa0 | bytes), 0);
  if (bytes < limit_8) return write_tagged<1>(out, 0xd9, bytes);
  if (bytes < limit_16) return write_tagged<2>(out, 0xda, bytes);
  return write_tagged<4>(out, 0xdb, bytes);
}

std::uint8_t* write_array_header(std::uint8_t* out, std::size_t values) {
  if (values < 0x10) return write_tagged<0>(out, static_cast<std::uint8_t>(0x90 | values), 0);
  if (values < limit_16) return write_tagged<2>(out, 0xdc, values);
  return write_tagged<4>(out, 0xdd, values);
}

std::uint8_t* write_map_header(std::uint8_t* out, std::size_t pairs) {
  if (pairs < 0x10) return write_tagged<0>(out, static_cast<std::uint8_t>(0x80 | pairs), 0);
  if (pairs < limit_16) return write_tagged<2>(out, 0xde, pairs);
  return write_tagged<4>(out, 0xdf, pairs);
}

}  // namespace hubbub::messagepack
