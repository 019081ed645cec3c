#include "load/crowd.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>

namespace hubbub::load {

namespace {

// Handshakes under way at a time: well below any listen queue.
constexpr std::uint64_t connecting_max = 200;
constexpr std::int64_t farewell_us_max = 2'000'000;

// Where the server is; the family is AF_UNSPEC when nobody knows.
Route find(const Endpoint& target) {
  Route route;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(target.port);
  if (getaddrinfo(target.hostname.c_str(), port.c_str(), &hints, &found) != 0) return route;
  std::memcpy(&route.to, found->ai_addr, found->ai_addrlen);
  route.to_bytes = found->ai_addrlen;
  freeaddrinfo(found);
  return route;
}

}  // namespace

CrowdReport Crowd::connect(const CrowdPlan& plan) {
  disconnect();
  report_ = {};
  const std::int64_t started_us = Loop::now_us();
  const std::int64_t deadline_us = started_us + static_cast<std::int64_t>(plan.timeout_ms * 1e3);
  for (std::uint64_t number = 0; number < plan.rooms; ++number) {
    rooms_.push_back(std::make_unique<Room>("bench-" + std::to_string(number), plan.encoding));
  }
  route_ = find(plan.target);
  if (route_.to.ss_family == AF_UNSPEC) {
    report_.failed = plan.members;
    report_.failure = "nobody knows the address of " + plan.target.hostname;
    return report_;
  }
  const std::string request = handshake_request(plan.target);
  while (Loop::now_us() < deadline_us) {
    join_due(plan, started_us, request);
    if (report_.joined + report_.failed == plan.members) break;
    // Looked at every millisecond while some are still to be begun; else the members wake it.
    const bool is_ramp = plan.ramp_ms > 0 && members_.size() < plan.members;
    loop_.turn(is_ramp ? std::min(deadline_us, Loop::now_us() + 1'000) : deadline_us);
  }
  for (const auto& member : members_) {
    if (!member->has_joined() && !member->is_gone()) member->end("out of time");
  }
  while (report_.joined + report_.failed < plan.members) note_failure("out of time");
  report_.elapsed_us = Loop::now_us() - started_us;
  return std::move(report_);
}

void Crowd::disconnect() {
  for (const auto& room : rooms_) room->observer = nullptr;
  for (const auto& member : members_) {
    if (!member->is_gone()) member->close();
  }
  const auto is_gone = [](const auto& member) { return member->is_gone(); };
  const std::int64_t deadline_us = Loop::now_us() + farewell_us_max;
  while (!std::all_of(members_.begin(), members_.end(), is_gone) && Loop::now_us() < deadline_us) {
    loop_.turn(deadline_us);
  }
  members_.clear();
  rooms_.clear();
  connecting_ = 0;
}

void Crowd::joined(Member& member) {
  --connecting_;
  ++report_.joined;
  report_.connect_us.record(member.opened_us - member.started_us);
  report_.first_message_us.record(member.first_message_us - member.opened_us);
  report_.join_us.record(Loop::now_us() - member.started_us);
}

void Crowd::failed(Member&, std::string_view reason) {
  --connecting_;
  note_failure(reason);
}

void Crowd::note_failure(std::string_view reason) {
  ++report_.failed;
  if (report_.failure.empty()) report_.failure = reason;
}

void Crowd::join_due(const CrowdPlan& plan, std::int64_t started_us, std::string_view request) {
  const auto elapsed_ms = static_cast<double>(Loop::now_us() - started_us) / 1e3;
  const bool is_all_due = elapsed_ms >= plan.ramp_ms;
  const double share = is_all_due ? 1 : elapsed_ms / plan.ramp_ms;
  const auto due = static_cast<std::uint64_t>(share * static_cast<double>(plan.members));
  Doorkeeper& doorkeeper = *this;
  while (members_.size() < due && connecting_ < connecting_max) {
    const std::size_t number = members_.size();
    Room& room = *rooms_[number % plan.rooms];
    members_.push_back(std::make_unique<Member>(loop_, room, doorkeeper));
    ++connecting_;
    members_.back()->join(route_for(plan, number), request);
  }
}

Route Crowd::route_for(const CrowdPlan& plan, std::size_t member) const {
  Route route = route_;
  if (plan.source_addresses > 0) {
    const auto last = static_cast<std::uint32_t>(member % plan.source_addresses);
    route.from.sin_family = AF_INET;
    route.from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + last);
  }
  return route;
}

}  // namespace hubbub::load
