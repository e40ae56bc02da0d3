// Neural layers, gradients and the optimiser step.
#include "kernels/engine_attention.hpp"
#include "shim.hpp"

#include <ATen/core/grad_mode.h>

using namespace reft;

REFT_OP(reft_embedding, (ReftTensor * weight, ReftTensor *ids, ReftTensor **out), at::embedding(borrow(weight), borrow(ids)))
REFT_OP(reft_layer_norm, (ReftTensor * x, ReftTensor *weight, ReftTensor *bias, double epsilon, ReftTensor **out),
        at::layer_norm(borrow(x), borrow(weight).sizes(), borrow(weight), borrow_optional(bias), epsilon))
REFT_OP(reft_attention, (ReftTensor * q, ReftTensor *k, ReftTensor *v, ReftTensor *mask, bool causal, double scale, ReftTensor **out),
        engine_attention(borrow(q), borrow(k), borrow(v), borrow_optional(mask), causal, scale))

static at::Tensor reach_mask(const at::Tensor &positions, int64_t columns, int64_t window, at::ScalarType type) {
  const at::Tensor own = positions.view({-1, 1, 1, 1}), column = at::arange(columns, positions.options());
  at::Tensor hidden = column.gt(own);
  if (window > 0) hidden.logical_or_(column.le(own.sub(window)));
  return at::zeros(hidden.sizes(), positions.options().dtype(type)).masked_fill_(hidden, -std::numeric_limits<double>::infinity());
}
REFT_OP(reft_reach_mask, (ReftTensor * positions, int64_t columns, int64_t window, ReftType type, ReftTensor **out),
        reach_mask(borrow(positions), columns, window, static_cast<at::ScalarType>(type)))
REFT_OP(reft_cross_entropy, (ReftTensor * logits, ReftTensor *targets, ReftTensor **out),
        at::cross_entropy_loss(borrow(logits), borrow(targets), std::nullopt, at::Reduction::None))

ReftStatus reft_set_requires_grad(ReftTensor *t, bool required) {
  return guarded([&] { borrow(t).requires_grad_(required); });
}
ReftStatus reft_backward(ReftTensor *loss) {
  return guarded([&] { borrow(loss).backward(); });
}
ReftStatus reft_gradient(ReftTensor *t, ReftTensor **out) {
  return guarded([&] {
    const auto &gradient = borrow(t).grad();
    if (gradient.defined()) give(gradient, out);
  });
}
ReftStatus reft_clear_gradient(ReftTensor *t) {
  return guarded([&] { borrow(t).mutable_grad().reset(); });
}
ReftStatus reft_copy_into(ReftTensor *target, ReftTensor *source) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    borrow(target).copy_(borrow(source));
  });
}
ReftStatus reft_put_rows(ReftTensor *target, ReftTensor *index, ReftTensor *source) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    borrow(target).index_copy_(0, borrow(index), borrow(source));
  });
}
ReftStatus reft_multiply_in_place(ReftTensor *target, double factor) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    borrow(target).mul_(factor);
  });
}

ReftStatus reft_clip_gradients(ReftTensor *const *gradients, int32_t count, double clip, ReftTensor **norm) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    std::vector<at::Tensor> list;
    for (int32_t i = 0; i < count; ++i) list.push_back(borrow(gradients[i]));
    const at::Tensor total = at::linalg_vector_norm(at::stack(at::_foreach_norm(list)));
    if (clip > 0) {
      // Nothing is read back to the host, so that a GPU need not be waited for.
      const at::Tensor factor = at::clamp_max(clip / (total + 1e-6), 1.0);
      at::_foreach_mul_(list, at::where(at::isfinite(total), factor, at::ones_like(factor)));
    }
    give(total, norm);
  });
}

ReftStatus reft_fused_adamw(ReftTensor *const *parameters, ReftTensor *const *gradients, ReftTensor *const *first_moments,
                            ReftTensor *const *second_moments, int32_t count, int64_t step, double learning_rate,
                            double beta1, double beta2, double weight_decay, double epsilon) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    const auto n = static_cast<size_t>(count);
    std::vector<at::Tensor> p, g, m, v, steps;
    for (size_t i = 0; i < n; ++i) {
      p.push_back(borrow(parameters[i]));
      g.push_back(borrow(gradients[i]));
      m.push_back(borrow(first_moments[i]));
      v.push_back(borrow(second_moments[i]));
      steps.push_back(at::full({}, static_cast<double>(step), p.back().options().dtype(at::kFloat)));
    }
    at::_fused_adamw_(p, g, m, v, {}, steps, learning_rate, beta1, beta2, weight_decay, epsilon, false, false);
    for (const auto &parameter : p) parameter.unsafeGetTensorImpl()->bump_version();  // which the engine leaves out here
  });
}
