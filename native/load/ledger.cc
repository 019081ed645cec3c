#include "load/ledger.h"

namespace hubbub::load {

namespace {

std::uint64_t key_of(std::size_t sender, std::uint64_t sequence) {
  return (static_cast<std::uint64_t>(sender) << 32) | sequence;
}

}  // namespace

Discrepancies& Discrepancies::operator+=(const Discrepancies& part) {
  lost += part.lost;
  duplicated += part.duplicated;
  reordered += part.reordered;
  foreign += part.foreign;
  gaps += part.gaps;
  return *this;
}

bool Sent::has(const Received& message) const {
  const auto sender = static_cast<std::size_t>(message.sender);
  return message.sender >= 0 && sender < by_sender.size() && message.sequence < by_sender[sender];
}

void Ledger::begin(const Sent& sent) {
  *this = Ledger();
  sent_ = &sent;
  next_.resize(sent.by_sender.size());
}

void Ledger::note(const Received& message) {
  if (message.offset != no_offset) {
    if (offset_ != no_offset && message.offset != offset_ + 1) ++found_.gaps;
    offset_ = message.offset;
  }
  order_ = order_ * 31 + static_cast<std::uint32_t>(message.sender) * 0x9e3779b1U +
           static_cast<std::uint32_t>(message.sequence);
  const auto sender = static_cast<std::size_t>(message.sender);
  if (sent_ == nullptr || !sent_->has(message)) {
    ++found_.foreign;
  } else if (message.sequence >= next_[sender]) {
    for (std::uint64_t skipped = next_[sender]; skipped < message.sequence; ++skipped) {
      missing_.insert(key_of(sender, skipped));
    }
    next_[sender] = static_cast<std::uint32_t>(message.sequence + 1);
    ++unique_;
  } else if (missing_.erase(key_of(sender, message.sequence)) > 0) {
    ++found_.reordered;
    ++unique_;
  } else {
    ++found_.duplicated;
  }
}

Discrepancies Ledger::discrepancies() const {
  Discrepancies all = found_;
  if (sent_ != nullptr) all.lost = sent_->total - unique_;
  return all;
}

}  // namespace hubbub::load
