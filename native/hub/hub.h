#pragma once

// The native hub's whole surface. One Hub serves all worker threads of the process: it knows who
// is where, keeps each room's newest records encoded and in order, and hands them on in batches.
// It is the twin of the hub in TypeScript, which says what callers may rely on; what is said here
// is what differs because threads share it and because memory is handed in from outside.
//
// Threads. A worker is a number below Options::workers. Calls in the name of one worker come from
// one thread at a time; different workers may call at the same time. Nobody waits for another
// worker: locks are held for a copy of at most 64 KB, or of one larger record.
//
// Handles. A room's handle belongs to the worker it was given to, and is dead once that worker has
// closed the room; it is never given out again. Several workers that open one name are in one room.
//
// Text. Strings come in as well-formed UTF-8 and are not kept after the call. JSON is what
// JSON.stringify writes, MessagePack what msgpackr writes without extensions.
//
// Time. Every clock is the caller's: `monotonic_ms` must have one origin for all workers,
// `wall_ms` is milliseconds since 1970, as records carry it.
//
// Errors are values. Nothing throws, nothing aborts; a call that fails has changed nothing unless
// its description says so.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace hubbub {

inline constexpr std::uint64_t offset_max = (std::uint64_t{1} << 53) - 1;

// generation * 2^24 + slot, always below 2^53: exact as a JavaScript number. Never 0.
using RoomHandle = std::uint64_t;

enum class Encoding : std::uint8_t { json, ndjson, msgpack };
inline constexpr std::size_t encodings = 3;

enum class Status : std::uint8_t {
  done,
  // The output is full, and nothing but rows has happened: publish them, clear the output and make
  // the same call again before anything else.
  more,
  // One record alone is larger than the whole output, or the page does not fit: `needed` says what
  // would. Rows that are in the output are to be published all the same.
  too_small,
  // No such room, or no longer.
  closed,
  // The user has no connection of this encoding in the room from this worker.
  absent,
  // The pool is at its cap, and no room has history left to give up.
  full,
  // The room's next offset would be past offset_max.
  exhausted,
  // An argument is out of range: a worker, an offset, a size.
  invalid,
};

struct Limits {
  double flush_interval_ms = 5;
  std::size_t batch_bytes_max = 64 * 1024;
  std::size_t batch_records_max = 512;
  std::size_t history_records_max = 100;
  std::size_t history_bytes_max = 256 * 1024;
  // 0: any age.
  std::uint64_t history_age_ms_max = 0;
  std::size_t pending_bytes_max = 8 * 1024 * 1024;
  std::size_t joined_users_max = 100;
  std::size_t idempotency_ids_max = 1000;
  // Everything records take: their bytes in both encodings and what is noted about each.
  std::size_t pool_bytes_max = std::size_t{512} * 1024 * 1024;
};

struct Options {
  Limits limits;
  // 1 to workers_max.
  std::size_t workers = 1;
  // Secret and random: names, users and ids are hashed with it, so that nobody can choose some that
  // collide.
  std::uint64_t hash_key[2] = {0, 0};
};

inline constexpr std::size_t workers_max = 256;

struct Time {
  double monotonic_ms = 0;
  std::uint64_t wall_ms = 0;
};

// What a publisher hands in.
struct Draft {
  std::string_view from;
  std::string_view from_id;
  std::string_view text;
  std::optional<std::string_view> id;
};

// A draft at its place. Offsets are 1 to offset_max, `prev` is below its own, `timestamp` 0 to
// offset_max.
struct Record {
  std::uint64_t offset = 0;
  std::uint64_t prev = 0;
  std::uint64_t timestamp = 0;
  Draft draft;
};

struct User {
  std::string_view user_id;
  std::string_view username;
};

struct Position {
  std::string_view epoch;
  std::uint64_t offset = 0;
};

// One frame for everybody in `room` who speaks the encoding: 24 bytes, so that JavaScript can read
// it as a Float64Array (`room`) and a Uint32Array over the same memory.
struct Row {
  double room;
  // Where the bytes stand: in `binary` for msgpack, in `text` for the other two. Rows may share
  // bytes: a json row is a part of the ndjson row behind it.
  std::uint32_t start;
  std::uint32_t length;
  // Messages in it: always 1 for json.
  std::uint32_t count;
  std::uint8_t encoding;
  // 1 when every byte is ASCII. Never set for msgpack.
  std::uint8_t ascii;
  std::uint16_t unused;
};
static_assert(sizeof(Row) == 24);

// The records after `after` are no longer here: fetch them and call `fill`.
struct Overrun {
  double room;
  double after;
};
static_assert(sizeof(Overrun) == 16);

// Memory for rows, handed in by the caller and valid during the call. `text` and `binary` should
// hold a batch at least (batch_bytes_max plus batch_records_max); what is past 4 GB is not used.
struct Output {
  // A batch takes a row for each record and two more; fewer than rows_min are refused as `invalid`.
  static constexpr std::size_t rows_min = 3;

  std::span<Row> rows;
  std::span<std::uint8_t> text;
  std::span<std::uint8_t> binary;
  // Only `flush` and `fill` report overruns; at least one place.
  std::span<Overrun> overruns;

  std::size_t row_count = 0;
  std::size_t text_size = 0;
  std::size_t binary_size = 0;
  std::size_t overrun_count = 0;
  // After `too_small`: sizes that would do, 0 where the size is not what was missing.
  std::size_t text_needed = 0;
  std::size_t binary_needed = 0;

  void clear() {
    row_count = text_size = binary_size = overrun_count = text_needed = binary_needed = 0;
  }
};

// Memory for one page, handed in by the caller: records oldest first (JSON lines with `\n` between,
// or MessagePack values back to back), or users as one JSON array.
struct Page {
  std::span<std::uint8_t> bytes;

  std::size_t size = 0;
  std::size_t count = 0;
  bool ascii = true;
  // After `too_small`: a size that would do.
  std::size_t needed = 0;
};

struct RoomStart {
  std::string_view epoch;
  std::uint64_t head = 0;
  // The newest records up to `head`, oldest first.
  std::span<const Record> tail;
};

struct Opened {
  Status status = Status::invalid;
  RoomHandle room = 0;
  // The room's own, valid until this worker closes it. Not the start's where another worker had
  // the room open already: then the start was not used at all.
  std::string_view epoch;
  std::uint64_t head = 0;
};

struct Appended {
  Status status = Status::invalid;
  // Records taken or dropped as duplicates. After `full` the rest may be handed in again later.
  std::size_t count = 0;
};

struct Verdict {
  // done, full or exhausted.
  Status status = Status::invalid;
  bool duplicate = false;
  std::uint64_t offset = 0;
};

struct Joined {
  Status status = Status::invalid;
  // The user's first connection in the room, on any worker.
  bool arrived = false;
  // Whether the replay is everything after `since`; false when there was no `since`.
  bool recovered = false;
  // Whether the users did not fit their page: the join stands, ask for them with `users`.
  bool users_missing = false;
  std::size_t user_count = 0;
  std::uint64_t offset = 0;
  std::string_view epoch;
};

struct Left {
  Status status = Status::invalid;
  // The user's last connection in the room, on any worker.
  bool departed = false;
};

struct UserList {
  Status status = Status::invalid;
  bool more = false;
  std::size_t user_count = 0;
};

struct HistoryRead {
  Status status = Status::invalid;
  bool more = false;
  // The offset before the page's first record; -1 when asked for what is before 0.
  std::int64_t before = 0;
};

struct Flushed {
  // done, more or too_small.
  Status status = Status::invalid;
  // See next_due_ms. Without a window it is 0 after rows when there are other workers: look again.
  double next_due_ms = 0;
};

enum class Counter : std::uint8_t {
  // These go up and down.
  rooms,
  members,
  history_bytes,
  // These only go up.
  records,
  events,
  duplicates_dropped,
  rows,
  deliveries,
  overruns,
  records_lost,
  duplicate_publishes,
  refused_full,
  rooms_evicted,
  wakes,
};

// Called when a worker is to flush no later than `due_ms` and does not know it yet. It comes from
// another worker's thread, while no room is locked, must return soon and must not call the hub.
using Wake = void (*)(void* context, double due_ms);

class Core;

class Hub {
 public:
  // Null when an option is out of range.
  [[nodiscard]] static std::unique_ptr<Hub> make(const Options& options);

  // Only once no thread calls any more.
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // From now on `wake` is called for the worker, until it is detached: `invalid` when it has one
  // already. A worker that polls needs none.
  Status attach_worker(std::size_t worker, Wake wake, void* context);

  // Closes every room the worker has open. When it has returned, `wake` is not called any more.
  Status detach_worker(std::size_t worker);

  // Opens a room, or joins those who have it open. A worker that opens a name twice gets the same
  // handle and has to close it twice. Of a tail that the pool cannot hold the end is kept, or
  // nothing: the history then begins at the head.
  Opened open_room(std::size_t worker, std::string_view name, const RoomStart& start, Time now);

  // Forgets the room and this worker's members in it; what they have not been sent is dropped. The
  // last worker to close frees the room. A handle that is dead already is `done`.
  Status close_room(std::size_t worker, RoomHandle room);

  // Takes records the log has accepted, in its order. Those at or below the head are dropped.
  Appended append(std::size_t worker, RoomHandle room, std::span<const Record> records, Time now);

  // The memory log in one step: gives each draft the next offset and takes it, unless the room
  // remembers its (from_id, id). `verdicts` is as long as `drafts`; their timestamp is the wall
  // clock's. A draft that is refused leaves no trace, and those behind it are still tried.
  Status sequence(std::size_t worker, RoomHandle room, std::span<const Draft> drafts,
                  std::span<Verdict> verdicts, Time now);

  // Takes an event that is worth nothing later. `messagepack` may be empty: it is made of the JSON
  // when somebody speaks it. JSON that cannot be transcoded is `invalid`.
  Status broadcast(std::size_t worker, RoomHandle room, std::string_view json,
                   std::span<const std::uint8_t> messagepack, Time now);

  // Writes what is pending for this worker as rows, then, in the moment when nothing is, counts the
  // user in. After `done` the caller publishes the rows, subscribes and answers, all in this turn.
  // `users` gets the first joined_users_max users; `replay`, when there is a `since`, everything
  // after it, or the newest history and no proof. On `too_small` nobody was counted in.
  Joined join_and_drain(std::size_t worker, RoomHandle room, User user, Encoding encoding,
                        std::optional<Position> since, Time now, Output& output, Page& users,
                        Page& replay);

  // Writes what is pending for this worker as rows, then counts one connection of the user out.
  Left leave_and_drain(std::size_t worker, RoomHandle room, std::string_view user_id,
                       Encoding encoding, Time now, Output& output);

  // Users in order of arrival on all workers: at most `limit` after the user `after`, from the
  // start when that is absent or unknown.
  UserList users(std::size_t worker, RoomHandle room, std::size_t limit,
                 std::optional<std::string_view> after, Page& page);

  // done when the user has a connection in the room, at whichever worker; else absent.
  Status present(std::size_t worker, RoomHandle room, std::string_view user_id);

  // The newest `limit` records before an offset, as far as they are here.
  HistoryRead history(std::size_t worker, RoomHandle room, Encoding encoding, std::uint64_t before,
                      std::size_t limit, Time now, Page& page);

  // done when everything after `offset` is still here, absent when it is not.
  Status covers(std::size_t worker, RoomHandle room, std::uint64_t offset, Time now);

  // Encodes records that come from elsewhere like the hub's own.
  Status encode_page(std::size_t worker, RoomHandle room, Encoding encoding,
                     std::span<const Record> records, Page& page);

  // Answers an overrun of this worker with what the log still had. Rows go to this worker's members
  // alone. After `more` or `too_small` the same records again go on where this call stopped. It
  // does nothing when the overrun has ended.
  Status fill(std::size_t worker, RoomHandle room, std::span<const Record> records, Time now,
              Output& output);

  // Writes every batch of this worker that is due, and reports its overruns.
  Flushed flush(std::size_t worker, Time now, Output& output);

  // When the worker has to flush next: 0 for at once, infinity for never. Wakes are for what
  // happens after the worker has asked, so it asks before it rests: after every round of calls
  // that append, broadcast, sequence, join or leave. `flush` answers it by itself.
  double next_due_ms(std::size_t worker);

  // One counter's sum over all workers.
  [[nodiscard]] std::uint64_t count(Counter counter) const;

  // Bytes the pool has given out: never more than pool_bytes_max.
  [[nodiscard]] std::size_t pool_bytes() const;

 private:
  explicit Hub(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace hubbub
