#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "hub/chunk.h"
#include "hub/lock.h"

namespace hubbub {

// The memory of all records, under one cap. Sizes are powers of two from 512 bytes, so that a room
// with a handful of messages costs little, up to chunk_bytes_max; a record that does not fit gets a
// chunk of its own size. A small part of the cap is for chunks that have come back and wait for the
// next taker. Safe for all threads.
class ChunkPool {
 public:
  static constexpr std::size_t chunk_bytes_min = 512;
  static constexpr std::size_t chunk_bytes_max = 8192;

  explicit ChunkPool(std::size_t bytes_max)
      : kept_bytes_max_(bytes_max / kept_share), bytes_max_(bytes_max - kept_bytes_max_) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // A chunk of at least so many bytes; null at the cap, and when there is no memory.
  [[nodiscard]] Chunk* acquire(std::size_t bytes);

  // The same, larger than needed where that can be had.
  [[nodiscard]] Chunk* acquire(std::size_t needed_bytes, std::size_t wanted_bytes) {
    Chunk* const chunk = acquire(wanted_bytes);
    return chunk != nullptr || needed_bytes >= wanted_bytes ? chunk : acquire(needed_bytes);
  }

  // Whether an empty pool would have so many.
  [[nodiscard]] bool could_hold(std::size_t bytes) const { return bytes <= bytes_max_; }

  // Takes back a list of chunks linked by `next`; null is an empty one.
  void release(Chunk* chunks);

  // What chunks that are given out take.
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kept_share = 32;
  static constexpr std::size_t classes = 5;
  static_assert(chunk_bytes_min << (classes - 1) == chunk_bytes_max);

  static std::size_t class_of(std::size_t bytes);
  [[nodiscard]] bool count_in(std::size_t bytes);
  Chunk* take_kept(std::size_t size_class);
  void keep_or_free(Chunk* chunk);

  const std::size_t kept_bytes_max_;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
  Lock lock_;
  // Guarded by the lock.
  std::array<Chunk*, classes> kept_{};
  std::size_t kept_bytes_ = 0;
};

}  // namespace hubbub
