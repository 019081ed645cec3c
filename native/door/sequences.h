#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "door/reader.h"
#include "hub/hub.h"

namespace hubbub {

// What became of a `sequence`: 24 bytes.
struct VerdictRow {
  double token;
  double offset;
  std::uint32_t status;
  std::uint32_t duplicate;
};
static_assert(sizeof(VerdictRow) == 24);

// Publishes that a turn has brought, sorted by room: messages of many rooms come in mixed, and each
// room takes its own in one hold. Within a room their order stays.
class Sequences {
 public:
  void clear();

  [[nodiscard]] std::size_t size() const { return publishes_.size(); }

  // Reads one behind its header. False when there is something wrong with it: then it is not taken.
  [[nodiscard]] bool read(RoomHandle room, Reader& reader);

  // Gives all of them their places. `verdicts` has as many rows as there are publishes.
  void carry_out(Hub& hub, std::size_t worker, Time now, std::span<VerdictRow> verdicts);

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::size_t places = 256;

  struct Publish {
    double token = 0;
    Draft draft;
    // The room's next one.
    std::uint32_t next = none;
  };

  struct Group {
    RoomHandle room;
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t count;
  };

  // Rooms are numbered from 0 on: those of one turn are mostly neighbours.
  static std::size_t place_of(RoomHandle room) { return static_cast<std::size_t>(room % places); }
  Group& group_of(RoomHandle room);
  void carry_out(const Group& group, Hub& hub, std::size_t worker, Time now,
                 std::span<VerdictRow> verdicts);

  std::vector<Publish> publishes_;
  std::vector<Group> groups_;
  // The newest group of rooms that share a place, as its index plus one; 0 for none. Two rooms that
  // take turns in one place get more groups than they need, in the right order all the same.
  std::array<std::uint32_t, places> newest_{};

  // Used within one group.
  std::vector<Draft> drafts_;
  std::vector<Verdict> outcomes_;
};

}  // namespace hubbub
