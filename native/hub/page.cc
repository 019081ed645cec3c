#include "hub/page.h"

#include <algorithm>
#include <cstring>

#include "hub/rows.h"
#include "hub/transcode.h"

namespace hubbub {

namespace {

class PageReader {
 public:
  PageReader(Hold& hold, Worker& worker, Room& room, Page& page)
      : hold_(hold), worker_(worker), room_(room), page_(page) {}

  bool read(Range range, Encoding encoding) {
    Pin pin{range.first, room_.pins};
    room_.pins = &pin;
    const bool read = encoding == Encoding::msgpack ? read_messagepack(pin, range.end)
                                                    : read_text(pin, range.end);
    // Others may have pinned and unpinned meanwhile: it stands anywhere in the list.
    Pin** link = &room_.pins;
    while (*link != &pin) link = &(*link)->next;
    *link = pin.next;
    hold_.release();
    return read;
  }

 private:
  // The end of the run in one chunk that begins at `first` and fits a hold.
  static std::size_t end_of_run(const Stream::Place& place, std::uint64_t end) {
    const Chunk& chunk = *place.chunk;
    const auto last = static_cast<std::size_t>(std::min(end, chunk.end_index()) - chunk.first_index);
    std::size_t i = place.i + 1;
    const std::size_t begin = chunk.begin_of(place.i);
    while (i < last && chunk.entry(i).end - begin <= hold_bytes_max) ++i;
    return i;
  }

  void breathe() {
    hold_.let_go();
    hold_.again();
  }

  bool read_text(Pin& pin, std::uint64_t end) {
    std::size_t copied = 0;
    while (pin.durable < end) {
      const Stream::Place place = room_.durable.find(pin.durable);
      const std::size_t end_i = end_of_run(place, end);
      const std::size_t begin = place.chunk->begin_of(place.i);
      const std::size_t bytes = place.chunk->entry(end_i - 1).end - begin;
      if (copied > 0 && copied + bytes > hold_bytes_max) {
        breathe();
        copied = 0;
        continue;
      }
      std::memcpy(page_.bytes.data() + page_.size, place.chunk->at(begin), bytes);
      for (std::size_t i = place.i; i < end_i; ++i) {
        if (place.chunk->entry(i).ascii == 0) page_.ascii = false;
      }
      page_.size += bytes;
      page_.count += end_i - place.i;
      pin.durable += end_i - place.i;
      copied += bytes;
    }
    // Newlines stand between records, not behind the last.
    if (page_.size > 0) --page_.size;
    return true;
  }

  bool read_messagepack(Pin& pin, std::uint64_t end) {
    page_.ascii = false;
    while (pin.durable < end) {
      const bool has_twin = room_.twins != nullptr && pin.durable >= room_.twins->durable_begin;
      const Stream& stream = has_twin ? room_.twins->durable : room_.durable;
      std::uint64_t run_end = end;
      if (!has_twin && room_.twins != nullptr) run_end = std::min(end, room_.twins->durable_begin);
      const Stream::Place place = stream.find(pin.durable);
      const std::size_t end_i = end_of_run(place, run_end);
      const std::size_t begin = place.chunk->begin_of(place.i);
      const std::size_t bytes = place.chunk->entry(end_i - 1).end - begin;
      const std::uint8_t* const from = place.chunk->at(begin);
      pin.durable += end_i - place.i;
      page_.count += end_i - place.i;
      if (!(has_twin ? copy(from, bytes) : copy_transcoded(from, bytes))) {
        page_.size = page_.count = 0;
        return false;
      }
      if (has_twin && pin.durable < end) breathe();
    }
    return true;
  }

  bool copy(const std::uint8_t* bytes, std::size_t size) {
    if (page_.bytes.size() - page_.size < size) return false;
    std::memcpy(page_.bytes.data() + page_.size, bytes, size);
    page_.size += size;
    return true;
  }

  // Copies lines under the lock and transcodes them without it.
  bool copy_transcoded(const std::uint8_t* lines, std::size_t size) {
    worker_.scratch.clear();
    worker_.transcoded.clear();
    const auto* const text = static_cast<const char*>(static_cast<const void*>(lines));
    if (!worker_.scratch.append({text, size})) return false;
    hold_.let_go();
    const bool done = transcode_lines();
    hold_.again();
    return done && copy(worker_.transcoded.data(), worker_.transcoded.size());
  }

  bool transcode_lines() {
    const auto* const text =
        static_cast<const char*>(static_cast<const void*>(worker_.scratch.data()));
    std::string_view rest(text, worker_.scratch.size());
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (!transcode(worker_.transcoded, rest.substr(0, end))) return false;
      rest.remove_prefix(end + 1);
    }
    return true;
  }

  Hold& hold_;
  Worker& worker_;
  Room& room_;
  Page& page_;
};

}  // namespace

std::size_t page_bytes(const Room& room, Range range) {
  return room.durable.bytes_between(range.first, range.end);
}

bool read_page(Hold& hold, Worker& worker, Room& room, Range range, Encoding encoding, Page& page) {
  page.size = page.count = page.needed = 0;
  page.ascii = true;
  return range.is_empty() || PageReader(hold, worker, room, page).read(range, encoding);
}

bool put(Page& page, const Scratch& bytes) {
  page.size = 0;
  page.needed = 0;
  if (bytes.size() > page.bytes.size()) {
    page.needed = bytes.size();
    return false;
  }
  if (bytes.size() > 0) std::memcpy(page.bytes.data(), bytes.data(), bytes.size());
  page.size = bytes.size();
  return true;
}

}  // namespace hubbub
