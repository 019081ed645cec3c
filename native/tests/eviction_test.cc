// The pool's cap: who gives way, and what is refused.

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "check.h"
#include "support.h"

using namespace hubbub;
using namespace hubbub::tests;

namespace {

Time at(double monotonic_ms) { return {monotonic_ms, 1'700'000'000'000}; }

struct Fixture {
  std::unique_ptr<Hub> hub;
  Buffers buffers;
  std::vector<RoomHandle> rooms;

  explicit Fixture(std::size_t pool_bytes_max, Limits limits = {}) {
    limits.pool_bytes_max = pool_bytes_max;
    hub = Hub::make({limits, 1, {1, 2}});
  }

  RoomHandle open() {
    const std::string name = "room " + std::to_string(rooms.size());
    rooms.push_back(hub->open_room(0, name, {"e.1", 0, {}}, at(0)).room);
    return rooms.back();
  }

  Verdict publish(RoomHandle room, double now_ms, std::size_t size = 150,
                  std::optional<std::string_view> id = std::nullopt) {
    const std::string text(size, 'x');
    const Draft draft{"ann", "id of ann", text, id};
    Verdict verdict;
    CHECK(hub->sequence(0, room, {&draft, 1}, {&verdict, 1}, at(now_ms)) == Status::done);
    return verdict;
  }

  bool covers(RoomHandle room, std::uint64_t offset) {
    return hub->covers(0, room, offset, at(0)) == Status::done;
  }

  void join(RoomHandle room, Encoding encoding = Encoding::json) {
    CHECK(hub->join_and_drain(0, room, {"ann", "ann"}, encoding, std::nullopt, at(0),
                              buffers.output, buffers.users, buffers.records)
              .status == Status::done);
  }

  std::size_t flush(double now_ms) {
    buffers.output.clear();
    CHECK(hub->flush(0, at(now_ms), buffers.output).status == Status::done);
    return buffers.output.row_count;
  }
};

void the_quietest_room_gives_way() {
  Fixture fixture(64 * 1024);
  // Each takes more than the one before it leaves, in the order of their last message.
  for (int i = 0; i < 6; ++i) fixture.open();
  double now_ms = 1;
  for (int times = 0; times < 20; ++times) {
    for (const RoomHandle room : fixture.rooms) fixture.publish(room, now_ms++);
  }
  CHECK(fixture.hub->count(Counter::rooms_evicted) == 0);
  // Room 0 is heard of again; room 1 is now the quietest.
  fixture.publish(fixture.rooms[0], now_ms++);
  const RoomHandle late = fixture.open();
  while (fixture.hub->count(Counter::rooms_evicted) == 0) fixture.publish(late, now_ms++);
  CHECK(!fixture.covers(fixture.rooms[1], 0));
  CHECK(fixture.covers(fixture.rooms[1], 20));
  for (const std::size_t kept : {0U, 2U, 3U, 4U, 5U}) CHECK(fixture.covers(fixture.rooms[kept], 0));
  while (fixture.hub->count(Counter::rooms_evicted) == 1) fixture.publish(late, now_ms++);
  CHECK(!fixture.covers(fixture.rooms[2], 0));
  CHECK(fixture.covers(fixture.rooms[0], 0));
  CHECK(fixture.hub->pool_bytes() <= 64 * 1024);
  // Whoever asks there gets no proof; whoever has seen everything, does.
  for (const std::uint64_t offset : {19U, 20U}) {
    const Position since{"e.1", offset};
    const Joined joined = fixture.hub->join_and_drain(
        0, fixture.rooms[1], {"bob", "bob"}, Encoding::json, since, at(now_ms),
        fixture.buffers.output, fixture.buffers.users, fixture.buffers.records);
    CHECK(joined.recovered == (offset == 20));
    CHECK(fixture.buffers.records.count == 0 && joined.offset == 20);
  }
  // And it goes on as if nothing had happened.
  CHECK(fixture.publish(fixture.rooms[1], now_ms).offset == 21);
  CHECK(fixture.covers(fixture.rooms[1], 20));
}

void what_is_not_sent_yet_is_not_given_up() {
  Fixture fixture(32 * 1024);
  const RoomHandle waiting = fixture.open();
  fixture.join(waiting);
  for (int i = 0; i < 20; ++i) fixture.publish(waiting, 1);
  const RoomHandle busy = fixture.open();
  while (fixture.hub->count(Counter::rooms_evicted) < 3) fixture.publish(busy, 10);
  CHECK(!fixture.covers(waiting, 0));
  CHECK(fixture.flush(20) == 20);
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string json = fixture.buffers.row_bytes(fixture.buffers.rows[i]);
    CHECK(json.find(joined({"\"offset\":", std::to_string(i + 1), "}"})) != std::string::npos);
  }
}

void a_publish_is_refused_at_the_cap() {
  Limits limits;
  limits.idempotency_ids_max = 10;
  Fixture fixture(16 * 1024, limits);
  const RoomHandle room = fixture.open();
  fixture.join(room);
  std::uint64_t accepted = 0;
  Verdict verdict;
  while ((verdict = fixture.publish(room, 1)).status == Status::done) ++accepted;
  CHECK(verdict.status == Status::full);
  CHECK(accepted > 20);
  CHECK(fixture.hub->pool_bytes() <= 16 * 1024);
  // It leaves no trace: neither an offset nor an id is used up.
  CHECK(fixture.publish(room, 1, 150, "a").status == Status::full);
  CHECK(fixture.hub->count(Counter::records) == accepted);
  CHECK(fixture.hub->count(Counter::refused_full) == 2);
  CHECK(fixture.hub->broadcast(0, room, std::string(8000, ' ') + "1", {}, at(1)) == Status::full);
  const auto messages = run(accepted + 1, accepted + 50);
  const Appended appended = fixture.hub->append(0, room, records_of(messages), at(1));
  CHECK(appended.status == Status::full && appended.count < 50);
  // What has been sent makes room.
  CHECK(fixture.flush(10) == accepted + appended.count);
  const auto rest = records_of(messages);
  CHECK(fixture.hub->append(0, room, std::span(rest).subspan(appended.count, 1), at(20)).status ==
        Status::done);
  const Verdict first = fixture.publish(room, 30, 150, "a");
  CHECK(first.status == Status::done && !first.duplicate);
  CHECK(first.offset == accepted + appended.count + 2);
  CHECK(fixture.publish(room, 30, 150, "a").duplicate);
}

// A room that grows asks for chunks twice as large each time. Where the pool has no such chunk left, one
// that just holds the record will do, also in MessagePack.
void the_last_of_the_pool_is_used() {
  for (const Encoding encoding : {Encoding::json, Encoding::msgpack}) {
    Fixture fixture(12 * 1024);
    const RoomHandle room = fixture.open();
    fixture.join(room, encoding);
    while (fixture.publish(room, 1).status == Status::done) continue;
    CHECK(fixture.hub->pool_bytes() > 11 * 1024);
  }
}

// One that finds a chunk for its JSON, and none for its MessagePack, gives the first one back: else rooms
// that cannot use them would hold the whole pool in the end.
void a_refused_publish_leaves_no_chunk() {
  Fixture fixture(12 * 1024);
  const RoomHandle waiting = fixture.open();
  fixture.join(waiting);
  const RoomHandle both = fixture.open();
  fixture.join(both, Encoding::msgpack);
  while (fixture.publish(waiting, 1).status == Status::done) continue;
  CHECK(fixture.flush(10) > 0);
  // All but the last 512 bytes.
  const std::size_t cap = 12 * 1024 - 12 * 1024 / 32;
  while (fixture.hub->pool_bytes() + 1024 <= cap) fixture.publish(waiting, 20);
  const std::size_t before = fixture.hub->pool_bytes();
  CHECK(before + 512 <= cap);
  CHECK(fixture.publish(both, 30).status == Status::full);
  CHECK(fixture.hub->pool_bytes() == before);
  fixture.flush(40);
  CHECK(fixture.publish(both, 50).status == Status::done);
}

// Nor do others give up more than is needed.
void no_more_is_taken_from_others_than_is_needed() {
  Fixture fixture(24 * 1024);
  const RoomHandle busy = fixture.open();
  fixture.join(busy);
  // Chunks of 512 to 4096 bytes: the next one would be of 8192.
  while (fixture.hub->pool_bytes() < 7680) fixture.publish(busy, 100);
  double now_ms = 1;
  std::vector<RoomHandle> quiet;
  while (fixture.hub->pool_bytes() + 512 <= 23 * 1024) {
    quiet.push_back(fixture.open());
    fixture.publish(quiet.back(), now_ms++);
  }
  while (fixture.hub->count(Counter::rooms_evicted) == 0) {
    CHECK(fixture.publish(busy, 100).status == Status::done);
  }
  CHECK(fixture.hub->count(Counter::rooms_evicted) == 1);
  CHECK(!fixture.covers(quiet[0], 0) && fixture.covers(quiet[1], 0));
}

void a_record_larger_than_the_pool_is_refused() {
  Fixture fixture(64 * 1024);
  const RoomHandle room = fixture.open();
  for (int i = 0; i < 10; ++i) fixture.publish(room, 1);
  CHECK(fixture.publish(room, 2, 100'000).status == Status::full);
  // In vain: nobody gives up anything for it.
  CHECK(fixture.hub->count(Counter::rooms_evicted) == 0);
  CHECK(fixture.publish(room, 2, 30'000).status == Status::done);
}

void of_a_tail_that_does_not_fit_the_end_is_kept() {
  Limits limits;
  limits.history_records_max = 1000;
  Fixture fixture(16 * 1024, limits);
  const auto tail = run(11, 210);
  const auto records = records_of(tail);
  const Opened opened = fixture.hub->open_room(0, "red", {"e.1", 210, records}, at(0));
  CHECK(opened.status == Status::done && opened.head == 210);
  CHECK(!fixture.covers(opened.room, 10));
  CHECK(fixture.covers(opened.room, 210));
  CHECK(fixture.hub->pool_bytes() <= 16 * 1024);
  const HistoryRead read = fixture.hub->history(0, opened.room, Encoding::ndjson, offset_max, 1000,
                                                at(0), fixture.buffers.records);
  const std::size_t kept = fixture.buffers.records.count;
  CHECK(read.before == static_cast<std::int64_t>(210 - kept) && !read.more);
  CHECK(fixture.hub->close_room(0, opened.room) == Status::done);
  CHECK(fixture.hub->pool_bytes() == 0);
  CHECK(fixture.hub->count(Counter::history_bytes) == 0);
}

// Sanitizers keep what is freed and note something about every byte: a tenth of it does for them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t many = 10'000;
#else
constexpr std::size_t many = 100'000;
#endif

// What the process takes; 0 where that cannot be read.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  std::size_t resident = 0;
  statm >> pages >> resident;
  return resident * 4096;
}

void publish_ten(Fixture& fixture, std::size_t rooms) {
  for (std::size_t i = 0; i < rooms; ++i) {
    const RoomHandle room = fixture.open();
    const auto now_ms = static_cast<double>(fixture.rooms.size());
    for (int times = 0; times < 10; ++times) {
      CHECK(fixture.publish(room, now_ms, 130).status == Status::done);
    }
  }
}

void very_many_small_rooms_fit() {
  Fixture fixture(many * 4096);
  const std::size_t before = resident_bytes();
  publish_ten(fixture, many);
  CHECK(fixture.hub->count(Counter::rooms_evicted) == 0);
  CHECK(fixture.hub->count(Counter::history_bytes) > many * 10 * 240);
  CHECK(fixture.hub->pool_bytes() < Limits{}.pool_bytes_max);
  constexpr double mega = 1e6;
  std::printf("%zu rooms with 10 records each: %.0f MB of the pool, %.0f MB resident\n", many,
              static_cast<double>(fixture.hub->pool_bytes()) / mega,
              static_cast<double>(resident_bytes() - before) / mega);
  // Then the pool fills up: the first rooms give way, the last ones do not.
  publish_ten(fixture, many / 3);
  CHECK(fixture.hub->pool_bytes() <= many * 4096);
  const std::uint64_t evicted = fixture.hub->count(Counter::rooms_evicted);
  CHECK(evicted > many / 10 && evicted < many / 3);
  for (std::size_t i = 0; i < fixture.rooms.size(); ++i) {
    CHECK(fixture.covers(fixture.rooms[i], 0) == (i >= evicted));
  }
  std::printf("%zu rooms more: %zu rooms gave way, %.0f MB resident\n", many / 3,
              static_cast<std::size_t>(evicted),
              static_cast<double>(resident_bytes() - before) / mega);
  for (const RoomHandle room : fixture.rooms) fixture.hub->close_room(0, room);
  CHECK(fixture.hub->pool_bytes() == 0);
}

}  // namespace

int main() {
  the_quietest_room_gives_way();
  what_is_not_sent_yet_is_not_given_up();
  a_publish_is_refused_at_the_cap();
  the_last_of_the_pool_is_used();
  a_refused_publish_leaves_no_chunk();
  no_more_is_taken_from_others_than_is_needed();
  a_record_larger_than_the_pool_is_refused();
  of_a_tail_that_does_not_fit_the_end_is_kept();
  very_many_small_rooms_fit();
  return check::result();
}
