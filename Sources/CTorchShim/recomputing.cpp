// A part of the forward pass whose activations are not kept: the backward pass runs it again.
//
// What the part computes with besides its input (trained leaves, and what was made of them before) is captured by the caller's
// function. Their gradients flow in a backward pass of their own, inside the outer one, as in torch.utils.checkpoint with
// use_reentrant=True. That inner pass keeps its graph: what was made before, such as an orthonormal matrix, may serve several
// parts, each of which adds its share through the same graph.
#include "kernels/skinny_linear.hpp"
#include "shim.hpp"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace reft;

namespace {

// The caller's function, released with the last graph that needs it.
struct Part : torch::CustomClassHolder {
  ReftPart function;
  void *context;
  void (*release_context)(void *);

  Part(ReftPart function, void *context, void (*release)(void *))
      : function(function), context(context), release_context(release) {}
  ~Part() override { release_context(context); }

  at::Tensor operator()(const at::Tensor &input, bool again) const {
    ReftTensor *lent = nullptr;
    ReftTensor *result = nullptr;
    give(input, &lent);
    if (function(context, lent, again, &result) != REFT_OK) throw std::runtime_error(reft_last_error());
    at::Tensor output = borrow(result);
    reft_release(result);
    return output;
  }
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &input,
                            const c10::intrusive_ptr<Part> &part) {
    ctx->save_for_backward({input});
    ctx->saved_data["part"] = at::IValue::make_capsule(part);
    const RecordedProducts recorded;
    return (*part)(input, false);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 const torch::autograd::variable_list &gradients) {
    const auto part = c10::static_intrusive_pointer_cast<Part>(ctx->saved_data["part"].toCapsule());
    at::Tensor input = ctx->get_saved_variables()[0].detach();
    input.requires_grad_(true);
    {
      at::AutoGradMode recording(true);
      const at::Tensor output = (*part)(input, true);
      torch::autograd::backward({output}, {gradients[0]}, /*retain_graph=*/true);
    }
    return {input.grad(), at::Tensor()};
  }
};

}  // namespace

ReftStatus reft_recompute(ReftTensor *input, ReftPart function, void *context, void (*release)(void *), ReftTensor **out) {
  auto part = c10::make_intrusive<Part>(function, context, release);
  return guarded([&] { give(Recomputed::apply(borrow(input), part), out); });
}
