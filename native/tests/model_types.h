#pragma once

// What the simple model of the hub is made of.

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "hub/hub.h"

namespace hubbub::tests {

struct ModelItem {
  // 0 for an event.
  std::uint64_t offset = 0;
  std::uint64_t prev = 0;
  std::uint64_t timestamp = 0;
  std::string json;
  std::string messagepack;
};

struct ModelRow {
  Encoding encoding;
  std::string bytes;
  std::size_t count;

  bool operator==(const ModelRow&) const = default;
};

enum class ModelOverrun { no, unreported, reported };

struct ModelReader {
  std::array<std::size_t, encodings> speaking{};
  std::vector<ModelItem> pending;
  std::size_t pending_bytes = 0;
  std::uint64_t offset = 0;
  // Records after `offset`, whether they are pending or not.
  std::uint64_t unpublished = 0;
  ModelOverrun overrun = ModelOverrun::no;
  double flushed_at_ms = -std::numeric_limits<double>::infinity();
  double due_ms = 0;

  [[nodiscard]] std::size_t connections() const { return speaking[0] + speaking[1] + speaking[2]; }
};

struct ModelUser {
  std::string user_id;
  std::string username;
  std::map<std::size_t, std::size_t> connections;
};

struct ModelCounts {
  std::uint64_t members = 0;
  std::uint64_t records = 0;
  std::uint64_t events = 0;
  std::uint64_t duplicates_dropped = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t rows = 0;
  std::uint64_t overruns = 0;
  std::uint64_t records_lost = 0;
};

}  // namespace hubbub::tests
