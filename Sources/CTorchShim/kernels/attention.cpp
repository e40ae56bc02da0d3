// Attention over packed rows: many sequences in one call, each looking at what it goes on from and at itself.
//
// Keys are laid out once, in panels of 16, for all that look at them. Work is cut by sequence, key head and a few panels of queries, so
// that threads share it evenly whatever the lengths; scores exist for 16 queries at a time.
#include "attention.hpp"

#include "engine_attention.hpp"

namespace reft {
namespace {

/// Panels of queries in a task.
constexpr int64_t task_panels = 8;

/// Keys and values of sequences, ready to be looked at.
class LaidOut {
 public:
  LaidOut(const at::Tensor &keys, const at::Tensor &values, const int64_t *first, const int64_t *count, int64_t number)
      : width_(keys.size(2)), first_(first), rows_(keys.size(0)), panels_(static_cast<size_t>(number) + 1) {
    for (size_t i = 0; i < static_cast<size_t>(number); ++i) panels_[i + 1] = panels_[i] + up_to_16(count[i]) / 16;
    const int64_t heads = keys.size(1);
    key_panels_ = at::empty({heads, panels_.back(), width_, 16}, keys.options());
    values_ = at::empty({heads, rows_, up_to_16(width_)}, keys.options());
    for_each(number * heads, [&](int64_t task) {
      const int64_t s = task / heads, h = task % heads;
      const Rows k = head(keys, h), v = head(values, h);
      lay_out({k.data + first[s] * k.stride, k.stride}, count[s], width_, fillable(key_panels_) + panel(s, h));
      close_up({v.data + first[s] * v.stride, v.stride}, count[s], width_, fillable(values_) + row(s, h));
    });
  }
  /// The first `count` rows of a sequence.
  Span span(int64_t sequence, int64_t head, int64_t count) const { return {floats(key_panels_) + panel(sequence, head), floats(values_) + row(sequence, head), count}; }

 private:
  int64_t panel(int64_t sequence, int64_t head) const { return (head * panels_.back() + panels_[static_cast<size_t>(sequence)]) * width_ * 16; }
  int64_t row(int64_t sequence, int64_t head) const { return (head * rows_ + first_[sequence]) * up_to_16(width_); }

  int64_t width_;
  const int64_t *first_;
  int64_t rows_;
  std::vector<int64_t> panels_;
  at::Tensor key_panels_, values_;
};

}  // namespace

at::Tensor attended(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &path_keys, const at::Tensor &path_values,
                    const Sequences &sequences, float scale, at::Tensor *lse) {
  const int64_t rows = q.size(0), heads = q.size(1), width = q.size(2), kv_heads = k.size(1), group = heads / kv_heads, padded = up_to_16(width);
  // Two products, of queries and keys and of what comes out and values.
  if (shim_profile.on) profile_work(2 * 2.0 * static_cast<double>(sequences.pairs() * heads * width), 0);
  auto z = at::empty({rows, heads, width}, q.options());
  if (lse != nullptr) *lse = at::empty({heads, rows}, q.options());
  float *out = fillable(z), *kept = lse != nullptr ? fillable(*lse) : nullptr;

  const LaidOut own(k, v, sequences.first, sequences.count, sequences.number);
  const int64_t path_first = 0, path_count = path_keys.defined() ? path_keys.size(0) : 0;
  std::optional<LaidOut> path;
  if (path_count > 0) path.emplace(path_keys, path_values, &path_first, &path_count, 1);

  struct Task {
    int64_t sequence, head, panel;
  };
  std::vector<Task> tasks;
  for (int64_t s : longest_first(sequences)) {
    const int64_t panels = Queries(0, sequences.count[s], 0, group).panels();
    for (int64_t h = 0; h < kv_heads; ++h) {
      // The last rows see the most keys.
      for (int64_t panel = (panels - 1) / task_panels * task_panels; panel >= 0; panel -= task_panels) tasks.push_back({s, h, panel});
    }
  }
  for_each(static_cast<int64_t>(tasks.size()), [&](int64_t i) {
    thread_local Scratch turned, scores, results;
    const auto [s, h, first_panel] = tasks[static_cast<size_t>(i)];
    std::vector<Span> spans;
    if (const int64_t n = sequences.path_rows(s); n > 0) spans.push_back(path->span(0, h, n));
    for (int64_t a : sequences.ancestors(s)) spans.push_back(own.span(a, h, sequences.count[a]));
    spans.push_back(own.span(s, h, sequences.count[s]));
    int64_t keys = 0;
    for (const auto &span : spans) keys += span.count;

    const Queries queries(sequences.first[s], sequences.count[s], h * group, group);
    float *result = results.of(16 * padded), sums[16];
    QueryPanel panel{};
    panel.queries = turned.of(16 * width);
    for (int64_t p = first_panel; p < std::min(queries.panels(), first_panel + task_panels); ++p) {
      as_lanes(queries.in(q, p).data(), width, scale, turned.of(16 * width));
      queries.open(p, 0, sequences.count[s], sequences.causal, panel);
      attend_panel(panel, spans.data(), static_cast<long>(spans.size()), width, scores.of((keys + 16) * 16), result, sums);
      for (int64_t lane = 0; lane < queries.there(p); ++lane) {
        const int64_t query = p * 16 + lane;
        std::memcpy(out + (queries.row(query) * heads + queries.head(query)) * width, result + lane * padded, static_cast<size_t>(width) * 4);
        if (kept != nullptr) kept[queries.head(query) * rows + queries.row(query)] = sums[lane];
      }
    }
  });
  return z;
}

namespace {

/// Sequences as a tensor that a graph can keep: `[4, number]`.
at::Tensor table_of(const Sequences &sequences) {
  auto table = at::empty({4, sequences.number}, at::kLong);
  auto *to = static_cast<int64_t *>(table.mutable_data_ptr());
  for (const int64_t *from : {sequences.first, sequences.count, sequences.parent, sequences.path}) to = std::copy(from, from + sequences.number, to);
  return table;
}

Sequences sequences_of(const at::Tensor &table, bool causal) {
  const int64_t number = table.size(1), *data = static_cast<const int64_t *>(table.const_data_ptr());
  return {data, data + number, data + 2 * number, data + 3 * number, number, causal};
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &table,
                            bool causal, double scale) {
    at::Tensor lse;
    auto z = attended(q, k, v, {}, {}, sequences_of(table, causal), static_cast<float>(scale), &lse);
    ctx->save_for_backward({q, k, v, z, lse, table});
    ctx->saved_data["causal"] = causal;
    ctx->saved_data["scale"] = scale;
    return z;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list g) {
    const auto saved = ctx->get_saved_variables();
    const auto dz = is_plain(g[0]) ? g[0] : g[0].contiguous();
    auto made = attention_gradients(dz, saved[0], saved[1], saved[2], saved[3], saved[4], sequences_of(saved[5], ctx->saved_data["causal"].toBool()),
                                    static_cast<float>(ctx->saved_data["scale"].toDouble()));
    return {made.q, made.k, made.v, {}, {}, {}};
  }
};

/// Keys and values with what each sequence sees side by side, and where those of each begin, as its queries do: the form of the engine's kernels.
struct Lines {
  at::Tensor keys, values;
  std::vector<int32_t> queries{0}, seen{0};
  int64_t most_queries = 0, most_seen = 0;

  Lines(const at::Tensor &k, const at::Tensor &v, const at::Tensor &path_keys, const at::Tensor &path_values, const Sequences &sequences)
      : keys(k), values(v) {
    const int64_t path = path_keys.defined() ? path_keys.size(0) : 0;
    std::vector<int64_t> rows;  // of the path and, behind it, of the batch
    for (int64_t s = 0; s < sequences.number; ++s) {
      for (int64_t i = 0; i < sequences.path_rows(s); ++i) rows.push_back(i);
      auto line = sequences.ancestors(s);
      line.push_back(s);
      for (const int64_t a : line) {
        for (int64_t i = 0; i < sequences.count[a]; ++i) rows.push_back(path + sequences.first[a] + i);
      }
      queries.push_back(queries.back() + static_cast<int32_t>(sequences.count[s]));
      most_queries = std::max(most_queries, sequences.count[s]);
      most_seen = std::max(most_seen, static_cast<int64_t>(rows.size()) - seen.back());
      seen.push_back(static_cast<int32_t>(rows.size()));
    }
    if (path == 0 && seen == queries) return;
    const auto index = on(at::tensor(rows, at::kLong), k);
    keys = (path > 0 ? at::cat({path_keys, k}, 0) : k).index_select(0, index);
    values = (path > 0 ? at::cat({path_values, v}, 0) : v).index_select(0, index);
  }

  /// A table of the host where a tensor is; nobody waits for the copy.
  static at::Tensor on(const at::Tensor &table, const at::Tensor &like) {
    return like.is_cuda() ? table.pin_memory().to(like.device(), /*non_blocking=*/true) : table;
  }
};

/// A row sees the keys up to the one that is as far from the end as itself, or all.
at::Tensor sequence_by_sequence(const at::Tensor &q, const Lines &lines, bool causal, double scale) {
  std::vector<at::Tensor> parts;
  for (size_t s = 0; s + 1 < lines.queries.size(); ++s) {
    const int64_t count = lines.queries[s + 1] - lines.queries[s], seen = lines.seen[s + 1] - lines.seen[s];
    const auto part = [](const at::Tensor &t, int64_t first, int64_t number) { return t.narrow(0, first, number).transpose(0, 1).unsqueeze(0); };
    const bool masked = causal && count > 1;
    std::optional<at::Tensor> mask;
    if (masked && seen > count) mask = at::ones({count, seen}, q.options().dtype(at::kBool)).tril(seen - count);
    parts.push_back(engine_attention(part(q, lines.queries[s], count), part(lines.keys, lines.seen[s], seen), part(lines.values, lines.seen[s], seen), mask,
                                     masked && !mask, scale)
                        .squeeze(0)
                        .transpose(0, 1));
  }
  return at::cat(parts, 0);
}

/// Whether the engine's flash kernels take this: half precision on a GPU that has them.
bool is_flash(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v) {
  if (!q.is_cuda() || (q.scalar_type() != at::kBFloat16 && q.scalar_type() != at::kHalf) || q.size(0) == 0 || q.size(2) % 8 != 0) return false;
  if (q.stride(-1) != 1 || k.stride(-1) != 1 || v.stride(-1) != 1) return false;
  const auto whole = [](const at::Tensor &t) { return t.transpose(0, 1).unsqueeze(0); };
  const auto choice = at::_fused_sdp_choice(whole(q), whole(k), whole(v), std::nullopt, 0.0, true, std::nullopt, q.size(1) != k.size(1));
  return choice == static_cast<int64_t>(at::SDPBackend::flash_attention) || choice == static_cast<int64_t>(at::SDPBackend::cudnn_attention);
}

/// All sequences in one call of flash attention (arXiv 2307.08691).
at::Tensor flash(const at::Tensor &q, const Lines &lines, bool causal, double scale) {
  const auto queries = Lines::on(at::tensor(lines.queries, at::kInt), q), seen = Lines::on(at::tensor(lines.seen, at::kInt), q);
  return std::get<0>(at::_flash_attention_forward(q, lines.keys, lines.values, queries, seen, lines.most_queries, lines.most_seen, 0.0, causal,
                                                  /*return_debug_mask=*/false, scale));
}

/// The same by the engine's own kernels.
at::Tensor composed(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &path_keys, const at::Tensor &path_values,
                    const Sequences &sequences, double scale) {
  const Lines lines(k, v, path_keys, path_values, sequences);
  return is_flash(q, k, v) ? flash(q, lines, sequences.causal, scale) : sequence_by_sequence(q, lines, sequences.causal, scale);
}

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_packed_attention(ReftTensor *query, ReftTensor *key, ReftTensor *value, ReftTensor *path_key, ReftTensor *path_value, const int64_t *first,
                                 const int64_t *count, const int64_t *parent, const int64_t *path_rows, int32_t number, bool causal, double scale,
                                 ReftTensor **out) {
  return guarded([&] {
    const auto &q = borrow(query), &k = borrow(key), &v = borrow(value);
    const at::Tensor path_k = borrow_optional(path_key).value_or(at::Tensor()), path_v = borrow_optional(path_value).value_or(at::Tensor());
    const Sequences sequences{first, count, parent, path_rows, number, causal};
    for (int64_t i = 0; i < number; ++i) {
      TORCH_CHECK(path_rows[i] <= (path_k.defined() ? path_k.size(0) : 0), "a sequence goes on from more rows than the path has");
    }
    const bool on_path = path_k.defined(), graph = wants_gradient({q, k, v, path_k, path_v});
    const bool plain = is_plain(q) && is_plain(k) && is_plain(v) && (!on_path || (is_plain(path_k) && is_plain(path_v)));
    if (!plain || (on_path && graph) || q.numel() == 0) {
      give(composed(q, k, v, path_k, path_v, sequences, scale), out);
    } else if (graph) {
      give(PackedAttention::apply(q, k, v, table_of(sequences), causal, scale), out);
    } else {
      give(attended(q, k, v, path_k, path_v, sequences, static_cast<float>(scale), nullptr), out);
    }
  });
}
