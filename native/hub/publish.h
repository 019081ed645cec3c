#pragma once

#include "hub/core.h"

namespace hubbub {

// Takes the records a room begins with. False when the pool could not hold them.
[[nodiscard]] bool load_tail(Core& core, std::size_t worker, Room& room,
                             std::span<const Record> tail, Time now);

}  // namespace hubbub
