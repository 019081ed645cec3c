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

enum class Encoding : std::uint8_t {
  // Text frames of JSON objects, one or, with `\n` between them, several.
  json,
  // Binary frames of MessagePack maps, one or several, one behind the other.
  messagepack,
  // Packets of Socket.IO 5 over Engine.IO 4: an event has the type as its name and an object.
  socket_io,
  // Centrifugo's client protocol in JSON: commands, replies and pushes, several with `\n` between
  // them. The room is a channel, and the text stands in an object, which is what is published.
  centrifugo,
};

// Writes chat frames for one room.
class ChatWriter {
 public:
  ChatWriter() = default;
  // `payload_bytes` is the size of a message in JSON: in other encodings it has the same text.
  ChatWriter(Encoding encoding, std::string_view room, std::size_t payload_bytes);

  // `intended_us`: when the message was to be sent, on the run's clock.
  void append(std::vector<std::uint8_t>& out, std::size_t sender, std::uint64_t sequence,
              std::int64_t intended_us);

 private:
  Encoding encoding_ = Encoding::json;
  std::string payload_;
  std::size_t prefix_bytes_ = 0;
  std::size_t text_bytes_ = 0;
};

// What the server waits for before it goes on.
enum class Cue : std::uint8_t { none, connect, join, pong };

// What a frame says.
struct Reading {
  // Adds what comes behind it in the same frame.
  Reading& operator+=(const Reading& part);

  std::vector<Received> messages;
  // Of the messages alone: without frame headers, without what stands between messages.
  std::size_t bytes = 0;
  bool has_joined = false;
  // Codes of `error` messages.
  std::vector<std::string> errors;
  Cue cue = Cue::none;
};

// Reads a frame from the server. A message of another room than `room`, or one whose text has
// another form, is nobody's. False when it is not of this encoding.
bool read_frame(Encoding encoding, std::string_view room, Opcode opcode, Bytes payload,
                Reading& reading);

// What a client is to say once its WebSocket is open; none when the server speaks first.
Cue first_cue(Encoding encoding);

// The answer to a cue, if there is one. A member joins one room.
void append_answer(std::vector<std::uint8_t>& out, Encoding encoding, std::string_view room,
                   Cue cue);

// What a text says; nobody's when it has another form.
Received read_text(std::string_view text);

}  // namespace hubbub::load
