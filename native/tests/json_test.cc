#include "hub/json.h"

#include <limits>
#include <string>

#include "check.h"
#include "hub/block.h"
#include "support.h"

using hubbub::PortableBlock;
using hubbub::Scratch;
using hubbub::VectorBlock;
namespace json = hubbub::json;
namespace tests = hubbub::tests;

namespace {

std::string text_of(const Scratch& scratch) {
  return {reinterpret_cast<const char*>(scratch.data()), scratch.size()};
}

bool is_plain(std::string_view text) {
  for (const char character : text) {
    if (static_cast<unsigned char>(character) >= 0x80) return false;
  }
  return true;
}

// Both ways of writing a string against the obvious one.
void check_string(const std::string& text) {
  // From memory of exactly this size, so that a sanitizer sees a byte too many being read.
  const std::vector<char> exact(text.begin(), text.end());
  const std::string_view view(exact.data(), exact.size());
  bool vector_ascii = true;
  bool portable_ascii = true;
  Scratch vector_out;
  Scratch portable_out;
  CHECK(json::append_string(vector_out, view, vector_ascii));
  CHECK(json::append_string_portable(portable_out, view, portable_ascii));
  CHECK(text_of(vector_out) == tests::quoted(text));
  CHECK(text_of(portable_out) == tests::quoted(text));
  CHECK(vector_ascii == is_plain(text));
  CHECK(portable_ascii == is_plain(text));
  CHECK(json::is_ascii(view) == is_plain(text));
}

void writes_every_byte_at_every_place() {
  for (std::size_t size = 0; size <= 40; ++size) {
    check_string(std::string(size, 'x'));
    for (std::size_t place = 0; place < size; ++place) {
      for (int byte = 0; byte < 256; byte += place % 5 == 0 ? 1 : 37) {
        std::string text(size, 'x');
        text[place] = static_cast<char>(byte);
        check_string(text);
      }
    }
  }
}

void writes_what_json_stringify_writes() {
  bool ascii = true;
  Scratch out;
  CHECK(json::append_string(out, std::string_view("\0\x01\x1f\x7f/\b\f\n\r\t\v\"\\", 13), ascii));
  CHECK(text_of(out) == "\"\\u0000\\u0001\\u001f\x7f/\\b\\f\\n\\r\\t\\u000b\\\"\\\\\"");
  CHECK(ascii);
  out.clear();
  CHECK(json::append_string(out, "\u2028\u0080ö😀", ascii));
  CHECK(text_of(out) == "\"\u2028\u0080ö😀\"");
  CHECK(!ascii);
}

void writes_long_text(tests::Random& random) {
  for (const std::size_t size : {2047U, 2048U, 2049U, 5000U, 100'000U}) {
    check_string(std::string(size, '\x01'));
    check_string(std::string(size, '"'));
    check_string(std::string(size, 'x'));
  }
  for (int i = 0; i < 500; ++i) check_string(tests::random_text(random, 6000));
}

template <class Block>
void finds_the_first_special_byte() {
  for (std::size_t first = 0; first <= 16; ++first) {
    for (std::size_t second = first; second <= 16; ++second) {
      for (const char special : {'\x00', '\x1f', '"', '\\', '\x80', '\xff'}) {
        std::uint8_t bytes[16];
        std::fill_n(bytes, 16, static_cast<std::uint8_t>('x'));
        if (first < 16) bytes[first] = static_cast<std::uint8_t>(special);
        if (second < 16) bytes[second] = '"';
        const bool high = static_cast<unsigned char>(special) >= 0x80;
        const bool hidden = first < 16 && first != second && high;
        const std::size_t expected = hidden ? second : first;
        const Block block = Block::load(bytes);
        CHECK(block.first_special() == expected);
        CHECK(block.is_ascii() == !hidden);
        std::uint8_t copy[16];
        block.store(copy);
        CHECK(std::equal(bytes, bytes + 16, copy));
      }
    }
  }
}

void writes_decimals(tests::Random& random) {
  auto check = [](std::uint64_t number) {
    Scratch out;
    CHECK(json::append_decimal(out, number));
    CHECK(text_of(out) == std::to_string(number));
  };
  std::uint64_t power = 1;
  for (int digits = 1; digits < 20; ++digits, power *= 10) {
    check(power - 1);
    check(power);
    check(power + 1);
  }
  check(std::numeric_limits<std::uint64_t>::max());
  for (int i = 0; i < 1000; ++i) check(random.number() >> random.below(64));
}

void keeps_what_is_there() {
  Scratch out;
  bool ascii = true;
  CHECK(out.append("before"));
  CHECK(json::append_string(out, std::string(10'000, '\n'), ascii));
  CHECK(text_of(out).substr(0, 9) == "before\"\\n");
  CHECK(out.size() == 6 + 2 + 20'000);
  out.clear();
  CHECK(out.size() == 0);
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  writes_every_byte_at_every_place();
  writes_what_json_stringify_writes();
  writes_long_text(random);
  finds_the_first_special_byte<PortableBlock>();
  finds_the_first_special_byte<VectorBlock>();
  writes_decimals(random);
  keeps_what_is_there();
  return hubbub::check::result();
}
