#include "load/echo_messages.h"

#include <charconv>

namespace hubbub::load {

namespace {

constexpr std::string_view text_begin = R"({"message_id":")";
constexpr std::size_t message_id_bytes = 8;
// A prime: so many messages one after the other have payloads of their own.
constexpr std::uint64_t places = 4'093;

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int byte = bytes - 1; byte >= 0; --byte) out += static_cast<char>(value >> (8 * byte));
}

// Letters in no order that repeats; the generator is Knuth's MMIX.
std::string letters(std::size_t count) {
  std::string text(count, ' ');
  std::uint64_t state = 1;
  for (char& letter : text) {
    state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    letter = static_cast<char>('a' + (state >> 33) % 26);
  }
  return text;
}

}  // namespace

EchoMessages::EchoMessages(bool is_binary, std::size_t payload_bytes)
    : is_binary_(is_binary),
      payload_bytes_(payload_bytes),
      text_(letters(payload_bytes + places)) {}

std::string_view EchoMessages::write(const Envelope& envelope) {
  message_ = head_of(envelope);
  message_ += payload_of(envelope);
  message_ += tail();
  return message_;
}

std::optional<std::uint64_t> EchoMessages::index_of(std::string_view message) const {
  std::uint64_t index = 0;
  if (is_binary_) {
    if (message.size() < message_id_bytes) return std::nullopt;
    for (const char byte : message.substr(0, message_id_bytes)) {
      index = index << 8 | static_cast<std::uint8_t>(byte);
    }
    return index;
  }
  if (!message.starts_with(text_begin)) return std::nullopt;
  message.remove_prefix(text_begin.size());
  const char* const end = message.data() + message.size();
  const auto [stop, error] = std::from_chars(message.data(), end, index);
  if (error != std::errc() || stop == end || *stop != '"') return std::nullopt;
  return index;
}

bool EchoMessages::is_same(std::string_view message, const Envelope& envelope) const {
  const std::string head = head_of(envelope);
  return message.size() == head.size() + payload_bytes_ + tail().size() &&
         message.starts_with(head) &&
         message.substr(head.size(), payload_bytes_) == payload_of(envelope) &&
         message.ends_with(tail());
}

std::string EchoMessages::head_of(const Envelope& envelope) const {
  std::string head;
  if (is_binary_) {
    append_big_endian(head, envelope.message_id, message_id_bytes);
    append_big_endian(head, envelope.client_id, 4);
    append_big_endian(head, static_cast<std::uint64_t>(envelope.timestamp_ms), 8);
    return head;
  }
  head += text_begin;
  head += std::to_string(envelope.message_id);
  head += R"(","client_id":")" + std::to_string(envelope.client_id);
  head += R"(","timestamp":)" + std::to_string(envelope.timestamp_ms);
  head += R"(,"payload":")";
  return head;
}

std::string_view EchoMessages::payload_of(const Envelope& envelope) const {
  return std::string_view(text_).substr(envelope.message_id % places, payload_bytes_);
}

std::string_view EchoMessages::tail() const { return is_binary_ ? "" : "\"}"; }

}  // namespace hubbub::load
