// The inner loops of packed attention for vectors of `WIDTH` floats; included once for each kind of processor. No include guard.
//
// Everything lies in panels of 16: 16 query rows are the lanes of a panel, and scores are `[keys, 16]`, so that a softmax goes down the
// lanes and every product finds its factors at constant distances.

#include "lane_products.hpp"

/// C [N, 16] += sum over panels of A B, A `[N, 16]` and B `[16, 16]` of each panel.
template <int N>
static inline void panel_product(const float *a, long a_panel, const float *b, long b_row, long panels, float *c, long c_row) {
  Lanes sums[N];
  EACH for (int n = 0; n < N; ++n) sums[n] = lanes(c + n * c_row);
  for (long p = 0; p < panels; ++p, a += a_panel) {
    for (int i = 0; i < 16; ++i, b += b_row) {
      const Lanes bs = lanes(b);
      EACH for (int n = 0; n < N; ++n) {
        EACH for (int v = 0; v < V; ++v) sums[n].v[v] += a[n * 16 + i] * bs.v[v];
      }
    }
  }
  EACH for (int n = 0; n < N; ++n) put(c + n * c_row, sums[n]);
}

/// `scores [keys, 16]` of a panel of queries `[width, 16]` and keys in panels `[keys / 16, width, 16]`; rows up to the next 4 are filled.
static void score(const float *queries, const float *keys, long width, long count, float *scores) {
  for (long key = 0; key < count; key += 16, keys += 16 * width, scores += 16 * 16) {
    long row = 0;
    for (; row + T <= 16 && row + T <= (count - key + 3) / 4 * 4; row += T) turned_product<T>(keys + row, queries, 16, width, scores + row * 16, 16, false);
    if constexpr (T == 16) {
      for (; row < 16 && row < count - key; row += 4) turned_product<4>(keys + row, queries, 16, width, scores + row * 16, 16, false);
    }
  }
}

/// `out [16, width] = scores^T values`, values `[keys, width]`, or added to it.
static void mix(const float *scores, const float *values, long width, long count, float *out, bool add) {
  for (long d = 0; d < width; d += 16) {
    for (int row = 0; row < 16; row += T) turned_product<T>(scores + row, values + d, width, count, out + row * width + d, width, add);
  }
}

/// `out [count, width] += scores rows`, scores in panels `[panels, a_panel / 16, 16]`, rows `[16 panels, width]`; `count` rounded up to 4.
static void spread(const float *scores, long a_panel, const float *rows, long panels, long width, long count, float *out) {
  for (long d = 0; d < width; d += 16) {
    long key = 0;
    for (; key + T <= count; key += T) panel_product<T>(scores + key * 16, a_panel, rows + d, width, panels, out + key * width + d, width);
    for (; T > 4 && key < count; key += 4) panel_product<4>(scores + key * 16, a_panel, rows + d, width, panels, out + key * width + d, width);
    for (; key < count; key += T) panel_product<T>(scores + key * 16, a_panel, rows + d, width, panels, out + key * width + d, width);
  }
}

/// Which lanes may look at key number `key`.
struct Open {
  IntVector v[V];
  Open(const int *open) {
    for (int i = 0; i < V; ++i) std::memcpy(&v[i], open + i * WIDTH, sizeof(IntVector));
  }
};

/// Scores to `e^(score - highest)`, 0 where a lane may not look; the highest scores and the sums of a panel.
static void soften(float *scores, long count, long open_to_all, const int *open_keys, float *highest, float *sums) {
  const Open open(open_keys);
  Lanes top, sum = {};
  for (int i = 0; i < V; ++i) top.v[i] = Vector{} - INFINITY;
  for (long key = 0; key < count; ++key) {
    Lanes s = lanes(scores + key * 16);
    for (int i = 0; i < V; ++i) {
      if (key >= open_to_all) s.v[i] = open.v[i] > static_cast<int>(key) ? s.v[i] : Vector{} - INFINITY;
      top.v[i] = s.v[i] > top.v[i] ? s.v[i] : top.v[i];
    }
  }
  for (long key = 0; key < count; ++key) {
    Lanes s = lanes(scores + key * 16);
    for (int i = 0; i < V; ++i) {
      Vector e = exponential(s.v[i] - top.v[i]);
      if (key >= open_to_all) e = open.v[i] > static_cast<int>(key) ? e : Vector{};
      sum.v[i] += e;
      s.v[i] = e;
    }
    put(scores + key * 16, s);
  }
  put(highest, top);
  put(sums, sum);
}

/// Scores to the probabilities they had, `e^(score - lse)`, and `grads` (of the probabilities) to those of the scores, `p (grad - dot)`; both 0
/// where a lane may not look, and up to the next 16 keys.
static void soften_again(float *scores, float *grads, long count, long open_to_all, const int *open_keys, const float *lse, const float *dots) {
  const Open open(open_keys);
  const Lanes shift = lanes(lse), dot = lanes(dots);
  for (long key = 0; key < count; ++key) {
    Lanes s = lanes(scores + key * 16), g = lanes(grads + key * 16);
    for (int i = 0; i < V; ++i) {
      const Vector difference = s.v[i] - shift.v[i];
      Vector p = exponential(difference < 0.0f ? difference : Vector{});
      if (key >= open_to_all) p = open.v[i] > static_cast<int>(key) ? p : Vector{};
      s.v[i] = p;
      g.v[i] = p * (g.v[i] - dot.v[i]);
    }
    put(scores + key * 16, s);
    put(grads + key * 16, g);
  }
  for (long key = count; key % 16 != 0; ++key) {
    put(scores + key * 16, Lanes{});
    put(grads + key * 16, Lanes{});
  }
}

/// One panel of queries over what it sees: `out [16, width]`, and the logarithms of the sums of `e^score`.
static void attend(const QueryPanel &panel, const Span *spans, long number, long width, float *scores, float *out, float *lse) {
  long keys = 0;
  for (long k = 0; k < number; ++k) {
    const long count = k + 1 == number ? panel.open_to_some : spans[k].count;
    score(panel.queries, spans[k].key_panels, width, count, scores + keys * 16);
    keys += count;
  }
  const long before = keys - panel.open_to_some;
  int open[16];
  for (int i = 0; i < 16; ++i) open[i] = static_cast<int>(before) + panel.open[i];
  float sums[16];
  soften(scores, keys, before + panel.open_to_all, open, lse, sums);
  const long padded = up_to_16(width);
  keys = 0;
  for (long k = 0; k < number; ++k) {
    const long count = k + 1 == number ? panel.open_to_some : spans[k].count;
    mix(scores + keys * 16, spans[k].values, padded, count, out, k > 0);
    keys += count;
  }
  for (int i = 0; i < 16; ++i) {
    for (long d = 0; d < padded; ++d) out[i * padded + d] /= sums[i];
    lse[i] += std::log(sums[i]);
  }
}

/// Adds what some panels of queries and a block of keys have to do with one another to the gradients.
static void gradients(const KeyBlock &keys, const QueryPanel *panels, long number, const GradientRows &rows, long width) {
  const long padded = up_to_16(width), stride = up_to_16(keys.count) * 16;
  for (long p = 0; p < number; ++p) {
    const QueryPanel &panel = panels[p];
    float *scores = rows.scores + p * stride, *grads = rows.score_grads + p * stride;
    score(panel.queries, keys.key_panels, width, panel.open_to_some, scores);
    score(panel.upper, keys.value_panels, width, panel.open_to_some, grads);
    soften_again(scores, grads, panel.open_to_some, panel.open_to_all, panel.open, panel.lse, panel.dots);
    mix(grads, keys.keys, padded, panel.open_to_some, panel.query_grads, keys.first > 0);
  }
  // Later rows see more keys: the panels that see a block of 16 are the last ones.
  long first = 0;
  for (long key = 0; key < keys.count; key += 16) {
    while (first < number && panels[first].open_to_some <= key) ++first;
    const long count = keys.count - key < 16 ? (keys.count - key + 3) / 4 * 4 : 16, at = first * stride + key * 16;
    spread(rows.score_grads + at, stride, rows.queries + first * 16 * padded, number - first, padded, count, keys.key_grads + key * padded);
    spread(rows.scores + at, stride, rows.upper + first * 16 * padded, number - first, padded, count, keys.value_grads + key * padded);
  }
}
