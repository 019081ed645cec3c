#pragma once

// JSON and MessagePack the slow and obvious way, through a tree of values: what the core's encoders
// are held against.

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support.h"

namespace hubbub::fuzz {

struct Value {
  enum class Kind { null, boolean, number, string, array, map };
  Kind kind = Kind::null;
  // 0 or 1 for a boolean.
  double number = 0;
  std::string string;
  // Of a map: keys and values in turn.
  std::vector<Value> items;
};

// Equal bits, so that NaN is itself; JSON's -0 is MessagePack's 0.
inline bool same(const Value& one, const Value& other) {
  const auto bits = [](double number) { return std::bit_cast<std::uint64_t>(number + 0.0); };
  if (one.kind != other.kind || one.string != other.string ||
      bits(one.number) != bits(other.number) || one.items.size() != other.items.size()) {
    return false;
  }
  for (std::size_t i = 0; i < one.items.size(); ++i) {
    if (!same(one.items[i], other.items[i])) return false;
  }
  return true;
}

// What msgpackr writes for a JavaScript number.
inline std::string packed_number(double number) {
  if (number == std::trunc(number) && number >= 0 && number <= 0xffff'ffff) {
    return tests::packed(static_cast<std::uint64_t>(number));
  }
  if (number == std::trunc(number) && number < 0 && number >= -2147483648.0) {
    const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
    if (number >= -32) return tests::big_endian(bits, 1);
    if (number >= -128) return "\xd0" + tests::big_endian(bits, 1);
    if (number >= -32768) return "\xd1" + tests::big_endian(bits, 2);
    return "\xd2" + tests::big_endian(bits, 4);
  }
  return "\xcb" + tests::big_endian(std::bit_cast<std::uint64_t>(number), 8);
}

inline std::string packed(const Value& value) {
  const auto header = [](std::size_t size, unsigned fixed, unsigned wide) {
    if (size < 16) return tests::big_endian(fixed + size, 1);
    if (size < 65536) return tests::big_endian(wide, 1) + tests::big_endian(size, 2);
    return tests::big_endian(wide + 1, 1) + tests::big_endian(size, 4);
  };
  std::string out;
  switch (value.kind) {
    case Value::Kind::null: return "\xc0";
    case Value::Kind::boolean: return value.number != 0 ? "\xc3" : "\xc2";
    case Value::Kind::number: return packed_number(value.number);
    case Value::Kind::string: return tests::packed(value.string);
    case Value::Kind::array: out = header(value.items.size(), 0x90, 0xdc); break;
    case Value::Kind::map: out = header(value.items.size() / 2, 0x80, 0xde); break;
  }
  for (const Value& item : value.items) out += packed(item);
  return out;
}

inline std::string json_of(const Value& value) {
  std::string out;
  char digits[40];
  switch (value.kind) {
    case Value::Kind::null: return "null";
    case Value::Kind::boolean: return value.number != 0 ? "true" : "false";
    case Value::Kind::number:
      std::snprintf(digits, sizeof digits, "%.17g", value.number);
      return std::isfinite(value.number) ? digits : "null";
    case Value::Kind::string: return tests::quoted(value.string);
    default: break;
  }
  const bool is_map = value.kind == Value::Kind::map;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (i > 0) out += is_map && i % 2 == 1 ? ":" : ",";
    out += json_of(value.items[i]);
  }
  return is_map ? "{" + out + "}" : "[" + out + "]";
}

// Reads one value of what `packed` writes and takes it off the front; nothing when that is not one.
inline std::optional<Value> unpack(std::string_view& bytes) {
  const auto take = [&bytes](std::size_t size) -> std::optional<std::uint64_t> {
    if (bytes.size() < size) return std::nullopt;
    std::uint64_t number = 0;
    for (const char byte : bytes.substr(0, size)) {
      number = number << 8 | static_cast<unsigned char>(byte);
    }
    bytes.remove_prefix(size);
    return number;
  };
  const auto number = [](double given) { return Value{Value::Kind::number, given, {}, {}}; };
  const auto boolean = [](double given) { return Value{Value::Kind::boolean, given, {}, {}}; };
  const auto type = take(1);
  if (!type) return std::nullopt;
  if (*type < 0x80) return number(static_cast<double>(*type));
  if (*type >= 0xe0) return number(static_cast<double>(*type) - 256);
  if (*type == 0xc0) return Value{};
  if (*type == 0xc2 || *type == 0xc3) return boolean(*type == 0xc3 ? 1 : 0);
  if ((*type >= 0xcb && *type <= 0xce) || (*type >= 0xd0 && *type <= 0xd2)) {
    const std::size_t size = *type == 0xcb ? 8 : std::size_t{1} << ((*type - 0xc0) % 4);
    const auto bits = take(size);
    if (!bits) return std::nullopt;
    if (*type == 0xcb) return number(std::bit_cast<double>(*bits));
    if (*type < 0xd0) return number(static_cast<double>(*bits));
    const std::uint64_t top = std::uint64_t{1} << (8 * size - 1);
    const double wrapped = (*bits & top) != 0 ? std::ldexp(1.0, static_cast<int>(8 * size)) : 0;
    return number(static_cast<double>(*bits) - wrapped);
  }
  Value value;
  std::optional<std::uint64_t> count;
  if (*type < 0xa0) {
    value.kind = *type < 0x90 ? Value::Kind::map : Value::Kind::array;
    count = *type & 0x0f;
  } else if (*type < 0xc0 || (*type >= 0xd9 && *type <= 0xdb)) {
    count = *type < 0xc0 ? *type & 0x1f : take(std::size_t{1} << (*type - 0xd9));
    if (!count || bytes.size() < *count) return std::nullopt;
    value.kind = Value::Kind::string;
    value.string = bytes.substr(0, *count);
    bytes.remove_prefix(*count);
    return value;
  } else if (*type >= 0xdc) {
    value.kind = *type >= 0xde ? Value::Kind::map : Value::Kind::array;
    count = take(*type % 2 == 0 ? 2 : 4);
  }
  if (!count) return std::nullopt;
  if (value.kind == Value::Kind::map) *count *= 2;
  for (; *count > 0; --*count) {
    auto item = unpack(bytes);
    if (!item) return std::nullopt;
    value.items.push_back(std::move(*item));
  }
  return value;
}

}  // namespace hubbub::fuzz
