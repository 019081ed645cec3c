#pragma once

#include <cstddef>
#include <cstdint>

#include "hub/hub.h"
#include "hub/stream.h"

namespace hubbub {

// Which of a room's durable records are its history: the newest ones, each following on the one
// before, bounded by count, bytes and age. It holds no bytes itself: the stream keeps what the
// history needs.
class History {
 public:
  explicit History(std::uint64_t head) : floor_(head) {}

  // The index of its oldest record; the stream's end when it is empty.
  [[nodiscard]] std::uint64_t first() const { return first_; }
  // The offset before its oldest record: everything after it is here.
  [[nodiscard]] std::uint64_t floor() const { return floor_; }
  // Of the JSON, without what stands between records.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // Takes the stream's newest record. One that does not follow on the record before begins anew: a
  // run with a gap proves nothing.
  void push(const Stream& stream, std::uint64_t prev, const Limits& limits, std::uint64_t wall_ms);

  // Lets go of what is past a limit.
  void trim(const Stream& stream, const Limits& limits, std::uint64_t wall_ms);

  // Lets go of everything, up to the room's head.
  void give_up(const Stream& stream, std::uint64_t head);

 private:
  std::uint64_t first_ = 0;
  std::uint64_t floor_;
  std::uint64_t newest_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace hubbub
