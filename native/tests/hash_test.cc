#include "hub/hash.h"

#include <cstdio>
#include <string>

#include "check.h"
#include "support.h"

using hubbub::Hash;
using hubbub::Hasher;
using hubbub::HashKey;
namespace tests = hubbub::tests;

namespace {

// Bytes 00 to 0f.
constexpr HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string hex(const Hash& hash) {
  std::string out;
  for (const std::uint64_t word : {hash.low, hash.high}) {
    for (int i = 0; i < 8; ++i) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>((word >> (8 * i)) & 0xff));
      out += digits;
    }
  }
  return out;
}

std::string counting(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// What OpenSSL's SIPHASH answers with 1 and 3 rounds and 16 bytes of result.
void is_siphash_1_3() {
  CHECK(hex(hash_of(key, "")) == "e77ebcb22788a5befd62db6add303001");
  CHECK(hex(hash_of(key, "a")) == "083c37de637c4fa8492fd75d37ae8a67");
  CHECK(hex(hash_of(key, counting(8))) == "aa12fee1d5e3dab4724f16ab35f9c799");
  CHECK(hex(hash_of(key, counting(15))) == "c17e5505b2bd526c2921cdec1e7e0109");
  CHECK(hex(hash_of(key, counting(21))) == "2a7a680f22a02a92f45149d20fece0ef");
}

void may_be_given_in_parts(tests::Random& random) {
  for (int i = 0; i < 2000; ++i) {
    const std::string text = tests::random_text(random, 100);
    Hasher hasher(key);
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t size = 1 + random.below(rest.size());
      hasher.add(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    CHECK(hasher.finish() == hash_of(key, text));
  }
}

void takes_numbers_as_eight_bytes() {
  Hasher hasher(key);
  hasher.add(std::uint64_t{0x0706050403020100});
  CHECK(hasher.finish() == hash_of(key, counting(8)));
}

void depends_on_the_key() {
  CHECK(!(hubbub::hash_of({1, 2}, "a") == hubbub::hash_of({1, 3}, "a")));
  CHECK(!(hubbub::hash_of({1, 2}, "a") == hubbub::hash_of({0, 2}, "a")));
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  is_siphash_1_3();
  may_be_given_in_parts(random);
  takes_numbers_as_eight_bytes();
  depends_on_the_key();
  return hubbub::check::result();
}
