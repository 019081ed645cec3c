#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hub/hub.h"

namespace hubbub {

// Values under handles that are never given out again: a late call with the handle of something
// that is gone finds nothing, never something else. For one thread.
template <class T>
class SlotTable {
 public:
  static constexpr std::uint64_t slots_max = std::uint64_t{1} << 24;
  static constexpr std::uint32_t generations_max = (1U << 29) - 1;

  // After so many values a slot is used no more.
  explicit SlotTable(std::uint32_t generations = generations_max) : generations_(generations) {}

  // 0 when every slot is taken.
  RoomHandle add(T* value) {
    std::size_t slot = slots_.size();
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else if (slot < slots_max) {
      slots_.push_back({nullptr, 0});
    } else {
      return 0;
    }
    slots_[slot].value = value;
    return ++slots_[slot].generation * slots_max + slot;
  }

  // Null when the handle is dead, or never was.
  [[nodiscard]] T* find(RoomHandle handle) const {
    const auto slot = static_cast<std::size_t>(handle % slots_max);
    if (slot >= slots_.size() || slots_[slot].generation != handle / slots_max) return nullptr;
    return slots_[slot].value;
  }

  void remove(RoomHandle handle) {
    if (find(handle) == nullptr) return;
    const auto slot = static_cast<std::size_t>(handle % slots_max);
    slots_[slot].value = nullptr;
    // The handles of a slot that has had all its generations would begin to repeat.
    if (slots_[slot].generation < generations_) free_.push_back(static_cast<std::uint32_t>(slot));
  }

  // Some value that is here, null when there is none; `from` is where to look on, 0 at first.
  [[nodiscard]] T* next(std::size_t& from) const {
    while (from < slots_.size()) {
      if (T* const value = slots_[from++].value) return value;
    }
    return nullptr;
  }

 private:
  struct Slot {
    T* value;
    std::uint64_t generation;
  };

  std::uint32_t generations_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace hubbub
