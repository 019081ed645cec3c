#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace hubbub {

// A length that stands for "there is none".
inline constexpr std::uint32_t absent_length = 0xffffffff;

// Reads what TypeScript wrote, and never past its end: after the first read that does not fit, all
// further ones answer nothing and `failed` stays true.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  double number() { return read<double>(); }
  std::uint32_t word() { return read<std::uint32_t>(); }

  // A whole number up to 2^53: one past the largest offset stands for "before nothing".
  std::uint64_t integer() {
    const double value = number();
    if (!(value >= 0 && value <= 9007199254740992.0)) failed_ = true;
    return failed_ ? 0 : static_cast<std::uint64_t>(value);
  }

  std::string_view text(std::size_t length) {
    if (failed_ || length > left()) {
      failed_ = true;
      return {};
    }
    const char* start = reinterpret_cast<const char*>(bytes_.data() + at_);
    at_ += length;
    return {start, length};
  }

  // Numbers stand on multiples of eight, so that TypeScript can write them through typed arrays.
  void align() {
    const std::size_t rest = at_ % 8;
    if (rest != 0) text(8 - rest);
  }

 private:
  template <typename Value>
  Value read() {
    Value value{};
    if (failed_ || sizeof(Value) > left()) {
      failed_ = true;
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof(Value));
    at_ += sizeof(Value);
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace hubbub
