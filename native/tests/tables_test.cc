// The small tables of the hub, each against something simpler.

#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "hub/activity.h"
#include "hub/idempotency.h"
#include "hub/schedule.h"
#include "hub/slot_table.h"
#include "hub/users.h"
#include "support.h"

using namespace hubbub;
namespace tests = hubbub::tests;

namespace {

void the_window_forgets_the_oldest(tests::Random& random) {
  for (const std::size_t ids_max : {0U, 1U, 2U, 7U, 100U, 1000U}) {
    IdempotencyWindow window(ids_max);
    std::deque<std::pair<std::uint64_t, std::uint64_t>> expected;
    for (std::uint64_t offset = 1; offset < 5000; ++offset) {
      const std::uint64_t id = random.below(ids_max * 2 + 2);
      // Many with the same place in the table, to make them stand in each other's way.
      const Hash key{id % 5, id};
      std::uint64_t found = 0;
      for (const auto& [other, at] : expected) {
        if (other == id) found = at;
      }
      CHECK(window.find(key) == found);
      if (found != 0) continue;
      window.remember(key, offset);
      if (ids_max > 0) expected.emplace_back(id, offset);
      if (expected.size() > ids_max) expected.pop_front();
    }
  }
}

void handles_are_never_given_out_again() {
  SlotTable<int> table(3);
  int value = 7;
  std::set<RoomHandle> handles;
  for (int i = 0; i < 10; ++i) {
    const RoomHandle handle = table.add(&value);
    CHECK(handle != 0 && handle < (std::uint64_t{1} << 53));
    CHECK(handles.insert(handle).second);
    CHECK(table.find(handle) == &value);
    table.remove(handle);
    table.remove(handle);
    CHECK(table.find(handle) == nullptr);
  }
  for (const RoomHandle handle : handles) CHECK(table.find(handle) == nullptr);
  for (const RoomHandle never : {RoomHandle{0}, RoomHandle{1}, RoomHandle{1} << 24, ~RoomHandle{0}}) {
    CHECK(table.find(never) == nullptr);
  }
  const RoomHandle one = table.add(&value);
  const RoomHandle two = table.add(&value);
  CHECK(one != two);
  std::size_t from = 0;
  CHECK(table.next(from) == &value && table.next(from) == &value && table.next(from) == nullptr);
}

void the_schedule_keeps_order() {
  Schedule schedule;
  CHECK(std::isinf(schedule.rest()));
  // The first one wakes, a later one need not, an earlier one does.
  CHECK(schedule.add_later(1, 10));
  CHECK(!schedule.add_later(2, 12));
  CHECK(!schedule.add_later(3, 10));
  CHECK(schedule.add_later(4, 8));
  CHECK(schedule.add_now(5, 5));
  CHECK(!schedule.add_now(6, 6));
  CHECK(schedule.rest() == 0);
  std::vector<Schedule::Entry> taken;
  schedule.take(10, taken);
  std::vector<RoomHandle> rooms;
  for (const auto& entry : taken) rooms.push_back(entry.room);
  CHECK((rooms == std::vector<RoomHandle>{5, 6, 4, 1, 3}));
  // Awake until it rests.
  CHECK(!schedule.add_now(7, 10));
  CHECK(schedule.rest() == 0);
  taken.clear();
  schedule.take(10, taken);
  CHECK(taken.size() == 1 && taken[0].room == 7 && taken[0].due_ms == 10);
  CHECK(schedule.rest() == 12);
  CHECK(!schedule.add_later(8, 12));
  CHECK(schedule.add_later(9, 11));
  CHECK(!schedule.add_later(9, 11));
}

std::unique_ptr<Room> quiet_room(double active_ms) {
  auto room = std::make_unique<Room>("room", "e.1", 0, HashKey{});
  room->active_ms = active_ms;
  return room;
}

void the_quietest_room_comes_first(tests::Random& random) {
  Activity activity;
  std::vector<std::unique_ptr<Room>> rooms;
  for (int i = 0; i < 200; ++i) {
    rooms.push_back(quiet_room(static_cast<double>(random.below(1000))));
    activity.add(*rooms.back());
    activity.add(*rooms.back());
  }
  // Published to since, and gone.
  std::multiset<double> expected;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    if (i % 3 == 0) rooms[i]->active_ms = rooms[i]->active_ms + static_cast<double>(random.below(2000));
    if (i % 7 == 0) {
      activity.remove(*rooms[i]);
      activity.add(*rooms[i]);
    } else {
      expected.insert(rooms[i]->active_ms);
    }
  }
  for (const double active_ms : expected) {
    const Room* const room = activity.take_quietest();
    CHECK(room != nullptr && room->active_ms == active_ms && room->references == 2);
  }
  CHECK(activity.take_quietest() == nullptr);
  activity.add(*rooms[1]);
  CHECK(activity.take_quietest() == rooms[1].get());
}

// More has changed than is put right in one hold.
void the_quietest_comes_first_when_all_have_been_active() {
  Activity activity;
  std::vector<std::unique_ptr<Room>> rooms;
  for (int i = 0; i < 1000; ++i) {
    rooms.push_back(quiet_room(i));
    activity.add(*rooms.back());
  }
  for (int i = 0; i < 1000; ++i) rooms[static_cast<std::size_t>(i)]->active_ms = 5000 - i;
  for (std::size_t i = rooms.size(); i-- > 0;) CHECK(activity.take_quietest() == rooms[i].get());
}

std::string page_of(const Users& users, std::size_t limit, std::optional<std::string_view> after) {
  Scratch out;
  const Users::Written written = users.write(out, limit, after);
  CHECK(written.has_memory);
  return std::string(reinterpret_cast<const char*>(out.data()), out.size()) +
         (written.more ? " and more" : "");
}

void users_stand_in_order_of_arrival() {
  Users users(HashKey{1, 2});
  CHECK(page_of(users, 5, std::nullopt) == "[]");
  CHECK(users.add({"a", "Ann"}, 0));
  CHECK(users.add({"b", "Bö\"b"}, 1));
  CHECK(!users.add({"a", "Ann"}, 1));
  CHECK(users.add({"c", "Cem"}, 0));
  const std::string ann = R"({"user_id":"a","username":"Ann"})";
  const std::string bob = R"({"user_id":"b","username":"Bö\"b"})";
  const std::string cem = R"({"user_id":"c","username":"Cem"})";
  CHECK(page_of(users, 5, std::nullopt) == tests::joined({"[", ann, ",", bob, ",", cem, "]"}));
  CHECK(page_of(users, 1, "a") == tests::joined({"[", bob, "] and more"}));
  CHECK(page_of(users, 9, "b") == tests::joined({"[", cem, "]"}));
  CHECK(page_of(users, 1, "nobody") == tests::joined({"[", ann, "] and more"}));
  CHECK(page_of(users, 0, std::nullopt) == "[] and more");
  CHECK(users.has("a", 0) && users.has("a", 1) && !users.has("b", 0) && !users.has("d", 0));
  CHECK(!users.remove("a", 0));
  CHECK(!users.has("a", 0));
  CHECK(!users.remove("a", 0));
  CHECK(users.remove("a", 1));
  CHECK(users.add({"a", "Ann"}, 0));
  CHECK(page_of(users, 9, "b") == tests::joined({"[", cem, ",", ann, "]"}));
  CHECK(!users.add({"c", "Cem"}, 1));
  users.remove_worker(0);
  CHECK(page_of(users, 9, std::nullopt) == tests::joined({"[", bob, ",", cem, "]"}));
  users.remove_worker(1);
  CHECK(users.size() == 0);
  CHECK(page_of(users, 9, std::nullopt) == "[]");
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  the_window_forgets_the_oldest(random);
  handles_are_never_given_out_again();
  the_schedule_keeps_order();
  the_quietest_room_comes_first(random);
  the_quietest_comes_first_when_all_have_been_active();
  users_stand_in_order_of_arrival();
  return hubbub::check::result();
}
