// Attention by the engine's own kernels.
#pragma once

#include "../shim.hpp"

namespace reft {

/// `softmax(q k^T scale + mask) v` of `[batch, heads, rows, width]`, key heads shared by groups of query heads.
///
/// On a GPU only flash kernels know groups, and they know no masks and no float32: what they do not take gets keys repeated, for the
/// plain formula would keep all scores.
inline at::Tensor engine_attention(const at::Tensor &q, at::Tensor k, at::Tensor v, const std::optional<at::Tensor> &mask, bool causal, double scale) {
  bool grouped = q.size(1) != k.size(1);
  if (grouped && q.is_cuda() && (mask || q.scalar_type() == at::kFloat)) {
    const int64_t group = q.size(1) / k.size(1);
    k = k.repeat_interleave(group, 1);
    v = v.repeat_interleave(group, 1);
    grouped = false;
  }
  return at::scaled_dot_product_attention(q, k, v, mask, 0.0, causal, scale, grouped);
}

}  // namespace reft
