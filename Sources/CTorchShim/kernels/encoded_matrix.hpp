// Matrices of weights as files hold them, decoded where they are used: a quarter or an eighth of the memory is read.
#pragma once

#include "../shim.hpp"

namespace reft {

/// Decodes numbers that lie one after the other, whole blocks of them.
using Decode = void (*)(const unsigned char *bytes, long count, float *out);

/// `[rows, columns]`: a tensor, or encoded rows.
struct Matrix {
  at::Tensor tensor;
  const unsigned char *bytes = nullptr;
  Decode decode = nullptr;
  int64_t rows = 0, columns = 0, row_bytes = 0;

  explicit Matrix(const at::Tensor &tensor) : tensor(tensor), rows(tensor.size(0)), columns(tensor.size(-1)) {}
  explicit Matrix(const ReftMatrix &matrix);

  bool is_encoded() const { return bytes != nullptr; }
  /// The tensor, or a new one with every number decoded.
  at::Tensor whole() const;
  /// The same, perhaps in memory that the next call on this thread writes over: fresh memory costs more than decoding into it.
  at::Tensor whole_for_now() const;
};

}  // namespace reft
