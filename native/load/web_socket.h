#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The client's half of RFC 6455: handshake, frames.
namespace hubbub::load {

using Bytes = std::span<const std::uint8_t>;

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

inline constexpr std::size_t message_bytes_max = 64 * 1024 * 1024;
inline constexpr std::uint16_t close_normal = 1000;

struct Endpoint {
  std::string hostname;
  std::uint16_t port = 0;
  std::string path;
  // Offered in the handshake; none when empty.
  std::string subprotocol;
};

std::string handshake_request(const Endpoint& target);

// The answer to the handshake, once its empty line is there.
struct HandshakeAnswer {
  enum class State : std::uint8_t { partial, switched, refused };
  State state = State::partial;
  // Where the frames begin.
  std::size_t bytes = 0;
  // Why it was refused.
  std::string reason;
};

HandshakeAnswer read_handshake(Bytes received);

// Appends one frame as a client sends it. The mask is zero: as legal as any other, as much work for
// the server, and none for the client.
void append_client_frame(std::vector<std::uint8_t>& out, Opcode opcode, Bytes payload);

// Told what arrives.
class FrameEvents {
 public:
  // Asked before a frame is looked at: how many bytes from the start on are whole frames that the
  // receiver knows as they are, header and all, and has dealt with. 0 when there are none.
  virtual std::size_t recognise(Bytes) { return 0; }
  // A whole text or binary message. `frame` has its header too, when it came as one frame.
  // False when it is of no use: what follows is not read.
  virtual bool message(Opcode opcode, Bytes payload, Bytes frame) = 0;
  // A ping, a pong or a close.
  virtual void control(Opcode opcode, Bytes payload) = 0;

 protected:
  ~FrameEvents() = default;
};

// Cuts what a server sends into frames and puts fragments together.
class FrameReader {
 public:
  // Answers how many bytes were read: the rest begins a frame whose end has yet to come. After an
  // error (`error()` is not empty) nothing more is read.
  std::size_t read(Bytes received, FrameEvents& events);

  // How many bytes the frame that `read` stopped at is known to need, header included.
  std::size_t needed_bytes() const { return needed_bytes_; }
  std::string_view error() const { return error_; }

 private:
  bool dispatch(Opcode opcode, bool is_final, Bytes payload, Bytes frame, FrameEvents& events);
  bool fail(const char* reason);

  std::vector<std::uint8_t> fragments_;
  Opcode fragmented_ = Opcode::continuation;
  std::size_t needed_bytes_ = 2;
  const char* error_ = "";
};

}  // namespace hubbub::load
