// The hub's surface: what is refused, what handles mean, who is woken, and what a full output does.

#include "hub/hub.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "check.h"
#include "support.h"

using namespace hubbub;
using namespace hubbub::tests;

namespace {

constexpr Time start_time{1000, 1'700'000'000'000};

std::unique_ptr<Hub> make_hub(std::size_t workers = 1, Limits limits = {}) {
  return Hub::make({limits, workers, {1, 2}});
}

RoomHandle open(Hub& hub, std::size_t worker, std::string_view name = "red") {
  const Opened opened = hub.open_room(worker, name, {"e.1", 0, {}}, start_time);
  CHECK(opened.status == Status::done);
  return opened.room;
}

Joined join(Hub& hub, std::size_t worker, RoomHandle room, Buffers& buffers,
            std::string_view user = "ann", Encoding encoding = Encoding::json) {
  return hub.join_and_drain(worker, room, {user, user}, encoding, std::nullopt, start_time,
                            buffers.output, buffers.users, buffers.records);
}

Status publish(Hub& hub, std::size_t worker, RoomHandle room, std::string_view text = "hello") {
  const Draft draft{"ann", "id of ann", text, std::nullopt};
  Verdict verdict;
  const Status status = hub.sequence(worker, room, {&draft, 1}, {&verdict, 1}, start_time);
  return status == Status::done ? verdict.status : status;
}

void refuses_options_out_of_range() {
  CHECK(Hub::make({{}, 0, {}}) == nullptr);
  CHECK(Hub::make({{}, workers_max + 1, {}}) == nullptr);
  Limits limits;
  limits.batch_records_max = 0;
  CHECK(Hub::make({limits, 1, {}}) == nullptr);
  limits = {};
  limits.batch_bytes_max = 0;
  CHECK(Hub::make({limits, 1, {}}) == nullptr);
  limits = {};
  for (const double interval_ms : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    limits.flush_interval_ms = interval_ms;
    CHECK(Hub::make({limits, 1, {}}) == nullptr);
  }
}

void refuses_workers_it_does_not_have() {
  const auto hub = make_hub(2);
  Buffers buffers;
  CHECK(hub->open_room(2, "red", {"e.1", 0, {}}, start_time).status == Status::invalid);
  CHECK(hub->attach_worker(2, nullptr, nullptr) == Status::invalid);
  CHECK(hub->detach_worker(2) == Status::invalid);
  CHECK(hub->flush(2, start_time, buffers.output).status == Status::invalid);
  CHECK(std::isinf(hub->next_due_ms(2)));
  const RoomHandle room = open(*hub, 0);
  CHECK(publish(*hub, 2, room) == Status::closed);
  CHECK(publish(*hub, std::numeric_limits<std::size_t>::max(), room) == Status::closed);
}

void a_dead_handle_is_closed_to_everything() {
  const auto hub = make_hub();
  Buffers buffers;
  const RoomHandle gone = open(*hub, 0);
  CHECK(hub->close_room(0, gone) == Status::done);
  open(*hub, 0);
  const Message message = message_at(1, 0);
  const Record record = message.record();
  for (const RoomHandle room : {gone, RoomHandle{0}, ~RoomHandle{0}}) {
    CHECK(hub->append(0, room, {&record, 1}, start_time).status == Status::closed);
    CHECK(publish(*hub, 0, room) == Status::closed);
    CHECK(hub->broadcast(0, room, "{}", {}, start_time) == Status::closed);
    CHECK(join(*hub, 0, room, buffers).status == Status::closed);
    CHECK(hub->leave_and_drain(0, room, "ann", Encoding::json, start_time, buffers.output).status ==
          Status::closed);
    CHECK(hub->users(0, room, 1, std::nullopt, buffers.users).status == Status::closed);
    CHECK(hub->history(0, room, Encoding::json, 1, 1, start_time, buffers.records).status ==
          Status::closed);
    CHECK(hub->covers(0, room, 0, start_time) == Status::closed);
    CHECK(hub->encode_page(0, room, Encoding::json, {}, buffers.records) == Status::closed);
    // These may come late.
    CHECK(hub->fill(0, room, {&record, 1}, start_time, buffers.output) == Status::done);
    CHECK(hub->close_room(0, room) == Status::done);
  }
  CHECK(hub->count(Counter::rooms) == 1 && hub->count(Counter::records) == 0);
}

void refuses_records_out_of_range() {
  const auto hub = make_hub();
  const RoomHandle room = open(*hub, 0);
  Message message = message_at(1, 0);
  const auto append = [&] {
    const Record record = message.record();
    return hub->append(0, room, {&record, 1}, start_time).status;
  };
  message.offset = 0;
  CHECK(append() == Status::invalid);
  message.offset = offset_max + 1;
  CHECK(append() == Status::invalid);
  message = message_at(5, offset_max + 1);
  CHECK(append() == Status::invalid);
  message = message_at(5, 5);
  CHECK(append() == Status::invalid);
  message = message_at(5, 4);
  message.timestamp = offset_max + 1;
  CHECK(append() == Status::invalid);
  CHECK(hub->open_room(0, "blue", {"e.1", offset_max + 1, {}}, start_time).status ==
        Status::invalid);
  // A tail past the head would be missed by those who join, and then found after all.
  const auto messages = run(3, 6);
  const auto tail = records_of(messages);
  CHECK(hub->open_room(0, "blue", {"e.1", 5, tail}, start_time).status == Status::invalid);
  CHECK(hub->open_room(0, "blue", {"e.1", 6, tail}, start_time).status == Status::done);
  CHECK(hub->broadcast(0, room, "", {}, start_time) == Status::invalid);
  std::vector<Verdict> verdicts(1);
  CHECK(hub->sequence(0, room, {}, verdicts, start_time) == Status::invalid);
  CHECK(hub->count(Counter::records) == 0);
}

void the_last_offset_is_the_last() {
  const auto hub = make_hub();
  Buffers buffers;
  const RoomHandle room = hub->open_room(0, "red", {"e.1", offset_max - 1, {}}, start_time).room;
  join(*hub, 0, room, buffers, "ann", Encoding::json);
  join(*hub, 0, room, buffers, "ann", Encoding::msgpack);
  CHECK(publish(*hub, 0, room) == Status::done);
  CHECK(publish(*hub, 0, room) == Status::exhausted);
  CHECK(hub->count(Counter::records) == 1);
  hub->flush(0, start_time, buffers.output);
  CHECK(buffers.output.row_count == 2);
  const std::string json = buffers.row_bytes(buffers.rows[0]);
  CHECK(json.find("\"offset\":9007199254740991}") != std::string::npos);
  const std::string packed_offset = tests::packed(offset_max);
  CHECK(buffers.row_bytes(buffers.rows[1]).ends_with("offset" + packed_offset));
  // What comes with offsets of its own may hold the last one too.
  const RoomHandle blue = open(*hub, 0, "blue");
  const Message last = message_at(offset_max, offset_max - 1);
  const Record record = last.record();
  CHECK(hub->append(0, blue, {&record, 1}, start_time).status == Status::done);
  CHECK(publish(*hub, 0, blue) == Status::exhausted);
}

void one_name_is_one_room_for_all_workers() {
  const auto hub = make_hub(2);
  Buffers buffers;
  const RoomHandle first = open(*hub, 0);
  CHECK(publish(*hub, 0, first) == Status::done);
  const Message message = message_at(7, 6);
  const Record record = message.record();
  const Opened second = hub->open_room(1, "red", {"e.2", 7, {&record, 1}}, start_time);
  CHECK(second.status == Status::done && second.epoch == "e.1" && second.head == 1);
  CHECK(hub->count(Counter::rooms) == 1);
  CHECK(join(*hub, 0, first, buffers).arrived);
  const Joined joined = join(*hub, 1, second.room, buffers);
  CHECK(!joined.arrived && joined.user_count == 1 && joined.offset == 1);
  CHECK(!hub->leave_and_drain(0, first, "ann", Encoding::json, start_time, buffers.output).departed);
  CHECK(hub->leave_and_drain(1, second.room, "ann", Encoding::json, start_time, buffers.output)
            .departed);
  hub->close_room(0, first);
  CHECK(publish(*hub, 0, first) == Status::closed);
  CHECK(publish(*hub, 1, second.room) == Status::done);
  hub->close_room(1, second.room);
  CHECK(hub->count(Counter::rooms) == 0 && hub->pool_bytes() == 0);
  // Nothing of it comes back.
  CHECK(hub->open_room(0, "red", {"e.9", 0, {}}, start_time).epoch == "e.9");
}

void a_worker_that_opens_twice_closes_twice() {
  const auto hub = make_hub();
  const RoomHandle room = open(*hub, 0);
  CHECK(open(*hub, 0) == room);
  hub->close_room(0, room);
  CHECK(publish(*hub, 0, room) == Status::done);
  hub->close_room(0, room);
  CHECK(publish(*hub, 0, room) == Status::closed);
}

void a_worker_leaves_with_all_of_its_own() {
  const auto hub = make_hub(2);
  Buffers buffers;
  const RoomHandle here = open(*hub, 0);
  const RoomHandle there = open(*hub, 1);
  join(*hub, 0, here, buffers, "ann");
  join(*hub, 1, there, buffers, "ann", Encoding::msgpack);
  join(*hub, 1, there, buffers, "bob");
  open(*hub, 1, "blue");
  CHECK(hub->count(Counter::members) == 3 && hub->count(Counter::rooms) == 2);
  CHECK(hub->detach_worker(1) == Status::done);
  CHECK(hub->count(Counter::members) == 1 && hub->count(Counter::rooms) == 1);
  CHECK(hub->users(0, here, 9, std::nullopt, buffers.users).user_count == 1);
  CHECK(bytes_of(buffers.users) == R"([{"user_id":"ann","username":"ann"}])");
  CHECK(publish(*hub, 0, here) == Status::done);
}

void only_who_is_in_can_leave() {
  const auto hub = make_hub(2);
  Buffers buffers;
  const RoomHandle here = open(*hub, 0);
  const RoomHandle there = open(*hub, 1);
  join(*hub, 0, here, buffers, "ann");
  join(*hub, 1, there, buffers, "bob");
  const auto leave = [&](std::size_t worker, std::string_view user, Encoding encoding) {
    return hub->leave_and_drain(worker, worker == 0 ? here : there, user, encoding, start_time,
                                buffers.output).status;
  };
  CHECK(leave(0, "bob", Encoding::json) == Status::absent);
  CHECK(leave(0, "cem", Encoding::json) == Status::absent);
  CHECK(leave(0, "ann", Encoding::msgpack) == Status::absent);
  CHECK(leave(0, "ann", static_cast<Encoding>(3)) == Status::invalid);
  CHECK(hub->count(Counter::members) == 2);
  CHECK(leave(0, "ann", Encoding::json) == Status::done);
  CHECK(leave(0, "ann", Encoding::json) == Status::absent);
}

struct Wakes {
  std::vector<double> due_ms;
  static void note(void* context, double due_ms) {
    static_cast<Wakes*>(context)->due_ms.push_back(due_ms);
  }
};

void wakes_others_once_until_they_look() {
  const auto hub = make_hub(2);
  Buffers buffers;
  Wakes own;
  Wakes other;
  hub->attach_worker(0, Wakes::note, &own);
  hub->attach_worker(1, Wakes::note, &other);
  const RoomHandle here = open(*hub, 0);
  const RoomHandle there = open(*hub, 1);
  join(*hub, 0, here, buffers);
  join(*hub, 1, there, buffers);
  for (int i = 0; i < 3; ++i) publish(*hub, 0, here);
  CHECK(own.due_ms.empty());
  CHECK(other.due_ms == std::vector<double>{1000});
  CHECK(hub->next_due_ms(0) == 0);
  hub->flush(1, start_time, buffers.output);
  CHECK(std::isinf(hub->next_due_ms(1)));
  // The window is open: it has to come back when that closes.
  publish(*hub, 0, here);
  publish(*hub, 0, here);
  CHECK((other.due_ms == std::vector<double>{1000, 1005}));
  // It knows: no need to wake it.
  CHECK(hub->next_due_ms(1) == 1005);
  const RoomHandle blue_here = open(*hub, 0, "blue");
  join(*hub, 1, open(*hub, 1, "blue"), buffers);
  publish(*hub, 0, blue_here);
  CHECK((other.due_ms == std::vector<double>{1000, 1005, 1000}));
  CHECK(hub->count(Counter::wakes) == 3);
  hub->detach_worker(1);
  publish(*hub, 0, here);
  CHECK(other.due_ms.size() == 3);
}

void too_small_says_what_would_do() {
  const auto hub = make_hub();
  Buffers buffers(64, 3);
  const RoomHandle room = open(*hub, 0);
  Buffers large;
  join(*hub, 0, room, large, "ann", Encoding::json);
  join(*hub, 0, room, large, "ann", Encoding::msgpack);
  publish(*hub, 0, room);
  const Flushed flushed = hub->flush(0, start_time, buffers.output);
  CHECK(flushed.status == Status::too_small && flushed.next_due_ms == 0);
  CHECK(buffers.output.text_needed > 64 && buffers.output.binary_needed > 64);
  Buffers fitting(buffers.output.text_needed, 3);
  CHECK(hub->flush(0, start_time, fitting.output).status == Status::done);
  CHECK(fitting.output.row_count == 2);
  Buffers few_rows(1000, 2);
  CHECK(hub->flush(0, start_time, few_rows.output).status == Status::invalid);
  CHECK(join(*hub, 0, room, few_rows).status == Status::invalid);
}

void users_that_do_not_fit_are_asked_for_again() {
  const auto hub = make_hub();
  Buffers buffers(8);
  const RoomHandle room = open(*hub, 0);
  const Joined joined = join(*hub, 0, room, buffers);
  CHECK(joined.status == Status::done && joined.users_missing && joined.arrived);
  CHECK(buffers.users.size == 0 && buffers.users.needed > 8);
  Buffers large(buffers.users.needed);
  CHECK(hub->users(0, room, 100, std::nullopt, buffers.users).status == Status::too_small);
  CHECK(hub->users(0, room, 100, std::nullopt, large.users).status == Status::done);
  CHECK(large.users.count == 1);
}

void an_event_may_bring_its_own_messagepack() {
  const auto hub = make_hub();
  Buffers buffers;
  const RoomHandle room = open(*hub, 0);
  CHECK(hub->broadcast(0, room, "not JSON, and nobody there", {}, start_time) == Status::done);
  join(*hub, 0, room, buffers, "ann", Encoding::msgpack);
  CHECK(hub->broadcast(0, room, "not JSON", {}, start_time) == Status::invalid);
  const std::uint8_t bytes[] = {0x81, 0xa1, 'a', 7};
  CHECK(hub->broadcast(0, room, "{\"a\":7}", bytes, start_time) == Status::done);
  CHECK(hub->broadcast(0, room, "{\"a\":7}", {}, start_time) == Status::done);
  hub->flush(0, start_time, buffers.output);
  CHECK(buffers.output.row_count == 1);
  CHECK(buffers.row_bytes(buffers.rows[0]) == "\x81\xa1""a\x07\x81\xa1""a\x07");
  CHECK(hub->count(Counter::events) == 3);
}

}  // namespace

int main() {
  refuses_options_out_of_range();
  refuses_workers_it_does_not_have();
  a_dead_handle_is_closed_to_everything();
  refuses_records_out_of_range();
  the_last_offset_is_the_last();
  one_name_is_one_room_for_all_workers();
  a_worker_that_opens_twice_closes_twice();
  a_worker_leaves_with_all_of_its_own();
  only_who_is_in_can_leave();
  wakes_others_once_until_they_look();
  too_small_says_what_would_do();
  users_that_do_not_fit_are_asked_for_again();
  an_event_may_bring_its_own_messagepack();
  return check::result();
}
