// history, covers, encode_page and fill: what has been, and what has been missed.

#include <algorithm>

#include "hub/drain.h"
#include "hub/page.h"

namespace hubbub {

namespace {

struct Filled {
  std::uint64_t records = 0;
  std::uint64_t offset = 0;
  Status status = Status::done;
};

// Writes the records after `filled.offset` up to `floor` as rows: from there on the history has
// everything, and the log may even have read past the head. No lock is needed: only this worker moves
// its place during an overrun, and the floor only rises.
void write_rows(Worker& worker, const Room& room, std::span<const Record> records,
                std::uint64_t floor, RowWriter& writer, Filled& filled) {
  Scratch& scratch = worker.scratch;
  for (const Record& record : records) {
    if (record.offset <= filled.offset || record.offset > floor) continue;
    scratch.clear();
    Line line;
    if (!encode_record(scratch, room.text, record, writer.wants_messagepack(), line)) {
      filled.status = Status::full;
      break;
    }
    if (!writer.take(scratch.data() + line.json.begin, line.json.size(), line.ascii,
                     scratch.data() + line.messagepack.begin, line.messagepack.size())) {
      filled.status = writer.status();
      break;
    }
    filled.offset = record.offset;
    ++filled.records;
  }
  writer.finish();
}

}  // namespace

HistoryRead Hub::history(std::size_t worker, RoomHandle room, Encoding encoding,
                         std::uint64_t before, std::size_t limit, Time now, Page& page) {
  Attachment* const reader = core_->attachment(worker, room);
  if (reader == nullptr) return {Status::closed, false, 0};
  if (before > offset_max + 1) return {Status::invalid, false, 0};
  Room& place = *reader->room;
  Hold hold(*core_, worker, place);
  place.history.trim(place.durable, core_->limits, now.wall_ms);
  hold.release();
  const std::uint64_t oldest = place.history.first();
  const std::uint64_t floor = place.history.floor();
  Range range{oldest, oldest};
  if (before > 0 && oldest < place.durable.end()) {
    range.end = place.durable.first_past(oldest, before - 1);
    range.first = range.end - std::min<std::uint64_t>(limit, range.end - oldest);
  }
  HistoryRead read;
  if (range.is_empty()) {
    read.before = std::min(static_cast<std::int64_t>(before) - 1, static_cast<std::int64_t>(floor));
  } else {
    read.before = static_cast<std::int64_t>(
        range.first == oldest ? floor : place.durable.entry(range.first - 1).place);
  }
  read.more = read.before > static_cast<std::int64_t>(floor);
  if (page_bytes(place, range) > page.bytes.size()) {
    page.needed = page_bytes(place, range);
    read.status = Status::too_small;
    return read;
  }
  Worker& own = *core_->workers[worker];
  read.status = read_page(hold, own, place, range, encoding, page) ? Status::done : Status::full;
  return read;
}

Status Hub::covers(std::size_t worker, RoomHandle room, std::uint64_t offset, Time now) {
  Attachment* const reader = core_->attachment(worker, room);
  if (reader == nullptr) return Status::closed;
  Room& place = *reader->room;
  Hold hold(*core_, worker, place);
  place.history.trim(place.durable, core_->limits, now.wall_ms);
  hold.release();
  return offset >= place.history.floor() ? Status::done : Status::absent;
}

Status Hub::encode_page(std::size_t worker, RoomHandle room, Encoding encoding,
                        std::span<const Record> records, Page& page) {
  Attachment* const reader = core_->attachment(worker, room);
  if (reader == nullptr) return Status::closed;
  const bool binary = encoding == Encoding::msgpack;
  Worker& own = *core_->workers[worker];
  own.transcoded.clear();
  page.ascii = !binary;
  for (const Record& record : records) {
    if (!is_acceptable(record)) return Status::invalid;
    own.scratch.clear();
    Line line;
    if (!encode_record(own.scratch, reader->room->text, record, binary, line)) return Status::full;
    const Piece& piece = binary ? line.messagepack : line.json;
    const auto* const bytes =
        static_cast<const char*>(static_cast<const void*>(own.scratch.data() + piece.begin));
    if (!own.transcoded.append({bytes, piece.size()})) return Status::full;
    if (!line.ascii) page.ascii = false;
  }
  if (!binary && own.transcoded.size() > 0) own.transcoded.set_end(own.transcoded.end() - 1);
  const bool fits = put(page, own.transcoded);
  page.count = fits ? records.size() : 0;
  return fits ? Status::done : Status::too_small;
}

Status Hub::fill(std::size_t worker, RoomHandle room, std::span<const Record> records, Time now,
                 Output& output) {
  Attachment* const reader = core_->attachment(worker, room);
  if (reader == nullptr) return Status::done;
  if (output.rows.size() < Output::rows_min || output.overrun_count == output.overruns.size()) {
    return Status::invalid;
  }
  for (const Record& record : records) {
    if (!is_acceptable(record)) return Status::invalid;
  }
  Room& place = *reader->room;
  Hold hold(*core_, worker, place);
  // Otherwise it answers an overrun that a join or a leave has ended since, or this call did the last
  // time, with an output that was too small for all the history holds.
  const bool resumes = reader->overrun == OverrunState::no && reader->catching_up;
  if (reader->overrun != OverrunState::reported && !resumes) return Status::done;
  if (resumes) records = {};
  Filled filled{0, reader->offset, Status::done};
  const std::uint64_t floor = place.history.floor();
  hold.let_go();
  RowWriter writer(output, *reader, core_->limits);
  write_rows(*core_->workers[worker], place, records, floor, writer, filled);
  hold.again();
  reader->offset = filled.offset;
  reader->filled += filled.records;
  if (filled.status == Status::done) {
    // The log has led on, or others have published meanwhile, and the history does not reach back to
    // where it led: then the log is asked again. Else the log has nothing more.
    const bool leads_on = filled.records > 0 || place.history.floor() > floor;
    if (!resumes && leads_on && filled.offset < place.history.floor()) {
      output.overruns[output.overrun_count++] = {static_cast<double>(reader->handle),
                                                 static_cast<double>(reader->offset)};
    } else if (catch_up(*core_, hold, *reader, writer, now) == Drained::full) {
      filled.status = writer.status();
    }
    writer.finish();
  }
  count_rows(*core_, worker, writer);
  return filled.status;
}

}  // namespace hubbub
