#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/hash.h"
#include "hub/hub.h"
#include "hub/scratch.h"

namespace hubbub {

// Who is in a room: users in order of arrival, each with as many connections as they have, told
// apart by worker so that a worker can go with all of its own.
class Users {
 public:
  explicit Users(HashKey key) : present_(0, TextHash{key}) {}

  [[nodiscard]] std::size_t size() const { return present_.size(); }

  [[nodiscard]] bool has(std::string_view user_id) const;
  [[nodiscard]] bool has(std::string_view user_id, std::size_t worker) const;

  // Counts a connection in. Answers whether it is the user's first one here.
  bool add(const User& user, std::size_t worker);

  // Counts out a connection the user has. Answers whether it was the user's last one here.
  bool remove(std::string_view user_id, std::size_t worker);

  // Counts out every connection of a worker.
  void remove_worker(std::size_t worker);

  // Writes a JSON array of at most `limit` users who came after the user `after`, from the start
  // when that is absent or unknown. Answers how many there are in it, and whether there are more.
  struct Written {
    bool has_memory = false;
    bool ascii = true;
    bool more = false;
    std::size_t count = 0;
  };
  Written write(Scratch& out, std::size_t limit, std::optional<std::string_view> after) const;

 private:
  struct Share {
    std::uint32_t worker;
    std::uint32_t connections;
  };

  // Entries of the map stay where they are, so they can point to each other.
  struct Presence {
    std::string username;
    const std::string* user_id = nullptr;
    Presence* before = nullptr;
    Presence* after = nullptr;
    // Only workers with connections, so none when the user is gone.
    std::vector<Share> shares;
  };

  using Present = std::unordered_map<std::string, Presence, TextHash, std::equal_to<>>;

  void link(Presence& presence);
  void unlink(Presence& presence);

  Present present_;
  Presence* first_ = nullptr;
  Presence* last_ = nullptr;
};

}  // namespace hubbub
