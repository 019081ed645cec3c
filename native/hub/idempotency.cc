#include "hub/idempotency.h"

namespace hubbub {

namespace {

constexpr std::size_t table_min = 16;

void fetch(const void* memory) {
#if defined(__GNUC__)
  __builtin_prefetch(memory);
#else
  static_cast<void>(memory);
#endif
}

}  // namespace

void IdempotencyWindow::expect(const Hash& key) const {
  if (!table_.empty()) fetch(&table_[place_of(tag_of(key))]);
}

std::uint64_t IdempotencyWindow::find(const Hash& key) const {
  if (table_.empty()) return 0;
  const std::uint32_t tag = tag_of(key);
  for (std::size_t place = place_of(tag); table_[place].publish != 0; place = next(place)) {
    if (table_[place].tag != tag) continue;
    const Publish& publish = publishes_[table_[place].publish - 1];
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
  expect(publishes_[oldest_].key);
}

void IdempotencyWindow::insert(std::uint32_t publish) {
  const std::uint32_t tag = tag_of(publishes_[publish].key);
  std::size_t place = place_of(tag);
  while (table_[place].publish != 0) place = next(place);
  table_[place] = {tag, publish + 1};
}

void IdempotencyWindow::erase(std::uint32_t publish) {
  std::size_t gap = place_of(tag_of(publishes_[publish].key));
  while (table_[gap].publish != publish + 1) gap = next(gap);
  // Whoever stands behind the gap and would be looked for from it or from before it moves into it.
  for (std::size_t place = next(gap); table_[place].publish != 0; place = next(place)) {
    const std::size_t from_wanted = (place - place_of(table_[place].tag)) & (table_.size() - 1);
    const std::size_t from_gap = (place - gap) & (table_.size() - 1);
    if (from_wanted < from_gap) continue;
    table_[gap] = table_[place];
    gap = place;
  }
  table_[gap] = {};
}

void IdempotencyWindow::grow_table() {
  table_.assign(table_.empty() ? table_min : table_.size() * 2, Slot{});
  for (std::uint32_t i = 0; i < publishes_.size(); ++i) insert(i);
}

}  // namespace hubbub
