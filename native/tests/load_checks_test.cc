#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "check.h"
#include "load/histogram.h"
#include "load/ledger.h"
#include "load/schedule.h"
#include "support.h"

using hubbub::load::Histogram;
using hubbub::load::Ledger;
using hubbub::load::Received;
using hubbub::load::Schedule;
using hubbub::load::Sent;
namespace tests = hubbub::tests;

namespace {

void buckets_have_a_constant_relative_width(tests::Random& random) {
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::uint32_t>(random.number() >> (33 + random.below(31)));
    const std::size_t bucket = Histogram::bucket_of(value);
    CHECK(bucket < Histogram::buckets);
    CHECK(Histogram::highest_in(bucket) >= value);
    CHECK(Histogram::highest_in(bucket) - value <= value / 128);
    CHECK(bucket == 0 || Histogram::highest_in(bucket - 1) < value);
  }
  CHECK(Histogram::bucket_of(255) == 255);
  CHECK(Histogram::bucket_of(256) == 256);
  CHECK(Histogram::bucket_of(257) == 256);
  CHECK(Histogram::bucket_of(0x7fff'ffff) == Histogram::buckets - 1);
}

void percentiles_are_at_most_a_bucket_too_high(tests::Random& random) {
  for (int run = 0; run < 200; ++run) {
    std::vector<std::int64_t> values;
    Histogram whole;
    Histogram parts[2];
    const std::size_t count = 1 + random.below(300);
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(static_cast<std::int64_t>(random.number() >> (33 + random.below(30))));
      whole.record(values.back());
      parts[i % 2].record(values.back());
    }
    std::sort(values.begin(), values.end());
    parts[0].add(parts[1]);
    for (const double percent : {0.001, 50.0, 90.0, 99.0, 99.9, 100.0}) {
      const auto rank =
          static_cast<std::size_t>(std::ceil(static_cast<double>(count) * percent / 100));
      const std::int64_t exact = values[std::max<std::size_t>(1, rank) - 1];
      CHECK(whole.percentile(percent) >= exact);
      CHECK(whole.percentile(percent) - exact <= exact / 128);
      CHECK(parts[0].percentile(percent) == whole.percentile(percent));
    }
    CHECK(whole.count() == count && parts[0].count() == count);
    CHECK(whole.min() == values.front() && whole.max() == values.back());
  }
}

void a_histogram_is_told_as_json() {
  Histogram histogram;
  std::string text;
  histogram.append_json(text);
  CHECK(text == R"({"buckets":[],"min":0,"max":0,"sum":0})");
  histogram.record(-5);
  histogram.record(7);
  histogram.record(7);
  histogram.record(std::int64_t{1} << 40);
  text.clear();
  histogram.append_json(text);
  CHECK(text == R"({"buckets":[0,1,7,2,3199,1],"min":0,"max":2147483647,"sum":2147483661})");
}

// What one sender's messages go through on their way to one member.
void every_loss_duplicate_and_overtaking_is_counted(tests::Random& random) {
  for (int run = 0; run < 300; ++run) {
    Sent sent{.by_sender = {0, 0, 0}};
    std::vector<std::pair<std::size_t, Received>> arrivals;
    std::uint64_t lost = 0;
    std::uint64_t duplicated = 0;
    const std::size_t count = random.below(120);
    for (std::size_t place = 0; place < count; ++place) {
      const std::size_t sender = random.below(3);
      const Received message{.sender = static_cast<std::int32_t>(sender),
                             .sequence = sent.by_sender[sender]++};
      ++sent.total;
      const std::size_t copies = random.below(4) == 0 ? random.below(4) : 1;
      const std::size_t delay = random.below(4) == 0 ? random.below(6) : 0;
      for (std::size_t copy = 0; copy < copies; ++copy) {
        arrivals.emplace_back(place + delay * (copy + 1), message);
      }
      if (copies == 0) ++lost;
      if (copies > 1) duplicated += copies - 1;
    }
    std::stable_sort(arrivals.begin(), arrivals.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::uint64_t reordered = 0;
    Ledger ledger;
    ledger.begin(sent);
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      const Received& message = arrivals[i].second;
      ledger.note(message);
      bool is_first = true;
      bool is_overtaken = false;
      for (std::size_t before = 0; before < i; ++before) {
        const Received& earlier = arrivals[before].second;
        if (earlier.sender != message.sender) continue;
        is_first = is_first && earlier.sequence != message.sequence;
        is_overtaken = is_overtaken || earlier.sequence > message.sequence;
      }
      if (is_first && is_overtaken) ++reordered;
    }
    const auto found = ledger.discrepancies();
    CHECK(found.lost == lost);
    CHECK(found.duplicated == duplicated);
    CHECK(found.reordered == reordered);
    CHECK(found.foreign == 0 && found.gaps == 0);
    CHECK(ledger.is_complete() == (lost == 0));
  }
}

void what_was_never_sent_is_foreign() {
  const Sent sent{.by_sender = {1, 0}, .total = 1};
  Ledger ledger;
  ledger.begin(sent);
  ledger.note({.sender = 0, .sequence = 0, .offset = 41});
  ledger.note({.sender = 0, .sequence = 1, .offset = 42});
  ledger.note({.sender = 1, .sequence = 0, .offset = 44});
  ledger.note({.sender = 2, .sequence = 0});
  ledger.note({});
  const auto found = ledger.discrepancies();
  CHECK(found.foreign == 4 && found.lost == 0 && found.gaps == 1);
}

void schedules_keep_their_rate() {
  for (const auto pattern :
       {Schedule::Pattern::fixed, Schedule::Pattern::burst, Schedule::Pattern::ramp}) {
    const Schedule schedule{
        .pattern = pattern, .rate = 2'000.0 / 3, .burst_size = 50, .ramp_us = 2e6};
    const std::uint64_t planned = schedule.due_before(5'000'000);
    std::int64_t before = 0;
    for (std::uint64_t index = 0; index < planned; ++index) {
      CHECK(schedule.due_us(index) >= before);
      before = schedule.due_us(index);
    }
    CHECK(before < 5'000'000);
    if (pattern != Schedule::Pattern::fixed) CHECK(schedule.due_us(planned) >= 5'000'000);
  }
  const Schedule fixed{.rate = 400};
  CHECK(fixed.due_before(500'000) == 200 && fixed.due_us(100) == 250'000);
  const Schedule burst{.pattern = Schedule::Pattern::burst, .rate = 100, .burst_size = 100};
  CHECK(burst.due_us(99) == 0 && burst.due_us(100) == 1'000'000 && burst.due_before(1) == 100);
  // Half as many while the rate rises.
  const Schedule ramp{.pattern = Schedule::Pattern::ramp, .rate = 1'000, .ramp_us = 2e6};
  CHECK(ramp.due_before(2'000'000) == 1'000 && ramp.due_before(3'000'000) == 2'000);
  CHECK(ramp.due_us(250) == 1'000'000);
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  buckets_have_a_constant_relative_width(random);
  percentiles_are_at_most_a_bucket_too_high(random);
  a_histogram_is_told_as_json();
  every_loss_duplicate_and_overtaking_is_counted(random);
  what_was_never_sent_is_foreign();
  schedules_keep_their_rate();
  return hubbub::check::result();
}
