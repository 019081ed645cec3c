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

  void read(const char* name, bool& out) {
    const auto value = take(name);
    if (!value) return;
    out = *value == "true";
    if (!out && *value != "false") reason_ = std::string(name) + " has to be true or false";
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

void read_encoding(Fields& fields, Encoding& encoding) {
  const std::map<std::string, Encoding> known = {{"json", Encoding::json},
                                                 {"msgpack", Encoding::messagepack},
                                                 {"socket.io", Encoding::socket_io},
                                                 {"centrifugo", Encoding::centrifugo}};
  std::string name = "json";
  fields.read("encoding", name);
  const auto found = known.find(name);
  if (found == known.end()) return fields.fail("nobody knows the encoding \"" + name + '"');
  encoding = found->second;
}

void read_crowd(Fields& fields, CrowdPlan& crowd) {
  fields.read("hostname", crowd.target.hostname);
  fields.read_whole("port", crowd.target.port, 65'535);
  fields.read("path", crowd.target.path);
  fields.read("subprotocol", crowd.target.subprotocol);
  read_encoding(fields, crowd.encoding);
  fields.read_whole("members", crowd.members, count_max);
  fields.read("joins", crowd.joins);
  fields.read_whole("rooms", crowd.rooms, count_max);
  fields.read("timeout_ms", crowd.timeout_ms);
  fields.read("ramp_ms", crowd.ramp_ms);
  fields.read_whole("source_addresses", crowd.source_addresses, 253);
  if (crowd.rooms == 0) fields.fail("rooms has to be at least 1");
}

void read_open_loop(Fields& fields, OpenLoopPlan& plan) {
  std::string pattern = "fixed";
  double ramp_ms = 0;
  fields.read("pattern", pattern);
  fields.read("rate", plan.schedule.rate);
  fields.read_whole("burst_size", plan.schedule.burst_size, count_max);
  fields.read("ramp_ms", ramp_ms);
  fields.read("warmup_ms", plan.warmup_ms);
  fields.read("duration_ms", plan.duration_ms);
  fields.read_whole("server_pid", plan.server_pid, 1e9);
  plan.schedule.ramp_us = ramp_ms * 1'000;
  if (pattern == "burst") {
    plan.schedule.pattern = Schedule::Pattern::burst;
  } else if (pattern == "ramp") {
    plan.schedule.pattern = Schedule::Pattern::ramp;
  } else if (pattern != "fixed") {
    fields.fail("pattern is fixed, burst or ramp");
  }
  if (!(plan.schedule.rate > 0)) fields.fail("rate has to be above 0");
  if (plan.schedule.burst_size == 0) fields.fail("burst_size has to be at least 1");
}

void read_traffic(Fields& fields, TrafficPlan& traffic) {
  read_open_loop(fields, traffic);
  fields.read_whole("senders", traffic.senders, count_max);
  fields.read_whole("payload_bytes", traffic.payload_bytes, 16e6);
  fields.read_whole("comers", traffic.comers, count_max);
  fields.read("comer_pause_ms", traffic.comer_pause_ms);
  fields.read_whole("stalled", traffic.stalled, count_max);
  if (traffic.senders == 0) fields.fail("senders has to be at least 1");
  if (traffic.comer_pause_ms < 1) fields.fail("comer_pause_ms has to be at least 1");
}

void read_storm(Fields& fields, StormPlan& storm) {
  fields.read("ramp_ms", storm.ramp_ms);
  fields.read("timeout_ms", storm.timeout_ms);
  if (storm.timeout_ms <= storm.ramp_ms) fields.fail("timeout_ms has to be above ramp_ms");
}

void read_echo(Fields& fields, EchoPlan& echo) {
  read_open_loop(fields, echo);
  std::string format = "text";
  fields.read("format", format);
  fields.read_whole("payload_bytes", echo.payload_bytes, 16e6);
  echo.is_binary = format == "binary";
  if (!echo.is_binary && format != "text") fields.fail("format is text or binary");
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
  } else if (call == "storm") {
    request.call = Request::Call::storm;
    read_storm(fields, request.storm);
  } else if (call == "echo") {
    request.call = Request::Call::echo;
    read_echo(fields, request.echo);
  } else if (call != "disconnect") {
    fields.fail("call is connect, run, storm, echo or disconnect");
  }
  reason = fields.reason();
  if (!reason.empty()) return std::nullopt;
  return request;
}

}  // namespace hubbub::load
