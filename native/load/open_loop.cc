#include "load/open_loop.h"

#include <algorithm>

namespace hubbub::load {

namespace {

// After the last message: how long deliveries may stay away before the rest counts as lost.
constexpr std::int64_t quiet_us = 1'000'000;
constexpr std::int64_t drain_us_max = 10'000'000;
constexpr std::int64_t drain_look_us = 20'000;
// How often the schedule wakes the engine at the most: of a fast one several messages go out at a
// time, late by less than this. Waking for each would cost more than sending it.
constexpr std::int64_t send_tick_us = 500;
// A schedule so fast is read in portions as well: a system call for each frame would cost more than
// the frame, and more than it costs most servers. Messages then seem late by half of this on average.
constexpr double fast_per_s = 2'000;
constexpr std::int64_t read_tick_us = 250;
// Sent at a time before the loop reads again, however late the engine is.
constexpr int sends_max = 256;

std::int64_t to_us(double time_ms) { return static_cast<std::int64_t>(time_ms * 1e3); }

}  // namespace

OpenLoop::OpenLoop(Loop& loop, const OpenLoopPlan& plan)
    : loop_(loop),
      started_us_(Loop::now_us()),
      window_start_us_(started_us_ + to_us(plan.warmup_ms)),
      window_end_us_(window_start_us_ + to_us(plan.duration_ms)),
      give_up_us_(window_end_us_ + (window_end_us_ - started_us_) / 2),
      planned_(plan.schedule.due_before(window_end_us_ - started_us_)),
      schedule_(plan.schedule),
      server_pid_(plan.server_pid) {}

void OpenLoop::go() {
  if (schedule_.rate >= fast_per_s) loop_.pace(read_tick_us);
  while (!tick()) loop_.turn(next_us());
  loop_.pace(0);
  drain();
  ended_us_ = Loop::now_us();
}

void OpenLoop::note_frame(std::size_t messages, std::size_t bytes) {
  deliveries_ += messages;
  ++frames_;
  bytes_ += bytes;
}

void OpenLoop::note_latency(std::int64_t intended_us, std::int64_t read_at_us) {
  if (intended_us >= window_start_us_ && intended_us < window_end_us_) {
    latency_us_.record(read_at_us - intended_us);
  }
}

// Sends what is due. True when the schedule and the window are over.
bool OpenLoop::tick() {
  const std::int64_t at_us = Loop::now_us();
  if (!opened_ && at_us >= window_start_us_) {
    opened_ = edge();
    window_opened();
  }
  for (int sends = 0; next_ < planned_ && sends < sends_max; ++sends) {
    const std::int64_t intended_us = started_us_ + schedule_.due_us(next_);
    if (intended_us > at_us) break;
    if (send(next_, intended_us) && intended_us >= window_start_us_) {
      send_lag_us_.record(Loop::now_us() - intended_us);
    }
    ++next_;
    sent_at_us_ = at_us;
  }
  if (at_us >= window_end_us_ && !closed_) {
    closed_ = edge();
    window_closed();
  }
  tend_us_ = tend(at_us);
  return closed_ && (next_ == planned_ || at_us >= give_up_us_);
}

std::int64_t OpenLoop::next_us() const {
  const std::int64_t next =
      std::min(tend_us_, opened_ ? window_end_us_ : window_start_us_);
  if (next_ == planned_) return next;
  const std::int64_t due_us = started_us_ + schedule_.due_us(next_);
  return std::min(next, std::max(due_us, sent_at_us_ + send_tick_us));
}

void OpenLoop::drain() {
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

OpenLoop::Edge OpenLoop::edge() const {
  return {
      .at_us = Loop::now_us(),
      .client_cpu_ms = own_cpu_ms(),
      .client_waited_ms = usage_of(0).waited_ms,
      .server = server_pid_ == 0 ? Usage{} : usage_of(server_pid_),
      .deliveries = deliveries_,
      .frames = frames_,
      .bytes = bytes_,
      .volume = loop_.volume,
  };
}

void OpenLoop::add_to(JsonWriter& report, std::uint64_t sent,
                      std::uint64_t expected_deliveries) const {
  JsonWriter errors;
  for (const auto& [code, count] : errors_) errors.add(code, count);
  report.add("planned", planned_)
      .add("sent", sent)
      .add("expected_deliveries", expected_deliveries)
      .add("deliveries", deliveries_)
      .add("disconnected", disconnected_)
      .add("errors", errors)
      .add("elapsed_ms", static_cast<double>(ended_us_ - started_us_) / 1e3)
      .add("window", window())
      .add("latency_us", latency_us_)
      .add("send_lag_us", send_lag_us_);
}

JsonWriter OpenLoop::window() const {
  JsonWriter window;
  window.add("elapsed_ms", static_cast<double>(closed_->at_us - opened_->at_us) / 1e3)
      .add("deliveries", closed_->deliveries - opened_->deliveries)
      .add("frames", closed_->frames - opened_->frames)
      .add("bytes", closed_->bytes - opened_->bytes)
      .add("bytes_in", closed_->volume.bytes_in - opened_->volume.bytes_in)
      .add("bytes_out", closed_->volume.bytes_out - opened_->volume.bytes_out)
      .add("client_cpu_ms", closed_->client_cpu_ms - opened_->client_cpu_ms)
      .add("client_waited_ms", closed_->client_waited_ms - opened_->client_waited_ms);
  if (server_pid_ != 0) {
    JsonWriter server;
    server.add("cpu_ms", closed_->server.cpu_ms - opened_->server.cpu_ms)
        .add("waited_ms", closed_->server.waited_ms - opened_->server.waited_ms)
        .add("rss_bytes", closed_->server.rss_bytes);
    window.add("server", server);
  }
  return window;
}

}  // namespace hubbub::load
