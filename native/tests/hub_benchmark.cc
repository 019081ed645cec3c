// Nanoseconds a message from append to flushed rows, the way a worker's tick does it: drafts are
// sequenced in batches, room by room, then everything is flushed.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "hub/hub.h"

namespace {

using hubbub::Encoding;

struct Setting {
  std::size_t batch;
  std::size_t rooms;
  Encoding encoding;
  bool with_ids;
  bool is_ascii;
};

struct Buffers {
  std::vector<hubbub::Row> rows = std::vector<hubbub::Row>(8192);
  std::vector<std::uint8_t> text = std::vector<std::uint8_t>(4 << 20);
  std::vector<std::uint8_t> binary = std::vector<std::uint8_t>(4 << 20);
  std::vector<hubbub::Overrun> overruns = std::vector<hubbub::Overrun>(64);
  std::vector<std::uint8_t> page = std::vector<std::uint8_t>(1 << 20);
  hubbub::Output output{rows, text, binary, overruns};
};

double measure(const Setting& setting, std::size_t messages) {
  hubbub::Options options;
  options.limits.flush_interval_ms = 0;
  const auto hub = hubbub::Hub::make(options);
  Buffers buffers;
  hubbub::Time now{1, 1'700'000'000'000};
  std::vector<hubbub::RoomHandle> rooms;
  for (std::size_t i = 0; i < setting.rooms; ++i) {
    const std::string name = "room-" + std::to_string(i);
    rooms.push_back(hub->open_room(0, name, {"e.1", 0, {}}, now).room);
    hubbub::Page users{buffers.page};
    hubbub::Page replay;
    hub->join_and_drain(0, rooms[i], {"user-1", "ann"}, setting.encoding, std::nullopt, now,
                        buffers.output, users, replay);
  }
  const std::string text(setting.is_ascii ? std::string(90, 'x') : std::string(86, 'x') + "\u00f6\u00f6");
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 100'000; ++i) ids.push_back("id-" + std::to_string(i * 7919));
  std::vector<hubbub::Draft> drafts(setting.batch, {"ann of the rooms", "user-00000001", text, {}});
  std::vector<hubbub::Verdict> verdicts(setting.batch);
  std::size_t next_id = 0;
  std::size_t bytes = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t sent = 0; sent < messages;) {
    for (const hubbub::RoomHandle room : rooms) {
      if (setting.with_ids) {
        for (hubbub::Draft& draft : drafts) draft.id = ids[next_id++ % ids.size()];
      }
      hub->sequence(0, room, drafts, verdicts, now);
      sent += setting.batch;
    }
    now.monotonic_ms += 1;
    buffers.output.clear();
    hub->flush(0, now, buffers.output);
    bytes += buffers.output.text_size + buffers.output.binary_size;
  }
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  if (bytes == 0) std::abort();
  return elapsed.count() / static_cast<double>(messages);
}

}  // namespace

int main() {
  std::printf("%-28s", "ns a message; batch x rooms");
  for (const char* column : {"1x1", "16x1", "256x1", "1x16", "16x16", "256x16"}) {
    std::printf("%9s", column);
  }
  std::printf("\n");
  struct Line {
    const char* name;
    Encoding encoding;
    bool with_ids;
    bool is_ascii;
  };
  for (const Line& line : {Line{"json", Encoding::json, false, true},
                           Line{"ndjson", Encoding::ndjson, false, true},
                           Line{"ndjson, with ids", Encoding::ndjson, true, true},
                           Line{"ndjson, not ASCII", Encoding::ndjson, false, false},
                           Line{"msgpack", Encoding::msgpack, false, true}}) {
    std::printf("%-28s", line.name);
    for (const std::size_t rooms : {1U, 16U}) {
      for (const std::size_t batch : {1U, 16U, 256U}) {
        const Setting setting{batch, rooms, line.encoding, line.with_ids, line.is_ascii};
        double best = 1e9;
        for (int run = 0; run < 5; ++run) {
          const double ns = measure(setting, 400'000);
          if (ns < best) best = ns;
        }
        std::printf("%9.1f", best);
        std::fflush(stdout);
      }
    }
    std::printf("\n");
  }
}
