// Rows laid out in panels of 16: entry i of 16 rows side by side, so that they are the lanes of a product.
#pragma once

#include <cstdint>
#include <cstring>

namespace reft {

/// Rows in memory: `data + row * stride`.
struct Rows {
  const float *data;
  int64_t stride;
};

inline int64_t up_to_16(int64_t n) { return (n + 15) / 16 * 16; }

/// 16 rows of so many floats as lanes, `[width, 16]`, times a factor; rows that there are none for (null) are 0.
void as_lanes(const float *const rows[16], int64_t width, float factor, float *to);

/// `[count, width]` to panels `[count / 16, width, 16]`, the last one filled with zeros.
inline void lay_out(Rows rows, int64_t count, int64_t width, float *panels) {
  for (int64_t row = 0; row < count; row += 16, panels += 16 * width) {
    const float *lanes[16];
    for (int64_t i = 0; i < 16; ++i) lanes[i] = row + i < count ? rows.data + (row + i) * rows.stride : nullptr;
    as_lanes(lanes, width, 1, panels);
  }
}

/// `[count, width]` to rows without gaps, each filled with zeros up to a multiple of 16.
inline void close_up(Rows rows, int64_t count, int64_t width, float *to) {
  const int64_t padded = up_to_16(width);
  for (int64_t row = 0; row < count; ++row, to += padded) {
    std::memcpy(to, rows.data + row * rows.stride, static_cast<size_t>(width) * 4);
    std::memset(to + width, 0, static_cast<size_t>(padded - width) * 4);
  }
}

}  // namespace reft
