#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

namespace hubbub::load {

inline constexpr std::int64_t no_offset = -1;
inline constexpr std::int32_t nobody = -1;

// What went wrong with the messages that one or more members received.
struct Discrepancies {
  // Sent, and not received when the waiting was over.
  std::uint64_t lost = 0;
  // Received again.
  std::uint64_t duplicated = 0;
  // Received behind a later message of the same sender.
  std::uint64_t reordered = 0;
  // Received and never sent: not by this run, or not into this room.
  std::uint64_t foreign = 0;
  // Received with an offset that does not follow on the one before.
  std::uint64_t gaps = 0;

  Discrepancies& operator+=(const Discrepancies& part);
};

// One message as it was received.
struct Received {
  std::int32_t sender = nobody;
  std::uint64_t sequence = 0;
  std::int64_t intended_us = 0;
  std::int64_t offset = no_offset;
};

// What the senders of one room have sent; the run counts it up.
struct Sent {
  // Whether somebody has sent this message.
  bool has(const Received& message) const;

  std::vector<std::uint32_t> by_sender;
  std::uint64_t total = 0;
};

// What one member received, against what was sent. Each sender numbers its messages 0, 1, 2 …, so
// that every loss, duplicate and overtaking shows, wherever it happened. The twin of
// bench/load/ledger.ts.
class Ledger {
 public:
  // Forgets everything. `sent` outlives the ledger, or the next call.
  void begin(const Sent& sent);
  void note(const Received& message);

  // Whether everything sent has arrived.
  bool is_complete() const { return sent_ == nullptr || unique_ == sent_->total; }
  // Equal for two members who received the same messages in the same order.
  std::uint32_t order() const { return order_; }
  Discrepancies discrepancies() const;

 private:
  const Sent* sent_ = nullptr;
  std::vector<std::uint32_t> next_;
  // Sender and sequence of what was skipped and may still come.
  std::unordered_set<std::uint64_t> missing_;
  Discrepancies found_;
  std::uint64_t unique_ = 0;
  std::int64_t offset_ = no_offset;
  std::uint32_t order_ = 0;
};

}  // namespace hubbub::load
