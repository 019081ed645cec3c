#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/loop.h"
#include "load/web_socket.h"

namespace hubbub::load {

// Where a connection goes, and where it comes from.
struct Route {
  sockaddr_storage to{};
  socklen_t to_bytes = 0;
  // Any address when the family is AF_UNSPEC.
  sockaddr_in from{};
};

class ConnectionEvents {
 public:
  virtual void opened() = 0;
  virtual std::size_t recognise(Bytes received) = 0;
  // False when the message is of no use: the connection ends.
  virtual bool message(Opcode opcode, Bytes payload, Bytes frame) = 0;
  // Once, and nothing comes after it. `reason` is empty when nobody failed, `code` that of the
  // server's close frame, 0 when it went without one.
  virtual void closed(std::string_view reason, std::uint16_t code) = 0;

 protected:
  ~ConnectionEvents() = default;
};

// One WebSocket to the server.
class Connection final : private Watcher, private FrameEvents {
 public:
  Connection(Loop& loop, ConnectionEvents& events) : loop_(loop), events_(events) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `request` is the handshake. What goes wrong is told by `closed`, also at once. A connection
  // that is gone may be opened again, never inside a turn: the loop may have news of the old one.
  void open(const Route& route, std::string_view request);
  // False when nothing more can be sent: not open, or the server does not read.
  bool send(Bytes frames);
  // Says goodbye and waits for the end of what the server still sends.
  void close();
  // Ends it at once; `closed` tells the reason.
  void end(std::string_view reason);
  // Ends it at once and without a word, as a client that vanishes: the server sees a reset.
  void cut();
  // Stops reading: the kernel's buffers fill, then the server's. What happens to the connection
  // shows when it reads again.
  void pause();
  void resume();

  bool is_gone() const { return state_ == State::gone; }
  // Of the server's close frame; 0 while there was none.
  std::uint16_t close_code() const { return close_code_; }

 private:
  enum class State : std::uint8_t { idle, connecting, shaking_hands, open, closing, gone };

  void ready(std::uint32_t events) override;
  std::size_t recognise(Bytes received) override;
  bool message(Opcode opcode, Bytes payload, Bytes frame) override;
  void control(Opcode opcode, Bytes payload) override;

  void connected();
  void write(Bytes bytes);
  void flush();
  void watch();
  void receive();
  std::size_t read(Bytes received);

  Loop& loop_;
  ConnectionEvents& events_;
  int socket_ = -1;
  State state_ = State::idle;
  std::uint16_t close_code_ = 0;
  bool is_watching_out_ = false;
  bool is_paused_ = false;
  FrameReader reader_;
  // What begins a frame whose end has yet to come.
  std::vector<std::uint8_t> rest_;
  std::vector<std::uint8_t> unsent_;
  std::string request_;
};

}  // namespace hubbub::load
