#include "hub/history.h"

namespace hubbub {

namespace {

std::size_t json_bytes(const Stream::Place& place) { return place.chunk->size_of(place.i) - 1; }

}  // namespace

void History::push(const Stream& stream, std::uint64_t prev, const Limits& limits,
                   std::uint64_t wall_ms) {
  const std::uint64_t index = stream.end() - 1;
  if (first_ < index && newest_ != prev) {
    first_ = index;
    bytes_ = 0;
  }
  if (first_ >= index) {
    first_ = index;
    floor_ = prev;
  }
  const Stream::Place place = stream.find(index);
  newest_ = place.chunk->entry(place.i).place;
  bytes_ += json_bytes(place);
  trim(stream, limits, wall_ms);
}

void History::trim(const Stream& stream, const Limits& limits, std::uint64_t wall_ms) {
  const std::uint64_t age_ms_max = limits.history_age_ms_max;
  const std::uint64_t oldest_ms =
      age_ms_max == 0 || wall_ms < age_ms_max ? 0 : wall_ms - age_ms_max;
  while (first_ < stream.end()) {
    const bool too_much = stream.end() - first_ > limits.history_records_max ||
                          bytes_ > limits.history_bytes_max;
    if (!too_much && oldest_ms == 0) return;
    const Stream::Place place = stream.find(first_);
    const Entry& oldest = place.chunk->entry(place.i);
    if (!too_much && oldest.timestamp >= oldest_ms) return;
    floor_ = oldest.place;
    bytes_ -= json_bytes(place);
    ++first_;
  }
}

void History::give_up(const Stream& stream, std::uint64_t head) {
  first_ = stream.end();
  floor_ = head;
  bytes_ = 0;
}

}  // namespace hubbub
