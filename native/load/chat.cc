#include "load/chat.h"

#include <charconv>

#include "load/chat_reader.h"
#include "load/messagepack.h"

namespace hubbub::load {

namespace {

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Room names come from the plan and have nothing in them that JSON would escape.
std::string json_prefix(std::string_view room) {
  return R"({"type":"chat","room":")" + std::string(room) + R"(","text":")";
}

constexpr std::string_view json_suffix = "\"}";

// Of a member's commands in Centrifugo's protocol: connecting and subscribing come before.
constexpr std::uint64_t first_publish_id = 3;

// What stands before the text, in MessagePack also before the text's own header.
std::string prefix_of(Encoding encoding, std::string_view room) {
  switch (encoding) {
    case Encoding::messagepack: {
      std::string map;
      messagepack::append_small_map(map, 3);
      for (const std::string_view part : {std::string_view("type"), std::string_view("chat"),
                                          std::string_view("room"), room,
                                          std::string_view("text")}) {
        messagepack::append_string(map, part);
      }
      return map;
    }
    case Encoding::socket_io:
      return R"(42["chat",{"room":")" + std::string(room) + R"(","text":")";
    case Encoding::centrifugo:
      return R"({"publish":{"channel":")" + std::string(room) + R"(","data":{"text":")";
    case Encoding::json:
      break;
  }
  return json_prefix(room);
}

std::string join_of(Encoding encoding, std::string_view room) {
  std::string map;
  switch (encoding) {
    case Encoding::messagepack:
      messagepack::append_small_map(map, 2);
      for (const std::string_view part : {std::string_view("type"), std::string_view("join"),
                                          std::string_view("room"), room}) {
        messagepack::append_string(map, part);
      }
      return map;
    case Encoding::socket_io:
      return R"(42["join",{"room":")" + std::string(room) + "\"}]";
    case Encoding::centrifugo:
      return R"({"id":2,"subscribe":{"channel":")" + std::string(room) + "\"}}";
    case Encoding::json:
      break;
  }
  return R"({"type":"join","room":")" + std::string(room) + "\"}";
}

Opcode opcode_of(Encoding encoding) {
  return encoding == Encoding::messagepack ? Opcode::binary : Opcode::text;
}

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

}  // namespace

ChatWriter::ChatWriter(Encoding encoding, std::string_view room, std::size_t payload_bytes)
    : encoding_(encoding), payload_(prefix_of(encoding, room)), prefix_bytes_(payload_.size()) {
  const std::size_t around = json_prefix(room).size() + json_suffix.size();
  text_bytes_ = payload_bytes > around ? payload_bytes - around : 0;
}

void ChatWriter::append(std::vector<std::uint8_t>& out, std::size_t sender, std::uint64_t sequence,
                        std::int64_t intended_us) {
  std::string text = std::to_string(sender) + ':' + std::to_string(sequence) + ':' +
                     std::to_string(intended_us) + ':';
  if (text.size() < text_bytes_) text.resize(text_bytes_, 'x');
  payload_.resize(prefix_bytes_);
  switch (encoding_) {
    case Encoding::json:
      payload_ += text;
      payload_ += json_suffix;
      break;
    case Encoding::messagepack:
      messagepack::append_string(payload_, text);
      break;
    case Encoding::socket_io:
      payload_ += text;
      payload_ += "\"}]";
      break;
    case Encoding::centrifugo:
      payload_ += text;
      payload_ += "\"}},\"id\":" + std::to_string(sequence + first_publish_id) + '}';
      break;
  }
  append_client_frame(out, opcode_of(encoding_), bytes_of(payload_));
}

Reading& Reading::operator+=(const Reading& part) {
  messages.insert(messages.end(), part.messages.begin(), part.messages.end());
  bytes += part.bytes;
  has_joined = has_joined || part.has_joined;
  errors.insert(errors.end(), part.errors.begin(), part.errors.end());
  if (part.cue != Cue::none) cue = part.cue;
  return *this;
}

bool read_frame(Encoding encoding, std::string_view room, Opcode opcode, Bytes payload,
                Reading& reading) {
  if (opcode != opcode_of(encoding)) return false;
  const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
  switch (encoding) {
    case Encoding::messagepack:
      return read_messagepack(room, text, reading);
    case Encoding::socket_io:
      return read_socket_io(room, text, reading);
    case Encoding::centrifugo:
      return read_centrifugo(room, text, reading);
    case Encoding::json:
      break;
  }
  return read_json(room, text, reading);
}

Cue first_cue(Encoding encoding) {
  switch (encoding) {
    case Encoding::socket_io:
      return Cue::none;
    case Encoding::centrifugo:
      return Cue::connect;
    case Encoding::json:
    case Encoding::messagepack:
      break;
  }
  return Cue::join;
}

void append_answer(std::vector<std::uint8_t>& out, Encoding encoding, std::string_view room,
                   Cue cue) {
  std::string answer;
  switch (cue) {
    case Cue::none:
      return;
    case Cue::connect:
      answer = encoding == Encoding::centrifugo ? R"({"id":1,"connect":{}})" : "40";
      break;
    case Cue::join:
      answer = join_of(encoding, room);
      break;
    case Cue::pong:
      answer = encoding == Encoding::centrifugo ? "{}" : "3";
      break;
  }
  append_client_frame(out, opcode_of(encoding), bytes_of(answer));
}

void note_message(std::string_view room, const MessageFields& fields, std::size_t bytes,
                  Reading& reading) {
  if (fields.type == "message") {
    Received message = fields.room == room ? read_text(fields.text) : Received{};
    message.offset = fields.offset;
    reading.messages.push_back(message);
    reading.bytes += bytes;
  } else if (fields.type == "joined") {
    reading.has_joined = true;
  } else if (fields.type == "error") {
    reading.errors.emplace_back(fields.code);
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
