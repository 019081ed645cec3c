// join_and_drain, leave_and_drain and users: who is in a room.

#include <mutex>

#include "hub/drain.h"
#include "hub/page.h"

namespace hubbub {

namespace {

constexpr std::size_t name_bytes_max = std::size_t{1} << 24;

bool is_known(Encoding encoding) { return static_cast<std::size_t>(encoding) < encodings; }

bool is_usable(const Output& output) { return output.rows.size() >= Output::rows_min; }

// What answers a `since`: everything after it when that can be proven, else all of the history.
Range replay_of(Core& core, Hold& hold, Room& room, const Position& since, Time now,
                bool& recovered) {
  room.history.trim(room.durable, core.limits, now.wall_ms);
  hold.release();
  recovered = since.epoch == room.epoch && since.offset <= room.head &&
              since.offset >= room.history.floor();
  const std::uint64_t first = room.history.first();
  const std::uint64_t end = room.durable.end();
  if (!recovered || first == end) return {first, end};
  return {room.durable.first_past(first, since.offset), end};
}

// The second half of a join: the user list has a lock of its own, which nothing that is published
// ever waits for.
void count_user_in(Core& core, Worker& worker, std::size_t index, Room& room, const User& user,
                   Page& page, Joined& joined) {
  worker.scratch.clear();
  Users::Written written;
  {
    const std::lock_guard guard(room.users_lock);
    joined.arrived = room.users.add(user, index);
    joined.user_count = room.users.size();
    written = room.users.write(worker.scratch, core.limits.joined_users_max, std::nullopt);
  }
  joined.users_missing = !written.has_memory || !put(page, worker.scratch);
  page.count = joined.users_missing ? 0 : written.count;
  page.ascii = written.ascii;
}

}  // namespace

Joined Hub::join_and_drain(std::size_t worker, RoomHandle room, User user, Encoding encoding,
                           std::optional<Position> since, Time now, Output& output, Page& users,
                           Page& replay) {
  Joined joined;
  Attachment* const reader = core_->attachment(worker, room);
  joined.status = reader == nullptr ? Status::closed : Status::invalid;
  if (reader == nullptr || !is_known(encoding) || !is_usable(output) ||
      user.user_id.size() > name_bytes_max || user.username.size() > name_bytes_max) {
    return joined;
  }
  Worker& own = *core_->workers[worker];
  Room& place = *reader->room;
  RowWriter writer(output, *reader, core_->limits);
  {
    Hold hold(*core_, worker, place);
    const Drained drained = drain_fully(*core_, hold, *reader, writer, now);
    writer.finish();
    count_rows(*core_, worker, writer);
    if (drained == Drained::full) {
      joined.status = writer.status();
      return joined;
    }
    Range range;
    if (since) range = replay_of(*core_, hold, place, *since, now, joined.recovered);
    const std::size_t replay_bytes = page_bytes(place, range);
    if (replay_bytes > replay.bytes.size()) {
      replay.needed = replay_bytes;
      joined.recovered = false;
      joined.status = Status::too_small;
      return joined;
    }
    place.count_in(*reader, encoding);
    joined.offset = place.head;
    // Without memory there is no replay, and so no proof.
    if (!read_page(hold, own, place, range, encoding, replay)) joined.recovered = false;
  }
  joined.status = Status::done;
  joined.epoch = place.epoch;
  core_->count(worker, Counter::members, 1);
  count_user_in(*core_, own, worker, place, user, users, joined);
  return joined;
}

Left Hub::leave_and_drain(std::size_t worker, RoomHandle room, std::string_view user_id,
                          Encoding encoding, Time now, Output& output) {
  Attachment* const reader = core_->attachment(worker, room);
  if (reader == nullptr) return {Status::closed, false};
  if (!is_known(encoding) || !is_usable(output)) return {Status::invalid, false};
  Room& place = *reader->room;
  if (reader->speaks(encoding) == 0) return {Status::absent, false};
  {
    const std::lock_guard guard(place.users_lock);
    if (!place.users.has(user_id, worker)) return {Status::absent, false};
  }
  RowWriter writer(output, *reader, core_->limits);
  {
    Hold hold(*core_, worker, place);
    const Drained drained = drain_fully(*core_, hold, *reader, writer, now);
    writer.finish();
    count_rows(*core_, worker, writer);
    if (drained == Drained::full) return {writer.status(), false};
    place.count_out(*reader, encoding, 1, hold.released());
    hold.release();
  }
  core_->count(worker, Counter::members, ~std::uint64_t{0});
  const std::lock_guard guard(place.users_lock);
  return {Status::done, place.users.remove(user_id, worker)};
}

Status Hub::present(std::size_t worker, RoomHandle room, std::string_view user_id) {
  Attachment* const reader = core_->attachment(worker, room);
  if (reader == nullptr) return Status::closed;
  const std::lock_guard guard(reader->room->users_lock);
  return reader->room->users.has(user_id) ? Status::done : Status::absent;
}

UserList Hub::users(std::size_t worker, RoomHandle room, std::size_t limit,
                    std::optional<std::string_view> after, Page& page) {
  Attachment* const reader = core_->attachment(worker, room);
  if (reader == nullptr) return {Status::closed, false, 0};
  Scratch& scratch = core_->workers[worker]->scratch;
  scratch.clear();
  UserList list;
  Users::Written written;
  {
    const std::lock_guard guard(reader->room->users_lock);
    list.user_count = reader->room->users.size();
    written = reader->room->users.write(scratch, limit, after);
  }
  if (!written.has_memory) return {Status::full, false, 0};
  list.status = put(page, scratch) ? Status::done : Status::too_small;
  list.more = written.more;
  page.count = list.status == Status::done ? written.count : 0;
  page.ascii = written.ascii;
  return list;
}

}  // namespace hubbub
