#pragma once

#include <string_view>

#include "hub/scratch.h"

namespace hubbub {

// Appends the MessagePack of one JSON value: the same values in the same order, as JSON.parse and
// msgpackr would make of it. Made for what JSON.stringify has written (no key twice, no space
// between); anything else that is JSON comes out as something equivalent, a lone surrogate as
// U+FFFD. False when it is not JSON, nests more than 64 deep, or there is no memory: what has been
// appended is then of no use.
[[nodiscard]] bool transcode(Scratch& out, std::string_view json);

}  // namespace hubbub
