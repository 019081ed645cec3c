#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hubbub {

// A secret: who does not know it cannot find two texts with one hash.
struct HashKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

struct Hash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(const Hash&) const = default;
};

// SipHash-1-3 with a result of 128 bits: fast on the short texts that names and ids are.
class Hasher {
 public:
  explicit Hasher(HashKey key) noexcept;

  void add(std::string_view text) noexcept;

  // A number stands between texts so that they cannot run into each other.
  void add(std::uint64_t number) noexcept;

  [[nodiscard]] Hash finish() noexcept;

 private:
  void round() noexcept;
  void add_word(std::uint64_t word) noexcept;

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
  // Bytes that do not fill a word yet, the first one lowest.
  std::uint64_t partial_ = 0;
  std::size_t size_ = 0;
};

[[nodiscard]] Hash hash_of(HashKey key, std::string_view text) noexcept;

// For maps with keys that strangers choose.
struct TextHash {
  using is_transparent = void;
  HashKey key;

  std::size_t operator()(std::string_view text) const noexcept {
    return static_cast<std::size_t>(hash_of(key, text).low);
  }
};

}  // namespace hubbub
