#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "load/connection.h"

namespace hubbub::load {

class Client;

// Told how clients come in.
class Doorkeeper {
 public:
  virtual void joined(Client& client) = 0;
  // Before it was in.
  virtual void failed(Client& client, std::string_view reason) = 0;

 protected:
  ~Doorkeeper() = default;
};

// One connection that comes in, and may be lost and come in again. What being in means is for the
// kinds of client to say.
class Client : private ConnectionEvents {
 public:
  // `request` is the handshake, and outlives the client.
  Client(Loop& loop, const Route& route, std::string_view request)
      : route_(route), request_(request), connection_(loop, *this) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Connects and comes in; the doorkeeper is told, once, how that ends. The client has no
  // connection, or has lost it, and no turn of the loop is under way. Times count from `due_us`.
  void join(std::int64_t due_us, Doorkeeper& doorkeeper);

  bool send(Bytes frame) { return connection_.send(frame); }
  void close() { connection_.close(); }
  void end(std::string_view reason) { connection_.end(reason); }
  void cut() { connection_.cut(); }
  void pause() { connection_.pause(); }
  void resume() { connection_.resume(); }
  bool is_gone() const { return connection_.is_gone(); }
  std::uint16_t close_code() const { return connection_.close_code(); }
  bool has_joined() const { return has_joined_; }

  // Of the latest connection, on the engine's clock; 0 for what has not happened.
  std::int64_t started_us = 0;
  std::int64_t opened_us = 0;
  std::int64_t first_message_us = 0;

 protected:
  // Tells the doorkeeper, the first time.
  void enter();

 private:
  void opened() final;
  void closed(std::string_view reason, std::uint16_t code) final;

  // What there is to say once the server has switched protocols.
  virtual void greet() = 0;
  // The connection ended: after it had come in, or before.
  virtual void lost() = 0;
  virtual void turned_away() {}

  const Route route_;
  const std::string_view request_;
  Doorkeeper* doorkeeper_ = nullptr;
  bool has_joined_ = false;
  Connection connection_;
};

}  // namespace hubbub::load
