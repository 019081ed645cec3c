// The load engine: reads one request a line from its parent, {"call":"connect",…}, "run", "storm",
// "echo" or "disconnect", and answers each with one line, {"result":…} or {"failure":"…"}. It ends
// when its parent closes the pipe. bench/load/engine.ts is the other side.

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "load/crowd.h"
#include "load/echo.h"
#include "load/json_writer.h"
#include "load/loop.h"
#include "load/plan.h"
#include "load/rejoin.h"
#include "load/traffic.h"

namespace {

using namespace hubbub::load;

// What the parent says, line by line.
class Parent final : private Watcher {
 public:
  explicit Parent(Loop& loop) : loop_(loop) { loop_.add(STDIN_FILENO, EPOLLIN, *this); }

  // Waits for a line; members go on meanwhile.
  std::string next_line() {
    for (;;) {
      const std::size_t end = text_.find('\n');
      if (end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      loop_.turn(std::numeric_limits<std::int32_t>::max() * std::int64_t{1'000'000});
    }
  }

 private:
  void ready(std::uint32_t) override {
    char part[4096];
    const ssize_t got = read(STDIN_FILENO, part, sizeof part);
    // Without a parent there is nobody to work for, whatever is under way.
    if (got <= 0) _exit(0);
    text_.append(part, static_cast<std::size_t>(got));
  }

  Loop& loop_;
  std::string text_;
};

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  // Should it fail, connections beyond the limit are told with the reason.
  setrlimit(RLIMIT_NOFILE, &limit);
}

JsonWriter connect(Crowd& crowd, const CrowdPlan& plan) {
  const CrowdReport report = crowd.connect(plan);
  JsonWriter result;
  result.add("joined", report.joined)
      .add("failed", report.failed)
      .add("elapsed_ms", static_cast<double>(report.elapsed_us) / 1e3)
      .add("connect_us", report.connect_us)
      .add("first_message_us", report.first_message_us)
      .add("join_us", report.join_us);
  if (report.failed > 0) result.add("failure", std::string_view(report.failure));
  return result;
}

JsonWriter storm(Loop& loop, const Crowd& crowd, const StormPlan& plan) {
  std::vector<Client*> clients;
  for (const auto& client : crowd.clients()) clients.push_back(client.get());
  const auto to_us = [](double time_ms) { return static_cast<std::int64_t>(time_ms * 1e3); };
  const RejoinReport report =
      Rejoin(loop, std::move(clients)).run(to_us(plan.ramp_ms), to_us(plan.timeout_ms));
  JsonWriter result;
  result.add("members", report.members)
      .add("failed", report.failed)
      .add("elapsed_ms", static_cast<double>(report.elapsed_us) / 1e3)
      .add("recovery_us", report.recovery_us);
  if (report.failed > 0) result.add("failure", std::string_view(report.failure));
  return result;
}

// Why this crowd cannot do what is asked; empty when it can.
std::string refusal(const Crowd& crowd, const Request& request) {
  if (request.call == Request::Call::run) return Traffic::refusal(crowd, request.traffic);
  if (request.call == Request::Call::echo && crowd.echo_clients().empty()) {
    return "there is no crowd for echoes: connect one that joins nothing";
  }
  if (request.call == Request::Call::storm && crowd.clients().empty()) {
    return "there is no crowd: connect one";
  }
  return "";
}

JsonWriter result_of(const Request& request, Loop& loop, Crowd& crowd) {
  switch (request.call) {
    case Request::Call::connect:
      return connect(crowd, request.crowd);
    case Request::Call::run:
      return Traffic(loop, crowd, request.traffic).run();
    case Request::Call::storm:
      return storm(loop, crowd, request.storm);
    case Request::Call::echo:
      return Echo(loop, crowd, request.echo).run();
    case Request::Call::disconnect:
      crowd.disconnect();
      break;
  }
  return {};
}

JsonWriter answer_to(const std::string& line, Loop& loop, Crowd& crowd) {
  std::string reason;
  const auto request = read_request(line, reason);
  if (request) reason = refusal(crowd, *request);
  JsonWriter answer;
  if (!reason.empty()) return answer.add("failure", std::string_view(reason));
  return answer.add("result", result_of(*request, loop, crowd));
}

}  // namespace

int main() {
  raise_descriptor_limit();
  Loop loop;
  Parent parent(loop);
  Crowd crowd(loop);
  for (;;) {
    const std::string answer = answer_to(parent.next_line(), loop, crowd).text() + '\n';
    if (std::fwrite(answer.data(), 1, answer.size(), stdout) != answer.size()) return 1;
    if (std::fflush(stdout) != 0) return 1;
  }
}
