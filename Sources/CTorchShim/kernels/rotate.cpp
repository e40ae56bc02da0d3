// Rotary position embedding: every pair of entries turned in one pass, and back by the same pass.
#include "kernel.hpp"

namespace reft {
namespace {

/// Pairs `(i, i + m/2)` of each head turn by the row's angles; `direction` -1 turns back. What is behind m stays.
REFT_WIDE void turn(const float *x, int64_t row_stride, int64_t head_stride, const float *cosine, const float *sine, float *y, int64_t rows, int64_t heads,
                    int64_t width, int64_t m, float direction) {
  const int64_t half = m / 2;
  for (int64_t row = 0; row < rows; ++row) {
    const float *c = cosine + row * m, *s = sine + row * m;
    for (int64_t head = 0; head < heads; ++head) {
      const float *in = x + row * row_stride + head * head_stride;
      float *out = y + (row * heads + head) * width;
      for (int64_t i = 0; i < half; ++i) {
        const float low = in[i], high = in[i + half];
        out[i] = low * c[i] - high * (direction * s[i]);
        out[i + half] = high * c[i + half] + low * (direction * s[i + half]);
      }
      for (int64_t i = m; i < width; ++i) out[i] = in[i];
    }
  }
}

at::Tensor turned(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine, float direction) {
  const int64_t rows = x.size(0), heads = x.size(1), width = x.size(2), m = cosine.size(2);
  auto y = at::empty({rows, heads, width}, x.options());
  const float *in = floats(x), *c = floats(cosine), *s = floats(sine);
  float *out = fillable(y);
  const int64_t row_stride = x.stride(0), head_stride = x.stride(1);
  at::parallel_for(0, rows, grain(heads * width), [&](int64_t first, int64_t last) {
    turn(in + first * row_stride, row_stride, head_stride, c + first * m, s + first * m, out + first * heads * width, last - first, heads, width, m,
         direction);
  });
  return y;
}

struct Rotation : torch::autograd::Function<Rotation> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine) {
    ctx->save_for_backward({cosine, sine});
    return turned(x, cosine, sine, 1);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list g) {
    const auto saved = ctx->get_saved_variables();
    return {turned(is_plain(g[0]) ? g[0] : g[0].contiguous(), saved[0], saved[1], -1), {}, {}};
  }
};

/// `x cos + rotate_half(x) sin`.
at::Tensor composed(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine) {
  const int64_t m = cosine.size(2), half = m / 2;
  const auto turning = x.narrow(2, 0, m);
  const auto rotated = at::cat({at::neg(turning.narrow(2, half, half)), turning.narrow(2, 0, half)}, 2);
  const auto y = turning * cosine + rotated * sine;
  return m == x.size(2) ? y : at::cat({y, x.narrow(2, m, x.size(2) - m)}, 2);
}

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_rotate(ReftTensor *x, ReftTensor *cosine, ReftTensor *sine, ReftTensor **out) {
  return guarded([&] {
    const auto &h = borrow(x), &c = borrow(cosine), &s = borrow(sine);
    if (!is_plain(h) || !is_plain(c) || !is_plain(s) || !c.is_contiguous() || !s.is_contiguous() || h.numel() == 0) {
      give(composed(h, c, s), out);
    } else if (wants_gradient({h})) {
      give(Rotation::apply(h, c, s), out);
    } else {
      give(turned(h, c, s, 1), out);
    }
  });
}
