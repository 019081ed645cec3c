#pragma once

#include <cstdint>

#include "door/reader.h"
#include "hub/hub.h"

namespace hubbub {

// What somebody says, as every op has it: lengths of from, from_id, text and id, then the texts. Its
// texts are views of the memory that is read. Whether there was enough of that, the reader knows.
inline void read_draft(Reader& reader, Draft& draft) {
  const std::uint32_t from = reader.word();
  const std::uint32_t from_id = reader.word();
  const std::uint32_t text = reader.word();
  const std::uint32_t id = reader.word();
  draft.from = reader.text(from);
  draft.from_id = reader.text(from_id);
  draft.text = reader.text(text);
  if (id != absent_length) draft.id.emplace(reader.text(id));
}

}  // namespace hubbub
