#include "hub/activity.h"

#include <mutex>

namespace hubbub {

namespace {

// So many rooms at most are put in their true place in one hold.
constexpr int corrections_max = 64;

}  // namespace

void Activity::add(Room& room) {
  const std::lock_guard guard(lock_);
  if (room.activity_place != Room::activity_nowhere) return;
  heap_.push_back({room.active_ms.load(std::memory_order_relaxed), &room});
  sift_up(heap_.size() - 1);
}

void Activity::remove(Room& room) {
  const std::lock_guard guard(lock_);
  if (room.activity_place < heap_.size()) remove_at(room.activity_place);
  room.activity_place = Room::activity_never;
}

Room* Activity::take_quietest() {
  // Each turn corrects a room or ends; rooms that are published to meanwhile only move back further.
  while (true) {
    const std::lock_guard guard(lock_);
    for (int corrections = 0; corrections < corrections_max; ++corrections) {
      if (heap_.empty()) return nullptr;
      Entry& front = heap_.front();
      Room* const room = front.room;
      const double active_ms = room->active_ms.load(std::memory_order_relaxed);
      if (active_ms <= front.active_ms) {
        remove_at(0);
        room->references.fetch_add(1, std::memory_order_relaxed);
        return room;
      }
      front.active_ms = active_ms;
      sift_down(0);
    }
  }
}

void Activity::place(std::size_t i, const Entry& entry) {
  heap_[i] = entry;
  entry.room->activity_place = i;
}

void Activity::sift_up(std::size_t i) {
  const Entry entry = heap_[i];
  while (i > 0) {
    const std::size_t parent = (i - 1) / 2;
    if (heap_[parent].active_ms <= entry.active_ms) break;
    place(i, heap_[parent]);
    i = parent;
  }
  place(i, entry);
}

void Activity::sift_down(std::size_t i) {
  const Entry entry = heap_[i];
  while (true) {
    std::size_t child = 2 * i + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].active_ms < heap_[child].active_ms) ++child;
    if (entry.active_ms <= heap_[child].active_ms) break;
    place(i, heap_[child]);
    i = child;
  }
  place(i, entry);
}

void Activity::remove_at(std::size_t i) {
  heap_[i].room->activity_place = Room::activity_nowhere;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (i == heap_.size()) return;
  place(i, last);
  sift_up(i);
  sift_down(last.room->activity_place);
}

}  // namespace hubbub
