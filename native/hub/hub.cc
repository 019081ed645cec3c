#include "hub/hub.h"

#include <cmath>
#include <utility>

#include "hub/core.h"

namespace hubbub {

namespace {

bool are_acceptable(const Options& options) {
  const Limits& limits = options.limits;
  return options.workers >= 1 && options.workers <= workers_max &&
         std::isfinite(limits.flush_interval_ms) && limits.flush_interval_ms >= 0 &&
         limits.batch_bytes_max >= 1 && limits.batch_records_max >= 1 &&
         limits.history_age_ms_max <= offset_max && limits.idempotency_ids_max <= (1U << 30);
}

}  // namespace

static_assert(workers_max <= CounterTable::workers_max);

std::unique_ptr<Hub> Hub::make(const Options& options) {
  if (!are_acceptable(options)) return nullptr;
  return std::unique_ptr<Hub>(new Hub(std::make_unique<Core>(options)));
}

Hub::Hub(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Hub::~Hub() = default;

std::uint64_t Hub::count(Counter counter) const {
  return core_->counters.sum(static_cast<std::size_t>(counter));
}

std::size_t Hub::pool_bytes() const { return core_->pool.bytes(); }

}  // namespace hubbub
