#pragma once

#include <cstddef>
#include <cstdint>

#include "load/client.h"
#include "load/web_socket.h"

namespace hubbub::load {

// Told of what comes back.
class EchoListener {
 public:
  virtual void answered(std::size_t client, Opcode opcode, Bytes message) = 0;
  virtual void disconnected() = 0;

 protected:
  ~EchoListener() = default;
};

// A connection that joins nothing: it is in once the server has switched protocols.
class EchoClient final : public Client {
 public:
  EchoClient(Loop& loop, const Route& route, std::string_view request, std::size_t its_number)
      : Client(loop, route, request), number(its_number) {}

  const std::size_t number;
  // Nobody between two runs.
  EchoListener* listener = nullptr;

 private:
  void greet() override { enter(); }
  std::size_t recognise(Bytes) override { return 0; }
  bool message(Opcode opcode, Bytes payload, Bytes) override {
    if (first_message_us == 0) first_message_us = Loop::now_us();
    if (listener != nullptr) listener->answered(number, opcode, payload);
    return true;
  }
  void lost() override {
    if (listener != nullptr) listener->disconnected();
  }
};

}  // namespace hubbub::load
