// Some rows of a tensor apart from the others and back among them, as an edit needs it.
//
// The engine's select and copy leave two gradients of the whole tensor to be made, filled with zeros and added up. Here what comes back of
// the rows is put over what comes back of the whole: what an edit replaces has no other use.
#include "kernel.hpp"

namespace reft {
namespace {

/// A tensor, and some of its rows. The first is for `Joined` alone, with the same index.
struct Parted : torch::autograd::Function<Parted> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext *ctx, const at::Tensor &t, const at::Tensor &index) {
    ctx->save_for_backward({index});
    return {t.detach(), t.index_select(0, index)};
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list &g) {
    at::Tensor whole = std::move(g[0]);
    // What nobody else holds is written over.
    if (whole.use_count() > 1 || whole.storage().use_count() > 1 || !whole.is_contiguous()) whole = whole.clone(at::MemoryFormat::Contiguous);
    whole.index_copy_(0, ctx->get_saved_variables()[0], g[1]);
    return {whole, {}};
  }
};

/// A tensor with other rows in some places.
struct Joined : torch::autograd::Function<Joined> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &whole, const at::Tensor &index, const at::Tensor &rows) {
    ctx->save_for_backward({index});
    return whole.index_copy(0, index, rows);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list &g) {
    auto rows = g[0].index_select(0, ctx->get_saved_variables()[0]);
    return {std::move(g[0]), {}, rows};
  }
};

}  // namespace
}  // namespace reft

using namespace reft;

ReftStatus reft_part_rows(ReftTensor *tensor, ReftTensor *index, ReftTensor **whole, ReftTensor **rows) {
  return guarded([&] {
    const auto &t = borrow(tensor), &i = borrow(index);
    auto parts = wants_gradient({t}) ? Parted::apply(t, i) : torch::autograd::variable_list{t, t.index_select(0, i)};
    give(std::move(parts[0]), whole);
    give(std::move(parts[1]), rows);
  });
}

ReftStatus reft_join_rows(ReftTensor *whole, ReftTensor *index, ReftTensor *rows, ReftTensor **out) {
  return guarded([&] {
    const auto &t = borrow(whole), &i = borrow(index), &r = borrow(rows);
    give(wants_gradient({t, r}) ? Joined::apply(t, i, r) : t.index_copy(0, i, r), out);
  });
}
