// Root mean square norm, alone or behind a sum: one pass forward, one backward.
#include "kernel.hpp"

#include <ATen/ops/empty.h>

namespace reft {
namespace {

/// `n = x / rms(x) * w` for some rows, `1 / rms` kept; with `added`, x is `x + added`, which is written to `sum`.
REFT_WIDE void forward(const float *x, int64_t x_stride, const float *added, int64_t added_stride, const float *w, float *sum, float *n, float *inverse,
                       int64_t rows, int64_t d, float epsilon) {
  REFT_SUMS_IN_LANES
  for (int64_t row = 0; row < rows; ++row) {
    const float *in = x + row * x_stride;
    float *out = n + row * d;
    float squares = 0;
    if (added != nullptr) {
      const float *more = added + row * added_stride;
      float *total = sum + row * d;
      for (int64_t i = 0; i < d; ++i) {
        const float value = in[i] + more[i];
        total[i] = value;
        squares += value * value;
      }
      in = total;
    } else {
      for (int64_t i = 0; i < d; ++i) squares += in[i] * in[i];
    }
    const float scale = 1.0f / std::sqrt(squares / static_cast<float>(d) + epsilon);
    if (inverse != nullptr) inverse[row] = scale;
    for (int64_t i = 0; i < d; ++i) out[i] = in[i] * scale * w[i];
  }
}

/// `dx = s (w dn - x s^2 mean(x w dn)) + dsum`, s being `1 / rms(x)`.
REFT_WIDE void backward(const float *x, const float *w, const float *inverse, const float *dn, int64_t dn_stride, const float *dsum, int64_t dsum_stride,
                        float *dx, int64_t rows, int64_t d) {
  REFT_SUMS_IN_LANES
  for (int64_t row = 0; row < rows; ++row) {
    const float *in = x + row * d;
    const float *g = dn + row * dn_stride;
    float *out = dx + row * d;
    const float s = inverse[row];
    float dot = 0;
    for (int64_t i = 0; i < d; ++i) dot += in[i] * w[i] * g[i];
    const float factor = dot * s * s / static_cast<float>(d);
    if (dsum != nullptr) {
      const float *more = dsum + row * dsum_stride;
      for (int64_t i = 0; i < d; ++i) out[i] = s * (w[i] * g[i] - in[i] * factor) + more[i];
    } else {
      for (int64_t i = 0; i < d; ++i) out[i] = s * (w[i] * g[i] - in[i] * factor);
    }
  }
}

struct Normed {
  at::Tensor sum, normed, inverse;
};

Normed normed(const at::Tensor &x, const at::Tensor &added, const at::Tensor &w, double epsilon, bool keeps_inverse) {
  const int64_t rows = x.size(0), d = x.size(1);
  Normed made{x, at::empty({rows, d}, x.options()), {}};
  if (added.defined()) made.sum = at::empty({rows, d}, x.options());
  if (keeps_inverse) made.inverse = at::empty({rows}, x.options());
  const float *from = floats(x), *more = added.defined() ? floats(added) : nullptr;
  const float *gain = floats(w);
  float *sum = added.defined() ? fillable(made.sum) : nullptr, *to = fillable(made.normed);
  float *inverse = keeps_inverse ? fillable(made.inverse) : nullptr;
  const int64_t x_stride = x.stride(0), added_stride = added.defined() ? added.stride(0) : 0;
  at::parallel_for(0, rows, grain(d), [&](int64_t first, int64_t last) {
    forward(from + first * x_stride, x_stride, more ? more + first * added_stride : nullptr, added_stride, gain,
            sum ? sum + first * d : nullptr, to + first * d, inverse ? inverse + first : nullptr, last - first, d,
            static_cast<float>(epsilon));
  });
  return made;
}

at::Tensor gradient(const at::Tensor &x, const at::Tensor &w, const at::Tensor &inverse, at::Tensor dn, at::Tensor dsum) {
  const int64_t rows = x.size(0), d = x.size(1);
  if (!is_plain(dn)) dn = dn.contiguous();
  if (dsum.defined() && !is_plain(dsum)) dsum = dsum.contiguous();
  auto dx = at::empty({rows, d}, x.options());
  const float *in = floats(x), *gain = floats(w), *s = floats(inverse);
  const float *g = floats(dn), *more = dsum.defined() ? floats(dsum) : nullptr;
  const int64_t g_stride = dn.stride(0), more_stride = dsum.defined() ? dsum.stride(0) : 0;
  float *out = fillable(dx);
  at::parallel_for(0, rows, grain(d), [&](int64_t first, int64_t last) {
    backward(in + first * d, gain, s + first, g + first * g_stride, g_stride, more ? more + first * more_stride : nullptr, more_stride, out + first * d,
             last - first, d);
  });
  return dx;
}

struct RMSNorm : torch::autograd::Function<RMSNorm> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const at::Tensor &w, double epsilon) {
    const auto plain = x.contiguous();
    auto made = normed(plain, {}, w, epsilon, true);
    ctx->save_for_backward({plain, w, made.inverse});
    return made.normed;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list g) {
    const auto saved = ctx->get_saved_variables();
    return {gradient(saved[0], saved[1], saved[2], g[0], {}), {}, {}};
  }
};

struct SumRMSNorm : torch::autograd::Function<SumRMSNorm> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const at::Tensor &added, const at::Tensor &w,
                                                double epsilon) {
    auto made = normed(x, added, w, epsilon, true);
    ctx->save_for_backward({made.sum, w, made.inverse});
    ctx->set_materialize_grads(false);
    return {made.sum, made.normed};
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list g) {
    const auto saved = ctx->get_saved_variables();
    const auto dx = g[1].defined() ? gradient(saved[0], saved[1], saved[2], g[1], g[0]) : g[0];
    return {dx, dx, {}, {}};
  }
};

bool fits(const at::Tensor &x, const at::Tensor &w) {
  return x.dim() == 2 && is_plain(x) && is_plain(w) && !wants_gradient({w}) && x.size(0) > 0;
}

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_rms_norm(ReftTensor *x, ReftTensor *weight, double epsilon, ReftTensor **out) {
  return guarded([&] {
    const auto &h = borrow(x), &w = borrow(weight);
    if (h.dim() == 3 && w.size(0) == h.size(2) && is_plain(h) && is_plain(w) && !wants_gradient({w}) && h.numel() > 0) {
      // Rows of heads, packed one behind the other.
      const auto flat = h.reshape({-1, h.size(2)});
      give((wants_gradient({h}) ? RMSNorm::apply(flat, w, epsilon) : normed(flat, {}, w, epsilon, false).normed).view(h.sizes()), out);
    } else if (!fits(h, w)) {
      give(at::rms_norm(h, w.sizes(), w, epsilon), out);
    } else if (wants_gradient({h})) {
      give(RMSNorm::apply(h, w, epsilon), out);
    } else {
      give(normed(h, {}, w, epsilon, false).normed, out);
    }
  });
}

ReftStatus reft_add_rms_norm(ReftTensor *x, ReftTensor *added, ReftTensor *weight, double epsilon, ReftTensor **sum, ReftTensor **out) {
  return guarded([&] {
    const auto &h = borrow(x), &a = borrow(added), &w = borrow(weight);
    if (!fits(h, w) || !is_plain(a) || a.sizes() != h.sizes()) {
      auto total = at::add(h, a);
      auto made = at::rms_norm(total, w.sizes(), w, epsilon);
      give(std::move(total), sum);
      give(std::move(made), out);
    } else if (wants_gradient({h, a})) {
      auto made = SumRMSNorm::apply(h, a, w, epsilon);
      give(std::move(made[0]), sum);
      give(std::move(made[1]), out);
    } else {
      auto made = normed(h, a, w, epsilon, false);
      give(std::move(made.sum), sum);
      give(std::move(made.normed), out);
    }
  });
}
