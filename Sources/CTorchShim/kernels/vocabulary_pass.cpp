// A piece of the vocabulary at a time: its scores, their softmax as far as it is known, and what they add to the gradient while the piece is near (as
// FlashAttention does with keys, arXiv 2205.14135). No more scores than those of a piece ever exist.
#include "vocabulary_pass.hpp"

#include "kernel.hpp"
#include "panels.hpp"
#include "scratch.hpp"
#include "skinny_linear.hpp"

namespace reft {
namespace {

#define TILES "vocabulary_tiles.hpp"
#include "widths.hpp"
#undef TILES

void (*const add_weighted)(const float *, const float *, long, long, long, float *) = REFT_WIDEST(weigh);

/// Loss and gradient of a few rows.
class FewRows {
 public:
  FewRows(const at::Tensor &rows, const at::Tensor &weight, const std::optional<at::Tensor> &bias, const at::Tensor &labels)
      : number_(rows.size(0)), width_(rows.size(1)), vocabulary_(weight.size(0)), weight_(floats(weight)), bias_(bias ? floats(*bias) : nullptr),
        labels_(static_cast<const int64_t *>(labels.const_data_ptr())), in_(floats(rows), number_, width_, turned_) {}

  /// The sum of the losses; the gradient is written where there is room for it.
  double losses(float *gradient) {
    if (shim_profile.on) profile_work((gradient != nullptr ? 4.0 : 2.0) * static_cast<double>(number_ * width_ * vocabulary_), 0);
    const int64_t threads = at::get_num_threads(), each = (vocabulary_ + threads - 1) / threads;
    std::vector<Part> parts(static_cast<size_t>((vocabulary_ + each - 1) / each));
    // Whole runs, not pieces as they come: the order of the sums must not hang on which thread is faster.
    at::parallel_for(0, static_cast<int64_t>(parts.size()), 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) read(parts[static_cast<size_t>(i)], i * each, std::min(vocabulary_, (i + 1) * each), gradient != nullptr);
    });
    double sum = 0;
    for (int64_t row = 0; row < number_; ++row) sum += joined(parts, row, gradient != nullptr ? gradient + row * width_ : nullptr);
    return sum;
  }

 private:
  /// What a run of the vocabulary says of each row: its highest score, the sum of `e^(score - highest)` but for the label's, the label's score where it
  /// belongs to the run, and the same sum of rows of the table.
  struct Part {
    std::vector<float> highest, others, label;
    Scratch sums;
  };

  void read(Part &part, int64_t first, int64_t last, bool learns) const {
    const auto n = static_cast<size_t>(number_);
    part.highest.assign(n, -std::numeric_limits<float>::infinity());
    part.others.assign(n, 0);
    part.label.assign(n, -std::numeric_limits<float>::infinity());
    if (learns) part.sums.zeros(up_to_16(number_) * width_);
    // Rows of the table that the second cache keeps, in whole groups of what the loops take at a time.
    const int64_t piece = std::max<int64_t>(12, 65536 / width_ / 12 * 12);
    Scratch scores, turned;
    for (int64_t at = first; at < last; at += piece) {
      const int64_t count = std::min(piece, last - at);
      float *const s = scores.of(up_to_16(number_) * piece);
      const SkinnyProduct product{in_, weight_ + at * width_, bias_ != nullptr ? bias_ + at : nullptr, nullptr, nullptr, 0, s, piece};
      skinny_outputs(product, 0, count, nullptr);
      for (int64_t row = 0; row < number_; ++row) {
        const auto r = static_cast<size_t>(row);
        float *const own = s + row * piece;
        const int64_t label = labels_[row] - at;
        if (label >= 0 && label < count) part.label[r] = own[label];
        const float factor = soften(own, count, label, part.highest[r], part.others[r]);
        if (learns && factor != 1) {
          float *const sums = part.sums.of(0) + row * width_;
          for (int64_t d = 0; d < width_; ++d) sums[d] *= factor;
        }
      }
      for (int64_t row = 0; learns && row < number_; row += 16) {
        const float *lanes[16];
        for (int64_t i = 0; i < 16; ++i) lanes[i] = row + i < number_ ? s + (row + i) * piece : nullptr;
        as_lanes(lanes, count, 1, turned.of(16 * piece));
        add_weighted(turned.of(16 * piece), weight_ + at * width_, count, width_, std::min<int64_t>(16, number_ - row), part.sums.of(0) + row * width_);
      }
    }
  }

  /// Scores to `e^(score - highest)`, 0 at the label; returns what sums so far are multiplied with, for the highest score may be a new one.
  REFT_WIDE static float soften(float *s, int64_t count, int64_t label, float &highest, float &others) {
    REFT_SUMS_IN_LANES
    float top = highest;
    for (int64_t i = 0; i < count; ++i) top = s[i] > top ? s[i] : top;
    float sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      s[i] = exponential(s[i] - top);
      if (i == label) s[i] = 0;
      sum += s[i];
    }
    const float factor = exponential(highest - top);
    others = others * factor + sum;
    highest = top;
    return factor;
  }

  /// The loss of a row, `log(others + own) - log(own)`, and its gradient `(sums - others W_label) / (others + own)`.
  double joined(std::vector<Part> &parts, int64_t row, float *gradient) const {
    const auto r = static_cast<size_t>(row);
    float top = -std::numeric_limits<float>::infinity(), label = top, others = 0;
    for (const auto &part : parts) {
      top = std::max(top, part.highest[r]);
      label = std::max(label, part.label[r]);
    }
    for (const auto &part : parts) others += part.others[r] * std::exp(part.highest[r] - top);
    const float all = others + std::exp(label - top);
    if (gradient != nullptr) {
      const float *const own = weight_ + labels_[row] * width_;
      for (int64_t d = 0; d < width_; ++d) gradient[d] = -others / all * own[d];
      for (auto &part : parts) {
        const float share = std::exp(part.highest[r] - top) / all, *const sums = part.sums.of(0) + row * width_;
        for (int64_t d = 0; d < width_; ++d) gradient[d] += share * sums[d];
      }
    }
    return std::log(all) + top - label;
  }

  int64_t number_, width_, vocabulary_;
  const float *weight_, *bias_;
  const int64_t *labels_;
  Scratch turned_;
  TurnedRows in_;
};

/// Rows up to which one pass pays. On 2 cores (Zen 4), with the table of SmolLM2-135M, two products took 30 to 36 ms at 8 to 24 rows and 65 ms at 64; one
/// pass takes 16 ms at 24.
constexpr int64_t few_rows = 64;

}  // namespace

bool is_one_pass(const at::Tensor &rows, const at::Tensor &weight, const std::optional<at::Tensor> &bias, const at::Tensor &labels) {
  const auto whole = [](const at::Tensor &t) { return is_plain(t) && t.is_contiguous() && t.numel() > 0; };
  if (rows.dim() != 2 || rows.size(0) > few_rows || rows.size(1) % 16 != 0 || !whole(rows)) return false;
  if (weight.dim() != 2 || weight.size(1) != rows.size(1) || !whole(weight) || (bias && (!whole(*bias) || bias->numel() != weight.size(0)))) return false;
  return labels.device().is_cpu() && labels.scalar_type() == at::kLong && labels.is_contiguous() && labels.sizes() == rows.sizes().slice(0, 1);
}

double one_pass(const at::Tensor &rows, const at::Tensor &weight, const std::optional<at::Tensor> &bias, const at::Tensor &labels, float *gradient) {
  return FewRows(rows, weight, bias, labels).losses(gradient);
}

}  // namespace reft
