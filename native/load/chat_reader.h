#pragma once

#include <string_view>

#include "load/chat.h"

// What the readers of the encodings share.
namespace hubbub::load {

// The fields of one message from the server; empty where there are none.
struct MessageFields {
  std::string_view type;
  std::string_view room;
  std::string_view text;
  std::string_view code;
  std::int64_t offset = no_offset;
};

// Adds a message of so many bytes to what its frame says.
void note_message(std::string_view room, const MessageFields& fields, std::size_t bytes,
                  Reading& reading);

bool read_json(std::string_view room, std::string_view frame, Reading& reading);
bool read_messagepack(std::string_view room, std::string_view frame, Reading& reading);
bool read_socket_io(std::string_view room, std::string_view packet, Reading& reading);
bool read_centrifugo(std::string_view room, std::string_view frame, Reading& reading);

}  // namespace hubbub::load
