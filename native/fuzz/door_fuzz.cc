// The door: whatever stands in the memory both sides hold, each call answers with a status and stays
// within its areas. Requests are made of bytes: most are nearly right, some are anything at all.

#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "door/door.h"
#include "fuzz/expect.h"
#include "tests/support.h"

using namespace hubbub;
using tests::Random;

namespace {

constexpr std::size_t workers = 2;

// Eight bytes a time, so that it is aligned, and of exactly the size that was asked for.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : words_(std::make_unique<double[]>((bytes + 7) / 8)), bytes_(bytes) {}

  std::span<std::uint8_t> span() {
    return {reinterpret_cast<std::uint8_t*>(words_.get()), bytes_};
  }

 private:
  std::unique_ptr<double[]> words_;
  std::size_t bytes_;
};

// One request as TypeScript would write it, with a mistake here and there.
class Request {
 public:
  explicit Request(Random& random) : random_(random) {}

  const std::vector<std::uint8_t>& write(std::uint32_t op, std::span<const RoomHandle> rooms) {
    word(op);
    word(0);
    number(room(rooms));
    body(static_cast<Op>(op));
    align();
    std::size_t length = bytes_.size();
    if (random_.chance(32)) length = static_cast<std::size_t>(random_.number() >> random_.below(64));
    const auto told = static_cast<std::uint32_t>(length);
    std::memcpy(bytes_.data() + 4, &told, sizeof told);
    return bytes_;
  }

 private:
  double room(std::span<const RoomHandle> rooms) {
    if (random_.chance(16) || rooms.empty()) return anything();
    return static_cast<double>(rooms[random_.below(rooms.size())]);
  }

  double anything() {
    const std::uint64_t bits = random_.number();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  // Small as a rule; now and then near the end of what there is, or no offset at all.
  double offset() {
    switch (random_.below(16)) {
      case 0: return anything();
      case 1: return static_cast<double>(offset_max) + 1 - static_cast<double>(random_.below(4));
      default: return static_cast<double>(random_.below(100));
    }
  }

  std::uint32_t text_length() {
    lengths_.push_back(static_cast<std::size_t>(random_.below(random_.chance(16) ? 3000 : 20)));
    const bool lies = random_.chance(64);
    return lies ? static_cast<std::uint32_t>(random_.number()) : static_cast<std::uint32_t>(lengths_.back());
  }

  std::uint32_t optional_length() { return random_.chance(3) ? absent_length : text_length(); }

  void texts() {
    for (const std::size_t length : lengths_) {
      for (std::size_t i = 0; i < length; ++i) {
        bytes_.push_back(i < 8 ? static_cast<std::uint8_t>(random_.below(255)) : 'x');
      }
    }
    lengths_.clear();
  }

  void encoding() { word(static_cast<std::uint32_t>(random_.below(random_.chance(32) ? 255 : 3))); }

  void record() {
    number(offset());
    number(offset());
    number(offset());
    word(text_length());
    word(text_length());
    word(text_length());
    word(optional_length());
    texts();
    align();
  }

  void records(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) record();
  }

  std::uint64_t count() {
    const std::uint64_t records = random_.below(4);
    word(static_cast<std::uint32_t>(random_.chance(32) ? random_.number() : records));
    return records;
  }

  void body(Op op) {
    switch (op) {
      case Op::append: case Op::fill: {
        const std::uint64_t following = count();
        word(0);
        return records(following);
      }
      case Op::sequence:
        number(anything());
        word(text_length());
        word(text_length());
        word(text_length());
        word(optional_length());
        return texts();
      case Op::broadcast:
        return broadcast();
      case Op::open_room: {
        word(text_length());
        word(text_length());
        number(offset());
        const std::uint64_t following = count();
        word(0);
        texts();
        align();
        return records(following);
      }
      case Op::join:
        encoding();
        word(text_length());
        word(text_length());
        word(optional_length());
        number(offset());
        return texts();
      case Op::leave:
        encoding();
        word(text_length());
        return texts();
      case Op::users:
        word(static_cast<std::uint32_t>(random_.below(255)));
        word(optional_length());
        return texts();
      case Op::history:
        encoding();
        word(static_cast<std::uint32_t>(random_.below(255)));
        return number(offset());
      case Op::present:
        word(text_length());
        word(0);
        return texts();
      case Op::covers:
        return number(offset());
      case Op::encode_page: {
        encoding();
        return records(count());
      }
      default:
        while (random_.chance(2) && !random_.is_over()) number(anything());
    }
  }

  void broadcast() {
    const std::string json = tests::typing(std::to_string(random_.below(1000)));
    const bool good = !random_.chance(4);
    word(good ? static_cast<std::uint32_t>(json.size()) : text_length());
    word(0);
    if (!good) return texts();
    for (const char byte : json) bytes_.push_back(static_cast<std::uint8_t>(byte));
  }

  void word(std::uint32_t value) { put(&value, sizeof value); }
  void number(double value) { put(&value, sizeof value); }
  void align() { bytes_.resize((bytes_.size() + 7) / 8 * 8); }
  void put(const void* value, std::size_t size) {
    const auto* const from = static_cast<const std::uint8_t*>(value);
    bytes_.insert(bytes_.end(), from, from + size);
  }

  Random& random_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::size_t> lengths_;
};

// A worker's door, its memory, and the rooms it was told of.
class Visitor {
 public:
  Visitor(Hub& hub, std::size_t worker, Random& random) : random_(random), door_(hub, worker) {
    for (std::size_t area = 0; area < areas; ++area) {
      give(area, usual_bytes[area]);
      if (random_.chance(8)) give(area, random_.below(100));
    }
  }

  void call(double monotonic_ms) {
    switch (random_.below(16)) {
      // As small as it may be, as a rule, so that everything is too small at some time.
      case 0: return give(random_.below(areas + 2), random_.below(random_.chance(4) ? 2000 : 100));
      case 1: return refuse_misaligned();
      default: break;
    }
    std::size_t end = 0;
    const auto requests = memory(Area::requests);
    const bool alike = random_.chance(2);
    const std::uint32_t op = any_op();
    for (std::uint64_t i = random_.below(random_.chance(8) ? 20 : 4); i > 0; --i) {
      Request request(random_);
      const auto& bytes = request.write(alike ? op : any_op(), rooms_);
      if (bytes.size() > requests.size() - end) break;
      std::copy(bytes.begin(), bytes.end(), requests.begin() + static_cast<std::ptrdiff_t>(end));
      end += bytes.size();
    }
    if (random_.chance(16) && end > 0) {
      requests[random_.below(end)] = static_cast<std::uint8_t>(random_.below(255));
    }
    std::size_t from = 0;
    if (random_.chance(32)) from = random_.number() >> random_.below(64);
    if (random_.chance(32)) end = random_.number() >> random_.below(64);
    execute(from, end, random_.chance(2), {monotonic_ms, any_wall_ms()});
  }

 private:
  static constexpr std::array<std::size_t, areas> usual_bytes{
      static_cast<std::size_t>(Field::count) * 8, 16384, 24 * 8, 4096, 4096, 16 * 2, 24 * 4, 2048, 4096};

  std::span<std::uint8_t> memory(Area area) {
    return memories_[static_cast<std::size_t>(area)].span();
  }

  std::uint32_t any_op() {
    if (random_.chance(32)) return static_cast<std::uint32_t>(random_.number());
    if (rooms_.empty() && random_.chance(2)) return static_cast<std::uint32_t>(Op::open_room);
    return static_cast<std::uint32_t>(1 + random_.below(static_cast<std::uint64_t>(Op::present)));
  }

  std::uint64_t any_wall_ms() {
    return random_.chance(64) ? random_.number() : 1'700'000'000'000 + random_.below(255);
  }

  void give(std::size_t area, std::size_t bytes) {
    Memory given(bytes);
    if (!door_.set_area(static_cast<Area>(area), given.span())) return;
    CHECK(area < areas);
    memories_[area] = std::move(given);
  }

  void refuse_misaligned() {
    Memory given(1024);
    CHECK(!door_.set_area(static_cast<Area>(random_.below(areas)), given.span().subspan(1)));
  }

  double field(Field field) {
    double value;
    std::memcpy(&value, memory(Area::control).data() + 8 * static_cast<std::size_t>(field), 8);
    return value;
  }

  void set_field(Field field, double value) {
    std::memcpy(memory(Area::control).data() + 8 * static_cast<std::size_t>(field), &value, 8);
  }

  // As TypeScript goes on after `more`: from where the door stopped. What answers `too_small` would
  // get larger areas; here that is left to chance.
  void execute(std::size_t from, std::size_t to, bool flush, Time now) {
    for (int times = 0; times < 8; ++times) {
      set_field(Field::from, static_cast<double>(from));
      set_field(Field::to, static_cast<double>(to));
      set_field(Field::flush, flush ? 1 : 0);
      set_field(Field::monotonic_ms, now.monotonic_ms);
      set_field(Field::wall_ms, static_cast<double>(now.wall_ms));
      const Status status = door_.execute();
      CHECK(static_cast<unsigned>(status) <= static_cast<unsigned>(Status::invalid));
      if (from > to || to > memory(Area::requests).size() || from % 8 != 0 ||
          std::isnan(now.monotonic_ms) || static_cast<double>(now.wall_ms) > static_cast<double>(offset_max)) {
        CHECK(status == Status::invalid);
        return;
      }
      check_answer(from, to);
      if (field(Field::room) > 0) rooms_.push_back(static_cast<RoomHandle>(field(Field::room)));
      if (rooms_.size() > 100) rooms_.erase(rooms_.begin());
      if (status != Status::more) return;
      from = static_cast<std::size_t>(field(Field::consumed));
    }
  }

  void check_answer(std::size_t from, std::size_t to) {
    const double consumed = field(Field::consumed);
    CHECK(consumed >= static_cast<double>(from) && consumed <= static_cast<double>(to));
    const auto count = [&](Field counted, Area area, std::size_t each) {
      const auto value = static_cast<std::size_t>(field(counted));
      CHECK(value <= memory(area).size() / each);
      return value;
    };
    count(Field::overruns, Area::overruns, sizeof(Overrun));
    count(Field::verdicts, Area::verdicts, sizeof(VerdictRow));
    count(Field::page_bytes, Area::page, 1);
    count(Field::users_bytes, Area::users, 1);
    const std::size_t text = count(Field::text_bytes, Area::text, 1);
    const std::size_t binary = count(Field::binary_bytes, Area::binary, 1);
    for (std::size_t i = 0, rows = count(Field::rows, Area::rows, sizeof(Row)); i < rows; ++i) {
      Row row;
      std::memcpy(&row, memory(Area::rows).data() + i * sizeof row, sizeof row);
      CHECK(row.count > 0 && row.encoding < encodings);
      CHECK(std::size_t{row.start} + row.length <= (row.encoding == 2 ? binary : text));
    }
  }

  Random& random_;
  Door door_;
  std::array<Memory, areas> memories_{Memory(0), Memory(0), Memory(0), Memory(0), Memory(0),
                                      Memory(0), Memory(0), Memory(0), Memory(0)};
  std::vector<RoomHandle> rooms_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Random random(std::span(data, size));
  Limits limits;
  limits.batch_bytes_max = 1 + random.below(2000);
  limits.batch_records_max = 1 + random.below(20);
  limits.history_records_max = random.below(20);
  limits.pending_bytes_max = random.below(4000);
  limits.idempotency_ids_max = random.below(4);
  limits.history_age_ms_max = random.below(100);
  limits.pool_bytes_max = random.below(60'000);
  const auto hub = Hub::make({limits, workers, {1, 2}});
  {
    std::array<Visitor, workers> visitors{Visitor(*hub, 0, random), Visitor(*hub, 1, random)};
    double monotonic_ms = 1000;
    while (!random.is_over() && check::failures == 0) {
      monotonic_ms += static_cast<double>(random.below(8));
      visitors[random.below(workers)].call(random.chance(64) ? std::nan("") : monotonic_ms);
      CHECK(hub->pool_bytes() <= limits.pool_bytes_max);
    }
  }
  for (std::size_t worker = 0; worker < workers; ++worker) hub->detach_worker(worker);
  CHECK(hub->count(Counter::rooms) == 0 && hub->count(Counter::members) == 0);
  CHECK(hub->pool_bytes() == 0);
  fuzz::require_no_failures();
  return 0;
}
