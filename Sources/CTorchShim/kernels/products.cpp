#include "products.hpp"

#include "kernel.hpp"

#include <ATen/record_function.h>

namespace reft {
namespace {

/// Columns that a thread works on: whole panels of the library's widest kernel, and not so few that packing shows.
constexpr int64_t panel = 48, fewest_columns = 5 * panel;
/// Multiplications for which another thread is woken.
constexpr int64_t least_work = 1 << 20;

void on_this_thread(at::Tensor &out, const at::Tensor &a, const at::Tensor &b, bool added) {
  const at::AutoDispatchBelowADInplaceOrView below;  // a thread of the team does not know that there is no graph
  if (added) {
    out.addmm_(a, b);
  } else {
    at::mm_out(out, a, b);
  }
}

}  // namespace

void product(at::Tensor &out, const at::Tensor &a, const at::Tensor &b, bool added) {
  const ProfiledCall call("reft_product");
  const at::RecordFunctionGuard unseen(/*is_enabled=*/false);
  const int64_t rows = a.size(0), k = a.size(1), columns = b.size(1), threads = at::get_num_threads();
  if (call.entered) {
    for (const auto &t : {out, a, b}) profile_touch(t);
    profile_work(2.0 * static_cast<double>(rows * k * columns), 0);
  }
  const int64_t each = (columns + threads * panel - 1) / (threads * panel) * panel;
  const bool shared = threads > 1 && each >= fewest_columns && rows * k * columns >= least_work && !at::in_parallel_region();
  if (!shared || !is_plain(out) || !is_plain(a) || b.scalar_type() != at::kFloat) return on_this_thread(out, a, b, added);
  at::parallel_for(0, (columns + each - 1) / each, 1, [&](int64_t first, int64_t last) {
    const int64_t from = first * each, count = std::min(columns, last * each) - from;
    auto part = out.narrow(1, from, count);
    on_this_thread(part, a, b.narrow(1, from, count), added);
  });
}

at::Tensor product(const at::Tensor &a, const at::Tensor &b) {
  auto out = at::empty({a.size(0), b.size(1)}, a.options());
  product(out, a, b);
  return out;
}

}  // namespace reft
