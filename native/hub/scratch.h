#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace hubbub {

// Bytes that grow, for encoding into. Writers ask for room first, write behind `end()` and then say
// how much it was: nothing is filled with zeros or checked byte by byte on the way.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { std::free(bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::uint8_t* data() const { return bytes_; }
  [[nodiscard]] std::uint8_t* data() { return bytes_; }
  [[nodiscard]] std::uint8_t* end() { return bytes_ + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // Makes room for so many bytes more. False when there is no memory; what is here stays.
  [[nodiscard]] bool reserve(std::size_t more) {
    return capacity_ - size_ >= more || grow(more);
  }

  void set_end(const std::uint8_t* end) { size_ = static_cast<std::size_t>(end - bytes_); }

  [[nodiscard]] bool append(std::string_view text) {
    if (!reserve(text.size())) return false;
    if (!text.empty()) std::memcpy(end(), text.data(), text.size());
    size_ += text.size();
    return true;
  }

  // One huge record must not keep its memory for good.
  void clear() {
    size_ = 0;
    if (capacity_ > kept_max) {
      std::free(bytes_);
      bytes_ = nullptr;
      capacity_ = 0;
    }
  }

 private:
  static constexpr std::size_t smallest = 4096;
  static constexpr std::size_t kept_max = std::size_t{1} << 20;

  bool grow(std::size_t more) {
    std::size_t capacity = capacity_ < smallest ? smallest : capacity_ * 2;
    if (capacity < size_ + more) capacity = size_ + more;
    void* const bytes = std::realloc(bytes_, capacity);
    if (bytes == nullptr) return false;
    bytes_ = static_cast<std::uint8_t*>(bytes);
    capacity_ = capacity;
    return true;
  }

  std::uint8_t* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hubbub
