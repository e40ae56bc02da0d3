// Where the time of a thread goes, operation by operation: the engine's own observer, and the functions of this shim.
//
// Each operation has the time between its begin and its end without that of the operations within it, as wall time of the thread
// that asked; what the engine's other threads do for it happens meanwhile.
#include "shim.hpp"

#include <ATen/record_function.h>

#include <chrono>
#include <map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Total {
  int64_t calls = 0;
  double seconds = 0, operations = 0, bytes = 0;
};

struct Open {
  std::string name;
  Clock::time_point begun;
  double within = 0, operations = 0, bytes = 0;
};

struct Profile {
  std::map<std::string, Total> totals;
  std::vector<Open> open;
  std::vector<std::vector<const void *>> touched;
  at::CallbackHandle callback = 0;
  std::string text;
};
thread_local Profile profile;

void enter(std::string name, double operations, double bytes) {
  profile.open.push_back({std::move(name), Clock::now(), 0, operations, bytes});
}

void leave() {
  if (profile.open.empty()) return;
  const Open ended = std::move(profile.open.back());
  profile.open.pop_back();
  const double whole = std::chrono::duration<double>(Clock::now() - ended.begun).count();
  if (!profile.open.empty()) profile.open.back().within += whole;
  Total &total = profile.totals[ended.name];
  total.calls += 1;
  total.seconds += whole - ended.within;
  total.operations += ended.operations;
  total.bytes += ended.bytes;
}

double size(const c10::IValue &value) {
  return value.isTensor() && value.toTensor().defined() ? static_cast<double>(value.toTensor().nbytes()) : 0;
}

// Multiplications and additions of the matrix products and of the causal attention kernels; 0 for everything else.
double operations(const std::string &name, c10::ArrayRef<const c10::IValue> inputs) {
  const auto tensor = [&](size_t i) { return inputs.size() > i && inputs[i].isTensor() ? inputs[i].toTensor() : at::Tensor(); };
  const bool added = name == "aten::addmm" || name == "aten::addmm_";
  if (name == "aten::mm" || added || name == "aten::bmm") {
    const size_t first = added ? 1 : 0;
    const auto a = tensor(first), b = tensor(first + 1);
    return a.defined() && b.defined() ? 2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1)) : 0;
  }
  const bool backward = name == "aten::_scaled_dot_product_flash_attention_for_cpu_backward";
  if (backward || name == "aten::_scaled_dot_product_flash_attention_for_cpu") {
    const auto q = tensor(backward ? 1 : 0), k = tensor(backward ? 2 : 1);
    if (!q.defined() || !k.defined()) return 0;
    // Two products forward, five backward; half of the scores are ahead of their row.
    return (backward ? 5.0 : 2.0) * static_cast<double>(q.numel()) * static_cast<double>(k.size(-2));
  }
  return 0;
}

std::unique_ptr<at::ObserverContext> began(const at::RecordFunction &function) {
  const std::string name = function.name();
  double bytes = 0;
  for (const auto &input : function.inputs()) bytes += size(input);
  enter(name, operations(name, function.inputs()), bytes);
  return nullptr;
}

void ended(const at::RecordFunction &function, at::ObserverContext *) {
  if (!profile.open.empty()) {
    for (const auto &output : function.outputs()) profile.open.back().bytes += size(output);
  }
  leave();
}

}  // namespace

namespace reft {
void profile_enter(const char *name) noexcept {
  try {
    enter(name, 0, 0);
    profile.touched.emplace_back();
  } catch (...) {
  }
}
void profile_leave() noexcept {
  try {
    if (!profile.touched.empty()) profile.touched.pop_back();
    leave();
  } catch (...) {
  }
}
void profile_touch(const at::Tensor &tensor) noexcept {
  if (profile.touched.empty() || profile.open.empty() || !tensor.defined()) return;
  const void *const key = tensor.unsafeGetTensorImpl();
  for (const void *seen : profile.touched.back()) {
    if (seen == key) return;
  }
  try {
    profile.touched.back().push_back(key);
    profile.open.back().bytes += static_cast<double>(tensor.nbytes());
  } catch (...) {
  }
}
void profile_work(double operations, double bytes) noexcept {
  if (profile.open.empty()) return;
  profile.open.back().operations += operations;
  profile.open.back().bytes += bytes;
}
}  // namespace reft

ReftStatus reft_profile_begin(void) {
  return reft::guarded([] {
    if (reft::shim_profile.on) throw std::runtime_error("this thread profiles already");
    profile.totals.clear();
    profile.open.clear();
    profile.touched.clear();
    profile.callback = at::addThreadLocalCallback(
        at::RecordFunctionCallback(began, ended).needsInputs(true).needsOutputs(true).scopes(
            {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
    reft::shim_profile.on = true;
  });
}

const char *reft_profile_end(void) {
  profile.text.clear();
  if (!reft::shim_profile.on) return profile.text.c_str();
  reft::shim_profile.on = false;
  at::removeCallback(profile.callback);
  for (const auto &[name, total] : profile.totals) {
    profile.text += name + "\t" + std::to_string(total.calls) + "\t" + std::to_string(total.seconds * 1e9) + "\t" +
                    std::to_string(total.operations) + "\t" + std::to_string(total.bytes) + "\n";
  }
  return profile.text.c_str();
}
