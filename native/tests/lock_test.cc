#include "hub/lock.h"

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

using hubbub::Lock;

namespace {

// One lock is one word in every room.
static_assert(sizeof(Lock) == 4);

void lets_one_in_at_a_time() {
  Lock lock;
  std::uint64_t count = 0;
  constexpr std::uint64_t times = 50'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t n = 0; n < times; ++n) {
        const std::lock_guard guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 8 * times);
}

// Holds long enough that the others sleep, and all of them are woken.
void wakes_whoever_sleeps() {
  Lock lock;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        const std::lock_guard guard(lock);
        ++count;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 30);
}

void does_not_wait_when_only_trying() {
  Lock lock;
  CHECK(lock.try_lock());
  CHECK(!lock.try_lock());
  lock.unlock();
  CHECK(lock.try_lock());
  lock.unlock();
}

}  // namespace

int main() {
  lets_one_in_at_a_time();
  wakes_whoever_sleeps();
  does_not_wait_when_only_trying();
  return hubbub::check::result();
}
