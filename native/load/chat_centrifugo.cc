#include <charconv>
#include <string>

#include "load/chat_reader.h"
#include "load/json_object.h"

// Replies to commands, {"id":3,"publish":{}} or {"id":3,"error":{"code":…}}; pushes,
// {"push":{"channel":"r","pub":{"data":{…}}}}; and {}, which is a ping.
// https://centrifugal.dev/docs/transports/client_protocol
namespace hubbub::load {

namespace {

// The code of an error, or of the end of a subscription.
bool read_code(std::string_view object_text, Reading& reading) {
  JsonObject object(object_text);
  while (const auto member = object.next()) {
    if (member->name == "code") reading.errors.emplace_back(member->value);
  }
  return object.is_valid();
}

bool read_data(std::string_view object_text, MessageFields& fields) {
  JsonObject object(object_text);
  while (const auto member = object.next()) {
    if (member->name == "text" && member->is_string) fields.text = member->value;
  }
  return object.is_valid();
}

bool read_publication(std::string_view object_text, MessageFields& fields) {
  fields.type = "message";
  JsonObject object(object_text);
  while (const auto member = object.next()) {
    const auto& [name, value, is_string] = *member;
    if (name == "offset") {
      std::from_chars(value.data(), value.data() + value.size(), fields.offset);
    } else if (name == "data" && !read_data(value, fields)) {
      // Somebody else's, in a form of their own: what is published may be any JSON.
      fields.text = {};
    }
  }
  return object.is_valid();
}

bool read_push(std::string_view room, std::string_view object_text, std::size_t bytes,
               Reading& reading) {
  MessageFields fields;
  JsonObject object(object_text);
  while (const auto member = object.next()) {
    const auto& [name, value, is_string] = *member;
    if (name == "channel") {
      fields.room = value;
    } else if (name == "pub") {
      if (!read_publication(value, fields)) return false;
    } else if (name == "unsubscribe" && !read_code(value, reading)) {
      return false;
    }
  }
  note_message(room, fields, bytes, reading);
  return object.is_valid();
}

bool read_reply(std::string_view room, std::string_view line, Reading& reading) {
  bool is_ping = true;
  JsonObject object(line);
  while (const auto member = object.next()) {
    is_ping = false;
    const auto& [name, value, is_string] = *member;
    if (name == "push") {
      if (!read_push(room, value, line.size(), reading)) return false;
    } else if (name == "error") {
      if (!read_code(value, reading)) return false;
    } else if (name == "connect") {
      reading.cue = Cue::join;
    } else if (name == "subscribe") {
      reading.has_joined = true;
    }
  }
  if (is_ping) reading.cue = Cue::pong;
  return object.is_valid();
}

}  // namespace

bool read_centrifugo(std::string_view room, std::string_view frame, Reading& reading) {
  while (!frame.empty()) {
    const std::size_t end = frame.find('\n');
    if (!read_reply(room, frame.substr(0, end), reading)) return false;
    if (end == std::string_view::npos) return true;
    frame.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace hubbub::load
