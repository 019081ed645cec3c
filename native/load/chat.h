#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/ledger.h"
#include "load/web_socket.h"

// The messages of the benchmark, as bench/load/chat.ts has them. A text is
// `<sender>:<sequence>:<intended_us>:` and as many `x` as the payload needs: what a receiver has to
// know travels inside it, through any server.
namespace hubbub::load {

// The member's own words: a member joins one room.
void append_join(std::vector<std::uint8_t>& out, std::string_view room);

// Writes chat frames for one room whose JSON has exactly `payload_bytes`.
class ChatWriter {
 public:
  ChatWriter() = default;
  ChatWriter(std::string_view room, std::size_t payload_bytes);

  // `intended_us`: when the message was to be sent, on the run's clock.
  void append(std::vector<std::uint8_t>& out, std::size_t sender, std::uint64_t sequence,
              std::int64_t intended_us);

 private:
  std::string payload_;
  std::size_t prefix_bytes_ = 0;
  std::size_t text_bytes_ = 0;
};

// What a frame says.
struct Reading {
  std::vector<Received> messages;
  // Of the messages alone: without frame headers, without what stands between messages.
  std::size_t bytes = 0;
  bool has_joined = false;
  // Codes of `error` messages.
  std::vector<std::string> errors;

  void clear();
};

// Reads a text frame of JSON objects, one or more, with `\n` between. A message of another room than
// `room`, or one whose text has another form, is nobody's. False when it is not JSON.
bool read_json(std::string_view room, std::string_view frame, Reading& reading);

// What a text says; nobody's when it has another form.
Received read_text(std::string_view text);

}  // namespace hubbub::load
