#pragma once

#include <cstdint>
#include <vector>

namespace hubbub::load {

// Whoever waits for a file descriptor.
class Watcher {
 public:
  // `events` as epoll tells them.
  virtual void ready(std::uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

// One thread's epoll. A watcher lives until no turn can be under way any more.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Monotonic, since the process began to count.
  static std::int64_t now_us();

  void add(int descriptor, std::uint32_t events, Watcher& watcher);
  void change(int descriptor, std::uint32_t events, Watcher& watcher);
  void remove(int descriptor);

  // Tells all who are ready; waits for somebody until `until_us` at the latest.
  void turn(std::int64_t until_us);
  // From now on turns begin at least this far apart, unless `until_us` comes first: what arrives in
  // between is read at once. Where that is not enough they move further apart, up to a
  // millisecond, so that about half of the time is left. 0 reads everything as it comes.
  void pace(std::int64_t apart_us) { apart_us_ = apart_us; }

  // What all connections have read from the network and written to it, headers and all.
  struct Volume {
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
  };
  Volume volume;

  // Where all connections read into, one after the other: at least `bytes` long.
  std::vector<std::uint8_t>& buffer(std::size_t bytes);

 private:
  void rest(std::int64_t until_us);
  void arm(std::int64_t at_us);

  int epoll_;
  int timer_;
  std::int64_t armed_us_ = 0;
  std::int64_t apart_us_ = 0;
  std::int64_t turned_us_ = 0;
  std::int64_t woken_us_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace hubbub::load
