#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load/crowd.h"
#include "load/json_writer.h"
#include "load/loop.h"

namespace hubbub::load {

// Members who stop reading for the length of a window: the last ones of each room, dealt out over
// the rooms. Nothing is expected for them in the whole run. Afterwards each of them comes in again
// over a new connection, cut by the server or not: nothing of this run can reach the next one.
class Stall {
 public:
  Stall(Loop& loop, const Crowd& crowd, std::uint64_t members);
  // Whatever happened: the next run counts them.
  ~Stall();
  Stall(const Stall&) = delete;
  Stall& operator=(const Stall&) = delete;

  void begin();
  // Reads what the server has left for them, sees whom it has cut, and brings everybody back.
  void look();

  // {"members":…,"closed":…,"close_codes":{"1013":…},"rejoined":…}
  JsonWriter report() const;

 private:
  void read_up();

  Loop& loop_;
  std::vector<Member*> members_;
  // Those of them who were connected when the run began: only they can be cut in it.
  std::vector<Member*> connected_;
  std::uint64_t closed_ = 0;
  std::map<std::string, std::uint64_t> close_codes_;
  std::uint64_t rejoined_ = 0;
};

}  // namespace hubbub::load
