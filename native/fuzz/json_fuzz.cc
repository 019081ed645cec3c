// JSON: any text into the transcoder, and any strings into the encoders, against the obvious way.

#include <algorithm>

#include "fuzz/expect.h"
#include "fuzz/json_reader.h"
#include "hub/json.h"
#include "hub/line.h"
#include "hub/transcode.h"

using namespace hubbub;
using namespace hubbub::fuzz;
using tests::Random;

namespace {

std::string text_of(const Scratch& scratch, const Piece& piece) {
  return {reinterpret_cast<const char*>(scratch.data()) + piece.begin, piece.size()};
}

std::string text_of(const Scratch& scratch) { return text_of(scratch, {0, scratch.size()}); }

void transcodes(std::string_view json) {
  Scratch out;
  const bool done = transcode(out, json);
  const auto value = JsonReader::read(json);
  CHECK(done == value.has_value());
  if (!done || !value) return;
  const std::string bytes = text_of(out);
  CHECK(bytes == packed(*value));
  std::string_view rest = bytes;
  const auto back = unpack(rest);
  CHECK(back && rest.empty() && same(*back, *value));
}

bool is_plain(std::string_view text) {
  return std::ranges::none_of(text, [](char byte) { return (byte & 0x80) != 0; });
}

void writes_a_string(std::string_view text) {
  Scratch vector_out;
  Scratch portable_out;
  bool vector_ascii = true;
  bool portable_ascii = true;
  CHECK(json::append_string(vector_out, text, vector_ascii));
  CHECK(json::append_string_portable(portable_out, text, portable_ascii));
  CHECK(text_of(vector_out) == tests::quoted(text));
  CHECK(text_of(portable_out) == tests::quoted(text));
  CHECK(vector_ascii == is_plain(text) && portable_ascii == vector_ascii);
  CHECK(json::is_ascii(text) == vector_ascii);
  const auto back = JsonReader::read(text_of(vector_out));
  CHECK(back && back->string == text);
}

// JSON, or nearly so: pieces in an order that makes some sense.
void write_json(Random& random, std::string& out, int depth) {
  static constexpr std::string_view pieces[] = {
      "\\ud83d\\ude00", "\\ud800", "\\udfff", "\\uDBFF\\uDFFF", "\\u0000", "\\u007f", "\\u0080",
      "\\u07ff", "\\u0800", "\\uffff", "\\n", "\\\\", "\\\"", "\\/", "\\b", "\\f", "\\r", "\\t", "ö",
      "text that is longer than one block", "\x7f", "\x1f", "\\x", "\\u12", "\xff"};
  static constexpr std::string_view words[] = {"true", "false", "null", "-0", "0", "-33", "1e400",
                                               "1e-400", "0.1", "4294967296", "1E+2", "01", "-",
                                               "9007199254740993", "123456789012345678", "tru"};
  switch (random.below(depth > 0 ? 5 : 3)) {
    case 0: out += words[random.below(std::size(words))]; return;
    case 1:
      out += random.chance(2) ? "-" : "";
      out += std::to_string(random.number() >> random.below(64));
      if (random.chance(2)) out += "." + std::to_string(random.below(1000));
      if (random.chance(4)) out += "e" + std::to_string(random.below(400));
      return;
    case 2:
      out += '"';
      for (std::uint64_t i = random.below(6); i > 0; --i) out += pieces[random.below(std::size(pieces))];
      out += '"';
      return;
    default: break;
  }
  const bool is_map = random.chance(2);
  out += is_map ? "{" : "[";
  for (std::uint64_t i = 0, count = random.below(20); i < count && !random.is_over(); ++i) {
    out += i > 0 ? random.chance(64) ? " ,\n" : "," : "";
    if (is_map) out += tests::quoted(std::to_string(i)) + (random.chance(64) ? "" : ":");
    write_json(random, out, depth - 1);
  }
  out += random.chance(64) ? "" : is_map ? "}" : "]";
}

void transcodes_what_is_nearly_json(Random& random) {
  std::string json;
  write_json(random, json, random.chance(8) ? 70 : 6);
  const std::vector<char> exact(json.begin(), json.end());
  transcodes({exact.data(), exact.size()});
}

// Strings cut from what is left, each in memory of exactly its size.
std::string cut(Random& random) {
  std::string text(random.below(random.chance(8) ? 2000 : 50), '\0');
  for (char& byte : text) byte = static_cast<char>(random.below(255));
  return text;
}

void writes_a_record(Random& random) {
  tests::Message message;
  message.offset = 1 + random.number() % offset_max;
  message.prev = random.chance(2) ? message.offset - 1 : random.number() % (offset_max + 1);
  message.timestamp = random.number() % (offset_max + 1);
  message.from = cut(random);
  message.from_id = cut(random);
  message.text = cut(random);
  if (random.chance(2)) message.id = cut(random);
  const RoomText room(cut(random));
  Scratch out;
  Line line;
  CHECK(encode_record(out, room, message.record(), true, line));
  const std::string json = tests::json_of(room.name, message);
  CHECK(text_of(out, line.json) == json + "\n");
  CHECK(line.ascii == is_plain(json));
  CHECK(text_of(out, line.messagepack) == tests::messagepack_of(room.name, message));
  CHECK(line.messagepack.size() <= line.json.size());
  Scratch again;
  CHECK(transcode(again, json));
  CHECK(text_of(again) == text_of(out, line.messagepack));
  // A draft is the same with its offset put in later, and never says what came before.
  if (message.prev + 1 != message.offset) return;
  out.clear();
  CHECK(encode_draft(out, room, message.draft(), message.timestamp, true, line));
  std::string draft = text_of(out, line.json);
  draft.insert(line.json.split - line.json.begin, std::to_string(message.offset));
  CHECK(draft == json + "\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<char> exact(data + 1, data + size);
  Random random(std::span(data + 1, size - 1));
  switch (data[0] % 4) {
    case 0: writes_a_record(random); break;
    case 1: writes_a_string({exact.data(), exact.size()}); break;
    case 2: transcodes_what_is_nearly_json(random); break;
    default: transcodes({exact.data(), exact.size()});
  }
  require_no_failures();
  return 0;
}
