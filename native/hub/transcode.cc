#include "hub/transcode.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "hub/block.h"
#include "hub/messagepack.h"

namespace hubbub {

namespace {

constexpr int depth_max = 64;
// Integers of so many digits are exact in a double.
constexpr std::size_t exact_digits_max = 15;

class Transcoder {
 public:
  Transcoder(Scratch& out, std::string_view json)
      : out_(out), next_(json.data()), end_(json.data() + json.size()) {}

  bool run() {
    if (!value(depth_max)) return false;
    skip_space();
    return next_ == end_;
  }

 private:
  bool value(int depth) {
    skip_space();
    if (next_ == end_) return false;
    switch (*next_) {
      case '"':
        return string();
      case '{':
        return depth > 0 && container(depth, '}', true);
      case '[':
        return depth > 0 && container(depth, ']', false);
      case 't':
        return word("true", '\xc3');
      case 'f':
        return word("false", '\xc2');
      case 'n':
        return word("null", '\xc0');
      default:
        return number();
    }
  }

  bool word(std::string_view text, char type) {
    if (rest().substr(0, text.size()) != text) return false;
    next_ += text.size();
    return out_.append({&type, 1});
  }

  // How many values there are is known at their end: the header has one byte, as most need no more,
  // and what follows moves over where that is not enough.
  bool container(int depth, char closing, bool is_map) {
    const std::size_t start = out_.size();
    if (!out_.append({"", 1})) return false;
    ++next_;
    std::size_t count = 0;
    skip_space();
    if (take(closing)) return write_header(start, count, is_map);
    do {
      if (is_map && !key()) return false;
      if (!value(depth - 1)) return false;
      ++count;
      skip_space();
    } while (take(','));
    return take(closing) && write_header(start, count, is_map);
  }

  bool key() {
    skip_space();
    if (next_ == end_ || *next_ != '"' || !string()) return false;
    skip_space();
    return take(':');
  }

  bool write_header(std::size_t start, std::size_t count, bool is_map) {
    std::uint8_t header[messagepack::header_bytes_max];
    const std::uint8_t* const end = is_map ? messagepack::write_map_header(header, count)
                                           : messagepack::write_array_header(header, count);
    return replace(start, 1, header, static_cast<std::size_t>(end - header));
  }

  // Puts `size` bytes in the place of `reserved` ones at `start`, and moves what follows.
  bool replace(std::size_t start, std::size_t reserved, const std::uint8_t* bytes,
               std::size_t size) {
    if (!out_.reserve(size)) return false;
    std::uint8_t* const place = out_.data() + start;
    const std::size_t behind = out_.size() - start - reserved;
    if (size != reserved) std::memmove(place + size, place + reserved, behind);
    std::memcpy(place, bytes, size);
    out_.set_end(place + size + behind);
    return true;
  }

  bool string() {
    ++next_;
    const char* const start = next_;
    if (!find_special()) return false;
    if (*next_ != '"') return escaped_string(start);
    const auto size = static_cast<std::size_t>(next_ - start);
    ++next_;
    return messagepack::append_string(out_, {start, size});
  }

  // Moves on to the next byte that JSON escapes. False at the end, and before a control character.
  bool find_special() {
    while (next_ != end_) {
      const auto left = static_cast<std::size_t>(end_ - next_);
      const auto* bytes = static_cast<const std::uint8_t*>(static_cast<const void*>(next_));
      const bool whole = left >= block_bytes;
      const VectorBlock block =
          whole ? VectorBlock::load(bytes) : VectorBlock::load_tail(bytes, left);
      const std::size_t clean = block.first_special();
      if (clean < block_bytes) {
        next_ += clean;
        return static_cast<unsigned char>(*next_) >= 0x20;
      }
      next_ += whole ? block_bytes : left;
    }
    return false;
  }

  // How long the string is shows once it has been unescaped: the header comes last.
  bool escaped_string(const char* run) {
    const std::size_t start = out_.size();
    while (true) {
      if (!out_.append({run, static_cast<std::size_t>(next_ - run)})) return false;
      if (take('"')) break;
      if (!escape()) return false;
      run = next_;
      if (!find_special()) return false;
    }
    const std::size_t size = out_.size() - start;
    std::uint8_t header[messagepack::header_bytes_max];
    const std::uint8_t* const end = messagepack::write_string_header(header, size);
    return replace(start, 0, header, static_cast<std::size_t>(end - header));
  }

  bool escape() {
    ++next_;
    if (next_ == end_) return false;
    const char letter = *next_++;
    switch (letter) {
      case '"':
      case '\\':
      case '/':
        return out_.append({&letter, 1});
      case 'b':
        return out_.append("\b");
      case 'f':
        return out_.append("\f");
      case 'n':
        return out_.append("\n");
      case 'r':
        return out_.append("\r");
      case 't':
        return out_.append("\t");
      case 'u':
        return unicode_escape();
      default:
        return false;
    }
  }

  bool unicode_escape() {
    std::uint32_t unit = 0;
    if (!code_unit(unit)) return false;
    if (unit < 0xd800 || unit > 0xdfff) return append_code_point(unit);
    // A high surrogate and a low one behind it are one character; either alone is none.
    const char* const behind = next_;
    std::uint32_t low = 0;
    if (unit < 0xdc00 && rest().substr(0, 2) == "\\u") {
      next_ += 2;
      if (!code_unit(low)) return false;
      if (low >= 0xdc00 && low <= 0xdfff) {
        return append_code_point(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
      }
      next_ = behind;
    }
    return append_code_point(0xfffd);
  }

  bool code_unit(std::uint32_t& unit) {
    if (rest().size() < 4) return false;
    const auto [end, error] = std::from_chars(next_, next_ + 4, unit, 16);
    if (error != std::errc() || end != next_ + 4) return false;
    next_ = end;
    return true;
  }

  bool append_code_point(std::uint32_t point) {
    char bytes[4];
    std::size_t size = 0;
    if (point < 0x80) {
      bytes[size++] = static_cast<char>(point);
    } else if (point < 0x800) {
      bytes[size++] = static_cast<char>(0xc0 | (point >> 6));
    } else if (point < 0x10000) {
      bytes[size++] = static_cast<char>(0xe0 | (point >> 12));
    } else {
      bytes[size++] = static_cast<char>(0xf0 | (point >> 18));
      bytes[size++] = static_cast<char>(0x80 | ((point >> 12) & 0x3f));
    }
    if (point >= 0x800) bytes[size++] = static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    if (point >= 0x80) bytes[size++] = static_cast<char>(0x80 | (point & 0x3f));
    return out_.append({bytes, size});
  }

  bool number() {
    const char* const start = next_;
    const bool negative = take('-');
    const char* const whole = next_;
    const std::size_t digits = skip_digits();
    if (digits == 0 || (digits > 1 && *whole == '0')) return false;
    bool is_whole = true;
    if (take('.')) {
      is_whole = false;
      if (skip_digits() == 0) return false;
    }
    if (take('e') || take('E')) {
      is_whole = false;
      if (!take('+')) take('-');
      if (skip_digits() == 0) return false;
    }
    if (is_whole && digits <= exact_digits_max) {
      std::uint64_t number = 0;
      std::from_chars(whole, next_, number);
      const auto exact = static_cast<double>(number);
      return messagepack::append_number(out_, negative ? -exact : exact);
    }
    return messagepack::append_number(out_, to_double({start, next_}));
  }

  // Too large becomes infinity, as in JavaScript. (std::from_chars would do it without a copy and
  // whatever the locale, but some standard libraries in use have it for whole numbers only.)
  static double to_double(std::string_view text) {
    return std::strtod(std::string(text).c_str(), nullptr);
  }

  std::size_t skip_digits() {
    const char* const start = next_;
    while (next_ != end_ && *next_ >= '0' && *next_ <= '9') ++next_;
    return static_cast<std::size_t>(next_ - start);
  }

  void skip_space() {
    while (next_ != end_ && (*next_ == ' ' || *next_ == '\n' || *next_ == '\t' || *next_ == '\r')) {
      ++next_;
    }
  }

  bool take(char expected) {
    if (next_ == end_ || *next_ != expected) return false;
    ++next_;
    return true;
  }

  [[nodiscard]] std::string_view rest() const { return {next_, end_}; }

  Scratch& out_;
  const char* next_;
  const char* end_;
};

}  // namespace

bool transcode(Scratch& out, std::string_view json) { return Transcoder(out, json).run(); }

}  // namespace hubbub
