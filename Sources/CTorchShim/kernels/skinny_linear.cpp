// Products with few rows. A matrix library is made for many: it runs one row on one core, and for a few it packs a matrix that is
// used once. Here every weight is read once, from where it lies, by all cores.
#include "skinny_linear.hpp"

#include "panels.hpp"
#include "scratch.hpp"
#include "tasks.hpp"
#include "widest.hpp"

#include <ATen/core/grad_mode.h>

#include <vector>

namespace reft {
namespace {

#define TILES "skinny_tiles.hpp"
#include "widths.hpp"
#undef TILES

const float *floats(const at::Tensor &t) { return static_cast<const float *>(t.const_data_ptr()); }

bool is_whole(const at::Tensor &t) { return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous(); }

}  // namespace

void (*const skinny_outputs)(const SkinnyProduct &, long, long, float *) = REFT_WIDEST(outputs);

// Up to 8 rows are two passes along k over rows of W that are near; 16 lanes pay for more.
TurnedRows::TurnedRows(const float *x, long rows, long k, Scratch &room) : x(x), rows(rows), k(k), panels(rows / 16 + (rows % 16 > 8 ? 1 : 0)) {
  float *const to = room.of(panels * 16 * k);
  for (long panel = 0; panel < panels; ++panel) lay_out({x + panel * 16 * k, k}, std::min<long>(16, rows - panel * 16), k, to + panel * 16 * k);
  turned = to;
}

const int64_t skinny_rows = 32, skinny_encoded_rows = 128;

static thread_local int recorded_products = 0;
RecordedProducts::RecordedProducts() { ++recorded_products; }
RecordedProducts::~RecordedProducts() { --recorded_products; }

bool is_skinny(const at::Tensor &x, at::ArrayRef<Matrix> weights, at::ArrayRef<at::Tensor> biases) {
  if (recorded_products > 0) return false;
  if (x.dim() < 1 || x.size(-1) < 1 || !is_whole(x)) return false;
  const int64_t k = x.size(-1), rows = x.numel() / k;
  bool encoded = false;
  for (const auto &weight : weights) encoded = encoded || weight.is_encoded();
  if (rows < 1 || rows > (encoded ? skinny_encoded_rows : skinny_rows)) return false;
  const bool graph = at::GradMode::is_enabled();
  if (graph && x.requires_grad()) return false;
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto &weight = weights[i].tensor, &bias = biases[i];
    if (weights[i].columns != k) return false;
    if (weight.defined() && (!is_whole(weight) || weight.dim() != 2 || (graph && weight.requires_grad()))) return false;
    if (bias.defined() && (!is_whole(bias) || bias.dim() != 1 || bias.size(0) != weights[i].rows || (graph && bias.requires_grad()))) return false;
  }
  return true;
}

void skinny_linears(const at::Tensor &x, at::ArrayRef<Matrix> weights, at::ArrayRef<at::Tensor> biases, float *y, int64_t y_stride) {
  const long k = x.size(-1), rows = x.numel() / k;
  thread_local Scratch room;
  const TurnedRows in(floats(x), rows, k, room);
  long all = 0;
  for (const auto &weight : weights) all += weight.rows;
  for (const auto &w : weights) {
    // The bytes of tensors are counted where they are borrowed.
    if (shim_profile.on) profile_work(2.0 * static_cast<double>(rows * k * w.rows), static_cast<double>(w.is_encoded() ? w.rows * w.row_bytes : 0));
  }
  // Long runs through memory, of at most some 400 KB, and several for each thread: one that is held up takes fewer of them. Less
  // than 32 KB is not worth waking another.
  const long wanted = std::min(110592 / k, all / (4 * at::get_num_threads()));
  const long piece = std::max<long>(12, (std::max(wanted, 8192 / k) + 11) / 12 * 12);
  struct Piece {
    SkinnyProduct product;
    long first, last;
  };
  std::vector<Piece> pieces;
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto &w = weights[i];
    const long n = w.rows;
    const SkinnyProduct product{in,       w.is_encoded() ? nullptr : floats(w.tensor), biases[i].defined() ? floats(biases[i]) : nullptr, w.bytes, w.decode,
                                w.row_bytes, y, y_stride};
    for (long first = 0; first < n; first += piece) pieces.push_back({product, first, std::min(n, first + piece)});
    y += n;
  }
  for_each(static_cast<int64_t>(pieces.size()), [&](int64_t i) {
    thread_local Scratch decoded;
    const auto &[product, first, last] = pieces[static_cast<size_t>(i)];
    skinny_outputs(product, first, last, decoded.of(12 * k));
  });
}

}  // namespace reft
