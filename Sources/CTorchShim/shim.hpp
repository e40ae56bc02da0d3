// What every .cpp of the shim shares: borrowing a handle, giving one out, and the wall that stops exceptions.
#pragma once

#include "parallel.hpp"

#include <ATen/ATen.h>

#include <string>

#include "CTorchShim.h"

namespace reft {

void set_error(const char *what) noexcept;
void count_tensor(int64_t change) noexcept;

// While a thread profiles (profile.cpp): the shim's functions are seen as operations, with the bytes of what they read and write.
struct ShimProfile {
  bool on = false;
};
inline thread_local ShimProfile shim_profile;
void profile_enter(const char *name) noexcept;
void profile_leave() noexcept;
void profile_touch(const at::Tensor &tensor) noexcept;
/// Multiplications and additions of what runs just now, and bytes besides those of its tensors.
void profile_work(double operations, double bytes) noexcept;
struct ProfiledCall {
  explicit ProfiledCall(const char *name) noexcept : entered(shim_profile.on) {
    if (entered) profile_enter(name);
  }
  ~ProfiledCall() {
    if (entered) profile_leave();
  }
  const bool entered;
};

// While this thread records a graph (graphs.cpp): numbers cannot come from the host then, nor go there.
inline thread_local bool recording_graph = false;

// A handle is the engine's own TensorImpl with one reference owned by the caller; a Tensor is exactly one such pointer,
// so borrowing costs nothing.
inline const at::Tensor &borrow(ReftTensor *const &handle) {
  static_assert(sizeof(at::Tensor) == sizeof(void *), "at::Tensor must be a single pointer");
  const at::Tensor &tensor = *reinterpret_cast<const at::Tensor *>(&handle);
  if (shim_profile.on) profile_touch(tensor);
  return tensor;
}

inline std::optional<at::Tensor> borrow_optional(ReftTensor *const &handle) {
  if (handle == nullptr) return std::nullopt;
  return borrow(handle);
}

inline void give(at::Tensor tensor, ReftTensor **out) {
  if (shim_profile.on) profile_touch(tensor);
  *out = reinterpret_cast<ReftTensor *>(tensor.unsafeReleaseTensorImpl());
  count_tensor(1);
}

inline at::Device device(ReftDevice d) {
  return d.kind == REFT_CUDA ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(d.index)) : at::Device(at::kCPU);
}

inline at::IntArrayRef sizes(const int64_t *shape, int32_t rank) {
  return at::IntArrayRef(shape, static_cast<size_t>(rank));
}

inline at::TensorOptions options(ReftType type, ReftDevice d) {
  return at::TensorOptions().dtype(static_cast<at::ScalarType>(type)).device(device(d));
}

// Runs the body; an exception becomes a status and a message.
template <typename Body> ReftStatus guarded(Body body, const char *name = __builtin_FUNCTION()) noexcept {
  const ProfiledCall call(name);
  try {
    body();
    return REFT_OK;
  } catch (const c10::Error &e) {
    set_error(e.what_without_backtrace());
  } catch (const std::exception &e) {
    set_error(e.what());
  } catch (...) {
    set_error("an unknown C++ exception");
  }
  return REFT_FAILED;
}

}  // namespace reft

// One op, one line: the expression's tensor is given to `out`.
#define REFT_OP(NAME, PARAMETERS, EXPRESSION)                                                                          \
  ReftStatus NAME PARAMETERS {                                                                                         \
    return reft::guarded([&] { reft::give((EXPRESSION), out); });                                                      \
  }
