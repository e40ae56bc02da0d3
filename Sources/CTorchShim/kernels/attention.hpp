// What attention over packed rows and its gradients share: queries in panels of 16, and what the loops of both are given.
#pragma once

#include "kernel.hpp"
#include "panels.hpp"
#include "scratch.hpp"
#include "sequences.hpp"
#include "tasks.hpp"

#include <array>

namespace reft {

inline Rows head(const at::Tensor &t, int64_t h) { return {floats(t) + h * t.stride(1), t.stride(0)}; }

/// Keys that a panel of queries looks at: in panels of 16 and, of the values, row by row.
struct Span {
  const float *key_panels, *values;
  int64_t count;
};

/// 16 queries (rows of the query heads that share a key head, one behind the other), as lanes, and which keys of the last span each sees: the first
/// `open` ones, of which `open_to_all` are seen by all and `open_to_some` by any. What follows is there in the backward pass alone.
struct QueryPanel {
  const float *queries;  // `[width, 16]`, times the scale
  long open_to_some, open_to_all;
  int open[16];
  const float *upper;        // the gradients of the results, `[width, 16]`
  const float *lse, *dots;   // log of the sum of `e^score`, and results times their gradients
  float *query_grads;        // `[16, padded width]`
};

/// Keys `first` to `first + count` of those that a sequence sees, and the sums of their gradients so far.
struct KeyBlock {
  const float *key_panels, *value_panels, *keys;
  float *key_grads, *value_grads;
  long first, count;
};

/// The queries of some panels and the gradients of their results row by row, and room for their scores.
struct GradientRows {
  const float *queries, *upper;
  float *scores, *score_grads;
};

/// The work on one sequence and some of the query heads that share a key head.
class Queries {
 public:
  Queries(int64_t first_row, int64_t count, int64_t first_head, int64_t heads) : first_row_(first_row), heads_(heads), first_head_(first_head), count_(count) {}

  int64_t number() const { return count_ * heads_; }
  int64_t heads() const { return heads_; }
  int64_t panels() const { return (number() + 15) / 16; }
  int64_t row(int64_t query) const { return first_row_ + query / heads_; }
  int64_t head(int64_t query) const { return first_head_ + query % heads_; }
  /// How many there are of the 16 queries of a panel.
  int64_t there(int64_t panel) const { return std::min<int64_t>(16, number() - panel * 16); }
  /// Where the queries of a panel lie in `[rows, heads, width]`; null behind the last.
  std::array<const float *, 16> in(const at::Tensor &t, int64_t panel) const {
    const float *data = floats(t);
    const int64_t row_stride = t.stride(0), head_stride = t.stride(1);
    std::array<const float *, 16> rows{};
    for (int64_t i = 0; i < there(panel); ++i) rows[static_cast<size_t>(i)] = data + row(panel * 16 + i) * row_stride + head(panel * 16 + i) * head_stride;
    return rows;
  }

  /// Which of `keys` keys each lane sees, `before` of the sequence's own being behind them or among them: query row r sees `before + r + 1`.
  void open(int64_t panel, int64_t before, int64_t keys, bool causal, QueryPanel &to) const {
    to.open_to_some = 0;
    to.open_to_all = keys;
    for (int64_t i = 0; i < 16; ++i) {
      const int64_t seen = causal ? before + (panel * 16 + i) / heads_ + 1 : keys;
      const int64_t open = i < there(panel) ? std::max<int64_t>(0, std::min(keys, seen)) : 0;
      to.open[i] = static_cast<int>(open);
      to.open_to_some = std::max<long>(to.open_to_some, open);
      to.open_to_all = std::min<long>(to.open_to_all, open);
    }
  }

 private:
  int64_t first_row_, heads_, first_head_, count_;
};

/// `softmax(q k^T scale) v`; `lse [heads, rows]` where it is to be kept.
at::Tensor attended(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &path_keys, const at::Tensor &path_values,
                    const Sequences &sequences, float scale, at::Tensor *lse);

struct AttentionGradients {
  at::Tensor q, k, v;
};

/// The gradients of `attended` where there is no path.
AttentionGradients attention_gradients(const at::Tensor &dz, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &z,
                                       const at::Tensor &lse, const Sequences &sequences, float scale);

/// The loops for this processor (attention_tiles.hpp).
extern void (*const attend_panel)(const QueryPanel &, const Span *, long, long, float *, float *, float *);
extern void (*const add_gradients)(const KeyBlock &, const QueryPanel *, long, const GradientRows &, long);

}  // namespace reft
