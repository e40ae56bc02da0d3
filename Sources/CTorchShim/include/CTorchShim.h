// The C face of libtorch: the only door between Swift and the engine.
//
// Rules of the door
// - A tensor is an owned reference to the engine's own tensor object. Whoever receives one through `out` releases it once.
// - Every function that can fail returns a status; an exception never passes. On failure `out` is untouched and
//   `reft_last_error` tells why, on the same thread, until the next call.
// - Only what is in use is bound. Ops are one line each in the .cpp of their theme.
#ifndef REFT_CTORCHSHIM_H
#define REFT_CTORCHSHIM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ReftTensor ReftTensor;
typedef struct ReftGenerator ReftGenerator;
typedef struct ReftGraph ReftGraph;
typedef ReftTensor *_Nullable *_Nonnull ReftOut;
typedef ReftTensor *_Nonnull ReftIn;
typedef ReftTensor *_Nullable ReftOptional;

typedef enum { REFT_OK = 0, REFT_FAILED = 1 } ReftStatus;

typedef enum {
  REFT_U8 = 0, REFT_I8 = 1, REFT_I16 = 2, REFT_I32 = 3, REFT_I64 = 4, REFT_F16 = 5, REFT_F32 = 6, REFT_F64 = 7,
  REFT_BOOL = 11, REFT_BF16 = 15
} ReftType;

typedef enum { REFT_CPU = 0, REFT_CUDA = 1 } ReftDeviceKind;
typedef struct { ReftDeviceKind kind; int32_t index; } ReftDevice;

// How numbers are stored in a matrix that is decoded where it is used.
typedef enum { REFT_ENCODED_BF16 = 0, REFT_ENCODED_F16 = 1, REFT_ENCODED_Q4_0 = 2, REFT_ENCODED_Q4_1 = 3, REFT_ENCODED_Q8_0 = 4 } ReftEncoding;
// A matrix of weights [rows, columns]: a tensor, or rows of encoded numbers without gaps.
typedef struct {
  ReftTensor *_Nullable tensor;
  const void *_Nullable bytes;
  ReftEncoding encoding;
  int64_t rows, columns;
} ReftMatrix;

// Handles, errors, process
const char *_Nonnull reft_last_error(void);
int64_t reft_live_tensors(void);

// Begins to note where the time of this thread goes; ends, with a line for each operation, divided by tabs: name, calls,
// nanoseconds of its own, multiplications and additions, bytes read and written. The text lives until the next end.
ReftStatus reft_profile_begin(void);
const char *_Nonnull reft_profile_end(void);
void reft_release(ReftTensor *_Nullable tensor);
ReftStatus reft_retain(ReftIn t, ReftOut out);  // another reference to the same tensor
void reft_set_threads(int32_t count);
int32_t reft_threads(void);
ReftStatus reft_load_cuda(int32_t *_Nonnull device_count);
// Bytes of a GPU's memory: free, all, and the most that tensors of this process took at one time.
typedef struct { int64_t free, total, peak; } ReftMemory;
ReftStatus reft_device_memory(ReftDevice device, ReftMemory *_Nonnull out);
bool reft_grad_enabled(void);
void reft_set_grad_enabled(bool enabled);

// Looking at a tensor
int32_t reft_rank(ReftIn t);
int64_t reft_size(ReftIn t, int32_t dimension);
ReftType reft_type(ReftIn t);
ReftDevice reft_device(ReftIn t);
bool reft_requires_grad(ReftIn t);
int64_t reft_version(ReftIn t);  // goes up with every write in place
ReftStatus reft_copy_out(ReftIn t, ReftType type, void *_Nonnull bytes, int64_t byte_count);

// Making tensors
ReftStatus reft_from_bytes(const void *_Nonnull bytes, const int64_t *_Nonnull shape, int32_t rank, ReftType type, ReftOut out);
ReftStatus reft_from_foreign(void *_Nonnull bytes, const int64_t *_Nonnull shape, int32_t rank, ReftType type,
                             void *_Nonnull owner, void (*_Nonnull release)(void *_Nonnull), ReftOut out);
ReftStatus reft_full(const int64_t *_Nonnull shape, int32_t rank, double value, ReftType type, ReftDevice device, ReftOut out);
ReftStatus reft_eye(int64_t n, int64_t m, ReftDevice device, ReftOut out);

// Randomness
ReftStatus reft_generator_make(uint64_t seed, ReftDevice device, ReftGenerator *_Nullable *_Nonnull out);
void reft_generator_release(ReftGenerator *_Nullable generator);
ReftStatus reft_generator_state(ReftGenerator *_Nonnull generator, ReftOut out);
ReftStatus reft_generator_set_state(ReftGenerator *_Nonnull generator, ReftIn state);
ReftStatus reft_normal(ReftGenerator *_Nonnull g, const int64_t *_Nonnull shape, int32_t rank, double mean, double deviation, ReftDevice device, ReftOut out);
ReftStatus reft_uniform(ReftGenerator *_Nonnull g, const int64_t *_Nonnull shape, int32_t rank, double low, double high, ReftDevice device, ReftOut out);
ReftStatus reft_bernoulli(ReftGenerator *_Nonnull g, const int64_t *_Nonnull shape, int32_t rank, double probability, ReftDevice device, ReftOut out);
ReftStatus reft_permutation(ReftGenerator *_Nonnull g, int64_t n, ReftOut out);

// Elementwise
ReftStatus reft_add(ReftIn a, ReftIn b, ReftOut out);
ReftStatus reft_subtract(ReftIn a, ReftIn b, ReftOut out);
ReftStatus reft_multiply(ReftIn a, ReftIn b, ReftOut out);
ReftStatus reft_divide(ReftIn a, ReftIn b, ReftOut out);
ReftStatus reft_add_scalar(ReftIn a, double b, ReftOut out);
ReftStatus reft_multiply_scalar(ReftIn a, double b, ReftOut out);
ReftStatus reft_negate(ReftIn a, ReftOut out);
ReftStatus reft_abs(ReftIn a, ReftOut out);
ReftStatus reft_log(ReftIn a, ReftOut out);
ReftStatus reft_cos(ReftIn a, ReftOut out);
ReftStatus reft_sin(ReftIn a, ReftOut out);
ReftStatus reft_tanh(ReftIn a, ReftOut out);
ReftStatus reft_sigmoid(ReftIn a, ReftOut out);
ReftStatus reft_relu(ReftIn a, ReftOut out);
ReftStatus reft_silu(ReftIn a, ReftOut out);
ReftStatus reft_gelu(ReftIn a, bool tanh_approximation, ReftOut out);
ReftStatus reft_logical_not(ReftIn a, ReftOut out);
ReftStatus reft_is_finite(ReftIn a, ReftOut out);
ReftStatus reft_rows_finite(ReftIn a, ReftOut out);  // of [rows, n]

// Reductions
ReftStatus reft_sum(ReftIn a, ReftOut out);
ReftStatus reft_sum_along(ReftIn a, int64_t dimension, bool keep, ReftOut out);
ReftStatus reft_max(ReftIn a, ReftOut out);
ReftStatus reft_argmax(ReftIn a, int64_t dimension, ReftOut out);
ReftStatus reft_norm(ReftIn a, ReftOut out);
ReftStatus reft_norm_along(ReftIn a, int64_t dimension, ReftOut out);
ReftStatus reft_softmax(ReftIn a, int64_t dimension, ReftOut out);
ReftStatus reft_log_softmax(ReftIn a, int64_t dimension, ReftOut out);

// Shape and selection
ReftStatus reft_reshape(ReftIn a, const int64_t *_Nonnull shape, int32_t rank, ReftOut out);
ReftStatus reft_expand(ReftIn a, const int64_t *_Nonnull shape, int32_t rank, ReftOut out);
ReftStatus reft_transpose(ReftIn a, int64_t first, int64_t second, ReftOut out);
ReftStatus reft_narrow(ReftIn a, int64_t dimension, int64_t start, int64_t length, ReftOut out);
ReftStatus reft_unsqueeze(ReftIn a, int64_t dimension, ReftOut out);
ReftStatus reft_squeeze(ReftIn a, int64_t dimension, ReftOut out);
ReftStatus reft_concatenate(ReftTensor *_Nonnull const *_Nonnull parts, int32_t count, int64_t dimension, ReftOut out);
ReftStatus reft_index_select(ReftIn a, int64_t dimension, ReftIn index, ReftOut out);
ReftStatus reft_masked_fill(ReftIn a, ReftIn mask, double value, ReftOut out);
ReftStatus reft_index_copy(ReftIn a, int64_t dimension, ReftIn index, ReftIn source, ReftOut out);
ReftStatus reft_gather(ReftIn a, int64_t dimension, ReftIn index, ReftOut out);
ReftStatus reft_lower_triangle(ReftIn a, int64_t diagonal, ReftOut out);
ReftStatus reft_upper_triangle(ReftIn a, int64_t diagonal, ReftOut out);
ReftStatus reft_diagonal(ReftIn a, ReftOut out);
ReftStatus reft_diagonal_matrix(ReftIn a, ReftOut out);
ReftStatus reft_contiguous(ReftIn a, ReftOut out);
ReftStatus reft_clone(ReftIn a, ReftOut out);
ReftStatus reft_detach(ReftIn a, ReftOut out);
ReftStatus reft_to_type(ReftIn a, ReftType type, ReftOut out);
ReftStatus reft_to_device(ReftIn a, ReftDevice device, ReftOut out);

// Work of a GPU, recorded once and launched as one. Between begin and end nothing is computed: tensors are places in memory that each
// replay fills anew. The graph owns that memory.
ReftStatus reft_graph_begin(ReftDevice device, ReftGraph *_Nullable *_Nonnull out);
ReftStatus reft_graph_end(ReftGraph *_Nonnull graph);
ReftStatus reft_graph_replay(ReftGraph *_Nonnull graph);
void reft_graph_release(ReftGraph *_Nullable graph);

// Matrices
ReftStatus reft_matmul(ReftIn a, ReftIn b, ReftOut out);
ReftStatus reft_solve_triangular(ReftIn a, ReftIn b, bool upper, ReftOut out);
ReftStatus reft_qr(ReftIn a, ReftOut q, ReftOut r);
ReftStatus reft_geqrf(ReftIn a, ReftOut factors, ReftOut tau);

// Neural layers
ReftStatus reft_linear(ReftIn x, ReftIn weight, ReftOptional bias, ReftOut out);
ReftStatus reft_embedding(ReftIn weight, ReftIn ids, ReftOut out);
ReftStatus reft_layer_norm(ReftIn x, ReftIn weight, ReftOptional bias, double epsilon, ReftOut out);
ReftStatus reft_rms_norm(ReftIn x, ReftIn weight, double epsilon, ReftOut out);
// Kernels of our own (kernels/): the engine's operations where a tensor is not plain float32 of the CPU
ReftStatus reft_add_rms_norm(ReftIn x, ReftIn added, ReftIn weight, double epsilon, ReftOut sum, ReftOut out);
typedef enum { REFT_SILU, REFT_GELU_TANH } ReftGate;
ReftStatus reft_gated(ReftIn gate, ReftIn up, ReftGate kind, ReftOut out);  // f(gate) * up
ReftStatus reft_rotate(ReftIn x, ReftIn cosine, ReftIn sine, ReftOut out);
ReftStatus reft_linears(ReftIn x, const ReftMatrix *_Nonnull weights, ReftTensor *_Nullable const *_Nonnull biases, int32_t count,
                        ReftTensor *_Nullable *_Nonnull outs);
// Some rows [index] of a tensor apart; `whole` is for join alone, with the same index (no row twice).
ReftStatus reft_part_rows(ReftIn tensor, ReftIn index, ReftOut whole, ReftOut rows);
ReftStatus reft_join_rows(ReftIn whole, ReftIn index, ReftIn rows, ReftOut out);
ReftStatus reft_low_rank_edit(ReftIn rows, ReftIn columns, ReftIn weight, ReftIn bias, ReftOut out);  // x + (x W^T + b - x C) C^T
ReftStatus reft_reflections(ReftIn coordinates, ReftIn spread, ReftIn reflectors, ReftIn signs, ReftIn below, ReftIn above, ReftOut out);
ReftStatus reft_decode_matrix(const ReftMatrix *_Nonnull matrix, ReftOut out);
ReftStatus reft_decode_rows(const ReftMatrix *_Nonnull matrix, const int64_t *_Nonnull ids, int64_t count, ReftOut out);
ReftStatus reft_encode_q8_0(ReftIn matrix, void *_Nonnull bytes);  // 34 bytes for each 32 numbers of a row
// Rows [first, first + count) of sequence i go on from those of sequence parent[i], or (-1) from the first path_rows[i] rows of the path.
ReftStatus reft_packed_attention(ReftIn query, ReftIn key, ReftIn value, ReftOptional path_key, ReftOptional path_value, const int64_t *_Nonnull first,
                                 const int64_t *_Nonnull count, const int64_t *_Nonnull parent, const int64_t *_Nonnull path_rows, int32_t number, bool causal,
                                 double scale, ReftOut out);
ReftStatus reft_attention(ReftIn q, ReftIn k, ReftIn v, ReftOptional mask, bool causal, double scale, ReftOut out);
// One new row a sequence, `query [n, heads, width]`, `key`, `value [n, kvHeads, width]`, over what is kept `[1, kvHeads, capacity, width]`: rows
// `first` to `held`, to which the new row is appended in place. Contiguous float32 of the CPU.
ReftStatus reft_decode_attention(ReftIn query, ReftIn key, ReftIn value, ReftTensor *_Nonnull const *_Nonnull keys,
                                 ReftTensor *_Nonnull const *_Nonnull values, const int64_t *_Nonnull held, const int64_t *_Nonnull first, int32_t count,
                                 double scale, ReftOut out);
// What rows at `positions [n]` (int64) see of `columns` columns, as an addition to scores `[n, 1, 1, columns]`: 0 for columns up to their own
// and within the last `window` (0: all), minus infinity beyond.
ReftStatus reft_reach_mask(ReftIn positions, int64_t columns, int64_t window, ReftType type, ReftOut out);
ReftStatus reft_cross_entropy(ReftIn logits, ReftIn targets, ReftOut out);
ReftStatus reft_vocabulary_loss(ReftIn rows, ReftIn weight, ReftOptional bias, ReftIn labels, int64_t chunk, ReftOut out);

// Gradients and in-place updates (never on a tensor that a graph still needs)
ReftStatus reft_set_requires_grad(ReftIn t, bool required);
ReftStatus reft_backward(ReftIn loss);
ReftStatus reft_gradient(ReftIn t, ReftOut out);  // out stays null where there is none
ReftStatus reft_clear_gradient(ReftIn t);

// A function of one tensor that the backward pass runs again. It takes over `input` and gives a reference; `again` tells the
// second time. The context is released with the last graph that needs it.
typedef ReftStatus (*ReftPart)(void *_Nonnull context, ReftTensor *_Nonnull input, bool again, ReftOut out);
ReftStatus reft_recompute(ReftIn input, ReftPart _Nonnull function, void *_Nonnull context,
                          void (*_Nonnull release)(void *_Nonnull), ReftOut out);
ReftStatus reft_copy_into(ReftIn target, ReftIn source);
ReftStatus reft_put_rows(ReftIn target, ReftIn index, ReftIn source);  // target[index[i]] = source[i], int64
ReftStatus reft_multiply_in_place(ReftIn target, double factor);
// The norm of all gradients together, a scalar; where it is finite and above `clip`, they are scaled down to that. 0: no clipping.
ReftStatus reft_clip_gradients(ReftTensor *_Nonnull const *_Nonnull gradients, int32_t count, double clip, ReftOut norm);
ReftStatus reft_fused_adamw(ReftTensor *_Nonnull const *_Nonnull parameters, ReftTensor *_Nonnull const *_Nonnull gradients,
                            ReftTensor *_Nonnull const *_Nonnull first_moments, ReftTensor *_Nonnull const *_Nonnull second_moments,
                            int32_t count, int64_t step, double learning_rate, double beta1, double beta2,
                            double weight_decay, double epsilon);

#ifdef __cplusplus
}
#endif
#endif
