// A product of Householder reflections applied to the first columns of the unit matrix, in compact WY form, and its gradient.
//
//     C = (I - U V0^T) S L,   L = V T^-1 V_top^T - I,   V = I + A below the diagonal,   T = triu(V^T V, 1) + diag((1 + |A_k|^2) / 2)
//
// `I` has the shape `[d, r]`, `V_top` is the first r rows of V, S changes signs of the first r rows, and U V0^T is fixed.
#include "kernel.hpp"

namespace reft {
namespace {

/// What is fixed: U and V0 `[d, r]`, signs `[r, 1]`, and ones below the diagonal `[d, r]` and above it `[r, r]`. A product with those is a
/// tenth of what the engine takes to cut a triangle out of a small matrix, for which it wakes all threads.
struct Fixed {
  const at::Tensor &spread, &reflectors, &signs, &below, &above;

  /// `(I - U V0^T) S m` in the place of m.
  at::Tensor applied(at::Tensor m) const {
    m.narrow(0, 0, signs.size(0)).mul_(signs);
    return m.addmm_(spread, at::mm(reflectors.t(), m), 1, -1);
  }
  /// `S (I - V0 U^T) g`.
  at::Tensor turned(const at::Tensor &g) const {
    auto m = at::addmm(g, reflectors, at::mm(spread.t(), g), 1, -1);
    m.narrow(0, 0, signs.size(0)).mul_(signs);
    return m;
  }
};

struct Reflected {
  at::Tensor v, t, x, columns;

  Reflected(const at::Tensor &a, const Fixed &fixed) {
    const int64_t r = a.size(1);
    v = a * fixed.below;
    // |v_k|^2 is 1 + |A_k|^2: in v^T v the squares would be added to the one, which rounds small ones away one by one.
    const at::Tensor halves = (v * v).sum(0).add_(1).mul_(0.5);
    v.diagonal().fill_(1);
    t = at::mm(v.t(), v).mul_(fixed.above);
    t.diagonal().copy_(halves);
    x = at::linalg_solve_triangular(t, v.narrow(0, 0, r).t(), /*upper=*/true);
    auto local = at::mm(v, x);
    local.diagonal().sub_(1);
    columns = fixed.applied(std::move(local));
  }
};

struct Reflections : torch::autograd::Function<Reflections> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &a, const at::Tensor &spread, const at::Tensor &reflectors,
                            const at::Tensor &signs, const at::Tensor &below, const at::Tensor &above) {
    const Reflected made(a, {spread, reflectors, signs, below, above});
    ctx->save_for_backward({spread, reflectors, signs, below, above, made.v, made.t, made.x});
    return made.columns;
  }
  /// With dL, the gradient of L: `dX = V^T dL`, `dG = T^-T dX` that of `V_top^T`, `dT = -dG X^T`, and
  /// `dA = dL X^T + V (strict dT + its transpose + diag dT) + dG^T in the first rows`, below the diagonal.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, const torch::autograd::variable_list &grads) {
    const auto saved = ctx->get_saved_variables();
    const Fixed fixed{saved[0], saved[1], saved[2], saved[3], saved[4]};
    const auto &v = saved[5], &t = saved[6], &x = saved[7];
    const at::Tensor dl = fixed.turned(grads[0]);
    const at::Tensor dg = at::linalg_solve_triangular(t.t(), at::mm(v.t(), dl), /*upper=*/false);
    const at::Tensor minus_dt = at::mm(dg, x.t()), strict = minus_dt * fixed.above;
    auto symmetric = strict + strict.t();
    symmetric.diagonal().copy_(minus_dt.diagonal());
    auto da = at::mm(dl, x.t());
    da.addmm_(v, symmetric, 1, -1);
    da.narrow(0, 0, x.size(0)).add_(dg.t());
    return {da.mul_(fixed.below), {}, {}, {}, {}, {}};
  }
};

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_reflections(ReftTensor *coordinates, ReftTensor *spread, ReftTensor *reflectors, ReftTensor *signs, ReftTensor *below, ReftTensor *above,
                            ReftTensor **out) {
  return guarded([&] {
    const auto &a = borrow(coordinates), &u = borrow(spread), &v = borrow(reflectors), &s = borrow(signs), &b = borrow(below), &c = borrow(above);
    give(wants_gradient({a}) ? Reflections::apply(a, u, v, s, b, c) : Reflected(a, {u, v, s, b, c}).columns, out);
  });
}
