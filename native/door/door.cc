#include "door/door.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "door/draft.h"

namespace hubbub {

namespace {

constexpr std::size_t header_bytes = 16;
constexpr std::size_t field_count = static_cast<std::size_t>(Field::count);
// Those before the first one that TypeScript writes.
constexpr std::size_t answer_count = static_cast<std::size_t>(Field::from);

std::optional<Encoding> encoding_of(std::uint32_t value) {
  if (value >= encodings) return std::nullopt;
  return static_cast<Encoding>(value);
}

template <typename Item>
std::span<Item> items_in(std::span<std::uint8_t> memory) {
  return {reinterpret_cast<Item*>(memory.data()), memory.size() / sizeof(Item)};
}

std::size_t size_min(Area area) {
  switch (area) {
    case Area::control:
      return field_count * sizeof(double);
    case Area::rows:
      return Output::rows_min * sizeof(Row);
    case Area::overruns:
      return sizeof(Overrun);
    case Area::verdicts:
      return sizeof(VerdictRow);
    default:
      return header_bytes;
  }
}

}  // namespace

bool Door::set_area(Area area, std::span<std::uint8_t> given) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(given.data()) % 8 == 0;
  if (static_cast<std::size_t>(area) >= areas || given.size() < size_min(area) || !aligned) {
    return false;
  }
  areas_[static_cast<std::size_t>(area)] = given;
  return true;
}

Status Door::execute() {
  const auto control = items_in<double>(memory(Area::control));
  if (control.empty()) return Status::invalid;
  std::ranges::fill(control.first(answer_count), 0.0);
  const bool ready = std::ranges::none_of(areas_, [](const auto& area) { return area.empty(); });
  const auto given = [&](Field field) { return control[static_cast<std::size_t>(field)]; };
  const double from = given(Field::from);
  const double to = given(Field::to);
  const double wall_ms = given(Field::wall_ms);
  const auto requests_bytes = static_cast<double>(memory(Area::requests).size());
  Status status = Status::invalid;
  // Written so that what is not a number is out of range as well.
  if (ready && from >= 0 && from <= to && to <= requests_bytes && wall_ms >= 0 &&
      wall_ms <= static_cast<double>(offset_max) && std::isfinite(given(Field::monotonic_ms))) {
    const Time now{given(Field::monotonic_ms), static_cast<std::uint64_t>(wall_ms)};
    status = execute(static_cast<std::size_t>(from), static_cast<std::size_t>(to),
                     given(Field::flush) != 0, now);
  }
  answer(Field::status, static_cast<double>(status));
  return status;
}

Status Door::execute(std::size_t from, std::size_t to, bool flush_too, Time now) {
  if (from % 8 != 0) return Status::invalid;
  now_ = now;
  begin();
  std::size_t at = from;
  Status status = Status::done;
  Request request{};
  while (at < to && status == Status::done) {
    if (!read_header(at, to, request)) {
      status = Status::invalid;
    } else if (request.op == Op::sequence) {
      status = sequence_all(at, to, request);
    } else {
      Reader body = body_of(request, at);
      status = carry_out(request, body);
      if (status == Status::done) at += request.length;
    }
  }
  double next_due_ms = 0;
  if (status == Status::done && flush_too) {
    const Flushed flushed = hub_.flush(worker_, now_, output_);
    status = flushed.status;
    next_due_ms = flushed.next_due_ms;
  } else {
    next_due_ms = hub_.next_due_ms(worker_);
  }
  finish(at);
  answer(Field::next_due_ms, next_due_ms);
  return status;
}

bool Door::read_header(std::size_t at, std::size_t to, Request& request) const {
  Reader reader(memory(Area::requests).subspan(at, to - at));
  request.op = static_cast<Op>(reader.word());
  request.length = reader.word();
  request.room = reader.integer();
  return !reader.failed() && request.length >= header_bytes && request.length % 8 == 0 &&
         request.length <= to - at;
}

Reader Door::body_of(const Request& request, std::size_t at) const {
  return Reader(
      memory(Area::requests).subspan(at + header_bytes, request.length - header_bytes));
}

// Publishes that stand one behind the other, as most of a turn's requests do.
Status Door::sequence_all(std::size_t& at, std::size_t to, Request request) {
  sequences_.clear();
  std::size_t next = at;
  bool valid = true;
  // A verdict must have its place before anything is decided.
  while (verdict_count_ + sequences_.size() < verdicts_.size()) {
    Reader body = body_of(request, next);
    valid = sequences_.read(request.room, body);
    if (!valid) break;
    next += request.length;
    // What comes then, and whether it is well formed, is the caller's to see.
    if (next == to || !read_header(next, to, request) || request.op != Op::sequence) break;
  }
  if (sequences_.size() == 0) return valid ? Status::more : Status::invalid;
  sequences_.carry_out(hub_, worker_, now_, verdicts_.subspan(verdict_count_));
  verdict_count_ += sequences_.size();
  at = next;
  return Status::done;
}

void Door::begin() {
  output_ = Output{};
  output_.rows = items_in<Row>(memory(Area::rows));
  output_.text = memory(Area::text);
  output_.binary = memory(Area::binary);
  output_.overruns = items_in<Overrun>(memory(Area::overruns));
  verdicts_ = items_in<VerdictRow>(memory(Area::verdicts));
  verdict_count_ = 0;
  flags_ = 0;
}

void Door::finish(std::size_t consumed) {
  answer(Field::consumed, static_cast<double>(consumed));
  answer(Field::rows, static_cast<double>(output_.row_count));
  answer(Field::text_bytes, static_cast<double>(output_.text_size));
  answer(Field::binary_bytes, static_cast<double>(output_.binary_size));
  answer(Field::overruns, static_cast<double>(output_.overrun_count));
  answer(Field::verdicts, static_cast<double>(verdict_count_));
  answer(Field::text_needed, static_cast<double>(output_.text_needed));
  answer(Field::binary_needed, static_cast<double>(output_.binary_needed));
  answer(Field::flags, static_cast<double>(flags_));
}

void Door::answer(Field field, double value) {
  items_in<double>(memory(Area::control))[static_cast<std::size_t>(field)] = value;
}

Status Door::carry_out(const Request& request, Reader& reader) {
  switch (request.op) {
    case Op::append:
      return append(request.room, reader);
    case Op::broadcast:
      return broadcast(request.room, reader);
    case Op::close_room:
      return hub_.close_room(worker_, request.room);
    default:
      return carry_out_answered(request, reader);
  }
}

Status Door::carry_out_answered(const Request& request, Reader& reader) {
  switch (request.op) {
    case Op::open_room:
      return open_room(reader);
    case Op::join:
      return join(request.room, reader);
    case Op::leave:
      return leave(request.room, reader);
    case Op::users:
      return users(request.room, reader);
    case Op::history:
      return history(request.room, reader);
    case Op::covers: {
      const std::uint64_t offset = reader.integer();
      if (reader.failed()) return Status::invalid;
      const Status status = hub_.covers(worker_, request.room, offset, now_);
      if (status == Status::done) raise(Flag::covered);
      return status == Status::absent ? Status::done : status;
    }
    case Op::present: {
      const std::uint32_t length = reader.word();
      reader.word();
      const std::string_view user_id = reader.text(length);
      if (reader.failed()) return Status::invalid;
      const Status status = hub_.present(worker_, request.room, user_id);
      if (status == Status::done) raise(Flag::present);
      return status == Status::absent ? Status::done : status;
    }
    case Op::encode_page:
      return encode_page(request.room, reader);
    case Op::fill:
      return fill(request.room, reader);
    default:
      return Status::invalid;
  }
}

// A record: numbers offset, prev, timestamp; words: lengths of from, from_id, text, id; the texts,
// aligned.
bool Door::read_records(Reader& reader, std::size_t count) {
  records_.clear();
  for (std::size_t index = 0; index < count && !reader.failed(); ++index) {
    Record record;
    record.offset = reader.integer();
    record.prev = reader.integer();
    record.timestamp = reader.integer();
    read_draft(reader, record.draft);
    reader.align();
    if (!reader.failed()) records_.push_back(record);
  }
  return !reader.failed();
}

Status Door::append(RoomHandle room, Reader& reader) {
  const std::uint32_t count = reader.word();
  reader.word();
  if (!read_records(reader, count)) return Status::invalid;
  const Appended appended = hub_.append(worker_, room, records_, now_);
  if (appended.status == Status::full) {
    const auto control = items_in<double>(memory(Area::control));
    control[static_cast<std::size_t>(Field::refused)] +=
        static_cast<double>(records_.size() - appended.count);
    return Status::done;
  }
  return appended.status;
}

Status Door::broadcast(RoomHandle room, Reader& reader) {
  const std::uint32_t length = reader.word();
  reader.word();
  const std::string_view json = reader.text(length);
  if (reader.failed()) return Status::invalid;
  const Status status = hub_.broadcast(worker_, room, json, {}, now_);
  // An event is worth nothing later: a full pool drops it.
  return status == Status::full ? Status::done : status;
}

Status Door::open_room(Reader& reader) {
  const std::uint32_t name_length = reader.word();
  const std::uint32_t epoch_length = reader.word();
  RoomStart start;
  start.head = reader.integer();
  const std::uint32_t count = reader.word();
  reader.word();
  const std::string_view name = reader.text(name_length);
  start.epoch = reader.text(epoch_length);
  reader.align();
  if (!read_records(reader, count)) return Status::invalid;
  start.tail = records_;
  const Opened opened = hub_.open_room(worker_, name, start, now_);
  if (opened.status != Status::done) return opened.status;
  answer(Field::room, static_cast<double>(opened.room));
  answer(Field::offset, static_cast<double>(opened.head));
  Page page = page_in(Area::page);
  if (opened.epoch.size() > page.bytes.size()) return Status::invalid;
  std::ranges::copy(opened.epoch, page.bytes.begin());
  answer(Field::page_bytes, static_cast<double>(opened.epoch.size()));
  return Status::done;
}

Status Door::join(RoomHandle room, Reader& reader) {
  const auto encoding = encoding_of(reader.word());
  const std::uint32_t id_length = reader.word();
  const std::uint32_t name_length = reader.word();
  const std::uint32_t epoch_length = reader.word();
  const std::uint64_t offset = reader.integer();
  const std::string_view user_id = reader.text(id_length);
  const std::string_view username = reader.text(name_length);
  std::optional<Position> since;
  if (epoch_length != absent_length) since = Position{reader.text(epoch_length), offset};
  if (reader.failed() || !encoding) return Status::invalid;
  Page people = page_in(Area::users);
  Page replay = page_in(Area::page);
  const Joined joined = hub_.join_and_drain(worker_, room, {user_id, username}, *encoding, since,
                                            now_, output_, people, replay);
  if (joined.status == Status::too_small) {
    answer(Field::page_needed, static_cast<double>(replay.needed));
    answer(Field::users_needed, static_cast<double>(people.needed));
  }
  if (joined.status != Status::done) return joined.status;
  answer(Field::offset, static_cast<double>(joined.offset));
  answer(Field::user_count, static_cast<double>(joined.user_count));
  answer(Field::users_bytes, static_cast<double>(people.size));
  answer_page(replay);
  if (joined.arrived) raise(Flag::arrived);
  if (joined.recovered) raise(Flag::recovered);
  if (joined.users_missing) raise(Flag::users_missing);
  return Status::done;
}

Status Door::leave(RoomHandle room, Reader& reader) {
  const auto encoding = encoding_of(reader.word());
  const std::string_view user_id = reader.text(reader.word());
  if (reader.failed() || !encoding) return Status::invalid;
  const Left left = hub_.leave_and_drain(worker_, room, user_id, *encoding, now_, output_);
  if (left.status == Status::done && left.departed) raise(Flag::departed);
  return left.status;
}

Status Door::users(RoomHandle room, Reader& reader) {
  const std::uint32_t limit = reader.word();
  const std::uint32_t length = reader.word();
  std::optional<std::string_view> after;
  if (length != absent_length) after = reader.text(length);
  if (reader.failed()) return Status::invalid;
  Page page = page_in(Area::users);
  const UserList list = hub_.users(worker_, room, limit, after, page);
  if (list.status == Status::too_small) answer(Field::users_needed, static_cast<double>(page.needed));
  if (list.status != Status::done) return list.status;
  answer(Field::users_bytes, static_cast<double>(page.size));
  answer(Field::user_count, static_cast<double>(list.user_count));
  if (list.more) raise(Flag::more);
  return Status::done;
}

Status Door::history(RoomHandle room, Reader& reader) {
  const auto encoding = encoding_of(reader.word());
  const std::uint32_t limit = reader.word();
  const std::uint64_t before = reader.integer();
  if (reader.failed() || !encoding) return Status::invalid;
  Page page = page_in(Area::page);
  const HistoryRead read = hub_.history(worker_, room, *encoding, before, limit, now_, page);
  if (read.status == Status::too_small) answer(Field::page_needed, static_cast<double>(page.needed));
  if (read.status != Status::done) return read.status;
  answer_page(page);
  answer(Field::before, static_cast<double>(read.before));
  if (read.more) raise(Flag::more);
  return Status::done;
}

Status Door::encode_page(RoomHandle room, Reader& reader) {
  const auto encoding = encoding_of(reader.word());
  const std::uint32_t count = reader.word();
  if (!encoding || !read_records(reader, count)) return Status::invalid;
  Page page = page_in(Area::page);
  const Status status = hub_.encode_page(worker_, room, *encoding, records_, page);
  if (status == Status::too_small) answer(Field::page_needed, static_cast<double>(page.needed));
  if (status == Status::done) answer_page(page);
  return status;
}

Status Door::fill(RoomHandle room, Reader& reader) {
  const std::uint32_t count = reader.word();
  reader.word();
  if (!read_records(reader, count)) return Status::invalid;
  const Status status = hub_.fill(worker_, room, records_, now_, output_);
  // The log's answer may come after the room has gone.
  return status == Status::closed ? Status::done : status;
}

Page Door::page_in(Area area) {
  Page page;
  page.bytes = memory(area);
  return page;
}

void Door::answer_page(const Page& page) {
  answer(Field::page_bytes, static_cast<double>(page.size));
  answer(Field::page_count, static_cast<double>(page.count));
  if (page.ascii) raise(Flag::ascii);
}

}  // namespace hubbub
