// Attention over packed rows: many sequences in one call, each looking at what it goes on from and at itself.
//
// Work is cut by sequence and key head, so that threads share it evenly whatever the lengths; scores exist for a block of
// query rows at a time.
#include "kernel.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <numeric>
#include <vector>

extern "C" void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k, const float *alpha, const float *a, const int *lda,
                       const float *b, const int *ldb, const float *beta, float *c, const int *ldc);

namespace reft {
namespace {

/// Query rows whose scores exist at once.
constexpr int64_t block_rows = 128;

/// Row-major `C [m, n] = alpha op(A) op(B) + beta C`.
void product(bool turn_a, bool turn_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
             float *c, int64_t ldc) {
  const int mm = static_cast<int>(m), nn = static_cast<int>(n), kk = static_cast<int>(k);
  const int la = static_cast<int>(lda), lb = static_cast<int>(ldb), lc = static_cast<int>(ldc);
  sgemm_(turn_b ? "T" : "N", turn_a ? "T" : "N", &nn, &mm, &kk, &alpha, b, &lb, a, &la, &beta, c, &lc);
}

/// The sequences of a batch: rows `[first, first + count)`, behind those of `parent` and its own parents, or of nothing (-1).
struct Sequences {
  const int64_t *first, *count, *parent;
  int64_t number;
  bool causal;

  int64_t context(int64_t i) const {
    int64_t rows = 0;
    for (int64_t p = parent[i]; p >= 0; p = parent[p]) rows += count[p];
    return rows;
  }
  /// The rows before the sequence's own, in order.
  std::vector<int64_t> context_rows(int64_t i) const {
    std::vector<int64_t> chain, rows;
    for (int64_t p = parent[i]; p >= 0; p = parent[p]) chain.push_back(p);
    for (auto p = chain.rbegin(); p != chain.rend(); ++p) {
      for (int64_t r = 0; r < count[*p]; ++r) rows.push_back(first[*p] + r);
    }
    return rows;
  }
};

/// Memory of a thread that grows as needed, on whole cache lines: where it lies must not decide how products round.
class Scratch {
 public:
  float *data() const { return floats_; }
  void resize(size_t count) {
    if (count <= capacity_) return;
    std::free(floats_);
    capacity_ = (count + 15) / 16 * 16;
    floats_ = static_cast<float *>(std::aligned_alloc(64, capacity_ * sizeof(float)));
    if (floats_ == nullptr) throw std::bad_alloc();
  }
  void clear(size_t count) {
    resize(count);
    std::memset(floats_, 0, count * sizeof(float));
  }
  Scratch() = default;
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  ~Scratch() { std::free(floats_); }

 private:
  float *floats_ = nullptr;
  size_t capacity_ = 0;
};

/// Rows of one head in memory: `data + row * stride`.
struct Rows {
  const float *data;
  int64_t stride;
};

Rows head(const at::Tensor &t, int64_t h) { return {floats(t) + h * t.stride(1), t.stride(0)}; }

/// Turns scores into probabilities, row r of which may look at the first `open + r` columns (all of them where not causal).
REFT_WIDE void softmax(float *scores, int64_t rows, int64_t columns, int64_t open, bool causal, float *lse) {
  REFT_SUMS_IN_LANES
  for (int64_t r = 0; r < rows; ++r) {
    float *s = scores + r * columns;
    const int64_t seen = causal ? std::min(columns, open + r) : columns;
    float highest = s[0];
    for (int64_t c = 0; c < seen; ++c) highest = s[c] > highest ? s[c] : highest;
    float sum = 0;
    for (int64_t c = 0; c < seen; ++c) {
      const float e = exponential(s[c] - highest);
      s[c] = e;
      sum += e;
    }
    const float scale = 1.0f / sum;
    for (int64_t c = 0; c < seen; ++c) s[c] *= scale;
    for (int64_t c = seen; c < columns; ++c) s[c] = 0;
    if (lse != nullptr) lse[r] = highest + std::log(sum);
  }
}

/// Scores to the probabilities they had: `exp(s - lse)`, 0 where a row may not look.
REFT_WIDE void probabilities(float *scores, int64_t rows, int64_t columns, int64_t open, bool causal, const float *lse) {
  for (int64_t r = 0; r < rows; ++r) {
    float *s = scores + r * columns;
    const int64_t seen = causal ? std::min(columns, open + r) : columns;
    const float shift = lse[r];
    for (int64_t c = 0; c < seen; ++c) s[c] = exponential(s[c] - shift);
    for (int64_t c = seen; c < columns; ++c) s[c] = 0;
  }
}

/// `ds = p (dp - sum_j p_j dp_j)`, the sum being that of `dz z`; written over dp.
REFT_WIDE void score_gradient(const float *p, float *dp, int64_t rows, int64_t columns, const float *dz, int64_t dz_stride, const float *z, int64_t z_stride,
                              int64_t width) {
  REFT_SUMS_IN_LANES
  for (int64_t r = 0; r < rows; ++r) {
    const float *g = dz + r * dz_stride, *out = z + r * z_stride;
    float dot = 0;
    for (int64_t i = 0; i < width; ++i) dot += g[i] * out[i];
    const float *prob = p + r * columns;
    float *grad = dp + r * columns;
    for (int64_t c = 0; c < columns; ++c) grad[c] = prob[c] * (grad[c] - dot);
  }
}

/// The keys or values a sequence looks at, where it looks at more than its own rows; its own rows where they lie else.
Rows gathered(Rows all, const std::vector<int64_t> &before, int64_t first, int64_t count, int64_t width, Scratch &memory) {
  if (before.empty()) return {all.data + first * all.stride, all.stride};
  memory.resize((before.size() + static_cast<size_t>(count)) * static_cast<size_t>(width));
  float *to = memory.data();
  for (int64_t row : before) {
    std::memcpy(to, all.data + row * all.stride, static_cast<size_t>(width) * 4);
    to += width;
  }
  for (int64_t r = 0; r < count; ++r, to += width) std::memcpy(to, all.data + (first + r) * all.stride, static_cast<size_t>(width) * 4);
  return {memory.data(), width};
}

/// Calls `task(sequence, key head)` for all of them on all threads, the longest sequences first.
template <typename Task> void for_each_head(const Sequences &sequences, int64_t kv_heads, Task task) {
  std::vector<int64_t> order(static_cast<size_t>(sequences.number));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return sequences.count[a] > sequences.count[b]; });
  const int64_t tasks = sequences.number * kv_heads;
  std::atomic<int64_t> next{0};
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), tasks);
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    for (int64_t i = next++; i < tasks; i = next++) task(order[static_cast<size_t>(i / kv_heads)], i % kv_heads);
  });
}

/// `softmax(q k^T scale) v`; `lse [heads, rows]` where it is to be kept.
at::Tensor attended(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const Sequences &sequences, float scale, at::Tensor *lse) {
  const int64_t rows = q.size(0), heads = q.size(1), width = q.size(2), kv_heads = k.size(1), group = heads / kv_heads;
  auto z = at::empty({rows, heads, width}, q.options());
  if (lse != nullptr) *lse = at::empty({heads, rows}, q.options());
  float *out = fillable(z), *kept = lse != nullptr ? fillable(*lse) : nullptr;
  for_each_head(sequences, kv_heads, [&](int64_t s, int64_t kv) {
    thread_local Scratch key_memory, value_memory, scores;
    const int64_t first = sequences.first[s], count = sequences.count[s];
    const auto before = sequences.context_rows(s);
    const int64_t context = static_cast<int64_t>(before.size());
    const Rows keys = gathered(head(k, kv), before, first, count, width, key_memory);
    const Rows values = gathered(head(v, kv), before, first, count, width, value_memory);
    for (int64_t h = kv * group; h < (kv + 1) * group; ++h) {
      const Rows query = head(q, h);
      for (int64_t start = 0; start < count; start += block_rows) {
        const int64_t n = std::min(block_rows, count - start);
        const int64_t columns = sequences.causal ? context + start + n : context + count;
        scores.resize(static_cast<size_t>(n * columns));
        product(false, true, n, columns, width, scale, query.data + (first + start) * query.stride, query.stride, keys.data, keys.stride, 0, scores.data(),
                columns);
        softmax(scores.data(), n, columns, context + start + 1, sequences.causal, kept != nullptr ? kept + h * rows + first + start : nullptr);
        product(false, false, n, width, columns, 1, scores.data(), columns, values.data, values.stride, 0, out + ((first + start) * heads + h) * width,
                heads * width);
      }
    }
  });
  return z;
}

struct Gradients {
  at::Tensor q, k, v;
};

Gradients gradients(const at::Tensor &dz, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &z, const at::Tensor &lse,
                    const Sequences &sequences, float scale) {
  const int64_t rows = q.size(0), heads = q.size(1), width = q.size(2), kv_heads = k.size(1), group = heads / kv_heads;
  Gradients made{at::empty({rows, heads, width}, q.options()), at::empty({rows, kv_heads, width}, q.options()),
                 at::empty({rows, kv_heads, width}, q.options())};
  float *dq = fillable(made.q), *dk = fillable(made.k), *dv = fillable(made.v);
  const float *out = floats(z), *kept = floats(lse);
  // What a sequence adds to the keys and values it goes on from, kept apart so that the order of the sums is fixed.
  std::vector<std::vector<float>> to_context(static_cast<size_t>(sequences.number * kv_heads));
  for_each_head(sequences, kv_heads, [&](int64_t s, int64_t kv) {
    thread_local Scratch key_memory, value_memory, scores, score_grads, sums;
    const int64_t first = sequences.first[s], count = sequences.count[s];
    const auto before = sequences.context_rows(s);
    const int64_t context = static_cast<int64_t>(before.size());
    const Rows keys = gathered(head(k, kv), before, first, count, width, key_memory);
    const Rows values = gathered(head(v, kv), before, first, count, width, value_memory);
    // Gradients of keys and values: where they belong, or aside where there is a context.
    float *key_sums = dk + (first * kv_heads + kv) * width, *value_sums = dv + (first * kv_heads + kv) * width;
    int64_t stride = kv_heads * width;
    if (context > 0) {
      sums.clear(static_cast<size_t>(2 * (context + count) * width));
      key_sums = sums.data();
      value_sums = sums.data() + (context + count) * width;
      stride = width;
    } else {
      for (int64_t r = 0; r < count; ++r) {
        std::memset(key_sums + r * stride, 0, static_cast<size_t>(width) * 4);
        std::memset(value_sums + r * stride, 0, static_cast<size_t>(width) * 4);
      }
    }
    for (int64_t h = kv * group; h < (kv + 1) * group; ++h) {
      const Rows query = head(q, h), upper = head(dz, h);
      for (int64_t start = 0; start < count; start += block_rows) {
        const int64_t n = std::min(block_rows, count - start);
        const int64_t columns = sequences.causal ? context + start + n : context + count;
        const float *qs = query.data + (first + start) * query.stride, *dzs = upper.data + (first + start) * upper.stride;
        const float *zs = out + ((first + start) * heads + h) * width;
        scores.resize(static_cast<size_t>(n * columns));
        score_grads.resize(static_cast<size_t>(n * columns));
        product(false, true, n, columns, width, scale, qs, query.stride, keys.data, keys.stride, 0, scores.data(), columns);
        probabilities(scores.data(), n, columns, context + start + 1, sequences.causal, kept + h * rows + first + start);
        product(true, false, columns, width, n, 1, scores.data(), columns, dzs, upper.stride, 1, value_sums, stride);
        product(false, true, n, columns, width, 1, dzs, upper.stride, values.data, values.stride, 0, score_grads.data(), columns);
        score_gradient(scores.data(), score_grads.data(), n, columns, dzs, upper.stride, zs, heads * width, width);
        product(false, false, n, width, columns, scale, score_grads.data(), columns, keys.data, keys.stride, 0, dq + ((first + start) * heads + h) * width,
                heads * width);
        product(true, false, columns, width, n, scale, score_grads.data(), columns, qs, query.stride, 1, key_sums, stride);
      }
    }
    if (context > 0) {
      for (int64_t r = 0; r < count; ++r) {
        std::memcpy(dk + ((first + r) * kv_heads + kv) * width, key_sums + (context + r) * width, static_cast<size_t>(width) * 4);
        std::memcpy(dv + ((first + r) * kv_heads + kv) * width, value_sums + (context + r) * width, static_cast<size_t>(width) * 4);
      }
      auto &aside = to_context[static_cast<size_t>(s * kv_heads + kv)];
      aside.assign(key_sums, key_sums + context * width);
      aside.insert(aside.end(), value_sums, value_sums + context * width);
    }
  });
  for (int64_t s = 0; s < sequences.number; ++s) {
    const auto before = sequences.context_rows(s);
    for (int64_t kv = 0; kv < kv_heads && !before.empty(); ++kv) {
      const float *key_sums = to_context[static_cast<size_t>(s * kv_heads + kv)].data();
      const float *value_sums = key_sums + static_cast<int64_t>(before.size()) * width;
      for (int64_t row : before) {
        float *to_key = dk + (row * kv_heads + kv) * width, *to_value = dv + (row * kv_heads + kv) * width;
        for (int64_t i = 0; i < width; ++i) to_key[i] += key_sums[i];
        for (int64_t i = 0; i < width; ++i) to_value[i] += value_sums[i];
        key_sums += width;
        value_sums += width;
      }
    }
  }
  return made;
}

/// Sequences as a tensor that a graph can keep: `[3, number]`.
Sequences seen(const at::Tensor &table, bool causal) {
  const int64_t number = table.size(1), *data = static_cast<const int64_t *>(table.const_data_ptr());
  return {data, data + number, data + 2 * number, number, causal};
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &table,
                            bool causal, double scale) {
    at::Tensor lse;
    auto z = attended(q, k, v, seen(table, causal), static_cast<float>(scale), &lse);
    ctx->save_for_backward({q, k, v, z, lse, table});
    ctx->saved_data["causal"] = causal;
    ctx->saved_data["scale"] = scale;
    return z;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list g) {
    const auto saved = ctx->get_saved_variables();
    const auto dz = is_plain(g[0]) ? g[0] : g[0].contiguous();
    auto made = gradients(dz, saved[0], saved[1], saved[2], saved[3], saved[4], seen(saved[5], ctx->saved_data["causal"].toBool()),
                          static_cast<float>(ctx->saved_data["scale"].toDouble()));
    return {made.q, made.k, made.v, {}, {}, {}};
  }
};

/// The same by the engine's own operations, a sequence at a time.
at::Tensor composed(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const Sequences &sequences, double scale) {
  std::vector<at::Tensor> parts;
  for (int64_t s = 0; s < sequences.number; ++s) {
    const int64_t first = sequences.first[s], count = sequences.count[s];
    const auto before = sequences.context_rows(s);
    const int64_t context = static_cast<int64_t>(before.size());
    auto key = k.narrow(0, first, count), value = v.narrow(0, first, count);
    std::optional<at::Tensor> mask;
    if (context > 0) {
      const auto index = at::tensor(before, at::kLong).to(q.device());
      key = at::cat({k.index_select(0, index), key}, 0);
      value = at::cat({v.index_select(0, index), value}, 0);
      if (sequences.causal && count > 1) mask = at::ones({count, context + count}, q.options().dtype(at::kBool)).tril(context);
    }
    const bool causal = sequences.causal && context == 0 && count > 1;
    parts.push_back(at::scaled_dot_product_attention(q.narrow(0, first, count).transpose(0, 1).unsqueeze(0), key.transpose(0, 1).unsqueeze(0),
                                                     value.transpose(0, 1).unsqueeze(0), mask, 0.0, causal, scale, q.size(1) != k.size(1))
                        .squeeze(0)
                        .transpose(0, 1));
  }
  return at::cat(parts, 0);
}

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_packed_attention(ReftTensor *query, ReftTensor *key, ReftTensor *value, const int64_t *first, const int64_t *count, const int64_t *parent,
                                 int32_t number, bool causal, double scale, ReftTensor **out) {
  return guarded([&] {
    const auto &q = borrow(query), &k = borrow(key), &v = borrow(value);
    const Sequences sequences{first, count, parent, number, causal};
    if (!is_plain(q) || !is_plain(k) || !is_plain(v) || q.numel() == 0) {
      give(composed(q, k, v, sequences, scale), out);
    } else if (wants_gradient({q, k, v})) {
      auto table = at::empty({3, number}, at::kLong);
      int64_t *data = static_cast<int64_t *>(table.mutable_data_ptr());
      std::copy(first, first + number, data);
      std::copy(count, count + number, data + number);
      std::copy(parent, parent + number, data + 2 * number);
      give(PackedAttention::apply(q, k, v, table, causal, scale), out);
    } else {
      give(attended(q, k, v, sequences, static_cast<float>(scale), nullptr), out);
    }
  });
}
