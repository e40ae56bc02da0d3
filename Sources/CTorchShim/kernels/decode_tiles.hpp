// The inner loops of `reft_decode_attention` for vectors of `WIDTH` floats; included once for each kind of processor.
//
// No include guard: `WIDTH` and the instructions that may be used are those of the place of inclusion.

#include "lanes.hpp"

/// Scores of G query heads with N keys, `scores[g * stride + n]`; N is 1 or 4, whose sums are taken together.
template <int G, int N> static inline void scored_keys(const Head &h, const float *q, const float *keys, float *scores, long stride) {
  Vector sums[G][N] = {};
  long i = 0;
  for (; i + WIDTH <= h.width; i += WIDTH) {
    Vector ks[N];
    for (int n = 0; n < N; ++n) ks[n] = load(keys + n * h.width + i);
    for (int g = 0; g < G; ++g) {
      const Vector qs = load(q + g * h.width + i);
      for (int n = 0; n < N; ++n) sums[g][n] += ks[n] * qs;
    }
  }
  for (int g = 0; g < G; ++g) {
    float each[N];
    if constexpr (N == 4) totals(sums[g], each);
    if constexpr (N == 1) each[0] = total(sums[g][0]);
    for (int n = 0; n < N; ++n) {
      for (long j = i; j < h.width; ++j) each[n] += keys[n * h.width + j] * q[g * h.width + j];
      scores[g * stride + n] = each[n] * h.scale;
    }
  }
}

/// Scores of G query heads with the keys `[first, last)` of their head, `scores[g * stride + key - first]`.
template <int G> static void scored(const Head &h, const float *q, float *scores, long stride) {
  long key = h.first;
  // The next keys are on their way while these are used, and so are the values, which come after.
  for (; key + 4 <= h.last; key += 4) {
    for (long i = 0; i < 4 * h.width; i += 16) {
      __builtin_prefetch(h.keys + (key + 12) * h.width + i);
      __builtin_prefetch(h.values + key * h.width + i);
    }
    scored_keys<G, 4>(h, q, h.keys + key * h.width, scores + key - h.first, stride);
  }
  for (; key < h.last; ++key) scored_keys<G, 1>(h, q, h.keys + key * h.width, scores + key - h.first, stride);
}

/// Scores to `e^(score - highest)`; their sum.
static float weighted(float *scores, long count) {
  float highest = scores[0];
  for (long i = 1; i < count; ++i) highest = scores[i] > highest ? scores[i] : highest;
  Vector sums = {};
  long i = 0;
  for (; i + WIDTH <= count; i += WIDTH) {
    const Vector e = exponential(load(scores + i) - highest);
    store(scores + i, e);
    sums += e;
  }
  float sum = total(sums);
  if (i < count) {
    float rest[WIDTH] = {};
    for (long j = i; j < count; ++j) rest[j - i] = scores[j] - highest;
    store(rest, exponential(load(rest)));
    for (long j = i; j < count; ++j) sum += scores[j] = rest[j - i];
  }
  return sum;
}

/// The sums of values by their weights, for G query heads.
template <int G> static void mixed(const Head &h, const float *weights, long stride, const float *sums, float *z) {
  constexpr int V = 2;
  const float *values = h.values + h.first * h.width;
  const long count = h.last - h.first;
  long i = 0;
  for (; i + V * WIDTH <= h.width; i += V * WIDTH) {
    Vector out[G][V] = {};
    for (long key = 0; key < count; ++key) {
      Vector vs[V];
      for (int v = 0; v < V; ++v) vs[v] = load(values + key * h.width + i + v * WIDTH);
      for (int g = 0; g < G; ++g) {
        const float each = weights[g * stride + key];
        for (int v = 0; v < V; ++v) out[g][v] += each * vs[v];
      }
    }
    for (int g = 0; g < G; ++g) {
      for (int v = 0; v < V; ++v) store(z + g * h.width + i + v * WIDTH, out[g][v] / sums[g]);
    }
  }
  for (; i < h.width; ++i) {
    for (int g = 0; g < G; ++g) {
      float sum = 0;
      for (long key = 0; key < count; ++key) sum += weights[g * stride + key] * values[key * h.width + i];
      z[g * h.width + i] = sum / sums[g];
    }
  }
}

template <int G> static void attended(const Head &h, const float *q, float *scores, float *z) {
  const long stride = h.last - h.first;
  scored<G>(h, q, scores, stride);
  float sums[G];
  for (int g = 0; g < G; ++g) sums[g] = weighted(scores + g * stride, stride);
  mixed<G>(h, scores, stride, sums, z);
}

/// One new row of the query heads that share a key head, `q [group, width]` to `z [group, width]`; scores: room for 4 heads.
static void attend(const Head &h, const float *q, long group, float *scores, float *z) {
  for (; group >= 4; group -= 4, q += 4 * h.width, z += 4 * h.width) attended<4>(h, q, scores, z);
  if (group == 3) attended<3>(h, q, scores, z);
  if (group == 2) attended<2>(h, q, scores, z);
  if (group == 1) attended<1>(h, q, scores, z);
}
