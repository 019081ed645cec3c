#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hubbub::load {

// The messages of the echo benchmark, as text (bench/contract/README.md),
//
//   {"message_id":"7","client_id":"3","timestamp":1700000000000,"payload":"…"}
//
// or as bytes, with the same four fields: message id (8 bytes), client id (4), timestamp (8, all of
// them big endian), and the payload to the end.
//
// Neighbours have different payloads, so that one that came back with another's shows: each is a
// piece of one and the same long text, and comparing it takes a memory comparison.
class EchoMessages {
 public:
  struct Envelope {
    std::uint64_t message_id = 0;
    std::uint32_t client_id = 0;
    // Of the wall clock.
    std::int64_t timestamp_ms = 0;
  };

  EchoMessages(bool is_binary, std::size_t payload_bytes);

  // The whole message, until the next one is written.
  std::string_view write(const Envelope& envelope);
  // The message id that it begins with; none when it begins with something else.
  std::optional<std::uint64_t> index_of(std::string_view message) const;
  // Whether it is, byte for byte, what was written for this envelope.
  bool is_same(std::string_view message, const Envelope& envelope) const;

 private:
  std::string head_of(const Envelope& envelope) const;
  std::string_view payload_of(const Envelope& envelope) const;
  std::string_view tail() const;

  const bool is_binary_;
  const std::size_t payload_bytes_;
  std::string text_;
  std::string message_;
};

}  // namespace hubbub::load
