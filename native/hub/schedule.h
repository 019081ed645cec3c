#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "hub/hub.h"
#include "hub/lock.h"

namespace hubbub {

inline constexpr double never_ms = std::numeric_limits<double>::infinity();

// Which of one worker's rooms are to be flushed, and when: its dirty list. Writers on all threads
// put rooms in while they hold the room's lock; the worker takes them out before it locks any
// room. An entry that has been overtaken stays where it is: who takes it out compares its due time
// with what the room says.
class Schedule {
 public:
  struct Entry {
    double due_ms;
    // Equal due times leave in the order they came.
    std::uint64_t order;
    RoomHandle room;
  };

  // Puts a room in, to be flushed at the next opportunity or at its due time. Answers whether the
  // worker rests and does not know that it has to come this early.
  bool add_now(RoomHandle room, double now_ms);
  bool add_later(RoomHandle room, double due_ms);

  // Moves out what is due, in the order in which it is to be flushed. Until `rest` the worker counts
  // as awake: nobody wakes it for what it will see by itself.
  void take(double now_ms, std::vector<Entry>& taken);

  // When the worker has to come next: 0 for at once, never_ms for never. It is relied on to come
  // without being woken.
  double rest();

 private:
  bool comes_too_late_for(double due_ms);

  Lock lock_;
  // Guarded by the lock.
  std::vector<Entry> now_;
  // A heap with the earliest in front.
  std::vector<Entry> later_;
  std::uint64_t order_ = 0;
  // When the worker comes by itself, as far as it knows.
  double rests_until_ms_ = never_ms;
};

}  // namespace hubbub
