#include "load/traffic.h"

#include <algorithm>
#include <unordered_set>

namespace hubbub::load {

namespace {

// After the last message: how long deliveries may stay away before the rest counts as lost.
constexpr std::int64_t quiet_us = 1'000'000;
constexpr std::int64_t drain_us_max = 10'000'000;
constexpr std::int64_t drain_look_us = 20'000;
// How often the schedule wakes the engine at the most: of a fast one several messages go out at a
// time, late by less than this. Waking for each would cost more than sending it.
constexpr std::int64_t send_tick_us = 500;
// Sent at a time before the loop reads again, however late the engine is.
constexpr int sends_max = 256;

std::int64_t to_us(double time_ms) { return static_cast<std::int64_t>(time_ms * 1e3); }

}  // namespace

Traffic::Traffic(Loop& loop, const Crowd& crowd, const TrafficPlan& plan)
    : loop_(loop),
      crowd_(crowd),
      plan_(plan),
      started_us_(Loop::now_us()),
      window_start_us_(started_us_ + to_us(plan.warmup_ms)),
      window_end_us_(window_start_us_ + to_us(plan.duration_ms)),
      planned_(plan.schedule.due_before(window_end_us_ - started_us_)) {
  const std::size_t rooms = crowd.rooms().size();
  const std::size_t senders = (plan.senders + rooms - 1) / rooms;
  for (const auto& room : crowd.rooms()) room->begin(senders, plan.payload_bytes, *this);
}

JsonWriter Traffic::run() {
  while (!tick()) loop_.turn(next_us());
  drain();
  return report();
}

void Traffic::delivered(const Reading& reading, std::int64_t read_at_us) {
  deliveries_ += reading.messages.size();
  ++frames_;
  bytes_ += reading.bytes;
  for (const Received& message : reading.messages) {
    if (message.intended_us >= window_start_us_ && message.intended_us < window_end_us_) {
      latency_us_.record(read_at_us - message.intended_us);
    }
  }
}

// Sends what is due. True when the schedule and the window are over.
bool Traffic::tick() {
  const std::int64_t at_us = Loop::now_us();
  if (!opened_ && at_us >= window_start_us_) opened_ = edge();
  for (int sends = 0; next_ < planned_ && sends < sends_max; ++sends) {
    const std::int64_t intended_us = started_us_ + plan_.schedule.due_us(next_);
    if (intended_us > at_us) break;
    send(next_, intended_us);
    ++next_;
    sent_at_us_ = at_us;
  }
  if (at_us < window_end_us_) return false;
  if (!closed_) closed_ = edge();
  return next_ == planned_;
}

std::int64_t Traffic::next_us() const {
  std::int64_t next = opened_ ? window_end_us_ : window_start_us_;
  if (next_ == planned_) return next;
  const std::int64_t due_us = started_us_ + plan_.schedule.due_us(next_);
  return std::min(next, std::max(due_us, sent_at_us_ + send_tick_us));
}

// Sender n is member n / rooms of room n modulo rooms.
void Traffic::send(std::uint64_t index, std::int64_t intended_us) {
  const std::uint64_t sender = index % plan_.senders;
  const std::size_t rooms = crowd_.rooms().size();
  if (!crowd_.rooms()[sender % rooms]->send(sender / rooms, intended_us)) return;
  if (intended_us >= window_start_us_) send_lag_us_.record(Loop::now_us() - intended_us);
}

Traffic::Edge Traffic::edge() const {
  return {
      .at_us = Loop::now_us(),
      .client_cpu_ms = own_cpu_ms(),
      .client_waited_ms = usage_of(0).waited_ms,
      .server = plan_.server_pid == 0 ? Usage{} : usage_of(plan_.server_pid),
      .deliveries = deliveries_,
      .frames = frames_,
      .bytes = bytes_,
  };
}

void Traffic::drain() {
  const std::int64_t deadline_us = Loop::now_us() + drain_us_max;
  std::uint64_t seen = deliveries_;
  std::int64_t quiet_since_us = Loop::now_us();
  while (!is_complete()) {
    const std::int64_t look_us = Loop::now_us() + drain_look_us;
    while (Loop::now_us() < look_us) loop_.turn(look_us);
    const std::int64_t now_us = Loop::now_us();
    if (deliveries_ != seen) {
      seen = deliveries_;
      quiet_since_us = now_us;
    }
    if (now_us - quiet_since_us > quiet_us || now_us > deadline_us) return;
  }
}

bool Traffic::is_complete() const {
  return std::all_of(crowd_.rooms().begin(), crowd_.rooms().end(), [](const auto& room) {
    return std::all_of(room->members.begin(), room->members.end(),
                       [](const Member* member) { return member->ledger.is_complete(); });
  });
}

JsonWriter Traffic::report() {
  Discrepancies found;
  std::uint64_t sent = 0;
  std::uint64_t expected_deliveries = 0;
  std::size_t orders = 0;
  for (const auto& room : crowd_.rooms()) {
    sent += room->sent.total;
    expected_deliveries += room->sent.total * room->members.size();
    std::unordered_set<std::uint32_t> seen;
    for (const Member* member : room->members) {
      found += member->ledger.discrepancies();
      if (member->ledger.is_complete()) seen.insert(member->ledger.order());
    }
    orders = std::max(orders, seen.size());
    room->observer = nullptr;
  }
  JsonWriter errors;
  for (const auto& [code, count] : errors_) errors.add(code, count);
  JsonWriter report;
  report.add("lost", found.lost)
      .add("duplicated", found.duplicated)
      .add("reordered", found.reordered)
      .add("foreign", found.foreign)
      .add("gaps", found.gaps)
      .add("planned", planned_)
      .add("sent", sent)
      .add("expected_deliveries", expected_deliveries)
      .add("deliveries", deliveries_)
      .add("orders", orders)
      .add("disconnected", disconnected_)
      .add("errors", errors)
      .add("elapsed_ms", static_cast<double>(Loop::now_us() - started_us_) / 1e3)
      .add("window", window())
      .add("latency_us", latency_us_)
      .add("send_lag_us", send_lag_us_);
  return report;
}

JsonWriter Traffic::window() const {
  JsonWriter window;
  window.add("elapsed_ms", static_cast<double>(closed_->at_us - opened_->at_us) / 1e3)
      .add("deliveries", closed_->deliveries - opened_->deliveries)
      .add("frames", closed_->frames - opened_->frames)
      .add("bytes", closed_->bytes - opened_->bytes)
      .add("client_cpu_ms", closed_->client_cpu_ms - opened_->client_cpu_ms)
      .add("client_waited_ms", closed_->client_waited_ms - opened_->client_waited_ms);
  if (plan_.server_pid != 0) {
    JsonWriter server;
    server.add("cpu_ms", closed_->server.cpu_ms - opened_->server.cpu_ms)
        .add("waited_ms", closed_->server.waited_ms - opened_->server.waited_ms)
        .add("rss_bytes", closed_->server.rss_bytes);
    window.add("server", server);
  }
  return window;
}

}  // namespace hubbub::load
