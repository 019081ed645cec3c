#include "load/traffic.h"

#include <algorithm>
#include <unordered_set>

namespace hubbub::load {

namespace {

// How many of `count` fall to this room when they are dealt out one after the other.
std::uint64_t share_of(std::uint64_t count, std::size_t room, std::size_t rooms) {
  return (count + rooms - 1 - room) / rooms;
}

bool is_waiting(const Member* member) {
  return member->standing == Standing::counted && !member->ledger.is_complete();
}

}  // namespace

std::string Traffic::refusal(const Crowd& crowd, const TrafficPlan& plan) {
  const std::size_t rooms = crowd.rooms().size();
  if (rooms == 0) return "there is no crowd in rooms: connect one";
  for (std::size_t room = 0; plan.stalled > 0 && room < rooms; ++room) {
    const std::uint64_t taken =
        share_of(plan.senders, room, rooms) + share_of(plan.stalled, room, rooms);
    if (taken > crowd.rooms()[room]->members.size()) {
      return "there are too few members: who stalls does not send";
    }
  }
  return "";
}

Traffic::Traffic(Loop& loop, const Crowd& crowd, const TrafficPlan& plan)
    : OpenLoop(loop, plan), crowd_(crowd), senders_(plan.senders) {
  const std::size_t rooms = crowd.rooms().size();
  for (std::size_t room = 0; room < rooms; ++room) {
    const std::uint64_t senders = share_of(plan.senders, room, rooms);
    crowd.rooms()[room]->begin(senders, plan.payload_bytes, *this);
  }
  if (plan.stalled > 0) stall_.emplace(loop, crowd, plan.stalled);
  if (plan.comers > 0) {
    churn_.emplace(loop, crowd, plan.comers, static_cast<std::int64_t>(plan.comer_pause_ms * 1e3));
  }
}

JsonWriter Traffic::run() {
  go();
  if (stall_) stall_->look();
  const JsonWriter result = report();
  for (const auto& room : crowd_.rooms()) room->observer = nullptr;
  return result;
}

void Traffic::delivered(const Reading& reading, std::int64_t read_at_us) {
  note_frame(reading.messages.size(), reading.bytes);
  for (const Received& message : reading.messages) note_latency(message.intended_us, read_at_us);
}

// Sender n is member n / rooms of room n modulo rooms.
bool Traffic::send(std::uint64_t index, std::int64_t intended_us) {
  const std::uint64_t sender = index % senders_;
  const std::size_t rooms = crowd_.rooms().size();
  return crowd_.rooms()[sender % rooms]->send(sender / rooms, intended_us);
}

bool Traffic::is_complete() const {
  return std::none_of(crowd_.rooms().begin(), crowd_.rooms().end(), [](const auto& room) {
    return std::any_of(room->members.begin(), room->members.end(), is_waiting);
  });
}

void Traffic::window_opened() {
  if (stall_) stall_->begin();
  if (churn_) churn_->count();
}

void Traffic::window_closed() {
  if (churn_) churn_->stop();
}

std::int64_t Traffic::tend(std::int64_t now_us) {
  return churn_ ? churn_->tend(now_us) : never_us;
}

JsonWriter Traffic::report() const {
  Discrepancies found{.foreign = overheard_};
  std::uint64_t sent = 0;
  std::uint64_t expected_deliveries = 0;
  std::size_t orders = 0;
  for (const auto& room : crowd_.rooms()) {
    sent += room->sent.total;
    std::unordered_set<std::uint32_t> seen;
    for (const Member* member : room->members) {
      if (member->standing != Standing::counted) continue;
      expected_deliveries += room->sent.total;
      found += member->ledger.discrepancies();
      if (member->ledger.is_complete()) seen.insert(member->ledger.order());
    }
    orders = std::max(orders, seen.size());
  }
  JsonWriter report;
  report.add("lost", found.lost)
      .add("duplicated", found.duplicated)
      .add("reordered", found.reordered)
      .add("foreign", found.foreign)
      .add("gaps", found.gaps)
      .add("orders", orders);
  add_to(report, sent, expected_deliveries);
  if (churn_) report.add("churn", churn_->report());
  if (stall_) report.add("stalled", stall_->report());
  return report;
}

}  // namespace hubbub::load
