#include "load/messagepack.h"

#include <bit>
#include <cmath>

namespace hubbub::load::messagepack {

namespace {

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int byte = bytes - 1; byte >= 0; --byte) {
    out += static_cast<char>(static_cast<std::uint8_t>(value >> (8 * byte)));
  }
}

// A number that no message has is as good as none.
std::int64_t whole(double number) {
  constexpr double limit = 9e15;
  return std::abs(number) < limit ? static_cast<std::int64_t>(number) : 0;
}

// The number whose sign stands in the highest of its bits.
std::int64_t with_sign(std::uint64_t bits, std::size_t bytes) {
  const auto shift = static_cast<unsigned>(64 - 8 * bytes);
  return static_cast<std::int64_t>(bits << shift) >> shift;
}

}  // namespace

void append_small_map(std::string& out, std::size_t pairs) {
  out += static_cast<char>(static_cast<std::uint8_t>(0x80 | pairs));
}

void append_string(std::string& out, std::string_view text) {
  const std::size_t size = text.size();
  if (size < 0x20) {
    append_big_endian(out, 0xa0 | size, 1);
  } else {
    const int bytes = size < 0x100 ? 1 : size < 0x1'0000 ? 2 : 4;
    append_big_endian(out, bytes == 1 ? 0xd9U : bytes == 2 ? 0xdaU : 0xdbU, 1);
    append_big_endian(out, size, bytes);
  }
  out += text;
}

std::optional<std::size_t> Reader::map() {
  const auto next = head();
  if (!next || next->kind != Head::Kind::map) return std::nullopt;
  return static_cast<std::size_t>(next->size / 2);
}

std::optional<Reader::Value> Reader::value() {
  const auto first = head();
  if (!first) return std::nullopt;
  if (first->kind == Head::Kind::number) {
    return Value{.kind = Value::Kind::number, .string = {}, .number = first->number};
  }
  if (first->kind == Head::Kind::string) {
    const std::string_view string = bytes_.substr(at_, first->size);
    at_ += string.size();
    return Value{.kind = Value::Kind::string, .string = string, .number = 0};
  }
  // What is inside, and inside that: as many values as are still to be skipped.
  std::uint64_t values = 0;
  for (auto next = first;;) {
    const bool is_nested = next->kind == Head::Kind::values || next->kind == Head::Kind::map;
    if (is_nested) {
      values += next->size;
    } else {
      at_ += next->size;
    }
    if (values == 0) return Value{};
    --values;
    next = head();
    if (!next) return std::nullopt;
  }
}

std::optional<Reader::Head> Reader::head() {
  const auto type = big_endian(1);
  if (!type) return std::nullopt;
  const auto first = static_cast<std::uint8_t>(*type);
  Head next;
  if (first < 0x80) {
    next = {.kind = Head::Kind::number, .number = first, .size = 0};
  } else if (first >= 0xe0) {
    next = {.kind = Head::Kind::number, .number = with_sign(first, 1), .size = 0};
  } else if (first < 0x90) {
    next = {.kind = Head::Kind::map, .number = 0, .size = 2 * (first & 0xfU)};
  } else if (first < 0xa0) {
    next = {.kind = Head::Kind::values, .number = 0, .size = first & 0xfU};
  } else if (first < 0xc0) {
    next = {.kind = Head::Kind::string, .number = 0, .size = first & 0x1fU};
  } else {
    const auto found = long_head(first);
    if (!found) return std::nullopt;
    next = *found;
  }
  // Each value has a byte at least: what claims more than there is was cut off.
  if (next.size > left()) return std::nullopt;
  return next;
}

// The forms that have their size, or a number, behind the first byte.
std::optional<Reader::Head> Reader::long_head(std::uint8_t type) {
  const auto sized = [&](Head::Kind kind, std::size_t bytes, std::uint64_t factor,
                         std::uint64_t more) -> std::optional<Head> {
    const auto size = big_endian(bytes);
    if (!size) return std::nullopt;
    return Head{.kind = kind, .number = 0, .size = *size * factor + more};
  };
  const auto number = [&](std::size_t bytes, bool has_sign) -> std::optional<Head> {
    const auto bits = big_endian(bytes);
    if (!bits) return std::nullopt;
    const auto plain = static_cast<std::int64_t>(*bits);
    const std::int64_t value = has_sign ? with_sign(*bits, bytes) : plain;
    return Head{.kind = Head::Kind::number, .number = value, .size = 0};
  };
  if (type == 0xc0 || type == 0xc2 || type == 0xc3) return Head{};
  if (type >= 0xc4 && type <= 0xc6) {
    return sized(Head::Kind::binary, std::size_t{1} << (type - 0xc4), 1, 0);
  }
  // An extension has its kind as one more byte.
  if (type >= 0xc7 && type <= 0xc9) {
    return sized(Head::Kind::binary, std::size_t{1} << (type - 0xc7), 1, 1);
  }
  if (type == 0xca || type == 0xcb) {
    const auto bits = big_endian(type == 0xca ? 4 : 8);
    if (!bits) return std::nullopt;
    const double single = std::bit_cast<float>(static_cast<std::uint32_t>(*bits));
    const double value = type == 0xca ? single : std::bit_cast<double>(*bits);
    return Head{.kind = Head::Kind::number, .number = whole(value), .size = 0};
  }
  if (type >= 0xcc && type <= 0xcf) return number(std::size_t{1} << (type - 0xcc), false);
  if (type >= 0xd0 && type <= 0xd3) return number(std::size_t{1} << (type - 0xd0), true);
  if (type >= 0xd4 && type <= 0xd8) {
    return Head{.kind = Head::Kind::binary, .number = 0, .size = (1ULL << (type - 0xd4)) + 1};
  }
  if (type >= 0xd9 && type <= 0xdb) {
    return sized(Head::Kind::string, std::size_t{1} << (type - 0xd9), 1, 0);
  }
  if (type == 0xdc || type == 0xdd) {
    return sized(Head::Kind::values, type == 0xdc ? 2U : 4U, 1, 0);
  }
  if (type == 0xde || type == 0xdf) return sized(Head::Kind::map, type == 0xde ? 2U : 4U, 2, 0);
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::big_endian(std::size_t bytes) {
  if (left() < bytes) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t byte = 0; byte < bytes; ++byte) {
    value = value << 8 | static_cast<std::uint8_t>(bytes_[at_++]);
  }
  return value;
}

}  // namespace hubbub::load::messagepack
