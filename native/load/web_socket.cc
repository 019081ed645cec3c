#include "load/web_socket.h"

#include <algorithm>

namespace hubbub::load {

namespace {

// The key of RFC 6455, section 1.3, and the answer to it: any key will do between programs that
// trust one another, and with this one the answer can be checked without a SHA-1.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr std::size_t headers_bytes_max = 16 * 1024;
constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::size_t control_bytes_max = 125;

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_control(Opcode opcode) { return (static_cast<std::uint8_t>(opcode) & 0x8) != 0; }

bool is_known(Opcode opcode) {
  switch (opcode) {
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      return true;
  }
  return false;
}

std::uint64_t big_endian(Bytes bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

std::string handshake_request(const Endpoint& target) {
  std::string request = "GET " + target.path + " HTTP/1.1\r\nHost: " + target.hostname + ':' +
                        std::to_string(target.port) +
                        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ";
  request += key;
  request += "\r\nSec-WebSocket-Version: 13\r\n";
  if (!target.subprotocol.empty()) {
    request += "Sec-WebSocket-Protocol: " + target.subprotocol + "\r\n";
  }
  return request + "\r\n";
}

HandshakeAnswer read_handshake(Bytes received) {
  using State = HandshakeAnswer::State;
  const std::string_view text = text_of(received);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (text.size() < headers_bytes_max) return {};
    return {State::refused, 0, "the server's answer to the handshake has no end"};
  }
  const std::string_view status = text.substr(0, text.find("\r\n"));
  if (!status.starts_with("HTTP/1.1 101")) {
    return {State::refused, 0,
            "the server answered the handshake with \"" + std::string(status) + '"'};
  }
  // The value alone is looked for: no other header could hold it.
  if (text.substr(0, end).find(accept) == std::string_view::npos) {
    return {State::refused, 0, "the server's Sec-WebSocket-Accept is wrong"};
  }
  return {State::switched, end + 4, {}};
}

void append_client_frame(std::vector<std::uint8_t>& out, Opcode opcode, Bytes payload) {
  out.push_back(static_cast<std::uint8_t>(final_bit | static_cast<std::uint8_t>(opcode)));
  const std::size_t size = payload.size();
  if (size < 126) {
    out.push_back(static_cast<std::uint8_t>(mask_bit | size));
  } else {
    const bool is_medium = size <= 0xffff;
    out.push_back(mask_bit | (is_medium ? 126 : 127));
    for (int shift = is_medium ? 8 : 56; shift >= 0; shift -= 8) {
      out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(size) >> shift));
    }
  }
  out.insert(out.end(), 4, 0);
  out.insert(out.end(), payload.begin(), payload.end());
}

std::size_t FrameReader::read(Bytes received, FrameEvents& events) {
  std::size_t at = 0;
  while (*error_ == '\0') {
    const Bytes rest = received.subspan(at);
    // A frame between fragments is a control frame; nobody knows those.
    const std::size_t known = events.recognise(rest);
    at += known;
    if (known > 0) continue;
    needed_bytes_ = 2;
    if (rest.size() < needed_bytes_) break;
    const std::uint8_t length = rest[1];
    if ((length & mask_bit) != 0) fail("the server sent a masked frame");
    if ((rest[0] & reserved_bits) != 0) fail("the server set a reserved bit");
    const std::size_t header = length < 126 ? 2 : length == 126 ? 4 : 10;
    needed_bytes_ = header;
    if (*error_ != '\0' || rest.size() < header) break;
    const std::uint64_t size = header == 2 ? length : big_endian(rest.subspan(2, header - 2));
    if (size > message_bytes_max) {
      fail("the server sent a frame that is too long");
      break;
    }
    needed_bytes_ = header + static_cast<std::size_t>(size);
    if (rest.size() < needed_bytes_) break;
    const auto opcode = static_cast<Opcode>(rest[0] & 0xf);
    const Bytes frame = rest.first(needed_bytes_);
    at += frame.size();
    const bool is_final = (rest[0] & final_bit) != 0;
    if (!dispatch(opcode, is_final, frame.subspan(header), frame, events)) break;
  }
  return at;
}

bool FrameReader::dispatch(Opcode opcode, bool is_final, Bytes payload, Bytes frame,
                           FrameEvents& events) {
  if (!is_known(opcode)) return fail("the server sent a frame of an unknown kind");
  if (is_control(opcode)) {
    if (!is_final || payload.size() > control_bytes_max) {
      return fail("the server sent a control frame that is fragmented or too long");
    }
    events.control(opcode, payload);
    return true;
  }
  const bool is_continued = fragmented_ != Opcode::continuation;
  if ((opcode == Opcode::continuation) != is_continued) {
    return fail("the server sent fragments that do not belong together");
  }
  if (is_final && !is_continued) {
    return events.message(opcode, payload, frame) || fail("the server sent nonsense");
  }
  if (fragments_.size() + payload.size() > message_bytes_max) {
    return fail("the server sent a message that is too long");
  }
  fragments_.insert(fragments_.end(), payload.begin(), payload.end());
  if (!is_continued) fragmented_ = opcode;
  if (!is_final) return true;
  const bool is_read = events.message(fragmented_, fragments_, {});
  fragments_.clear();
  fragmented_ = Opcode::continuation;
  return is_read || fail("the server sent nonsense");
}

bool FrameReader::fail(const char* reason) {
  error_ = reason;
  return false;
}

}  // namespace hubbub::load
