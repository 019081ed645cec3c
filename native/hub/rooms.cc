// open_room and close_room: how rooms come and go.

#include <algorithm>
#include <mutex>

#include "hub/publish.h"

namespace hubbub {

namespace {

constexpr std::size_t name_bytes_max = std::size_t{1} << 20;

bool is_acceptable_start(std::string_view name, const RoomStart& start) {
  return name.size() <= name_bytes_max && start.epoch.size() <= name_bytes_max &&
         start.head <= offset_max &&
         std::all_of(start.tail.begin(), start.tail.end(), [&start](const Record& record) {
           return is_acceptable(record) && record.offset <= start.head;
         });
}

// A room that nobody else knows yet, with its tail.
Room* make_room(Core& core, std::size_t worker, std::string_view name, const RoomStart& start,
                Time now) {
  auto* const room = new Room(name, start.epoch, start.head, core.key);
  if (start.tail.empty()) return room;
  // The tail comes in like any records, and so from the beginning.
  room->head = 0;
  const bool loaded = load_tail(core, worker, *room, start.tail, now);
  Hold hold(core, worker, *room);
  room->head = start.head;
  if (!loaded) room->history.give_up(room->durable, room->head);
  hold.release();
  return room;
}

void discard(Core& core, std::size_t worker, Room& room) {
  {
    // For the count of what all histories hold.
    Hold hold(core, worker, room);
    room.history.give_up(room.durable, room.head);
  }
  core.activity.remove(room);
  core.let_go(room);
}

Room* find_room(Core& core, std::string_view name) {
  const auto found = core.rooms.find(name);
  return found == core.rooms.end() ? nullptr : found->second;
}

// With the registry locked, so that the room cannot go meanwhile.
Opened attach(Core& core, std::size_t worker, Room& room) {
  Opened opened{Status::done, 0, room.epoch, 0};
  Hold hold(core, worker, room);
  opened.head = room.head;
  for (Attachment* const other : room.attachments) {
    if (other->worker != worker) continue;
    ++other->opens;
    opened.room = other->handle;
    return opened;
  }
  auto* const attachment = new Attachment;
  attachment->room = &room;
  attachment->worker = worker;
  attachment->handle = core.workers[worker]->rooms.add(attachment);
  if (attachment->handle == 0) {
    delete attachment;
    return {Status::full, 0, {}, 0};
  }
  room.attachments.push_back(attachment);
  ++room.opens;
  opened.room = attachment->handle;
  return opened;
}

// Answers whether it was the last one.
bool detach(Core& core, std::size_t worker, Attachment& attachment) {
  Room& room = *attachment.room;
  Hold hold(core, worker, room);
  core.count(worker, Counter::members, std::uint64_t{0} - attachment.connections());
  const std::size_t speakers = attachment.speaks(Encoding::msgpack);
  room.count_out(attachment, Encoding::msgpack, speakers, hold.released());
  std::erase(room.attachments, &attachment);
  const bool last = --room.opens == 0;
  if (last) room.history.give_up(room.durable, room.head);
  hold.release();
  return last;
}

void close(Core& core, std::size_t worker, Attachment& attachment) {
  Room& room = *attachment.room;
  core.workers[worker]->rooms.remove(attachment.handle);
  bool last = false;
  {
    const std::lock_guard guard(core.registry_lock);
    last = detach(core, worker, attachment);
    if (last) {
      core.rooms.erase(room.text.name);
    } else {
      const std::lock_guard users_guard(room.users_lock);
      room.users.remove_worker(worker);
    }
  }
  delete &attachment;
  if (!last) return;
  core.count(worker, Counter::rooms, ~std::uint64_t{0});
  core.activity.remove(room);
  core.let_go(room);
}

}  // namespace

Opened Hub::open_room(std::size_t worker, std::string_view name, const RoomStart& start, Time now) {
  if (core_->worker(worker) == nullptr || !is_acceptable_start(name, start)) return {};
  Core& core = *core_;
  {
    const std::lock_guard guard(core.registry_lock);
    if (Room* const room = find_room(core, name)) return attach(core, worker, *room);
  }
  Room* const made = make_room(core, worker, name, start, now);
  Opened opened;
  Room* room = nullptr;
  {
    const std::lock_guard guard(core.registry_lock);
    room = find_room(core, name);
    opened = attach(core, worker, room == nullptr ? *made : *room);
    if (room == nullptr && opened.status == Status::done) {
      core.rooms.emplace(made->text.name, made);
      core.count(worker, Counter::rooms, 1);
      return opened;
    }
  }
  // Somebody else was first, or there are no handles left.
  discard(core, worker, *made);
  return opened;
}

Status Hub::close_room(std::size_t worker, RoomHandle room) {
  if (core_->worker(worker) == nullptr) return Status::invalid;
  Attachment* const attachment = core_->attachment(worker, room);
  if (attachment == nullptr || --attachment->opens > 0) return Status::done;
  close(*core_, worker, *attachment);
  return Status::done;
}

Status Hub::attach_worker(std::size_t worker, Wake wake, void* context) {
  Worker* const own = core_->worker(worker);
  if (own == nullptr) return Status::invalid;
  const std::lock_guard guard(own->wake_lock);
  if (wake != nullptr && own->wake != nullptr) return Status::invalid;
  own->wake = wake;
  own->wake_context = context;
  return Status::done;
}

Status Hub::detach_worker(std::size_t worker) {
  Worker* const own = core_->worker(worker);
  if (own == nullptr) return Status::invalid;
  attach_worker(worker, nullptr, nullptr);
  std::size_t from = 0;
  while (Attachment* const attachment = own->rooms.next(from)) close(*core_, worker, *attachment);
  return Status::done;
}

}  // namespace hubbub
