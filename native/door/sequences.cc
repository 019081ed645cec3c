#include "door/sequences.h"

#include <optional>

#include "door/draft.h"

namespace hubbub {

void Sequences::clear() {
  for (const Group& group : groups_) newest_[place_of(group.room)] = 0;
  groups_.clear();
  publishes_.clear();
}

bool Sequences::read(RoomHandle room, Reader& reader) {
  // Written where it stays: a copy of what has just been put together would wait for its parts.
  Publish& publish = publishes_.emplace_back();
  publish.token = reader.number();
  read_draft(reader, publish.draft);
  if (reader.failed()) {
    publishes_.pop_back();
    return false;
  }
  const auto index = static_cast<std::uint32_t>(publishes_.size() - 1);
  Group& group = group_of(room);
  if (group.count++ == 0) {
    group.first = index;
  } else {
    publishes_[group.last].next = index;
  }
  group.last = index;
  return true;
}

Sequences::Group& Sequences::group_of(RoomHandle room) {
  std::uint32_t& newest = newest_[place_of(room)];
  if (newest == 0 || groups_[newest - 1].room != room) {
    groups_.push_back({room, none, none, 0});
    newest = static_cast<std::uint32_t>(groups_.size());
  }
  return groups_[newest - 1];
}

void Sequences::carry_out(Hub& hub, std::size_t worker, Time now,
                          std::span<VerdictRow> verdicts) {
  for (const Group& group : groups_) {
    carry_out(group, hub, worker, now, verdicts);
    verdicts = verdicts.subspan(group.count);
  }
}

void Sequences::carry_out(const Group& group, Hub& hub, std::size_t worker, Time now,
                          std::span<VerdictRow> verdicts) {
  drafts_.clear();
  for (std::uint32_t i = group.first; i != none; i = publishes_[i].next) {
    drafts_.push_back(publishes_[i].draft);
  }
  outcomes_.assign(group.count, {});
  const Status status = hub.sequence(worker, group.room, drafts_, outcomes_, now);
  // One that is out of range is the reason to refuse that one, not those it came with.
  const bool one_by_one = status == Status::invalid && group.count > 1;
  std::size_t at = 0;
  for (std::uint32_t i = group.first; i != none; i = publishes_[i].next, ++at) {
    Verdict& verdict = outcomes_[at];
    Status outcome = status;
    if (one_by_one) {
      outcome = hub.sequence(worker, group.room, {&drafts_[at], 1}, {&verdict, 1}, now);
    }
    // A room that has closed since refuses its publishes one by one, like a pool that is full.
    if (outcome == Status::done) outcome = verdict.status;
    verdicts[at] = {publishes_[i].token, static_cast<double>(verdict.offset),
                    static_cast<std::uint32_t>(outcome), verdict.duplicate ? 1U : 0U};
  }
}

}  // namespace hubbub
