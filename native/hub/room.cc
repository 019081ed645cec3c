#include "hub/room.h"

#include <algorithm>
#include <cstring>

#include "hub/json.h"
#include "hub/messagepack.h"

namespace hubbub {

namespace {

// Copies a piece to `out` with its offset in place, and answers where it ends.
template <class WriteNumber>
std::uint8_t* copy(std::uint8_t* out, const std::uint8_t* scratch, const Piece& piece,
                   std::uint64_t offset, WriteNumber write_number) {
  const std::size_t split = std::min(piece.split, piece.end);
  std::memcpy(out, scratch + piece.begin, split - piece.begin);
  out += split - piece.begin;
  if (piece.split == Piece::nowhere) return out;
  out = write_number(out, offset);
  std::memcpy(out, scratch + piece.split, piece.end - piece.split);
  return out + (piece.end - piece.split);
}

}  // namespace

Lack Room::lack(const Line& line, Kind kind) const {
  using What = Lack::What;
  const Stream& stream = kind == Kind::durable ? durable : passing;
  const std::size_t json_bytes = line.json.size() + offset_bytes_max;
  if (!stream.fits(json_bytes)) {
    return {What::chunk, false, Chunk::bytes_for(json_bytes), stream.wanted_bytes(json_bytes)};
  }
  if (twins == nullptr) return {};
  if (line.messagepack.size() == 0) return {What::messagepack, true, 0, 0};
  const Stream& twin = kind == Kind::durable ? twins->durable : twins->passing;
  const std::size_t twin_bytes = line.messagepack.size() + offset_bytes_max;
  if (!twin.fits(twin_bytes)) {
    return {What::chunk, true, Chunk::bytes_for(twin_bytes), twin.wanted_bytes(twin_bytes)};
  }
  return {};
}

void Room::add_chunk(Chunk* chunk, Kind kind, bool in_twin) {
  Stream& original = kind == Kind::durable ? durable : passing;
  if (!in_twin) return original.add_chunk(chunk);
  (kind == Kind::durable ? twins->durable : twins->passing).add_chunk(chunk);
}

void Room::add(const std::uint8_t* scratch, const Line& line, Kind kind, std::uint64_t offset,
               std::uint64_t timestamp) {
  const std::uint64_t place = kind == Kind::durable ? offset : durable.end();
  Stream& stream = kind == Kind::durable ? durable : passing;
  std::uint8_t* const begin = stream.free_bytes();
  const std::uint8_t* end = copy(begin, scratch, line.json, offset, json::write_decimal);
  const auto size = static_cast<std::size_t>(end - begin);
  stream.add(size, place, timestamp, line.ascii);
  bytes += size - 1;
  if (twins == nullptr) return;
  Stream& twin = kind == Kind::durable ? twins->durable : twins->passing;
  std::uint8_t* const twin_begin = twin.free_bytes();
  end = copy(twin_begin, scratch, line.messagepack, offset, messagepack::write_whole);
  twin.add(static_cast<std::size_t>(end - twin_begin), place, timestamp, false);
}

void Room::skip_all(Attachment& reader) const {
  reader.durable = durable.end();
  reader.passing = passing.end();
  reader.bytes = bytes;
  reader.offset = head;
}

std::uint64_t Room::catch_up(Attachment& reader) const {
  const std::uint64_t missing = durable.end() - reader.durable;
  const std::uint64_t first = durable.is_empty()
                                  ? durable.end()
                                  : durable.first_past(history.first(), reader.offset);
  const std::uint64_t found = durable.end() - first;
  const std::uint64_t covered = found + reader.filled;
  reader.durable = first;
  reader.passing = passing.end();
  reader.bytes = bytes - (durable.bytes_between(first, durable.end()) - found);
  if (found == 0) reader.offset = head;
  reader.overrun = OverrunState::no;
  reader.catching_up = true;
  // The log may know records that this hub was never given.
  return missing > covered ? missing - covered : 0;
}

void Room::count_in(Attachment& reader, Encoding encoding) {
  if (reader.connections() == 0) skip_all(reader);
  ++reader.speaking[static_cast<std::size_t>(encoding)];
  if (encoding != Encoding::msgpack || ++messagepack_speakers > 1) return;
  twins = std::make_unique<Twins>();
  twins->durable.restart(durable.end());
  twins->passing.restart(passing.end());
  twins->durable_begin = durable.end();
  speaks_messagepack.store(true, std::memory_order_relaxed);
}

void Room::count_out(Attachment& reader, Encoding encoding, std::size_t connections,
                     Chunk*& released) {
  reader.speaking[static_cast<std::size_t>(encoding)] -= connections;
  if (encoding == Encoding::msgpack && connections > 0) {
    messagepack_speakers -= connections;
    if (messagepack_speakers == 0) {
      release_twins(released);
      twins.reset();
      speaks_messagepack.store(false, std::memory_order_relaxed);
    }
  }
  if (reader.connections() > 0) return;
  reader.overrun = OverrunState::no;
  reader.catching_up = false;
}

void Room::release(Chunk*& released) {
  std::uint64_t durable_kept = history.first();
  std::uint64_t passing_kept = passing.end();
  if (!durable.can_release(durable_kept) && passing.is_empty()) return;
  for (const Attachment* reader : attachments) {
    if (!reader->follows()) continue;
    durable_kept = std::min(durable_kept, reader->durable);
    passing_kept = std::min(passing_kept, reader->passing);
  }
  for (const Pin* pin = pins; pin != nullptr; pin = pin->next) {
    durable_kept = std::min(durable_kept, pin->durable);
  }
  durable.release_before(durable_kept, released);
  passing.release_before(passing_kept, released);
  if (twins == nullptr) return;
  twins->durable.release_before(durable_kept, released);
  twins->passing.release_before(passing_kept, released);
}

void Room::release_unused(Chunk*& released) {
  durable.release_unused(released);
  passing.release_unused(released);
  if (twins == nullptr) return;
  twins->durable.release_unused(released);
  twins->passing.release_unused(released);
}

void Room::release_all(Chunk*& released) {
  durable.release_all(released);
  passing.release_all(released);
  if (twins != nullptr) release_twins(released);
}

void Room::release_twins(Chunk*& released) {
  twins->durable.release_all(released);
  twins->passing.release_all(released);
}

}  // namespace hubbub
