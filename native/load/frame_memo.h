#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "load/chat.h"
#include "load/web_socket.h"

namespace hubbub::load {

// What members of one room have received. They get the same frames in the same order (those of one
// worker of a server do), so each frame is parsed once and recognised afterwards by comparing
// bytes: every delivery is still checked, at the price of a memory comparison.
class FrameMemo {
 public:
  struct Frame {
    // Header included.
    std::vector<std::uint8_t> bytes;
    Reading reading;
  };

  // The frame that a member expects next, counted from the first one that was ever learned.
  using Place = std::uint64_t;

  // Behind everything known so far.
  Place latest() const { return forgotten_ + frames_.size(); }

  // The known frame that `received` begins with, at the member's place or a little after it: what
  // lies between are frames of others, whose worker cuts batches of its own. `place` is moved
  // behind it.
  const Frame* recognise(Bytes received, Place& place) const;

  // Remembers a frame that nobody has received so far, and forgets old ones.
  void learn(Bytes frame, const Reading& reading, Place& place);

 private:
  std::deque<Frame> frames_;
  std::uint64_t forgotten_ = 0;
  std::size_t known_bytes_ = 0;
};

}  // namespace hubbub::load
