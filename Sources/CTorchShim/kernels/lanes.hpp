// Vectors of `WIDTH` floats; included once for each kind of processor, in a namespace of its own. No include guard.

typedef float Loaded __attribute__((vector_size(WIDTH * 4), aligned(4)));
typedef float Vector __attribute__((vector_size(WIDTH * 4)));
typedef int IntVector __attribute__((vector_size(WIDTH * 4)));

static inline Vector load(const float *p) { return *reinterpret_cast<const Loaded *>(p); }
static inline void store(float *p, Vector v) { *reinterpret_cast<Loaded *>(p) = v; }

static inline float total(Vector v) {
  float parts[WIDTH];
  store(parts, v);
  for (int half = WIDTH / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) parts[i] += parts[i + half];
  }
  return parts[0];
}

/// The totals of four vectors.
static inline void totals(const Vector *v, float *to) {
  typedef float Four __attribute__((vector_size(16)));
  Four parts[4];
  for (int i = 0; i < 4; ++i) {
#if WIDTH == 16
    const auto half = __builtin_shufflevector(v[i], v[i], 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v[i], v[i], 8, 9, 10, 11, 12, 13, 14, 15);
    parts[i] = __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
#elif WIDTH == 8
    parts[i] = __builtin_shufflevector(v[i], v[i], 0, 1, 2, 3) + __builtin_shufflevector(v[i], v[i], 4, 5, 6, 7);
#else
    parts[i] = v[i];
#endif
  }
  const Four low = __builtin_shufflevector(parts[0], parts[1], 0, 4, 1, 5) + __builtin_shufflevector(parts[0], parts[1], 2, 6, 3, 7);
  const Four high = __builtin_shufflevector(parts[2], parts[3], 0, 4, 1, 5) + __builtin_shufflevector(parts[2], parts[3], 2, 6, 3, 7);
  const Four sums = __builtin_shufflevector(low, high, 0, 1, 4, 5) + __builtin_shufflevector(low, high, 2, 3, 6, 7);
  __builtin_memcpy(to, &sums, sizeof sums);
}

/// e^x to 2 ulp for x of at most 0; what is below -87 counts as that.
static inline Vector exponential(Vector x) {
  x = x < -87.0f ? Vector{} - 87.0f : x;  // and what is not a number stays so
  const Vector shifted = x * 1.44269504088896341f + 12582912.0f;  // round to nearest: 1.5 * 2^23
  const Vector n = shifted - 12582912.0f;
  const Vector r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Vector p = Vector{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const IntVector scale = (reinterpret_cast<IntVector>(shifted) + 127) << 23;  // the low bits of `shifted` are n
  return (p * r * r + r + 1.0f) * reinterpret_cast<Vector>(scale);
}
