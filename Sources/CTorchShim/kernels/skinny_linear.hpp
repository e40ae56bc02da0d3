// `y = x W^T + b` for few rows of x, as decoding has them, for one matrix or several.
#pragma once

#include "encoded_matrix.hpp"
#include "scratch.hpp"

namespace reft {

/// Rows up to which `skinny_linears` is asked. With the matrices of SmolLM2-135M, read from memory, on 2 cores with AVX2 it was 1.6 to 1.8
/// times as fast as MKL at 1 row (24 to 26 GB/s, of 31 that two threads can read), 1.4 to 1.6 times at 16 and 1.0 to 1.3 times at 32.
/// Encoded matrices have no other product, and decoding a whole one pays with many rows alone.
extern const int64_t skinny_rows, skinny_encoded_rows;

/// Rows of x as the inner loops take them: panels of 16, each turned to `[k, 16]`; rows behind the last panel are taken as they are.
struct TurnedRows {
  const float *x;
  long rows, k, panels;
  const float *turned;

  TurnedRows(const float *x, long rows, long k, Scratch &room);
};

/// Everything that the inner loops need to know.
struct SkinnyProduct {
  TurnedRows in;
  const float *weight, *bias;
  /// W as it is decoded, some rows at a time, where there are no floats of it.
  const unsigned char *encoded;
  Decode decode;
  long row_bytes;
  float *y;
  long y_stride;
};

/// The inner loops for this processor (skinny_tiles.hpp): outputs `[first, last)` of every row; `decoded [12, k]` is room for rows of W that are
/// not floats yet.
extern void (*const skinny_outputs)(const SkinnyProduct &, long first, long last, float *decoded);

/// While one lives, products of this thread are those that a recorded pass computes: its rounding must not depend on whether
/// somebody records just now.
struct RecordedProducts {
  RecordedProducts();
  ~RecordedProducts();
};

/// Whether `skinny_linears` takes these: plain float32 of the CPU, few rows, and nobody wants a gradient. A bias may be undefined.
bool is_skinny(const at::Tensor &x, at::ArrayRef<Matrix> weights, at::ArrayRef<at::Tensor> biases);

/// Writes the products of one x with several matrices side by side to `y`, whose rows are `y_stride` apart.
void skinny_linears(const at::Tensor &x, at::ArrayRef<Matrix> weights, at::ArrayRef<at::Tensor> biases, float *y, int64_t y_stride);

}  // namespace reft
