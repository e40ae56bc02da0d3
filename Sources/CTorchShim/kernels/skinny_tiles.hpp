// The inner loops of `skinny_linear` for vectors of `WIDTH` floats; included once for each kind of processor.
//
// No include guard: `WIDTH` and the instructions that may be used are those of the place of inclusion.

#include "lanes.hpp"

/// R rows of W by M rows of x, in lanes along k: what memory gives is used at once.
template <int R, int M> static void along(const float *x, const float *w, const float *b, float *y, long k, long y_stride) {
  Vector sums[R][M] = {};
  long i = 0;
  for (; i + 16 <= k; i += 16) {
    // The next rows of W are on their way while these are used.
    for (int r = 0; r < R; ++r) __builtin_prefetch(w + (r + R) * k + i);
    for (int lane = 0; lane < 16; lane += WIDTH) {
      Vector ws[R];
      for (int r = 0; r < R; ++r) ws[r] = load(w + r * k + i + lane);
      for (int m = 0; m < M; ++m) {
        const Vector xs = load(x + m * k + i + lane);
        for (int r = 0; r < R; ++r) sums[r][m] += ws[r] * xs;
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int m = 0; m < M; ++m) {
      float sum = total(sums[r][m]);
      for (long j = i; j < k; ++j) sum += w[r * k + j] * x[m * k + j];
      y[m * y_stride + r] = sum + (b != nullptr ? b[r] : 0);
    }
  }
}

/// R rows of W by 16 rows of x, of which the first `count` are wanted, in lanes across the rows: `panel [k, 16]` is x turned.
template <int R> static void across(const float *panel, const float *w, const float *b, float *y, long k, long y_stride, long count) {
  constexpr int V = 16 / WIDTH;
  Vector sums[R][V] = {};
  const auto add = [&](long i) {
    Vector xs[V];
    for (int v = 0; v < V; ++v) xs[v] = load(panel + i * 16 + v * WIDTH);
    for (int r = 0; r < R; ++r) {
      const float each = w[r * k + i];
      for (int v = 0; v < V; ++v) sums[r][v] += each * xs[v];
    }
  };
  long i = 0;
  for (; i + 16 <= k; i += 16) {
    for (int r = 0; r < R; ++r) __builtin_prefetch(w + (r + 12) * k + i);
#pragma unroll 4
    for (int step = 0; step < 16; ++step) add(i + step);
  }
  for (; i < k; ++i) add(i);
  float turned[R][16];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) *reinterpret_cast<Loaded *>(&turned[r][v * WIDTH]) = sums[r][v];
  }
  for (long row = 0; row < count; ++row) {
    for (int r = 0; r < R; ++r) y[row * y_stride + r] = turned[r][row] + (b != nullptr ? b[r] : 0);
  }
}

template <int R, int M> static void along_all(const SkinnyProduct &p, const float *w, long row, long first, long last) {
  const auto b = [&](long n) { return p.bias != nullptr ? p.bias + n : nullptr; };
  const float *x = p.in.x + row * p.in.k;
  float *y = p.y + row * p.y_stride;
  long n = first;
  for (; n + R <= last; n += R, w += R * p.in.k) along<R, M>(x, w, b(n), y + n, p.in.k, p.y_stride);
  for (; n < last; ++n, w += p.in.k) along<1, M>(x, w, b(n), y + n, p.in.k, p.y_stride);
}

static void across_all(const SkinnyProduct &p, const float *w, const float *panel, long row, long count, long first, long last) {
  constexpr int R = WIDTH == 16 ? 12 : WIDTH == 8 ? 6 : 4;
  const auto b = [&](long n) { return p.bias != nullptr ? p.bias + n : nullptr; };
  float *y = p.y + row * p.y_stride;
  long n = first;
  for (; n + R <= last; n += R, w += R * p.in.k) across<R>(panel, w, b(n), y + n, p.in.k, p.y_stride, count);
  for (; n < last; ++n, w += p.in.k) across<1>(panel, w, b(n), y + n, p.in.k, p.y_stride, count);
}

/// The outputs `[first, last)` of every row; `decoded [12, k]` is room for rows of W that are not floats yet.
static void outputs(const SkinnyProduct &p, long first, long last, float *decoded) {
  // Rows of W that stay in the nearest memory while all rows of x go over them; what is decoded for few of them, nearer still.
  const long block = p.decode != nullptr && p.in.panels == 0 ? 4 : 12;
  for (long n = first; n < last; n += block) {
    const long end = n + block < last ? n + block : last;
    const float *w = p.weight + n * p.in.k;
    if (p.decode != nullptr) {
      p.decode(p.encoded + n * p.row_bytes, (end - n) * p.in.k, decoded);
      w = decoded;
    }
    long row = 0;
    for (long panel = 0; panel < p.in.panels; ++panel, row += 16) {
      across_all(p, w, p.in.turned + panel * 16 * p.in.k, row, p.in.rows - row < 16 ? p.in.rows - row : 16, n, end);
    }
    for (; row + 4 <= p.in.rows; row += 4) along_all<3, 4>(p, w, row, n, end);
    if (p.in.rows - row == 3) along_all<4, 3>(p, w, row, n, end);
    if (p.in.rows - row == 2) along_all<4, 2>(p, w, row, n, end);
    if (p.in.rows - row == 1) along_all<4, 1>(p, w, row, n, end);
  }
}
