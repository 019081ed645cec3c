#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// As much of MessagePack as the benchmark's messages need.
namespace hubbub::load::messagepack {

// A map of at most 15 pairs.
void append_small_map(std::string& out, std::size_t pairs);
// A string of at most 2^32 - 1 bytes.
void append_string(std::string& out, std::string_view text);

// Reads values one behind the other. What is not MessagePack, or was cut off, is no value; there is
// no reading on behind it.
class Reader {
 public:
  struct Value {
    enum class Kind : std::uint8_t { string, number, other };
    Kind kind = Kind::other;
    std::string_view string;
    // Cut down to a whole number.
    std::int64_t number = 0;
  };

  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool is_at_end() const { return at_ == bytes_.size(); }
  std::size_t position() const { return at_; }

  // How many pairs the map has that comes next.
  std::optional<std::size_t> map();
  // The next value; arrays, maps, binary data and extensions are skipped whole.
  std::optional<Value> value();

 private:
  struct Head {
    enum class Kind : std::uint8_t { number, string, binary, values, map, other };
    Kind kind = Kind::other;
    std::int64_t number = 0;
    // Bytes behind the head, or values in it: a pair is two.
    std::uint64_t size = 0;
  };

  std::optional<Head> head();
  std::optional<Head> long_head(std::uint8_t type);
  std::optional<std::uint64_t> big_endian(std::size_t bytes);
  std::size_t left() const { return bytes_.size() - at_; }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace hubbub::load::messagepack
