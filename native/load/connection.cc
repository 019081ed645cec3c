#include "load/connection.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace hubbub::load {

namespace {

// What is read at a time: a little more than the kernel usually has.
constexpr std::size_t receive_bytes = 128 * 1024;
// Unsent bytes at which sending is refused: the server has stopped reading.
constexpr std::size_t unsent_bytes_max = 1024 * 1024;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Connection::~Connection() {
  if (socket_ >= 0) ::close(socket_);
}

void Connection::open(const Route& route, std::string_view request) {
  request_ = request;
  state_ = State::connecting;
  close_code_ = 0;
  is_paused_ = false;
  reader_ = FrameReader();
  rest_.clear();
  unsent_.clear();
  socket_ = socket(route.to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return end(std::strerror(errno));
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (route.from.sin_family == AF_INET) {
    // The port is chosen when the destination is known: each source has all of them for itself.
    setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const auto* const from = reinterpret_cast<const sockaddr*>(&route.from);
    if (bind(socket_, from, sizeof route.from) != 0) return end(std::strerror(errno));
  }
  const auto* const to = reinterpret_cast<const sockaddr*>(&route.to);
  if (connect(socket_, to, route.to_bytes) != 0 && errno != EINPROGRESS) {
    return end(std::strerror(errno));
  }
  is_watching_out_ = true;
  loop_.add(socket_, EPOLLIN | EPOLLOUT, *this);
}

bool Connection::send(Bytes frames) {
  if (state_ != State::open || unsent_.size() > unsent_bytes_max) return false;
  write(frames);
  return true;
}

void Connection::close() {
  if (state_ == State::open) {
    std::vector<std::uint8_t> goodbye;
    const std::array<std::uint8_t, 2> code = {close_normal >> 8, close_normal & 0xff};
    append_client_frame(goodbye, Opcode::close, code);
    write(goodbye);
    state_ = State::closing;
    if (unsent_.empty()) shutdown(socket_, SHUT_WR);
  } else if (state_ != State::closing) {
    end("");
  }
}

void Connection::end(std::string_view reason) {
  if (state_ == State::gone) return;
  state_ = State::gone;
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  events_.closed(reason, close_code_);
}

void Connection::cut() {
  if (state_ == State::gone) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  end("");
}

void Connection::pause() {
  if (is_paused_ || state_ != State::open) return;
  is_paused_ = true;
  loop_.remove(socket_);
}

void Connection::resume() {
  if (!is_paused_ || state_ == State::gone) return;
  is_paused_ = false;
  is_watching_out_ = !unsent_.empty();
  loop_.add(socket_, is_watching_out_ ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
}

void Connection::ready(std::uint32_t events) {
  if (state_ == State::gone) return;
  if (state_ == State::connecting) connected();
  if (state_ == State::gone) return;
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
}

std::size_t Connection::recognise(Bytes received) {
  return state_ == State::open ? events_.recognise(received) : 0;
}

bool Connection::message(Opcode opcode, Bytes payload, Bytes frame) {
  // Ended by what came before in the same read.
  if (state_ == State::gone) return true;
  // What the server still had to say when it was told goodbye counts, too.
  return events_.message(opcode, payload, frame);
}

void Connection::control(Opcode opcode, Bytes payload) {
  if (state_ == State::gone) return;
  if (opcode == Opcode::ping) {
    std::vector<std::uint8_t> answer;
    append_client_frame(answer, Opcode::pong, payload);
    send(answer);
  } else if (opcode == Opcode::close) {
    if (payload.size() >= 2) close_code_ = static_cast<std::uint16_t>(payload[0] << 8 | payload[1]);
    close();
  }
}

void Connection::connected() {
  int error = 0;
  socklen_t bytes = sizeof error;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &bytes);
  if (error != 0) return end(std::strerror(error));
  state_ = State::shaking_hands;
  write(bytes_of(request_));
  request_ = {};
}

void Connection::write(Bytes bytes) {
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  if (unsent_.size() == bytes.size()) flush();
}

void Connection::flush() {
  if (!unsent_.empty()) {
    const ssize_t sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    // An error also shows on reading, and ends the connection there.
    if (sent > 0) {
      unsent_.erase(unsent_.begin(), unsent_.begin() + sent);
      loop_.volume.bytes_out += static_cast<std::uint64_t>(sent);
    }
    if (unsent_.empty() && state_ == State::closing) shutdown(socket_, SHUT_WR);
  }
  watch();
}

void Connection::watch() {
  if (is_paused_ || is_watching_out_ == !unsent_.empty()) return;
  is_watching_out_ = !unsent_.empty();
  loop_.change(socket_, is_watching_out_ ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
}

void Connection::receive() {
  const std::size_t before = rest_.size();
  const std::size_t missing = reader_.needed_bytes() > before ? reader_.needed_bytes() - before : 0;
  std::vector<std::uint8_t>& buffer = loop_.buffer(before + std::max(receive_bytes, missing));
  std::copy(rest_.begin(), rest_.end(), buffer.begin());
  const ssize_t got = recv(socket_, buffer.data() + before, buffer.size() - before, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end(got == 0 || state_ == State::closing ? "" : std::strerror(errno));
  loop_.volume.bytes_in += static_cast<std::uint64_t>(got);
  const Bytes received = Bytes(buffer).first(before + static_cast<std::size_t>(got));
  const std::size_t used = read(received);
  if (state_ == State::gone) return;
  rest_.assign(received.begin() + static_cast<std::ptrdiff_t>(used), received.end());
  if (!reader_.error().empty()) end(reader_.error());
}

std::size_t Connection::read(Bytes received) {
  std::size_t at = 0;
  if (state_ == State::shaking_hands) {
    const HandshakeAnswer answer = read_handshake(received);
    if (answer.state == HandshakeAnswer::State::refused) end(answer.reason);
    if (answer.state != HandshakeAnswer::State::switched) return 0;
    at = answer.bytes;
    state_ = State::open;
    events_.opened();
  }
  return at + reader_.read(received.subspan(at), *this);
}

}  // namespace hubbub::load
