#include "load/schedule.h"

#include <cmath>

namespace hubbub::load {

std::int64_t Schedule::due_us(std::uint64_t index) const {
  const auto number = static_cast<double>(index);
  switch (pattern) {
    case Pattern::burst: {
      const auto first = static_cast<double>(index / burst_size * burst_size);
      return static_cast<std::int64_t>(first * 1e6 / rate);
    }
    case Pattern::ramp: {
      // While the rate rises, rate * t^2 / (2 * ramp) messages have been due at t.
      const double during_ramp = rate * ramp_us / 2e6;
      if (number >= during_ramp) {
        return static_cast<std::int64_t>(ramp_us + (number - during_ramp) * 1e6 / rate);
      }
      return static_cast<std::int64_t>(std::sqrt(number * 2e6 * ramp_us / rate));
    }
    case Pattern::fixed:
      break;
  }
  return static_cast<std::int64_t>(number * 1e6 / rate);
}

std::uint64_t Schedule::due_before(std::int64_t time_us) const {
  if (time_us <= 0) return 0;
  if (pattern == Pattern::fixed) {
    return static_cast<std::uint64_t>(rate * static_cast<double>(time_us) / 1e6);
  }
  // No message is due faster than at the full rate, bursts aside: search below that.
  std::uint64_t low = 0;
  std::uint64_t high =
      static_cast<std::uint64_t>(rate * static_cast<double>(time_us) / 1e6) + burst_size + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (due_us(middle) < time_us) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace hubbub::load
