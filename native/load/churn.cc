#include "load/churn.h"

#include <algorithm>

namespace hubbub::load {

namespace {

// For each step of a round: the join, the first message, the end of a farewell.
constexpr std::int64_t step_us_max = 5'000'000;

Room& room_of(const Crowd& crowd, std::size_t number) {
  return *crowd.rooms()[number % crowd.rooms().size()];
}

}  // namespace

Comer::Comer(Loop& loop, const Crowd& crowd, std::size_t number, std::int64_t pause_us,
             RoundListener& listener)
    : pause_us_(pause_us),
      listener_(listener),
      member_(loop, crowd.route_for(crowd.clients().size() + number), crowd.request(),
              room_of(crowd, number), Standing::guest) {}

std::int64_t Comer::tend(std::int64_t now_us) {
  switch (step_) {
    case Step::away:
      if (now_us >= due_us_) come(now_us);
      // A connection may fail at once, and then nothing else wakes the loop.
      if (!failure_.empty()) fail(failure_, now_us);
      break;
    case Step::coming:
      if (!failure_.empty()) {
        fail(failure_, now_us);
      } else if (member_.has_joined()) {
        step_ = Step::listening;
        due_us_ = now_us + step_us_max;
        listen(now_us);
      } else if (now_us >= due_us_) {
        member_.end("out of time");
        fail(failure_, now_us);
      }
      break;
    case Step::listening:
      listen(now_us);
      break;
    case Step::leaving:
      if (member_.is_gone()) {
        rest(now_us);
      } else if (now_us >= due_us_) {
        member_.cut();
        fail("the server did not end a connection that was closed", now_us);
      }
      break;
  }
  return due_us_;
}

void Comer::joined(Client&) {
  recovery_us_ = Loop::now_us() - member_.started_us;
  sent_before_ = member_.room.sent.total;
}

void Comer::failed(Client&, std::string_view reason) { failure_ = reason; }

void Comer::come(std::int64_t now_us) {
  step_ = Step::coming;
  is_message_due_ = false;
  due_us_ = now_us + step_us_max;
  member_.join(now_us, *this);
}

void Comer::listen(std::int64_t now_us) {
  const Sent& sent = member_.room.sent;
  const bool is_silent = sent.by_sender.empty();
  if (member_.has_heard() || is_silent) return go(now_us);
  if (member_.is_gone()) return fail("the server closed after the join", now_us);
  if (!is_message_due_ && sent.total != sent_before_) {
    is_message_due_ = true;
    due_us_ = now_us + step_us_max;
  }
  if (now_us < due_us_) return;
  // For so long nobody has said anything: there is nothing to wait for.
  if (!is_message_due_) return go(now_us);
  member_.cut();
  fail("no message came after the join", now_us);
}

// Every second time with a farewell.
void Comer::go(std::int64_t now_us) {
  listener_.came_and_went(recovery_us_);
  const bool is_polite = rounds_++ % 2 == 1;
  if (!is_polite) {
    member_.cut();
    return rest(now_us);
  }
  step_ = Step::leaving;
  due_us_ = now_us + step_us_max;
  member_.close();
}

void Comer::rest(std::int64_t now_us) {
  step_ = Step::away;
  due_us_ = std::max(now_us, member_.started_us + pause_us_);
}

void Comer::fail(std::string_view reason, std::int64_t now_us) {
  listener_.failed_to_come(reason);
  failure_.clear();
  rest(now_us);
}

Churn::Churn(Loop& loop, const Crowd& crowd, std::uint64_t comers, std::int64_t pause_us) {
  for (std::size_t number = 0; number < comers; ++number) {
    RoundListener& listener = *this;
    comers_.push_back(std::make_unique<Comer>(loop, crowd, number, pause_us, listener));
  }
}

std::int64_t Churn::tend(std::int64_t now_us) {
  std::int64_t next_us = std::int64_t{1} << 50;
  for (const auto& comer : comers_) next_us = std::min(next_us, comer->tend(now_us));
  return next_us;
}

void Churn::stop() {
  is_counting_ = false;
  // Their connections end with them, by a reset where something is unread.
  comers_.clear();
}

JsonWriter Churn::report() const {
  JsonWriter report;
  report.add("cycles", cycles_).add("failed", failed_);
  if (failed_ > 0) report.add("failure", std::string_view(failure_));
  return report.add("recovery_us", recovery_us_);
}

void Churn::came_and_went(std::int64_t recovery_us) {
  if (!is_counting_) return;
  ++cycles_;
  recovery_us_.record(recovery_us);
}

void Churn::failed_to_come(std::string_view reason) {
  if (!is_counting_) return;
  ++failed_;
  if (failure_.empty()) failure_ = reason;
}

}  // namespace hubbub::load
