#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "load/churn.h"
#include "load/crowd.h"
#include "load/json_writer.h"
#include "load/open_loop.h"
#include "load/plan.h"
#include "load/room.h"
#include "load/stall.h"

namespace hubbub::load {

// One run of traffic over a crowd that has joined rooms.
class Traffic final : private OpenLoop, private Observer {
 public:
  // Why a plan cannot be run on this crowd; empty when it can.
  static std::string refusal(const Crowd& crowd, const TrafficPlan& plan);

  Traffic(Loop& loop, const Crowd& crowd, const TrafficPlan& plan);

  // Runs to the end. Answers the report, as bench/load/engine.ts describes it.
  JsonWriter run();

 private:
  void delivered(const Reading& reading, std::int64_t read_at_us) override;
  void foreign(std::uint64_t messages) override { overheard_ += messages; }
  void error(const std::string& code) override { note_error(code); }
  void disconnected() override { note_disconnect(); }

  bool send(std::uint64_t index, std::int64_t intended_us) override;
  bool is_complete() const override;
  void window_opened() override;
  void window_closed() override;
  std::int64_t tend(std::int64_t now_us) override;

  JsonWriter report() const;

  const Crowd& crowd_;
  const std::uint64_t senders_;
  std::optional<Churn> churn_;
  std::optional<Stall> stall_;
  // Foreign messages that somebody received who is not counted.
  std::uint64_t overheard_ = 0;
};

}  // namespace hubbub::load
