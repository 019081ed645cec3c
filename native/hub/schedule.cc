#include "hub/schedule.h"

#include <algorithm>
#include <mutex>

namespace hubbub {

namespace {

bool is_later(const Schedule::Entry& one, const Schedule::Entry& other) {
  return one.due_ms != other.due_ms ? one.due_ms > other.due_ms : one.order > other.order;
}

}  // namespace

bool Schedule::add_now(RoomHandle room, double now_ms) {
  const std::lock_guard guard(lock_);
  now_.push_back({now_ms, 0, room});
  return comes_too_late_for(now_ms);
}

bool Schedule::add_later(RoomHandle room, double due_ms) {
  const std::lock_guard guard(lock_);
  later_.push_back({due_ms, order_++, room});
  std::push_heap(later_.begin(), later_.end(), is_later);
  return comes_too_late_for(due_ms);
}

bool Schedule::comes_too_late_for(double due_ms) {
  if (rests_until_ms_ <= due_ms) return false;
  rests_until_ms_ = due_ms;
  return true;
}

void Schedule::take(double now_ms, std::vector<Entry>& taken) {
  const std::lock_guard guard(lock_);
  rests_until_ms_ = -never_ms;
  taken.insert(taken.end(), now_.begin(), now_.end());
  now_.clear();
  while (!later_.empty() && later_.front().due_ms <= now_ms) {
    taken.push_back(later_.front());
    std::pop_heap(later_.begin(), later_.end(), is_later);
    later_.pop_back();
  }
}

double Schedule::rest() {
  const std::lock_guard guard(lock_);
  rests_until_ms_ = !now_.empty() ? 0 : later_.empty() ? never_ms : later_.front().due_ms;
  return rests_until_ms_;
}

}  // namespace hubbub
