#include "hub/messagepack.h"

#include <cmath>
#include <string>
#include <vector>

#include "check.h"
#include "hub/transcode.h"
#include "support.h"

using hubbub::Scratch;
namespace messagepack = hubbub::messagepack;
namespace tests = hubbub::tests;

namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    out += digits;
  }
  return out;
}

std::string text_of(const Scratch& scratch) {
  return {reinterpret_cast<const char*>(scratch.data()), scratch.size()};
}

std::string number_hex(double number) {
  Scratch out;
  CHECK(messagepack::append_number(out, number));
  return hex(text_of(out));
}

// What msgpackr answered for each.
void writes_numbers_like_msgpackr() {
  CHECK(number_hex(0) == "00");
  CHECK(number_hex(-0.0) == "00");
  CHECK(number_hex(127) == "7f");
  CHECK(number_hex(128) == "cc80");
  CHECK(number_hex(255) == "ccff");
  CHECK(number_hex(256) == "cd0100");
  CHECK(number_hex(65535) == "cdffff");
  CHECK(number_hex(65536) == "ce00010000");
  CHECK(number_hex(4294967295) == "ceffffffff");
  CHECK(number_hex(4294967296) == "cb41f0000000000000");
  CHECK(number_hex(9007199254740991) == "cb433fffffffffffff");
  CHECK(number_hex(1700000000000) == "cb4278bcfe56800000");
  CHECK(number_hex(-1) == "ff");
  CHECK(number_hex(-32) == "e0");
  CHECK(number_hex(-33) == "d0df");
  CHECK(number_hex(-128) == "d080");
  CHECK(number_hex(-129) == "d1ff7f");
  CHECK(number_hex(-32768) == "d18000");
  CHECK(number_hex(-32769) == "d2ffff7fff");
  CHECK(number_hex(-2147483648.0) == "d280000000");
  CHECK(number_hex(-2147483649.0) == "cbc1e0000000200000");
  CHECK(number_hex(0.5) == "cb3fe0000000000000");
}

void writes_whole_numbers_like_others(tests::Random& random) {
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = random.number() >> (11 + random.below(53));
    Scratch out;
    CHECK(messagepack::append_whole(out, number));
    CHECK(text_of(out) == tests::packed(number));
    CHECK(hex(text_of(out)) == number_hex(static_cast<double>(number)));
  }
}

void writes_strings() {
  for (const std::size_t size : {0U, 1U, 31U, 32U, 255U, 256U, 65535U, 65536U}) {
    const std::string text(size, 'x');
    Scratch out;
    CHECK(messagepack::append_string(out, text));
    CHECK(text_of(out) == tests::packed(text));
  }
}

std::string transcoded(std::string_view json) {
  // From memory of exactly this size, so that a sanitizer sees a byte too many being read.
  const std::vector<char> exact(json.begin(), json.end());
  Scratch out;
  return hubbub::transcode(out, {exact.data(), exact.size()}) ? hex(text_of(out)) : "refused";
}

void transcodes_values() {
  CHECK(transcoded("true") == "c3");
  CHECK(transcoded("false") == "c2");
  CHECK(transcoded("null") == "c0");
  CHECK(transcoded("\"\"") == "a0");
  CHECK(transcoded("[]") == "90");
  CHECK(transcoded("{}") == "80");
  CHECK(transcoded(" [ 1 , {\"a\" : [ ] } ]\n") == "920181a16190");
  CHECK(transcoded("1700000000000") == "cb4278bcfe56800000");
  CHECK(transcoded("9007199254740991") == "cb433fffffffffffff");
  CHECK(transcoded("-0") == "00");
  CHECK(transcoded("1e2") == "64");
  CHECK(transcoded("-1.5e+1") == "f1");
  CHECK(transcoded("0.1") == "cb3fb999999999999a");
  CHECK(transcoded("1e400") == "cb7ff0000000000000");
  CHECK(transcoded("123456789012345678901234567890") == "cb45f8ee90ff6c373e");
}

void transcodes_strings() {
  CHECK(transcoded(R"("\"\\\/\b\f\n\r\t")") == "a8225c2f080c0a0d09");
  CHECK(transcoded(R"("A\u0000\u00e9\u611b\ud83d\ude00z")") == "ac4100c3a9e6849bf09f98807a");
  // Half a character is none.
  CHECK(transcoded(R"("\ud800")") == "a3efbfbd");
  CHECK(transcoded(R"("\udc00x")") == "a4efbfbd78");
  CHECK(transcoded(R"("\ud800A")") == "a4efbfbd41");
  CHECK(transcoded(R"("\ud800\ud83d\ude00")") == "a7efbfbdf09f9880");
  for (const std::size_t size : {31U, 32U, 255U, 256U, 65535U, 65536U}) {
    const std::string text(size, 'x');
    CHECK(transcoded(tests::quoted(text)) == hex(tests::packed(text)));
    std::string escaped = text;
    escaped[size / 2] = '\n';
    CHECK(transcoded(tests::quoted(escaped)) == hex(tests::packed(escaped)));
  }
}

void transcodes_containers_of_any_size() {
  for (const std::size_t size : {15U, 16U, 65535U, 65536U}) {
    std::string array = "[";
    std::string map = "{";
    for (std::size_t i = 0; i < size; ++i) {
      array += i == 0 ? "7" : ",7";
      map += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":7";
    }
    const bool small = size < 16;
    const bool medium = size < 65536;
    const std::string digits = hex(tests::big_endian(size, medium ? 2 : 4));
    const std::string array_header = small ? "9f" : (medium ? "dc" : "dd") + digits;
    const std::string map_header = small ? "8f" : (medium ? "de" : "df") + digits;
    const std::string packed_array = transcoded(array + "]");
    CHECK(packed_array == array_header + packed_array.substr(array_header.size()));
    CHECK(packed_array.size() == array_header.size() + 2 * size);
    const std::string packed_map = transcoded(map + "}");
    CHECK(packed_map.substr(0, map_header.size() + 6) == map_header + "a13007");
  }
}

void transcodes_records(tests::Random& random) {
  for (int i = 0; i < 2000; ++i) {
    tests::Message message;
    message.offset = 1 + (random.number() >> (11 + random.below(53)));
    message.prev = random.chance(2) ? message.offset - 1 : random.below(message.offset);
    message.timestamp = random.number() >> (11 + random.below(53));
    message.from = tests::random_text(random, 80);
    message.from_id = tests::random_text(random, 300);
    message.text = tests::random_text(random, 80'000);
    if (random.chance(2)) message.id = tests::random_text(random, 80);
    const std::string room = tests::random_text(random, 50);
    const std::string json = tests::json_of(room, message);
    const std::string expected = tests::messagepack_of(room, message);
    CHECK(transcoded(json) == hex(expected));
    // A page of any encoding fits where its JSON does.
    CHECK(expected.size() <= json.size());
  }
}

void refuses_what_is_not_json() {
  for (const char* json :
       {"", " ", "tru", "nul", "truefalse", "[", "[1", "[1,", "[,]", "{", "{\"a\"", "{\"a\":", "{1:2}",
        "{\"a\" 1}", "{\"a\":1,}", "[1,]", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
        "\"\\ud800\\u12\"", "\"\n\"", "01", "-", "1.", ".5", "1e", "1e+", "+1", "--1", "]", "1 2", "{]", "[}"}) {
    CHECK(transcoded(json) == "refused");
  }
  std::string deep(64, '[');
  CHECK(transcoded(deep + std::string(64, ']')) != "refused");
  deep += '[';
  CHECK(transcoded(deep + std::string(65, ']')) == "refused");
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  writes_numbers_like_msgpackr();
  writes_whole_numbers_like_others(random);
  writes_strings();
  transcodes_values();
  transcodes_strings();
  transcodes_containers_of_any_size();
  transcodes_records(random);
  refuses_what_is_not_json();
  return hubbub::check::result();
}
