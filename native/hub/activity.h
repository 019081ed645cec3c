#pragma once

#include <cstddef>
#include <vector>

#include "hub/lock.h"
#include "hub/room.h"

namespace hubbub {

// Rooms that hold memory, to find the one that has been quiet the longest. What it knows about each
// room is as old as its last look, so that publishing costs a store and no lock: who comes to the
// front is asked again, and goes back to its true place when something was published since. Safe
// for all threads; it locks no room.
class Activity {
 public:
  // Takes a room in, unless it is in already or gone.
  void add(Room& room);

  // Takes a room out for good: it is not handed out any more.
  void remove(Room& room);

  // Takes the quietest room out, null when there is none. It comes with a reference. When much has
  // been published since the last time, others get in between.
  [[nodiscard]] Room* take_quietest();

 private:
  struct Entry {
    // When somebody last published in the room, as of the last look.
    double active_ms;
    Room* room;
  };

  void place(std::size_t i, const Entry& entry);
  void sift_up(std::size_t i);
  void sift_down(std::size_t i);
  void remove_at(std::size_t i);

  Lock lock_;
  // A heap with the quietest in front; every room knows its own place in it.
  std::vector<Entry> heap_;
};

}  // namespace hubbub
