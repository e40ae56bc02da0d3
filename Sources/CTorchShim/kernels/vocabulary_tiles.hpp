// The inner loop of the gradient behind a vocabulary, for vectors of `WIDTH` floats; included once for each kind of processor. No include guard.

#include "lane_products.hpp"

/// `out [rows, width] += weights^T table`: weights `[count, 16]`, of which `rows` lanes count, a table `[count, width]`, its width in whole panels; `out` has
/// 16 rows.
static void weigh(const float *weights, const float *table, long count, long width, long rows, float *out) {
  for (long d = 0; d < width; d += 16) {
    for (long row = 0; row < rows;) {
      if (T == 16 && rows - row > 8) {
        turned_product<T>(weights + row, table + d, width, count, out + row * width + d, width, true);
        row += T;
      } else {
        constexpr int few = T < 8 ? T : 8;
        turned_product<few>(weights + row, table + d, width, count, out + row * width + d, width, true);
        row += few;
      }
    }
  }
}
