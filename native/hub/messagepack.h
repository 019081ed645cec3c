#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hub/scratch.h"

// MessagePack as msgpackr writes it without extensions: everything in its shortest form, and whole
// numbers that do not fit 32 bits as 64-bit floats, because that is what JavaScript has.
namespace hubbub::messagepack {

inline constexpr std::size_t number_bytes_max = 9;

// Writes a whole number of 0 to 2^53 and answers where it ends.
std::uint8_t* write_whole(std::uint8_t* out, std::uint64_t number);

// Each is false when there is no memory: what is in `out` is then of no use.
[[nodiscard]] bool append_whole(Scratch& out, std::uint64_t number);
[[nodiscard]] bool append_number(Scratch& out, double number);
[[nodiscard]] bool append_string(Scratch& out, std::string_view text);

// Headers, written behind `out` as `write_whole` does it.
inline constexpr std::size_t header_bytes_max = 5;
std::uint8_t* write_string_header(std::uint8_t* out, std::size_t bytes);
std::uint8_t* write_array_header(std::uint8_t* out, std::size_t values);
std::uint8_t* write_map_header(std::uint8_t* out, std::size_t pairs);

}  // namespace hubbub::messagepack
