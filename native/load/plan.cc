#include "load/plan.h"

#include <cmath>
#include <cstdlib>
#include <map>

#include "load/json_object.h"

namespace hubbub::load {

namespace {

// The members of a flat object by name. What is read is taken out, so that what nobody knows shows.
class Fields {
 public:
  explicit Fields(std::string_view line) {
    JsonObject object(line);
    while (const auto member = object.next()) {
      values_.emplace(member->name, member->is_string ? unescaped(member->value)
                                                      : std::string(member->value));
    }
    if (!object.is_valid()) reason_ = "a request is one line with a JSON object";
  }

  void read(const char* name, std::string& out) {
    if (const auto value = take(name)) out = *value;
  }

  // Whole or not, never negative.
  void read(const char* name, double& out) {
    const auto value = take(name);
    if (!value) return;
    char* end = nullptr;
    out = std::strtod(value->c_str(), &end);
    if (end == value->c_str() || *end != '\0' || !(out >= 0) || !std::isfinite(out)) {
      reason_ = std::string(name) + " has to be a number that is not negative";
    }
  }

  template <class Whole>
  void read_whole(const char* name, Whole& out, double max) {
    auto number = static_cast<double>(out);
    read(name, number);
    if (number > max || number != std::floor(number)) {
      reason_ = std::string(name) + " has to be a whole number up to " + std::to_string(max);
    } else if (reason_.empty()) {
      out = static_cast<Whole>(number);
    }
  }

  void fail(std::string reason) { reason_ = std::move(reason); }

  std::string reason() const {
    if (!reason_.empty()) return reason_;
    return values_.empty() ? "" : "nobody knows \"" + values_.begin()->first + '"';
  }

 private:
  std::optional<std::string> take(const char* name) {
    auto node = values_.extract(name);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }

  std::map<std::string, std::string> values_;
  std::string reason_;
};

constexpr double count_max = 1e6;

void read_crowd(Fields& fields, CrowdPlan& crowd) {
  fields.read("hostname", crowd.target.hostname);
  fields.read_whole("port", crowd.target.port, 65'535);
  fields.read("path", crowd.target.path);
  fields.read("subprotocol", crowd.target.subprotocol);
  std::string encoding = "json";
  fields.read("encoding", encoding);
  if (encoding == "msgpack") {
    crowd.encoding = Encoding::messagepack;
  } else if (encoding == "socket.io") {
    crowd.encoding = Encoding::socket_io;
  } else if (encoding != "json") {
    fields.fail("encoding is json, msgpack or socket.io");
  }
  fields.read_whole("members", crowd.members, count_max);
  fields.read_whole("rooms", crowd.rooms, count_max);
  fields.read("timeout_ms", crowd.timeout_ms);
  fields.read("ramp_ms", crowd.ramp_ms);
  fields.read_whole("source_addresses", crowd.source_addresses, 253);
  if (crowd.rooms == 0) fields.fail("rooms has to be at least 1");
}

void read_traffic(Fields& fields, TrafficPlan& traffic) {
  std::string pattern = "fixed";
  double ramp_ms = 0;
  fields.read("pattern", pattern);
  fields.read("rate", traffic.schedule.rate);
  fields.read_whole("burst_size", traffic.schedule.burst_size, count_max);
  fields.read("ramp_ms", ramp_ms);
  fields.read_whole("senders", traffic.senders, count_max);
  fields.read_whole("payload_bytes", traffic.payload_bytes, 16e6);
  fields.read("warmup_ms", traffic.warmup_ms);
  fields.read("duration_ms", traffic.duration_ms);
  fields.read_whole("server_pid", traffic.server_pid, 1e9);
  traffic.schedule.ramp_us = ramp_ms * 1'000;
  if (pattern == "burst") {
    traffic.schedule.pattern = Schedule::Pattern::burst;
  } else if (pattern == "ramp") {
    traffic.schedule.pattern = Schedule::Pattern::ramp;
  } else if (pattern != "fixed") {
    fields.fail("pattern is fixed, burst or ramp");
  }
  if (!(traffic.schedule.rate > 0)) fields.fail("rate has to be above 0");
  if (traffic.schedule.burst_size == 0) fields.fail("burst_size has to be at least 1");
  if (traffic.senders == 0) fields.fail("senders has to be at least 1");
}

}  // namespace

std::optional<Request> read_request(std::string_view line, std::string& reason) {
  Fields fields(line);
  Request request;
  std::string call;
  fields.read("call", call);
  if (call == "connect") {
    request.call = Request::Call::connect;
    read_crowd(fields, request.crowd);
  } else if (call == "run") {
    request.call = Request::Call::run;
    read_traffic(fields, request.traffic);
  } else if (call != "disconnect") {
    fields.fail("call is connect, run or disconnect");
  }
  reason = fields.reason();
  if (!reason.empty()) return std::nullopt;
  return request;
}

}  // namespace hubbub::load
