// The gate of a network, `f(g) * u` with f SiLU or GELU's tanh form: one pass forward, one backward.
#include "kernel.hpp"

namespace reft {
namespace {

/// Both gates are `x sigmoid(y)`: SiLU with y = x, GELU's tanh form (arXiv 1606.08415) with `y = x (a + b x^2)`. Beyond 100 a square makes no
/// difference any more, and must not become infinite.
constexpr float a = 1.5957691216057308f, b = 0.071354816272f;  // 2 sqrt(2 / pi), and 0.044715 times that

template <ReftGate Gate> REFT_INLINE float inner(float x) {
  if constexpr (Gate == REFT_SILU) return x;
  const float square = x * x;
  return x * (a + b * (square < 1e4f ? square : 1e4f));
}
template <ReftGate Gate> REFT_INLINE float slope(float x) {
  if constexpr (Gate == REFT_SILU) return 1.0f;
  const float square = x * x;
  return a + 3 * b * (square < 1e4f ? square : 1e4f);
}

/// `y = x s u`, `s = sigmoid(inner(x))`.
template <ReftGate Gate>
REFT_INLINE void forward_rows(const float *g, int64_t g_stride, const float *u, int64_t u_stride, float *y, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) {
    const float *gate = g + row * g_stride, *up = u + row * u_stride;
    float *out = y + row * n;
    for (int64_t i = 0; i < n; ++i) out[i] = gate[i] * up[i] / (1.0f + exponential(-inner<Gate>(gate[i])));
  }
}

/// `du = x s dy` and `dx = u dy s (1 + x (1 - s) inner'(x))`.
template <ReftGate Gate>
REFT_INLINE void backward_rows(const float *g, int64_t g_stride, const float *u, int64_t u_stride, const float *dy, int64_t dy_stride, float *dg, float *du,
                               int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) {
    const float *gate = g + row * g_stride, *up = u + row * u_stride, *d = dy + row * dy_stride;
    float *dgate = dg + row * n, *dup = du + row * n;
    for (int64_t i = 0; i < n; ++i) {
      const float s = 1.0f / (1.0f + exponential(-inner<Gate>(gate[i])));
      const float swish = gate[i] * s;
      dup[i] = swish * d[i];
      dgate[i] = up[i] * d[i] * (s + swish * (1.0f - s) * slope<Gate>(gate[i]));
    }
  }
}

REFT_WIDE void forward(ReftGate kind, const float *g, int64_t g_stride, const float *u, int64_t u_stride, float *y, int64_t rows, int64_t n) {
  if (kind == REFT_SILU) return forward_rows<REFT_SILU>(g, g_stride, u, u_stride, y, rows, n);
  forward_rows<REFT_GELU_TANH>(g, g_stride, u, u_stride, y, rows, n);
}

REFT_WIDE void backward(ReftGate kind, const float *g, int64_t g_stride, const float *u, int64_t u_stride, const float *dy, int64_t dy_stride, float *dg,
                        float *du, int64_t rows, int64_t n) {
  if (kind == REFT_SILU) return backward_rows<REFT_SILU>(g, g_stride, u, u_stride, dy, dy_stride, dg, du, rows, n);
  backward_rows<REFT_GELU_TANH>(g, g_stride, u, u_stride, dy, dy_stride, dg, du, rows, n);
}

at::Tensor gated(ReftGate kind, const at::Tensor &g, const at::Tensor &u) {
  const int64_t rows = g.size(0), n = g.size(1), g_stride = g.stride(0), u_stride = u.stride(0);
  auto y = at::empty({rows, n}, g.options());
  const float *gate = floats(g), *up = floats(u);
  float *out = fillable(y);
  at::parallel_for(0, rows, grain(8 * n), [&](int64_t first, int64_t last) {
    forward(kind, gate + first * g_stride, g_stride, up + first * u_stride, u_stride, out + first * n, last - first, n);
  });
  return y;
}

struct Gated : torch::autograd::Function<Gated> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &g, const at::Tensor &u, int64_t kind) {
    ctx->save_for_backward({g, u});
    ctx->saved_data["kind"] = kind;
    return gated(static_cast<ReftGate>(kind), g, u);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &g = saved[0], &u = saved[1];
    const auto kind = static_cast<ReftGate>(ctx->saved_data["kind"].toInt());
    const auto dy = is_plain(grads[0]) ? grads[0] : grads[0].contiguous();
    const int64_t rows = g.size(0), n = g.size(1), g_stride = g.stride(0), u_stride = u.stride(0), dy_stride = dy.stride(0);
    auto dg = at::empty({rows, n}, g.options()), du = at::empty({rows, n}, g.options());
    const float *gate = floats(g), *up = floats(u), *d = floats(dy);
    float *dgate = fillable(dg), *dup = fillable(du);
    at::parallel_for(0, rows, grain(8 * n), [&](int64_t first, int64_t last) {
      reft::backward(kind, gate + first * g_stride, g_stride, up + first * u_stride, u_stride, d + first * dy_stride, dy_stride, dgate + first * n,
                     dup + first * n, last - first, n);
    });
    return {dg, du, {}};
  }
};

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_gated(ReftTensor *gate, ReftTensor *up, ReftGate kind, ReftTensor **out) {
  return guarded([&] {
    const auto &g = borrow(gate), &u = borrow(up);
    if (g.dim() != 2 || g.sizes() != u.sizes() || !is_plain(g) || !is_plain(u) || g.numel() == 0) {
      give(at::mul(kind == REFT_SILU ? at::silu(g) : at::gelu(g, "tanh"), u), out);
    } else if (wants_gradient({g, u})) {
      give(Gated::apply(g, u, static_cast<int64_t>(kind)), out);
    } else {
      give(gated(kind, g, u), out);
    }
  });
}
