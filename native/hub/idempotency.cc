#include "hub/idempotency.h"

namespace hubbub {

namespace {

constexpr std::size_t table_min = 16;

}  // namespace

std::uint64_t IdempotencyWindow::find(const Hash& key) const {
  if (table_.empty()) return 0;
  for (std::size_t place = place_of(key); table_[place] != 0; place = next(place)) {
    const Publish& publish = publishes_[table_[place] - 1];
    if (publish.key == key) return publish.offset;
  }
  return 0;
}

void IdempotencyWindow::remember(const Hash& key, std::uint64_t offset) {
  if (ids_max_ == 0) return;
  if (publishes_.size() < ids_max_) {
    publishes_.push_back({key, offset});
    if (publishes_.size() * 2 > table_.size()) {
      grow_table();
    } else {
      insert(static_cast<std::uint32_t>(publishes_.size() - 1));
    }
    return;
  }
  erase(static_cast<std::uint32_t>(oldest_));
  publishes_[oldest_] = {key, offset};
  insert(static_cast<std::uint32_t>(oldest_));
  oldest_ = oldest_ + 1 == publishes_.size() ? 0 : oldest_ + 1;
}

void IdempotencyWindow::insert(std::uint32_t publish) {
  std::size_t place = place_of(publishes_[publish].key);
  while (table_[place] != 0) place = next(place);
  table_[place] = publish + 1;
}

void IdempotencyWindow::erase(std::uint32_t publish) {
  std::size_t gap = place_of(publishes_[publish].key);
  while (table_[gap] != publish + 1) gap = next(gap);
  // Whoever stands behind the gap and would be looked for from it or from before it moves into it.
  for (std::size_t place = next(gap); table_[place] != 0; place = next(place)) {
    const std::size_t wanted = place_of(publishes_[table_[place] - 1].key);
    const std::size_t from_wanted = (place - wanted) & (table_.size() - 1);
    const std::size_t from_gap = (place - gap) & (table_.size() - 1);
    if (from_wanted < from_gap) continue;
    table_[gap] = table_[place];
    gap = place;
  }
  table_[gap] = 0;
}

void IdempotencyWindow::grow_table() {
  table_.assign(table_.empty() ? table_min : table_.size() * 2, 0);
  for (std::uint32_t i = 0; i < publishes_.size(); ++i) insert(i);
}

}  // namespace hubbub
