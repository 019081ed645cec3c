#pragma once

#include <cstdint>

namespace hubbub::load {

// When each message of a run is to be sent, whatever the server does (open loop).
struct Schedule {
  enum class Pattern : std::uint8_t { fixed, burst, ramp };

  Pattern pattern = Pattern::fixed;
  // Messages a second; a ramp begins at none and ends there.
  double rate = 1;
  // How many go out at once; bursts stand as far apart as the rate wants.
  std::uint64_t burst_size = 1;
  // How long the rate takes to rise.
  double ramp_us = 0;

  // Microseconds after the start at which message `index` is due; never falls.
  std::int64_t due_us(std::uint64_t index) const;
  // How many messages are due before `time_us`.
  std::uint64_t due_before(std::int64_t time_us) const;
};

}  // namespace hubbub::load
