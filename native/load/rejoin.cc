#include "load/rejoin.h"

#include <algorithm>

namespace hubbub::load {

namespace {

// Begun at a time before the loop reads again: who is in already is not to wait for the others.
constexpr int begin_max = 64;
constexpr std::int64_t ramp_look_us = 1'000;

}  // namespace

RejoinReport Rejoin::run(std::int64_t ramp_us, std::int64_t timeout_us) {
  const std::int64_t started_us = Loop::now_us();
  const std::int64_t deadline_us = started_us + timeout_us;
  for (Client* const client : clients_) client->cut();
  while (!is_settled() && Loop::now_us() < deadline_us) {
    const bool have_begun = begin_due(started_us, ramp_us);
    const std::int64_t look_us = Loop::now_us() + (ramp_us > 0 ? ramp_look_us : 0);
    loop_.turn(have_begun ? deadline_us : std::min(deadline_us, look_us));
  }
  report_.elapsed_us = Loop::now_us() - started_us;
  // Who was not even begun with has failed as well, and its room has to know.
  for (; begun_ < clients_.size(); ++begun_) clients_[begun_]->join(Loop::now_us(), *this);
  for (Client* const client : clients_) {
    if (!client->has_joined() && !client->is_gone()) client->end("out of time");
  }
  return std::move(report_);
}

void Rejoin::joined(Client& client) {
  ++report_.members;
  report_.recovery_us.record(Loop::now_us() - client.started_us);
}

void Rejoin::failed(Client&, std::string_view reason) {
  ++report_.failed;
  if (report_.failure.empty()) report_.failure = reason;
}

bool Rejoin::begin_due(std::int64_t started_us, std::int64_t ramp_us) {
  const std::int64_t now_us = Loop::now_us();
  for (int begun = 0; begun_ < clients_.size() && begun < begin_max; ++begun) {
    const auto number = static_cast<std::int64_t>(begun_);
    const std::int64_t due_us =
        started_us + ramp_us * number / static_cast<std::int64_t>(clients_.size());
    if (due_us > now_us) break;
    clients_[begun_++]->join(due_us, *this);
  }
  return begun_ == clients_.size();
}

}  // namespace hubbub::load
