// Cross entropy behind the vocabulary projection, without the logits of all rows ever being there.
//
// A chunk of rows at a time: scores, their loss, and at once the gradient of the rows, (softmax - one at the label) W; then the
// scores are let go. The projection is frozen, so that gradient is all that the backward pass needs (as in Liger Kernel,
// arXiv 2410.10989, section 3.2).
#include "kernel.hpp"
#include "vocabulary_pass.hpp"

using namespace reft;

namespace {

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

struct VocabularyLoss : torch::autograd::Function<VocabularyLoss> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &rows, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, const at::Tensor &labels, int64_t chunk) {
    const bool learns = rows.requires_grad();
    const at::Tensor gradient = learns ? at::empty_like(rows, at::MemoryFormat::Contiguous) : at::Tensor();
    std::vector<at::Tensor> sums;
    for (int64_t first = 0; first < rows.size(0); first += chunk) {
      const int64_t count = std::min(chunk, rows.size(0) - first);
      const auto part = rows.narrow(0, first, count), own = labels.narrow(0, first, count);
      if (is_one_pass(part, weight, bias, own)) {
        check(own, weight.size(0));
        const double sum = one_pass(part, weight, bias, own, learns ? fillable(gradient) + first * rows.size(1) : nullptr);
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
