// Handles, errors and the process-wide switches of the engine.
#include "shim.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <atomic>

namespace {
thread_local std::string last_error;
std::atomic<int64_t> live_tensors{0};
}  // namespace

namespace reft {
void set_error(const char *what) noexcept {
  try {
    last_error = what;
  } catch (...) {
    last_error.clear();
  }
}
void count_tensor(int64_t change) noexcept { live_tensors.fetch_add(change, std::memory_order_relaxed); }
}  // namespace reft

const char *reft_last_error(void) { return last_error.c_str(); }
int64_t reft_live_tensors(void) { return live_tensors.load(std::memory_order_relaxed); }

void reft_release(ReftTensor *tensor) {
  if (tensor == nullptr) return;
  auto impl = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(
      reinterpret_cast<c10::TensorImpl *>(tensor));
  impl.reset();
  reft::count_tensor(-1);
}

void reft_set_threads(int32_t count) { at::set_num_threads(count); }
int32_t reft_threads(void) { return at::get_num_threads(); }

// The library must be loaded before anyone asks about CUDA: the engine remembers the first answer.
ReftStatus reft_load_cuda(int32_t *device_count) {
  return reft::guarded([&] {
    *device_count = 0;
#ifdef __linux__
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) throw std::runtime_error(dlerror());
    if (at::globalContext().hasCUDA()) *device_count = static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount());
#else
    throw std::runtime_error("this platform has no CUDA");
#endif
  });
}

bool reft_grad_enabled(void) { return at::GradMode::is_enabled(); }
void reft_set_grad_enabled(bool enabled) { at::GradMode::set_enabled(enabled); }

int32_t reft_rank(ReftTensor *t) { return static_cast<int32_t>(reft::borrow(t).dim()); }
int64_t reft_size(ReftTensor *t, int32_t dimension) { return reft::borrow(t).sizes()[static_cast<size_t>(dimension)]; }
ReftType reft_type(ReftTensor *t) { return static_cast<ReftType>(reft::borrow(t).scalar_type()); }
bool reft_requires_grad(ReftTensor *t) { return reft::borrow(t).requires_grad(); }
ReftDevice reft_device(ReftTensor *t) {
  const auto d = reft::borrow(t).device();
  return d.is_cuda() ? ReftDevice{REFT_CUDA, d.index()} : ReftDevice{REFT_CPU, 0};
}
