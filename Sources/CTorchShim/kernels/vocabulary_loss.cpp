// Cross entropy behind the vocabulary projection, without the logits of all rows ever being there.
//
// A chunk of rows at a time: scores, their loss, and at once the gradient of the rows, (softmax - one at the label) W; then the
// scores are let go. The projection is frozen, so that gradient is all that the backward pass needs (as in Liger Kernel,
// arXiv 2410.10989, section 3.2).
#include "kernel.hpp"
#include "panels.hpp"
#include "scratch.hpp"
#include "skinny_linear.hpp"

using namespace reft;

namespace {

#define TILES "vocabulary_tiles.hpp"
#include "widths.hpp"
#undef TILES

void (*const add_weighted)(const float *, const float *, long, long, long, float *) = REFT_WIDEST(weigh);

constexpr int64_t lanes = 16;

// Losses of rows of scores, which become the gradient of their sum where that is wanted.
REFT_WIDE void loss_of_rows(float *scores, const int64_t *labels, float *losses, int64_t first, int64_t last,
                            int64_t vocabulary, bool learns) {
  REFT_SUMS_IN_LANES
  const int64_t whole = vocabulary - vocabulary % lanes;
  for (int64_t row = first; row < last; ++row) {
    float *const s = scores + row * vocabulary;
    float tops[lanes];
    for (int64_t lane = 0; lane < lanes; ++lane) tops[lane] = s[0];
    for (int64_t i = 0; i < whole; i += lanes) {
      for (int64_t lane = 0; lane < lanes; ++lane) tops[lane] = s[i + lane] > tops[lane] ? s[i + lane] : tops[lane];
    }
    float top = tops[0];
    for (int64_t lane = 1; lane < lanes; ++lane) top = tops[lane] > top ? tops[lane] : top;
    for (int64_t i = whole; i < vocabulary; ++i) top = s[i] > top ? s[i] : top;
    const float chosen = s[labels[row]];
    float sum = 0;
    if (learns) {
      for (int64_t i = 0; i < vocabulary; ++i) {
        s[i] = exponential(s[i] - top);
        sum += s[i];
      }
      const float share = 1 / sum;
      for (int64_t i = 0; i < vocabulary; ++i) s[i] *= share;
      s[labels[row]] -= 1;
    } else {
      for (int64_t i = 0; i < vocabulary; ++i) sum += exponential(s[i] - top);
    }
    losses[row] = std::log(sum) + top - chosen;
  }
}

void check(const at::Tensor &labels, int64_t vocabulary) {
  TORCH_CHECK_INDEX(labels.min().item<int64_t>() >= 0 && labels.max().item<int64_t>() < vocabulary, "a label outside of the vocabulary of ", vocabulary);
}

// The sum of the losses of some rows; their scores become the gradient where that is wanted.
at::Tensor loss_sum(at::Tensor &scores, const at::Tensor &labels, bool learns) {
  const int64_t rows = scores.size(0), vocabulary = scores.size(1);
  if (is_plain(scores) && scores.is_contiguous() && labels.device().is_cpu() && labels.is_contiguous()) {
    check(labels, vocabulary);
    const at::Tensor losses = at::empty({rows}, scores.options());
    float *const s = scores.data_ptr<float>(), *const l = losses.data_ptr<float>();
    const int64_t *const chosen = labels.data_ptr<int64_t>();
    at::parallel_for(0, rows, 1, [&](int64_t first, int64_t last) { loss_of_rows(s, chosen, l, first, last, vocabulary, learns); });
    return losses.sum();
  }
  scores = at::log_softmax(scores, 1, at::kFloat);
  const at::Tensor column = labels.unsqueeze(1);
  const at::Tensor sum = scores.gather(1, column).sum().neg();
  if (learns) scores.exp_().scatter_add_(1, column, at::full({rows, 1}, -1.0, scores.options()));
  return sum;
}

/// Loss and gradient of a few rows in one pass over the vocabulary, a piece of it at a time: its scores, their softmax as far as it is known, and what they
/// add to the gradient while the piece is near (as FlashAttention does with keys, arXiv 2205.14135). No more scores than those of a piece ever exist.
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

bool are_few(const at::Tensor &rows, const at::Tensor &weight, const std::optional<at::Tensor> &bias, const at::Tensor &labels) {
  const auto whole = [](const at::Tensor &t) { return is_plain(t) && t.is_contiguous() && t.numel() > 0; };
  if (rows.dim() != 2 || rows.size(0) > few_rows || rows.size(1) % 16 != 0 || !whole(rows)) return false;
  if (weight.dim() != 2 || weight.size(1) != rows.size(1) || !whole(weight) || (bias && (!whole(*bias) || bias->numel() != weight.size(0)))) return false;
  return labels.device().is_cpu() && labels.scalar_type() == at::kLong && labels.is_contiguous() && labels.sizes() == rows.sizes().slice(0, 1);
}

struct VocabularyLoss : torch::autograd::Function<VocabularyLoss> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &rows, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, const at::Tensor &labels, int64_t chunk) {
    const bool learns = rows.requires_grad();
    const at::Tensor gradient = learns ? at::empty_like(rows, at::MemoryFormat::Contiguous) : at::Tensor();
    std::vector<at::Tensor> sums;
    for (int64_t first = 0; first < rows.size(0); first += chunk) {
      const int64_t count = std::min(chunk, rows.size(0) - first);
      const auto part = rows.narrow(0, first, count), own = labels.narrow(0, first, count);
      if (are_few(part, weight, bias, own)) {
        check(own, weight.size(0));
        const double sum = FewRows(part, weight, bias, own).losses(learns ? fillable(gradient) + first * rows.size(1) : nullptr);
        sums.push_back(at::scalar_tensor(sum, rows.options()));
        continue;
      }
      at::Tensor scores = at::linear(part, weight, bias);
      sums.push_back(loss_sum(scores, own, learns));
      if (!learns) continue;
      at::Tensor room = gradient.narrow(0, first, count);
      at::mm_out(room, scores.to(weight.scalar_type()), weight);
    }
    if (learns) ctx->save_for_backward({gradient});
    return sums.size() == 1 ? sums[0] : at::stack(sums).sum();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 const torch::autograd::variable_list &gradients) {
    const at::Tensor rows = ctx->get_saved_variables()[0];
    return {rows * gradients[0].to(rows.scalar_type()), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

REFT_OP(reft_vocabulary_loss, (ReftTensor * rows, ReftTensor *weight, ReftTensor *bias, ReftTensor *labels, int64_t chunk, ReftTensor **out),
        VocabularyLoss::apply(borrow(rows), borrow(weight), borrow_optional(bias), borrow(labels), chunk))
