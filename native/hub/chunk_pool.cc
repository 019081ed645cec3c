#include "hub/chunk_pool.h"

#include <bit>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

namespace hubbub {

namespace {

// What a large chunk's size is rounded up to.
constexpr std::size_t large_step = 4096;

}  // namespace

ChunkPool::~ChunkPool() {
  for (Chunk* chunk : kept_) {
    while (chunk != nullptr) std::free(std::exchange(chunk, chunk->next));
  }
}

std::size_t ChunkPool::class_of(std::size_t bytes) {
  return static_cast<std::size_t>(std::countr_zero(bytes / chunk_bytes_min));
}

Chunk* ChunkPool::acquire(std::size_t bytes) {
  const bool large = bytes > chunk_bytes_max;
  if (large) {
    if (bytes > std::numeric_limits<std::uint32_t>::max() - large_step) return nullptr;
    bytes = (bytes + large_step - 1) / large_step * large_step;
  } else {
    bytes = std::bit_ceil(bytes < chunk_bytes_min ? chunk_bytes_min : bytes);
  }
  if (!count_in(bytes)) return nullptr;
  if (Chunk* const kept = large ? nullptr : take_kept(class_of(bytes))) return kept;
  if (void* const memory = std::malloc(bytes)) return new (memory) Chunk(bytes);
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  return nullptr;
}

// Counted before it is taken, and never past the cap: what one thread asks for in vain must not be in
// the way of another that asks for less.
bool ChunkPool::count_in(std::size_t bytes) {
  std::size_t before = bytes_.load(std::memory_order_relaxed);
  do {
    if (bytes > bytes_max_ || before > bytes_max_ - bytes) return false;
  } while (!bytes_.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
  return true;
}

Chunk* ChunkPool::take_kept(std::size_t size_class) {
  const std::lock_guard guard(lock_);
  Chunk* const chunk = kept_[size_class];
  if (chunk == nullptr) return nullptr;
  kept_[size_class] = chunk->next;
  kept_bytes_ -= chunk->bytes();
  chunk->reset();
  return chunk;
}

void ChunkPool::release(Chunk* chunks) {
  while (chunks != nullptr) {
    Chunk* const chunk = std::exchange(chunks, chunks->next);
    bytes_.fetch_sub(chunk->bytes(), std::memory_order_relaxed);
    keep_or_free(chunk);
  }
}

void ChunkPool::keep_or_free(Chunk* chunk) {
  const std::size_t bytes = chunk->bytes();
  if (bytes <= chunk_bytes_max) {
    const std::lock_guard guard(lock_);
    if (kept_bytes_ + bytes <= kept_bytes_max_) {
      chunk->next = kept_[class_of(bytes)];
      kept_[class_of(bytes)] = chunk;
      kept_bytes_ += bytes;
      return;
    }
  }
  std::free(chunk);
}

}  // namespace hubbub
