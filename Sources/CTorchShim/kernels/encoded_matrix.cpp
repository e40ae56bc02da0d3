#include "encoded_matrix.hpp"

#include "widest.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <ATen/Parallel.h>
#include <c10/util/Half.h>

#include <cmath>
#include <vector>

namespace reft {
namespace {

#define TILES "encoded_tiles.hpp"
#include "widths.hpp"
#undef TILES

struct Encoding {
  Decode decode;
  int64_t elements, bytes;  // of a block
};

Encoding encoding(ReftEncoding kind) {
  switch (kind) {
    case REFT_ENCODED_BF16: return {REFT_WIDEST(decode_bfloat16), 1, 2};
    case REFT_ENCODED_F16: return {REFT_WIDEST(decode_float16), 1, 2};
    case REFT_ENCODED_Q4_0: return {REFT_WIDEST(decode_q4_0), 32, 18};
    case REFT_ENCODED_Q4_1: return {REFT_WIDEST(decode_q4_1), 32, 20};
    case REFT_ENCODED_Q8_0: return {REFT_WIDEST(decode_q8_0), 32, 34};
  }
  TORCH_CHECK(false, "no encoding has the number ", static_cast<int>(kind));
}

/// Rows of some length as they are decoded, on all cores.
void decode_rows(const Matrix &m, const int64_t *ids, int64_t count, float *out) {
  at::parallel_for(0, count, std::max<int64_t>(1, 16384 / m.columns), [&](int64_t first, int64_t last) {
    // What lies together is decoded at once.
    if (ids == nullptr) return m.decode(m.bytes + first * m.row_bytes, (last - first) * m.columns, out + first * m.columns);
    for (int64_t i = first; i < last; ++i) m.decode(m.bytes + ids[i] * m.row_bytes, m.columns, out + i * m.columns);
  });
}

/// 32 numbers as 8 bits each with one half-precision scale d: q = round(w / d), d = max |w| / 127.
void encode_q8_0(const float *w, unsigned char *block) {
  float largest = 0;
  for (int j = 0; j < 32; ++j) largest = std::max(largest, std::abs(w[j]));
  const c10::Half d(largest / 127);
  TORCH_CHECK(std::isfinite(static_cast<float>(d)), "a weight of ", largest, " is beyond what 8 bits with a half-precision scale hold");
  std::memcpy(block, &d, 2);
  // By the scale as it is kept. A scale that half precision rounds to zero leaves zeros.
  const float inverse = static_cast<float>(d) > 0 ? 1 / static_cast<float>(d) : 0;
  for (int j = 0; j < 32; ++j) {
    block[2 + j] = static_cast<unsigned char>(static_cast<signed char>(std::lround(std::min(127.0f, std::max(-127.0f, w[j] * inverse)))));
  }
}

}  // namespace

Matrix::Matrix(const ReftMatrix &matrix) : rows(matrix.rows), columns(matrix.columns) {
  if (matrix.tensor != nullptr) {
    tensor = borrow(matrix.tensor);
    return;
  }
  const auto [decode, elements, block] = encoding(matrix.encoding);
  TORCH_CHECK(columns > 0 && columns % elements == 0, "rows of ", columns, " numbers in blocks of ", elements);
  this->decode = decode;
  bytes = static_cast<const unsigned char *>(matrix.bytes);
  row_bytes = columns / elements * block;
}

at::Tensor Matrix::whole() const {
  if (!is_encoded()) return tensor;
  auto out = at::empty({rows, columns}, at::kFloat);
  decode_rows(*this, nullptr, rows, static_cast<float *>(out.mutable_data_ptr()));
  return out;
}

at::Tensor Matrix::whole_for_now() const {
  // A vocabulary's matrix would be kept for nothing.
  constexpr int64_t most = 1 << 24;
  if (!is_encoded() || rows * columns > most) return whole();
  thread_local at::Tensor room;
  if (!room.defined() || room.numel() < rows * columns) room = at::empty({rows * columns}, at::kFloat);
  auto out = room.narrow(0, 0, rows * columns).view({rows, columns});
  decode_rows(*this, nullptr, rows, static_cast<float *>(out.mutable_data_ptr()));
  return out;
}

}  // namespace reft

using namespace reft;

ReftStatus reft_decode_matrix(const ReftMatrix *matrix, ReftTensor **out) {
  return guarded([&] { give(Matrix(*matrix).whole(), out); });
}

ReftStatus reft_decode_rows(const ReftMatrix *matrix, const int64_t *ids, int64_t count, ReftTensor **out) {
  return guarded([&] {
    const Matrix m(*matrix);
    TORCH_CHECK(m.is_encoded(), "rows of a tensor are not decoded");
    for (int64_t i = 0; i < count; ++i) TORCH_CHECK(0 <= ids[i] && ids[i] < m.rows, "row ", ids[i], " of ", m.rows);
    auto rows = at::empty({count, m.columns}, at::kFloat);
    decode_rows(m, ids, count, static_cast<float *>(rows.mutable_data_ptr()));
    give(rows, out);
  });
}

ReftStatus reft_encode_q8_0(ReftTensor *tensor, void *bytes) {
  return guarded([&] {
    const auto w = borrow(tensor).to(at::kCPU, at::kFloat).contiguous();
    TORCH_CHECK(w.dim() == 2 && w.size(1) % 32 == 0, "rows of whole blocks of 32, got ", w.sizes());
    const float *from = static_cast<const float *>(w.const_data_ptr());
    auto *to = static_cast<unsigned char *>(bytes);
    at::parallel_for(0, w.numel() / 32, 512, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) encode_q8_0(from + 32 * i, to + 34 * i);
    });
  });
}
