#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/client.h"
#include "load/echo_client.h"
#include "load/histogram.h"
#include "load/member.h"
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
  // From there to the first thing that the server says; empty for clients who join nothing.
  Histogram first_message_us;
  // From the first packet to the confirmed join.
  Histogram join_us;
};

// The clients of a run: members with their rooms, or such as join nothing.
class Crowd final : private Doorkeeper {
 public:
  explicit Crowd(Loop& loop) : loop_(loop) {}

  // Returns once every client has joined or failed to.
  CrowdReport connect(const CrowdPlan& plan);
  // Closes every connection and returns when that is done.
  void disconnect();

  const std::vector<std::unique_ptr<Client>>& clients() const { return clients_; }
  // Empty when nobody joins anything; then there are echo clients.
  const std::vector<std::unique_ptr<Room>>& rooms() const { return rooms_; }
  const std::vector<EchoClient*>& echo_clients() const { return echo_clients_; }

  // For one more than those of the plan: the way client `number` would take.
  Route route_for(std::size_t number) const;
  // Stays where it is until the next crowd connects.
  std::string_view request() const { return request_; }

 private:
  void joined(Client& client) override;
  void failed(Client& client, std::string_view reason) override;

  void note_failure(std::string_view reason);
  void join_due(std::int64_t started_us);
  void add_client();

  Loop& loop_;
  CrowdPlan plan_;
  std::vector<std::unique_ptr<Room>> rooms_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<EchoClient*> echo_clients_;
  Route route_;
  std::string request_;
  CrowdReport report_;
  std::uint64_t connecting_ = 0;
};

}  // namespace hubbub::load
