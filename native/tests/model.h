#pragma once

// The hub as simply as it can be written: everything is a list of strings, nothing is shared or
// freed early, and every worker has a queue of its own. What the hub does is compared with it.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/hub.h"
#include "hub/transcode.h"
#include "model_types.h"
#include "support.h"

namespace hubbub::tests {

class ModelRoom {
 public:
  ModelRoom(const Limits& limits, ModelCounts& counts, std::string name, std::string epoch,
            std::uint64_t head)
      : name_(std::move(name)), epoch_(std::move(epoch)), head_(head), floor_(head),
        limits_(limits), counts_(counts) {}

  void load(const std::vector<Message>& tail, Time now) {
    for (const Message& message : tail) remember(item_of(message), now);
  }

  std::map<std::size_t, ModelReader> readers;

  [[nodiscard]] std::uint64_t head() const { return head_; }
  [[nodiscard]] std::uint64_t floor() const { return floor_; }
  [[nodiscard]] const std::string& epoch() const { return epoch_; }

  [[nodiscard]] std::size_t history_bytes() const {
    std::size_t bytes = 0;
    for (const ModelItem& item : history_) bytes += item.json.size();
    return bytes;
  }

  void append(const std::vector<Message>& messages, Time now) {
    for (const Message& message : messages) {
      if (message.offset <= head_) {
        ++counts_.duplicates_dropped;
        continue;
      }
      take(message, now);
    }
  }

  Verdict sequence(Message message, Time now) {
    const std::pair key{message.from_id, message.id.value_or("")};
    if (message.id) {
      for (const auto& [remembered, offset] : window_) {
        if (remembered == key) return {Status::done, true, offset};
      }
    }
    if (head_ == offset_max) return {Status::exhausted, false, 0};
    message.offset = head_ + 1;
    message.prev = head_;
    message.timestamp = now.wall_ms;
    take(message, now);
    if (message.id && limits_.idempotency_ids_max > 0) {
      if (window_.size() == limits_.idempotency_ids_max) window_.pop_front();
      window_.emplace_back(key, head_);
    }
    return {Status::done, false, head_};
  }

  void broadcast(const std::string& json, Time now) {
    ++counts_.events;
    Scratch packed;
    if (!transcode(packed, json)) std::abort();
    enqueue({0, 0, 0, json, {reinterpret_cast<const char*>(packed.data()), packed.size()}}, now);
  }

  struct Join {
    bool arrived = false;
    bool recovered = false;
    std::vector<ModelItem> replay;
  };

  Join join(std::size_t worker, const std::string& user_id, const std::string& username,
            Encoding encoding, const std::optional<std::pair<std::string, std::uint64_t>>& since,
            Time now, std::vector<ModelRow>& rows) {
    ModelReader& reader = readers[worker];
    drain(reader, now, rows);
    Join join;
    join.arrived = std::none_of(users_.begin(), users_.end(), [&](const ModelUser& user) {
      return user.user_id == user_id;
    });
    if (join.arrived) users_.push_back({user_id, username, {}});
    for (ModelUser& user : users_) {
      if (user.user_id == user_id) ++user.connections[worker];
    }
    if (reader.connections() == 0) reader.offset = head_;
    ++reader.speaking[static_cast<std::size_t>(encoding)];
    ++counts_.members;
    if (!since) return join;
    trim(now);
    join.recovered = since->first == epoch_ && since->second <= head_ && since->second >= floor_;
    for (const ModelItem& item : history_) {
      if (!join.recovered || item.offset > since->second) join.replay.push_back(item);
    }
    return join;
  }

  // Nothing when the user has no such connection.
  std::optional<bool> leave(std::size_t worker, const std::string& user_id, Encoding encoding,
                            Time now, std::vector<ModelRow>& rows) {
    ModelReader& reader = readers[worker];
    const auto user = std::find_if(users_.begin(), users_.end(), [&](const ModelUser& other) {
      return other.user_id == user_id;
    });
    if (user == users_.end() || user->connections[worker] == 0 ||
        reader.speaking[static_cast<std::size_t>(encoding)] == 0) {
      return std::nullopt;
    }
    drain(reader, now, rows);
    --reader.speaking[static_cast<std::size_t>(encoding)];
    --counts_.members;
    --user->connections[worker];
    for (const auto& [other, connections] : user->connections) {
      if (connections > 0) return false;
    }
    users_.erase(user);
    return true;
  }

  void close(std::size_t worker) {
    counts_.members -= readers[worker].connections();
    readers.erase(worker);
    std::erase_if(users_, [worker](ModelUser& user) {
      user.connections.erase(worker);
      return std::all_of(user.connections.begin(), user.connections.end(),
                         [](const auto& share) { return share.second == 0; });
    });
  }

  [[nodiscard]] std::size_t user_count() const { return users_.size(); }

  std::string users(std::size_t limit, const std::optional<std::string>& after, bool& more) const {
    auto user = users_.begin();
    if (after) {
      const auto found = std::find_if(users_.begin(), users_.end(), [&](const ModelUser& other) {
        return other.user_id == *after;
      });
      if (found != users_.end()) user = found + 1;
    }
    std::string out = "[";
    for (; limit > 0 && user != users_.end(); --limit, ++user) {
      if (out.size() > 1) out += ",";
      out += joined({"{\"user_id\":", quoted(user->user_id), ",\"username\":",
                     quoted(user->username), "}"});
    }
    more = user != users_.end();
    return out + "]";
  }

  struct Past {
    std::vector<ModelItem> items;
    std::int64_t before = 0;
    bool more = false;
  };

  Past history(std::uint64_t before, std::size_t limit, Time now) {
    trim(now);
    Past past;
    for (const ModelItem& item : history_) {
      if (item.offset < before) past.items.push_back(item);
    }
    if (past.items.size() > limit) {
      past.items.erase(past.items.begin(), past.items.end() - static_cast<std::ptrdiff_t>(limit));
    }
    const auto floor = static_cast<std::int64_t>(floor_);
    past.before = past.items.empty() ? std::min(static_cast<std::int64_t>(before) - 1, floor)
                                     : static_cast<std::int64_t>(past.items[0].prev);
    past.more = past.before > floor;
    return past;
  }

  bool covers(std::uint64_t offset, Time now) {
    trim(now);
    return offset >= floor_;
  }

  // Lets go of what is not after `floor`. False when no room could come to be like this.
  bool give_up(std::uint64_t floor, Time now) {
    trim(now);
    if (floor == floor_) return true;
    while (!history_.empty() && history_[0].offset <= floor) {
      floor_ = history_[0].offset;
      history_.pop_front();
    }
    return floor == floor_ && (!history_.empty() || floor == head_);
  }

  [[nodiscard]] bool remembers(const Message& message) const {
    const std::pair key{message.from_id, message.id.value_or("")};
    return message.id && std::any_of(window_.begin(), window_.end(), [&](const auto& publish) {
             return publish.first == key;
           });
  }

  // Answers where the log is to be asked again, when it is.
  std::optional<std::uint64_t> fill(std::size_t worker, const std::vector<Message>& messages,
                                    std::vector<ModelRow>& rows) {
    ModelReader& reader = readers[worker];
    if (reader.overrun != ModelOverrun::reported) return std::nullopt;
    std::vector<ModelItem> missing;
    for (const Message& message : messages) {
      if (message.offset > reader.offset && message.offset <= floor_) {
        missing.push_back(item_of(message));
      }
    }
    publish(reader, missing, rows);
    reader.unpublished -= std::min<std::uint64_t>(reader.unpublished, missing.size());
    if (!missing.empty()) reader.offset = missing.back().offset;
    if (!missing.empty() && reader.offset < floor_) return reader.offset;
    catch_up(reader, rows);
    return std::nullopt;
  }

  // Answers the offset to report when the reader was overrun.
  std::optional<std::uint64_t> flush(std::size_t worker, Time now, std::vector<ModelRow>& rows) {
    ModelReader& reader = readers[worker];
    if (reader.due_ms > now.monotonic_ms) return std::nullopt;
    if (reader.overrun == ModelOverrun::unreported) {
      reader.overrun = ModelOverrun::reported;
      return reader.offset;
    }
    if (reader.overrun == ModelOverrun::no) drain(reader, now, rows);
    return std::nullopt;
  }

  // When somebody of the worker's waits for something.
  [[nodiscard]] double due_ms(std::size_t worker) const {
    const auto reader = readers.find(worker);
    if (reader == readers.end()) return std::numeric_limits<double>::infinity();
    const bool waits = !reader->second.pending.empty() ||
                       reader->second.overrun == ModelOverrun::unreported;
    return waits ? reader->second.due_ms : std::numeric_limits<double>::infinity();
  }

  [[nodiscard]] ModelItem item_of(const Message& message) const {
    return {message.offset, message.prev, message.timestamp, json_of(name_, message),
            messagepack_of(name_, message)};
  }

 private:
  void take(const Message& message, Time now) {
    const ModelItem item = item_of(message);
    head_ = message.offset;
    remember(item, now);
    ++counts_.records;
    enqueue(item, now);
  }

  void remember(const ModelItem& item, Time now) {
    if (!history_.empty() && history_.back().offset != item.prev) history_.clear();
    if (history_.empty()) floor_ = item.prev;
    history_.push_back(item);
    trim(now);
  }

  void trim(Time now) {
    const std::uint64_t oldest_ms =
        limits_.history_age_ms_max == 0 ? 0 : now.wall_ms - limits_.history_age_ms_max;
    while (!history_.empty() && (history_.size() > limits_.history_records_max ||
                                 history_bytes() > limits_.history_bytes_max ||
                                 history_[0].timestamp < oldest_ms)) {
      floor_ = history_[0].offset;
      history_.pop_front();
    }
  }

  void enqueue(const ModelItem& item, Time now) {
    for (auto& [worker, reader] : readers) {
      if (reader.connections() == 0) continue;
      if (item.offset > 0) ++reader.unpublished;
      if (reader.overrun == ModelOverrun::no) enqueue(reader, item, now);
    }
  }

  void enqueue(ModelReader& reader, const ModelItem& item, Time now) {
    const bool was_empty = reader.pending.empty();
    reader.pending.push_back(item);
    reader.pending_bytes += item.json.size();
    if (reader.pending_bytes > limits_.pending_bytes_max && !was_empty) {
      clear(reader);
      reader.overrun = ModelOverrun::unreported;
      ++counts_.overruns;
    }
    const bool full = reader.pending_bytes >= limits_.batch_bytes_max ||
                      reader.pending.size() >= limits_.batch_records_max;
    const double window_ms = reader.flushed_at_ms + limits_.flush_interval_ms;
    if (was_empty) {
      reader.due_ms = window_ms <= now.monotonic_ms || full ? now.monotonic_ms : window_ms;
    } else if ((full || reader.overrun != ModelOverrun::no) && reader.due_ms > now.monotonic_ms) {
      reader.due_ms = now.monotonic_ms;
    }
  }

  void drain(ModelReader& reader, Time now, std::vector<ModelRow>& rows) {
    if (reader.overrun != ModelOverrun::no) return catch_up(reader, rows);
    if (reader.pending.empty()) return;
    publish(reader, reader.pending, rows);
    clear(reader);
    reader.unpublished = 0;
    reader.offset = head_;
    reader.flushed_at_ms = now.monotonic_ms;
  }

  void catch_up(ModelReader& reader, std::vector<ModelRow>& rows) {
    std::vector<ModelItem> rest;
    for (const ModelItem& item : history_) {
      if (item.offset > reader.offset) rest.push_back(item);
    }
    if (reader.unpublished > rest.size()) counts_.records_lost += reader.unpublished - rest.size();
    publish(reader, rest, rows);
    reader.unpublished = 0;
    reader.offset = head_;
    reader.overrun = ModelOverrun::no;
  }

  static void clear(ModelReader& reader) {
    reader.pending.clear();
    reader.pending_bytes = 0;
  }

  void publish(const ModelReader& reader, const std::vector<ModelItem>& items,
               std::vector<ModelRow>& rows) {
    std::vector<ModelItem> batch;
    std::size_t bytes = 0;
    for (const ModelItem& item : items) {
      const bool full = bytes + item.json.size() > limits_.batch_bytes_max ||
                        batch.size() >= limits_.batch_records_max;
      if (full && !batch.empty()) {
        publish_batch(reader, batch, rows);
        batch.clear();
        bytes = 0;
      }
      batch.push_back(item);
      bytes += item.json.size();
    }
    if (!batch.empty()) publish_batch(reader, batch, rows);
  }

  void publish_batch(const ModelReader& reader, const std::vector<ModelItem>& batch,
                     std::vector<ModelRow>& rows) {
    std::string lines;
    std::string values;
    for (const ModelItem& item : batch) {
      lines += (lines.empty() ? "" : "\n") + item.json;
      values += item.messagepack;
      if (reader.speaking[0] > 0) rows.push_back({Encoding::json, item.json, 1});
    }
    if (reader.speaking[1] > 0) rows.push_back({Encoding::ndjson, lines, batch.size()});
    if (reader.speaking[2] > 0) rows.push_back({Encoding::msgpack, values, batch.size()});
    counts_.rows += (reader.speaking[0] > 0 ? batch.size() : 0) +
                    (reader.speaking[1] > 0 ? 1U : 0U) + (reader.speaking[2] > 0 ? 1U : 0U);
    counts_.deliveries += batch.size() * reader.connections();
  }

  std::string name_;
  std::string epoch_;
  std::uint64_t head_;
  std::uint64_t floor_;
  const Limits& limits_;
  ModelCounts& counts_;
  std::deque<ModelItem> history_;
  std::vector<ModelUser> users_;
  std::deque<std::pair<std::pair<std::string, std::string>, std::uint64_t>> window_;
};

}  // namespace hubbub::tests
