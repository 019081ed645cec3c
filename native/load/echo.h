#pragma once

#include <cstdint>
#include <vector>

#include "load/crowd.h"
#include "load/echo_messages.h"
#include "load/json_writer.h"
#include "load/open_loop.h"
#include "load/plan.h"

namespace hubbub::load {

// One run of messages that the server is to return as they are, in whatever order. Message n is
// sent by client n modulo their number.
class Echo final : private OpenLoop, private EchoListener {
 public:
  Echo(Loop& loop, const Crowd& crowd, const EchoPlan& plan);

  // Runs to the end. Answers the report, as bench/load/engine.ts describes it.
  JsonWriter run();

 private:
  // Of one message.
  enum class State : std::uint8_t { unsent, outstanding, answered };

  void answered(std::size_t client, Opcode opcode, Bytes message) override;
  void disconnected() override { note_disconnect(); }

  bool send(std::uint64_t index, std::int64_t intended_us) override;
  bool is_complete() const override { return settled_ == sent_; }

  EchoMessages::Envelope envelope_of(std::uint64_t index) const;
  void note_stranger(Opcode opcode, Bytes message);

  const std::vector<EchoClient*>& clients_;
  const Opcode opcode_;
  EchoMessages messages_;
  // Of the wall clock, when the run began.
  const std::int64_t started_ms_;
  std::vector<State> states_;
  std::vector<std::int64_t> intended_us_;
  std::vector<std::uint8_t> frame_;
  std::uint64_t sent_ = 0;
  // Answered, well or not.
  std::uint64_t settled_ = 0;
  std::uint64_t duplicated_ = 0;
  std::uint64_t mismatched_ = 0;
};

}  // namespace hubbub::load
