#include "attention.hpp"

namespace reft {
namespace {
#define TILES "attention_tiles.hpp"
#include "widths.hpp"
#undef TILES
}  // namespace

void (*const attend_panel)(const QueryPanel &, const Span *, long, long, float *, float *, float *) = REFT_WIDEST(attend);
void (*const add_gradients)(const KeyBlock &, const QueryPanel *, long, const GradientRows &, long) = REFT_WIDEST(gradients);

}  // namespace reft
