#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/histogram.h"
#include "load/plan.h"
#include "load/room.h"

namespace hubbub::load {

struct CrowdReport {
  std::uint64_t joined = 0;
  std::uint64_t failed = 0;
  std::int64_t elapsed_us = 0;
  // The first reason for a failure, if there was one.
  std::string failure;
  // From the first packet to the server's switch of protocols.
  Histogram connect_us;
  // From there to the first thing that the server says.
  Histogram first_message_us;
  // From the first packet to the confirmed join.
  Histogram join_us;
};

// The members of a run and their rooms.
class Crowd final : private Doorkeeper {
 public:
  explicit Crowd(Loop& loop) : loop_(loop) {}

  // Returns once every member has joined or failed to.
  CrowdReport connect(const CrowdPlan& plan);
  // Closes every connection and returns when that is done.
  void disconnect();

  const std::vector<std::unique_ptr<Room>>& rooms() const { return rooms_; }

 private:
  void joined(Member& member) override;
  void failed(Member& member, std::string_view reason) override;

  void note_failure(std::string_view reason);
  void join_due(const CrowdPlan& plan, std::int64_t started_us, std::string_view request);
  Route route_for(const CrowdPlan& plan, std::size_t member) const;

  Loop& loop_;
  std::vector<std::unique_ptr<Room>> rooms_;
  std::vector<std::unique_ptr<Member>> members_;
  Route route_;
  CrowdReport report_;
  std::uint64_t connecting_ = 0;
};

}  // namespace hubbub::load
