#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "load/histogram.h"
#include "load/json_writer.h"
#include "load/loop.h"
#include "load/plan.h"
#include "load/usage.h"

namespace hubbub::load {

// A run in which message n is sent when it is due, whether or not anything came back; after the
// last one it waits for what is still on its way. What is sent, and how one knows that all has
// arrived, is for the kinds of run to say.
class OpenLoop {
 public:
  OpenLoop(const OpenLoop&) = delete;
  OpenLoop& operator=(const OpenLoop&) = delete;

 protected:
  OpenLoop(Loop& loop, const OpenLoopPlan& plan);
  virtual ~OpenLoop() = default;

  void go();

  // False when nobody can take the message.
  virtual bool send(std::uint64_t index, std::int64_t intended_us) = 0;
  // Whether everything sent has arrived.
  virtual bool is_complete() const = 0;
  virtual void window_opened() {}
  virtual void window_closed() {}
  // Does what else is due, between two turns, and says when it wants to be asked again.
  virtual std::int64_t tend(std::int64_t) { return never_us; }

  // What one frame carried, and each of its messages.
  void note_frame(std::size_t messages, std::size_t bytes);
  void note_latency(std::int64_t intended_us, std::int64_t read_at_us);
  void note_disconnect() { ++disconnected_; }
  void note_error(const std::string& code) { ++errors_[code]; }

  // Adds what every run reports.
  void add_to(JsonWriter& report, std::uint64_t sent, std::uint64_t expected_deliveries) const;

  // Later than anything.
  static constexpr std::int64_t never_us = std::int64_t{1} << 50;

  Loop& loop_;
  const std::int64_t started_us_;
  const std::int64_t window_start_us_;
  const std::int64_t window_end_us_;
  // What has not been sent by then never is: the run has taken too long to count.
  const std::int64_t give_up_us_;
  const std::uint64_t planned_;

 private:
  // What is read at each edge of the window.
  struct Edge {
    std::int64_t at_us = 0;
    double client_cpu_ms = 0;
    double client_waited_ms = 0;
    Usage server;
    std::uint64_t deliveries = 0;
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    Loop::Volume volume;
  };

  bool tick();
  std::int64_t next_us() const;
  void drain();
  Edge edge() const;
  JsonWriter window() const;

  const Schedule schedule_;
  const int server_pid_;
  std::uint64_t next_ = 0;
  // When the schedule last had something to send.
  std::int64_t sent_at_us_ = 0;
  std::int64_t tend_us_ = 0;
  std::int64_t ended_us_ = 0;
  Histogram latency_us_;
  Histogram send_lag_us_;
  std::map<std::string, std::uint64_t> errors_;
  std::uint64_t deliveries_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t disconnected_ = 0;
  std::optional<Edge> opened_;
  std::optional<Edge> closed_;
};

}  // namespace hubbub::load
