#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "door/reader.h"
#include "door/sequences.h"
#include "hub/hub.h"

// One worker's way to the hub, without a word of JavaScript: requests come in as bytes in memory
// that both sides hold, and answers go out the same way, so that a turn of the event loop crosses
// the line once however much it has to say. server/hub/native/ writes and reads the other side.

namespace hubbub {

// A request is: word op, word length of all of it (a multiple of 8), number room, then what the op
// takes. Texts stand at the end of a request, or of a record in it, their lengths in front.
enum class Op : std::uint32_t {
  // word count, word 0, then records.
  append = 1,
  // number token, words: lengths of from, from_id, text, id (absent: none), texts.
  sequence,
  // word json length, word 0, text.
  broadcast,
  close_room,

  // The ops below are answered in `control`, and so only the last of a batch may be one.
  // words: lengths of name, epoch; number head; word count, word 0; texts, aligned; records.
  open_room,
  // words: encoding, lengths of user_id, username, epoch (absent: no `since`); number offset; texts.
  join,
  // words: encoding, length of user_id; text.
  leave,
  // words: limit, length of after (absent: from the start); text.
  users,
  // words: encoding, limit; number before.
  history,
  // number offset.
  covers,
  // words: encoding, count; records.
  encode_page,
  // word count, word 0; records.
  fill,
  // words: length of user_id, 0; text.
  present,
};

enum class Area : std::uint32_t { control, requests, rows, text, binary, overruns, verdicts, users, page };
inline constexpr std::size_t areas = 9;

// Places in `control`, each a double.
enum class Field : std::size_t {
  // Bytes of the requests that have been carried out.
  consumed,
  rows,
  text_bytes,
  binary_bytes,
  overruns,
  verdicts,
  next_due_ms,
  // Bytes that would have been enough, 0 where it was not that.
  text_needed,
  binary_needed,
  page_needed,
  users_needed,
  // The answer of the last op, each field only where the op has one.
  room,
  offset,
  user_count,
  before,
  page_bytes,
  page_count,
  users_bytes,
  // Bits, see Flag.
  flags,
  // Records of `append` that the pool had no room for.
  refused,
  // What `execute` made of it all: a Status.
  status,

  // Written by TypeScript before it calls: which bytes of the requests to carry out, whether to flush
  // then (0 or 1), and what time it is.
  from,
  to,
  flush,
  monotonic_ms,
  wall_ms,
  count,
};

enum class Flag : std::uint32_t {
  arrived = 1,
  recovered = 2,
  departed = 4,
  more = 8,
  covered = 16,
  ascii = 32,
  users_missing = 64,
  present = 128,
};

class Door {
 public:
  Door(Hub& hub, std::size_t worker) : hub_(hub), worker_(worker) {}

  // Memory for an area, valid until another one is given. Aligned to 8 bytes.
  // @returns false when it is too small or not aligned
  bool set_area(Area area, std::span<std::uint8_t> memory);

  // Carries out the requests that `control` names, then flushes when it says so. Stops early, with
  // `more`, when an output is full: publish what is there, and call again from `consumed`.
  Status execute();

 private:
  struct Request {
    Op op;
    std::size_t length;
    RoomHandle room;
  };

  Status execute(std::size_t from, std::size_t to, bool flush, Time now);
  bool read_header(std::size_t at, std::size_t to, Request& request) const;
  Status sequence_all(std::size_t& at, std::size_t to, Request request);
  Status carry_out(const Request& request, Reader& reader);
  Status carry_out_answered(const Request& request, Reader& reader);
  Status append(RoomHandle room, Reader& reader);
  Status broadcast(RoomHandle room, Reader& reader);
  Status open_room(Reader& reader);
  Status join(RoomHandle room, Reader& reader);
  Status leave(RoomHandle room, Reader& reader);
  Status users(RoomHandle room, Reader& reader);
  Status history(RoomHandle room, Reader& reader);
  Status encode_page(RoomHandle room, Reader& reader);
  Status fill(RoomHandle room, Reader& reader);

  bool read_records(Reader& reader, std::size_t count);
  void begin();
  void finish(std::size_t consumed);
  Page page_in(Area area);
  void answer_page(const Page& page);
  void raise(Flag flag) { flags_ |= static_cast<std::uint32_t>(flag); }
  [[nodiscard]] Reader body_of(const Request& request, std::size_t at) const;
  void answer(Field field, double value);
  [[nodiscard]] std::span<std::uint8_t> memory(Area area) const {
    return areas_[static_cast<std::size_t>(area)];
  }

  Hub& hub_;
  std::size_t worker_;
  std::array<std::span<std::uint8_t>, areas> areas_{};
  Time now_;
  Output output_;
  std::span<VerdictRow> verdicts_;
  std::size_t verdict_count_ = 0;
  std::uint32_t flags_ = 0;
  std::vector<Record> records_;
  Sequences sequences_;
};

}  // namespace hubbub
