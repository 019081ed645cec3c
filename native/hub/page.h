#pragma once

#include "hub/core.h"

namespace hubbub {

// Durable records from `first` to before `end`, by index.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t end = 0;

  [[nodiscard]] bool is_empty() const { return first == end; }
};

// How large a page must be for these records in any encoding: MessagePack is never longer than the
// JSON of the same record.
[[nodiscard]] std::size_t page_bytes(const Room& room, Range range);

// Copies records into a page that is large enough, a hold at a time: the room is locked before and
// after, and what is yet to be copied stays. MessagePack that is not there is made in between,
// without the lock. False when there is no memory for that: the page is then empty.
[[nodiscard]] bool read_page(Hold& hold, Worker& worker, Room& room, Range range, Encoding encoding,
                             Page& page);

// Copies bytes that are ready into a page, or says how large it would have to be.
[[nodiscard]] bool put(Page& page, const Scratch& bytes);

}  // namespace hubbub
