#include "hub/activity.h"

#include <mutex>

namespace hubbub {

void Activity::add(Room& room) {
  const std::lock_guard guard(lock_);
  if (room.activity_place != Room::activity_nowhere) return;
  room.activity_ms = room.active_ms.load(std::memory_order_relaxed);
  rooms_.push_back(nullptr);
  place(rooms_.size() - 1, &room);
  sift_up(rooms_.size() - 1);
}

void Activity::remove(Room& room) {
  const std::lock_guard guard(lock_);
  if (room.activity_place < rooms_.size()) remove_at(room.activity_place);
  room.activity_place = Room::activity_never;
}

Room* Activity::take_quietest() {
  const std::lock_guard guard(lock_);
  // Each turn corrects a room or ends; rooms that are published to meanwhile only move back further.
  while (!rooms_.empty()) {
    Room* const front = rooms_.front();
    const double active_ms = front->active_ms.load(std::memory_order_relaxed);
    if (active_ms <= front->activity_ms) {
      remove_at(0);
      front->references.fetch_add(1, std::memory_order_relaxed);
      return front;
    }
    front->activity_ms = active_ms;
    sift_down(0);
  }
  return nullptr;
}

void Activity::place(std::size_t i, Room* room) {
  rooms_[i] = room;
  room->activity_place = i;
}

void Activity::sift_up(std::size_t i) {
  Room* const room = rooms_[i];
  while (i > 0) {
    const std::size_t parent = (i - 1) / 2;
    if (rooms_[parent]->activity_ms <= room->activity_ms) break;
    place(i, rooms_[parent]);
    i = parent;
  }
  place(i, room);
}

void Activity::sift_down(std::size_t i) {
  Room* const room = rooms_[i];
  while (true) {
    std::size_t child = 2 * i + 1;
    if (child >= rooms_.size()) break;
    if (child + 1 < rooms_.size() &&
        rooms_[child + 1]->activity_ms < rooms_[child]->activity_ms) {
      ++child;
    }
    if (room->activity_ms <= rooms_[child]->activity_ms) break;
    place(i, rooms_[child]);
    i = child;
  }
  place(i, room);
}

void Activity::remove_at(std::size_t i) {
  rooms_[i]->activity_place = Room::activity_nowhere;
  Room* const last = rooms_.back();
  rooms_.pop_back();
  if (i == rooms_.size()) return;
  place(i, last);
  sift_up(i);
  sift_down(last->activity_place);
}

}  // namespace hubbub
