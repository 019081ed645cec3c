#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "hub/history.h"
#include "hub/hub.h"
#include "hub/idempotency.h"
#include "hub/line.h"
#include "hub/lock.h"
#include "hub/schedule.h"
#include "hub/stream.h"
#include "hub/users.h"

namespace hubbub {

struct Room;

enum class OverrunState : std::uint8_t { no, unreported, reported };

// One worker's place in a room. `room`, `worker` and `handle` never change; `opens` is the worker's
// own; the rest is guarded by the room's lock, and only the worker itself changes how many speak.
struct Attachment {
  Room* room = nullptr;
  std::size_t worker = 0;
  RoomHandle handle = 0;
  std::size_t opens = 1;

  // Connections by encoding.
  std::array<std::size_t, encodings> speaking{};

  // What has been written out ends here: indices into the two streams, the JSON bytes before them,
  // and the offset of the last durable record. Without connections it means nothing.
  std::uint64_t durable = 0;
  std::uint64_t passing = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;

  OverrunState overrun = OverrunState::no;
  // Records written out during an overrun that came from the log.
  std::uint64_t filled = 0;
  // The overrun is over, and what the history holds is not all written out yet.
  bool catching_up = false;

  double flushed_at_ms = -never_ms;
  // When the pending batch leaves, and the due time of the entry in the worker's schedule that will
  // see to it; never_ms when there is none.
  double due_ms = 0;
  double scheduled_ms = never_ms;

  [[nodiscard]] std::size_t connections() const { return speaking[0] + speaking[1] + speaking[2]; }
  [[nodiscard]] std::size_t speaks(Encoding encoding) const {
    return speaking[static_cast<std::size_t>(encoding)];
  }
  // Whether it needs what comes after its place in the room.
  [[nodiscard]] bool follows() const { return connections() > 0 && overrun == OverrunState::no; }
};

// Keeps records from `durable` on in their stream while somebody reads them in more than one hold.
struct Pin {
  std::uint64_t durable;
  Pin* next;
};

// The same records in MessagePack under the same indices, from where somebody began to speak it.
struct Twins {
  Stream durable;
  Stream passing;
  std::uint64_t durable_begin;
};

enum class Kind : std::uint8_t { durable, passing };

// What a message lacks before it can be taken into the room, to be brought without its lock.
struct Lack {
  enum class What : std::uint8_t { nothing, chunk, messagepack };
  What what = What::nothing;
  bool in_twin = false;
  // How large the chunk has to be, and how large it had better be.
  std::size_t needed_bytes = 0;
  std::size_t wanted_bytes = 0;
};

// One room. There is one order for everything: durable records and passing events (the volatile
// ones) stand in two streams, and each event knows before which durable record it came. So history
// is simply the newest part of one stream, whatever passes through the other; and a reader that
// follows both sees one order.
//
// A record stays as long as the history holds it or somebody follows who has not been given it.
struct Room {
  Room(std::string_view name, std::string_view epoch_name, std::uint64_t start, HashKey key)
      : text(name), epoch(epoch_name), head(start), history(start), users(key) {}

  // Never change.
  const RoomText text;
  const std::string epoch;

  Lock lock;
  // Guarded by the lock.
  std::uint64_t head;
  Stream durable;
  Stream passing;
  std::unique_ptr<Twins> twins;
  History history;
  std::unique_ptr<IdempotencyWindow> window;
  // JSON bytes of everything there ever was, without what stands between records.
  std::uint64_t bytes = 0;
  std::vector<Attachment*> attachments;
  Pin* pins = nullptr;
  std::size_t messagepack_speakers = 0;

  // Written under the lock, read without: what a writer should encode. It looks again when it has
  // the lock.
  std::atomic<bool> speaks_messagepack{false};
  // Written and read without the lock: when somebody last published here.
  std::atomic<double> active_ms{0};

  // Taken by itself, never together with the other one.
  Lock users_lock;
  Users users;

  // How many workers have it open; guarded by the registry's lock.
  std::size_t opens = 0;
  // One for being open, one for each thread that is about to evict its history.
  std::atomic<std::size_t> references{1};
  // Guarded by the activity's lock. A room that is closed does not come in again.
  static constexpr std::size_t activity_nowhere = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t activity_never = activity_nowhere - 1;
  std::size_t activity_place = activity_nowhere;

  // Everything below needs the lock.

  // What is missing before `add` may be called.
  [[nodiscard]] Lack lack(const Line& line, Kind kind) const;
  void add_chunk(Chunk* chunk, Kind kind, bool in_twin);
  // Takes a message. `offset` is written at the line's split where it has one; it is 0 for events.
  void add(const std::uint8_t* scratch, const Line& line, Kind kind, std::uint64_t offset,
           std::uint64_t timestamp);

  [[nodiscard]] std::uint64_t pending_records(const Attachment& reader) const {
    return durable.end() - reader.durable + (passing.end() - reader.passing);
  }
  [[nodiscard]] std::uint64_t pending_bytes(const Attachment& reader) const {
    return bytes - reader.bytes;
  }

  // Moves a reader behind everything.
  void skip_all(Attachment& reader) const;

  // Ends an overrun: the reader goes on with what the history holds after its place. Answers how
  // many records are lost to it.
  std::uint64_t catch_up(Attachment& reader) const;

  void count_in(Attachment& reader, Encoding encoding);
  void count_out(Attachment& reader, Encoding encoding, std::size_t connections,
                 Chunk*& released);

  // Lets go of what nobody needs: those chunks come in front of the list.
  void release(Chunk*& released);
  // Lets go of chunks that were brought for a message which has been refused.
  void release_unused(Chunk*& released);
  // Lets go of everything, whoever needs it.
  void release_all(Chunk*& released);
  void release_twins(Chunk*& released);

  [[nodiscard]] bool holds_chunks() const {
    return !durable.is_empty() || !passing.is_empty() ||
           (twins != nullptr && (!twins->durable.is_empty() || !twins->passing.is_empty()));
  }
};

}  // namespace hubbub
