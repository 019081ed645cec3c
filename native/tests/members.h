#pragma once

// Members of rooms as clients are: they read what is published to their topic and hold it against
// what they were promised.

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "check.h"
#include "support.h"

namespace hubbub::tests {

// What one message is: a record with an offset, or an event with a number (`"user":"7"`).
struct Seen {
  std::uint64_t offset = 0;
  std::uint64_t event = 0;
  // The text of a record says who wrote it, and must be the same for everybody.
  std::uint64_t text = 0;
};

inline std::uint64_t decimal_at(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  while (at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9') {
    number = number * 10 + static_cast<std::uint64_t>(bytes[at++] - '0');
  }
  return number;
}

inline std::uint64_t packed_number_at(std::string_view bytes, std::size_t at) {
  const auto type = static_cast<unsigned char>(bytes[at]);
  if (type < 0x80) return type;
  const std::size_t size = std::size_t{1} << (type - 0xcc);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + 1 + i]);
  }
  return number;
}

// Messages of a frame: each begins with its type, and texts here hold nothing that looks like one.
inline std::vector<Seen> read_frame(std::string_view bytes, Encoding encoding) {
  const bool binary = encoding == Encoding::msgpack;
  const std::string_view begin = binary ? "\xa4type\xa7message" : "{\"type\":\"message\"";
  const std::string_view event = binary ? "\xa4type\xa6typing" : "{\"type\":\"typing\"";
  const std::string_view offset_key = binary ? "\xa6offset" : "\"offset\":";
  const std::string_view text_key = binary ? "\xa4text" : "\"text\":\"";
  const std::string_view user_key = binary ? "\xa4user" : "\"user\":\"";
  std::vector<Seen> seen;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t record_at = bytes.find(begin, at);
    const std::size_t event_at = bytes.find(event, at);
    if (record_at == event_at) break;
    Seen one;
    if (record_at < event_at) {
      const std::size_t text_at = bytes.find(text_key, record_at) + text_key.size();
      // Behind the header of a MessagePack string, which here is always one byte.
      one.text = decimal_at(bytes, text_at + (binary ? 1 : 0));
      at = bytes.find(offset_key, text_at) + offset_key.size();
      one.offset = binary ? packed_number_at(bytes, at) : decimal_at(bytes, at);
    } else {
      at = bytes.find(user_key, event_at) + user_key.size();
      one.event = decimal_at(bytes, at + (binary ? 1 : 0));
    }
    seen.push_back(one);
  }
  return seen;
}

// What a room has sent, as the first member to read it saw it. All others must agree.
class RoomTruth {
 public:
  explicit RoomTruth(std::size_t records_max) : texts_(records_max + 2), events_(records_max + 2) {}

  void check_record(const Seen& seen) { agree(texts_[seen.offset], seen.text); }
  void check_event(const Seen& seen, std::uint64_t after) { agree(events_[seen.event], after + 1); }

 private:
  static void agree(std::atomic<std::uint64_t>& truth, std::uint64_t value) {
    std::uint64_t known = 0;
    if (!truth.compare_exchange_strong(known, value)) CHECK(known == value);
  }

  // By offset; by number of the event, the offset it came after plus one.
  std::vector<std::atomic<std::uint64_t>> texts_;
  std::vector<std::atomic<std::uint64_t>> events_;
};

struct Member {
  Encoding encoding = Encoding::json;
  std::uint64_t last = 0;

  // What it is sent after it joined: every record from there on, none twice, none missing.
  void receive(const std::vector<Seen>& messages, RoomTruth& truth) {
    for (const Seen& seen : messages) {
      if (seen.offset == 0) {
        truth.check_event(seen, last);
      } else {
        CHECK(seen.offset == last + 1);
        truth.check_record(seen);
        last = seen.offset;
      }
    }
  }
};

}  // namespace hubbub::tests
