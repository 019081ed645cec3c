#include "hub/counters.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "check.h"

using hubbub::CounterTable;

namespace {

void starts_at_zero() {
  const auto table = std::make_unique<CounterTable>();
  for (std::size_t counter = 0; counter < CounterTable::counters_max; ++counter) {
    CHECK(table->sum(counter) == 0);
  }
}

void keeps_counters_apart() {
  const auto table = std::make_unique<CounterTable>();
  CHECK(table->add(0, 0, 5));
  CHECK(table->add(CounterTable::workers_max - 1, CounterTable::counters_max - 1, 7));
  CHECK(table->sum(0) == 5);
  CHECK(table->sum(1) == 0);
  CHECK(table->sum(CounterTable::counters_max - 1) == 7);
}

void refuses_indices_out_of_range() {
  const auto table = std::make_unique<CounterTable>();
  CHECK(!table->add(CounterTable::workers_max, 0, 1));
  CHECK(!table->add(0, CounterTable::counters_max, 1));
  CHECK(table->sum(CounterTable::counters_max) == 0);
}

void counts_past_32_bits() {
  const auto table = std::make_unique<CounterTable>();
  constexpr std::uint64_t large = std::numeric_limits<std::uint32_t>::max();
  CHECK(table->add(1, 2, large));
  CHECK(table->add(3, 2, large));
  CHECK(table->sum(2) == 2 * large);
}

// Two threads share each block, so a lost update would show as well as a torn one.
void loses_nothing_between_threads() {
  const auto table = std::make_unique<CounterTable>();
  constexpr std::size_t threads = 8;
  constexpr std::uint64_t additions = 50'000;
  std::vector<std::thread> writers;
  for (std::size_t index = 0; index < threads; ++index) {
    writers.emplace_back([&table, index] {
      for (std::uint64_t i = 0; i < additions; ++i) CHECK(table->add(index / 2, 4, 1));
    });
  }
  std::uint64_t previous = 0;
  for (int scrape = 0; scrape < 100; ++scrape) {
    const std::uint64_t now = table->sum(4);
    CHECK(now >= previous);
    previous = now;
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(table->sum(4) == threads * additions);
}

}  // namespace

int main() {
  starts_at_zero();
  keeps_counters_apart();
  refuses_indices_out_of_range();
  counts_past_32_bits();
  loses_nothing_between_threads();
  return hubbub::check::result();
}
