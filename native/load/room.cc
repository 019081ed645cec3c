#include "load/room.h"

#include "load/member.h"

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

}  // namespace hubbub::load
