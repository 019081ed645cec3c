#pragma once

#include <cmath>
#include <memory>

#include "check.h"
#include "model.h"

namespace hubbub::tests {

inline constexpr std::size_t workers = 3;
inline constexpr std::size_t names = 3;
// Larger than anything one call of these walks can answer.
inline constexpr std::size_t big = 512 * 1024;

// One room as the test knows it: the model while somebody has it open, and the log behind it.
struct Place {
  std::string name;
  std::unique_ptr<ModelRoom> model;
  std::array<RoomHandle, workers> handles{};
  std::vector<Message> log;
  int generation = 0;
};

// Made once: walks come one after another, and a fuzzer makes very many.
inline Buffers& large_buffers() {
  static Buffers buffers(big, 4096);
  return buffers;
}
inline std::vector<std::uint8_t>& large_page() {
  static std::vector<std::uint8_t> bytes(big);
  return bytes;
}

// The hub and the model side by side: makes a call on the hub until it is done, and compares.
class ModelRun {
 public:
  ModelRun(Random& random, bool small_output) : random_(random), small_output_(small_output) {
    limits_.flush_interval_ms = static_cast<double>(pick({0, 5, 20}));
    limits_.batch_bytes_max = pick({200, 1000, 64 * 1024});
    limits_.batch_records_max = pick({1, 3, 512});
    limits_.history_records_max = pick({0, 3, 20, 1000});
    limits_.history_bytes_max = pick({0, 500, 100'000});
    limits_.history_age_ms_max = pick({0, 40, 1000});
    limits_.pending_bytes_max = pick({300, 2000, 1'000'000});
    limits_.joined_users_max = pick({1, 3, 100});
    limits_.idempotency_ids_max = pick({0, 1, 5, 1000});
    capped_ = random.chance(3);
    if (capped_) limits_.pool_bytes_max = pick({8 * 1024, 20 * 1024, 60 * 1024});
    Options options{limits_, workers, {random.number(), random.number()}};
    hub_ = Hub::make(options);
    for (std::size_t i = 0; i < names; ++i) places_[i].name = i == 0 ? "röd\n" : "room " + std::to_string(i);
  }

  void check_counts() {
    std::uint64_t rooms = 0;
    std::uint64_t history_bytes = 0;
    for (const Place& place : places_) {
      if (place.model == nullptr) continue;
      ++rooms;
      history_bytes += place.model->history_bytes();
    }
    CHECK(hub_->count(Counter::rooms) == rooms);
    CHECK(hub_->count(Counter::members) == counts_.members);
    CHECK(hub_->count(Counter::records) == counts_.records);
    CHECK(hub_->count(Counter::events) == counts_.events);
    CHECK(hub_->count(Counter::duplicates_dropped) == counts_.duplicates_dropped);
    CHECK(hub_->count(Counter::deliveries) == counts_.deliveries);
    CHECK(hub_->count(Counter::overruns) == counts_.overruns);
    CHECK(hub_->count(Counter::records_lost) == counts_.records_lost);
    CHECK(hub_->count(Counter::history_bytes) == history_bytes);
    if (!small_output_) CHECK(hub_->count(Counter::rows) == counts_.rows);
    CHECK(hub_->pool_bytes() <= limits_.pool_bytes_max);
  }

 protected:
  std::size_t pick(std::initializer_list<std::size_t> values) {
    return values.begin()[random_.below(values.size())];
  }

  Encoding random_encoding() { return static_cast<Encoding>(random_.below(encodings)); }
  std::string random_user() { return "user " + std::to_string(random_.below(5)); }

  Message random_message() {
    Message message;
    message.from = random_text(random_, 20);
    message.from_id = random_user();
    message.text = random_text(random_, random_.chance(20) ? 9000 : 200);
    if (random_.chance(2)) message.id = std::to_string(random_.below(12));
    message.timestamp = now_.wall_ms - random_.below(60);
    return message;
  }

  // Which room gives up its history at the cap is for the hub to decide: the model follows, as long
  // as what is gone is the older part.
  void follow_evictions() {
    if (!capped_) return;
    for (Place& place : places_) {
      for (std::size_t worker = 0; worker < workers; ++worker) {
        if (place.handles[worker] == 0) continue;
        Page page;
        const HistoryRead read = hub_->history(worker, place.handles[worker], Encoding::json,
                                               offset_max + 1, 0, now_, page);
        CHECK(read.status == Status::done);
        CHECK(place.model->give_up(static_cast<std::uint64_t>(read.before), now_));
        break;
      }
    }
  }

  // Rows of one room, and what they must be. With a small output only what they hold together.
  void check_rows(const Place& place, std::size_t worker, const std::vector<ModelRow>& expected) {
    std::vector<ModelRow> rows;
    for (const auto& [handle, row] : seen_) {
      if (handle == static_cast<double>(place.handles[worker])) rows.push_back(row);
    }
    if (!small_output_) {
      CHECK(rows == expected);
      return;
    }
    for (const Encoding encoding : {Encoding::json, Encoding::ndjson, Encoding::msgpack}) {
      CHECK(whole(rows, encoding) == whole(expected, encoding));
    }
  }

  static std::pair<std::string, std::size_t> whole(const std::vector<ModelRow>& rows,
                                                   Encoding encoding) {
    std::pair<std::string, std::size_t> all;
    for (const ModelRow& row : rows) {
      if (row.encoding != encoding) continue;
      if (encoding != Encoding::msgpack && !all.first.empty()) all.first += '\n';
      all.first += row.bytes;
      all.second += row.count;
    }
    return all;
  }

  // Makes a call again until it is done, keeping the rows of every try.
  template <class Call>
  void drive(Call call) {
    seen_.clear();
    overruns_.clear();
    std::size_t bytes = small_output_ ? 100 + random_.below(400) : big;
    const std::size_t row_count = small_output_ ? 3 + random_.below(6) : 4096;
    if (!small_output_) buffers_ = &large_buffers();
    while (true) {
      if (small_output_) {
        own_buffers_ = std::make_unique<Buffers>(bytes, row_count);
        buffers_ = own_buffers_.get();
      }
      buffers_->output.clear();
      buffers_->records = Page{buffers_->record_bytes};
      const Status status = call(*buffers_);
      collect();
      if (status == Status::too_small) {
        const Output& output = buffers_->output;
        const std::size_t needed = std::max(output.text_needed, output.binary_needed);
        CHECK(std::max(needed, buffers_->records.needed) > bytes);
        bytes = std::max(needed, buffers_->records.needed);
      } else if (status != Status::more) {
        return;
      }
    }
  }

  void collect() {
    const Output& output = buffers_->output;
    for (std::size_t i = 0; i < output.row_count; ++i) {
      const Row& row = buffers_->rows[i];
      const std::string bytes = buffers_->row_bytes(row);
      const auto encoding = static_cast<Encoding>(row.encoding);
      const bool ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0; });
      CHECK((row.ascii != 0) == (ascii && encoding != Encoding::msgpack));
      seen_.push_back({row.room, {encoding, bytes, row.count}});
    }
    for (std::size_t i = 0; i < output.overrun_count; ++i) {
      overruns_.push_back({buffers_->overruns[i].room, buffers_->overruns[i].after});
    }
  }

  void check_page(const Page& page, Encoding encoding, const std::vector<ModelItem>& items) {
    std::string expected;
    for (const ModelItem& item : items) {
      if (encoding == Encoding::msgpack) {
        expected += item.messagepack;
      } else {
        expected += (expected.empty() ? "" : "\n") + item.json;
      }
    }
    CHECK(bytes_of(page) == expected);
    CHECK(page.count == items.size());
  }

  Random& random_;
  const bool small_output_;
  // Whether the pool is so small that it fills up.
  bool capped_ = false;
  Limits limits_;
  std::unique_ptr<Hub> hub_;
  Time now_{1000, 1'700'000'000'000};
  ModelCounts counts_;
  std::array<Place, names> places_;
  std::vector<std::uint8_t>& big_page_ = large_page();
  std::unique_ptr<Buffers> own_buffers_;
  Buffers* buffers_ = nullptr;
  std::vector<std::pair<double, ModelRow>> seen_;
  std::vector<std::pair<double, double>> overruns_;
};

}  // namespace hubbub::tests
