#include "hub/core.h"

#include <mutex>

namespace hubbub {

namespace {

// So many rooms at most are asked for their history before a publish is refused.
constexpr std::size_t asked_max = 256;

}  // namespace

Core::Core(const Options& options)
    : limits(options.limits),
      key{options.hash_key[0], options.hash_key[1]},
      pool(options.limits.pool_bytes_max),
      rooms(0, TextHash{key}) {
  for (std::size_t i = 0; i < options.workers; ++i) workers.push_back(std::make_unique<Worker>());
}

Core::~Core() {
  for (const auto& worker : workers) {
    std::size_t from = 0;
    while (const Attachment* const attachment = worker->rooms.next(from)) delete attachment;
  }
  for (const auto& [name, room] : rooms) let_go(*room);
}

void Core::let_go(Room& room) {
  if (room.references.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  Chunk* released = nullptr;
  room.release_all(released);
  pool.release(released);
  delete &room;
}

Chunk* Core::acquire(std::size_t worker_index, Room& room, std::size_t needed_bytes,
                     std::size_t wanted_bytes) {
  activity.add(room);
  Chunk* chunk = pool.acquire(needed_bytes, wanted_bytes);
  if (chunk != nullptr) return chunk;
  // Rooms that could not give up everything, because somebody is yet to be sent it: they come back
  // in when this is over, so as not to be asked twice.
  std::vector<Room*> asked;
  for (std::size_t i = 0; i < asked_max && chunk == nullptr && pool.could_hold(needed_bytes); ++i) {
    Room* const quietest = activity.take_quietest();
    if (quietest == nullptr) break;
    if (evict(worker_index, *quietest)) {
      asked.push_back(quietest);
    } else {
      let_go(*quietest);
    }
    chunk = pool.acquire(needed_bytes, wanted_bytes);
  }
  for (Room* const other : asked) {
    // Behind the others: else the same ones would be asked in vain the next time.
    const double active_ms = room.active_ms.load(std::memory_order_relaxed);
    other->active_ms.store(active_ms, std::memory_order_relaxed);
    activity.add(*other);
    let_go(*other);
  }
  return chunk;
}

bool Core::evict(std::size_t worker_index, Room& room) {
  Hold hold(*this, worker_index, room);
  const bool had_history = room.history.first() < room.durable.end();
  room.history.give_up(room.durable, room.head);
  hold.release();
  count(worker_index, Counter::rooms_evicted, had_history ? 1 : 0);
  return room.holds_chunks();
}

Hold::Hold(Core& core, std::size_t worker, Room& room) : core_(core), worker_(worker), room_(room) {
  again();
}

void Hold::again() {
  room_.lock.lock();
  held_ = true;
  history_bytes_ = room_.history.bytes();
}

void Hold::let_go() {
  const std::size_t history_bytes = room_.history.bytes();
  held_ = false;
  room_.lock.unlock();
  core_.count(worker_, Counter::history_bytes, history_bytes - history_bytes_);
  core_.count(worker_, Counter::overruns, std::exchange(overruns_, 0));
  core_.pool.release(std::exchange(released_, nullptr));
  auto& wakes = core_.workers[worker_]->wakes;
  for (const auto& [index, due_ms] : wakes) {
    Worker& other = *core_.workers[index];
    const std::lock_guard guard(other.wake_lock);
    if (other.wake != nullptr) other.wake(other.wake_context, due_ms);
  }
  core_.count(worker_, Counter::wakes, wakes.size());
  wakes.clear();
}

void Hold::schedule(Attachment& reader, bool at_once) {
  // An entry that comes earlier will find the reader not due yet, and schedule it anew.
  if (reader.due_ms >= reader.scheduled_ms) return;
  reader.scheduled_ms = reader.due_ms;
  Schedule& schedule = core_.workers[reader.worker]->schedule;
  const bool wakes = at_once ? schedule.add_now(reader.handle, reader.due_ms)
                             : schedule.add_later(reader.handle, reader.due_ms);
  // The worker whose call this is asks for itself when to come.
  if (wakes && reader.worker != worker_) {
    core_.workers[worker_]->wakes.emplace_back(reader.worker, reader.due_ms);
  }
}

void Hold::settle(Attachment& reader, Time now) {
  const bool waits = reader.follows() && room_.pending_records(reader) > 0;
  if (!waits && reader.overrun != OverrunState::unreported) return;
  if (reader.scheduled_ms < never_ms) return;
  reader.due_ms = now.monotonic_ms;
  schedule(reader, true);
}

void Hold::note_added(std::uint64_t records, Time now) {
  for (Attachment* const reader : room_.attachments) {
    if (reader->follows()) note_added(*reader, records, now);
  }
}

// A quiet room's message leaves at once; a busy room's waits for the window to close, unless the
// batch is full.
void Hold::note_added(Attachment& reader, std::uint64_t records, Time now) {
  const Limits& limits = core_.limits;
  const std::uint64_t pending = room_.pending_records(reader);
  const std::uint64_t bytes = room_.pending_bytes(reader);
  bool urgent = bytes >= limits.batch_bytes_max || pending >= limits.batch_records_max;
  if (bytes > limits.pending_bytes_max && pending > 1) {
    reader.overrun = OverrunState::unreported;
    reader.filled = 0;
    reader.catching_up = false;
    ++overruns_;
    urgent = true;
  }
  const double window_ms = reader.flushed_at_ms + limits.flush_interval_ms;
  const bool was_empty = pending == records;
  const bool at_once = was_empty ? urgent || window_ms <= now.monotonic_ms
                                 : urgent && reader.due_ms > now.monotonic_ms;
  if (!was_empty && !at_once) return;
  reader.due_ms = at_once ? now.monotonic_ms : window_ms;
  schedule(reader, at_once);
}

}  // namespace hubbub
