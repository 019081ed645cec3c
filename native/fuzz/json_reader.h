#pragma once

#include <algorithm>
#include <cctype>

#include "fuzz/value.h"

namespace hubbub::fuzz {

// Reads JSON by its grammar (RFC 8259), and as the core does: at most 64 deep, lone surrogates
// replaced, bytes above ASCII taken as they are.
class JsonReader {
 public:
  static std::optional<Value> read(std::string_view text) {
    JsonReader reader(text);
    auto value = reader.value(64);
    reader.space();
    if (!value || !reader.text_.empty()) return std::nullopt;
    return value;
  }

 private:
  explicit JsonReader(std::string_view text) : text_(text) {}

  bool take(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  void space() {
    while (!text_.empty() && std::string_view(" \t\r\n").find(text_[0]) != std::string_view::npos) {
      text_.remove_prefix(1);
    }
  }

  std::optional<Value> value(int depth) {
    space();
    if (take("null")) return Value{};
    if (take("true")) return Value{Value::Kind::boolean, 1, {}, {}};
    if (take("false")) return Value{Value::Kind::boolean, 0, {}, {}};
    if (text_.starts_with('"')) return string();
    if (depth > 0 && take("[")) return items(depth, Value::Kind::array, "]");
    if (depth > 0 && take("{")) return items(depth, Value::Kind::map, "}");
    return number();
  }

  std::optional<Value> items(int depth, Value::Kind kind, std::string_view closing) {
    Value all{kind, 0, {}, {}};
    space();
    if (take(closing)) return all;
    do {
      if (kind == Value::Kind::map) {
        space();
        auto key = text_.starts_with('"') ? string() : std::nullopt;
        space();
        if (!key || !take(":")) return std::nullopt;
        all.items.push_back(std::move(*key));
      }
      auto item = value(depth - 1);
      if (!item) return std::nullopt;
      all.items.push_back(std::move(*item));
      space();
    } while (take(","));
    if (!take(closing)) return std::nullopt;
    return all;
  }

  static std::string utf8(std::uint32_t point) {
    const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
    const auto tail = [&](int shift) { return byte(0x80 | ((point >> shift) & 0x3f)); };
    if (point < 0x80) return {byte(point)};
    if (point < 0x800) return {byte(0xc0 | point >> 6), tail(0)};
    if (point < 0x10000) return {byte(0xe0 | point >> 12), tail(6), tail(0)};
    return {byte(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
  }

  // Escapes become UTF-16 code units first; what stands for itself is put aside as it is.
  std::optional<Value> string() {
    struct Unit {
      bool escaped;
      std::uint32_t unit;
    };
    std::vector<Unit> units;
    take("\"");
    while (!take("\"")) {
      if (text_.empty() || static_cast<unsigned char>(text_[0]) < 0x20) return std::nullopt;
      if (!take("\\")) {
        units.push_back({false, static_cast<unsigned char>(text_[0])});
        text_.remove_prefix(1);
        continue;
      }
      if (text_.empty()) return std::nullopt;
      const char letter = text_[0];
      text_.remove_prefix(1);
      const std::size_t known = std::string_view("\"\\/bfnrt").find(letter);
      if (known != std::string_view::npos) {
        units.push_back({false, static_cast<std::uint32_t>("\"\\/\b\f\n\r\t"[known])});
        continue;
      }
      if (letter != 'u' || text_.size() < 4) return std::nullopt;
      std::uint32_t unit = 0;
      for (const char digit : text_.substr(0, 4)) {
        if (std::isxdigit(static_cast<unsigned char>(digit)) == 0) return std::nullopt;
        unit = unit * 16 + static_cast<std::uint32_t>(std::stoi(std::string(1, digit), nullptr, 16));
      }
      text_.remove_prefix(4);
      units.push_back({true, unit});
    }
    const auto is = [&](std::size_t i, std::uint32_t kind) {
      return i < units.size() && units[i].escaped && (units[i].unit & 0xfc00) == kind;
    };
    Value all{Value::Kind::string, 0, {}, {}};
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (!units[i].escaped) {
        all.string += static_cast<char>(units[i].unit);
      } else if (is(i, 0xd800) && is(i + 1, 0xdc00)) {
        const std::uint32_t high = units[i++].unit & 0x3ff;
        all.string += utf8(0x10000 + (high << 10 | (units[i].unit & 0x3ff)));
      } else {
        all.string += is(i, 0xd800) || is(i, 0xdc00) ? utf8(0xfffd) : utf8(units[i].unit);
      }
    }
    return all;
  }

  std::size_t digits() {
    const std::size_t count = std::min(text_.find_first_not_of("0123456789"), text_.size());
    text_.remove_prefix(count);
    return count;
  }

  std::optional<Value> number() {
    const std::string_view start = text_;
    take("-");
    if (!take("0") && digits() == 0) return std::nullopt;
    if (take(".") && digits() == 0) return std::nullopt;
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      if (digits() == 0) return std::nullopt;
    }
    const std::string_view whole = start.substr(0, start.size() - text_.size());
    double parsed = 0;
    // It says nothing about numbers that are too large or too small, which strtod rounds.
    const auto result = std::from_chars(whole.data(), whole.data() + whole.size(), parsed);
    if (result.ec != std::errc()) parsed = std::strtod(std::string(whole).c_str(), nullptr);
    return Value{Value::Kind::number, parsed, {}, {}};
  }

  std::string_view text_;
};

}  // namespace hubbub::fuzz
