#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/client.h"
#include "load/histogram.h"
#include "load/loop.h"

namespace hubbub::load {

struct RejoinReport {
  // Who is in again.
  std::uint64_t members = 0;
  std::uint64_t failed = 0;
  // The first reason for a failure, if there was one.
  std::string failure;
  // Until the last of them is in.
  std::int64_t elapsed_us = 0;
  // From when each was to begin to connect until it was in again.
  Histogram recovery_us;
};

// Clients who all lose their connection at once and come in again, each with one attempt. Nothing
// is held back: what the server's listen queue has no room for, TCP sends again a second later. Who
// does not come in is no member of its room any more.
class Rejoin final : private Doorkeeper {
 public:
  Rejoin(Loop& loop, std::vector<Client*> clients) : loop_(loop), clients_(std::move(clients)) {}

  // They begin to connect evenly over `ramp_us`, and have `timeout_us` for all of it.
  RejoinReport run(std::int64_t ramp_us, std::int64_t timeout_us);

 private:
  void joined(Client& client) override;
  void failed(Client& client, std::string_view reason) override;

  // Begins with those who are due. True when everybody has begun.
  bool begin_due(std::int64_t started_us, std::int64_t ramp_us);
  bool is_settled() const { return report_.members + report_.failed == clients_.size(); }

  Loop& loop_;
  const std::vector<Client*> clients_;
  std::size_t begun_ = 0;
  RejoinReport report_;
};

}  // namespace hubbub::load
