// A room server that does as little as one can, to calibrate the load engine against: `join` and
// `chat` of the contract in JSON, on one thread, for clients that trust it. No limits, no checks, no
// pings. Messages leave one by one, or, with `--window-ms n`, a window's frames in one write.
//
//   hubbub_load_sink [--window-ms n]
//
// It takes a free port, says which on stderr and runs until it is killed.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/json_object.h"
#include "load/loop.h"
#include "load/web_socket.h"

namespace {

using namespace hubbub::load;

constexpr std::string_view chat = R"({"type":"chat")";
constexpr std::string_view message = R"({"type":"message")";
// The answer to the one key that the engine has.
constexpr std::string_view switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
constexpr std::size_t receive_bytes = 64 * 1024;
// For a client that does not read; what comes on top is dropped, and the engine finds it lost.
constexpr std::size_t unsent_bytes_max = 16 * 1024 * 1024;
constexpr int backlog = 4096;
// Some three years.
constexpr std::int64_t never_us = 100'000'000'000'000;

void append_frame(std::vector<std::uint8_t>& out, std::string_view head, std::string_view tail) {
  const std::size_t size = head.size() + tail.size();
  out.push_back(0x81);
  if (size < 126) {
    out.push_back(static_cast<std::uint8_t>(size));
  } else {
    out.push_back(126);
    out.push_back(static_cast<std::uint8_t>(size >> 8));
    out.push_back(static_cast<std::uint8_t>(size));
  }
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), tail.begin(), tail.end());
}

class Client;
class Sink;

struct Room {
  std::vector<Client*> members;
  // Frames of the window that is open.
  std::vector<std::uint8_t> waiting;
};

class Client final : private Watcher {
 public:
  Client(Loop& loop, int socket, Sink& sink) : loop_(loop), socket_(socket), sink_(sink) {
    loop_.add(socket_, EPOLLIN, *this);
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void write(Bytes bytes) {
    if (unsent_.size() > unsent_bytes_max) return;
    std::size_t written = 0;
    if (unsent_.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) written = static_cast<std::size_t>(sent);
      if (written == bytes.size()) return;
      loop_.change(socket_, EPOLLIN | EPOLLOUT, *this);
    }
    const Bytes rest = bytes.subspan(written);
    unsent_.insert(unsent_.end(), rest.begin(), rest.end());
  }

 private:
  void ready(std::uint32_t events) override;
  bool receive();
  void take_frames();
  void flush();

  Loop& loop_;
  int socket_;
  Sink& sink_;
  bool is_open_ = false;
  std::string received_;
  std::vector<std::uint8_t> unsent_;
};

class Sink final : private Watcher {
 public:
  Sink(Loop& loop, int listener, std::int64_t window_us)
      : loop_(loop), listener_(listener), window_us_(window_us) {
    loop_.add(listener_, EPOLLIN, *this);
  }

  void turn() {
    loop_.turn(window_end_us_);
    gone_.clear();
    if (Loop::now_us() < window_end_us_) return;
    window_end_us_ = never_us;
    for (auto& [name, room] : rooms_) {
      if (room.waiting.empty()) continue;
      for (Client* const member : room.members) member->write(room.waiting);
      room.waiting.clear();
    }
  }

  void hear(Client& client, std::string_view payload) {
    std::string_view room_name;
    JsonObject object(payload);
    while (const auto member = object.next()) {
      if (member->name == "room") room_name = member->value;
    }
    Room& room = rooms_[std::string(room_name)];
    if (!payload.starts_with(chat)) {
      room.members.push_back(&client);
      std::vector<std::uint8_t> joined;
      append_frame(joined, R"({"type":"joined"})", {});
      client.write(joined);
      return;
    }
    append_frame(room.waiting, message, payload.substr(chat.size()));
    if (window_us_ > 0) {
      window_end_us_ = std::min(window_end_us_, Loop::now_us() + window_us_);
      return;
    }
    for (Client* const member : room.members) member->write(room.waiting);
    room.waiting.clear();
  }

  void leave(Client& client) {
    for (auto& [name, room] : rooms_) std::erase(room.members, &client);
    const auto is_it = [&](const auto& one) { return one.get() == &client; };
    const auto place = std::find_if(clients_.begin(), clients_.end(), is_it);
    gone_.push_back(std::move(*place));
    clients_.erase(place);
  }

 private:
  void ready(std::uint32_t) override {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      clients_.push_back(std::make_unique<Client>(loop_, socket, *this));
    }
  }

  Loop& loop_;
  int listener_;
  std::int64_t window_us_;
  std::int64_t window_end_us_ = never_us;
  std::map<std::string, Room> rooms_;
  std::vector<std::unique_ptr<Client>> clients_;
  // Until the turn in which they have left is over.
  std::vector<std::unique_ptr<Client>> gone_;
};

void Client::ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !receive()) {
    loop_.remove(socket_);
    sink_.leave(*this);
  }
}

// False at the end of the connection.
bool Client::receive() {
  char part[receive_bytes];
  const ssize_t got = recv(socket_, part, sizeof part, 0);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  received_.append(part, static_cast<std::size_t>(got));
  if (!is_open_) {
    const std::size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    received_.erase(0, end + 4);
    is_open_ = true;
    write({reinterpret_cast<const std::uint8_t*>(switching.data()), switching.size()});
  }
  take_frames();
  return true;
}

// Text frames of up to 64 KiB whose mask is zero, as the engine sends them; others are passed over.
void Client::take_frames() {
  std::size_t at = 0;
  for (;;) {
    const std::string_view rest = std::string_view(received_).substr(at);
    if (rest.size() < 4) break;
    const auto byte = [&](std::size_t place) { return static_cast<std::uint8_t>(rest[place]); };
    const bool is_short = (byte(1) & 0x7f) < 126;
    const std::size_t size = is_short ? byte(1) & 0x7fU : byte(2) * 256U + byte(3);
    const std::size_t header = is_short ? 6 : 8;
    if (rest.size() < header + size) break;
    if (byte(0) == 0x81) sink_.hear(*this, rest.substr(header, size));
    at += header + size;
  }
  received_.erase(0, at);
}

void Client::flush() {
  const ssize_t sent = send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(unsent_.begin(), unsent_.begin() + sent);
  if (unsent_.empty()) loop_.change(socket_, EPOLLIN, *this);
}

int fail(const char* what) {
  std::perror(what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool has_window = argc == 3 && std::strcmp(argv[1], "--window-ms") == 0;
  if (argc != 1 && !has_window) {
    std::fprintf(stderr, "usage: hubbub_load_sink [--window-ms n]\n");
    return 2;
  }
  const std::int64_t window_us = has_window ? std::atoll(argv[2]) * 1'000 : 0;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail("setrlimit");
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t bytes = sizeof address;
  if (bind(listener, generic, bytes) != 0 || listen(listener, backlog) != 0) return fail("listen");
  if (getsockname(listener, generic, &bytes) != 0) return fail("getsockname");
  std::fprintf(stderr, "{\"port\":%d,\"msg\":\"listening\"}\n", ntohs(address.sin_port));
  Loop loop;
  Sink sink(loop, listener, window_us);
  for (;;) sink.turn();
}
