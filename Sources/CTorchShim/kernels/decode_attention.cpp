// Attention of one new row a sequence over the keys and values that are kept: a whole batch in one call, nothing copied but the
// new rows.
#include "scratch.hpp"
#include "tasks.hpp"
#include "widest.hpp"
#include "../shim.hpp"

#include <cstring>

namespace reft {
namespace {

/// The keys and values of one head of one sequence that the new row looks at, `[first, last)` of `[capacity, width]`.
struct Head {
  const float *keys, *values;
  long first, last, width;
  float scale;
};

#define TILES "decode_tiles.hpp"
#include "widths.hpp"
#undef TILES

float *floats(const at::Tensor &t) { return static_cast<float *>(t.mutable_data_ptr()); }

void check(const at::Tensor &t, at::IntArrayRef shape, const char *name) {
  TORCH_CHECK(t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous() && t.sizes() == shape, name, ": expected contiguous float32 ",
              shape, " on the CPU, got ", t.scalar_type(), t.sizes());
}

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_decode_attention(ReftTensor *query, ReftTensor *key, ReftTensor *value, ReftTensor *const *keys, ReftTensor *const *values, const int64_t *held,
                                 const int64_t *first, int32_t count, double scale, ReftTensor **out) {
  return guarded([&] {
    const auto q = borrow(query).contiguous(), k = borrow(key).contiguous(), v = borrow(value).contiguous();
    TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.size(1) > 0 && q.size(1) % k.size(1) == 0, "heads of ", q.sizes(), " over heads of ", k.sizes());
    const int64_t heads = q.size(1), kv_heads = k.size(1), width = q.size(2), group = heads / kv_heads;
    check(q, {count, heads, width}, "queries");
    check(k, {count, kv_heads, width}, "keys");
    check(v, {count, kv_heads, width}, "values");
    int64_t longest = 0;
    for (int32_t i = 0; i < count; ++i) {
      const int64_t capacity = borrow(keys[i]).size(2);
      TORCH_CHECK(0 <= first[i] && first[i] <= held[i] && held[i] < capacity, "a row ", held[i], " of ", capacity);
      check(borrow(keys[i]), {1, kv_heads, capacity, width}, "kept keys");
      check(borrow(values[i]), {1, kv_heads, capacity, width}, "kept values");
      longest = std::max(longest, held[i] + 1 - first[i]);
    }
    static const auto attend = REFT_WIDEST(attend);
    auto z = at::empty({count, heads, width}, q.options());
    for_each(count * kv_heads, [&](int64_t i) {
      thread_local Scratch scores;
      const int64_t s = i / kv_heads, h = i % kv_heads, offset = h * borrow(keys[s]).size(2) * width;
      float *kept_keys = floats(borrow(keys[s])) + offset, *kept_values = floats(borrow(values[s])) + offset;
      std::memcpy(kept_keys + held[s] * width, floats(k) + i * width, static_cast<size_t>(width) * 4);
      std::memcpy(kept_values + held[s] * width, floats(v) + i * width, static_cast<size_t>(width) * 4);
      const Head head{kept_keys, kept_values, first[s], held[s] + 1, width, static_cast<float>(scale)};
      attend(head, floats(q) + i * group * width, group, scores.of(4 * longest), floats(z) + i * group * width);
    });
    give(z, out);
  });
}
