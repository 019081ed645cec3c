#pragma once

#include <cstddef>
#include <cstdint>

#include "hub/room.h"

namespace hubbub {

// How much a reader copies before it lets others have the room's lock.
inline constexpr std::size_t hold_bytes_max = std::size_t{64} * 1024;

// Writes records to an output as rows for one worker's members of a room: a row each for json,
// a row a batch for the other two, in the order json, ndjson, msgpack, batch by batch. A batch ends
// at its limits, at `finish`, and where the output is full.
class RowWriter {
 public:
  RowWriter(Output& output, const Attachment& reader, const Limits& limits);

  // Takes records from `i` to before `end` of a chunk, as long as the output has room and they fit
  // the budget, which is hold_bytes_max at first and 0 once the next one does not fit. A record that
  // is larger than all of it is taken alone. Answers how many.
  std::size_t take(const Chunk& chunk, std::size_t i, std::size_t end, const Stream* twin,
                   std::size_t& budget);

  // Takes one record with its newline. False when the output is full.
  bool take(const std::uint8_t* json, std::size_t json_bytes, bool ascii,
            const std::uint8_t* messagepack, std::size_t messagepack_bytes);

  void finish();

  [[nodiscard]] bool is_full() const { return full_; }

  // What to say about a full output.
  [[nodiscard]] Status status() const;

  [[nodiscard]] bool wants_messagepack() const { return speaking_[2] > 0; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  // Messages times receivers.
  [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }

 private:
  bool admit(std::size_t json_bytes, bool ascii, std::size_t messagepack_bytes);
  bool has_room_for(std::size_t text_bytes, std::size_t binary_bytes);
  void add_row(Encoding encoding, std::size_t start, std::size_t length, std::size_t count,
               bool ascii);

  Output& output_;
  const double room_;
  const std::array<std::size_t, encodings> speaking_;
  const Limits& limits_;
  bool full_ = false;
  std::uint64_t rows_ = 0;
  std::uint64_t deliveries_ = 0;

  // The batch that is being written.
  std::size_t text_begin_;
  std::size_t binary_begin_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  bool ascii_ = true;
};

}  // namespace hubbub
