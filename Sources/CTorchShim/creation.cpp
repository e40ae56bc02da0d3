// Tensors from bytes, from constants and from chance; and back to bytes.
#include "shim.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/detail/CUDAHooksInterface.h>

using namespace reft;

ReftStatus reft_copy_out(ReftTensor *t, ReftType type, void *bytes, int64_t byte_count) {
  return guarded([&] {
    TORCH_CHECK(!recording_graph || borrow(t).is_cpu(), "numbers are asked for in work that is recorded");
    const auto host = borrow(t).detach().to(at::kCPU, static_cast<at::ScalarType>(type)).contiguous();
    TORCH_CHECK(static_cast<int64_t>(host.nbytes()) == byte_count, "expected room for ", host.nbytes(), " bytes, got ", byte_count);
    if (byte_count > 0) std::memcpy(bytes, host.const_data_ptr(), static_cast<size_t>(byte_count));
  });
}

REFT_OP(reft_from_bytes, (const void *bytes, const int64_t *shape, int32_t rank, ReftType type, ReftTensor **out),
        at::from_blob(const_cast<void *>(bytes), sizes(shape, rank), options(type, {REFT_CPU, 0})).clone())

ReftStatus reft_from_foreign(void *bytes, const int64_t *shape, int32_t rank, ReftType type, void *owner,
                             void (*release)(void *), ReftTensor **out) {
  return guarded([&] {
    give(at::from_blob(bytes, sizes(shape, rank), [owner, release](void *) { release(owner); },
                       options(type, {REFT_CPU, 0})),
         out);
  });
}

REFT_OP(reft_full, (const int64_t *shape, int32_t rank, double value, ReftType type, ReftDevice d, ReftTensor **out),
        at::full(sizes(shape, rank), value, options(type, d)))
REFT_OP(reft_eye, (int64_t n, int64_t m, ReftDevice d, ReftTensor **out), at::eye(n, m, options(REFT_F32, d)))

static at::Generator &generator(ReftGenerator *g) { return *reinterpret_cast<at::Generator *>(g); }

ReftStatus reft_generator_make(uint64_t seed, ReftDevice d, ReftGenerator **out) {
  return guarded([&] {
    at::Generator made = d.kind == REFT_CUDA
                             ? at::detail::getCUDAHooks().getNewGenerator(static_cast<at::DeviceIndex>(d.index))
                             : at::detail::createCPUGenerator(seed);
    made.set_current_seed(seed);
    *out = reinterpret_cast<ReftGenerator *>(new at::Generator(std::move(made)));
  });
}
void reft_generator_release(ReftGenerator *g) { delete reinterpret_cast<at::Generator *>(g); }
REFT_OP(reft_generator_state, (ReftGenerator * g, ReftTensor **out), generator(g).get_state())
ReftStatus reft_generator_set_state(ReftGenerator *g, ReftTensor *state) {
  return guarded([&] { generator(g).set_state(borrow(state)); });
}

static at::Tensor empty(const int64_t *shape, int32_t rank, ReftDevice d) {
  return at::empty(sizes(shape, rank), options(REFT_F32, d));
}
REFT_OP(reft_normal, (ReftGenerator * g, const int64_t *shape, int32_t rank, double mean, double deviation, ReftDevice d, ReftTensor **out),
        empty(shape, rank, d).normal_(mean, deviation, generator(g)))
REFT_OP(reft_uniform, (ReftGenerator * g, const int64_t *shape, int32_t rank, double low, double high, ReftDevice d, ReftTensor **out),
        empty(shape, rank, d).uniform_(low, high, generator(g)))
REFT_OP(reft_bernoulli, (ReftGenerator * g, const int64_t *shape, int32_t rank, double probability, ReftDevice d, ReftTensor **out),
        empty(shape, rank, d).bernoulli_(probability, generator(g)))
REFT_OP(reft_permutation, (ReftGenerator * g, int64_t n, ReftTensor **out), at::randperm(n, generator(g)))
