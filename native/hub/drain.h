#pragma once

#include "hub/core.h"
#include "hub/rows.h"

namespace hubbub {

enum class Drained : std::uint8_t {
  // The reader has been given everything.
  all,
  // The output is full.
  full,
  // The reader has fallen behind what the room keeps.
  overrun,
};

// Writes out what a reader has not been given, a hold at a time: others may add to the room
// meanwhile, and that is written too. The room is locked before and after. The writer's last batch
// stays open.
Drained drain(Hold& hold, Attachment& reader, RowWriter& writer);

// The same after an overrun, which ends with what the history holds. Notes when it was flushed, and
// schedules what is left. Others may let it fall behind again meanwhile.
Drained catch_up(Core& core, Hold& hold, Attachment& reader, RowWriter& writer, Time now);

// The same for a reader that is to have everything whatever has happened.
Drained drain_fully(Core& core, Hold& hold, Attachment& reader, RowWriter& writer, Time now);

// Counts what a writer has written in the name of a worker.
void count_rows(Core& core, std::size_t worker, const RowWriter& writer);

}  // namespace hubbub
