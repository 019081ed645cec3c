#include <charconv>
#include <string>

#include "load/chat_reader.h"
#include "load/json_object.h"

namespace hubbub::load {

namespace {

// A string that has escapes is decoded into `held`; any other is looked at where it stands.
std::string_view decoded(std::string_view string, std::string& held) {
  if (string.find('\\') == std::string_view::npos) return string;
  held = unescaped(string);
  return held;
}

// Reads one object. Its type is `type` when that is not empty, else what its own field says.
bool read_object(std::string_view room, std::string_view type, std::string_view object_text,
                 std::size_t bytes, Reading& reading) {
  MessageFields fields;
  std::string held_room;
  std::string held_code;
  JsonObject object(object_text);
  while (const auto member = object.next()) {
    const auto& [name, value, is_string] = *member;
    if (!is_string) {
      if (name == "offset") {
        std::from_chars(value.data(), value.data() + value.size(), fields.offset);
      }
    } else if (name == "type") {
      fields.type = value;
    } else if (name == "room") {
      fields.room = decoded(value, held_room);
    } else if (name == "text") {
      fields.text = value;
    } else if (name == "code") {
      fields.code = decoded(value, held_code);
    }
  }
  if (!object.is_valid()) return false;
  if (!type.empty()) fields.type = type;
  note_message(room, fields, bytes, reading);
  return true;
}

// The event's name and its first argument: ["name",{…}].
bool read_event(std::string_view room, std::string_view event, std::size_t bytes,
                Reading& reading) {
  if (!event.starts_with("[\"") || !event.ends_with(']')) return false;
  event.remove_prefix(2);
  event.remove_suffix(1);
  const std::size_t name_end = event.find('"');
  if (name_end == std::string_view::npos || name_end == 0) return false;
  const std::string_view name = event.substr(0, name_end);
  event.remove_prefix(name_end + 1);
  // An event that says nothing but its name.
  if (event.empty()) return read_object(room, name, "{}", bytes, reading);
  if (!event.starts_with(',')) return false;
  return read_object(room, name, event.substr(1), bytes, reading);
}

}  // namespace

bool read_json(std::string_view room, std::string_view frame, Reading& reading) {
  for (;;) {
    const std::size_t end = frame.find('\n');
    const std::string_view line = frame.substr(0, end);
    if (!read_object(room, {}, line, line.size(), reading)) return false;
    if (end == std::string_view::npos) return true;
    frame.remove_prefix(end + 1);
  }
}

// Engine.IO 4: the first character is the kind of packet. Socket.IO 5 stands in those of kind 4.
bool read_socket_io(std::string_view room, std::string_view packet, Reading& reading) {
  if (packet.starts_with("42")) {
    return read_event(room, packet.substr(2), packet.size(), reading);
  }
  if (packet.starts_with("40")) {
    reading.cue = Cue::join;
  } else if (packet.starts_with('0')) {
    reading.cue = Cue::connect;
  } else if (packet.starts_with('2')) {
    reading.cue = Cue::pong;
  } else {
    // What it does not do: refuse the connection, hang up, acknowledge, send attachments.
    return packet == "6";
  }
  return true;
}

}  // namespace hubbub::load
