// Several workers on threads of their own publish, join, leave and flush at the same time. Every
// member holds what it reads against what it was promised.

#include <barrier>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "members.h"

using namespace hubbub;
using namespace hubbub::tests;

namespace {

constexpr std::size_t workers = 4;
constexpr std::size_t rooms = 3;
constexpr std::size_t steps = 2500;
constexpr std::size_t records_max = workers * steps * 8;

Time now() {
  const auto elapsed = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double, std::milli>(elapsed).count(), 1'700'000'000'000};
}

struct Shared {
  explicit Shared(const Limits& limits) : hub(Hub::make({limits, workers, {3, 4}})) {}

  std::unique_ptr<Hub> hub;
  std::array<RoomTruth, rooms> truths{RoomTruth(records_max), RoomTruth(records_max),
                                      RoomTruth(records_max)};
  std::array<std::atomic<std::uint64_t>, rooms> events{};
  std::atomic<std::uint64_t> texts{0};
  std::atomic<std::uint64_t> accepted{0};
  // What a log would remember of each room, by offset: the number in the text.
  std::array<std::vector<std::atomic<std::uint64_t>>, rooms> logs{
      std::vector<std::atomic<std::uint64_t>>(records_max + 2),
      std::vector<std::atomic<std::uint64_t>>(records_max + 2),
      std::vector<std::atomic<std::uint64_t>>(records_max + 2)};
  std::barrier<> all_written{workers};
};

std::string name_of(std::size_t room) { return "room " + std::to_string(room); }

class WorkerThread {
 public:
  // With `steady` members, nobody joins or leaves after the beginning.
  WorkerThread(Shared& shared, std::size_t index, std::uint64_t seed, bool steady)
      : shared_(shared), hub_(*shared.hub), index_(index), random_(seed), steady_(steady),
        buffers_(index % 2 == 0 ? 4096 : 1 << 18, index % 2 == 0 ? 20 : 4096) {}

  void run() {
    for (std::size_t room = 0; room < rooms; ++room) {
      handles_[room] = hub_.open_room(index_, name_of(room), {"e.1", 0, {}}, now()).room;
      if (steady_) join(room);
    }
    shared_.all_written.arrive_and_wait();
    for (std::size_t step = 0; step < steps; ++step) this->step();
    shared_.all_written.arrive_and_wait();
    while (!std::isinf(hub_.next_due_ms(index_))) flush();
    for (std::size_t room = 0; room < rooms; ++room) {
      const std::uint64_t head = head_of(room);
      for (const Member& member : members_[room]) CHECK(member.last == head);
    }
    shared_.all_written.arrive_and_wait();
    for (const RoomHandle room : handles_) hub_.close_room(index_, room);
  }

 private:
  void step() {
    const std::size_t room = random_.below(rooms);
    switch (random_.below(steady_ ? 6 : 10)) {
      case 0: case 1: return publish(room);
      case 2: return broadcast(room);
      case 3: case 4: case 5: return flush();
      case 6: case 7: return join(room);
      case 8: return leave(room);
      default: return look(room);
    }
  }

  std::uint64_t head_of(std::size_t room) {
    const Opened opened = hub_.open_room(index_, name_of(room), {"e.1", 0, {}}, now());
    hub_.close_room(index_, opened.room);
    return opened.head;
  }

  void publish(std::size_t room) {
    std::vector<std::string> texts;
    std::vector<std::string> ids;
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t i = 1 + random_.below(4); i > 0; --i) {
      numbers.push_back(shared_.texts.fetch_add(1) + 1);
      texts.push_back(std::to_string(numbers.back()));
      ids.push_back("id " + texts.back());
    }
    std::vector<Draft> drafts;
    for (std::size_t i = 0; i < texts.size(); ++i) drafts.push_back({"ann", "u", texts[i], ids[i]});
    std::vector<Verdict> verdicts(drafts.size());
    CHECK(hub_.sequence(index_, handles_[room], drafts, verdicts, now()) == Status::done);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      if (verdicts[i].status == Status::full) continue;
      CHECK(verdicts[i].status == Status::done && !verdicts[i].duplicate);
      shared_.logs[room][verdicts[i].offset].store(numbers[i]);
      ++shared_.accepted;
    }
    const std::size_t again = random_.below(drafts.size());
    if (verdicts[again].status == Status::full) return;
    Verdict verdict;
    CHECK(hub_.sequence(index_, handles_[room], {&drafts[again], 1}, {&verdict, 1}, now()) ==
          Status::done);
    CHECK(verdict.duplicate && verdict.offset == verdicts[again].offset);
  }

  void broadcast(std::size_t room) {
    const std::uint64_t number = shared_.events[room].fetch_add(1) + 1;
    const std::string json = typing(std::to_string(number));
    const Status status = hub_.broadcast(index_, handles_[room], json, {}, now());
    CHECK(status == Status::done || status == Status::full);
  }

  void flush() {
    while (true) {
      buffers_.output.clear();
      const Flushed flushed = hub_.flush(index_, now(), buffers_.output);
      deliver();
      const std::size_t overruns = buffers_.output.overrun_count;
      std::vector<Overrun> reported(buffers_.overruns.begin(),
                                    buffers_.overruns.begin() + static_cast<std::ptrdiff_t>(overruns));
      for (const Overrun& overrun : reported) fill(overrun);
      if (flushed.status != Status::more) {
        CHECK(flushed.status == Status::done);
        return;
      }
    }
  }

  // Answers an overrun with what the log has so far: it may end where a publisher is still at work.
  void fill(Overrun overrun) {
    const std::size_t room = room_of(overrun.room);
    bool again = true;
    while (again) {
      std::vector<Message> messages;
      for (auto offset = static_cast<std::uint64_t>(overrun.after) + 1;; ++offset) {
        const std::uint64_t number = shared_.logs[room][offset].load();
        if (number == 0) break;
        messages.push_back(message_at(offset, offset - 1));
        messages.back().text = std::to_string(number);
      }
      // The log is behind the hub: it must not be answered that there is nothing.
      if (messages.empty()) {
        std::this_thread::yield();
        continue;
      }
      const auto records = records_of(messages);
      again = false;
      Status status = Status::more;
      while (status == Status::more) {
        buffers_.output.clear();
        status = hub_.fill(index_, handles_[room], records, now(), buffers_.output);
        deliver();
        if (buffers_.output.overrun_count == 0) continue;
        overrun = buffers_.overruns[0];
        again = true;
      }
      CHECK(status == Status::done);
    }
  }

  std::size_t room_of(double handle) {
    for (std::size_t room = 0; room < rooms; ++room) {
      if (static_cast<double>(handles_[room]) == handle) return room;
    }
    CHECK(false);
    return 0;
  }

  void deliver() {
    for (std::size_t i = 0; i < buffers_.output.row_count; ++i) {
      const Row& row = buffers_.rows[i];
      const std::size_t room = room_of(row.room);
      const auto encoding = static_cast<Encoding>(row.encoding);
      const auto messages = read_frame(buffers_.row_bytes(row), encoding);
      CHECK(messages.size() == row.count);
      bool anybody = false;
      for (Member& member : members_[room]) {
        if (member.encoding != encoding) continue;
        member.receive(messages, shared_.truths[room]);
        anybody = true;
      }
      CHECK(anybody);
    }
  }

  void join(std::size_t room) {
    Member member;
    member.encoding = static_cast<Encoding>(random_.below(encodings));
    const std::string user = "user " + std::to_string(random_.below(4));
    std::optional<Position> since;
    const std::uint64_t seen = seen_[room];
    if (random_.chance(2)) since = Position{"e.1", seen};
    Joined joined;
    do {
      buffers_.output.clear();
      joined = hub_.join_and_drain(index_, handles_[room], {user, user}, member.encoding, since,
                                   now(), buffers_.output, large_.users, large_.records);
      deliver();
    } while (joined.status == Status::more);
    CHECK(joined.status == Status::done);
    for (const Member& other : members_[room]) CHECK(other.last == joined.offset);
    if (since) {
      member.last = joined.recovered ? seen : joined.offset - large_.records.count;
      member.receive(read_frame(bytes_of(large_.records), member.encoding), shared_.truths[room]);
      CHECK(member.last == joined.offset);
    }
    member.last = seen_[room] = joined.offset;
    members_[room].push_back(member);
    users_[room].push_back(user);
  }

  void leave(std::size_t room) {
    if (members_[room].empty()) return;
    const std::size_t who = random_.below(members_[room].size());
    const Encoding encoding = members_[room][who].encoding;
    Left left;
    do {
      buffers_.output.clear();
      left = hub_.leave_and_drain(index_, handles_[room], users_[room][who], encoding, now(),
                                  buffers_.output);
      deliver();
    } while (left.status == Status::more);
    CHECK(left.status == Status::done);
    seen_[room] = members_[room][who].last;
    members_[room].erase(members_[room].begin() + static_cast<std::ptrdiff_t>(who));
    users_[room].erase(users_[room].begin() + static_cast<std::ptrdiff_t>(who));
  }

  // History and users, from rooms that others write to.
  void look(std::size_t room) {
    const auto encoding = static_cast<Encoding>(random_.below(encodings));
    const HistoryRead read = hub_.history(index_, handles_[room], encoding, offset_max, 30, now(),
                                          large_.records);
    CHECK(read.status == Status::done);
    Member reader;
    reader.last = static_cast<std::uint64_t>(read.before);
    reader.receive(read_frame(bytes_of(large_.records), encoding), shared_.truths[room]);
    CHECK(hub_.users(index_, handles_[room], 3, "user 1", large_.users).status == Status::done);
    hub_.covers(index_, handles_[room], reader.last, now());
  }

  Shared& shared_;
  Hub& hub_;
  const std::size_t index_;
  Random random_;
  const bool steady_;
  Buffers buffers_;
  Buffers large_;
  std::array<RoomHandle, rooms> handles_{};
  std::array<std::vector<Member>, rooms> members_;
  std::array<std::vector<std::string>, rooms> users_;
  std::array<std::uint64_t, rooms> seen_{};
};

void run_workers(const Limits& limits, std::uint64_t seed, bool steady) {
  Shared shared(limits);
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < workers; ++index) {
    threads.emplace_back([&shared, index, seed, steady] {
      WorkerThread(shared, index, seed + index, steady).run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Hub& hub = *shared.hub;
  CHECK(hub.count(Counter::records_lost) == 0);
  CHECK(steady == (hub.count(Counter::overruns) > 0));
  CHECK(hub.count(Counter::members) == 0 && hub.count(Counter::rooms) == 0);
  CHECK(hub.count(Counter::history_bytes) == 0 && hub.pool_bytes() == 0);
  CHECK(hub.count(Counter::records) == shared.accepted.load());
  // Nothing is refused, and nobody gives way, but where the pool is small.
  const bool is_small = limits.pool_bytes_max < Limits{}.pool_bytes_max;
  CHECK((hub.count(Counter::refused_full) > 0) == is_small);
  CHECK((hub.count(Counter::rooms_evicted) > 0) == is_small);
  // How many get through a pool that is full depends on who runs when.
  CHECK(shared.accepted.load() > 0);
}

// A worker that sleeps until it is woken or its own due time comes gets every message: none of the
// wakes it needs is lost.
struct Sleeper {
  std::mutex mutex;
  std::condition_variable changed;
  double due_ms = 0;

  static void wake(void* context, double due_ms) {
    Sleeper& sleeper = *static_cast<Sleeper*>(context);
    const std::lock_guard guard(sleeper.mutex);
    sleeper.due_ms = std::min(sleeper.due_ms, due_ms);
    sleeper.changed.notify_one();
  }

  // False when nothing has happened for far too long.
  bool sleep_until(double next_ms) {
    std::unique_lock guard(mutex);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      const double wait_ms = std::min(due_ms, next_ms) - now().monotonic_ms;
      if (wait_ms <= 0) break;
      const auto until = std::min(give_up, std::chrono::steady_clock::now() +
          std::chrono::microseconds(static_cast<std::int64_t>(std::min(wait_ms, 1e6) * 1000) + 1));
      changed.wait_until(guard, until);
      if (std::chrono::steady_clock::now() >= give_up) return false;
    }
    due_ms = std::numeric_limits<double>::infinity();
    return true;
  }
};

void no_wake_is_lost() {
  constexpr std::uint64_t messages = 1500;
  Limits limits;
  limits.flush_interval_ms = 1;
  const auto hub = Hub::make({limits, 2, {1, 2}});
  Sleeper sleeper;
  std::atomic<std::uint64_t> received{0};
  hub->attach_worker(1, Sleeper::wake, &sleeper);
  const RoomHandle from = hub->open_room(0, "red", {"e.1", 0, {}}, now()).room;
  Buffers buffers;
  const RoomHandle to = hub->open_room(1, "red", {"e.1", 0, {}}, now()).room;
  hub->join_and_drain(1, to, {"ann", "ann"}, Encoding::json, std::nullopt, now(), buffers.output,
                      buffers.users, buffers.records);
  std::thread reader([&] {
    double next_ms = hub->next_due_ms(1);
    while (received < messages) {
      if (!sleeper.sleep_until(next_ms)) break;
      buffers.output.clear();
      next_ms = hub->flush(1, now(), buffers.output).next_due_ms;
      received += buffers.output.row_count;
      received.notify_one();
    }
  });
  for (std::uint64_t i = 0; i < messages; ++i) {
    const Draft draft{"ann", "u", "text", std::nullopt};
    Verdict verdict;
    hub->sequence(0, from, {&draft, 1}, {&verdict, 1}, now());
    // Now and then the reader is to fall asleep.
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i % 7 * 100));
  }
  reader.join();
  CHECK(received == messages);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t seed = seed_of(argc, argv);
  Limits limits;
  limits.flush_interval_ms = 0.2;
  limits.batch_records_max = 20;
  limits.idempotency_ids_max = records_max;
  limits.history_records_max = 40;
  run_workers(limits, seed, false);
  // So small a pool that rooms give up their history all the time, and publishes are refused.
  Limits small = limits;
  small.pool_bytes_max = 24 * 1024;
  run_workers(small, seed, false);
  // So little may wait that everybody is overrun again and again, and the log helps.
  limits.pending_bytes_max = 500;
  limits.history_records_max = 3;
  run_workers(limits, seed, true);
  no_wake_is_lost();
  return check::result();
}
