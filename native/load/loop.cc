#include "load/loop.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace hubbub::load {

namespace {

constexpr std::size_t events_max = 1024;
// What is read that late would look like the server's latency.
constexpr std::int64_t apart_us_max = 1'000;

std::int64_t clock_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

const std::int64_t epoch_ns = clock_ns();

// As the system's calls take it.
timespec at_clock(std::int64_t at_us) {
  const std::int64_t at_ns = at_us * 1'000 + epoch_ns;
  timespec at{};
  at.tv_sec = at_ns / 1'000'000'000;
  at.tv_nsec = at_ns % 1'000'000'000;
  return at;
}

// What the engine cannot do without.
int required(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::abort();
}

}  // namespace

Loop::Loop()
    : epoll_(required(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_(required(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd")) {
  // Edge triggered, so that nobody has to read it: it is armed anew before each wait.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  required(epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event), "epoll_ctl");
  // Messages are due to the microsecond; the kernel would group wake-ups of 50 of them.
  required(prctl(PR_SET_TIMERSLACK, 1), "prctl");
}

Loop::~Loop() {
  close(timer_);
  close(epoll_);
}

std::int64_t Loop::now_us() { return (clock_ns() - epoch_ns) / 1'000; }

void Loop::add(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  required(epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

void Loop::change(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  required(epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event), "epoll_ctl");
}

void Loop::remove(int descriptor) {
  required(epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr), "epoll_ctl");
}

void Loop::turn(std::int64_t until_us) {
  rest(until_us);
  const bool is_due = until_us <= now_us();
  if (!is_due) arm(until_us);
  std::array<epoll_event, events_max> events;
  const int count = epoll_wait(epoll_, events.data(), events_max, is_due ? 0 : -1);
  if (count < 0 && errno != EINTR) required(count, "epoll_wait");
  woken_us_ = now_us();
  for (int index = 0; index < count; ++index) {
    const epoll_event& event = events[static_cast<std::size_t>(index)];
    if (event.data.ptr != nullptr) static_cast<Watcher*>(event.data.ptr)->ready(event.events);
  }
}

std::vector<std::uint8_t>& Loop::buffer(std::size_t bytes) {
  if (buffer_.size() < bytes) buffer_.resize(bytes);
  return buffer_;
}

void Loop::rest(std::int64_t until_us) {
  if (apart_us_ == 0) return;
  const std::int64_t worked_us = now_us() - woken_us_;
  const std::int64_t apart_us = std::max(apart_us_, std::min(2 * worked_us, apart_us_max));
  const std::int64_t next_us = std::min(turned_us_ + apart_us, until_us);
  if (next_us > now_us()) {
    const timespec at = at_clock(next_us);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
  }
  turned_us_ = now_us();
}

void Loop::arm(std::int64_t at_us) {
  // It is still to come, so the timer that was set for then has not gone off yet.
  if (at_us == armed_us_) return;
  armed_us_ = at_us;
  itimerspec when{};
  when.it_value = at_clock(at_us);
  required(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr), "timerfd_settime");
}

}  // namespace hubbub::load
