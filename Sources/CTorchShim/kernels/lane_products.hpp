// Products whose results are panels of 16 lanes, for vectors of `WIDTH` floats; included once for each kind of processor. No include guard.

#include "lanes.hpp"

// Sums that a loop goes over are in registers only where it is unrolled whole.
#define EACH _Pragma("clang loop unroll(full)")

/// Vectors in a panel's 16 lanes.
constexpr int V = 16 / WIDTH;
/// Rows of a product whose sums stay in registers.
constexpr int T = WIDTH == 16 ? 16 : WIDTH / 2;

/// 16 lanes.
struct Lanes {
  Vector v[V];
};

static inline Lanes lanes(const float *p) {
  Lanes l;
  for (int i = 0; i < V; ++i) l.v[i] = load(p + i * WIDTH);
  return l;
}
static inline void put(float *p, const Lanes &l) {
  for (int i = 0; i < V; ++i) store(p + i * WIDTH, l.v[i]);
}

/// C [N, 16] = A^T B, A `[k, 16]` of which N columns count, B `[k, 16]` in rows at a distance; or added to C, which rounds less than to go on from C.
template <int N> static inline void turned_product(const float *a, const float *b, long b_row, long k, float *c, long c_row, bool add) {
  Lanes sums[N] = {};
  for (long i = 0; i < k; ++i, a += 16, b += b_row) {
    const Lanes bs = lanes(b);
    EACH for (int n = 0; n < N; ++n) {
      EACH for (int v = 0; v < V; ++v) sums[n].v[v] += a[n] * bs.v[v];
    }
  }
  EACH for (int n = 0; n < N; ++n) {
    if (add) {
      const Lanes before = lanes(c + n * c_row);
      EACH for (int v = 0; v < V; ++v) sums[n].v[v] += before.v[v];
    }
    put(c + n * c_row, sums[n]);
  }
}
