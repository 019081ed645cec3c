#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "load/chat.h"
#include "load/echo_messages.h"
#include "support.h"

using namespace hubbub::load;
namespace tests = hubbub::tests;

namespace {

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool read_channel(std::string_view frame, Reading& reading) {
  // From memory of exactly this size, so that a sanitizer sees a byte too many being read.
  const std::vector<std::uint8_t> exact(frame.begin(), frame.end());
  return read_frame(Encoding::centrifugo, "bench-0", Opcode::text, exact, reading);
}

void centrifugo_is_read() {
  const std::string push =
      R"({"push":{"channel":"bench-0","pub":{"data":{"a":[{"text":"no"}],"text":"3:14:15926:xx"},)"
      R"("info":{"user":"u","client":"{"},"offset":7}}})";
  const std::string plain = R"({"push":{"pub":{"data":{"text":"1:2:3:"}},"channel":"bench-0"}})";
  Reading two;
  CHECK(read_channel("{\"id\":3,\"publish\":{}}\n" + push + "\n" + plain + "\n{}\n", two));
  CHECK(two.messages.size() == 2 && two.bytes == push.size() + plain.size());
  CHECK(two.messages[0].sender == 3 && two.messages[0].sequence == 14);
  CHECK(two.messages[0].intended_us == 15926 && two.messages[0].offset == 7);
  CHECK(two.messages[1].sender == 1 && two.messages[1].offset == no_offset);
  CHECK(two.cue == Cue::pong && two.errors.empty() && !two.has_joined);
  for (const char* strange : {
           R"({"push":{"channel":"bench-1","pub":{"data":{"text":"0:0:0:"}}}})",
           R"({"push":{"channel":"bench-0","pub":{"data":{"text":"hello"}}}})",
           R"({"push":{"channel":"bench-0","pub":{"data":"0:0:0:"}}})",
           R"({"push":{"channel":"bench-0","pub":{}}})",
       }) {
    Reading reading;
    CHECK(read_channel(strange, reading));
    CHECK(reading.messages.size() == 1 && reading.messages[0].sender == nobody);
  }
  Reading others;
  CHECK(read_channel(R"({"push":{"channel":"bench-0","join":{"info":{"user":"u"}}}})", others));
  CHECK(others.messages.empty() && others.cue == Cue::none);
  Reading connected;
  CHECK(read_channel(R"({"id":1,"connect":{"client":"c","ping":25}})", connected));
  CHECK(connected.cue == Cue::join && !connected.has_joined);
  Reading joined;
  CHECK(read_channel(R"({"id":2,"subscribe":{"epoch":"e"}})", joined) && joined.has_joined);
  Reading refused;
  CHECK(read_channel(R"({"id":2,"error":{"code":103,"message":"denied"}})"
                     "\n" R"({"push":{"channel":"bench-0","unsubscribe":{"code":2500}}})",
                     refused));
  CHECK((refused.errors == std::vector<std::string>{"103", "2500"}) && !refused.has_joined);
  for (const char* broken : {"x", "[]", "{\"push\":1}", "{\"error\":1}", "{\"push\":{\"pub\":1}}",
                             "{\"push\":{\"unsubscribe\":1}}", "{}x", "{\"push\":{}"}) {
    Reading reading;
    CHECK(!read_channel(broken, reading));
  }
  Reading binary;
  CHECK(!read_frame(Encoding::centrifugo, "bench-0", Opcode::binary, bytes_of("{}"), binary));
}

std::string answer_to(Encoding encoding, Cue cue) {
  std::vector<std::uint8_t> frame;
  append_answer(frame, encoding, "r", cue);
  // All of them are short: two bytes of header and four of mask.
  return frame.empty() ? "" : std::string(frame.begin() + 6, frame.end());
}

void members_come_in_as_their_protocol_wants_it() {
  CHECK(first_cue(Encoding::json) == Cue::join && first_cue(Encoding::messagepack) == Cue::join);
  CHECK(first_cue(Encoding::socket_io) == Cue::none);
  CHECK(first_cue(Encoding::centrifugo) == Cue::connect);
  CHECK(answer_to(Encoding::json, Cue::none).empty());
  CHECK(answer_to(Encoding::json, Cue::join) == R"({"type":"join","room":"r"})");
  CHECK(answer_to(Encoding::messagepack, Cue::join) == "\x82\xa4type\xa4join\xa4room\xa1r");
  CHECK(answer_to(Encoding::socket_io, Cue::connect) == "40");
  CHECK(answer_to(Encoding::socket_io, Cue::join) == R"(42["join",{"room":"r"}])");
  CHECK(answer_to(Encoding::socket_io, Cue::pong) == "3");
  CHECK(answer_to(Encoding::centrifugo, Cue::connect) == R"({"id":1,"connect":{}})");
  CHECK(answer_to(Encoding::centrifugo, Cue::join) == R"({"id":2,"subscribe":{"channel":"r"}})");
  CHECK(answer_to(Encoding::centrifugo, Cue::pong) == "{}");
}

void echoes_are_known_by_every_byte(tests::Random& random) {
  for (int run = 0; run < 400; ++run) {
    const bool is_binary = run % 2 == 0;
    const std::size_t payload_bytes = random.below(run % 20 == 0 ? 70'000 : 200);
    EchoMessages messages(is_binary, payload_bytes);
    const EchoMessages::Envelope envelope{.message_id = random.below(1'000'000'000),
                                          .client_id = 7,
                                          .timestamp_ms = 1'800'000'000'000};
    std::string message(messages.write(envelope));
    CHECK(messages.index_of(message) == envelope.message_id);
    CHECK(messages.is_same(message, envelope));
    EchoMessages::Envelope next = envelope;
    ++next.message_id;
    CHECK(payload_bytes < 8 || !std::string(messages.write(next)).ends_with(message.substr(20)));
    for (const std::string& other : {message + ' ', message.substr(1), std::string()}) {
      CHECK(!messages.is_same(other, envelope));
    }
    const std::size_t at = random.below(message.size());
    message[at] = static_cast<char>(message[at] ^ 1);
    CHECK(!messages.is_same(message, envelope));
  }
}

void what_is_no_echo_has_no_message_id() {
  const EchoMessages text(false, 5);
  CHECK(text.index_of(R"({"message_id":"12","client_id":"1"})") == 12U);
  for (const char* other : {"", "{}", R"({"message_id":"")", R"({"message_id":"12)",
                            R"({"message_id":"x"})", R"({"message_id":12})",
                            R"({"message_id":"99999999999999999999"})"}) {
    CHECK(!text.index_of(other));
  }
  const EchoMessages binary(true, 5);
  CHECK(!binary.index_of("1234567"));
  CHECK(binary.index_of(std::string("\0\0\0\0\0\0\1\2", 8)) == 258U);
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  centrifugo_is_read();
  members_come_in_as_their_protocol_wants_it();
  echoes_are_known_by_every_byte(random);
  what_is_no_echo_has_no_message_id();
  return hubbub::check::result();
}
