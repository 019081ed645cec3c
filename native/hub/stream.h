#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hub/chunk.h"

namespace hubbub {

// Records under indices that rise by one and never repeat, in chunks: new ones at the end, old ones
// let go at the front, a chunk at a time. It does not know the pool: whoever adds brings a chunk
// when the next record does not fit, and takes away those that are let go.
class Stream {
 public:
  struct Place {
    const Chunk* chunk;
    std::size_t i;
  };

  // The index the next record will have.
  [[nodiscard]] std::uint64_t end() const { return end_; }

  [[nodiscard]] bool is_empty() const { return first_ == chunks_.size(); }

  // Lets an empty stream go on at another index.
  void restart(std::uint64_t index) { end_ = index; }

  [[nodiscard]] bool fits(std::size_t record_bytes) const {
    return !is_empty() && chunks_.back()->fits(record_bytes);
  }

  // How large a chunk to bring for a record of so many bytes: twice the one before, so that small
  // rooms stay small and busy ones seldom ask.
  [[nodiscard]] std::size_t wanted_bytes(std::size_t record_bytes) const;

  void add_chunk(Chunk* chunk);

  // Where the next record's bytes go, and taking what was written there; only while it `fits`.
  [[nodiscard]] std::uint8_t* free_bytes() { return chunks_.back()->free_bytes(); }
  void add(std::size_t record_bytes, std::uint64_t place, std::uint64_t timestamp, bool ascii) {
    chunks_.back()->add(record_bytes, place, timestamp, ascii);
    ++end_;
  }

  // The record with this index, which must not have been let go.
  [[nodiscard]] Place find(std::uint64_t index) const;
  [[nodiscard]] const Entry& entry(std::uint64_t index) const {
    const Place place = find(index);
    return place.chunk->entry(place.i);
  }

  // The first index from `first` on whose place is past `place`; end() when there is none. Records
  // from `first` on must be here.
  [[nodiscard]] std::uint64_t first_past(std::uint64_t first, std::uint64_t place) const;

  // The bytes of all records from `first` up to `last`, not included.
  [[nodiscard]] std::size_t bytes_between(std::uint64_t first, std::uint64_t last) const;

  // Whether some chunk holds only records below the index. One without any has just been brought
  // for a record that is about to come.
  [[nodiscard]] bool can_release(std::uint64_t index) const {
    return !is_empty() && chunks_[first_]->end_index() <= index && chunks_[first_]->count() > 0;
  }

  // Puts chunks with only records below the index in front of the list `released`.
  void release_before(std::uint64_t index, Chunk*& released);

  // The same with a chunk that was brought and has not been used.
  void release_unused(Chunk*& released);

  // The same with every chunk.
  void release_all(Chunk*& released);

 private:
  void release_first(Chunk*& released);

  std::uint64_t end_ = 0;
  // Chunks before `first_` are gone.
  std::size_t first_ = 0;
  std::vector<Chunk*> chunks_;
};

}  // namespace hubbub
