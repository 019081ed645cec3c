// The line between JavaScript and the native core, and the only file that knows N-API. It unpacks
// arguments, calls plain C++ and packs the answer. TypeScript has checked the arguments before it
// crosses; what is checked here again keeps a mistake up there from touching memory down here.

#include <napi.h>

#include <cstdint>

#include "hub/counters.h"

namespace {

// Raised whenever the functions below change, so that a stale binary is refused, not misread.
constexpr std::uint32_t abi_version = 1;

// What all threads of the process share. Leaked on purpose: workers may still count while the
// process runs its exit handlers, and a destroyed object would be used then.
struct Process {
  hubbub::CounterTable counters;

  static Process& instance() {
    static Process& process = *new Process;
    return process;
  }
};

// One per JavaScript environment, that is one for the main thread and one for each Worker.
class HubbubAddon : public Napi::Addon<HubbubAddon> {
 public:
  HubbubAddon(Napi::Env env, Napi::Object exports) : process_(Process::instance()) {
    DefineAddon(exports, {
                             InstanceValue("abiVersion", Napi::Number::New(env, abi_version)),
                             InstanceMethod("countersAdd", &HubbubAddon::counters_add),
                             InstanceMethod("countersSum", &HubbubAddon::counters_sum),
                         });
  }

 private:
  // countersAdd(worker: number, counter: number, n: number): void
  void counters_add(const Napi::CallbackInfo& info) {
    if (info.Length() != 3 || !info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsNumber()) {
      return throw_type_error(info.Env(), "countersAdd takes three numbers");
    }
    const std::uint32_t worker = info[0].As<Napi::Number>().Uint32Value();
    const std::uint32_t counter = info[1].As<Napi::Number>().Uint32Value();
    const std::int64_t n = info[2].As<Napi::Number>().Int64Value();
    if (n < 0 || !process_.counters.add(worker, counter, static_cast<std::uint64_t>(n))) {
      Napi::RangeError::New(info.Env(), "countersAdd: no such worker or counter, or n is negative")
          .ThrowAsJavaScriptException();
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

  static void throw_type_error(Napi::Env env, const char* message) {
    Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  }

  Process& process_;
};

}  // namespace

NODE_API_ADDON(HubbubAddon)
