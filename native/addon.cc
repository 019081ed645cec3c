// The line between JavaScript and the native core, and the only file that knows N-API. It unpacks
// arguments, calls plain C++ and packs the answer. TypeScript has checked the arguments before it
// crosses; what is checked here again keeps a mistake up there from touching memory down here.

#include <napi.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "door/door.h"
#include "hub/counters.h"
#include "hub/hub.h"

namespace {

using hubbub::Area;
using hubbub::Door;
using hubbub::Hub;
using hubbub::Status;

// Raised whenever the functions below change, so that a stale binary is refused, not misread.
constexpr std::uint32_t abi_version = 4;

// What all threads of the process share. Leaked on purpose: workers may still use it while the
// process runs its exit handlers, and a destroyed object would be used then.
class Process {
 public:
  static Process& instance() {
    static Process& process = *new Process;
    return process;
  }

  hubbub::CounterTable counters;
  std::mutex counters_mutex;

  std::uint32_t add(std::shared_ptr<Hub> hub) {
    const std::lock_guard lock(mutex_);
    hubs_.emplace(++last_id_, std::move(hub));
    return last_id_;
  }

  std::shared_ptr<Hub> find(std::uint32_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = hubs_.find(id);
    return found == hubs_.end() ? nullptr : found->second;
  }

  // Doors that are still open keep the hub alive.
  void remove(std::uint32_t id) {
    const std::lock_guard lock(mutex_);
    hubs_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::uint32_t last_id_ = 0;
  std::unordered_map<std::uint32_t, std::shared_ptr<Hub>> hubs_;
};

void throw_type_error(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

void throw_range_error(Napi::Env env, const char* message) {
  Napi::RangeError::New(env, message).ThrowAsJavaScriptException();
}

bool all_numbers(const Napi::CallbackInfo& info, std::size_t count) {
  if (info.Length() < count) return false;
  for (std::size_t index = 0; index < count; ++index) {
    if (!info[index].IsNumber()) return false;
  }
  return true;
}

// A whole number from 0 to `max`; nothing for what is not one.
std::optional<std::uint64_t> whole(const Napi::Value& value, double max) {
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= max) || number != std::floor(number)) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

// One worker's door. Belongs to the thread of its environment; only the wake-up crosses threads.
class DoorObject : public Napi::ObjectWrap<DoorObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Door",
                       {InstanceMethod("lend", &DoorObject::lend),
                        InstanceMethod("execute", &DoorObject::execute),
                        InstanceMethod("count", &DoorObject::count),
                        InstanceMethod("poolBytes", &DoorObject::pool_bytes),
                        InstanceMethod("detach", &DoorObject::detach)});
  }

  // new Door(hub: number, worker: number, wake: (due_ms: number) => void)
  explicit DoorObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DoorObject>(info) {
    open(info);
  }

  ~DoorObject() override { close(); }

 private:
  void open(const Napi::CallbackInfo& info) {
    if (!all_numbers(info, 2) || info.Length() != 3 || !info[2].IsFunction()) {
      return throw_type_error(info.Env(), "Door takes two numbers and a function");
    }
    const auto id = whole(info[0], 0xffffffff);
    const auto worker = whole(info[1], hubbub::workers_max - 1);
    auto hub = id ? Process::instance().find(static_cast<std::uint32_t>(*id)) : nullptr;
    if (!hub || !worker) return throw_range_error(info.Env(), "Door: no such hub or worker");
    wake_ = WakeFunction::New(info.Env(), info[2].As<Napi::Function>(), "hubbub wake", 0, 1);
    // A pending wake-up is no reason to keep the process running.
    wake_.Unref(info.Env());
    if (hub->attach_worker(*worker, &DoorObject::wake, this) != Status::done) {
      wake_.Release();
      return throw_range_error(info.Env(), "Door: this worker has a door already, or is too many");
    }
    // From here on there is something to close.
    hub_ = std::move(hub);
    worker_ = *worker;
    door_.emplace(*hub_, worker_);
  }

  // Another worker's thread: says that there is something to flush, and when.
  static void wake(void* context, double due_ms) {
    static_cast<DoorObject*>(context)->wake_.NonBlockingCall(std::bit_cast<void*>(due_ms));
  }

  // The door's own thread again. The C interface, because what fails here is no mistake: a wake-up
  // that throws is an uncaught exception, and an environment that is ending runs no JavaScript.
  static void call_wake(Napi::Env env, Napi::Function callback, std::nullptr_t*, void* due_ms) {
    napi_value argument = nullptr;
    napi_value global = nullptr;
    if (napi_create_double(env, std::bit_cast<double>(due_ms), &argument) != napi_ok) return;
    if (napi_get_global(env, &global) != napi_ok) return;
    napi_call_function(env, global, callback, 1, &argument, nullptr);
  }
  using WakeFunction = Napi::TypedThreadSafeFunction<std::nullptr_t, void, call_wake>;

  // lend(area: number, bytes: number): ArrayBuffer, zeroed. The door holds the memory by itself until
  // it lends another for the area: whatever becomes of the ArrayBuffer, every call has memory.
  Napi::Value lend(const Napi::CallbackInfo& info) {
    if (info.Length() != 2 || !all_numbers(info, 2) || !door_) {
      throw_type_error(info.Env(), "lend takes two numbers, before detach");
      return info.Env().Undefined();
    }
    const auto area = whole(info[0], hubbub::areas - 1);
    const auto bytes = whole(info[1], 0xffffffff);
    const Memory memory = area && bytes ? allocate(*bytes) : nullptr;
    if (!memory || !door_->set_area(static_cast<Area>(*area), {memory.get(), *bytes})) {
      throw_range_error(info.Env(), "lend: no such area, or no size for it");
      return info.Env().Undefined();
    }
    held_[*area] = memory;
    auto lent = std::make_unique<Memory>(memory);
    napi_value buffer = nullptr;
    if (napi_create_external_arraybuffer(info.Env(), memory.get(), *bytes, &DoorObject::give_back,
                                         lent.get(), &buffer) != napi_ok) {
      throw_range_error(info.Env(), "lend: no ArrayBuffer to be had");
      return info.Env().Undefined();
    }
    lent.release();
    return {info.Env(), buffer};
  }

  using Memory = std::shared_ptr<std::uint8_t>;

  // Null when there is not so much.
  static Memory allocate(std::size_t bytes) {
    auto* const memory = static_cast<std::uint8_t*>(std::calloc(bytes, 1));
    return memory == nullptr ? nullptr : Memory(memory, [](void* given) { std::free(given); });
  }

  // The ArrayBuffer is gone, in whichever thread it has ended up.
  static void give_back(napi_env, void*, void* lent) { delete static_cast<Memory*>(lent); }

  // execute(): void. What to do, and what came of it, stand in the control area: every argument and
  // every result of a call costs as much as some work on a message.
  void execute(const Napi::CallbackInfo& info) {
    if (!door_) return throw_type_error(info.Env(), "execute: the door is detached");
    door_->execute();
  }

  // count(counter: number): number, over all workers
  Napi::Value count(const Napi::CallbackInfo& info) {
    const auto counter =
        all_numbers(info, 1)
            ? whole(info[0], static_cast<double>(hubbub::Counter::wakes))
            : std::nullopt;
    if (!counter || !hub_) {
      throw_range_error(info.Env(), "count: no such counter");
      return info.Env().Undefined();
    }
    const std::uint64_t sum = hub_->count(static_cast<hubbub::Counter>(*counter));
    return Napi::Number::New(info.Env(), static_cast<double>(sum));
  }

  // poolBytes(): number
  Napi::Value pool_bytes(const Napi::CallbackInfo& info) {
    const std::size_t bytes = hub_ ? hub_->pool_bytes() : 0;
    return Napi::Number::New(info.Env(), static_cast<double>(bytes));
  }

  // detach(): void; nothing but the destructor may follow
  void detach(const Napi::CallbackInfo&) { close(); }

  void close() {
    if (!hub_) return;
    // When this has returned nobody wakes us any more, and the function can go.
    hub_->detach_worker(worker_);
    wake_.Release();
    door_.reset();
    hub_.reset();
    held_ = {};
  }

  std::shared_ptr<Hub> hub_;
  std::size_t worker_ = 0;
  std::optional<Door> door_;
  WakeFunction wake_;
  std::array<Memory, hubbub::areas> held_;
};

// One per JavaScript environment, that is one for the main thread and one for each Worker.
class HubbubAddon : public Napi::Addon<HubbubAddon> {
 public:
  HubbubAddon(Napi::Env env, Napi::Object exports) : process_(Process::instance()) {
    DefineAddon(exports, {
                             InstanceValue("abiVersion", Napi::Number::New(env, abi_version)),
                             InstanceMethod("monotonicMs", &HubbubAddon::monotonic_ms),
                             InstanceMethod("countersAdd", &HubbubAddon::counters_add),
                             InstanceMethod("countersAddLocked",
                                            &HubbubAddon::counters_add_locked),
                             InstanceMethod("countersSum", &HubbubAddon::counters_sum),
                             InstanceMethod("openHub", &HubbubAddon::open_hub),
                             InstanceMethod("closeHub", &HubbubAddon::close_hub),
                             InstanceValue("Door", DoorObject::define(env)),
                         });
  }

 private:
  // monotonicMs(): number
  Napi::Value monotonic_ms(const Napi::CallbackInfo& info) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return Napi::Number::New(info.Env(), std::chrono::duration<double, std::milli>(now).count());
  }

  // openHub(options: Float64Array): number. In order: workers, flush_interval_ms, batch_bytes_max,
  // batch_records_max, history_records_max, history_bytes_max, history_age_ms_max,
  // pending_bytes_max, joined_users_max, idempotency_ids_max, pool_bytes_max, and two random
  // numbers below 2^53 to hash with.
  Napi::Value open_hub(const Napi::CallbackInfo& info) {
    constexpr std::size_t option_count = 13;
    if (info.Length() != 1 || !info[0].IsTypedArray() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
        info[0].As<Napi::TypedArray>().ElementLength() != option_count) {
      throw_type_error(info.Env(), "openHub takes a Float64Array of 13 options");
      return info.Env().Undefined();
    }
    const auto given = info[0].As<Napi::Float64Array>();
    for (std::size_t index = 0; index < option_count; ++index) {
      if (!(given[index] >= 0 && given[index] <= static_cast<double>(hubbub::offset_max))) {
        throw_range_error(info.Env(), "openHub: an option is out of range");
        return info.Env().Undefined();
      }
    }
    const auto size = [&](std::size_t index) { return static_cast<std::size_t>(given[index]); };
    hubbub::Options options;
    options.workers = size(0);
    options.limits.flush_interval_ms = given[1];
    options.limits.batch_bytes_max = size(2);
    options.limits.batch_records_max = size(3);
    options.limits.history_records_max = size(4);
    options.limits.history_bytes_max = size(5);
    options.limits.history_age_ms_max = size(6);
    options.limits.pending_bytes_max = size(7);
    options.limits.joined_users_max = size(8);
    options.limits.idempotency_ids_max = size(9);
    options.limits.pool_bytes_max = size(10);
    options.hash_key[0] = size(11);
    options.hash_key[1] = size(12);
    std::shared_ptr<Hub> hub = Hub::make(options);
    if (!hub) {
      throw_range_error(info.Env(), "openHub: an option is out of range");
      return info.Env().Undefined();
    }
    return Napi::Number::New(info.Env(), process_.add(std::move(hub)));
  }

  // closeHub(hub: number): void
  void close_hub(const Napi::CallbackInfo& info) {
    const auto hub = all_numbers(info, 1) ? whole(info[0], 0xffffffff) : std::nullopt;
    if (!hub) return throw_type_error(info.Env(), "closeHub takes a number");
    process_.remove(static_cast<std::uint32_t>(*hub));
  }

  // countersAdd(worker: number, counter: number, n: number): void
  void counters_add(const Napi::CallbackInfo& info) {
    add_to_counter(info);
  }

  // The same under one mutex for all: what the relaxed atomics are measured against.
  void counters_add_locked(const Napi::CallbackInfo& info) {
    const std::lock_guard lock(process_.counters_mutex);
    add_to_counter(info);
  }

  void add_to_counter(const Napi::CallbackInfo& info) {
    if (info.Length() != 3 || !all_numbers(info, 3)) {
      return throw_type_error(info.Env(), "countersAdd takes three numbers");
    }
    const std::uint32_t worker = info[0].As<Napi::Number>().Uint32Value();
    const std::uint32_t counter = info[1].As<Napi::Number>().Uint32Value();
    const std::int64_t n = info[2].As<Napi::Number>().Int64Value();
    if (n < 0 || !process_.counters.add(worker, counter, static_cast<std::uint64_t>(n))) {
      throw_range_error(info.Env(), "countersAdd: no such worker or counter, or n is negative");
    }
  }

  // countersSum(counter: number): bigint
  Napi::Value counters_sum(const Napi::CallbackInfo& info) {
    if (info.Length() != 1 || !info[0].IsNumber()) {
      throw_type_error(info.Env(), "countersSum takes a number");
      return info.Env().Undefined();
    }
    const std::uint32_t counter = info[0].As<Napi::Number>().Uint32Value();
    return Napi::BigInt::New(info.Env(), process_.counters.sum(counter));
  }

  Process& process_;
};

}  // namespace

NODE_API_ADDON(HubbubAddon)
