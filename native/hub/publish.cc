// append, sequence and broadcast: how messages get into a room.

#include "hub/publish.h"

namespace hubbub {

namespace {

// Encoded together before the room is locked, and copied into it in one hold.
constexpr std::size_t group_bytes = std::size_t{64} * 1024;

// Messages of one call on their way into a room. What is particular to the call says `Call`:
//   bool encode(i, line, with_messagepack)   encodes message i behind what is in the scratch
//   bool take(i, line, lack)                 under the lock: adds it, drops it or refuses it, or
//                                            answers false with what it lacks
//   bool refuse(i)                           it cannot be had; answers whether to go on
template <class Call>
class Publication {
 public:
  Publication(Core& core, std::size_t worker, Room& room, Kind kind, Time now, Call& call)
      : core_(core),
        worker_(*core.workers[worker]),
        index_(worker),
        room_(room),
        kind_(kind),
        now_(now),
        call_(call) {
    room.active_ms.store(now.monotonic_ms, std::memory_order_relaxed);
  }

  // Answers how many messages have been dealt with.
  std::size_t run(std::size_t count) {
    std::size_t done = 0;
    while (done < count) {
      if (!encode_group(done, count)) {
        if (!call_.refuse(done)) return done;
        ++done;
        continue;
      }
      const std::size_t end = done + worker_.lines.size();
      done = take_group(done, end);
      if (done < end) return done;
    }
    return done;
  }

 private:
  bool encode_group(std::size_t first, std::size_t count) {
    const bool with_messagepack = room_.speaks_messagepack.load(std::memory_order_relaxed);
    worker_.scratch.clear();
    worker_.lines.clear();
    for (std::size_t i = first; i < count && worker_.scratch.size() < group_bytes; ++i) {
      Line line;
      // One that cannot be encoded is the next group's first.
      if (!call_.encode(i, line, with_messagepack)) break;
      worker_.lines.push_back(line);
    }
    return !worker_.lines.empty();
  }

  // Answers the first message that was not dealt with: `end`, unless a refusal was the end.
  std::size_t take_group(std::size_t first, std::size_t end) {
    std::size_t next = first;
    Chunk* brought = nullptr;
    while (next < end) {
      Lack lack;
      next = take_some(first, next, end, brought, lack);
      if (next == end) break;
      if (bring(next - first, next, lack, brought)) continue;
      // A refusal leaves nothing, so neither the chunk that only one encoding has got.
      if (lack.in_twin) Hold(core_, index_, room_).release_unused();
      if (!call_.refuse(next)) break;
      ++next;
    }
    core_.pool.release(brought);
    return next;
  }

  // One hold: takes messages until one lacks something.
  std::size_t take_some(std::size_t first, std::size_t next, std::size_t end, Chunk*& brought,
                        Lack& lack) {
    Hold hold(core_, index_, room_);
    std::uint64_t added = 0;
    while (next < end) {
      const Line& line = worker_.lines[next - first];
      const std::uint64_t before = room_.durable.end() + room_.passing.end();
      if (call_.take(next, line, lack)) {
        added += room_.durable.end() + room_.passing.end() - before;
        ++next;
      } else if (brought != nullptr && lack.what == Lack::What::chunk &&
                 brought->bytes() >= lack.needed_bytes) {
        room_.add_chunk(std::exchange(brought, nullptr), kind_, lack.in_twin);
      } else {
        break;
      }
    }
    if (added > 0) hold.note_added(added, now_);
    hold.release();
    return next;
  }

  bool bring(std::size_t line, std::size_t i, const Lack& lack, Chunk*& brought) {
    if (lack.what == Lack::What::messagepack) return call_.encode(i, worker_.lines[line], true);
    core_.pool.release(std::exchange(brought, nullptr));
    brought = core_.acquire(index_, room_, lack.needed_bytes, lack.wanted_bytes);
    return brought != nullptr;
  }

  Core& core_;
  Worker& worker_;
  const std::size_t index_;
  Room& room_;
  const Kind kind_;
  const Time now_;
  Call& call_;
};

struct AppendCall {
  Core& core;
  Worker& worker;
  Room& room;
  std::span<const Record> records;
  Time now;
  std::uint64_t taken = 0;
  std::uint64_t dropped = 0;

  bool encode(std::size_t i, Line& line, bool with_messagepack) {
    return encode_record(worker.scratch, room.text, records[i], with_messagepack, line);
  }

  bool take(std::size_t i, const Line& line, Lack& lack) {
    const Record& record = records[i];
    if (record.offset <= room.head) {
      ++dropped;
      return true;
    }
    lack = room.lack(line, Kind::durable);
    if (lack.what != Lack::What::nothing) return false;
    room.add(worker.scratch.data(), line, Kind::durable, record.offset, record.timestamp);
    room.head = record.offset;
    room.history.push(room.durable, record.prev, core.limits, now.wall_ms);
    ++taken;
    return true;
  }

  static bool refuse(std::size_t) { return false; }
};

struct SequenceCall {
  // So many messages ahead the place of an id is fetched: a room's ids are more than a cache holds.
  static constexpr std::size_t expected_ahead = 4;

  Core& core;
  Worker& worker;
  Room& room;
  std::span<const Draft> drafts;
  std::span<Verdict> verdicts;
  Time now;
  std::uint64_t taken = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t refused = 0;

  bool encode(std::size_t i, Line& line, bool with_messagepack) {
    return encode_draft(worker.scratch, room.text, drafts[i], now.wall_ms, with_messagepack, line);
  }

  bool take(std::size_t i, const Line& line, Lack& lack) {
    const bool has_id = drafts[i].id && core.limits.idempotency_ids_max > 0;
    if (has_id && room.window != nullptr) {
      const std::size_t later = i + expected_ahead;
      if (later < drafts.size() && drafts[later].id) room.window->expect(worker.keys[later]);
      if (const std::uint64_t offset = room.window->find(worker.keys[i])) {
        verdicts[i] = {Status::done, true, offset};
        ++duplicates;
        return true;
      }
    }
    if (room.head == offset_max) {
      verdicts[i] = {Status::exhausted, false, 0};
      return true;
    }
    lack = room.lack(line, Kind::durable);
    if (lack.what != Lack::What::nothing) return false;
    const std::uint64_t offset = room.head + 1;
    room.add(worker.scratch.data(), line, Kind::durable, offset, now.wall_ms);
    room.head = offset;
    room.history.push(room.durable, offset - 1, core.limits, now.wall_ms);
    if (has_id) {
      if (room.window == nullptr) {
        room.window = std::make_unique<IdempotencyWindow>(core.limits.idempotency_ids_max);
      }
      room.window->remember(worker.keys[i], offset);
    }
    verdicts[i] = {Status::done, false, offset};
    ++taken;
    return true;
  }

  bool refuse(std::size_t i) {
    verdicts[i] = {Status::full, false, 0};
    ++refused;
    return true;
  }
};

struct BroadcastCall {
  Worker& worker;
  Room& room;
  std::string_view json;
  std::string_view messagepack;
  bool is_json = true;

  bool encode(std::size_t, Line& line, bool with_messagepack) {
    const auto encoded =
        encode_event(worker.scratch, json, messagepack, with_messagepack, line);
    if (encoded == EventEncoded::not_json) is_json = false;
    return encoded == EventEncoded::done;
  }

  bool take(std::size_t, const Line& line, Lack& lack) {
    bool somebody_follows = false;
    for (const Attachment* const reader : room.attachments) somebody_follows |= reader->follows();
    if (!somebody_follows) return true;
    lack = room.lack(line, Kind::passing);
    if (lack.what != Lack::What::nothing) return false;
    room.add(worker.scratch.data(), line, Kind::passing, 0, 0);
    return true;
  }

  static bool refuse(std::size_t) { return false; }
};

}  // namespace

bool load_tail(Core& core, std::size_t worker, Room& room, std::span<const Record> tail, Time now) {
  AppendCall call{core, *core.workers[worker], room, tail, now};
  return Publication(core, worker, room, Kind::durable, now, call).run(tail.size()) == tail.size();
}

Appended Hub::append(std::size_t worker, RoomHandle room, std::span<const Record> records,
                     Time now) {
  Attachment* const attachment = core_->attachment(worker, room);
  if (attachment == nullptr) return {Status::closed, 0};
  for (const Record& record : records) {
    if (!is_acceptable(record)) return {Status::invalid, 0};
  }
  AppendCall call{*core_, *core_->workers[worker], *attachment->room, records, now};
  const std::size_t done =
      Publication(*core_, worker, *attachment->room, Kind::durable, now, call).run(records.size());
  core_->count(worker, Counter::records, call.taken);
  core_->count(worker, Counter::duplicates_dropped, call.dropped);
  if (done == records.size()) return {Status::done, done};
  core_->count(worker, Counter::refused_full, 1);
  return {Status::full, done};
}

Status Hub::sequence(std::size_t worker, RoomHandle room, std::span<const Draft> drafts,
                     std::span<Verdict> verdicts, Time now) {
  Attachment* const attachment = core_->attachment(worker, room);
  if (attachment == nullptr) return Status::closed;
  if (verdicts.size() != drafts.size() || now.wall_ms > offset_max) return Status::invalid;
  Worker& own = *core_->workers[worker];
  own.keys.resize(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (!is_acceptable(drafts[i])) return Status::invalid;
    if (!drafts[i].id) continue;
    Hasher hasher(core_->key);
    hasher.add(std::uint64_t{drafts[i].from_id.size()});
    hasher.add(drafts[i].from_id);
    hasher.add(*drafts[i].id);
    own.keys[i] = hasher.finish();
  }
  SequenceCall call{*core_, own, *attachment->room, drafts, verdicts, now};
  Publication(*core_, worker, *attachment->room, Kind::durable, now, call).run(drafts.size());
  core_->count(worker, Counter::records, call.taken);
  core_->count(worker, Counter::duplicate_publishes, call.duplicates);
  core_->count(worker, Counter::refused_full, call.refused);
  return Status::done;
}

Status Hub::broadcast(std::size_t worker, RoomHandle room, std::string_view json,
                      std::span<const std::uint8_t> messagepack, Time now) {
  Attachment* const attachment = core_->attachment(worker, room);
  if (attachment == nullptr) return Status::closed;
  if (json.empty() || json.size() > strings_bytes_max || messagepack.size() > strings_bytes_max) {
    return Status::invalid;
  }
  const auto* const bytes = static_cast<const char*>(static_cast<const void*>(messagepack.data()));
  BroadcastCall call{*core_->workers[worker], *attachment->room, json, {bytes, messagepack.size()}};
  if (Publication(*core_, worker, *attachment->room, Kind::passing, now, call).run(1) == 0) {
    if (!call.is_json) return Status::invalid;
    core_->count(worker, Counter::refused_full, 1);
    return Status::full;
  }
  core_->count(worker, Counter::events, 1);
  return Status::done;
}

}  // namespace hubbub
