#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hub/activity.h"
#include "hub/chunk_pool.h"
#include "hub/counters.h"
#include "hub/hub.h"
#include "hub/line.h"
#include "hub/lock.h"
#include "hub/room.h"
#include "hub/schedule.h"
#include "hub/scratch.h"
#include "hub/slot_table.h"

namespace hubbub {

// One worker's own. Other threads reach its schedule and its wake; everything else is for calls in
// the worker's name, which come one at a time.
struct alignas(128) Worker {
  Schedule schedule;

  // Held while the wake is called, so that a worker that takes it back knows when it is over.
  Lock wake_lock;
  Wake wake = nullptr;
  void* wake_context = nullptr;

  SlotTable<Attachment> rooms;

  // What `flush` has taken from the schedule and not got round to.
  std::vector<Schedule::Entry> taken;
  std::size_t taken_next = 0;

  // Used within one call, kept for the next.
  Scratch scratch;
  Scratch transcoded;
  std::vector<Line> lines;
  std::vector<Hash> keys;
  std::vector<std::pair<std::size_t, double>> wakes;
};

// What the hub's operations share.
//
// Locks, in the order in which they may be taken: registry, then a room, then one of the rest (a
// schedule, the pool, the activity). Nobody takes two rooms, or a room and its users. A worker takes
// its entries out of its schedule before it locks any room, so that whatever is put in afterwards
// is seen the next time or wakes it.
class Core {
 public:
  explicit Core(const Options& options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  const Limits limits;
  const HashKey key;
  ChunkPool pool;
  CounterTable counters;
  Activity activity;
  std::vector<std::unique_ptr<Worker>> workers;

  Lock registry_lock;
  // Guarded by the registry's lock.
  std::unordered_map<std::string, Room*, TextHash, std::equal_to<>> rooms;

  // Null when there is no such worker, room, or both.
  [[nodiscard]] Worker* worker(std::size_t index) const {
    return index < workers.size() ? workers[index].get() : nullptr;
  }
  [[nodiscard]] Attachment* attachment(std::size_t worker_index, RoomHandle room) const {
    const Worker* const found = worker(worker_index);
    return found == nullptr ? nullptr : found->rooms.find(room);
  }

  // In the worker's own block. Counters that go down do so by wrapping: the sum is right.
  void count(std::size_t worker_index, Counter counter, std::uint64_t n) {
    if (n != 0) counters.add_own(worker_index, static_cast<std::size_t>(counter), n);
  }

  // A chunk for a room, of the size that is wanted or, where the pool is nearly full, of the one that
  // is needed; quiet rooms give up their history for that, and no more of them than it takes. Null
  // when it is not enough. No lock may be held.
  [[nodiscard]] Chunk* acquire(std::size_t worker_index, Room& room, std::size_t needed_bytes,
                               std::size_t wanted_bytes);

  // Gives back a reference: the last one frees the room.
  void let_go(Room& room);

 private:
  // Answers whether the room still holds memory.
  bool evict(std::size_t worker_index, Room& room);
};

// A room's lock, held by an operation of one worker, and what can wait until it is free again:
// chunks go back to the pool, workers are woken.
class Hold {
 public:
  Hold(Core& core, std::size_t worker, Room& room);
  ~Hold() {
    if (held_) let_go();
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  void let_go();
  void again();

  // Makes sure that the worker comes when the reader's batch is due, or at once.
  void schedule(Attachment& reader, bool at_once);

  // Leaves a reader so that nothing of it is forgotten: what an operation could not finish is
  // scheduled.
  void settle(Attachment& reader, Time now);

  // Decides for every worker when what has been added is to leave, and lets those fall behind that
  // hold back too much.
  void note_added(std::uint64_t records, Time now);

  // Frees what nobody needs any more.
  void release() { room_.release(released_); }
  void release_unused() { room_.release_unused(released_); }
  Chunk*& released() { return released_; }

 private:
  void note_added(Attachment& reader, std::uint64_t records, Time now);

  Core& core_;
  const std::size_t worker_;
  Room& room_;
  bool held_ = false;
  Chunk* released_ = nullptr;
  std::size_t history_bytes_ = 0;
  std::uint64_t overruns_ = 0;
};

}  // namespace hubbub
