#pragma once

#include <cstddef>
#include <cstdint>

namespace hubbub {

// What is noted about one record.
struct Entry {
  // Durable: its offset. Volatile: the index of the durable record it stands before.
  std::uint64_t place;
  std::uint64_t timestamp;
  // Where its bytes end in the chunk; they begin where those of the one before end.
  std::uint32_t end;
  std::uint32_t ascii;
};

// A run of records in one piece of memory: their bytes grow from the front, one behind the other,
// their entries from the back. So a batch is one copy, a small room is one small piece of memory,
// and freeing it frees everything about its records.
//
// Bytes and entries do not change once they are written.
class Chunk {
 public:
  // How large a chunk must be to hold one record of so many bytes.
  static constexpr std::size_t bytes_for(std::size_t record_bytes) {
    const std::size_t bytes = sizeof(Chunk) + record_bytes + sizeof(Entry);
    return (bytes + alignof(Entry) - 1) / alignof(Entry) * alignof(Entry);
  }

  // Placed at the front of `bytes` bytes of memory.
  explicit Chunk(std::size_t bytes) : bytes_(static_cast<std::uint32_t>(bytes)) {}

  // For whoever holds it: chunks that are free, or about to be, form a list.
  Chunk* next = nullptr;
  // The index in its stream of the first record.
  std::uint64_t first_index = 0;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint64_t end_index() const { return first_index + count_; }

  [[nodiscard]] bool fits(std::size_t record_bytes) const {
    return bytes_ - sizeof(Chunk) - used_ - count_ * sizeof(Entry) >= record_bytes + sizeof(Entry);
  }

  // Where the next record's bytes go.
  [[nodiscard]] std::uint8_t* free_bytes() { return data() + used_; }

  // Takes what has been written to `free_bytes`.
  void add(std::size_t record_bytes, std::uint64_t place, std::uint64_t timestamp, bool ascii) {
    used_ += static_cast<std::uint32_t>(record_bytes);
    ++count_;
    entries()[-static_cast<std::ptrdiff_t>(count_)] = {place, timestamp, used_, ascii ? 1U : 0U};
  }

  [[nodiscard]] const Entry& entry(std::size_t i) const {
    return entries()[-1 - static_cast<std::ptrdiff_t>(i)];
  }

  [[nodiscard]] std::size_t begin_of(std::size_t i) const { return i == 0 ? 0 : entry(i - 1).end; }
  [[nodiscard]] std::size_t size_of(std::size_t i) const { return entry(i).end - begin_of(i); }
  [[nodiscard]] const std::uint8_t* at(std::size_t byte) const { return data() + byte; }

  // Makes it like new, to be used again.
  void reset() {
    next = nullptr;
    first_index = 0;
    used_ = count_ = 0;
  }

 private:
  [[nodiscard]] std::uint8_t* data() {
    return static_cast<std::uint8_t*>(static_cast<void*>(this)) + sizeof(Chunk);
  }
  [[nodiscard]] const std::uint8_t* data() const {
    return static_cast<const std::uint8_t*>(static_cast<const void*>(this)) + sizeof(Chunk);
  }

  // The end of the chunk: entries are counted down from it.
  [[nodiscard]] Entry* entries() {
    return static_cast<Entry*>(static_cast<void*>(data() - sizeof(Chunk) + bytes_));
  }
  [[nodiscard]] const Entry* entries() const {
    return static_cast<const Entry*>(static_cast<const void*>(data() - sizeof(Chunk) + bytes_));
  }

  std::uint32_t bytes_;
  std::uint32_t used_ = 0;
  std::uint32_t count_ = 0;
};

static_assert(sizeof(Chunk) % alignof(Entry) == 0);

}  // namespace hubbub
