#include "hub/rows.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace hubbub {

namespace {

// Rows say where their bytes are in 32 bits.
constexpr std::size_t reach = std::numeric_limits<std::uint32_t>::max();

std::size_t left(std::span<std::uint8_t> bytes, std::size_t used) {
  return std::min(bytes.size(), reach) - used;
}

}  // namespace

RowWriter::RowWriter(Output& output, const Attachment& reader, const Limits& limits)
    : output_(output),
      room_(static_cast<double>(reader.handle)),
      speaking_(reader.speaking),
      limits_(limits),
      text_begin_(output.text_size),
      binary_begin_(output.binary_size) {}

std::size_t RowWriter::take(const Chunk& chunk, std::size_t i, std::size_t end, const Stream* twin,
                            std::size_t& budget) {
  const std::size_t first = i;
  std::uint8_t* const text = output_.text.data() + output_.text_size;
  const std::size_t text_before = output_.text_size;
  for (; i < end && budget > 0; ++i) {
    const std::size_t json_bytes = chunk.size_of(i);
    if (json_bytes > budget && budget < hold_bytes_max) {
      budget = 0;
      break;
    }
    Stream::Place other{nullptr, 0};
    std::size_t other_bytes = 0;
    if (twin != nullptr) {
      other = twin->find(chunk.first_index + i);
      other_bytes = other.chunk->size_of(other.i);
    }
    std::uint8_t* const binary = output_.binary.data() + output_.binary_size;
    if (!admit(json_bytes, chunk.entry(i).ascii != 0, other_bytes)) break;
    if (twin != nullptr) {
      std::memcpy(binary, other.chunk->at(other.chunk->begin_of(other.i)), other_bytes);
    }
    budget -= std::min(budget, json_bytes);
  }
  // Text of one chunk is one run, however many batches and rows it makes.
  const std::size_t text_bytes = output_.text_size - text_before;
  if (text_bytes > 0) std::memcpy(text, chunk.at(chunk.begin_of(first)), text_bytes);
  return i - first;
}

bool RowWriter::take(const std::uint8_t* json, std::size_t json_bytes, bool ascii,
                     const std::uint8_t* messagepack, std::size_t messagepack_bytes) {
  std::uint8_t* const text = output_.text.data() + output_.text_size;
  std::uint8_t* const binary = output_.binary.data() + output_.binary_size;
  const std::size_t text_before = output_.text_size;
  if (!wants_messagepack()) messagepack_bytes = 0;
  if (!admit(json_bytes, ascii, messagepack_bytes)) return false;
  if (output_.text_size > text_before) std::memcpy(text, json, json_bytes);
  if (messagepack_bytes > 0) std::memcpy(binary, messagepack, messagepack_bytes);
  return true;
}

// Makes room for one record's bytes, and notes it in the batch and its rows.
bool RowWriter::admit(std::size_t json_bytes, bool ascii, std::size_t messagepack_bytes) {
  const std::size_t bare_bytes = json_bytes - 1;
  if (count_ > 0 && (bytes_ + bare_bytes > limits_.batch_bytes_max ||
                     count_ >= limits_.batch_records_max)) {
    finish();
  }
  const bool writes_text = speaking_[0] + speaking_[1] > 0;
  if (!has_room_for(writes_text ? json_bytes : 0, messagepack_bytes)) {
    full_ = true;
    return false;
  }
  if (speaking_[0] > 0) add_row(Encoding::json, output_.text_size, bare_bytes, 1, ascii);
  if (writes_text) output_.text_size += json_bytes;
  output_.binary_size += messagepack_bytes;
  ++count_;
  bytes_ += bare_bytes;
  if (!ascii) ascii_ = false;
  return true;
}

bool RowWriter::has_room_for(std::size_t text_bytes, std::size_t binary_bytes) {
  if (output_.rows.size() - output_.row_count < Output::rows_min) return false;
  const bool text_fits = left(output_.text, output_.text_size) >= text_bytes;
  const bool binary_fits = left(output_.binary, output_.binary_size) >= binary_bytes;
  if (text_fits && binary_fits) return true;
  if (output_.row_count == 0 && output_.text_size == 0 && output_.binary_size == 0) {
    output_.text_needed = text_fits ? 0 : text_bytes;
    output_.binary_needed = binary_fits ? 0 : binary_bytes;
  }
  return false;
}

Status RowWriter::status() const {
  return output_.text_needed > 0 || output_.binary_needed > 0 ? Status::too_small : Status::more;
}

void RowWriter::finish() {
  if (count_ == 0) return;
  if (speaking_[1] > 0) {
    const std::size_t length = output_.text_size - text_begin_ - 1;
    add_row(Encoding::ndjson, text_begin_, length, count_, ascii_);
  }
  if (speaking_[2] > 0) {
    const std::size_t length = output_.binary_size - binary_begin_;
    add_row(Encoding::msgpack, binary_begin_, length, count_, false);
  }
  text_begin_ = output_.text_size;
  binary_begin_ = output_.binary_size;
  count_ = bytes_ = 0;
  ascii_ = true;
}

void RowWriter::add_row(Encoding encoding, std::size_t start, std::size_t length,
                        std::size_t count, bool ascii) {
  const auto index = static_cast<std::size_t>(encoding);
  output_.rows[output_.row_count++] = {
      room_,
      static_cast<std::uint32_t>(start),
      static_cast<std::uint32_t>(length),
      static_cast<std::uint32_t>(count),
      static_cast<std::uint8_t>(index),
      static_cast<std::uint8_t>(ascii ? 1 : 0),
      0,
  };
  ++rows_;
  deliveries_ += count * speaking_[index];
}

}  // namespace hubbub
