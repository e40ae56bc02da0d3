// What kernels of our own share: code as wide as the processor allows, and the question whether they may run.
//
// A kernel works on plain float32 memory of the CPU. Any other tensor goes the way of the engine's own operations, which is
// written beside it and which the law tests hold it to.
#pragma once

#include "../shim.hpp"
#include "widest.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstdint>
#include <cstring>

// One compilation for each generation of x86-64; the loader takes the widest that the processor has.
#if defined(__x86_64__) && defined(__linux__)
#define REFT_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define REFT_WIDE
#endif
// Sums may be taken in any order, else they cannot be taken in lanes.
#define REFT_SUMS_IN_LANES _Pragma("clang fp reassociate(on) contract(fast)")
#define REFT_INLINE static inline __attribute__((always_inline))

namespace reft {

/// Floats of the CPU whose last dimension has no gaps.
inline bool is_plain(const at::Tensor &t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.layout() == at::kStrided && t.dim() > 0 &&
         t.stride(-1) == 1 && !t.is_neg();
}

inline const float *floats(const at::Tensor &t) { return static_cast<const float *>(t.const_data_ptr()); }
inline float *fillable(const at::Tensor &t) { return static_cast<float *>(t.mutable_data_ptr()); }

/// Whether somebody will ask for the gradient of one of these.
inline bool wants_gradient(std::initializer_list<at::Tensor> tensors) {
  if (!at::GradMode::is_enabled()) return false;
  for (const auto &t : tensors) {
    if (t.defined() && t.requires_grad()) return true;
  }
  return false;
}

/// Rows of work for one thread at least: what is less is not worth waking another.
inline int64_t grain(int64_t work_per_row) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, work_per_row)); }

/// e^x to 2 ulp, in a form that compilers turn into lanes; 0 below -87.
REFT_INLINE float exponential(float x) {
  const float bounded = x < -87.0f ? -87.0f : (x > 88.0f ? 88.0f : x);
  const float shifted = bounded * 1.44269504088896341f + 12582912.0f;  // round to nearest: 1.5 * 2^23
  const float n = shifted - 12582912.0f;
  const float r = (bounded - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float value = p * r * r + r + 1.0f;
  int32_t exponent;
  std::memcpy(&exponent, &shifted, 4);
  const uint32_t bits = (static_cast<uint32_t>(exponent) + 127u) << 23;  // the low bits of `shifted` are n
  float scale;
  std::memcpy(&scale, &bits, 4);
  return x < -87.0f ? 0.0f : value * scale;
}

}  // namespace reft
