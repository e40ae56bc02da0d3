// Products of whole matrices.
#pragma once

#include "../shim.hpp"

namespace reft {

/// `out = a b`, or `out += a b`: a `[rows, k]`, b `[k, columns]`. No graph is made.
///
/// Threads share it by columns: each packs a once and its own part of b. On 2 cores (Zen 4, matrices of SmolLM2-135M) the library, left to share
/// the work itself, was as fast or up to 3% slower with 800 rows and 3 to 6% slower with 300.
void product(at::Tensor &out, const at::Tensor &a, const at::Tensor &b, bool added = false);

/// `a b` as a new tensor.
at::Tensor product(const at::Tensor &a, const at::Tensor &b);

}  // namespace reft
