#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "load/crowd.h"
#include "load/histogram.h"
#include "load/json_writer.h"
#include "load/plan.h"
#include "load/room.h"
#include "load/usage.h"

namespace hubbub::load {

// One run of traffic over a crowd that has joined. Message n is sent when it is due, whether or not
// anything came back; after the last one the run waits for what is still on its way.
class Traffic final : private Observer {
 public:
  Traffic(Loop& loop, const Crowd& crowd, const TrafficPlan& plan);

  // Runs to the end. Answers the report, as bench/load/port.ts describes it.
  JsonWriter run();

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
  };

  void delivered(const Reading& reading, std::int64_t read_at_us) override;
  void error(const std::string& code) override { ++errors_[code]; }
  void disconnected() override { ++disconnected_; }

  bool tick();
  std::int64_t next_us() const;
  void send(std::uint64_t index, std::int64_t intended_us);
  Edge edge() const;
  void drain();
  bool is_complete() const;
  JsonWriter report();
  JsonWriter window() const;

  Loop& loop_;
  const Crowd& crowd_;
  const TrafficPlan plan_;
  const std::int64_t started_us_;
  const std::int64_t window_start_us_;
  const std::int64_t window_end_us_;
  const std::uint64_t planned_;
  std::uint64_t next_ = 0;
  // When the schedule last had something to send.
  std::int64_t sent_at_us_ = 0;
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
