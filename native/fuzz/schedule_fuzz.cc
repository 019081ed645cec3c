// Schedules of operations: every byte decides what is called next and with what, on the hub and on
// the simple model, which must answer the same.

#include "fuzz/expect.h"
#include "tests/model_walk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hubbub;
  tests::Random random(std::span(data, size));
  tests::Walk walk(random, random.chance(3));
  while (!random.is_over() && check::failures == 0) walk.step();
  walk.check_counts();
  walk.end();
  fuzz::require_no_failures();
  return 0;
}
