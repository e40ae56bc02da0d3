// Elementwise maths, reductions, shapes and matrices: one line an op.
#include "shim.hpp"

using namespace reft;

REFT_OP(reft_add, (ReftTensor * a, ReftTensor *b, ReftTensor **out), at::add(borrow(a), borrow(b)))
REFT_OP(reft_subtract, (ReftTensor * a, ReftTensor *b, ReftTensor **out), at::sub(borrow(a), borrow(b)))
REFT_OP(reft_multiply, (ReftTensor * a, ReftTensor *b, ReftTensor **out), at::mul(borrow(a), borrow(b)))
REFT_OP(reft_divide, (ReftTensor * a, ReftTensor *b, ReftTensor **out), at::div(borrow(a), borrow(b)))
REFT_OP(reft_add_scalar, (ReftTensor * a, double b, ReftTensor **out), at::add(borrow(a), b))
REFT_OP(reft_multiply_scalar, (ReftTensor * a, double b, ReftTensor **out), at::mul(borrow(a), b))
REFT_OP(reft_negate, (ReftTensor * a, ReftTensor **out), at::neg(borrow(a)))
REFT_OP(reft_abs, (ReftTensor * a, ReftTensor **out), at::abs(borrow(a)))
REFT_OP(reft_log, (ReftTensor * a, ReftTensor **out), at::log(borrow(a)))
REFT_OP(reft_cos, (ReftTensor * a, ReftTensor **out), at::cos(borrow(a)))
REFT_OP(reft_sin, (ReftTensor * a, ReftTensor **out), at::sin(borrow(a)))
REFT_OP(reft_tanh, (ReftTensor * a, ReftTensor **out), at::tanh(borrow(a)))
REFT_OP(reft_sigmoid, (ReftTensor * a, ReftTensor **out), at::sigmoid(borrow(a)))
REFT_OP(reft_relu, (ReftTensor * a, ReftTensor **out), at::relu(borrow(a)))
REFT_OP(reft_silu, (ReftTensor * a, ReftTensor **out), at::silu(borrow(a)))
REFT_OP(reft_gelu, (ReftTensor * a, bool tanh_approximation, ReftTensor **out),
        at::gelu(borrow(a), tanh_approximation ? "tanh" : "none"))
REFT_OP(reft_logical_not, (ReftTensor * a, ReftTensor **out), at::logical_not(borrow(a)))
REFT_OP(reft_rows_finite, (ReftTensor * a, ReftTensor **out), at::isfinite(borrow(a)).all(1))
REFT_OP(reft_is_finite, (ReftTensor * a, ReftTensor **out), at::isfinite(borrow(a)).all())

REFT_OP(reft_sum, (ReftTensor * a, ReftTensor **out), at::sum(borrow(a)))
REFT_OP(reft_sum_along, (ReftTensor * a, int64_t d, bool keep, ReftTensor **out), at::sum(borrow(a), {d}, keep))
REFT_OP(reft_max, (ReftTensor * a, ReftTensor **out), at::max(borrow(a)))
REFT_OP(reft_argmax, (ReftTensor * a, int64_t d, ReftTensor **out), at::argmax(borrow(a), d))
REFT_OP(reft_norm, (ReftTensor * a, ReftTensor **out), at::norm(borrow(a)))
REFT_OP(reft_norm_along, (ReftTensor * a, int64_t d, ReftTensor **out), at::norm(borrow(a), 2, {d}))
REFT_OP(reft_softmax, (ReftTensor * a, int64_t d, ReftTensor **out), at::softmax(borrow(a), d))
REFT_OP(reft_log_softmax, (ReftTensor * a, int64_t d, ReftTensor **out), at::log_softmax(borrow(a), d))

REFT_OP(reft_reshape, (ReftTensor * a, const int64_t *shape, int32_t rank, ReftTensor **out), at::reshape(borrow(a), sizes(shape, rank)))
REFT_OP(reft_expand, (ReftTensor * a, const int64_t *shape, int32_t rank, ReftTensor **out), borrow(a).expand(sizes(shape, rank)))
REFT_OP(reft_transpose, (ReftTensor * a, int64_t first, int64_t second, ReftTensor **out), at::transpose(borrow(a), first, second))
REFT_OP(reft_narrow, (ReftTensor * a, int64_t d, int64_t start, int64_t length, ReftTensor **out), at::narrow(borrow(a), d, start, length))
REFT_OP(reft_unsqueeze, (ReftTensor * a, int64_t d, ReftTensor **out), at::unsqueeze(borrow(a), d))
REFT_OP(reft_squeeze, (ReftTensor * a, int64_t d, ReftTensor **out), at::squeeze(borrow(a), d))
REFT_OP(reft_index_select, (ReftTensor * a, int64_t d, ReftTensor *index, ReftTensor **out), at::index_select(borrow(a), d, borrow(index)))
REFT_OP(reft_masked_fill, (ReftTensor * a, ReftTensor *mask, double value, ReftTensor **out),
        at::masked_fill(borrow(a), borrow(mask), value))
REFT_OP(reft_index_copy, (ReftTensor * a, int64_t d, ReftTensor *index, ReftTensor *source, ReftTensor **out),
        at::index_copy(borrow(a), d, borrow(index), borrow(source)))
REFT_OP(reft_gather, (ReftTensor * a, int64_t d, ReftTensor *index, ReftTensor **out), at::gather(borrow(a), d, borrow(index)))
REFT_OP(reft_lower_triangle, (ReftTensor * a, int64_t diagonal, ReftTensor **out), at::tril(borrow(a), diagonal))
REFT_OP(reft_upper_triangle, (ReftTensor * a, int64_t diagonal, ReftTensor **out), at::triu(borrow(a), diagonal))
REFT_OP(reft_diagonal, (ReftTensor * a, ReftTensor **out), at::diagonal(borrow(a)))
REFT_OP(reft_diagonal_matrix, (ReftTensor * a, ReftTensor **out), at::diag_embed(borrow(a)))
REFT_OP(reft_contiguous, (ReftTensor * a, ReftTensor **out), borrow(a).contiguous())
REFT_OP(reft_clone, (ReftTensor * a, ReftTensor **out), at::clone(borrow(a)))
REFT_OP(reft_detach, (ReftTensor * a, ReftTensor **out), borrow(a).detach())
REFT_OP(reft_to_type, (ReftTensor * a, ReftType type, ReftTensor **out), borrow(a).to(static_cast<at::ScalarType>(type)))

/// What is small goes to a GPU by pinned memory, whose copy nobody waits for.
static at::Tensor moved(const at::Tensor &t, at::Device to) {
  constexpr size_t small = 16 << 20;
  if (!t.is_cpu() || !to.is_cuda()) return t.to(to);
  TORCH_CHECK(!recording_graph, "numbers of the host in work that is recorded");
  if (t.nbytes() > small || t.requires_grad()) return t.to(to);
  return t.contiguous().pin_memory().to(to, /*non_blocking=*/true);
}
REFT_OP(reft_to_device, (ReftTensor * a, ReftDevice d, ReftTensor **out), moved(borrow(a), device(d)))

ReftStatus reft_concatenate(ReftTensor *const *parts, int32_t count, int64_t d, ReftTensor **out) {
  return guarded([&] {
    std::vector<at::Tensor> list;
    list.reserve(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; ++i) list.push_back(borrow(parts[i]));
    give(at::cat(list, d), out);
  });
}

REFT_OP(reft_matmul, (ReftTensor * a, ReftTensor *b, ReftTensor **out), at::matmul(borrow(a), borrow(b)))
REFT_OP(reft_solve_triangular, (ReftTensor * a, ReftTensor *b, bool upper, ReftTensor **out),
        at::linalg_solve_triangular(borrow(a), borrow(b), upper))

template <typename Pair> static ReftStatus give_pair(Pair make, ReftTensor **first, ReftTensor **second) {
  return guarded([&] {
    auto pair = make();
    give(std::get<0>(pair), first);
    give(std::get<1>(pair), second);
  });
}
ReftStatus reft_qr(ReftTensor *a, ReftTensor **q, ReftTensor **r) {
  return give_pair([&] { return at::linalg_qr(borrow(a)); }, q, r);
}
ReftStatus reft_geqrf(ReftTensor *a, ReftTensor **factors, ReftTensor **tau) {
  return give_pair([&] { return at::geqrf(borrow(a)); }, factors, tau);
}
