#pragma once

// What the tests of the hub share: memory for its answers, messages to send, and readers of what
// comes out.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub.h"

namespace hubbub::tests {

// Memory for one worker's answers.
struct Buffers {
  explicit Buffers(std::size_t bytes = 1 << 20, std::size_t row_count = 4096)
      : rows(row_count), text(bytes), binary(bytes), overruns(16), user_bytes(bytes),
        record_bytes(bytes) {}

  std::vector<Row> rows;
  std::vector<std::uint8_t> text;
  std::vector<std::uint8_t> binary;
  std::vector<Overrun> overruns;
  std::vector<std::uint8_t> user_bytes;
  std::vector<std::uint8_t> record_bytes;

  Output output{rows, text, binary, overruns};
  Page users{user_bytes};
  Page records{record_bytes};

  [[nodiscard]] std::string row_bytes(const Row& row) const {
    const auto& bytes = row.encoding == 2 ? binary : text;
    return {reinterpret_cast<const char*>(bytes.data()) + row.start, row.length};
  }
};

inline std::string bytes_of(const Page& page) {
  return {reinterpret_cast<const char*>(page.bytes.data()), page.size};
}

inline std::string_view text_of(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A message with strings of its own, where Record and Draft only point to some.
struct Message {
  std::uint64_t offset = 0;
  std::uint64_t prev = 0;
  std::uint64_t timestamp = 1'700'000'000'000;
  std::string from = "ann";
  std::string from_id = "id of ann";
  std::string text = "text";
  std::optional<std::string> id;

  [[nodiscard]] Draft draft() const { return {from, from_id, text, id}; }
  [[nodiscard]] Record record() const { return {offset, prev, timestamp, draft()}; }
};

inline Message message_at(std::uint64_t offset, std::uint64_t prev) {
  Message message;
  message.offset = offset;
  message.prev = prev;
  message.text = "text " + std::to_string(offset);
  return message;
}

// Messages at `first` to `last`, without holes.
inline std::vector<Message> run(std::uint64_t first, std::uint64_t last) {
  std::vector<Message> messages;
  for (std::uint64_t offset = first; offset <= last; ++offset) {
    messages.push_back(message_at(offset, offset - 1));
  }
  return messages;
}

inline std::vector<Record> records_of(const std::vector<Message>& messages) {
  std::vector<Record> records;
  for (const Message& message : messages) records.push_back(message.record());
  return records;
}

inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const std::string_view part : parts) whole += part;
  return whole;
}

// JSON as the protocol writes it, the slow and obvious way.
inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    char escape[8];
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (byte >= 0x20) {
          out += character;
        } else {
          std::snprintf(escape, sizeof escape, "\\u%04x", byte);
          out += escape;
        }
    }
  }
  return out + "\"";
}

inline std::string json_of(std::string_view room, const Message& message) {
  std::string line = joined({"{\"type\":\"message\",\"room\":", quoted(room)});
  line += joined({",\"from\":", quoted(message.from), ",\"from_id\":", quoted(message.from_id)});
  line += joined({",\"text\":", quoted(message.text)});
  line += joined({",\"timestamp\":", std::to_string(message.timestamp)});
  line += joined({",\"offset\":", std::to_string(message.offset)});
  if (message.prev + 1 != message.offset) {
    line += joined({",\"prev\":", std::to_string(message.prev)});
  }
  if (message.id) line += joined({",\"id\":", quoted(*message.id)});
  return line + "}";
}

inline std::string typing(std::string_view user) {
  return joined({"{\"type\":\"typing\",\"user\":", quoted(user), "}"});
}

// MessagePack as msgpackr writes it, the slow and obvious way.
inline std::string big_endian(std::uint64_t number, int bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>((number >> (8 * bytes)) & 0xff);
  return out;
}

inline std::string packed(std::string_view text) {
  const std::size_t size = text.size();
  std::string out;
  if (size < 32) out = static_cast<char>(0xa0 + size);
  else if (size < 256) out = joined({"\xd9", big_endian(size, 1)});
  else if (size < 65536) out = joined({"\xda", big_endian(size, 2)});
  else out = joined({"\xdb", big_endian(size, 4)});
  return out.append(text);
}

inline std::string packed(std::uint64_t number) {
  if (number < 128) return big_endian(number, 1);
  if (number < 256) return joined({"\xcc", big_endian(number, 1)});
  if (number < 65536) return joined({"\xcd", big_endian(number, 2)});
  if (number <= 0xffff'ffff) return joined({"\xce", big_endian(number, 4)});
  const auto real = static_cast<double>(number);
  std::uint64_t bits = 0;
  static_assert(sizeof bits == sizeof real);
  __builtin_memcpy(&bits, &real, sizeof bits);
  return joined({"\xcb", big_endian(bits, 8)});
}

inline std::string messagepack_of(std::string_view room, const Message& message) {
  const bool with_prev = message.prev + 1 != message.offset;
  std::string out(1, static_cast<char>(0x87 + (with_prev ? 1 : 0) + (message.id ? 1 : 0)));
  out += packed("type") + packed("message") + packed("room") + packed(room);
  out += packed("from") + packed(message.from) + packed("from_id") + packed(message.from_id);
  out += packed("text") + packed(message.text);
  out += packed("timestamp") + packed(message.timestamp);
  out += packed("offset") + packed(message.offset);
  if (with_prev) out += packed("prev") + packed(message.prev);
  if (message.id) out += packed("id") + packed(*message.id);
  return out;
}

// Random numbers under a seed that is printed: HUBBUB_SEED, or the first argument, repeats a run. Or
// decisions that a fuzzer makes, a byte or a few for each, and 0 once its bytes are used up.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  explicit Random(std::span<const std::uint8_t> bytes) : given_(true), bytes_(bytes) {}

  // Whether all that was given has been used; never where it was a seed.
  [[nodiscard]] bool is_over() const { return given_ && bytes_.empty(); }

  std::uint64_t number() { return given_ ? take(sizeof(std::uint64_t)) : engine_(); }
  std::uint64_t below(std::uint64_t n) {
    if (!given_) return engine_() % n;
    std::size_t bytes = 1;
    while (bytes < sizeof n && n >> (8 * bytes) != 0) ++bytes;
    return take(bytes) % n;
  }
  // Never once all that was given has been used.
  bool chance(std::uint64_t one_in) { return below(one_in) + 1 == one_in; }

 private:
  std::uint64_t take(std::size_t count) {
    std::uint64_t taken = 0;
    for (; count > 0 && !bytes_.empty(); --count) {
      taken = taken << 8 | bytes_.front();
      bytes_ = bytes_.subspan(1);
    }
    return taken;
  }

  bool given_ = false;
  std::mt19937_64 engine_;
  std::span<const std::uint8_t> bytes_;
};

inline std::uint64_t seed_of(int argc, char** argv) {
  const char* const given = argc > 1 ? argv[1] : std::getenv("HUBBUB_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

// Text of all kinds: plain, escaped, not ASCII, short and long.
inline std::string random_text(Random& random, std::size_t size_max) {
  static constexpr std::string_view pieces[] = {"a",  "bc",    "hello ", "\"",     "\\",
                                                "\n", "\x01",  "\x1f",   "\x7f",   "/",
                                                "ö",  "愛",    "😀",     "\u2028", "<&>",
                                                "\t", "\r",    "\b",     "\f",     std::string_view("\0", 1)};
  std::string text;
  const std::size_t size = random.chance(4) ? random.below(size_max + 1) : random.below(24);
  const bool plain = random.chance(2);
  while (text.size() < size) {
    text += plain ? std::string_view("plain text") : pieces[random.below(std::size(pieces))];
  }
  return text;
}

}  // namespace hubbub::tests
