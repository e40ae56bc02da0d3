#include "panels.hpp"

namespace reft {
namespace {

typedef float Four __attribute__((vector_size(16)));

inline Four four(const float *from, float factor) {
  Four f;
  std::memcpy(&f, from, sizeof f);
  return f * factor;
}

/// 4 x 4 floats, turned.
inline void turn(const float *const *rows, int64_t at, float factor, float *to) {
  const Four a = four(rows[0] + at, factor), b = four(rows[1] + at, factor), c = four(rows[2] + at, factor), d = four(rows[3] + at, factor);
  const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four ef = __builtin_shufflevector(a, b, 2, 6, 3, 7), gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Four turned[4] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                          __builtin_shufflevector(ef, gh, 0, 1, 4, 5), __builtin_shufflevector(ef, gh, 2, 3, 6, 7)};
  for (int i = 0; i < 4; ++i) std::memcpy(to + i * 16, &turned[i], sizeof(Four));
}
}  // namespace

void as_lanes(const float *const rows[16], int64_t width, float factor, float *to) {
  for (int64_t i = 0; i < 16; i += 4) {
    int64_t d = 0;
    if (rows[i] != nullptr && rows[i + 1] != nullptr && rows[i + 2] != nullptr && rows[i + 3] != nullptr) {
      for (; d + 4 <= width; d += 4) turn(rows + i, d, factor, to + d * 16 + i);
    }
    for (; d < width; ++d) {
      for (int64_t lane = i; lane < i + 4; ++lane) to[d * 16 + lane] = rows[lane] != nullptr ? rows[lane][d] * factor : 0;
    }
  }
}

}  // namespace reft
