// Handles, errors and the process-wide switches of the engine.
#include "shim.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
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

REFT_OP(reft_retain, (ReftTensor * t, ReftTensor **out), at::Tensor(reft::borrow(t)))

void reft_set_threads(int32_t count) { at::set_num_threads(count); }
int32_t reft_threads(void) { return at::get_num_threads(); }

#ifdef __linux__
// Why no GPU can be used, by the CUDA runtime, which the CPU part of the engine has too; empty where one can.
static std::string reason_for_no_gpu() {
  using Count = int (*)(int *);
  using Text = const char *(*)(int);
  const auto count = reinterpret_cast<Count>(dlsym(RTLD_DEFAULT, "cudaGetDeviceCount"));
  const auto text = reinterpret_cast<Text>(dlsym(RTLD_DEFAULT, "cudaGetErrorString"));
  if (count == nullptr || text == nullptr) return "";  // an engine that finds out by itself
  int devices = 0;
  const int error = count(&devices);
  if (error == 0) return devices > 0 ? "" : "no GPU was found";
  if (dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD) == nullptr && dlopen("libcuda.so.1", RTLD_LAZY) == nullptr)
    return "no GPU was found: NVIDIA's driver (libcuda.so.1) is not installed";
  return std::string("no GPU can be used: ") + text(error);
}

static void *load_cuda_part() {
  if (void *library = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return library;
  const std::string reason = dlerror();
  if (reason.rfind("libtorch_cuda.so:", 0) == 0)
    throw std::runtime_error("this machine has a GPU, but the engine here has no CUDA part; fetch it with `make setup-cuda`");
  throw std::runtime_error("the CUDA part of the engine cannot be loaded: " + reason);
}
#endif

// The library must be loaded before anyone asks the engine about CUDA, which remembers its first answer. It is large, so the
// GPU is looked for first.
ReftStatus reft_load_cuda(int32_t *device_count) {
  return reft::guarded([&] {
    *device_count = 0;
#ifdef __linux__
    if (const auto reason = reason_for_no_gpu(); !reason.empty()) throw std::runtime_error(reason);
    load_cuda_part();
    // cuDNN's attention makes a plan for every shape, which growing texts never repeat, and some of its results are wrong (masked
    // gradients on Hopper in 2.11, few key heads on Blackwell): the engine's own flash and memory-efficient kernels serve.
    at::globalContext().setSDPUseCuDNN(false);
    if (at::globalContext().hasCUDA()) *device_count = static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount());
#else
    throw std::runtime_error("this platform has no CUDA");
#endif
  });
}

ReftStatus reft_device_memory(ReftDevice d, ReftMemory *out) {
  return reft::guarded([&] {
    const auto where = reft::device(d);
    auto *const allocator = c10::getDeviceAllocator(where.type());
    const auto [free, total] = allocator->getMemoryInfo(where.index());
    const auto stats = allocator->getDeviceStats(where.index());
    const auto &taken = stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
    *out = {static_cast<int64_t>(free), static_cast<int64_t>(total), taken.peak};
  });
}

bool reft_grad_enabled(void) { return at::GradMode::is_enabled(); }
void reft_set_grad_enabled(bool enabled) { at::GradMode::set_enabled(enabled); }

int32_t reft_rank(ReftTensor *t) { return static_cast<int32_t>(reft::borrow(t).dim()); }
int64_t reft_size(ReftTensor *t, int32_t dimension) { return reft::borrow(t).sizes()[static_cast<size_t>(dimension)]; }
ReftType reft_type(ReftTensor *t) { return static_cast<ReftType>(reft::borrow(t).scalar_type()); }
bool reft_requires_grad(ReftTensor *t) { return reft::borrow(t).requires_grad(); }
int64_t reft_version(ReftTensor *t) { return static_cast<int64_t>(reft::borrow(t)._version()); }
ReftDevice reft_device(ReftTensor *t) {
  const auto d = reft::borrow(t).device();
  return d.is_cuda() ? ReftDevice{REFT_CUDA, d.index()} : ReftDevice{REFT_CPU, 0};
}
