#include "load/json_object.h"

#include <charconv>

namespace hubbub::load {

JsonObject::JsonObject(std::string_view text) : text_(text) {
  skip_space();
  if (!take('{')) fail();
}

std::optional<JsonObject::Member> JsonObject::next() {
  if (!is_valid_ || is_ended_) return std::nullopt;
  skip_space();
  if (take('}')) {
    is_ended_ = true;
    skip_space();
    if (at_ != text_.size()) fail();
    return std::nullopt;
  }
  if (is_begun_ && !take(',')) return fail();
  is_begun_ = true;
  skip_space();
  const std::optional<std::string_view> name = string();
  skip_space();
  if (!name || !take(':')) return fail();
  skip_space();
  const char first = peek();
  const bool is_string = first == '"';
  const std::optional<std::string_view> value = is_string                        ? string()
                                                : first == '{' || first == '[' ? nested()
                                                                                 : scalar();
  if (!value) return fail();
  return Member{*name, *value, is_string};
}

void JsonObject::skip_space() {
  constexpr std::string_view spaces = " \t\r\n";
  while (at_ < text_.size() && spaces.find(text_[at_]) != std::string_view::npos) ++at_;
}

bool JsonObject::take(char expected) {
  if (at_ >= text_.size() || text_[at_] != expected) return false;
  ++at_;
  return true;
}

std::optional<std::string_view> JsonObject::string() {
  if (!take('"')) return std::nullopt;
  const std::size_t start = at_;
  for (;;) {
    at_ = text_.find_first_of("\"\\", at_);
    if (at_ >= text_.size()) return std::nullopt;
    if (text_[at_] == '"') return text_.substr(start, at_++ - start);
    at_ += 2;
  }
}

std::optional<std::string_view> JsonObject::nested() {
  const std::size_t start = at_;
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    const char character = text_[at_];
    if (character == '"') {
      if (!string()) return std::nullopt;
      continue;
    }
    ++at_;
    if (character == '{' || character == '[') ++depth;
    if (character == '}' || character == ']') --depth;
    if (depth == 0) return text_.substr(start, at_ - start);
  }
  return std::nullopt;
}

std::optional<std::string_view> JsonObject::scalar() {
  const std::size_t start = at_;
  const std::size_t end = text_.find_first_of(",} \t\r\n", at_);
  at_ = end == std::string_view::npos ? text_.size() : end;
  if (at_ == start) return std::nullopt;
  return text_.substr(start, at_ - start);
}

std::nullopt_t JsonObject::fail() {
  is_valid_ = false;
  return std::nullopt;
}

std::string unescaped(std::string_view string) {
  std::string out;
  out.reserve(string.size());
  for (std::size_t at = 0; at < string.size(); ++at) {
    if (string[at] != '\\' || at + 1 >= string.size()) {
      out += string[at];
      continue;
    }
    const char kind = string[++at];
    if (kind == 'u') {
      unsigned value = 0x80;
      const std::string_view digits = string.substr(at + 1, 4);
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      out += value < 0x80 ? static_cast<char>(value) : '?';
      at += digits.size();
    } else {
      const std::size_t control = std::string_view("bfnrt").find(kind);
      out += control == std::string_view::npos ? kind : "\b\f\n\r\t"[control];
    }
  }
  return out;
}

}  // namespace hubbub::load
