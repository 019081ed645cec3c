#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace hubbub {

#ifdef HUBBUB_LOCK_POINTS
// A test that decides itself which thread goes on next. A lock asks for a number when it is made. Who
// wants it says so before trying, and again whenever it is taken; who unlocks it says so afterwards.
std::size_t lock_made();
void lock_wanted(std::size_t lock);
void lock_taken(std::size_t lock);
void lock_opened(std::size_t lock);
#endif

// A mutex for short holds: one word, so that every room can have its own, and it pauses a little
// before it sleeps. A pure spin lock starves whoever shares a core with the holder; a mutex that
// sleeps at once pays for two system calls where the wait would have been a few nanoseconds.
class Lock {
 public:
  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() noexcept {
#ifdef HUBBUB_LOCK_POINTS
    lock_wanted(number_);
    while (!try_lock()) lock_taken(number_);
#else
    if (!try_lock()) wait_and_lock();
#endif
  }

  [[nodiscard]] bool try_lock() noexcept {
    std::uint32_t expected = open;
    return state_.compare_exchange_strong(expected, taken, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }

  void unlock() noexcept {
    if (state_.exchange(open, std::memory_order_release) == awaited) state_.notify_one();
#ifdef HUBBUB_LOCK_POINTS
    lock_opened(number_);
#endif
  }

 private:
  static constexpr std::uint32_t open = 0;
  static constexpr std::uint32_t taken = 1;
  // Taken, and perhaps somebody sleeps: whoever unlocks has to wake one.
  static constexpr std::uint32_t awaited = 2;
  static constexpr int pauses_max = 64;

  void wait_and_lock() noexcept {
    for (int pauses = 0; pauses < pauses_max; ++pauses) {
      if (state_.load(std::memory_order_relaxed) == open && try_lock()) return;
      pause();
    }
    // Whoever has slept does not know whether others still do, and so leaves the lock `awaited`.
    while (state_.exchange(awaited, std::memory_order_acquire) != open) {
      state_.wait(awaited, std::memory_order_relaxed);
    }
  }

  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield" ::: "memory");
#endif
  }

  std::atomic<std::uint32_t> state_{open};
#ifdef HUBBUB_LOCK_POINTS
  const std::size_t number_ = lock_made();
#endif
};

}  // namespace hubbub
