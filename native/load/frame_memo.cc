#include "load/frame_memo.h"

#include <algorithm>
#include <cstring>

namespace hubbub::load {

namespace {

// Members of a room are seldom further apart than this; if they are, a frame is parsed again.
constexpr std::size_t frames_max = 16'384;
constexpr std::size_t bytes_max = 32 * 1024 * 1024;
constexpr std::uint64_t look_ahead_max = 256;

}  // namespace

const FrameMemo::Frame* FrameMemo::recognise(Bytes received, Place& place) const {
  const Place from = std::max(place, forgotten_);
  const Place to = std::min(latest(), from + look_ahead_max);
  for (Place number = from; number < to; ++number) {
    const Frame& frame = frames_[number - forgotten_];
    if (received.size() < frame.bytes.size()) continue;
    if (std::memcmp(received.data(), frame.bytes.data(), frame.bytes.size()) != 0) continue;
    place = number + 1;
    return &frame;
  }
  return nullptr;
}

void FrameMemo::learn(Bytes frame, const Reading& reading, Place& place) {
  frames_.push_back({{frame.begin(), frame.end()}, reading});
  known_bytes_ += frame.size();
  while (frames_.size() > frames_max || (known_bytes_ > bytes_max && frames_.size() > 1)) {
    known_bytes_ -= frames_.front().bytes.size();
    frames_.pop_front();
    ++forgotten_;
  }
  place = latest();
}

}  // namespace hubbub::load
