// How rows of encoded numbers become floats, for vectors of `WIDTH` floats; see widths.hpp. No include guard.
//
// Every number is equal to the last bit to the one that Checkpoints decodes by the formats' reference.

#include "lanes.hpp"

typedef signed char Bytes __attribute__((vector_size(WIDTH)));
typedef unsigned char Nibbles __attribute__((vector_size(WIDTH)));
typedef unsigned short Shorts __attribute__((vector_size(WIDTH * 2)));
typedef unsigned int Words __attribute__((vector_size(WIDTH * 4)));

template <typename T> static inline T taken(const unsigned char *from) {
  T value;
  __builtin_memcpy(&value, from, sizeof(T));
  return value;
}

/// A half-precision number; by hand where the processor may not know them.
static inline float half(const unsigned char *from) {
#if WIDTH > 4
  return static_cast<float>(taken<_Float16>(from));
#else
  const unsigned wide = static_cast<unsigned>(taken<unsigned short>(from)) << 16, magnitude = wide + wide;
  // Normal numbers get their exponent's bias corrected by 2^-112; the fraction of others is added to 0.5, and 0.5 taken away.
  const float normal = __builtin_bit_cast(float, (magnitude >> 4) + (0xE0u << 23)) * 0x1p-112f;
  const float subnormal = __builtin_bit_cast(float, (magnitude >> 17) | (126u << 23)) - 0.5f;
  const unsigned value = __builtin_bit_cast(unsigned, magnitude < (1u << 27) ? subnormal : normal);
  return __builtin_bit_cast(float, (wide & 0x80000000u) | value);
#endif
}

static void decode_bfloat16(const unsigned char *bytes, long count, float *out) {
  long i = 0;
  for (; i + WIDTH <= count; i += WIDTH) {
    store(out + i, reinterpret_cast<Vector>(__builtin_convertvector(taken<Shorts>(bytes + 2 * i), Words) << 16));
  }
  for (; i < count; ++i) out[i] = __builtin_bit_cast(float, static_cast<unsigned>(taken<unsigned short>(bytes + 2 * i)) << 16);
}

static void decode_float16(const unsigned char *bytes, long count, float *out) {
  long i = 0;
#if WIDTH > 4
  typedef _Float16 Halves __attribute__((vector_size(WIDTH * 2)));
  for (; i + WIDTH <= count; i += WIDTH) store(out + i, __builtin_convertvector(taken<Halves>(bytes + 2 * i), Vector));
#endif
  for (; i < count; ++i) out[i] = half(bytes + 2 * i);
}

#if WIDTH == 16
/// 32 numbers of 16 bytes, the first 16 in the low nibbles, each one of the 16 numbers of a table.
static inline void look_up(Vector table, const unsigned char *nibbles, float *out) {
  const __m512i low = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(nibbles)));  // the table ignores the upper bits
  store(out, _mm512_permutexvar_ps(low, table));
  store(out + 16, _mm512_permutexvar_ps(_mm512_srli_epi32(low, 4), table));
}
static const Vector nibble_values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#endif

/// w = d (q - 8): 32 numbers in 18 bytes, the first 16 in the low nibbles.
static void decode_q4_0(const unsigned char *block, long count, float *out) {
#pragma clang fp contract(off)
  for (long i = 0; i < count; i += 32, block += 18, out += 32) {
    const float d = half(block);
#if WIDTH == 16
    look_up(d * (nibble_values - 8.0f), block + 2, out);
#else
    for (int j = 0; j < 16; j += WIDTH) {
      const auto q = taken<Nibbles>(block + 2 + j);
      store(out + j, d * __builtin_convertvector(reinterpret_cast<Bytes>(q & 15) - 8, Vector));
      store(out + 16 + j, d * __builtin_convertvector(reinterpret_cast<Bytes>(q >> 4) - 8, Vector));
    }
#endif
  }
}

/// w = d q + m: 32 numbers in 20 bytes. The product of 11 and 4 bits is exact, so a fused sum is the same to the last bit.
static void decode_q4_1(const unsigned char *block, long count, float *out) {
#pragma clang fp contract(fast)
  for (long i = 0; i < count; i += 32, block += 20, out += 32) {
    const float d = half(block), m = half(block + 2);
#if WIDTH == 16
    look_up(d * nibble_values + m, block + 4, out);
#else
    for (int j = 0; j < 16; j += WIDTH) {
      const auto q = taken<Nibbles>(block + 4 + j);
      store(out + j, d * __builtin_convertvector(reinterpret_cast<Bytes>(q & 15), Vector) + m);
      store(out + 16 + j, d * __builtin_convertvector(reinterpret_cast<Bytes>(q >> 4), Vector) + m);
    }
#endif
  }
}

/// w = d q: 32 numbers in 34 bytes.
static void decode_q8_0(const unsigned char *block, long count, float *out) {
#pragma clang fp contract(off)
  for (long i = 0; i < count; i += 32, block += 34, out += 32) {
    const float d = half(block);
    for (int j = 0; j < 32; j += WIDTH) store(out + j, d * __builtin_convertvector(taken<Bytes>(block + 2 + j), Vector));
  }
}
