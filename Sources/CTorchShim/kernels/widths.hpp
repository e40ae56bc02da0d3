// Includes the file that `TILES` names once for each kind of processor, in a namespace of its own and with `WIDTH` floats a vector;
// `REFT_WIDEST(name)` is then the function of that name for this processor. No include guard.

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
namespace v4 {
#define WIDTH 16
#include TILES
#undef WIDTH
}  // namespace v4
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
namespace v3 {
#define WIDTH 8
#include TILES
#undef WIDTH
}  // namespace v3
#pragma clang attribute pop
#endif
namespace plain {
#define WIDTH 4
#include TILES
#undef WIDTH
}  // namespace plain

#ifndef REFT_WIDEST
#if defined(__x86_64__)
#define REFT_WIDEST(NAME) (reft::widest() == reft::Width::v4 ? v4::NAME : reft::widest() == reft::Width::v3 ? v3::NAME : plain::NAME)
#else
#define REFT_WIDEST(NAME) plain::NAME
#endif
#endif
