#include "load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hubbub::load {

namespace {

constexpr std::uint32_t exact_below = 1U << (Histogram::precision_bits + 1);

}  // namespace

std::size_t Histogram::bucket_of(std::uint32_t value) {
  if (value < exact_below) return value;
  const auto shift = static_cast<std::uint32_t>(31 - std::countl_zero(value) - precision_bits);
  return (std::size_t{shift} << precision_bits) + (value >> shift);
}

std::int64_t Histogram::highest_in(std::size_t bucket) {
  if (bucket < exact_below) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = (bucket >> precision_bits) - 1;
  const std::size_t leading = bucket - (shift << precision_bits);
  return static_cast<std::int64_t>((leading + 1) << shift) - 1;
}

void Histogram::record(std::int64_t value) {
  const std::int64_t whole = std::clamp<std::int64_t>(value, 0, value_max);
  ++counts_[bucket_of(static_cast<std::uint32_t>(whole))];
  ++count_;
  sum_ += static_cast<std::uint64_t>(whole);
  min_ = std::min(min_, whole);
  max_ = std::max(max_, whole);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::int64_t Histogram::percentile(double percent) const {
  const double share = std::ceil(static_cast<double>(count_) * percent / 100);
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(max_, highest_in(bucket));
  }
  return 0;
}

void Histogram::append_json(std::string& out) const {
  out += "{\"buckets\":[";
  bool first = true;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    if (counts_[bucket] == 0) continue;
    if (!first) out += ',';
    first = false;
    out += std::to_string(bucket) + ',' + std::to_string(counts_[bucket]);
  }
  out += "],\"min\":" + std::to_string(min()) + ",\"max\":" + std::to_string(max_) +
         ",\"sum\":" + std::to_string(sum_) + '}';
}

}  // namespace hubbub::load
