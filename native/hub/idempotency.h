#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hub/hash.h"

namespace hubbub {

// What one room remembers of publishes with an id: the offset each got. The oldest is forgotten
// first. Instead of user and id it keeps a keyed hash of 128 bits, so that a publish takes the same
// few bytes whatever ids clients make up, and nobody can make up two that are taken for each other.
class IdempotencyWindow {
 public:
  explicit IdempotencyWindow(std::size_t ids_max) : ids_max_(ids_max) {}

  // Says that this key will be asked for soon: its place is fetched into the cache meanwhile.
  void expect(const Hash& key) const;

  // The offset under this key, 0 when there is none.
  [[nodiscard]] std::uint64_t find(const Hash& key) const;

  // Takes a key that is not here yet.
  void remember(const Hash& key, std::uint64_t offset);

 private:
  struct Publish {
    Hash key;
    std::uint64_t offset;
  };

  // A publish in the table. The part of its key that says where it belongs stands here too: looking
  // for one and moving others up rarely has to follow to the publishes, which are not in the cache.
  struct Slot {
    std::uint32_t tag = 0;
    // Index into publishes_ plus one; 0 is an empty slot.
    std::uint32_t publish = 0;
  };

  static std::uint32_t tag_of(const Hash& key) { return static_cast<std::uint32_t>(key.low); }

  [[nodiscard]] std::size_t place_of(std::uint32_t tag) const { return tag & (table_.size() - 1); }
  [[nodiscard]] std::size_t next(std::size_t place) const {
    return (place + 1) & (table_.size() - 1);
  }
  void insert(std::uint32_t publish);
  void erase(std::uint32_t publish);
  void grow_table();

  std::size_t ids_max_;
  // A ring once it is full: then `oldest_` is the next to be forgotten.
  std::vector<Publish> publishes_;
  std::size_t oldest_ = 0;
  // At most half full, and what does not fit its place stands in the next free one behind it: mostly
  // in the same cache line.
  std::vector<Slot> table_;
};

}  // namespace hubbub
