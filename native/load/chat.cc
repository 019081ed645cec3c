#include "load/chat.h"

#include <charconv>

#include "load/json_object.h"

namespace hubbub::load {

namespace {

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Room names come from the plan and have nothing in them that JSON would escape.
std::string chat_prefix(std::string_view room) {
  return R"({"type":"chat","room":")" + std::string(room) + R"(","text":")";
}

constexpr std::string_view chat_suffix = "\"}";

// Takes a number of at most `digits_max` digits and the colon behind it off the text.
template <class Number>
bool take_number(std::string_view& text, std::size_t digits_max, Number& number) {
  const char* const end = text.data() + text.size();
  if (text.empty() || text[0] == '-') return false;
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const auto digits = static_cast<std::size_t>(stop - text.data());
  if (error != std::errc() || digits > digits_max || stop == end || *stop != ':') return false;
  text.remove_prefix(digits + 1);
  return true;
}

bool read_line(std::string_view room, std::string_view line, Reading& reading) {
  std::string_view type;
  std::string_view room_said;
  std::string_view text;
  std::string_view code;
  std::string_view offset;
  JsonObject object(line);
  while (const auto member = object.next()) {
    if (!member->is_string) {
      if (member->name == "offset") offset = member->value;
    } else if (member->name == "type") {
      type = member->value;
    } else if (member->name == "room") {
      room_said = member->value;
    } else if (member->name == "text") {
      text = member->value;
    } else if (member->name == "code") {
      code = member->value;
    }
  }
  if (!object.is_valid()) return false;
  if (type == "message") {
    const bool is_ours = room_said == room || unescaped(room_said) == room;
    Received message = is_ours ? read_text(text) : Received{};
    std::from_chars(offset.data(), offset.data() + offset.size(), message.offset);
    reading.messages.push_back(message);
    reading.bytes += line.size();
  } else if (type == "joined") {
    reading.has_joined = true;
  } else if (type == "error") {
    reading.errors.push_back(unescaped(code));
  }
  return true;
}

}  // namespace

void append_join(std::vector<std::uint8_t>& out, std::string_view room) {
  const std::string join = R"({"type":"join","room":")" + std::string(room) + "\"}";
  append_client_frame(out, Opcode::text, bytes_of(join));
}

ChatWriter::ChatWriter(std::string_view room, std::size_t payload_bytes)
    : payload_(chat_prefix(room)), prefix_bytes_(payload_.size()) {
  const std::size_t around = prefix_bytes_ + chat_suffix.size();
  text_bytes_ = payload_bytes > around ? payload_bytes - around : 0;
}

void ChatWriter::append(std::vector<std::uint8_t>& out, std::size_t sender, std::uint64_t sequence,
                        std::int64_t intended_us) {
  std::string text = std::to_string(sender) + ':' + std::to_string(sequence) + ':' +
                     std::to_string(intended_us) + ':';
  if (text.size() < text_bytes_) text.resize(text_bytes_, 'x');
  payload_.resize(prefix_bytes_);
  payload_ += text;
  payload_ += chat_suffix;
  append_client_frame(out, Opcode::text, bytes_of(payload_));
}

void Reading::clear() {
  messages.clear();
  bytes = 0;
  has_joined = false;
  errors.clear();
}

bool read_json(std::string_view room, std::string_view frame, Reading& reading) {
  for (;;) {
    const std::size_t end = frame.find('\n');
    if (!read_line(room, frame.substr(0, end), reading)) return false;
    if (end == std::string_view::npos) return true;
    frame.remove_prefix(end + 1);
  }
}

Received read_text(std::string_view text) {
  Received message;
  const bool is_ours = take_number(text, 9, message.sender) &&
                       take_number(text, 10, message.sequence) &&
                       take_number(text, 15, message.intended_us) &&
                       text.find_first_not_of('x') == std::string_view::npos;
  return is_ours ? message : Received{};
}

}  // namespace hubbub::load
