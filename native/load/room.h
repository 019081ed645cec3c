#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "load/chat.h"
#include "load/connection.h"
#include "load/frame_memo.h"
#include "load/ledger.h"

namespace hubbub::load {

class Member;

// Told of everything that members receive.
class Observer {
 public:
  // What one frame carried; `read_at_us` is when it was read from the socket.
  virtual void delivered(const Reading& reading, std::int64_t read_at_us) = 0;
  virtual void error(const std::string& code) = 0;
  virtual void disconnected() = 0;

 protected:
  ~Observer() = default;
};

// One room of the crowd: its members, who of them sends, and what has been sent.
struct Room {
  Room(std::string room_name, Encoding how) : name(std::move(room_name)), encoding(how) {}

  // Forgets earlier traffic. The first `senders` members will send.
  void begin(std::size_t senders, std::size_t payload_bytes, Observer& whoever);
  // False when the sender cannot take the message.
  bool send(std::size_t sender, std::int64_t intended_us);

  std::string name;
  Encoding encoding;
  // In the order in which they have joined.
  std::vector<Member*> members;
  FrameMemo memo;
  Sent sent;
  ChatWriter writer;
  Observer* observer = nullptr;
  std::vector<std::uint8_t> frame;
};

// Told how members come in.
class Doorkeeper {
 public:
  virtual void joined(Member& member) = 0;
  // Before it has joined.
  virtual void failed(Member& member, std::string_view reason) = 0;

 protected:
  ~Doorkeeper() = default;
};

// One connection that joins one room and reads everything said there.
class Member final : private ConnectionEvents {
 public:
  Member(Loop& loop, Room& room, Doorkeeper& doorkeeper);

  void join(const Route& route, std::string_view request);
  bool send(Bytes frame) { return connection_.send(frame); }
  void close() { connection_.close(); }
  void end(std::string_view reason) { connection_.end(reason); }
  bool is_gone() const { return connection_.is_gone(); }
  bool has_joined() const { return has_joined_; }

  Room& room;
  Ledger ledger;
  // On the engine's clock; 0 for what has not happened.
  std::int64_t started_us = 0;
  std::int64_t opened_us = 0;
  std::int64_t first_message_us = 0;

 private:
  void opened() override;
  std::size_t recognise(Bytes received) override;
  bool message(Opcode opcode, Bytes payload, Bytes frame) override;
  void closed(std::string_view reason, std::uint16_t code) override;

  void received(const Reading& reading);
  void answer(Cue cue);

  Doorkeeper& doorkeeper_;
  Connection connection_;
  FrameMemo::Place place_ = 0;
  bool has_joined_ = false;
};

}  // namespace hubbub::load
