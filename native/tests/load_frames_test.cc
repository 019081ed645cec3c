#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.h"
#include "load/chat.h"
#include "load/chat_reader.h"
#include "load/frame_memo.h"
#include "load/messagepack.h"
#include "load/plan.h"
#include "load/web_socket.h"
#include "support.h"

using namespace hubbub::load;
namespace tests = hubbub::tests;

namespace {

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A frame as a server sends it: without a mask.
std::string server_frame(Opcode opcode, std::string_view payload, bool is_final = true) {
  std::string frame(1, static_cast<char>(static_cast<int>(opcode) | (is_final ? 0x80 : 0)));
  const std::size_t size = payload.size();
  if (size < 126) {
    frame += static_cast<char>(size);
  } else {
    const int bytes = size <= 0xffff ? 2 : 8;
    frame += bytes == 2 ? '\x7e' : '\x7f';
    for (int byte = bytes - 1; byte >= 0; --byte) frame += static_cast<char>(size >> (8 * byte));
  }
  return frame + std::string(payload);
}

struct Heard final : FrameEvents {
  bool message(Opcode opcode, Bytes payload, Bytes frame) override {
    CHECK(frame.empty() || text_of(frame) == server_frame(opcode, text_of(payload)));
    all.emplace_back(opcode, text_of(payload));
    return text_of(payload) != "nonsense";
  }
  void control(Opcode opcode, Bytes payload) override {
    all.emplace_back(opcode, text_of(payload));
  }
  std::vector<std::pair<Opcode, std::string>> all;
};

// Hands over what arrives as a connection does: what is left over comes again, with more behind it.
void feed(FrameReader& reader, Heard& heard, std::string_view stream, tests::Random& random) {
  std::string rest;
  while (!stream.empty()) {
    const std::size_t size = 1 + random.below(std::min<std::size_t>(stream.size(), 300));
    rest += stream.substr(0, size);
    stream.remove_prefix(size);
    // From memory of exactly this size, so that a sanitizer sees a byte too many being read.
    const std::vector<std::uint8_t> exact(rest.begin(), rest.end());
    const std::size_t used = reader.read(exact, heard);
    CHECK(used <= rest.size());
    rest.erase(0, used);
    CHECK(!reader.error().empty() || reader.needed_bytes() > rest.size());
  }
}

void frames_are_cut_wherever_the_network_cuts(tests::Random& random) {
  for (int run = 0; run < 200; ++run) {
    std::string stream;
    Heard expected;
    for (std::size_t left = random.below(20); left > 0; --left) {
      const std::size_t sizes[] = {0, 1, 125, 126, 500, 65'535, 65'536};
      const std::string payload(sizes[random.below(run % 20 == 0 ? 7 : 5)], 'p');
      const Opcode opcode = random.below(2) == 0 ? Opcode::text : Opcode::binary;
      if (random.below(3) > 0) {
        stream += server_frame(opcode, payload);
        expected.all.emplace_back(opcode, payload);
        continue;
      }
      // In three fragments, with a ping between them.
      const std::size_t third = payload.size() / 3;
      stream += server_frame(opcode, payload.substr(0, third), false);
      stream += server_frame(Opcode::continuation, payload.substr(third, third), false);
      stream += server_frame(Opcode::ping, "are you there");
      stream += server_frame(Opcode::continuation, payload.substr(2 * third));
      expected.all.emplace_back(Opcode::ping, "are you there");
      expected.all.emplace_back(opcode, payload);
    }
    FrameReader reader;
    Heard heard;
    feed(reader, heard, stream, random);
    CHECK(reader.error().empty());
    CHECK(heard.all == expected.all);
  }
}

void what_no_server_may_send_ends_the_reading(tests::Random& random) {
  const std::string wrong[] = {
      std::string("\x81\x81", 2) + "mask1",                              // masked
      std::string("\xc1\x00", 2),                                        // reserved bit
      std::string("\x83\x00", 2),                                        // unknown kind
      server_frame(Opcode::continuation, "of nothing"),
      server_frame(Opcode::text, "a", false) + server_frame(Opcode::text, "b"),
      server_frame(Opcode::ping, "in parts", false),
      server_frame(Opcode::ping, std::string(126, 'p')),
      std::string("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10),       // longer than anything
      server_frame(Opcode::text, "nonsense"),
  };
  for (const std::string& stream : wrong) {
    FrameReader reader;
    Heard heard;
    feed(reader, heard, stream, random);
    CHECK(!reader.error().empty());
    const std::size_t before = heard.all.size();
    CHECK(reader.read(bytes_of(server_frame(Opcode::text, "late")), heard) == 0);
    CHECK(heard.all.size() == before);
  }
}

void client_frames_have_a_mask_of_zeros() {
  for (const std::size_t size : {0U, 125U, 126U, 65'535U, 65'536U}) {
    std::vector<std::uint8_t> frame;
    const std::string payload(size, 'p');
    append_client_frame(frame, Opcode::text, bytes_of(payload));
    const std::string plain = server_frame(Opcode::text, payload);
    const std::size_t header = plain.size() - size;
    CHECK((frame[1] & 0x80) != 0);
    frame[1] &= 0x7f;
    CHECK(text_of(Bytes(frame).first(header)) == plain.substr(0, header));
    CHECK(text_of(Bytes(frame).subspan(header)) == std::string(4, '\0') + payload);
  }
}

void handshakes_are_checked() {
  using State = HandshakeAnswer::State;
  const std::string request = handshake_request({"h", 80, "/ws", "p"});
  CHECK(request.starts_with("GET /ws HTTP/1.1\r\nHost: h:80\r\n") && request.ends_with("\r\n\r\n"));
  CHECK(request.find("Sec-WebSocket-Protocol: p\r\n") != std::string::npos);
  const std::string good =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  CHECK(read_handshake(bytes_of(good + "frames")).state == State::switched);
  CHECK(read_handshake(bytes_of(good + "frames")).bytes == good.size());
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(read_handshake(bytes_of(good).first(size)).state == State::partial);
  }
  CHECK(read_handshake(bytes_of(std::string(20'000, 'x'))).state == State::refused);
  const auto full = read_handshake(bytes_of("HTTP/1.1 503 Full\r\n\r\n"));
  CHECK(full.state == State::refused && full.reason.find("503 Full") != std::string::npos);
  std::string wrong = good;
  wrong[wrong.find("s3pP")] = 'S';
  CHECK(read_handshake(bytes_of(wrong)).state == State::refused);
}

Reading reading_of(std::string_view frame) {
  // From memory of exactly this size, so that a sanitizer sees a byte too many being read.
  const std::vector<char> exact(frame.begin(), frame.end());
  Reading reading;
  CHECK(read_json("bench-0", {exact.data(), exact.size()}, reading));
  return reading;
}

void messages_are_read() {
  const Reading two = reading_of(
      "{\"type\":\"message\",\"room\":\"bench-0\",\"text\":\"3:14:15926:xx\",\"offset\":7}\n"
      "{ \"from\" : {\"text\":\"}\", \"a\":[1,\"]\"]}, \"offset\":8, \"text\":\"1:2:3:\","
      " \"room\":\"bench\\u002d0\",\"type\":\"message\" }   ");
  CHECK(two.messages.size() == 2);
  CHECK(two.messages[0].sender == 3 && two.messages[0].sequence == 14);
  CHECK(two.messages[0].intended_us == 15926 && two.messages[0].offset == 7);
  CHECK(two.messages[1].sender == 1 && two.messages[1].offset == 8);
  for (const char* strange : {
           R"({"type":"message","room":"bench-1","text":"0:0:0:"})",
           R"({"type":"message","room":"bench-0","text":"hello"})",
           R"({"type":"message","room":"bench-0","text":"0:0:0:é"})",
           R"({"type":"message","room":"bench-0","text":"-1:0:0:"})",
           R"({"type":"message","room":"bench-0","text":"0:0:1234567890123456:"})",
           R"({"type":"message","room":"bench-0","text":"0:0:0"})",
           R"({"type":"message","room":"bench-0"})",
       }) {
    const Reading reading = reading_of(strange);
    CHECK(reading.messages.size() == 1 && reading.messages[0].sender == nobody);
    CHECK(reading.messages[0].offset == no_offset && reading.bytes == std::string(strange).size());
  }
  const Reading news = reading_of("{\"type\":\"welcome\"}\n{\"type\":\"joined\"}\n"
                                  "{\"type\":\"error\",\"code\":\"rate_limited\"}\n{}");
  CHECK(news.has_joined && news.messages.empty() && news.bytes == 0);
  CHECK(news.errors == std::vector<std::string>{"rate_limited"});
  for (const char* broken : {"", "x", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}2",
                             "{\"a\":\"\\\"}", "{\"a\":[}", "{\"a\":1 \"b\":2}", "{}\n"}) {
    Reading reading;
    CHECK(!read_json("bench-0", broken, reading));
  }
}

void what_is_written_can_be_read() {
  ChatWriter writer(Encoding::json, "bench-0", 128);
  std::vector<std::uint8_t> frame;
  writer.append(frame, 9, 12'345, 67'890'123);
  const std::string payload = text_of(Bytes(frame).subspan(8));
  CHECK(payload.size() == 128);
  std::string message = payload;
  message.replace(message.find("chat"), 4, "message");
  const Reading reading = reading_of(message);
  CHECK(reading.messages[0].sender == 9 && reading.messages[0].sequence == 12'345);
  CHECK(reading.messages[0].intended_us == 67'890'123);
}

// A message from the server as a MessagePack map, with a value of each kind that is passed over.
std::string packed_message(std::string_view room, std::string_view text, std::string_view offset) {
  std::string map;
  messagepack::append_small_map(map, 6);
  const auto string = [&](std::string_view part) { messagepack::append_string(map, part); };
  string("users");
  // [{"a": [nil, true]}, -1, 300, bin 8, ext 8, fixext 4, float 32]
  map += std::string("\x97\x81\xa1" "a\x92\xc0\xc3\xff\xcd\x01\x2c\xc4\x02zz\xc7\x01\x05q", 19);
  map += std::string("\xd6\x05wxyz\xca\x3f\x80\x00\x00", 11);
  string("type");
  string("message");
  string("room");
  string(room);
  string("text");
  string(text);
  string("offset");
  map += offset;
  string("end");
  map += '\xc2';
  return map;
}

bool read_packed(std::string_view frame, Reading& reading) {
  // From memory of exactly this size, so that a sanitizer sees a byte too many being read.
  const std::vector<std::uint8_t> exact(frame.begin(), frame.end());
  return read_frame(Encoding::messagepack, "bench-0", Opcode::binary, exact, reading);
}

void messagepack_is_read() {
  const std::string seven = packed_message("bench-0", "3:14:15926:xx", "\x07");
  const std::string float_8 =
      packed_message("bench-0", "1:2:3:", std::string("\xcb\x40\x20\0\0\0\0\0\0", 9));
  const std::string large = packed_message("bench-1", std::string(300, 'x'),
                                           std::string("\xcf\0\0\0\1\0\0\0\0", 9));
  Reading reading;
  CHECK(read_packed(seven + float_8 + large, reading));
  CHECK(reading.messages.size() == 3);
  CHECK(reading.messages[0].sender == 3 && reading.messages[0].sequence == 14);
  CHECK(reading.messages[0].intended_us == 15926 && reading.messages[0].offset == 7);
  CHECK(reading.messages[1].sender == 1 && reading.messages[1].offset == 8);
  CHECK(reading.messages[2].sender == nobody && reading.messages[2].offset == 0x1'0000'0000);
  CHECK(reading.bytes == seven.size() + float_8.size() + large.size());
  for (std::size_t size = 1; size < seven.size(); ++size) {
    Reading cut;
    CHECK(!read_packed(std::string_view(seven).substr(0, size), cut));
  }
  for (const std::string& broken : {std::string("\x91\x01"), std::string("\x81\x01\x01"),
                                    std::string("\x81\xa1" "a\xc1"), std::string("\x07")}) {
    Reading none;
    CHECK(!read_packed(broken, none));
  }
  Reading text;
  CHECK(!read_frame(Encoding::messagepack, "bench-0", Opcode::text, bytes_of(seven), text));
}

void messagepack_writes_what_it_reads() {
  ChatWriter writer(Encoding::messagepack, "bench-0", 2'000);
  std::vector<std::uint8_t> frame;
  writer.append(frame, 9, 12'345, 67'890'123);
  CHECK(frame[0] == 0x82);
  std::string map = text_of(Bytes(frame).subspan(8));
  // "chat" becomes "message".
  const std::size_t type = map.find("\xa4" "chat");
  map.replace(type, 5, "\xa7" "message");
  Reading reading;
  CHECK(read_packed(map, reading));
  CHECK(reading.messages.size() == 1 && reading.messages[0].sender == 9);
  CHECK(reading.messages[0].intended_us == 67'890'123 && reading.bytes == map.size());
}

void socket_io_is_read() {
  const auto read = [](std::string_view packet, Reading& reading) {
    return read_frame(Encoding::socket_io, "bench-0", Opcode::text, bytes_of(packet), reading);
  };
  Reading message;
  CHECK(read(R"(42["message",{"room":"bench-0","text":"3:14:15926:xx"}])", message));
  CHECK(message.messages.size() == 1 && message.messages[0].sender == 3);
  Reading joined;
  CHECK(read(R"(42["joined",{"room":"bench-0"}])", joined) && joined.has_joined);
  Reading error;
  CHECK(read(R"(42["error",{"code":"not_joined"}])", error) && error.errors.size() == 1);
  Reading bare;
  CHECK(read(R"(42["joined"])", bare) && bare.has_joined);
  const std::pair<const char*, Cue> cues[] = {
      {R"(0{"sid":"x"})", Cue::connect}, {R"(40{"sid":"y"})", Cue::join},
      {"2", Cue::pong}, {"6", Cue::none}};
  for (const auto& [packet, cue] : cues) {
    Reading reading;
    CHECK(read(packet, reading) && reading.cue == cue);
  }
  for (const char* wrong : {"", "1", "41", R"(44{"message":"no"})", "42", "42[]", R"(42["a",1])",
                            R"(42["a",{}] )", R"(42["a"{}])"}) {
    Reading reading;
    CHECK(!read(wrong, reading));
  }
}

void known_frames_are_recognised() {
  FrameMemo memo;
  Reading reading;
  reading.messages.resize(1);
  FrameMemo::Place first = memo.latest();
  FrameMemo::Place second = memo.latest();
  for (const char* frame : {"one", "two", "three", "two"}) {
    CHECK(memo.recognise(bytes_of(frame), first) == nullptr);
    memo.learn(bytes_of(frame), reading, first);
  }
  CHECK(memo.recognise(bytes_of("tw"), second) == nullptr);
  CHECK(memo.recognise(bytes_of("two, and more"), second)->bytes.size() == 3 && second == 2);
  CHECK(memo.recognise(bytes_of("one"), second) == nullptr);
  CHECK(memo.recognise(bytes_of("two"), second) != nullptr && second == 4);
  CHECK(memo.recognise(bytes_of("two"), second) == nullptr);
  // What is forgotten is unknown, and no harm.
  const std::string large(3 * 1024 * 1024, 'l');
  FrameMemo::Place late = 0;
  for (int i = 0; i < 20; ++i) memo.learn(bytes_of(large + std::to_string(i)), reading, first);
  CHECK(memo.recognise(bytes_of("one"), late) == nullptr);
  CHECK(memo.recognise(bytes_of(large + "19"), late) != nullptr && late == memo.latest());
}

void requests_are_checked() {
  std::string reason;
  const auto connect = read_request(
      R"({"call":"connect","hostname":"h","port":80,"path":"/","members":5,"rooms":2,)"
      R"("timeout_ms":1,"encoding":"msgpack"})",
      reason);
  CHECK(connect && connect->crowd.members == 5 && connect->crowd.target.port == 80);
  const auto run = read_request(
      R"({"call":"run","rate":66.5,"senders":2,"payload_bytes":128,"warmup_ms":0,"duration_ms":9,)"
      R"("pattern":"ramp","ramp_ms":3})",
      reason);
  CHECK(run && run->traffic.schedule.rate == 66.5 && run->traffic.schedule.ramp_us == 3'000);
  const auto echo = read_request(
      R"({"call":"echo","rate":9,"payload_bytes":0,"format":"binary","duration_ms":9})", reason);
  CHECK(echo && echo->echo.is_binary && echo->echo.payload_bytes == 0);
  const auto storm = read_request(R"({"call":"storm","timeout_ms":10,"ramp_ms":5})", reason);
  CHECK(storm && storm->storm.timeout_ms == 10 && storm->storm.ramp_ms == 5);
  const auto silent = read_request(R"({"call":"connect","joins":false})", reason);
  CHECK(silent && !silent->crowd.joins && connect->crowd.joins);
  CHECK(read_request(R"({"call":"disconnect"})", reason).has_value());
  for (const char* wrong : {"", "{}", R"({"call":"dance"})", R"({"call":"run","rate":0})",
                            R"({"call":"run","rate":"x"})", R"({"call":"run","rates":1})",
                            R"({"call":"run","senders":1.5})", R"({"call":"run","senders":-1})",
                            R"({"call":"connect","rooms":0})",
                            R"({"call":"connect","encoding":"xml"})",
                            R"({"call":"connect","joins":"perhaps"})",
                            R"({"call":"run","rate":1,"comer_pause_ms":0})",
                            R"({"call":"storm","timeout_ms":5,"ramp_ms":5})",
                            R"({"call":"echo","rate":1,"format":"xml"})",
                            R"({"call":"connect","port":70000})"}) {
    CHECK(!read_request(wrong, reason) && !reason.empty());
  }
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  frames_are_cut_wherever_the_network_cuts(random);
  what_no_server_may_send_ends_the_reading(random);
  client_frames_have_a_mask_of_zeros();
  handshakes_are_checked();
  messages_are_read();
  what_is_written_can_be_read();
  messagepack_is_read();
  messagepack_writes_what_it_reads();
  socket_io_is_read();
  known_frames_are_recognised();
  requests_are_checked();
  return hubbub::check::result();
}
