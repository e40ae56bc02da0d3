// The gate of a network, `silu(g) * u`: one pass forward, one backward.
#include "kernel.hpp"

namespace reft {
namespace {

REFT_WIDE void forward(const float *g, int64_t g_stride, const float *u, int64_t u_stride, float *y, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) {
    const float *gate = g + row * g_stride, *up = u + row * u_stride;
    float *out = y + row * n;
    for (int64_t i = 0; i < n; ++i) out[i] = gate[i] * up[i] / (1.0f + exponential(-gate[i]));
  }
}

/// `du = silu(g) dy` and `dg = u dy s (1 + g (1 - s))`, `s = sigmoid(g)`.
REFT_WIDE void backward(const float *g, int64_t g_stride, const float *u, int64_t u_stride, const float *dy, int64_t dy_stride, float *dg, float *du,
                        int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) {
    const float *gate = g + row * g_stride, *up = u + row * u_stride, *d = dy + row * dy_stride;
    float *dgate = dg + row * n, *dup = du + row * n;
    for (int64_t i = 0; i < n; ++i) {
      const float s = 1.0f / (1.0f + exponential(-gate[i]));
      const float swish = gate[i] * s;
      dup[i] = swish * d[i];
      dgate[i] = up[i] * d[i] * (s + swish * (1.0f - s));
    }
  }
}

at::Tensor gated(const at::Tensor &g, const at::Tensor &u) {
  const int64_t rows = g.size(0), n = g.size(1), g_stride = g.stride(0), u_stride = u.stride(0);
  auto y = at::empty({rows, n}, g.options());
  const float *gate = floats(g), *up = floats(u);
  float *out = fillable(y);
  at::parallel_for(0, rows, grain(8 * n), [&](int64_t first, int64_t last) {
    forward(gate + first * g_stride, g_stride, up + first * u_stride, u_stride, out + first * n, last - first, n);
  });
  return y;
}

struct Gated : torch::autograd::Function<Gated> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &g, const at::Tensor &u) {
    ctx->save_for_backward({g, u});
    return gated(g, u);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &g = saved[0], &u = saved[1];
    const auto dy = is_plain(grads[0]) ? grads[0] : grads[0].contiguous();
    const int64_t rows = g.size(0), n = g.size(1), g_stride = g.stride(0), u_stride = u.stride(0), dy_stride = dy.stride(0);
    auto dg = at::empty({rows, n}, g.options()), du = at::empty({rows, n}, g.options());
    const float *gate = floats(g), *up = floats(u), *d = floats(dy);
    float *dgate = fillable(dg), *dup = fillable(du);
    at::parallel_for(0, rows, grain(8 * n), [&](int64_t first, int64_t last) {
      reft::backward(gate + first * g_stride, g_stride, up + first * u_stride, u_stride, d + first * dy_stride, dy_stride, dgate + first * n,
                     dup + first * n, last - first, n);
    });
    return {dg, du};
  }
};

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_silu_gated(ReftTensor *gate, ReftTensor *up, ReftTensor **out) {
  return guarded([&] {
    const auto &g = borrow(gate), &u = borrow(up);
    if (g.dim() != 2 || g.sizes() != u.sizes() || !is_plain(g) || !is_plain(u) || g.numel() == 0) {
      give(at::mul(at::silu(g), u), out);
    } else if (wants_gradient({g, u})) {
      give(Gated::apply(g, u), out);
    } else {
      give(gated(g, u), out);
    }
  });
}
