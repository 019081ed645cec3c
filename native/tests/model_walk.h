#pragma once

// A walk of random calls on the hub and on the simple model, step by step: both must answer the same.

#include <set>

#include "model_run.h"

namespace hubbub::tests {

class Walk : public ModelRun {
 public:
  using ModelRun::ModelRun;

  void step() {
    take_step();
    follow_evictions();
  }

  void end() {
    now_.monotonic_ms += 10'000;
    for (std::size_t worker = 0; worker < workers; ++worker) {
      flush(worker);
      CHECK(std::isinf(hub_->next_due_ms(worker)));
      for (Place& place : places_) {
        if (place.handles[worker] != 0) close(place, worker);
      }
    }
    check_counts();
    CHECK(hub_->pool_bytes() == 0);
  }

 private:
  void take_step() {
    now_.monotonic_ms += static_cast<double>(random_.below(8)) / 2;
    now_.wall_ms += random_.below(10);
    const std::size_t worker = random_.below(workers);
    Place& place = places_[random_.below(names)];
    if (place.handles[worker] == 0) return open(place, worker);
    switch (random_.below(24)) {
      case 0: return random_.chance(6) ? close(place, worker) : covers(place, worker);
      case 1: case 2: case 3: return join(place, worker);
      case 4: case 5: return leave(place, worker);
      case 6: case 7: case 8: case 9: return append(place, worker);
      case 10: case 11: case 12: return sequence(place, worker);
      case 13: case 14: return broadcast(place, worker);
      case 15: return history(place, worker);
      case 16: return users(place, worker);
      case 17: return encode_page(place, worker);
      case 18: case 19: return fill(place, worker);
      default: return flush(worker);
    }
  }

  void open(Place& place, std::size_t worker) {
    const bool is_new = place.model == nullptr;
    std::vector<Message> tail;
    // Now and then close to the last offset there is.
    std::uint64_t head = random_.below(20) + (random_.chance(8) ? offset_max - 40 : 0);
    const std::string epoch = "e." + std::to_string(place.generation);
    if (is_new) {
      ++place.generation;
      place.log.clear();
      for (std::uint64_t i = random_.below(5); i > 0; --i) {
        Message message = random_message();
        message.prev = head;
        message.offset = head += 1 + random_.below(2);
        tail.push_back(message);
      }
      place.model = std::make_unique<ModelRoom>(limits_, counts_, place.name, epoch, head);
      place.model->load(tail, now_);
    }
    const auto records = records_of(tail);
    const Opened opened = hub_->open_room(worker, place.name, {epoch, head, records}, now_);
    CHECK(opened.status == Status::done);
    CHECK(opened.head == place.model->head());
    CHECK(opened.epoch == place.model->epoch());
    place.handles[worker] = opened.room;
    (void)place.model->readers[worker];
  }

  void close(Place& place, std::size_t worker) {
    CHECK(hub_->close_room(worker, place.handles[worker]) == Status::done);
    CHECK(hub_->covers(worker, place.handles[worker], 0, now_) == Status::closed);
    place.handles[worker] = 0;
    place.model->close(worker);
    if (place.model->readers.empty()) place.model.reset();
  }

  void append(Place& place, std::size_t worker) {
    std::vector<Message> messages;
    std::set<std::uint64_t> fresh;
    std::uint64_t head = place.model->head();
    for (std::uint64_t i = 1 + random_.below(6); i > 0; --i) {
      Message message = random_message();
      if (random_.chance(8) && !place.log.empty()) {
        message = place.log[random_.below(place.log.size())];
      } else {
        // Now and then the hub is not given one.
        if (random_.chance(20) && head < offset_max) head += 1;
        if (head == offset_max) break;
        message.prev = head;
        const std::uint64_t step = random_.chance(4) ? 1 + random_.below(9) : 1;
        message.offset = head = std::min(head + step, offset_max);
        fresh.insert(head);
      }
      messages.push_back(message);
    }
    const Appended appended =
        hub_->append(worker, place.handles[worker], records_of(messages), now_);
    CHECK((appended.status == Status::done && appended.count == messages.size()) ||
          (appended.status == Status::full && appended.count < messages.size() && capped_));
    messages.resize(appended.count);
    place.model->append(messages, now_);
    for (const Message& message : messages) {
      if (fresh.contains(message.offset)) place.log.push_back(message);
    }
  }

  void sequence(Place& place, std::size_t worker) {
    std::vector<Message> messages;
    std::vector<Draft> drafts;
    for (std::uint64_t i = 1 + random_.below(6); i > 0; --i) messages.push_back(random_message());
    for (const Message& message : messages) drafts.push_back(message.draft());
    std::vector<Verdict> verdicts(drafts.size());
    CHECK(hub_->sequence(worker, place.handles[worker], drafts, verdicts, now_) == Status::done);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (capped_ && verdicts[i].status == Status::full) {
        CHECK(!place.model->remembers(messages[i]));
        continue;
      }
      const std::uint64_t head = place.model->head();
      const Verdict expected = place.model->sequence(messages[i], now_);
      CHECK(verdicts[i].status == expected.status);
      CHECK(verdicts[i].offset == expected.offset);
      CHECK(verdicts[i].duplicate == expected.duplicate);
      if (expected.duplicate || expected.status != Status::done) continue;
      Message& message = messages[i];
      message.prev = head;
      message.offset = expected.offset;
      message.timestamp = now_.wall_ms;
      place.log.push_back(message);
    }
  }

  void broadcast(Place& place, std::size_t worker) {
    const std::string json = typing(random_text(random_, 60));
    const Status status = hub_->broadcast(worker, place.handles[worker], json, {}, now_);
    if (capped_ && status == Status::full) return;
    CHECK(status == Status::done);
    place.model->broadcast(json, now_);
  }

  void join(Place& place, std::size_t worker) {
    const std::string user = random_user();
    const Encoding encoding = random_encoding();
    std::optional<std::pair<std::string, std::uint64_t>> since;
    if (random_.chance(2)) {
      const std::string epoch = random_.chance(6) ? "e.other" : place.model->epoch();
      since = {epoch, random_.below(place.model->head() + 3)};
      if (random_.chance(2)) since->second = place.model->floor() + random_.below(4);
    }
    std::optional<Position> position;
    if (since) position = Position{since->first, since->second};
    Joined joined;
    drive([&](Buffers& buffers) {
      buffers.users.bytes = big_page_;
      joined = hub_->join_and_drain(worker, place.handles[worker], {user, "name of " + user},
                                    encoding, position, now_, buffers.output, buffers.users,
                                    buffers.records);
      return joined.status;
    });
    std::vector<ModelRow> rows;
    const auto expected =
        place.model->join(worker, user, "name of " + user, encoding, since, now_, rows);
    check_rows(place, worker, rows);
    CHECK(joined.status == Status::done);
    CHECK(joined.offset == place.model->head());
    CHECK(joined.epoch == place.model->epoch());
    CHECK(joined.arrived == expected.arrived);
    CHECK(joined.recovered == expected.recovered);
    CHECK(joined.user_count == place.model->user_count());
    check_page(buffers_->records, encoding, expected.replay);
    bool more = false;
    CHECK(bytes_of(buffers_->users) ==
          place.model->users(limits_.joined_users_max, std::nullopt, more));
  }

  void leave(Place& place, std::size_t worker) {
    const std::string user = random_user();
    const Encoding encoding = random_encoding();
    Left left;
    drive([&](Buffers& buffers) {
      left = hub_->leave_and_drain(worker, place.handles[worker], user, encoding, now_,
                                   buffers.output);
      return left.status;
    });
    std::vector<ModelRow> rows;
    const auto expected = place.model->leave(worker, user, encoding, now_, rows);
    check_rows(place, worker, rows);
    CHECK((left.status == Status::done) == expected.has_value());
    CHECK((left.status == Status::absent) == !expected.has_value());
    if (expected) CHECK(left.departed == *expected);
  }

  void flush(std::size_t worker) {
    double due_ms = std::numeric_limits<double>::infinity();
    for (const Place& place : places_) {
      if (place.model != nullptr) due_ms = std::min(due_ms, place.model->due_ms(worker));
    }
    CHECK(hub_->next_due_ms(worker) <= due_ms);
    drive([&](Buffers& buffers) { return hub_->flush(worker, now_, buffers.output).status; });
    for (Place& place : places_) {
      if (place.handles[worker] == 0) continue;
      std::vector<ModelRow> rows;
      const auto overrun = place.model->flush(worker, now_, rows);
      check_rows(place, worker, rows);
      check_overrun(place, worker, overrun);
    }
  }

  void check_overrun(const Place& place, std::size_t worker,
                     const std::optional<std::uint64_t>& expected) {
    std::vector<double> reported;
    for (const auto& [room, after] : overruns_) {
      if (room == static_cast<double>(place.handles[worker])) reported.push_back(after);
    }
    CHECK(reported.size() == (expected ? 1U : 0U));
    if (expected && !reported.empty()) CHECK(reported[0] == static_cast<double>(*expected));
  }

  // What the log still has, now and then not all of it, or more than the hub has heard of.
  void fill(Place& place, std::size_t worker) {
    std::vector<Message> answer;
    const std::size_t forgotten = random_.chance(2) ? random_.below(place.log.size() + 1) : 0;
    for (std::size_t i = forgotten; i < place.log.size(); ++i) answer.push_back(place.log[i]);
    if (random_.chance(3)) answer.resize(random_.below(answer.size() + 1));
    if (random_.chance(3) && place.model->head() < offset_max) {
      answer.push_back(message_at(place.model->head() + 1, place.model->head()));
    }
    const auto records = records_of(answer);
    drive([&](Buffers& buffers) {
      return hub_->fill(worker, place.handles[worker], records, now_, buffers.output);
    });
    std::vector<ModelRow> rows;
    const auto overrun = place.model->fill(worker, answer, rows);
    check_rows(place, worker, rows);
    check_overrun(place, worker, overrun);
  }

  void history(Place& place, std::size_t worker) {
    const Encoding encoding = random_encoding();
    const std::uint64_t before =
        random_.chance(3) ? offset_max
                          : std::min(random_.below(place.model->head() + 3), offset_max + 1);
    const std::size_t limit = random_.below(8);
    HistoryRead read;
    drive([&](Buffers& buffers) {
      read = hub_->history(worker, place.handles[worker], encoding, before, limit, now_,
                           buffers.records);
      return read.status;
    });
    const auto expected = place.model->history(before, limit, now_);
    check_page(buffers_->records, encoding, expected.items);
    CHECK(read.before == expected.before);
    CHECK(read.more == expected.more);
  }

  void covers(Place& place, std::size_t worker) {
    const std::uint64_t offset = random_.below(place.model->head() + 2);
    const Status status = hub_->covers(worker, place.handles[worker], offset, now_);
    CHECK((status == Status::done) == place.model->covers(offset, now_));
  }

  void users(Place& place, std::size_t worker) {
    const std::size_t limit = random_.below(5);
    std::optional<std::string> after;
    if (random_.chance(2)) after = random_user();
    Page page{big_page_};
    const UserList list = hub_->users(worker, place.handles[worker], limit, after, page);
    bool more = false;
    CHECK(bytes_of(page) == place.model->users(limit, after, more));
    CHECK(list.more == more);
    CHECK(list.user_count == place.model->user_count());
  }

  void encode_page(Place& place, std::size_t worker) {
    std::vector<Message> messages;
    std::vector<ModelItem> items;
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      messages.push_back(random_message());
      messages.back().offset = i * 3;
      messages.back().prev = i * 3 - 1 - random_.below(2);
      items.push_back(place.model->item_of(messages.back()));
    }
    const Encoding encoding = random_encoding();
    drive([&](Buffers& buffers) {
      return hub_->encode_page(worker, place.handles[worker], encoding, records_of(messages),
                               buffers.records);
    });
    check_page(buffers_->records, encoding, items);
  }
};

}  // namespace hubbub::tests
