#include "load/member.h"

#include <algorithm>

namespace hubbub::load {

void Member::greet() {
  place_ = room.memo.latest();
  line_place_ = room.lines.latest();
  has_heard_ = false;
  answer(first_cue(room.encoding));
}

std::size_t Member::recognise(Bytes received_bytes) {
  const FrameMemo::Frame* const frame = room.memo.recognise(received_bytes, place_);
  if (frame == nullptr) return 0;
  if (frame->reading.cue != Cue::none) answer(frame->reading.cue);
  received(frame->reading);
  return frame->bytes.size();
}

bool Member::message(Opcode opcode, Bytes payload, Bytes frame) {
  Reading reading;
  bool is_new = true;
  const bool is_read = room.encoding == Encoding::centrifugo
                           ? read_lines(opcode, payload, reading, is_new)
                           : read_frame(room.encoding, room.name, opcode, payload, reading);
  if (!is_read) return false;
  if (reading.cue != Cue::none) answer(reading.cue);
  if (is_new && !reading.messages.empty() && !frame.empty()) {
    room.memo.learn(frame, reading, place_);
  }
  received(reading);
  return true;
}

// The frame may be this member's alone, and still be made of lines that others have received.
bool Member::read_lines(Opcode opcode, Bytes payload, Reading& reading, bool& is_new) {
  if (opcode != Opcode::text) return false;
  is_new = false;
  while (!payload.empty()) {
    const auto end = std::find(payload.begin(), payload.end(), '\n');
    const Bytes line = payload.first(static_cast<std::size_t>(end - payload.begin()));
    if (const FrameMemo::Frame* const known = room.lines.recognise(line, line_place_);
        known != nullptr && known->bytes.size() == line.size()) {
      reading += known->reading;
    } else {
      Reading part;
      if (!read_frame(room.encoding, room.name, opcode, line, part)) return false;
      if (!part.messages.empty()) {
        room.lines.learn(line, part, line_place_);
        is_new = true;
      }
      reading += part;
    }
    payload = payload.subspan(std::min(payload.size(), line.size() + 1));
  }
  return true;
}

void Member::received(const Reading& reading) {
  const std::int64_t now_us = Loop::now_us();
  if (first_message_us == 0) first_message_us = now_us;
  if (reading.has_joined) come_in();
  if (!has_joined() && !reading.errors.empty()) {
    return end("the server answered the join with the error " + reading.errors.front());
  }
  if (!reading.messages.empty()) has_heard_ = has_joined();
  if (room.observer == nullptr) return;
  for (const std::string& code : reading.errors) room.observer->error(code);
  if (reading.messages.empty()) return;
  if (standing != Standing::counted) {
    const auto is_foreign = [&](const Received& message) { return !room.sent.has(message); };
    const auto strangers =
        std::count_if(reading.messages.begin(), reading.messages.end(), is_foreign);
    if (strangers > 0) room.observer->foreign(static_cast<std::uint64_t>(strangers));
    return;
  }
  for (const Received& message : reading.messages) ledger.note(message);
  room.observer->delivered(reading, now_us);
}

void Member::come_in() {
  if (standing != Standing::guest && !is_in_room_) {
    is_in_room_ = true;
    room.members.push_back(this);
  }
  enter();
}

void Member::answer(Cue cue) {
  std::vector<std::uint8_t> frame;
  append_answer(frame, room.encoding, room.name, cue);
  send(frame);
}

void Member::lost() {
  if (room.observer != nullptr && standing == Standing::counted) room.observer->disconnected();
}

void Member::turned_away() {
  if (is_in_room_) std::erase(room.members, this);
  is_in_room_ = false;
}

}  // namespace hubbub::load
