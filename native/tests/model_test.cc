// Random walks over the hub and the simple model.

#include "model_walk.h"

using namespace hubbub;
using namespace hubbub::tests;

int main(int argc, char** argv) {
  const std::uint64_t seed = seed_of(argc, argv);
  for (std::uint64_t i = 0; i < 150 && check::failures == 0; ++i) {
    Random random(seed + i);
    Walk walk(random, random.chance(3));
    for (int step = 0; step < 400 && check::failures == 0; ++step) {
      walk.step();
      walk.check_counts();
    }
    walk.end();
    if (check::failures != 0) {
      std::fprintf(stderr, "failed with seed %llu\n", static_cast<unsigned long long>(seed + i));
    }
  }
  return check::result();
}
