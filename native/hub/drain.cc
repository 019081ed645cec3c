#include "hub/drain.h"

#include <algorithm>

namespace hubbub {

namespace {

// Takes one run: records of one stream and one chunk, up to where the other stream comes in between.
// False when the writer took nothing.
bool take_run(const Room& room, Attachment& reader, RowWriter& writer, std::size_t& budget) {
  const Stream* stream = &room.durable;
  std::uint64_t* next = &reader.durable;
  std::uint64_t end = room.durable.end();
  if (reader.passing < room.passing.end()) {
    const std::uint64_t place = room.passing.entry(reader.passing).place;
    if (place <= reader.durable) {
      stream = &room.passing;
      next = &reader.passing;
      end = room.passing.end();
    } else {
      end = place;
    }
  }
  const auto [chunk, i] = stream->find(*next);
  end = std::min(end, chunk->end_index());
  auto end_i = static_cast<std::size_t>(end - chunk->first_index);
  const bool passes = stream == &room.passing;
  if (passes) {
    // Events that came before the same durable record.
    std::size_t last = i + 1;
    while (last < end_i && chunk->entry(last).place <= reader.durable) ++last;
    end_i = last;
  }
  const Stream* twin = nullptr;
  if (writer.wants_messagepack()) twin = passes ? &room.twins->passing : &room.twins->durable;
  const std::size_t taken = writer.take(*chunk, i, end_i, twin, budget);
  if (taken == 0) return false;
  *next += taken;
  reader.bytes += chunk->entry(i + taken - 1).end - chunk->begin_of(i) - taken;
  if (!passes) reader.offset = chunk->entry(i + taken - 1).place;
  return true;
}

}  // namespace

Drained drain(Hold& hold, Attachment& reader, RowWriter& writer) {
  const Room& room = *reader.room;
  while (true) {
    std::size_t budget = hold_bytes_max;
    while (true) {
      if (reader.overrun != OverrunState::no) return Drained::overrun;
      if (room.pending_records(reader) == 0) {
        reader.offset = room.head;
        return Drained::all;
      }
      if (budget == 0 || !take_run(room, reader, writer, budget)) break;
    }
    if (writer.is_full()) return Drained::full;
    hold.release();
    hold.let_go();
    hold.again();
  }
}

Drained catch_up(Core& core, Hold& hold, Attachment& reader, RowWriter& writer, Time now) {
  const Room& room = *reader.room;
  if (reader.overrun != OverrunState::no) {
    core.count(reader.worker, Counter::records_lost, room.catch_up(reader));
  }
  const bool had_some = reader.follows() && room.pending_records(reader) > 0;
  const Drained drained = had_some ? drain(hold, reader, writer) : Drained::all;
  if (drained == Drained::all) {
    // A window begins with what was pending, not with what had been missed.
    if (had_some && !reader.catching_up) reader.flushed_at_ms = now.monotonic_ms;
    reader.catching_up = false;
  }
  hold.settle(reader, now);
  hold.release();
  return drained;
}

Drained drain_fully(Core& core, Hold& hold, Attachment& reader, RowWriter& writer, Time now) {
  while (true) {
    const Drained drained = catch_up(core, hold, reader, writer, now);
    if (drained != Drained::overrun) return drained;
  }
}

void count_rows(Core& core, std::size_t worker, const RowWriter& writer) {
  core.count(worker, Counter::rows, writer.rows());
  core.count(worker, Counter::deliveries, writer.deliveries());
}

}  // namespace hubbub
