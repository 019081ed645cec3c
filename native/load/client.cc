#include "load/client.h"

namespace hubbub::load {

void Client::join(std::int64_t due_us, Doorkeeper& doorkeeper) {
  started_us = due_us;
  opened_us = 0;
  first_message_us = 0;
  doorkeeper_ = &doorkeeper;
  has_joined_ = false;
  connection_.open(route_, request_);
}

void Client::enter() {
  if (has_joined_) return;
  has_joined_ = true;
  doorkeeper_->joined(*this);
}

void Client::opened() {
  opened_us = Loop::now_us();
  greet();
}

void Client::closed(std::string_view reason, std::uint16_t code) {
  if (has_joined_) return lost();
  turned_away();
  std::string why(reason);
  if (why.empty()) {
    why = "the server closed with " + (code == 0 ? "no farewell" : std::to_string(code)) +
          " before the join";
  }
  doorkeeper_->failed(*this, why);
}

}  // namespace hubbub::load
