#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hubbub::load {

// Counts of whole, non-negative values in buckets of a constant relative width, the very buckets of
// bench/load/histogram.ts: what both record adds up exactly. The idea is HdrHistogram's (Gil Tene).
class Histogram {
 public:
  // 2^7 buckets for each power of two: a value is reported at most 1/128 too high.
  static constexpr int precision_bits = 7;
  static constexpr std::int64_t value_max = 0x7fff'ffff;
  static constexpr std::size_t buckets = std::size_t{31 - precision_bits + 1} << precision_bits;

  static std::size_t bucket_of(std::uint32_t value);
  static std::int64_t highest_in(std::size_t bucket);

  // Below 0 counts as 0, past `value_max` as that.
  void record(std::int64_t value);
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  // 0 when nothing was recorded.
  std::int64_t min() const { return count_ == 0 ? 0 : min_; }
  std::int64_t max() const { return max_; }

  // The smallest value that at least `percent` of the values do not exceed, as the upper end of its
  // bucket and never more than the maximum. 0 when nothing was recorded.
  std::int64_t percentile(double percent) const;

  // {"buckets":[index,count,…],"min":…,"max":…,"sum":…}
  void append_json(std::string& out) const;

 private:
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(buckets);
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::int64_t min_ = value_max;
  std::int64_t max_ = 0;
};

}  // namespace hubbub::load
