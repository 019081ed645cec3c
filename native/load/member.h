#pragma once

#include <cstdint>
#include <vector>

#include "load/client.h"
#include "load/frame_memo.h"
#include "load/ledger.h"
#include "load/room.h"

namespace hubbub::load {

// What is expected of somebody in a room.
enum class Standing : std::uint8_t {
  // Has to receive everything that is sent.
  counted,
  // Is a member that has to receive nothing in this run.
  uncounted,
  // Comes and goes, and is no member of the crowd.
  guest,
};

// One connection that joins one room and reads everything said there.
class Member final : public Client {
 public:
  Member(Loop& loop, const Route& route, std::string_view request, Room& its_room, Standing is)
      : Client(loop, route, request), room(its_room), standing(is) {}

  // Whether it has received a message since it came in.
  bool has_heard() const { return has_heard_; }

  Room& room;
  Standing standing;
  Ledger ledger;

 private:
  void greet() override;
  std::size_t recognise(Bytes received) override;
  bool message(Opcode opcode, Bytes payload, Bytes frame) override;
  void lost() override;
  void turned_away() override;

  // `is_new`: whether nobody has received one of the messages so far.
  bool read_lines(Opcode opcode, Bytes payload, Reading& reading, bool& is_new);
  void received(const Reading& reading);
  void come_in();
  void answer(Cue cue);

  FrameMemo::Place place_ = 0;
  FrameMemo::Place line_place_ = 0;
  bool has_heard_ = false;
  // Among the room's members, also between two connections.
  bool is_in_room_ = false;
};

}  // namespace hubbub::load
