#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/chat.h"
#include "load/frame_memo.h"
#include "load/ledger.h"

namespace hubbub::load {

class Member;

// Told of everything that is received in a room.
class Observer {
 public:
  // What one frame carried; `read_at_us` is when it was read from the socket.
  virtual void delivered(const Reading& reading, std::int64_t read_at_us) = 0;
  // Somebody who is not counted received so many messages that nobody sent into this room.
  virtual void foreign(std::uint64_t messages) = 0;
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
  // In the order in which they have joined for the first time.
  std::vector<Member*> members;
  FrameMemo memo;
  // The same of single lines, where a server joins them for each connection on its own.
  FrameMemo lines;
  Sent sent;
  ChatWriter writer;
  Observer* observer = nullptr;
  std::vector<std::uint8_t> frame;
};

}  // namespace hubbub::load
