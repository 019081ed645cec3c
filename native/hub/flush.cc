// flush and next_due_ms: how messages leave.

#include "hub/drain.h"

namespace hubbub {

namespace {

// Writes out one reader whose time has come. False when the output is full.
bool flush_reader(Core& core, Attachment& reader, double entry_due_ms, Time now, Output& output,
                  Status& status) {
  Hold hold(core, reader.worker, *reader.room);
  // Another entry has taken this one's place.
  if (reader.scheduled_ms != entry_due_ms) return true;
  reader.scheduled_ms = never_ms;
  const bool waits = reader.follows() && reader.room->pending_records(reader) > 0;
  if (!waits && reader.overrun != OverrunState::unreported) return true;
  // What was to leave at once is due even when the writer's clock runs ahead of this one.
  if (reader.due_ms > now.monotonic_ms && reader.due_ms > entry_due_ms) {
    hold.schedule(reader, false);
    return true;
  }
  RowWriter writer(output, reader, core.limits);
  const Drained drained = drain(hold, reader, writer);
  writer.finish();
  count_rows(core, reader.worker, writer);
  if (drained == Drained::all) {
    reader.flushed_at_ms = now.monotonic_ms;
    reader.catching_up = false;
  }
  if (drained == Drained::full) status = writer.status();
  if (reader.overrun == OverrunState::unreported) {
    if (output.overrun_count < output.overruns.size()) {
      output.overruns[output.overrun_count++] = {static_cast<double>(reader.handle),
                                                 static_cast<double>(reader.offset)};
      reader.overrun = OverrunState::reported;
    } else {
      status = Status::more;
    }
  }
  hold.settle(reader, now);
  hold.release();
  return status == Status::done;
}

// Waking a worker costs its writer more than the message did. Without a window to come back for, a
// worker that has just been given something looks once more before it rests: as long as others write,
// nobody has to wake it.
bool stays_awake(const Core& core, const Output& output) {
  return core.workers.size() > 1 && core.limits.flush_interval_ms == 0 && output.row_count > 0;
}

}  // namespace

Flushed Hub::flush(std::size_t worker, Time now, Output& output) {
  Worker* const own = core_->worker(worker);
  if (own == nullptr || output.rows.size() < Output::rows_min || output.overruns.empty()) {
    return {Status::invalid, never_ms};
  }
  // What has been dealt with is let go also where the output is full every time.
  if (own->taken_next * 2 > own->taken.size()) {
    own->taken.erase(own->taken.begin(),
                     own->taken.begin() + static_cast<std::ptrdiff_t>(own->taken_next));
    own->taken_next = 0;
  }
  own->schedule.take(now.monotonic_ms, own->taken);
  Status status = Status::done;
  while (own->taken_next < own->taken.size() && status == Status::done) {
    const Schedule::Entry& entry = own->taken[own->taken_next];
    Attachment* const reader = own->rooms.find(entry.room);
    // A reader that could not be finished comes to the end of the schedule by itself.
    ++own->taken_next;
    if (reader != nullptr) flush_reader(*core_, *reader, entry.due_ms, now, output, status);
  }
  if (own->taken_next == own->taken.size()) {
    own->taken.clear();
    own->taken_next = 0;
  }
  if (stays_awake(*core_, output)) return {status, 0};
  return {status, next_due_ms(worker)};
}

double Hub::next_due_ms(std::size_t worker) {
  Worker* const own = core_->worker(worker);
  if (own == nullptr) return never_ms;
  const double due_ms = own->schedule.rest();
  return own->taken.empty() ? due_ms : 0;
}

}  // namespace hubbub
