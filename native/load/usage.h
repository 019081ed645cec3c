#pragma once

#include <cstdint>

// What the kernel knows about processes.
namespace hubbub::load {

// Processor time of this process, all threads.
double own_cpu_ms();

struct Usage {
  double cpu_ms = 0;
  // How long the main thread was ready to run without a core to run on.
  double waited_ms = 0;
  std::uint64_t rss_bytes = 0;
};

// Zeros for a process that has ended. `pid` 0 is this one.
Usage usage_of(int pid);

}  // namespace hubbub::load
