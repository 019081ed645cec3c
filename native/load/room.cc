#include "load/room.h"

namespace hubbub::load {

void Room::begin(std::size_t senders, std::size_t payload_bytes, Observer& whoever) {
  sent.by_sender.assign(senders, 0);
  sent.total = 0;
  writer = ChatWriter(encoding, name, payload_bytes);
  observer = &whoever;
  for (Member* const member : members) member->ledger.begin(sent);
}

bool Room::send(std::size_t sender, std::int64_t intended_us) {
  if (sender >= members.size()) return false;
  frame.clear();
  writer.append(frame, sender, sent.by_sender[sender], intended_us);
  if (!members[sender]->send(frame)) return false;
  // Nothing is read before this: what comes back is never ahead of what is known to be sent.
  ++sent.by_sender[sender];
  ++sent.total;
  return true;
}

Member::Member(Loop& loop, Room& its_room, Doorkeeper& doorkeeper)
    : room(its_room), doorkeeper_(doorkeeper), connection_(loop, *this) {}

void Member::join(const Route& route, std::string_view request) {
  started_us = Loop::now_us();
  place_ = room.memo.latest();
  connection_.open(route, request);
}

void Member::opened() {
  opened_us = Loop::now_us();
  // Socket.IO has a handshake of its own first.
  if (room.encoding != Encoding::socket_io) answer(Cue::join);
}

std::size_t Member::recognise(Bytes received_bytes) {
  const FrameMemo::Frame* const frame = room.memo.recognise(received_bytes, place_);
  if (frame == nullptr) return 0;
  received(frame->reading);
  return frame->bytes.size();
}

bool Member::message(Opcode opcode, Bytes payload, Bytes frame) {
  Reading reading;
  if (!read_frame(room.encoding, room.name, opcode, payload, reading)) return false;
  if (reading.cue != Cue::none) answer(reading.cue);
  if (!reading.messages.empty() && !frame.empty()) room.memo.learn(frame, reading, place_);
  received(reading);
  return true;
}

void Member::received(const Reading& reading) {
  const std::int64_t now_us = Loop::now_us();
  if (first_message_us == 0) first_message_us = now_us;
  if (reading.has_joined && !has_joined_) {
    has_joined_ = true;
    room.members.push_back(this);
    doorkeeper_.joined(*this);
  }
  if (room.observer == nullptr) return;
  for (const std::string& code : reading.errors) room.observer->error(code);
  if (reading.messages.empty()) return;
  for (const Received& message : reading.messages) ledger.note(message);
  room.observer->delivered(reading, now_us);
}

void Member::answer(Cue cue) {
  std::vector<std::uint8_t> frame;
  if (cue == Cue::join) {
    append_join(frame, room.encoding, room.name);
  } else {
    append_answer(frame, cue);
  }
  connection_.send(frame);
}

void Member::closed(std::string_view reason, std::uint16_t code) {
  if (has_joined_) {
    if (room.observer != nullptr) room.observer->disconnected();
    return;
  }
  std::string why(reason);
  if (why.empty()) {
    why = "the server closed with " + (code == 0 ? "no farewell" : std::to_string(code)) +
          " before the join";
  }
  doorkeeper_.failed(*this, why);
}

}  // namespace hubbub::load
