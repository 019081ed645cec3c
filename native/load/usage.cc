#include "load/usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace hubbub::load {

namespace {

std::string read_file(const std::string& path) {
  std::string text;
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return text;
  char part[4096];
  for (std::size_t got = 1; got > 0;) {
    got = std::fread(part, 1, sizeof part, file);
    text.append(part, got);
  }
  std::fclose(file);
  return text;
}

double to_ms(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

// The field `number` places behind the start of `text`, as blanks cut it; 0 when there is none.
double field(const std::string& text, std::size_t start, int number) {
  std::size_t at = start;
  for (int skipped = 0; skipped < number && at != std::string::npos; ++skipped) {
    at = text.find(' ', at + 1);
  }
  return at >= text.size() ? 0 : std::strtod(text.c_str() + at, nullptr);
}

}  // namespace

double own_cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return to_ms(usage.ru_utime) + to_ms(usage.ru_stime);
}

Usage usage_of(int pid) {
  const std::string folder = pid == 0 ? "/proc/self/" : "/proc/" + std::to_string(pid) + '/';
  const std::string stat = read_file(folder + "stat");
  const std::string schedule = read_file(folder + "schedstat");
  const std::string memory = read_file(folder + "statm");
  // utime and stime are the fields 12 and 13 behind the name, which may hold blanks.
  const std::size_t name_end = stat.rfind(')');
  const double ticks =
      name_end == std::string::npos ? 0 : field(stat, name_end, 12) + field(stat, name_end, 13);
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  return {
      .cpu_ms = ticks * 1e3 / ticks_per_second,
      .waited_ms = field(schedule, 0, 1) / 1e6,
      .rss_bytes = static_cast<std::uint64_t>(field(memory, 0, 1) * page_bytes),
  };
}

}  // namespace hubbub::load
