// Attention in a tree of texts: many short branches, each looking at long shared beginnings and at itself.
//
// Nothing is copied for a branch: what it sees is a list of ranges of rows, and the keys are laid out once, 16 columns at a time,
// so that scores of 6 queries and 16 keys stay in registers.
#include "kernel.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

namespace reft {
namespace {

constexpr int64_t panel = 16;
constexpr int64_t tile = 6;
typedef float Lanes __attribute__((vector_size(64)));

REFT_INLINE void load(Lanes &to, const float *from) { std::memcpy(&to, from, sizeof(Lanes)); }

/// Rows of one head: `data + row * stride`.
struct Rows {
  const float *data;
  int64_t stride;
};

/// Consecutive keys, in panels and as they are, and the values that belong to them.
struct Span {
  const float *panels;
  Rows values;
  int64_t first, count;
};

/// Columns of the panels in which some rows lie.
REFT_INLINE int64_t columns_of(int64_t first, int64_t count) { return (first % panel + count + panel - 1) / panel * panel; }

/// `[rows, width]` to panels `[rows / 16, width, 16]`, the last one filled with zeros.
REFT_WIDE void lay_out(Rows rows, int64_t from, int64_t to, int64_t count, int64_t width, float *panels) {
  for (int64_t p = from; p < to; ++p) {
    float *out = panels + p * width * panel;
    for (int64_t c = 0; c < panel; ++c) {
      const int64_t row = p * panel + c;
      if (row < count) {
        const float *in = rows.data + row * rows.stride;
        for (int64_t i = 0; i < width; ++i) out[i * panel + c] = in[i];
      } else {
        for (int64_t i = 0; i < width; ++i) out[i * panel + c] = 0;
      }
    }
  }
}

/// Scores of N queries and one panel.
template <int N> REFT_INLINE void scored(const float *const *q, const float *keys, int64_t width, float *scores, int64_t stride) {
  Lanes sums[N];
  for (int i = 0; i < N; ++i) sums[i] = Lanes{};
  for (int64_t d = 0; d < width; ++d) {
    Lanes key;
    load(key, keys + d * panel);
    for (int i = 0; i < N; ++i) sums[i] += key * q[i][d];
  }
  for (int i = 0; i < N; ++i) std::memcpy(scores + i * stride, &sums[i], sizeof(Lanes));
}

/// Adds `sum_c p[c] v[c]` of N queries and 16 dimensions to `out`.
template <int N>
REFT_INLINE void summed(const float *p, int64_t stride, Rows values, int64_t first, int64_t count, int64_t at, float *const *out) {
  Lanes sums[N];
  for (int i = 0; i < N; ++i) load(sums[i], out[i] + at);
  const float *v = values.data + first * values.stride + at;
  for (int64_t c = 0; c < count; ++c, v += values.stride) {
    Lanes value;
    load(value, v);
    for (int i = 0; i < N; ++i) sums[i] += value * p[i * stride + c];
  }
  for (int i = 0; i < N; ++i) std::memcpy(out[i] + at, &sums[i], sizeof(Lanes));
}

/// The same for the dimensions behind the last 16.
template <int N>
REFT_INLINE void summed_rest(const float *p, int64_t stride, Rows values, int64_t first, int64_t count, int64_t at, int64_t width, float *const *out) {
  for (int64_t c = 0; c < count; ++c) {
    const float *v = values.data + (first + c) * values.stride;
    for (int i = 0; i < N; ++i) {
      for (int64_t d = at; d < width; ++d) out[i][d] += v[d] * p[i * stride + c];
    }
  }
}

/// Queries of one tile: where each is, where its result goes, and how many keys of the last span it sees.
struct Queries {
  const float *q[tile];
  float *out[tile];
  int64_t open[tile];
};

template <int N>
REFT_INLINE void attend(const Queries &queries, const Span *spans, int64_t number, int64_t width, float scale, float *scores, int64_t stride) {
  // Scores of whole panels; what lies outside a span is left out below.
  int64_t column = 0;
  for (int64_t k = 0; k < number; ++k) {
    const Span &span = spans[k];
    const int64_t from = span.first / panel, to = (span.first + span.count + panel - 1) / panel;
    for (int64_t p = from; p < to; ++p, column += panel) scored<N>(queries.q, span.panels + p * width * panel, width, scores + column, stride);
  }
  for (int i = 0; i < N; ++i) {
    float *s = scores + i * stride;
    float highest = -INFINITY;
    int64_t at = 0;
    for (int64_t k = 0; k < number; ++k) {
      const Span &span = spans[k];
      const int64_t lead = span.first % panel, seen = k + 1 == number ? queries.open[i] : span.count;
      const int64_t columns = columns_of(span.first, span.count);
      for (int64_t c = 0; c < lead; ++c) s[at + c] = -INFINITY;
      for (int64_t c = lead; c < lead + seen; ++c) highest = s[at + c] > highest ? s[at + c] : highest;
      for (int64_t c = lead + seen; c < columns; ++c) s[at + c] = -INFINITY;
      at += columns;
    }
    float sum = 0;
    {
      REFT_SUMS_IN_LANES
      for (int64_t c = 0; c < at; ++c) {
        const float e = exponential((s[c] - highest) * scale);
        s[c] = e;
        sum += e;
      }
    }
    const float share = 1.0f / sum;
    for (int64_t c = 0; c < at; ++c) s[c] *= share;
    for (int64_t d = 0; d < width; ++d) queries.out[i][d] = 0;
  }
  int64_t at = 0;
  for (int64_t k = 0; k < number; ++k) {
    const Span &span = spans[k];
    const int64_t lead = span.first % panel;
    int64_t d = 0;
    for (; d + panel <= width; d += panel) summed<N>(scores + at + lead, stride, span.values, span.first, span.count, d, queries.out);
    if (d < width) summed_rest<N>(scores + at + lead, stride, span.values, span.first, span.count, d, width, queries.out);
    at += columns_of(span.first, span.count);
  }
}

/// One branch and one key head; `scores` has room for 6 rows of all columns of the spans.
REFT_WIDE void attend_branch(Rows query, float *out, int64_t heads, int64_t first, int64_t count, int64_t head, int64_t group, Span *spans, int64_t number,
                             int64_t width, float scale, float *scores, int64_t columns) {
  const int64_t all = count * group;
  for (int64_t start = 0; start < all; start += tile) {
    const int n = static_cast<int>(all - start < tile ? all - start : tile);
    Queries queries;
    for (int i = 0; i < n; ++i) {
      const int64_t row = (start + i) / group, h = head * group + (start + i) % group;
      queries.q[i] = query.data + (first + row) * query.stride + h * width;
      queries.out[i] = out + ((first + row) * heads + h) * width;
      queries.open[i] = row + 1;
    }
    spans[number - 1].count = queries.open[n - 1];
    switch (n) {
    case 1: attend<1>(queries, spans, number, width, scale, scores, columns); break;
    case 2: attend<2>(queries, spans, number, width, scale, scores, columns); break;
    case 3: attend<3>(queries, spans, number, width, scale, scores, columns); break;
    case 4: attend<4>(queries, spans, number, width, scale, scores, columns); break;
    case 5: attend<5>(queries, spans, number, width, scale, scores, columns); break;
    default: attend<6>(queries, spans, number, width, scale, scores, columns); break;
    }
  }
}

/// The branches of a batch: rows `[first, first + count)` behind those of `parent`, or behind the first `path` rows of the path.
struct Branches {
  const int64_t *first, *count, *parent, *path;
  int64_t number;
};

struct KeysAndValues {
  at::Tensor keys, values;
  std::vector<float> panels;

  int64_t rows() const { return keys.defined() ? keys.size(0) : 0; }
  Rows head(const at::Tensor &t, int64_t h) const { return {floats(t) + h * t.stride(1), t.stride(0)}; }
  int64_t panels_of_head() const { return (rows() + panel - 1) / panel; }

  void lay_out_all() {
    if (rows() == 0) return;
    const int64_t width = keys.size(2), heads = keys.size(1), each = panels_of_head();
    panels.resize(static_cast<size_t>(heads * each * width * panel));
    at::parallel_for(0, heads * each, 16, [&](int64_t from, int64_t to) {
      for (int64_t p = from; p < to; ++p) {
        const int64_t h = p / each;
        lay_out(head(keys, h), p % each, p % each + 1, rows(), width, panels.data() + h * each * width * panel);
      }
    });
  }
  Span span(int64_t h, int64_t first, int64_t count) const {
    return {panels.data() + h * panels_of_head() * keys.size(2) * panel, head(values, h), first, count};
  }
};

at::Tensor attended(const at::Tensor &q, KeysAndValues &own, KeysAndValues &path, const Branches &branches, float scale) {
  const int64_t heads = q.size(1), width = q.size(2), kv_heads = own.keys.size(1), group = heads / kv_heads;
  auto z = at::empty({q.size(0), heads, width}, q.options());
  own.lay_out_all();
  path.lay_out_all();
  float *out = z.mutable_data_ptr<float>();
  const Rows query{floats(q), q.stride(0)};
  const int64_t tasks = branches.number * kv_heads;
  std::atomic<int64_t> next{0};
  at::parallel_for(0, std::min<int64_t>(at::get_num_threads(), tasks), 1, [&](int64_t, int64_t) {
    std::vector<float> scores;
    std::vector<int64_t> line;
    std::vector<Span> spans;
    for (int64_t i = next++; i < tasks; i = next++) {
      const int64_t branch = i / kv_heads, h = i % kv_heads;
      line.clear();
      for (int64_t b = branch; b >= 0; b = branches.parent[b]) line.push_back(b);
      spans.clear();
      if (branches.path[line.back()] > 0) spans.push_back(path.span(h, 0, branches.path[line.back()]));
      // Rows that follow one another are one span, but for the branch's own.
      for (auto b = line.rbegin(); b + 1 != line.rend(); ++b) {
        const int64_t first = branches.first[*b], count = branches.count[*b];
        if (b != line.rbegin() && spans.back().first + spans.back().count == first) {
          spans.back().count += count;
        } else {
          spans.push_back(own.span(h, first, count));
        }
      }
      spans.push_back(own.span(h, branches.first[branch], branches.count[branch]));
      int64_t columns = 0;
      for (const auto &span : spans) columns += columns_of(span.first, span.count);
      scores.resize(static_cast<size_t>(columns * tile));
      attend_branch(query, out, heads, branches.first[branch], branches.count[branch], h, group, spans.data(), static_cast<int64_t>(spans.size()), width, scale,
                    scores.data(), columns);
    }
  });
  return z;
}

/// The same by the engine's own operations, a branch at a time.
at::Tensor composed(const at::Tensor &q, const KeysAndValues &own, const KeysAndValues &path, const Branches &branches, double scale) {
  std::vector<at::Tensor> parts;
  for (int64_t branch = 0; branch < branches.number; ++branch) {
    std::vector<at::Tensor> keys, values;
    int64_t b = branch;
    for (;; b = branches.parent[b]) {
      keys.insert(keys.begin(), own.keys.narrow(0, branches.first[b], branches.count[b]));
      values.insert(values.begin(), own.values.narrow(0, branches.first[b], branches.count[b]));
      if (branches.parent[b] < 0) break;
    }
    if (branches.path[b] > 0) {
      keys.insert(keys.begin(), path.keys.narrow(0, 0, branches.path[b]));
      values.insert(values.begin(), path.values.narrow(0, 0, branches.path[b]));
    }
    const auto key = at::cat(keys, 0), value = at::cat(values, 0);
    const int64_t count = branches.count[branch], seen = key.size(0);
    const bool alone = seen == count;
    std::optional<at::Tensor> mask;
    if (!alone && count > 1) mask = at::ones({count, seen}, q.options().dtype(at::kBool)).tril(seen - count);
    parts.push_back(at::scaled_dot_product_attention(q.narrow(0, branches.first[branch], count).transpose(0, 1).unsqueeze(0),
                                                     key.transpose(0, 1).unsqueeze(0), value.transpose(0, 1).unsqueeze(0), mask, 0.0, alone && count > 1,
                                                     scale, q.size(1) != key.size(1))
                        .squeeze(0)
                        .transpose(0, 1));
  }
  return at::cat(parts, 0);
}

bool is_packed(const at::Tensor &t) { return is_plain(t) && t.stride(1) == t.size(2); }

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_branch_attention(ReftTensor *query, ReftTensor *key, ReftTensor *value, ReftTensor *path_key, ReftTensor *path_value, const int64_t *first,
                                 const int64_t *count, const int64_t *parent, const int64_t *path_rows, int32_t number, double scale, ReftTensor **out) {
  return guarded([&] {
    const auto &q = borrow(query);
    KeysAndValues own{borrow(key), borrow(value), {}}, path{};
    if (path_key != nullptr) {
      path.keys = borrow(path_key);
      path.values = borrow(path_value);
    }
    const Branches branches{first, count, parent, path_rows, number};
    for (int64_t i = 0; i < number; ++i) TORCH_CHECK(path_rows[i] <= path.rows(), "a branch goes on from more rows than the path has");
    bool plain = is_packed(q) && is_packed(own.keys) && is_packed(own.values) && !wants_gradient({q, own.keys, own.values});
    if (path.keys.defined()) plain = plain && is_packed(path.keys) && is_packed(path.values);
    give(plain ? attended(q, own, path, branches, static_cast<float>(scale)) : composed(q, own, path, branches, scale), out);
  });
}
