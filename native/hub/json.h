#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hub/scratch.h"

// JSON as JSON.stringify writes it: \b \t \n \f \r \" \\ and \u00xx in lower case for the other
// control characters; everything else stands for itself.
namespace hubbub::json {

inline constexpr std::size_t decimal_digits_max = 20;

// Writes a number and answers where it ends.
std::uint8_t* write_decimal(std::uint8_t* out, std::uint64_t number);

[[nodiscard]] bool append_decimal(Scratch& out, std::uint64_t number);

// Writes a string with its quotes. `ascii` turns false when the text is not; nothing turns it true.
// False when there is no memory: what is in `out` is then of no use.
[[nodiscard]] bool append_string(Scratch& out, std::string_view text, bool& ascii);

// The same without vector instructions, for the tests that hold the two against each other.
[[nodiscard]] bool append_string_portable(Scratch& out, std::string_view text, bool& ascii);

// Whether every byte is ASCII.
[[nodiscard]] bool is_ascii(std::string_view text);

}  // namespace hubbub::json
