#include "hub/stream.h"

#include <algorithm>

#include "hub/chunk_pool.h"

namespace hubbub {

namespace {

// Below this many places without a chunk, moving the rest down costs more than it frees.
constexpr std::size_t compact_at = 8;

}  // namespace

std::size_t Stream::wanted_bytes(std::size_t record_bytes) const {
  const std::size_t twice = is_empty() ? ChunkPool::chunk_bytes_min : chunks_.back()->bytes() * 2;
  return std::max(Chunk::bytes_for(record_bytes), std::min(twice, ChunkPool::chunk_bytes_max));
}

void Stream::add_chunk(Chunk* chunk) {
  chunk->first_index = end_;
  chunks_.push_back(chunk);
}

Stream::Place Stream::find(std::uint64_t index) const {
  // Most look for what is newest, or for what goes next.
  const Chunk* chunk = chunks_.back();
  if (index < chunk->first_index) chunk = chunks_[first_];
  if (index >= chunk->end_index()) {
    const auto past = std::upper_bound(
        chunks_.begin() + static_cast<std::ptrdiff_t>(first_), chunks_.end(), index,
        [](std::uint64_t wanted, const Chunk* other) { return wanted < other->first_index; });
    chunk = *(past - 1);
  }
  return {chunk, static_cast<std::size_t>(index - chunk->first_index)};
}

std::uint64_t Stream::first_past(std::uint64_t first, std::uint64_t place) const {
  std::uint64_t low = first;
  std::uint64_t high = end_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (entry(middle).place <= place) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::size_t Stream::bytes_between(std::uint64_t first, std::uint64_t last) const {
  std::size_t bytes = 0;
  while (first < last) {
    const auto [chunk, i] = find(first);
    const std::uint64_t end = std::min(last, chunk->end_index());
    const auto last_i = static_cast<std::size_t>(end - 1 - chunk->first_index);
    bytes += chunk->entry(last_i).end - chunk->begin_of(i);
    first = end;
  }
  return bytes;
}

void Stream::release_first(Chunk*& released) {
  Chunk* const chunk = chunks_[first_++];
  chunk->next = released;
  released = chunk;
}

void Stream::release_unused(Chunk*& released) {
  if (is_empty() || chunks_.back()->count() > 0) return;
  Chunk* const chunk = chunks_.back();
  chunks_.pop_back();
  chunk->next = released;
  released = chunk;
}

void Stream::release_all(Chunk*& released) {
  while (!is_empty()) release_first(released);
  chunks_.clear();
  first_ = 0;
}

void Stream::release_before(std::uint64_t index, Chunk*& released) {
  while (can_release(index)) release_first(released);
  if (is_empty()) {
    chunks_.clear();
    first_ = 0;
  } else if (first_ >= compact_at && first_ * 2 > chunks_.size()) {
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace hubbub
