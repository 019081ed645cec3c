#pragma once

// As much of a test framework as the native tests need: CHECK says which expression failed and
// where, result() is what main returns.

#include <atomic>
#include <cstdio>

namespace hubbub::check {

inline std::atomic<int> failures{0};

inline void report(bool passed, const char* expression, const char* file, int line) {
  if (passed) return;
  failures.fetch_add(1, std::memory_order_relaxed);
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, expression);
}

// The exit code of the test program: 0 when every check held.
inline int result() { return failures.load() == 0 ? 0 : 1; }

}  // namespace hubbub::check

#define CHECK(expression) \
  ::hubbub::check::report(static_cast<bool>(expression), #expression, __FILE__, __LINE__)
