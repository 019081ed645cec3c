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
  plan_ = plan;
  report_ = {};
  const std::int64_t started_us = Loop::now_us();
  const std::int64_t deadline_us = started_us + static_cast<std::int64_t>(plan.timeout_ms * 1e3);
  for (std::uint64_t number = 0; plan.joins && number < plan.rooms; ++number) {
    rooms_.push_back(std::make_unique<Room>("bench-" + std::to_string(number), plan.encoding));
  }
  route_ = find(plan.target);
  if (route_.to.ss_family == AF_UNSPEC) {
    report_.failed = plan.members;
    report_.failure = "nobody knows the address of " + plan.target.hostname;
    return report_;
  }
  request_ = handshake_request(plan.target);
  while (Loop::now_us() < deadline_us) {
    join_due(started_us);
    if (report_.joined + report_.failed == plan.members) break;
    // Looked at every millisecond while some are still to be begun; else the clients wake it.
    const bool is_ramp = plan.ramp_ms > 0 && clients_.size() < plan.members;
    loop_.turn(is_ramp ? std::min(deadline_us, Loop::now_us() + 1'000) : deadline_us);
  }
  for (const auto& client : clients_) {
    if (!client->has_joined() && !client->is_gone()) client->end("out of time");
  }
  while (report_.joined + report_.failed < plan.members) note_failure("out of time");
  report_.elapsed_us = Loop::now_us() - started_us;
  return std::move(report_);
}

void Crowd::disconnect() {
  for (const auto& room : rooms_) room->observer = nullptr;
  for (const auto& client : clients_) {
    if (!client->is_gone()) client->close();
  }
  const auto is_gone = [](const auto& client) { return client->is_gone(); };
  const std::int64_t deadline_us = Loop::now_us() + farewell_us_max;
  while (!std::all_of(clients_.begin(), clients_.end(), is_gone) && Loop::now_us() < deadline_us) {
    loop_.turn(deadline_us);
  }
  clients_.clear();
  echo_clients_.clear();
  rooms_.clear();
  connecting_ = 0;
}

void Crowd::joined(Client& client) {
  --connecting_;
  ++report_.joined;
  report_.connect_us.record(client.opened_us - client.started_us);
  if (client.first_message_us != 0) {
    report_.first_message_us.record(client.first_message_us - client.opened_us);
  }
  report_.join_us.record(Loop::now_us() - client.started_us);
}

void Crowd::failed(Client&, std::string_view reason) {
  --connecting_;
  note_failure(reason);
}

void Crowd::note_failure(std::string_view reason) {
  ++report_.failed;
  if (report_.failure.empty()) report_.failure = reason;
}

void Crowd::join_due(std::int64_t started_us) {
  const auto elapsed_ms = static_cast<double>(Loop::now_us() - started_us) / 1e3;
  const bool is_all_due = elapsed_ms >= plan_.ramp_ms;
  const double share = is_all_due ? 1 : elapsed_ms / plan_.ramp_ms;
  const auto due = static_cast<std::uint64_t>(share * static_cast<double>(plan_.members));
  while (clients_.size() < due && connecting_ < connecting_max) {
    add_client();
    ++connecting_;
    clients_.back()->join(Loop::now_us(), *this);
  }
}

void Crowd::add_client() {
  const std::size_t number = clients_.size();
  const Route route = route_for(number);
  if (plan_.joins) {
    Room& room = *rooms_[number % plan_.rooms];
    clients_.push_back(
        std::make_unique<Member>(loop_, route, request_, room, Standing::counted));
    return;
  }
  auto client = std::make_unique<EchoClient>(loop_, route, request_, number);
  echo_clients_.push_back(client.get());
  clients_.push_back(std::move(client));
}

Route Crowd::route_for(std::size_t number) const {
  Route route = route_;
  if (plan_.source_addresses > 0) {
    const auto last = static_cast<std::uint32_t>(number % plan_.source_addresses);
    route.from.sin_family = AF_INET;
    route.from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + last);
  }
  return route;
}

}  // namespace hubbub::load
