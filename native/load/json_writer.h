#pragma once

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "load/histogram.h"

namespace hubbub::load {

// Writes one JSON object, member by member. Names have nothing in them that JSON would escape.
class JsonWriter {
 public:
  template <std::integral Number>
  JsonWriter& add(std::string_view name, Number value) {
    begin(name);
    text_ += std::to_string(value);
    return *this;
  }

  JsonWriter& add(std::string_view name, double value) {
    begin(name);
    char digits[64];
    std::snprintf(digits, sizeof digits, "%.3f", value);
    text_ += digits;
    return *this;
  }

  JsonWriter& add(std::string_view name, std::string_view value) {
    begin(name);
    append_string(value);
    return *this;
  }

  JsonWriter& add(std::string_view name, const Histogram& value) {
    begin(name);
    value.append_json(text_);
    return *this;
  }

  JsonWriter& add(std::string_view name, const JsonWriter& value) {
    begin(name);
    text_ += value.text();
    return *this;
  }

  std::string text() const { return text_ + '}'; }

 private:
  void begin(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    append_string(name);
    text_ += ':';
  }

  void append_string(std::string_view value) {
    text_ += '"';
    for (const char character : value) {
      if (static_cast<unsigned char>(character) < 0x20) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(character));
        text_ += escape;
        continue;
      }
      if (character == '"' || character == '\\') text_ += '\\';
      text_ += character;
    }
    text_ += '"';
  }

  std::string text_ = "{";
};

}  // namespace hubbub::load
