// LoReFT's edit of some rows, `y = x + (x W^T + b - x C) C^T` with C = R^T, and its gradients as one step of a graph.
#include "kernel.hpp"

namespace reft {
namespace {

/// z `[rows, r]`, what the edit moves within its subspace, and y; D is `W - C^T`.
struct Edited {
  at::Tensor z, y;
  Edited(const at::Tensor &x, const at::Tensor &c, const at::Tensor &d, const at::Tensor &b) : z(at::addmm(b, x, d.t())), y(at::addmm(x, z, c.t())) {}
};

struct LowRankEdit : torch::autograd::Function<LowRankEdit> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const at::Tensor &c, const at::Tensor &w, const at::Tensor &b) {
    const at::Tensor d = w - c.t();
    const Edited made(x, c, d, b);
    ctx->save_for_backward({x, c, d, made.z});
    return made.y;
  }
  /// With `u = g C`: `dx = g + u D`, `dC = g^T z - x^T u`, `dW = u^T x`, `db` the sum of u.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, const torch::autograd::variable_list &grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &c = saved[1], &d = saved[2], &z = saved[3], &g = grads[0];
    const at::Tensor u = at::mm(g, c), dw = at::mm(u.t(), x);
    const at::Tensor dx = ctx->needs_input_grad(0) ? at::addmm(g, u, d) : at::Tensor();
    const at::Tensor dc = ctx->needs_input_grad(1) ? at::addmm(dw.t(), g.t(), z, -1) : at::Tensor();
    return {dx, dc, dw, u.sum(0)};
  }
};

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_low_rank_edit(ReftTensor *rows, ReftTensor *columns, ReftTensor *weight, ReftTensor *bias, ReftTensor **out) {
  return guarded([&] {
    const auto &x = borrow(rows), &c = borrow(columns), &w = borrow(weight), &b = borrow(bias);
    give(wants_gradient({x, c, w, b}) ? LowRankEdit::apply(x, c, w, b) : Edited(x, c, w - c.t(), b).y, out);
  });
}
