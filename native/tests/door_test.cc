// The door: requests of many rooms in one call, and what becomes of those that are wrong.

#include "door/door.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "support.h"

using namespace hubbub;
namespace tests = hubbub::tests;

namespace {

constexpr double wall_ms = 1'700'000'000'000;

// Writes requests and reads answers, as TypeScript does.
class Caller {
 public:
  explicit Caller(Hub& hub, std::size_t verdicts = 64) : door_(hub, 0) {
    const std::size_t sizes[areas] = {
        static_cast<std::size_t>(Field::count) * 8, 1 << 16, 1 << 14, 1 << 17, 1 << 17, 64,
        verdicts * sizeof(VerdictRow), 4096, 4096};
    for (std::size_t area = 0; area < areas; ++area) {
      memory_[area].resize(sizes[area] / 8);
      CHECK(door_.set_area(static_cast<Area>(area), bytes(static_cast<Area>(area))));
    }
  }

  void begin(Op op, RoomHandle room) {
    start_ = requests_.size();
    word(static_cast<std::uint32_t>(op));
    word(0);
    number(static_cast<double>(room));
  }

  void end() {
    while (requests_.size() % 8 != 0) requests_.push_back(0);
    const auto length = static_cast<std::uint32_t>(requests_.size() - start_);
    std::memcpy(&requests_[start_ + 4], &length, sizeof(length));
  }

  void word(std::uint32_t value) { put(&value, sizeof(value)); }
  void number(double value) { put(&value, sizeof(value)); }
  void text(const std::string& value) { put(value.data(), value.size()); }

  RoomHandle open(const std::string& name) {
    begin(Op::open_room, 0);
    word(static_cast<std::uint32_t>(name.size()));
    word(1);
    number(0);
    word(0);
    word(0);
    text(tests::joined({name, "e"}));
    end();
    CHECK(execute(false) == Status::done);
    const auto room = static_cast<RoomHandle>(field(Field::room));
    begin(Op::join, room);
    word(static_cast<std::uint32_t>(Encoding::ndjson));
    word(1);
    word(1);
    word(absent_length);
    number(0);
    text("uu");
    end();
    CHECK(execute(false) == Status::done);
    return room;
  }

  void sequence(RoomHandle room, double token, const std::string& content, const std::string& id) {
    begin(Op::sequence, room);
    number(token);
    word(1);
    word(1);
    word(static_cast<std::uint32_t>(content.size()));
    word(id.empty() ? absent_length : static_cast<std::uint32_t>(id.size()));
    text(tests::joined({"nu", content, id}));
    end();
  }

  // One call; what is not consumed stays.
  Status execute(bool flush) {
    std::ranges::copy(requests_, bytes(Area::requests).begin());
    set(Field::from, 0);
    set(Field::to, static_cast<double>(requests_.size()));
    set(Field::flush, flush ? 1 : 0);
    set(Field::monotonic_ms, now_ms_ += 10);
    set(Field::wall_ms, wall_ms);
    const Status status = door_.execute();
    CHECK(static_cast<double>(status) == field(Field::status));
    const auto consumed = static_cast<std::ptrdiff_t>(field(Field::consumed));
    requests_.erase(requests_.begin(), requests_.begin() + consumed);
    return status;
  }

  std::vector<VerdictRow> verdicts() {
    const auto* rows = static_cast<const VerdictRow*>(static_cast<const void*>(at(Area::verdicts)));
    return {rows, rows + static_cast<std::size_t>(field(Field::verdicts))};
  }

  // The rows of the last call, by room.
  std::map<RoomHandle, std::string> rows() {
    std::map<RoomHandle, std::string> texts;
    const auto* rows = static_cast<const Row*>(static_cast<const void*>(at(Area::rows)));
    const char* text = static_cast<const char*>(static_cast<const void*>(at(Area::text)));
    for (std::size_t i = 0; i < static_cast<std::size_t>(field(Field::rows)); ++i) {
      texts[static_cast<RoomHandle>(rows[i].room)] += std::string(text + rows[i].start, rows[i].length);
    }
    return texts;
  }

  void forget_requests() { requests_.clear(); }
  void set(Field field, double value) { memory_[0][static_cast<std::size_t>(field)] = value; }
  [[nodiscard]] double field(Field field) const {
    return memory_[0][static_cast<std::size_t>(field)];
  }
  Door& door() { return door_; }

 private:
  void put(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    requests_.insert(requests_.end(), bytes, bytes + size);
  }
  void* at(Area area) { return memory_[static_cast<std::size_t>(area)].data(); }
  std::span<std::uint8_t> bytes(Area area) {
    auto& memory = memory_[static_cast<std::size_t>(area)];
    return {static_cast<std::uint8_t*>(static_cast<void*>(memory.data())), memory.size() * 8};
  }

  Door door_;
  std::vector<double> memory_[areas];
  std::vector<std::uint8_t> requests_;
  std::size_t start_ = 0;
  double now_ms_ = 0;
};

std::unique_ptr<Hub> make_hub() {
  Options options;
  options.limits.flush_interval_ms = 0;
  return Hub::make(options);
}

std::size_t position(const std::string& text, const std::string& part) {
  const std::size_t found = text.find(tests::joined({"\"text\":\"", part, "\""}));
  CHECK(found != std::string::npos);
  return found;
}

// More rooms than there are places to sort them by, in any mixture.
void each_room_keeps_its_order(tests::Random& random) {
  const auto hub = make_hub();
  Caller caller(*hub, 4096);
  std::vector<RoomHandle> rooms;
  for (int i = 0; i < 600; ++i) rooms.push_back(caller.open(tests::joined({"r", std::to_string(i)})));
  for (int turn = 0; turn < 20; ++turn) {
    std::map<RoomHandle, std::vector<std::string>> expected;
    std::map<double, RoomHandle> tokens;
    const std::size_t count = 1 + random.below(500);
    const std::size_t used = 1 + random.below(rooms.size());
    for (std::size_t i = 0; i < count; ++i) {
      const RoomHandle room = rooms[random.below(used)];
      const std::string text = tests::joined({std::to_string(turn), ".", std::to_string(i)});
      caller.sequence(room, static_cast<double>(i), text, random.below(2) == 0 ? "" : text);
      expected[room].push_back(text);
      tokens[static_cast<double>(i)] = room;
    }
    CHECK(caller.execute(true) == Status::done);
    const auto rows = caller.rows();
    CHECK(rows.size() == expected.size());
    for (const auto& [room, texts] : expected) {
      std::size_t before = 0;
      for (const std::string& text : texts) {
        const std::size_t place = position(rows.at(room), text);
        CHECK(place > before);
        before = place;
      }
    }
    std::map<RoomHandle, double> offsets;
    CHECK(caller.verdicts().size() == count);
    for (const VerdictRow& verdict : caller.verdicts()) {
      CHECK(static_cast<Status>(verdict.status) == Status::done && verdict.duplicate == 0);
      const auto token = tokens.extract(verdict.token);
      CHECK(!token.empty());
      double& last = offsets[token.mapped()];
      CHECK(last == 0 || verdict.offset == last + 1);
      last = verdict.offset;
    }
  }
}

void a_full_output_of_verdicts_goes_on_where_it_stopped() {
  const auto hub = make_hub();
  Caller caller(*hub, 3);
  const RoomHandle room = caller.open("a");
  for (int i = 0; i < 7; ++i) caller.sequence(room, i, tests::joined({"t", std::to_string(i)}), "");
  std::vector<double> offsets;
  Status status = Status::more;
  for (int call = 0; status == Status::more; ++call) {
    CHECK(call < 4);
    status = caller.execute(false);
    for (const VerdictRow& verdict : caller.verdicts()) offsets.push_back(verdict.offset);
  }
  CHECK(status == Status::done);
  CHECK((offsets == std::vector<double>{1, 2, 3, 4, 5, 6, 7}));
}

void a_duplicate_and_a_dead_room_are_told_apart() {
  const auto hub = make_hub();
  Caller caller(*hub);
  const RoomHandle room = caller.open("a");
  const RoomHandle dead = caller.open("b");
  caller.begin(Op::close_room, dead);
  caller.end();
  caller.sequence(room, 1, "x", "id");
  caller.sequence(dead, 2, "y", "id");
  caller.sequence(room, 3, "z", "id");
  CHECK(caller.execute(true) == Status::done);
  std::map<double, VerdictRow> by_token;
  for (const VerdictRow& verdict : caller.verdicts()) by_token[verdict.token] = verdict;
  CHECK(by_token.at(1).offset == 1 && by_token.at(1).duplicate == 0);
  CHECK(static_cast<Status>(by_token.at(2).status) == Status::closed);
  CHECK(by_token.at(3).offset == 1 && by_token.at(3).duplicate == 1);
}

// What stands before a request that is wrong has happened; nothing of what is behind it has.
void a_wrong_request_stops_there() {
  const auto hub = make_hub();
  Caller caller(*hub);
  const RoomHandle room = caller.open("a");
  caller.sequence(room, 1, "x", "");
  caller.begin(Op::sequence, room);
  caller.number(2);
  for (int i = 0; i < 4; ++i) caller.word(1000);
  caller.end();
  caller.sequence(room, 3, "z", "");
  CHECK(caller.execute(false) == Status::invalid);
  CHECK(caller.verdicts().size() == 1 && caller.verdicts()[0].token == 1);
  caller.forget_requests();
  CHECK(caller.execute(true) == Status::done);
  CHECK(caller.rows().at(room).find("\"z\"") == std::string::npos);
  CHECK(hub->count(Counter::records) == 1);
}

void numbers_out_of_range_are_refused() {
  const auto hub = make_hub();
  Caller caller(*hub);
  caller.open("a");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& [field, value] : std::vector<std::pair<Field, double>>{
           {Field::from, -8}, {Field::from, 4}, {Field::from, nan}, {Field::to, 1e9},
           {Field::to, nan}, {Field::wall_ms, -1}, {Field::wall_ms, nan}, {Field::wall_ms, 1e300}}) {
    caller.set(Field::from, 0);
    caller.set(Field::to, 8);
    caller.set(Field::wall_ms, wall_ms);
    caller.set(Field::rows, 5);
    caller.set(field, value);
    CHECK(caller.door().execute() == Status::invalid);
    CHECK(caller.field(Field::rows) == 0);
  }
}

// Without a window a worker that has been given something looks again before it has to be woken.
void a_busy_worker_need_not_be_woken() {
  Options options;
  options.limits.flush_interval_ms = 0;
  options.workers = 2;
  const auto hub = Hub::make(options);
  Caller reader(*hub);
  const RoomHandle room = reader.open("a");
  int wakes = 0;
  CHECK(hub->attach_worker(0, [](void* count, double) { ++*static_cast<int*>(count); }, &wakes) ==
        Status::done);
  const Time now{1e6, static_cast<std::uint64_t>(wall_ms)};
  const RoomHandle from = hub->open_room(1, "a", {"e", 0, {}}, now).room;
  const auto publish = [&] {
    const Draft draft{"n", "u", "text", std::nullopt};
    Verdict verdict;
    CHECK(hub->sequence(1, from, {&draft, 1}, {&verdict, 1}, now) == Status::done);
  };
  CHECK(reader.execute(true) == Status::done);
  CHECK(std::isinf(reader.field(Field::next_due_ms)));
  publish();
  CHECK(wakes == 1);
  CHECK(reader.execute(true) == Status::done);
  CHECK(reader.rows().contains(room) && reader.field(Field::next_due_ms) == 0);
  publish();
  CHECK(wakes == 1);
  CHECK(reader.execute(true) == Status::done);
  CHECK(reader.rows().contains(room));
  CHECK(reader.execute(true) == Status::done);
  CHECK(reader.rows().empty() && std::isinf(reader.field(Field::next_due_ms)));
  publish();
  CHECK(wakes == 2);
  CHECK(hub->detach_worker(0) == Status::done);
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  each_room_keeps_its_order(random);
  a_full_output_of_verdicts_goes_on_where_it_stopped();
  a_duplicate_and_a_dead_room_are_told_apart();
  a_wrong_request_stops_there();
  numbers_out_of_range_are_refused();
  a_busy_worker_need_not_be_woken();
  return hubbub::check::result();
}
