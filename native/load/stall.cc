#include "load/stall.h"

#include <algorithm>

#include "load/rejoin.h"

namespace hubbub::load {

namespace {

// How long nothing may arrive until the server has said all it has to say to them.
constexpr std::int64_t quiet_us = 500'000;
constexpr std::int64_t read_us_max = 5'000'000;
constexpr std::int64_t look_us = 20'000;
constexpr std::int64_t rejoin_us_max = 10'000'000;

}  // namespace

Stall::Stall(Loop& loop, const Crowd& crowd, std::uint64_t members) : loop_(loop) {
  const auto& rooms = crowd.rooms();
  for (std::uint64_t number = 0; number < members; ++number) {
    const auto& of_room = rooms[number % rooms.size()]->members;
    members_.push_back(of_room[of_room.size() - 1 - number / rooms.size()]);
    members_.back()->standing = Standing::uncounted;
    if (!members_.back()->is_gone()) connected_.push_back(members_.back());
  }
}

Stall::~Stall() {
  for (Member* const member : members_) member->standing = Standing::counted;
}

void Stall::begin() {
  for (Member* const member : members_) member->pause();
}

void Stall::look() {
  read_up();
  for (const Member* const member : connected_) {
    const std::uint16_t code = member->close_code();
    if (!member->is_gone() && code == 0) continue;
    ++closed_;
    ++close_codes_[code == 0 ? "none" : std::to_string(code)];
  }
  const std::vector<Client*> clients(members_.begin(), members_.end());
  rejoined_ = Rejoin(loop_, clients).run(0, rejoin_us_max).members;
}

JsonWriter Stall::report() const {
  JsonWriter codes;
  for (const auto& [code, count] : close_codes_) codes.add(code, count);
  JsonWriter report;
  report.add("members", members_.size())
      .add("closed", closed_)
      .add("close_codes", codes)
      .add("rejoined", rejoined_);
  return report;
}

void Stall::read_up() {
  for (Member* const member : members_) member->resume();
  const auto is_gone = [](const Member* member) { return member->is_gone(); };
  const std::int64_t deadline_us = Loop::now_us() + read_us_max;
  std::int64_t quiet_since_us = Loop::now_us();
  std::uint64_t seen = loop_.volume.bytes_in;
  while (!std::all_of(members_.begin(), members_.end(), is_gone)) {
    const std::int64_t next_us = Loop::now_us() + look_us;
    while (Loop::now_us() < next_us) loop_.turn(next_us);
    const std::int64_t now_us = Loop::now_us();
    if (loop_.volume.bytes_in != seen) {
      seen = loop_.volume.bytes_in;
      quiet_since_us = now_us;
    }
    if (now_us - quiet_since_us > quiet_us || now_us > deadline_us) return;
  }
}

}  // namespace hubbub::load
