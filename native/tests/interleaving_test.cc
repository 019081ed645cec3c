// Joins, publishes, flushes, leaves and closes of several workers in every order their locks allow.

#include "interleavings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include "members.h"

using namespace hubbub;
using namespace hubbub::tests;

namespace hubbub {

std::size_t lock_made() { return Interleavings::made(); }
void lock_wanted(std::size_t lock) { Interleavings::wanted(lock); }
void lock_taken(std::size_t lock) { Interleavings::taken(lock); }
void lock_opened(std::size_t lock) { Interleavings::opened(lock); }

}  // namespace hubbub

namespace {

constexpr std::size_t workers = 3;
constexpr Time now{1000, 1'700'000'000'000};

// One worker as its event loop would drive it, with the members of one room.
class Loop {
 public:
  Loop(Hub& hub, std::size_t index, RoomTruth& truth, std::size_t buffer_bytes)
      : hub_(hub), index_(index), truth_(truth), buffers_(buffer_bytes, 64) {
    hub.attach_worker(index, wake, this);
    open();
  }

  void open() { room_ = hub_.open_room(index_, "red", {"e.1", 0, {}}, now).room; }

  void close() {
    hub_.close_room(index_, room_);
    members_.clear();
  }

  // A message whose text is a number, and as long as that.
  void publish(std::uint64_t number, std::size_t size = 1) {
    std::string text = std::to_string(number);
    text.resize(std::max(size, text.size()), 'x');
    const Draft draft{"ann", "u", text, std::nullopt};
    Verdict verdict;
    CHECK(hub_.sequence(index_, room_, {&draft, 1}, {&verdict, 1}, now) == Status::done);
    CHECK(verdict.status == Status::done || verdict.status == Status::full);
    rest();
  }

  // Messages with the numbers `first` to `last`, in one call.
  void publish_run(std::uint64_t first, std::uint64_t last) {
    std::vector<std::string> texts;
    for (std::uint64_t number = first; number <= last; ++number) texts.push_back(std::to_string(number));
    std::vector<Draft> drafts;
    for (const std::string& text : texts) drafts.push_back({"ann", "u", text, std::nullopt});
    std::vector<Verdict> verdicts(drafts.size());
    CHECK(hub_.sequence(index_, room_, drafts, verdicts, now) == Status::done);
    rest();
  }

  void broadcast(std::uint64_t number) {
    CHECK(hub_.broadcast(index_, room_, typing(std::to_string(number)), {}, now) == Status::done);
    rest();
  }

  void join(Encoding encoding, std::optional<std::uint64_t> since = std::nullopt) {
    Member member;
    member.encoding = encoding;
    std::optional<Position> position;
    if (since) position = Position{"e.1", *since};
    buffers_.output.clear();
    const Joined joined =
        hub_.join_and_drain(index_, room_, {"ann", "ann"}, encoding, position, now,
                            buffers_.output, buffers_.users, buffers_.records);
    CHECK(joined.status == Status::done && joined.user_count == 1);
    deliver();
    for (const Member& other : members_) CHECK(other.last == joined.offset);
    if (since) {
      CHECK(joined.recovered);
      member.last = *since;
      member.receive(read_frame(bytes_of(buffers_.records), encoding), truth_);
      CHECK(member.last == joined.offset);
    }
    member.last = joined.offset;
    members_.push_back(member);
    rest();
  }

  void leave() {
    buffers_.output.clear();
    const Encoding encoding = members_.back().encoding;
    const Left left = hub_.leave_and_drain(index_, room_, "ann", encoding, now, buffers_.output);
    CHECK(left.status == Status::done);
    deliver();
    members_.pop_back();
    rest();
  }

  void flush(Time at = now) {
    woken_ = false;
    buffers_.output.clear();
    const Flushed flushed = hub_.flush(index_, at, buffers_.output);
    CHECK(flushed.status == Status::done);
    had_some_ = buffers_.output.row_count + buffers_.output.overrun_count > 0;
    deliver();
    if (buffers_.output.overrun_count > 0) fill(buffers_.overruns[0].after);
    rest();
  }

  // The log knows the next messages, written or not: their text is their offset.
  void fill(double after) {
    std::vector<Message> messages;
    const auto first = static_cast<std::uint64_t>(after) + 1;
    for (std::uint64_t offset = first; offset < first + 9; ++offset) {
      messages.push_back(message_at(offset, offset - 1));
      messages.back().text = std::to_string(offset);
    }
    buffers_.output.clear();
    const auto records = records_of(messages);
    CHECK(hub_.fill(index_, room_, records, now, buffers_.output) == Status::done);
    deliver();
    if (buffers_.output.overrun_count > 0) fill(buffers_.overruns[0].after);
  }

  // A message in another room, with a text of so many bytes.
  void publish_elsewhere(std::size_t size) {
    const Opened opened = hub_.open_room(index_, "blue", {"e.1", 0, {}}, now);
    const std::string text(size, 'x');
    const Draft draft{"ann", "u", text, std::nullopt};
    Verdict verdict;
    CHECK(hub_.sequence(index_, opened.room, {&draft, 1}, {&verdict, 1}, now) == Status::done);
  }

  // A history of others' records, while they are being written.
  void look() {
    const HistoryRead read = hub_.history(index_, room_, Encoding::msgpack, offset_max, 10, now,
                                          buffers_.records);
    CHECK(read.status == Status::done);
    Member reader;
    reader.last = static_cast<std::uint64_t>(read.before);
    reader.receive(read_frame(bytes_of(buffers_.records), Encoding::msgpack), truth_);
  }

  // When all is over: whoever has something pending knows it, and gets it.
  void finish() {
    const bool rested = rests_ && !woken_;
    const Time later{now.monotonic_ms + 100, now.wall_ms};
    for (bool first = true; first || !rests_; first = false) {
      flush(later);
      CHECK(!first || !rested || !had_some_);
    }
    buffers_.output.clear();
    const Joined joined = hub_.join_and_drain(index_, room_, {"eve", "eve"}, Encoding::json,
                                              std::nullopt, later, buffers_.output, buffers_.users,
                                              buffers_.records);
    CHECK(buffers_.output.row_count == 0);
    for (const Member& member : members_) CHECK(member.last == joined.offset);
  }

 private:
  static void wake(void* context, double) { static_cast<Loop*>(context)->woken_ = true; }

  void rest() { rests_ = std::isinf(hub_.next_due_ms(index_)); }

  void deliver() {
    for (std::size_t i = 0; i < buffers_.output.row_count; ++i) {
      const Row& row = buffers_.rows[i];
      const auto encoding = static_cast<Encoding>(row.encoding);
      const auto messages = read_frame(buffers_.row_bytes(row), encoding);
      CHECK(messages.size() == row.count);
      for (Member& member : members_) {
        if (member.encoding == encoding) member.receive(messages, truth_);
      }
    }
  }

  Hub& hub_;
  const std::size_t index_;
  RoomTruth& truth_;
  RoomHandle room_ = 0;
  Buffers buffers_;
  std::vector<Member> members_;
  bool rests_ = true;
  bool had_some_ = false;
  // Set from other threads, one at a time.
  bool woken_ = false;
};

struct Stage {
  Stage(const Limits& limits, std::size_t buffer_bytes)
      : hub(Hub::make({limits, workers, {1, 2}})),
        loops{Loop(*hub, 0, truth, buffer_bytes), Loop(*hub, 1, truth, buffer_bytes),
              Loop(*hub, 2, truth, buffer_bytes)} {}

  std::unique_ptr<Hub> hub;
  RoomTruth truth{100};
  std::array<Loop, workers> loops;
};

using Scene = std::function<void(std::array<Loop, workers>&)>;

// A pool in which a record of 3,500 bytes has its place only once another room has given up some; and so
// little may wait that a second record is too much.
constexpr std::size_t nearly_full = 5500;
constexpr std::size_t one_record = 200;
// More than is copied in one hold, and so much less than two of them may wait.
constexpr std::size_t large = 66 * 1024;
constexpr std::size_t one_large_record = 70 * 1024;

struct Play {
  const char* name;
  Scene before;
  std::array<Scene, workers> acts;
  Limits limits;
  std::size_t preemptions_max = 2;
  std::size_t buffer_bytes = 16 * 1024;
};

struct Tally {
  std::size_t orders = 0;
  std::uint64_t evicted = 0;
  std::uint64_t overruns = 0;
};

void perform_once(const Play& play, Interleavings& interleavings, Tally& seen) {
  Interleavings::begin();
  Stage stage(play.limits, play.buffer_bytes);
  play.before(stage.loops);
  Interleavings::Bodies bodies;
  for (std::size_t i = 0; i < workers; ++i) {
    bodies[i] = [&play, &stage, i] { play.acts[i](stage.loops); };
  }
  if (!interleavings.run(bodies)) {
    std::fprintf(stderr, "%s: a deadlock\n", play.name);
    std::_Exit(1);
  }
  for (Loop& loop : stage.loops) loop.finish();
  CHECK(stage.hub->count(Counter::records_lost) == 0);
  seen.evicted += stage.hub->count(Counter::rooms_evicted);
  seen.overruns += stage.hub->count(Counter::overruns);
  ++seen.orders;
}

std::size_t perform(const Play& play) {
  Interleavings interleavings(play.preemptions_max);
  Tally seen;
  do {
    if (interleavings.begins_again()) seen = {};
    perform_once(play, interleavings, seen);
  } while (interleavings.next() && check::failures == 0);
  std::printf("%-52s %zu preemptions %8zu orders\n", play.name, play.preemptions_max, seen.orders);
  std::fflush(stdout);
  if (check::failures != 0) return seen.orders;
  // Fewer would mean that the locks no longer say when they are wanted.
  CHECK(seen.orders > 100);
  CHECK((seen.evicted > 0) == (play.limits.pool_bytes_max == nearly_full));
  CHECK((seen.overruns > 0) == (play.limits.pending_bytes_max <= one_large_record));
  return seen.orders;
}

constexpr auto json = Encoding::json;
constexpr auto ndjson = Encoding::ndjson;
constexpr auto msgpack = Encoding::msgpack;
using Loops = std::array<Loop, workers>&;

// Two rooms in one would be two orders: everybody writes a message so that the room has memory.
void warm(Loops loops) {
  for (std::uint64_t text = 1; text <= 3; ++text) loops[0].publish(text);
}

const Play plays[] = {
    {"join against publish against flush",
     [](Loops loops) {
       warm(loops);
       loops[2].join(json);
     },
     {[](Loops loops) { loops[0].publish(4); },
      [](Loops loops) { loops[1].join(ndjson); loops[1].flush(); },
      [](Loops loops) { loops[2].flush(); }},
     {},
     3},
    {"join with a past against two publishes",
     [](Loops loops) {
       warm(loops);
       loops[1].join(json);
     },
     {[](Loops loops) { loops[0].publish(4); },
      [](Loops loops) { loops[1].join(json, 1); },
      [](Loops loops) { loops[2].publish(5); }},
     {}},
    {"history in MessagePack against join and publish",
     [](Loops loops) {
       loops[0].publish_run(1, 6);
       loops[1].join(json);
     },
     // So many that what is being read is no longer history.
     {[](Loops loops) { loops[0].publish_run(7, 18); },
      [](Loops loops) { loops[1].join(msgpack); },
      [](Loops loops) { loops[2].look(); }},
     {.history_records_max = 5}},
    {"join against flush of the same message",
     [](Loops loops) {
       warm(loops);
       loops[1].join(json);
       loops[2].join(ndjson);
       loops[0].publish(4);
     },
     {[](Loops loops) { loops[0].broadcast(1); },
      [](Loops loops) { loops[1].join(ndjson); },
      [](Loops loops) { loops[2].flush(); }},
     {}},
    {"the first and the last speaker of MessagePack",
     [](Loops loops) {
       warm(loops);
       loops[2].join(msgpack);
     },
     {[](Loops loops) { loops[0].publish(4); },
      [](Loops loops) { loops[1].join(msgpack); },
      [](Loops loops) { loops[2].leave(); }},
     {}},
    {"leave against publish against event",
     [](Loops loops) {
       warm(loops);
       loops[1].join(json);
       loops[1].join(json);
     },
     {[](Loops loops) { loops[0].publish(4); },
      [](Loops loops) { loops[1].leave(); },
      [](Loops loops) { loops[2].broadcast(1); }},
     {}},
    {"falling behind against flush against the log's answer",
     [](Loops loops) {
       warm(loops);
       loops[1].join(ndjson);
       loops[0].publish(4);
     },
     {[](Loops loops) { loops[0].publish(5); loops[0].publish(6); },
      [](Loops loops) { loops[1].flush(); loops[1].flush(); },
      [](Loops loops) { loops[2].broadcast(1); }},
     {.history_records_max = 2, .pending_bytes_max = one_record}},
    {"falling behind again while the history is written",
     [](Loops loops) {
       loops[1].join(ndjson);
       for (std::uint64_t text = 1; text <= 3; ++text) loops[0].publish(text, large);
     },
     {[](Loops loops) { loops[0].publish(4, large); loops[0].publish(5, large); },
      [](Loops loops) { loops[1].flush(); },
      [](Loops loops) { loops[2].broadcast(1); }},
     {.history_records_max = 2, .pending_bytes_max = one_large_record},
     1,
     256 * 1024},
    {"giving up history against publish against flush",
     [](Loops loops) {
       warm(loops);
       loops[1].join(json);
       loops[0].publish(4);
     },
     {[](Loops loops) { loops[0].publish_elsewhere(3500); },
      [](Loops loops) { loops[1].flush(); },
      [](Loops loops) { loops[2].publish(5); }},
     {.pool_bytes_max = nearly_full}},
    {"close and open against publish against flush",
     [](Loops loops) {
       warm(loops);
       loops[1].join(json);
       loops[2].join(json);
     },
     {[](Loops loops) { loops[0].publish(4); },
      [](Loops loops) { loops[1].close(); loops[1].open(); },
      [](Loops loops) { loops[2].flush(); }},
     {}},
};

}  // namespace

int main() {
  std::size_t orders = 0;
  for (const Play& play : plays) orders += perform(play);
  std::printf("%zu orders\n", orders);
  return check::result();
}
