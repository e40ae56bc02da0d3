// Several linear maps of one input: their outputs side by side, and one gradient of the input that all of them add to.
#include "kernel.hpp"
#include "products.hpp"
#include "skinny_linear.hpp"

#include <ATen/core/grad_mode.h>

namespace reft {
namespace {

/// Matrices that lie one behind the other in memory, as a model decoded from a file has queries, keys and values, as one: a product of
/// few outputs is slower than its share of a larger one. Undefined where they do not.
at::Tensor joined(at::ArrayRef<Matrix> weights, at::ArrayRef<at::Tensor> biases) {
  int64_t rows = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto &w = weights[i];
    if (biases[i].defined() || w.is_encoded() || !is_plain(w.tensor) || !w.tensor.is_contiguous()) return {};
    if (w.columns != weights[0].columns || floats(w.tensor) != floats(weights[0].tensor) + rows * w.columns) return {};
    rows += w.rows;
  }
  if (weights.size() < 2) return {};
  return at::from_blob(const_cast<float *>(floats(weights[0].tensor)), {rows, weights[0].columns}, weights[0].tensor.options());
}

std::vector<int64_t> sizes_of(at::ArrayRef<Matrix> weights) {
  std::vector<int64_t> sizes;
  for (const auto &w : weights) sizes.push_back(w.rows);
  return sizes;
}

/// `[x W_1^T + b_1, x W_2^T + b_2, ...]` in the memory of one tensor.
std::vector<at::Tensor> mapped(const at::Tensor &x, at::ArrayRef<Matrix> weights, at::ArrayRef<at::Tensor> biases) {
  int64_t width = 0;
  for (const auto &w : weights) width += w.rows;
  auto all = at::empty({x.size(0), width}, x.options());
  const bool skinny = is_skinny(x, weights, biases);
  if (const auto whole = skinny ? at::Tensor() : joined(weights, biases); whole.defined()) {
    product(all, x, whole.t());
    return all.split_with_sizes(sizes_of(weights), 1);
  }
  if (skinny) skinny_linears(x, weights, biases, static_cast<float *>(all.mutable_data_ptr()), width);
  std::vector<at::Tensor> parts;
  int64_t first = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    auto part = all.narrow(1, first, weights[i].rows);
    if (!skinny) {
      if (biases[i].defined()) part.copy_(biases[i].expand_as(part));
      product(part, x, weights[i].whole_for_now().t(), biases[i].defined());
    }
    parts.push_back(part);
    first += weights[i].rows;
  }
  return parts;
}

struct Linears : torch::autograd::Function<Linears> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const std::vector<Matrix> &matrices,
                                                const std::vector<at::Tensor> &biases) {
    std::vector<at::Tensor> weights;
    for (const auto &matrix : matrices) weights.push_back(matrix.whole());
    ctx->save_for_backward(weights);
    ctx->set_materialize_grads(false);
    // Outputs that share memory and no history of their own.
    at::AutoDispatchBelowADInplaceOrView below;
    const RecordedProducts recorded;
    return mapped(x, std::vector<Matrix>(weights.begin(), weights.end()), biases);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list g) {
    const auto weights = ctx->get_saved_variables();
    at::Tensor dx;
    for (size_t i = 0; i < weights.size(); ++i) {
      if (!g[i].defined()) continue;
      if (dx.defined()) {
        product(dx, g[i], weights[i], true);
      } else {
        dx = product(g[i], weights[i]);
      }
    }
    return {dx, {}, {}};
  }
};

/// The maps of one input `[rows, in]`.
std::vector<at::Tensor> linears(const at::Tensor &x, const std::vector<Matrix> &weights, const std::vector<at::Tensor> &biases) {
  bool trained = false;
  for (size_t i = 0; i < weights.size(); ++i) trained = trained || wants_gradient({weights[i].tensor, biases[i]});
  if (trained || x.dim() != 2) {
    std::vector<at::Tensor> made;
    for (size_t i = 0; i < weights.size(); ++i) made.push_back(at::linear(x, weights[i].whole(), biases[i].defined() ? std::optional(biases[i]) : std::nullopt));
    return made;
  }
  if (wants_gradient({x})) return Linears::apply(x, weights, biases);
  const at::NoGradGuard no_grad;
  return mapped(x, weights, biases);
}

/// One map, of rows in any number of dimensions.
at::Tensor linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
  const bool flat = x.dim() != 2 && x.dim() > 0 && x.numel() > 0 && weight.dim() == 2;
  auto y = linears(flat ? x.reshape({-1, x.size(-1)}) : x, {Matrix(weight)}, {bias})[0];
  if (!flat) return y;
  auto shape = x.sizes().vec();
  shape.back() = y.size(1);
  return y.view(shape);
}

}  // namespace
}  // namespace reft

using namespace reft;

REFT_OP(reft_linear, (ReftTensor * x, ReftTensor *weight, ReftTensor *bias, ReftTensor **out),
        reft::linear(borrow(x), borrow(weight), borrow_optional(bias).value_or(at::Tensor())))

ReftStatus reft_linears(ReftTensor *input, const ReftMatrix *weights, ReftTensor *const *biases, int32_t count, ReftTensor **outs) {
  return guarded([&] {
    std::vector<Matrix> w;
    std::vector<at::Tensor> b;
    for (int32_t i = 0; i < count; ++i) {
      w.emplace_back(weights[i]);
      b.push_back(biases[i] == nullptr ? at::Tensor() : borrow(biases[i]));
    }
    auto made = linears(borrow(input), w, b);
    for (int32_t i = 0; i < count; ++i) give(std::move(made[static_cast<size_t>(i)]), &outs[i]);
  });
}
