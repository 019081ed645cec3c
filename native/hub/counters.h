#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hubbub {

// 64-bit counters that every worker thread bumps without a lock and a scrape adds up.
//
// Each worker writes only its own block, and a block is padded to whole pairs of cache lines, so
// counting never makes two cores fight over a line (128 bytes: x86 prefetches lines in pairs, and
// some ARM cores have lines of that size). Relaxed order is enough: a counter orders nothing, and
// a scrape wants a number that is recent, not one that is consistent with its neighbours.
class CounterTable {
 public:
  static constexpr std::size_t workers_max = 256;
  static constexpr std::size_t counters_max = 32;

  // Adds n to one worker's counter. Returns false, and counts nothing, when an index is too large.
  bool add(std::size_t worker, std::size_t counter, std::uint64_t n) noexcept {
    if (worker >= workers_max || counter >= counters_max) return false;
    blocks_[worker].values[counter].fetch_add(n, std::memory_order_relaxed);
    return true;
  }

  // The same for whoever knows that nobody else adds to this block: without the locked instruction.
  void add_own(std::size_t worker, std::size_t counter, std::uint64_t n) noexcept {
    std::atomic<std::uint64_t>& value = blocks_[worker].values[counter];
    value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  // The counter's total over all workers, wrapping at 2^64; 0 when there is no such counter.
  [[nodiscard]] std::uint64_t sum(std::size_t counter) const noexcept {
    if (counter >= counters_max) return 0;
    std::uint64_t total = 0;
    for (const Block& block : blocks_) {
      total += block.values[counter].load(std::memory_order_relaxed);
    }
    return total;
  }

 private:
  struct alignas(128) Block {
    std::array<std::atomic<std::uint64_t>, counters_max> values{};
  };

  std::array<Block, workers_max> blocks_{};
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace hubbub
