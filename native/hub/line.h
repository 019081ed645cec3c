#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hub/hub.h"
#include "hub/scratch.h"

namespace hubbub {

// What the strings of one message may take together: JSON makes at most six bytes of one, and a
// chunk counts its bytes in 32 bits.
inline constexpr std::size_t strings_bytes_max = std::size_t{1} << 28;

// Whether every number and size is in its range.
[[nodiscard]] bool is_acceptable(const Draft& draft);
[[nodiscard]] bool is_acceptable(const Record& record);

// What every message of a room begins with, encoded once.
struct RoomText {
  std::string name;
  // `{"type":"message","room":"…","from":`
  std::string json;
  // The same behind the map's header.
  std::string messagepack;
  bool ascii = true;

  explicit RoomText(std::string_view room);
};

// Where one encoding of a record stands in the scratch it was written to.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  // Where the offset is to be written, when it was not known yet; else nowhere.
  static constexpr std::size_t nowhere = ~std::size_t{0};
  std::size_t split = nowhere;

  [[nodiscard]] std::size_t size() const { return end - begin; }
};

// One message, encoded and not yet in its room. The JSON has its newline at the end.
struct Line {
  Piece json;
  // Of no size when nobody asked for it.
  Piece messagepack;
  bool ascii = true;
};

// Each is false when there is no memory: what is in `out` is then of no use.

// A record at its place. `prev` is written only where it is not the offset before.
[[nodiscard]] bool encode_record(Scratch& out, const RoomText& room, const Record& record,
                                 bool with_messagepack, Line& line);

// A draft whose offset will be written at the split. It always follows on the one before.
[[nodiscard]] bool encode_draft(Scratch& out, const RoomText& room, const Draft& draft,
                                std::uint64_t timestamp, bool with_messagepack, Line& line);

// An event that is JSON already. `messagepack` may be empty: then it is made, when asked for.
enum class EventEncoded : std::uint8_t { done, no_memory, not_json };
[[nodiscard]] EventEncoded encode_event(Scratch& out, std::string_view json,
                                        std::string_view messagepack, bool with_messagepack,
                                        Line& line);

// Upper bounds of what an offset adds at the split.
inline constexpr std::size_t offset_bytes_max = 20;

}  // namespace hubbub
