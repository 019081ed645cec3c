#include "load/chat_reader.h"
#include "load/messagepack.h"

namespace hubbub::load {

namespace {

using messagepack::Reader;

void keep(std::string_view name, const Reader::Value& value, MessageFields& fields) {
  if (value.kind == Reader::Value::Kind::number) {
    if (name == "offset") fields.offset = value.number;
  } else if (name == "type") {
    fields.type = value.string;
  } else if (name == "room") {
    fields.room = value.string;
  } else if (name == "text") {
    fields.text = value.string;
  } else if (name == "code") {
    fields.code = value.string;
  }
}

}  // namespace

bool read_messagepack(std::string_view room, std::string_view frame, Reading& reading) {
  Reader reader(frame);
  while (!reader.is_at_end()) {
    const std::size_t start = reader.position();
    const auto pairs = reader.map();
    if (!pairs) return false;
    MessageFields fields;
    for (std::size_t pair = 0; pair < *pairs; ++pair) {
      const auto name = reader.value();
      const auto value = reader.value();
      if (!name || !value || name->kind != Reader::Value::Kind::string) return false;
      keep(name->string, *value, fields);
    }
    note_message(room, fields, reader.position() - start, reading);
  }
  return true;
}

}  // namespace hubbub::load
