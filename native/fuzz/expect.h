#pragma once

// What a fuzz target says when something is not as it should be: a fuzzer keeps the input of a
// process that aborts.

#include <cstdio>
#include <cstdlib>

#include "tests/check.h"

namespace hubbub::fuzz {

inline void require_no_failures() {
  if (check::failures.load() != 0) std::abort();
}

}  // namespace hubbub::fuzz
