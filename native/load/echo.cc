#include "load/echo.h"

#include <chrono>
#include <string_view>

#include "load/chat_reader.h"

namespace hubbub::load {

namespace {

std::int64_t wall_clock_ms() {
  return std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds(1);
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Echo::Echo(Loop& loop, const Crowd& crowd, const EchoPlan& plan)
    : OpenLoop(loop, plan),
      clients_(crowd.echo_clients()),
      opcode_(plan.is_binary ? Opcode::binary : Opcode::text),
      messages_(plan.is_binary, plan.payload_bytes),
      started_ms_(wall_clock_ms()),
      states_(planned_, State::unsent),
      intended_us_(planned_) {
  for (EchoClient* const client : clients_) client->listener = this;
}

JsonWriter Echo::run() {
  go();
  for (EchoClient* const client : clients_) client->listener = nullptr;
  JsonWriter report;
  report.add("lost", sent_ - settled_)
      .add("duplicated", duplicated_)
      .add("mismatched", mismatched_);
  add_to(report, sent_, sent_);
  return report;
}

// What is not whole is an answer all the same: the message is not lost as well.
void Echo::answered(std::size_t client, Opcode opcode, Bytes message) {
  const std::int64_t read_at_us = Loop::now_us();
  const auto index = messages_.index_of(text_of(message));
  const bool is_known = index && *index < states_.size() && states_[*index] != State::unsent &&
                        *index % clients_.size() == client;
  if (!is_known) return note_stranger(opcode, message);
  const bool is_whole =
      opcode == opcode_ && messages_.is_same(text_of(message), envelope_of(*index));
  State& state = states_[*index];
  if (state == State::answered) {
    ++(is_whole ? duplicated_ : mismatched_);
    return;
  }
  state = State::answered;
  ++settled_;
  if (!is_whole) {
    ++mismatched_;
    return;
  }
  note_frame(1, message.size());
  note_latency(intended_us_[*index], read_at_us);
}

bool Echo::send(std::uint64_t index, std::int64_t intended_us) {
  intended_us_[index] = intended_us;
  frame_.clear();
  const std::string_view message = messages_.write(envelope_of(index));
  append_client_frame(
      frame_, opcode_, {reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
  if (!clients_[index % clients_.size()]->send(frame_)) return false;
  states_[index] = State::outstanding;
  ++sent_;
  return true;
}

EchoMessages::Envelope Echo::envelope_of(std::uint64_t index) const {
  return {
      .message_id = index,
      .client_id = static_cast<std::uint32_t>(index % clients_.size()),
      .timestamp_ms = started_ms_ + (intended_us_[index] - started_us_) / 1'000,
  };
}

// No answer to anything sent in this run: perhaps an error, else a mismatch.
void Echo::note_stranger(Opcode opcode, Bytes message) {
  Reading reading;
  const bool is_error = opcode == Opcode::text && read_json("", text_of(message), reading) &&
                        !reading.errors.empty();
  if (!is_error) {
    ++mismatched_;
    return;
  }
  for (const std::string& code : reading.errors) note_error(code);
}

}  // namespace hubbub::load
