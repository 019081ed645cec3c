// MessagePack: any tree of values written by the core, as such and by way of JSON, against the
// obvious way, and read back.

#include <algorithm>

#include "fuzz/expect.h"
#include "fuzz/value.h"
#include "hub/messagepack.h"
#include "hub/transcode.h"

using namespace hubbub;
using namespace hubbub::fuzz;
using tests::Random;

namespace {

double any_number(Random& random) {
  const double sign = random.chance(2) ? -1 : 1;
  switch (random.below(4)) {
    case 0: return std::bit_cast<double>(random.number());
    // Near a power of two, where the form changes.
    case 1: return sign * (std::ldexp(1, static_cast<int>(random.below(70))) +
                           static_cast<double>(random.below(5)) - 2);
    case 2: return sign * static_cast<double>(random.number() >> random.below(64));
    default: return sign * static_cast<double>(random.below(255));
  }
}

std::string any_string(Random& random) {
  std::size_t size = random.below(40);
  if (random.chance(16)) size = (std::size_t{1} << random.below(17)) + random.below(5);
  std::string text(size, 'x');
  for (std::size_t i = 0; i < text.size() && i < 40; ++i) {
    text[i] = static_cast<char>(random.below(255));
  }
  return text;
}

constexpr int depth_max = 6;

Value any_value(Random& random, int depth) {
  Value value;
  value.kind = static_cast<Value::Kind>(random.below(depth > 0 ? 6 : 4));
  switch (value.kind) {
    case Value::Kind::null: break;
    case Value::Kind::boolean: value.number = random.chance(2) ? 1 : 0; break;
    case Value::Kind::number: value.number = any_number(random); break;
    case Value::Kind::string: value.string = any_string(random); break;
    default: {
      // What is left of the input bounds them, but for a large one now and then.
      const bool large = depth == depth_max && random.chance(16);
      const std::size_t size = large ? random.below(70'000) : random.below(20);
      for (std::size_t i = 0; i < size && (large || !random.is_over()); ++i) {
        if (value.kind == Value::Kind::map) {
          value.items.push_back({Value::Kind::string, 0, std::to_string(i), {}});
        }
        value.items.push_back(large ? Value{} : any_value(random, depth - 1));
      }
    }
  }
  return value;
}

void append_header(Scratch& out, std::size_t size, bool is_map) {
  CHECK(out.reserve(messagepack::header_bytes_max));
  out.set_end(is_map ? messagepack::write_map_header(out.end(), size / 2)
                     : messagepack::write_array_header(out.end(), size));
}

void append(Scratch& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::null: CHECK(out.append("\xc0")); return;
    case Value::Kind::boolean: CHECK(out.append(value.number != 0 ? "\xc3" : "\xc2")); return;
    case Value::Kind::number: CHECK(messagepack::append_number(out, value.number)); return;
    case Value::Kind::string: CHECK(messagepack::append_string(out, value.string)); return;
    default: append_header(out, value.items.size(), value.kind == Value::Kind::map);
  }
  for (const Value& item : value.items) append(out, item);
}

// JSON has no other numbers.
bool is_finite(const Value& value) {
  return std::isfinite(value.number) &&
         std::all_of(value.items.begin(), value.items.end(), is_finite);
}

std::string text_of(const Scratch& out) {
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Random random(std::span(data, size));
  const Value value = any_value(random, depth_max);
  const std::string expected = packed(value);
  Scratch out;
  append(out, value);
  CHECK(text_of(out) == expected);
  std::string_view rest = expected;
  const auto back = unpack(rest);
  CHECK(back && rest.empty() && same(*back, value));
  if (is_finite(value)) {
    Scratch transcoded;
    CHECK(transcode(transcoded, json_of(value)));
    CHECK(text_of(transcoded) == expected);
  }
  const std::uint64_t whole = random.number() >> (11 + random.below(53));
  Scratch number;
  CHECK(messagepack::append_whole(number, whole));
  CHECK(text_of(number) == tests::packed(whole));
  require_no_failures();
  return 0;
}
