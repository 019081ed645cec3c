#include "hub/line.h"

#include "hub/json.h"
#include "hub/messagepack.h"
#include "hub/transcode.h"

namespace hubbub {

namespace {

// Keys with their MessagePack header in front: each is shorter than 32 bytes.
constexpr std::string_view key_type = "\xa4" "type";
constexpr std::string_view key_room = "\xa4" "room";
constexpr std::string_view key_from = "\xa4" "from";
constexpr std::string_view key_from_id = "\xa7" "from_id";
constexpr std::string_view key_text = "\xa4" "text";
constexpr std::string_view key_timestamp = "\xa9" "timestamp";
constexpr std::string_view key_offset = "\xa6" "offset";
constexpr std::string_view key_prev = "\xa4" "prev";
constexpr std::string_view key_id = "\xa2" "id";

bool append_json_body(Scratch& out, const RoomText& room, const Draft& draft,
                      std::uint64_t timestamp, bool& ascii) {
  return out.append(room.json) && json::append_string(out, draft.from, ascii) &&
         out.append(",\"from_id\":") && json::append_string(out, draft.from_id, ascii) &&
         out.append(",\"text\":") && json::append_string(out, draft.text, ascii) &&
         out.append(",\"timestamp\":") && json::append_decimal(out, timestamp) &&
         out.append(",\"offset\":");
}

bool append_json_end(Scratch& out, const Draft& draft, bool& ascii) {
  if (draft.id && !(out.append(",\"id\":") && json::append_string(out, *draft.id, ascii))) {
    return false;
  }
  return out.append("}\n");
}

bool append_messagepack_body(Scratch& out, const RoomText& room, const Draft& draft,
                             std::uint64_t timestamp, bool with_prev) {
  const std::size_t pairs = 7 + (with_prev ? 1U : 0U) + (draft.id ? 1U : 0U);
  if (!out.reserve(messagepack::header_bytes_max)) return false;
  out.set_end(messagepack::write_map_header(out.end(), pairs));
  return out.append(room.messagepack) && messagepack::append_string(out, draft.from) &&
         out.append(key_from_id) &&
         messagepack::append_string(out, draft.from_id) &&
         out.append(key_text) &&
         messagepack::append_string(out, draft.text) &&
         out.append(key_timestamp) &&
         messagepack::append_whole(out, timestamp) && out.append(key_offset);
}

bool append_messagepack_end(Scratch& out, const Draft& draft) {
  return !draft.id || (out.append(key_id) &&
                       messagepack::append_string(out, *draft.id));
}

}  // namespace

bool is_acceptable(const Draft& draft) {
  std::size_t left = strings_bytes_max;
  for (const std::string_view text : {draft.from, draft.from_id, draft.text,
                                      draft.id.value_or(std::string_view())}) {
    if (text.size() > left) return false;
    left -= text.size();
  }
  return true;
}

bool is_acceptable(const Record& record) {
  return record.offset <= offset_max && record.prev < record.offset &&
         record.timestamp <= offset_max && is_acceptable(record.draft);
}

RoomText::RoomText(std::string_view room) : name(room) {
  Scratch scratch;
  if (scratch.append("{\"type\":\"message\",\"room\":") &&
      json::append_string(scratch, room, ascii) && scratch.append(",\"from\":")) {
    json.assign(scratch.data(), scratch.end());
  }
  scratch.clear();
  if (scratch.append(key_type) &&
      messagepack::append_string(scratch, "message") &&
      scratch.append(key_room) &&
      messagepack::append_string(scratch, room) &&
      scratch.append(key_from)) {
    messagepack.assign(scratch.data(), scratch.end());
  }
}

bool encode_record(Scratch& out, const RoomText& room, const Record& record, bool with_messagepack,
                   Line& line) {
  const Draft& draft = record.draft;
  const bool with_prev = record.prev + 1 != record.offset;
  line.ascii = room.ascii;
  line.json.begin = out.size();
  if (!append_json_body(out, room, draft, record.timestamp, line.ascii) ||
      !json::append_decimal(out, record.offset) ||
      (with_prev && !(out.append(",\"prev\":") && json::append_decimal(out, record.prev))) ||
      !append_json_end(out, draft, line.ascii)) {
    return false;
  }
  line.json.end = out.size();
  line.messagepack = {out.size(), out.size()};
  if (!with_messagepack) return true;
  if (!append_messagepack_body(out, room, draft, record.timestamp, with_prev) ||
      !messagepack::append_whole(out, record.offset) ||
      (with_prev && !(out.append(key_prev) &&
                      messagepack::append_whole(out, record.prev))) ||
      !append_messagepack_end(out, draft)) {
    return false;
  }
  line.messagepack.end = out.size();
  return true;
}

bool encode_draft(Scratch& out, const RoomText& room, const Draft& draft, std::uint64_t timestamp,
                  bool with_messagepack, Line& line) {
  line.ascii = room.ascii;
  line.json.begin = out.size();
  if (!append_json_body(out, room, draft, timestamp, line.ascii)) return false;
  line.json.split = out.size();
  if (!append_json_end(out, draft, line.ascii)) return false;
  line.json.end = out.size();
  line.messagepack = {out.size(), out.size()};
  if (!with_messagepack) return true;
  if (!append_messagepack_body(out, room, draft, timestamp, false)) return false;
  line.messagepack.split = out.size();
  if (!append_messagepack_end(out, draft)) return false;
  line.messagepack.end = out.size();
  return true;
}

EventEncoded encode_event(Scratch& out, std::string_view json, std::string_view messagepack,
                          bool with_messagepack, Line& line) {
  line.ascii = json::is_ascii(json);
  line.json.begin = out.size();
  if (!out.append(json) || !out.append("\n")) return EventEncoded::no_memory;
  line.json.end = out.size();
  line.messagepack.begin = out.size();
  if (with_messagepack && !messagepack.empty()) {
    if (!out.append(messagepack)) return EventEncoded::no_memory;
  } else if (with_messagepack && !transcode(out, json)) {
    return EventEncoded::not_json;
  }
  line.messagepack.end = out.size();
  return EventEncoded::done;
}

}  // namespace hubbub
