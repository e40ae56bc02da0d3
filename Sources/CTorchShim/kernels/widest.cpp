#include "widest.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace reft {
namespace {

Width of_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return Width::v4;
  if (__builtin_cpu_supports("x86-64-v3")) return Width::v3;
#endif
  return Width::plain;
}

Width chosen() {
  const Width most = of_processor();
  const char *const wish = std::getenv("REFT_KERNELS");
  if (wish == nullptr) return most;
  const std::string_view name = wish;
  if (name == "plain") return Width::plain;
  if (name == "v3" && most >= Width::v3) return Width::v3;
  if (name != "v4" || most != Width::v4) std::fprintf(stderr, "reft: REFT_KERNELS=%s is not v4, v3 or plain, or beyond this processor; it is left aside\n", wish);
  return most;
}

}  // namespace

Width widest() {
  static const Width width = chosen();
  return width;
}

}  // namespace reft
