// Cross entropy of a few rows behind the vocabulary projection, in one pass over its table.
#pragma once

#include "../shim.hpp"

namespace reft {

/// Whether `one_pass` takes these: few rows of whole panels, plain float32 of the CPU.
bool is_one_pass(const at::Tensor &rows, const at::Tensor &weight, const std::optional<at::Tensor> &bias, const at::Tensor &labels);

/// The sum of the losses of rows `[n, d]` with labels within the vocabulary; their gradient `[n, d]` is written where there is room for it.
double one_pass(const at::Tensor &rows, const at::Tensor &weight, const std::optional<at::Tensor> &bias, const at::Tensor &labels, float *gradient);

}  // namespace reft
