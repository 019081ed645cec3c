#include "hub/users.h"

#include <algorithm>

#include "hub/json.h"

namespace hubbub {

bool Users::has(std::string_view user_id) const {
  return present_.find(user_id) != present_.end();
}

bool Users::has(std::string_view user_id, std::size_t worker) const {
  const auto found = present_.find(user_id);
  if (found == present_.end()) return false;
  const auto& shares = found->second.shares;
  return std::any_of(shares.begin(), shares.end(),
                     [worker](const Share& share) { return share.worker == worker; });
}

bool Users::add(const User& user, std::size_t worker) {
  auto found = present_.find(user.user_id);
  const bool arrived = found == present_.end();
  if (arrived) {
    found = present_.try_emplace(std::string(user.user_id)).first;
    Presence& presence = found->second;
    presence.username = user.username;
    presence.user_id = &found->first;
    link(presence);
  }
  auto& shares = found->second.shares;
  const auto share = std::find_if(shares.begin(), shares.end(), [worker](const Share& other) {
    return other.worker == worker;
  });
  if (share != shares.end()) {
    ++share->connections;
  } else {
    shares.push_back({static_cast<std::uint32_t>(worker), 1});
  }
  return arrived;
}

bool Users::remove(std::string_view user_id, std::size_t worker) {
  const auto found = present_.find(user_id);
  if (found == present_.end()) return false;
  auto& shares = found->second.shares;
  for (Share& share : shares) {
    if (share.worker != worker) continue;
    if (--share.connections > 0) return false;
    share = shares.back();
    shares.pop_back();
    break;
  }
  if (!shares.empty()) return false;
  unlink(found->second);
  present_.erase(found);
  return true;
}

void Users::remove_worker(std::size_t worker) {
  for (Presence* presence = first_; presence != nullptr;) {
    Presence* const after = presence->after;
    std::erase_if(presence->shares,
                  [worker](const Share& share) { return share.worker == worker; });
    if (presence->shares.empty()) {
      unlink(*presence);
      present_.erase(present_.find(*presence->user_id));
    }
    presence = after;
  }
}

Users::Written Users::write(Scratch& out, std::size_t limit,
                            std::optional<std::string_view> after) const {
  Written written;
  const Presence* presence = first_;
  if (after) {
    const auto found = present_.find(*after);
    if (found != present_.end()) presence = found->second.after;
  }
  if (!out.append("[")) return written;
  for (; presence != nullptr && written.count < limit; presence = presence->after) {
    if (!out.append(written.count == 0 ? "{\"user_id\":" : ",{\"user_id\":") ||
        !json::append_string(out, *presence->user_id, written.ascii) ||
        !out.append(",\"username\":") ||
        !json::append_string(out, presence->username, written.ascii) || !out.append("}")) {
      return written;
    }
    ++written.count;
  }
  written.more = presence != nullptr;
  written.has_memory = out.append("]");
  return written;
}

void Users::link(Presence& presence) {
  presence.before = last_;
  (last_ == nullptr ? first_ : last_->after) = &presence;
  last_ = &presence;
}

void Users::unlink(Presence& presence) {
  (presence.before == nullptr ? first_ : presence.before->after) = presence.after;
  (presence.after == nullptr ? last_ : presence.after->before) = presence.before;
}

}  // namespace hubbub
