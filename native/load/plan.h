#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "load/chat.h"
#include "load/schedule.h"
#include "load/web_socket.h"

namespace hubbub::load {

// A crowd of clients to connect.
struct CrowdPlan {
  Endpoint target;
  Encoding encoding = Encoding::json;
  std::uint64_t members = 0;
  // Whether they are members of rooms; else they connect and join nothing.
  bool joins = true;
  // Members are spread over them evenly.
  std::uint64_t rooms = 1;
  // How long the whole crowd may take to connect and join.
  double timeout_ms = 0;
  // Over which time connections are begun, evenly; 0 is as fast as handshakes end.
  double ramp_ms = 0;
  // Member n comes from 127.0.0.(1 + n modulo this); 0 leaves the choice to the kernel.
  std::uint64_t source_addresses = 0;
};

// What every run in an open loop is told.
struct OpenLoopPlan {
  Schedule schedule;
  double warmup_ms = 0;
  double duration_ms = 0;
  // The process whose CPU and memory count as the server's; 0 for a server elsewhere.
  int server_pid = 0;
};

// One run of traffic over a crowd that has joined.
struct TrafficPlan : OpenLoopPlan {
  std::uint64_t senders = 1;
  // Of the JSON of one `chat` frame.
  std::uint64_t payload_bytes = 0;
  // Clients beside the crowd who come into its rooms and go again, all the time.
  std::uint64_t comers = 0;
  // From the begin of a comer's connection to that of the next one at the least.
  double comer_pause_ms = 100;
  // Members who do not read while the window is open.
  std::uint64_t stalled = 0;
};

// Everybody loses the connection at once and comes in again.
struct StormPlan {
  double ramp_ms = 0;
  double timeout_ms = 0;
};

// One run of messages that the server is to return, over a crowd that has joined nothing.
struct EchoPlan : OpenLoopPlan {
  bool is_binary = false;
  // Of the field `payload`.
  std::uint64_t payload_bytes = 0;
};

// What the engine is asked, one line of JSON each.
struct Request {
  enum class Call : std::uint8_t { connect, run, storm, echo, disconnect };
  Call call = Call::disconnect;
  CrowdPlan crowd;
  TrafficPlan traffic;
  StormPlan storm;
  EchoPlan echo;
};

// None when the line is no request; `reason` then says why.
std::optional<Request> read_request(std::string_view line, std::string& reason);

}  // namespace hubbub::load
