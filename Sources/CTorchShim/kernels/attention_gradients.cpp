// The gradients of attention over packed rows.
//
// A task is a sequence and the query heads that share a key head. It goes through its keys a block at a time, and through the queries
// that see them a few panels at a time: scores are computed anew, and everything that is at work stays in the caches of a core.
#include "attention.hpp"

namespace reft {
namespace {

/// Keys in a block, and panels of queries that meet it at a time.
constexpr int64_t block_keys = 256, block_panels = 8;

/// `[count, padded]` without the padding, times a factor, to rows at a distance.
void unpack(const float *from, int64_t count, int64_t width, float factor, float *to, int64_t stride) {
  const int64_t padded = up_to_16(width);
  for (int64_t row = 0; row < count; ++row, from += padded, to += stride) {
    for (int64_t i = 0; i < width; ++i) to[i] = from[i] * factor;
  }
}

/// Results times their gradients, summed over each of 16 rows.
REFT_WIDE void add_up(const float *const results[16], const float *const upper[16], int64_t there, int64_t width, float *dots) {
  REFT_SUMS_IN_LANES
  for (int64_t i = 0; i < there; ++i) {
    const float *z = results[i], *g = upper[i];
    float dot = 0;
    for (int64_t d = 0; d < width; ++d) dot += z[d] * g[d];
    dots[i] = dot;
  }
}

/// 16 rows one behind the other, each filled with zeros up to a multiple of 16; rows that there are none for (null) are 0.
void collect(const float *const rows[16], int64_t width, float *to) {
  const int64_t padded = up_to_16(width);
  for (int64_t i = 0; i < 16; ++i, to += padded) {
    const int64_t there = rows[i] != nullptr ? width : 0;
    if (there > 0) std::memcpy(to, rows[i], static_cast<size_t>(there) * 4);
    if (there < padded) std::memset(to + there, 0, static_cast<size_t>(padded - there) * 4);
  }
}

/// Everything that tasks read.
struct Inputs {
  const at::Tensor &dz, &q, &k, &v, &z, &lse;
  const Sequences &sequences;
  float scale;
};

/// Rows that a sequence sees, the last `count` of them its own.
struct Seen {
  std::vector<int64_t> line;
  int64_t count, context = 0;

  Seen(const Sequences &sequences, int64_t s) : line(sequences.ancestors(s)), count(sequences.count[s]) {
    for (int64_t a : line) context += sequences.count[a];
    line.push_back(s);
  }
  int64_t keys() const { return context + count; }
};

/// One task: gradients of the queries to where they belong; those of all keys seen (not yet times the scale) and of their values, `[2, keys, padded]`, are
/// left in `sums`.
void task_gradients(const Inputs &in, const Seen &seen, const Queries &queries, int64_t kv_head, float *dq, float *sums) {
  thread_local Scratch key_panels, value_panels, key_rows, query_lanes, upper_lanes, query_rows, upper_rows, scores, score_grads, query_sums, lses, dot_sums;
  const auto &sequences = in.sequences;
  const int64_t width = in.q.size(2), heads = in.q.size(1), rows = in.q.size(0), padded = up_to_16(width), keys = seen.keys();
  // Blocks of keys begin at panels, which keys of many sequences must share: they are laid out one behind the other first.
  float *closed = key_rows.of(2 * up_to_16(keys) * padded), *closed_values = closed + up_to_16(keys) * padded;
  int64_t at = 0;
  for (int64_t a : seen.line) {
    const Rows k = head(in.k, kv_head), v = head(in.v, kv_head);
    close_up({k.data + sequences.first[a] * k.stride, k.stride}, sequences.count[a], width, closed + at * padded);
    close_up({v.data + sequences.first[a] * v.stride, v.stride}, sequences.count[a], width, closed_values + at * padded);
    at += sequences.count[a];
  }
  float *panels_of_keys = key_panels.of(up_to_16(keys) * width), *panels_of_values = value_panels.of(up_to_16(keys) * width);
  lay_out({closed, padded}, keys, width, panels_of_keys);
  lay_out({closed_values, padded}, keys, width, panels_of_values);

  const int64_t number = queries.panels();
  float *dq_sums = query_sums.of(number * 16 * padded), *lse = lses.zeros(number * 16), *dots = dot_sums.zeros(number * 16);
  for (int64_t p = 0; p < number; ++p) {
    const auto upper = queries.in(in.dz, p), results = queries.in(in.z, p);
    add_up(results.data(), upper.data(), queries.there(p), width, dots + p * 16);
    for (int64_t i = 0; i < queries.there(p); ++i) lse[p * 16 + i] = floats(in.lse)[queries.head(p * 16 + i) * rows + queries.row(p * 16 + i)];
  }
  for (int64_t first_key = 0; first_key < keys; first_key += block_keys) {
    const int64_t count = std::min(block_keys, keys - first_key);
    const KeyBlock block{panels_of_keys + first_key * width, panels_of_values + first_key * width, closed + first_key * padded, sums + first_key * padded,
                         sums + (up_to_16(keys) + first_key) * padded, first_key, count};
    // The first query that sees a key of the block.
    const int64_t hidden = sequences.causal ? std::max<int64_t>(0, first_key - seen.context) * queries.heads() : 0;
    for (int64_t first = hidden / 16; first < number; first += block_panels) {
      const int64_t panels = std::min(block_panels, number - first);
      float *q_lanes = query_lanes.of(block_panels * 16 * width), *dz_lanes = upper_lanes.of(block_panels * 16 * width);
      float *q_rows = query_rows.of(block_panels * 16 * padded), *dz_rows = upper_rows.of(block_panels * 16 * padded);
      QueryPanel open[block_panels];
      for (int64_t p = 0; p < panels; ++p) {
        const auto query = queries.in(in.q, first + p), upper = queries.in(in.dz, first + p);
        as_lanes(query.data(), width, in.scale, q_lanes + p * 16 * width);
        as_lanes(upper.data(), width, 1, dz_lanes + p * 16 * width);
        collect(query.data(), width, q_rows + p * 16 * padded);
        collect(upper.data(), width, dz_rows + p * 16 * padded);
        queries.open(first + p, seen.context - first_key, count, sequences.causal, open[p]);
        open[p].queries = q_lanes + p * 16 * width;
        open[p].upper = dz_lanes + p * 16 * width;
        open[p].lse = lse + (first + p) * 16;
        open[p].dots = dots + (first + p) * 16;
        open[p].query_grads = dq_sums + (first + p) * 16 * padded;
      }
      const int64_t room = block_panels * block_keys * 16;
      add_gradients(block, open, panels, {q_rows, dz_rows, scores.of(room), score_grads.of(room)}, width);
    }
  }
  for (int64_t i = 0; i < queries.number(); ++i) {
    unpack(dq_sums + i * padded, 1, width, in.scale, dq + (queries.row(i) * heads + queries.head(i)) * width, width);
  }
}

}  // namespace

AttentionGradients attention_gradients(const at::Tensor &dz, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &z,
                                       const at::Tensor &lse, const Sequences &sequences, float scale) {
  const int64_t rows = q.size(0), heads = q.size(1), width = q.size(2), kv_heads = k.size(1), group = heads / kv_heads, padded = up_to_16(width);
  // Five products: the scores once more, and one for each gradient of scores, queries, keys and values.
  if (shim_profile.on) profile_work(5 * 2.0 * static_cast<double>(sequences.pairs() * heads * width), 0);
  const Inputs inputs{dz, q, k, v, z, lse, sequences, scale};
  // Few sequences are cut by query heads too, or threads would wait for one another.
  const int64_t parts = sequences.number * kv_heads < 8 * at::get_num_threads() ? group : 1;
  const auto order = longest_first(sequences);
  // What each task adds to the gradients of keys and values, kept apart so that the order of the sums is fixed. A task that alone has its rows puts
  // them where they belong.
  std::vector<std::vector<float>> aside(static_cast<size_t>(sequences.number * kv_heads * parts));
  std::vector<bool> is_shared(static_cast<size_t>(sequences.number), parts > 1);
  for (int64_t s = 0; s < sequences.number; ++s) {
    for (int64_t a : sequences.ancestors(s)) is_shared[static_cast<size_t>(a)] = is_shared[static_cast<size_t>(s)] = true;
  }
  const bool sums_up = std::find(is_shared.begin(), is_shared.end(), true) != is_shared.end();
  const auto of_keys = [&] { return sums_up ? at::zeros({rows, kv_heads, width}, q.options()) : at::empty({rows, kv_heads, width}, q.options()); };
  AttentionGradients made{at::empty({rows, heads, width}, q.options()), of_keys(), of_keys()};
  float *dq = fillable(made.q), *dk = fillable(made.k), *dv = fillable(made.v);
  for_each(sequences.number * kv_heads * parts, [&](int64_t i) {
    thread_local Scratch memory;
    const int64_t s = order[static_cast<size_t>(i / (kv_heads * parts))], kv = i / parts % kv_heads, part = i % parts;
    const Seen seen(sequences, s);
    const Queries queries(sequences.first[s], seen.count, kv * group + part * (group / parts), group / parts);
    float *sums = memory.zeros(2 * up_to_16(seen.keys()) * padded);
    task_gradients(inputs, seen, queries, kv, dq, sums);
    if (is_shared[static_cast<size_t>(s)]) {
      aside[static_cast<size_t>((s * kv_heads + kv) * parts + part)].assign(sums, sums + 2 * up_to_16(seen.keys()) * padded);
    } else {
      const int64_t to = (sequences.first[s] * kv_heads + kv) * width;
      unpack(sums, seen.count, width, scale, dk + to, kv_heads * width);
      unpack(sums + up_to_16(seen.keys()) * padded, seen.count, width, 1, dv + to, kv_heads * width);
    }
  });
  if (!sums_up) return made;
  for_each(kv_heads, [&](int64_t kv) {
    for (int64_t s = 0; s < sequences.number; ++s) {
      if (!is_shared[static_cast<size_t>(s)]) continue;
      const Seen seen(sequences, s);
      for (int64_t part = 0; part < parts; ++part) {
        const float *keys = aside[static_cast<size_t>((s * kv_heads + kv) * parts + part)].data(), *values = keys + up_to_16(seen.keys()) * padded;
        for (int64_t a : seen.line) {
          for (int64_t row = sequences.first[a]; row < sequences.first[a] + sequences.count[a]; ++row, keys += padded, values += padded) {
            float *to_key = dk + (row * kv_heads + kv) * width, *to_value = dv + (row * kv_heads + kv) * width;
            for (int64_t d = 0; d < width; ++d) to_key[d] += keys[d] * scale;
            for (int64_t d = 0; d < width; ++d) to_value[d] += values[d];
          }
        }
      }
    }
  });
  return made;
}

}  // namespace reft
