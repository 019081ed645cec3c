#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/crowd.h"
#include "load/histogram.h"
#include "load/json_writer.h"
#include "load/loop.h"
#include "load/member.h"

namespace hubbub::load {

// How a comer's round ended.
class RoundListener {
 public:
  // `recovery_us`: from the begin of the connection, when the last one is lost, to membership.
  virtual void came_and_went(std::int64_t recovery_us) = 0;
  virtual void failed_to_come(std::string_view reason) = 0;

 protected:
  ~RoundListener() = default;
};

// Somebody who comes into a room, waits for a message, and goes; then again.
class Comer final : private Doorkeeper {
 public:
  Comer(Loop& loop, const Crowd& crowd, std::size_t number, std::int64_t pause_us,
        RoundListener& listener);

  // Does what is due, between two turns, and answers when something is due next.
  std::int64_t tend(std::int64_t now_us);

 private:
  enum class Step : std::uint8_t { away, coming, listening, leaving };

  void joined(Client& client) override;
  void failed(Client& client, std::string_view reason) override;

  void come(std::int64_t now_us);
  void listen(std::int64_t now_us);
  void go(std::int64_t now_us);
  void rest(std::int64_t now_us);
  void fail(std::string_view reason, std::int64_t now_us);

  const std::int64_t pause_us_;
  RoundListener& listener_;
  Step step_ = Step::away;
  std::uint64_t rounds_ = 0;
  // When the step is over at the latest, or, away, when the next round begins.
  std::int64_t due_us_ = 0;
  std::int64_t recovery_us_ = 0;
  // What the room's members had sent when it came in.
  std::uint64_t sent_before_ = 0;
  bool is_message_due_ = false;
  std::string failure_;
  Member member_;
};

// Comers beside the crowd, spread over its rooms evenly: nothing is expected of them, and nothing is
// expected for them. Rounds that end in the window count.
class Churn final : private RoundListener {
 public:
  Churn(Loop& loop, const Crowd& crowd, std::uint64_t comers, std::int64_t pause_us);

  std::int64_t tend(std::int64_t now_us);
  // From here on rounds count.
  void count() { is_counting_ = true; }
  // Cuts everybody who is there; nobody comes any more.
  void stop();

  // {"cycles":…,"failed":…,"failure":"…","recovery_us":{…}}
  JsonWriter report() const;

 private:
  void came_and_went(std::int64_t recovery_us) override;
  void failed_to_come(std::string_view reason) override;

  std::vector<std::unique_ptr<Comer>> comers_;
  bool is_counting_ = false;
  std::uint64_t cycles_ = 0;
  std::uint64_t failed_ = 0;
  std::string failure_;
  Histogram recovery_us_;
};

}  // namespace hubbub::load
