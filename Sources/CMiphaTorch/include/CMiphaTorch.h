/* A C interface to the parts of libtorch that Mipha uses.
 *
 * Ownership. A handle returned through an out-parameter belongs to the caller, who releases it with
 * the class's `_free`, which accepts NULL. Arguments are borrowed for the call. Input buffers are
 * copied unless a deleter is passed. Handles may be used from any thread, one thread at a time.
 *
 * Errors. Functions that can fail return `mt_status` and write their out-parameters on success only.
 * The message of the last failure on the calling thread is read with `mt_last_error`. No C++
 * exception leaves this interface. Accessors that return a plain value cannot fail.
 */
#ifndef CMIPHATORCH_H
#define CMIPHATORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mt_tensor_s *mt_tensor;
typedef struct mt_generator_s *mt_generator;

typedef enum mt_status {
    MT_OK = 0,
    MT_ERROR_TORCH = -1,
    MT_ERROR_OUT_OF_MEMORY = -2,
    MT_ERROR_INVALID_ARGUMENT = -3,
    MT_ERROR_INTERNAL = -4
} mt_status;

typedef enum mt_dtype {
    MT_FLOAT32,
    MT_FLOAT64,
    MT_FLOAT16,
    MT_BFLOAT16,
    MT_FLOAT8_E4M3,
    MT_FLOAT8_E5M2,
    MT_INT64,
    MT_INT32,
    MT_INT16,
    MT_INT8,
    MT_UINT64,
    MT_UINT32,
    MT_UINT16,
    MT_UINT8,
    MT_BOOL
} mt_dtype;

/* MT_PRIVATE_USE: what a library of its maker registers as PrivateUse1. */
typedef enum mt_device_kind { MT_CPU, MT_CUDA, MT_MPS, MT_META, MT_PRIVATE_USE } mt_device_kind;

typedef struct mt_device {
    mt_device_kind kind;
    int32_t index; /* -1: the current one */
} mt_device;

typedef struct mt_shape {
    const int64_t *sizes;
    size_t count;
} mt_shape;

/* MT_GELU_QUICK: x sigmoid(1.702 x). */
typedef enum mt_activation {
    MT_GELU_EXACT,
    MT_GELU_TANH,
    MT_GELU_QUICK,
    MT_SILU
} mt_activation;

/* ---- Process and thread state ---- */

/* Message of this thread's last failure; valid until the next failure on this thread. */
const char *mt_last_error(void);
/* Version the headers had at compile time, and version of the library that is loaded. */
const char *mt_compiled_version(void);
const char *mt_loaded_version(void);
mt_status mt_set_thread_count(int32_t count);
int32_t mt_thread_count(void);
/* Whether products in bfloat16 on the CPU are computed in float32: an x86 processor without AVX-512, or
 * one that the environment limits (ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA). */
bool mt_computes_bfloat16_in_float(void);
/* Freed memory stays with the process for its next tensors: for loops that allocate the same again
 * and again. Only glibc has the setting; elsewhere nothing happens. */
void mt_keep_freed_memory(void);
/* Gradient mode of the calling thread: returns the former value. */
bool mt_grad_mode_set(bool enabled);
bool mt_grad_mode(void);

/* Who is asked for the memory of tensors on the meta device, which have no elements: what `take` gives
 * is handed to `give_back` when the tensor's storage goes. `take` NULL: nobody. */
typedef struct mt_memory_hooks {
    void *context;
    void *(*take)(void *context, size_t bytes);
    void (*give_back)(void *memory);
    bool on_device; /* the memory is that of a device, else the CPU's */
} mt_memory_hooks;

/* Sets the calling thread's hooks. While there are some, operations on meta tensors ask for what they
 * would take on the CPU or on a device, by the same code, and elements of meta tensors are read as 0. */
mt_status mt_memory_hooks_set(mt_memory_hooks hooks, mt_memory_hooks *former);

/* ---- Devices ---- */

/* Name of the devices of MT_PRIVATE_USE; "privateuseone" while nobody has registered one. */
const char *mt_private_use_name(void);
/* Number of devices of a kind that this process sees; the CPU is one. To count those of CUDA, its
 * library is loaded where it lies beside the CPU's. */
int32_t mt_device_count(mt_device_kind kind);
/* Why there are no CUDA devices, as far as is known; valid until the next call on this thread. */
const char *mt_cuda_absence(void);
/* The device that libraries take on this thread where none is named; nothing for the CPU. */
mt_status mt_set_current_device(mt_device device);
/* Waits until all work that is queued on the device is done. */
mt_status mt_synchronize(mt_device device);
/* Kernels that give the same bits each time, at some cost in speed; to be set before the first use
 * of a device. Those of the CPU do so anyway. */
mt_status mt_set_deterministic(bool value);

/* Bytes of a device. `used` and `peak` are in tensors, `reserved` is what the process has taken;
 * `available` and `total` are the whole device's, 0 where it does not say. */
typedef struct mt_memory {
    uint64_t used, peak, reserved, available, total;
} mt_memory;

/* All 0 for a device that does not count, as the CPU. */
mt_status mt_device_memory(mt_device device, mt_memory *out);
/* Lets `peak` begin at what is used now. */
mt_status mt_device_reset_peak(mt_device device);
/* Gives memory that no tensor uses back to the device. */
mt_status mt_device_release_memory(mt_device device);
/* Of this thread's last MT_ERROR_OUT_OF_MEMORY: the device, and the bytes asked for, 0 where the
 * library did not say. */
mt_device mt_last_shortage(uint64_t *bytes);
/* The same of a message of a device's library; whether its words alone tell a shortage of memory. */
bool mt_read_shortage(const char *message, mt_device *device, uint64_t *bytes);

/* ---- Generators ---- */

mt_status mt_generator_create(uint64_t seed, mt_device device, mt_generator *out);
void mt_generator_free(mt_generator generator);
mt_device mt_generator_device(mt_generator generator);
/* State as a uint8 tensor on the CPU, for exact resume. That of another kind than the CPU's begins with
 * the kind's name, and no other kind takes it. */
mt_status mt_generator_state(mt_generator generator, mt_tensor *out);
mt_status mt_generator_set_state(mt_generator generator, mt_tensor state);
/* Kind of the devices whose generators take the state, as "cpu" or "cuda"; valid until the next call on
 * this thread. */
mt_status mt_generator_state_kind(mt_tensor state, const char **out);

/* ---- Creation, information, movement ---- */

void mt_tensor_free(mt_tensor tensor);
mt_status mt_tensor_from_bytes(const void *bytes, size_t count, mt_shape shape, mt_dtype dtype,
                               mt_device device, mt_tensor *out);
/* A view of memory the caller keeps: `deleter(context)` runs when the last user lets go. */
mt_status mt_tensor_from_blob(const void *bytes, mt_shape shape, mt_dtype dtype,
                              void (*deleter)(void *), void *context, mt_tensor *out);
mt_status mt_tensor_empty(mt_shape shape, mt_dtype dtype, mt_device device, mt_tensor *out);
mt_status mt_tensor_full(mt_shape shape, double value, mt_dtype dtype, mt_device device,
                         mt_tensor *out);
/* Drawn in float32 where the generator is, then converted and moved. */
mt_status mt_tensor_normal(mt_shape shape, double mean, double deviation, mt_generator generator,
                           mt_dtype dtype, mt_device device, mt_tensor *out);
mt_status mt_tensor_uniform(mt_shape shape, double low, double high, mt_generator generator,
                            mt_dtype dtype, mt_device device, mt_tensor *out);

mt_dtype mt_tensor_dtype(mt_tensor tensor);
mt_device mt_tensor_device(mt_tensor tensor);
size_t mt_tensor_rank(mt_tensor tensor);
int64_t mt_tensor_size(mt_tensor tensor, size_t dimension);
int64_t mt_tensor_element_count(mt_tensor tensor);
bool mt_tensor_is_contiguous(mt_tensor tensor);
/* First element; NULL for a tensor that is not on the CPU. */
const void *mt_tensor_data(mt_tensor tensor);

mt_status mt_tensor_to(mt_tensor tensor, mt_dtype dtype, mt_device device, mt_tensor *out);
mt_status mt_tensor_contiguous(mt_tensor tensor, mt_tensor *out);
mt_status mt_tensor_clone(mt_tensor tensor, mt_tensor *out);
/* Copies `count` bytes of a dense copy of the tensor into `bytes`. */
mt_status mt_tensor_copy_out(mt_tensor tensor, void *bytes, size_t count);

/* ---- Between the host and a device, without waits in between ---- */

/* A copy of a CPU tensor on the device, in the order of the thread's other work there. The host goes
 * on at once and may change `tensor`. */
mt_status mt_tensor_upload(mt_tensor tensor, mt_device device, mt_tensor *out);

typedef struct mt_upload_s *mt_upload;
/* The same beside the other work of the device. */
mt_status mt_upload_begin(mt_tensor tensor, mt_device device, mt_upload *out);
/* The tensor; what is queued for the device after this call waits for it, the host does not. */
mt_status mt_upload_finish(mt_upload upload, mt_tensor *out);
void mt_upload_free(mt_upload upload);

/* Elements of scalar tensors as numbers; one wait for all of a device. */
mt_status mt_tensors_download(const mt_tensor *tensors, size_t count, double *out);
/* Dense copies in main memory, beside what the device does meanwhile, through at most two pinned
 * pieces of 256 MB. Returns when all are made. */
mt_status mt_tensors_to_host(const mt_tensor *tensors, size_t count, mt_tensor *out);
/* Bytes of pinned main memory that a process keeps for uploads to a device of this kind, the largest of
 * so many bytes, and for such copies of tensors, the largest of so many. The device need not be here. */
uint64_t mt_pinned_bytes(mt_device_kind kind, uint64_t largest_upload, uint64_t largest_download);

/* ---- In place; not recorded by autograd ---- */

mt_status mt_tensor_copy_(mt_tensor target, mt_tensor source);
/* Copies row i of `source` over row indices[i] of `target`. */
mt_status mt_tensor_copy_rows_(mt_tensor target, mt_tensor indices, mt_tensor source);
mt_status mt_tensor_zero_(mt_tensor target);
mt_status mt_tensor_add_(mt_tensor target, mt_tensor other, double alpha);
mt_status mt_tensor_scale_(mt_tensor target, double factor);
/* Adds a number to all elements of all tensors. */
mt_status mt_tensors_add_scalar_(const mt_tensor *tensors, size_t count, double value);
mt_status mt_tensors_scale_(const mt_tensor *tensors, size_t count, double factor);

/* ---- Autograd ---- */

bool mt_tensor_requires_grad(mt_tensor tensor);
mt_status mt_tensor_set_requires_grad(mt_tensor tensor, bool value);
/* The accumulated gradient, or NULL when there is none. */
mt_status mt_tensor_grad(mt_tensor tensor, mt_tensor *out);
mt_status mt_tensor_set_grad(mt_tensor tensor, mt_tensor gradient_or_null);
mt_status mt_tensor_detach(mt_tensor tensor, mt_tensor *out);
/* Accumulates gradients into the leaves below `output`. `gradient_or_null` defaults to one. */
mt_status mt_tensor_backward(mt_tensor output, mt_tensor gradient_or_null);

/* ---- Shape ---- */

mt_status mt_tensor_reshape(mt_tensor tensor, mt_shape shape, mt_tensor *out);
mt_status mt_tensor_permute(mt_tensor tensor, mt_shape order, mt_tensor *out);
mt_status mt_tensor_transpose(mt_tensor tensor, int64_t a, int64_t b, mt_tensor *out);
mt_status mt_tensor_narrow(mt_tensor tensor, int64_t dimension, int64_t start, int64_t length,
                           mt_tensor *out);
mt_status mt_tensor_cat(const mt_tensor *tensors, size_t count, int64_t dimension, mt_tensor *out);
mt_status mt_tensor_index_select(mt_tensor tensor, int64_t dimension, mt_tensor indices,
                                 mt_tensor *out);

/* ---- Arithmetic ---- */

mt_status mt_tensor_add(mt_tensor a, mt_tensor b, mt_tensor *out);
mt_status mt_tensor_sub(mt_tensor a, mt_tensor b, mt_tensor *out);
mt_status mt_tensor_mul(mt_tensor a, mt_tensor b, mt_tensor *out);
mt_status mt_tensor_div(mt_tensor a, mt_tensor b, mt_tensor *out);
mt_status mt_tensor_add_scalar(mt_tensor a, double b, mt_tensor *out);
mt_status mt_tensor_mul_scalar(mt_tensor a, double b, mt_tensor *out);
mt_status mt_tensor_matmul(mt_tensor a, mt_tensor b, mt_tensor *out);
mt_status mt_tensor_sum(mt_tensor tensor, mt_tensor *out);
mt_status mt_tensor_abs_max(mt_tensor tensor, double *out);
mt_status mt_tensor_softmax(mt_tensor tensor, int64_t dimension, mt_tensor *out);
mt_status mt_tensor_log_softmax(mt_tensor tensor, int64_t dimension, mt_tensor *out);
mt_status mt_tensor_argmax(mt_tensor tensor, int64_t dimension, mt_tensor *out);
mt_status mt_tensor_topk(mt_tensor tensor, int64_t count, mt_tensor *values, mt_tensor *indices);
/* Square root of the sum of squares over all tensors, which are on one device: a scalar, on the CPU
 * accumulated in float64 and of that dtype, on other devices in float32 there, without a wait. */
mt_status mt_tensors_norm(const mt_tensor *tensors, size_t count, mt_tensor *out);

/* ---- Layers ---- */

/* x W^T + b. On CPU in float32 all three products go through oneDNN, in bfloat16 that with a bias. */
mt_status mt_linear(mt_tensor x, mt_tensor weight, mt_tensor bias_or_null, mt_tensor *out);
mt_status mt_layer_norm(mt_tensor x, mt_tensor weight, mt_tensor bias, double epsilon,
                        mt_tensor *out);
/* weight * (x / sqrt(mean(x^2) + epsilon)); the quotient is computed in float32 (float64 for float64)
 * and rounded to x's dtype before the product. With `adds_one` the factor is 1 + weight, and rounding
 * comes after the product. */
mt_status mt_rms_norm(mt_tensor x, mt_tensor weight, bool adds_one, double epsilon,
                      mt_tensor *out);
mt_status mt_embedding(mt_tensor weight, mt_tensor indices, mt_tensor *out);
mt_status mt_conv2d(mt_tensor x, mt_tensor weight, mt_tensor bias_or_null, int64_t stride,
                    mt_tensor *out);
/* x [images, channels, rows, columns] at another size, corners not aligned. The cubic kernel has
 * a = -0.75; with `antialias` it widens with the reduction and has -0.5. A scale of 0 is the ratio of the
 * sizes; another moves the samples, as PyTorch's `scale_factor` does. */
mt_status mt_upsample_bicubic2d(mt_tensor x, int64_t height, int64_t width, double height_scale,
                                double width_scale, bool antialias, mt_tensor *out);
mt_status mt_activate(mt_tensor x, mt_activation activation, mt_tensor *out);
/* act(x) W^T + b; the backward pass keeps x and computes act(x) again. */
mt_status mt_activated_linear(mt_tensor x, mt_activation activation, mt_tensor weight,
                              mt_tensor bias_or_null, mt_tensor *out);
/* Inverted dropout with the caller's generator, one of x's device; `probability` 0 returns `x` itself. */
mt_status mt_dropout(mt_tensor x, double probability, mt_generator generator, mt_tensor *out);
/* cap * tanh(x / cap). */
mt_status mt_softcap(mt_tensor x, double cap, mt_tensor *out);
/* `q, k, v`: [batch, heads, tokens, head width]; mask: boolean or additive, broadcastable. k and v may
 * have fewer heads, a divisor of q's number: query heads that share a head stand one after another. */
mt_status mt_attention(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null, bool causal,
                       double scale, mt_tensor *out);
/* As mt_attention without gradients; `sums` [batch, heads, tokens] float32 is the logarithm of the
 * sum of the exponentials of each query's scaled scores. */
mt_status mt_attention_part(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null,
                            bool causal, double scale, mt_tensor *out, mt_tensor *sums);
/* The definition, in float32 (float64 for float64) and with gradients: scores are scaled, then capped
 * unless `softcap` is 0, then masked; `causal` (query i sees keys 0...i) goes with a mask too. A query
 * that sees no key gets 0 and sums of minus infinity. */
mt_status mt_attention_composed(mt_tensor q, mt_tensor k, mt_tensor v, mt_tensor mask_or_null,
                                bool causal, double scale, double softcap, mt_tensor *out,
                                mt_tensor *sums);
/* Joins attention of the same queries to two disjoint sets of keys, in float32; a, b: [..., width],
 * sums: [...]. The sums of one of both may be minus infinity: no key. */
mt_status mt_attention_join(mt_tensor a, mt_tensor a_sums, mt_tensor b, mt_tensor b_sums,
                            mt_tensor *out);
/* Which keys each token sees, [rows or 1, 1, tokens, tokens] bool, made on the device: those up to
 * itself, of these the last `window` (0: all), and of these the ones that `key_mask_or_null` [rows,
 * tokens] has. A token that sees none sees itself. */
mt_status mt_attention_mask(mt_tensor key_mask_or_null, int64_t tokens, int64_t window,
                            mt_device device, mt_tensor *out);
/* Rotates the first `2 * cos.size(-1)` features of x [batch, tokens, heads, head width], halves
 * paired ("NeoX"); cos and sin: [batch or 1, tokens, rotary / 2] float32. */
mt_status mt_rotary(mt_tensor x, mt_tensor cos, mt_tensor sin, mt_tensor *out);
/* theta^(-2i / rotary) for i below rotary / 2, float32, in the reference's own order of operations. */
mt_status mt_rotary_frequencies(int64_t rotary, double theta, mt_device device, mt_tensor *out);
/* cos and sin [rows, tokens, n] float32 of the angles position * frequency, for positions
 * [rows, tokens] int64 and frequencies [n] or [rows, tokens, n] float32. */
mt_status mt_rotary_angles(mt_tensor positions, mt_tensor frequencies, mt_tensor *cos,
                           mt_tensor *sin);
/* Sum of the cross-entropies of logits [n, classes] against targets [n] int64, in float32, plus
 * `z_loss` times the sum of the squares of log sum exp; rows with target -100 count as nothing. */
mt_status mt_cross_entropy_sum(mt_tensor logits, mt_tensor targets, double z_loss, mt_tensor *out);
/* The same of logits x W^T + b, x [n, in], W [classes, in], whose matrix of logits is never whole in
 * memory: gradients are computed with the loss, chunk by chunk. No target is ignored. Weights [n], only
 * with a z_loss of 0, multiply the cross-entropies of the rows. Logits are capped as by mt_softcap unless
 * `softcap` is 0. The graph can be walked back once. */
mt_status mt_linear_cross_entropy_sum(mt_tensor x, mt_tensor weight, mt_tensor bias_or_null,
                                      mt_tensor targets, mt_tensor weights_or_null, double z_loss,
                                      double softcap, mt_tensor *out);

/* ---- Adapters ---- */

/* Euclidean norm of every row of weight + scale * up down, in float32 and without gradients; weight
 * [out, in], up [out, rank], down [rank, in], result [out]. */
mt_status mt_low_rank_norms(mt_tensor weight, mt_tensor up, mt_tensor down, double scale,
                            mt_tensor *out);

/* ---- Matrices in few bits ---- */

typedef enum mt_quantization {
    /* codes int8 [rows, columns]; scales float32 [rows], the largest magnitude of each row. */
    MT_INT8_ROWS,
    /* codes uint8 [ceil(n / 2)], two places of the NF4 code to a byte, the first one high; blocks of
     * 64 elements have scales uint8, places of the 8-bit dynamic code, whose blocks of 256 have
     * `nested` float32; `offset` is added to all scales. */
    MT_NF4,
    /* The same codes; scales float32, the largest magnitude of each block. */
    MT_NF4_PLAIN
} mt_quantization;

typedef struct mt_quantized {
    mt_quantization kind;
    int64_t rows, columns;
    mt_tensor codes, scales, nested_or_null;
    double offset;
} mt_quantized;

/* Writes `nested` (else NULL) and `offset` for MT_NF4 only. */
mt_status mt_quantize(mt_tensor weight, mt_quantization kind, mt_tensor *codes, mt_tensor *scales,
                      mt_tensor *nested, double *offset);
mt_status mt_dequantize(mt_quantized matrix, mt_dtype dtype, mt_tensor *out);
/* x W^T + b with gradients for x and b only; W is unpacked for each product and not kept. */
mt_status mt_quantized_linear(mt_tensor x, mt_quantized matrix, mt_tensor bias_or_null,
                              mt_tensor *out);

/* ---- Learning from pairs of answers ---- */

typedef enum mt_preference_kind { MT_DPO, MT_IPO, MT_SIMPO } mt_preference_kind;

typedef struct mt_preference_options {
    mt_preference_kind kind;
    double beta, gamma, smoothing;
} mt_preference_options;

/* The losses of pairs of answers in float32, where `sums` are; nothing waits and nothing is recorded.
 *
 * sums: [answers] cross-entropies of a chosen answer, a rejected one, and so on. facts: [2 * answers]
 * int64; of each answer the reference model's log-probability as two float32 whose sum it is, the
 * larger one in the lower half of the bits, then the number of its tokens.
 * loss: the sum. slopes: [answers] derivatives of the loss by the log-probabilities. figures: [5] sums of
 * the rewards of chosen and of rejected answers, pairs whose chosen answer has the higher one, sums of
 * the log-probabilities of both (SimPO: per token). */
mt_status mt_preference_loss(mt_tensor sums, mt_tensor facts, mt_preference_options options,
                             mt_tensor *loss, mt_tensor *slopes, mt_tensor *figures);

/* ---- Optimiser ---- */

typedef struct mt_adamw_options {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
} mt_adamw_options;

/* What one parameter's step reads and changes. */
typedef struct mt_adamw_slot {
    mt_tensor parameter;
    mt_tensor gradient; /* of any dtype; converted piece by piece */
    mt_tensor first, second; /* moments */
    mt_tensor step; /* a float32 scalar that counts this step already */
    double count; /* its value where the caller knows it, which saves codes on a device a wait; or 0 */
    mt_tensor master_or_null; /* float32; it is what is updated, and `parameter` takes its values */
    mt_tensor remainder_or_null; /* int16; with the bfloat16 `parameter` it makes the master */
    /* Of moments that are uint8 codes: float32, one for each MT_MOMENT_BLOCK elements. */
    mt_tensor first_scales_or_null, second_scales_or_null;
} mt_adamw_slot;

#define MT_MOMENT_BLOCK 256

/* One fused AdamW step over `count` parameters. `began`: whether anything may have been changed, also
 * where the step fails. */
mt_status mt_adamw_step(const mt_adamw_slot *slots, size_t count, mt_adamw_options options,
                        bool *began);
/* float32 from bfloat16 and the int16 lower half of its bits. */
mt_status mt_tensor_join_remainder(mt_tensor rounded, mt_tensor remainder, mt_tensor *out);
/* Fills both halves: `rounded` is the nearest bfloat16. What lies exactly between two moves by one in
 * the last place of float32. */
mt_status mt_tensor_split_remainder(mt_tensor values, mt_tensor rounded, mt_tensor remainder);

/* ---- Processes of one job ---- */

typedef struct mt_store_s *mt_store;
typedef struct mt_group_s *mt_group;
typedef struct mt_work_s *mt_work;

typedef enum mt_backend { MT_GLOO, MT_NCCL } mt_backend;
typedef enum mt_reduction { MT_REDUCE_SUM, MT_REDUCE_MAX } mt_reduction;

typedef struct mt_group_options {
    mt_backend backend; /* MT_NCCL: for tensors on `device`, beside Gloo for all others */
    mt_device device;   /* of the process */
    int32_t rank, world_size;
    const char *host; /* where the key-value store is */
    uint16_t port;
    bool is_server;     /* whether this process runs the store */
    const char *prefix; /* of all keys in the store, so that two attempts do not mix */
    const char *interface_or_null; /* network interface of Gloo's own connections */
    int64_t timeout_ms;
} mt_group_options;

/* Runs a key-value store on a free port for the processes of a job. */
mt_status mt_store_serve(const char *host, int64_t timeout_ms, mt_store *out, uint16_t *port);
void mt_store_free(mt_store store);
/* Whether the build has NCCL, for groups whose tensors are on CUDA devices. */
bool mt_nccl_is_available(void);
/* Meets the other processes; blocks until all are there. */
mt_status mt_group_create(mt_group_options options, mt_group *out);
/* A group for tensors on the meta device only, which do not travel. */
mt_status mt_group_rehearse(mt_group *out);
void mt_group_free(mt_group group);
/* Collective operations. All processes start the same ones in the same order, on dense tensors that
 * nobody touches until `mt_work_wait` returns. The work keeps its tensors alive. */
mt_status mt_group_all_reduce(mt_group group, mt_tensor tensor, mt_reduction reduction,
                              mt_work *out);
/* `input` has `world_size` equal parts; `output` receives everyone's part `rank`, by rank. */
mt_status mt_group_all_to_all(mt_group group, mt_tensor output, mt_tensor input, mt_work *out);
/* `output` receives everyone's `input`, by rank; `input` may be its part of `output`. */
mt_status mt_group_all_gather(mt_group group, mt_tensor output, mt_tensor input, mt_work *out);
mt_status mt_group_broadcast(mt_group group, mt_tensor tensor, int32_t root, mt_work *out);
mt_status mt_group_barrier(mt_group group, mt_work *out);
mt_status mt_work_wait(mt_work work);
void mt_work_free(mt_work work);
/* Drops the elements of a tensor that is its whole storage, or makes room for them again, with
 * undefined values. Views of it keep their shapes and see the new elements. */
mt_status mt_tensor_set_storage_allocated(mt_tensor tensor, bool is_allocated);
/* Makes `target` refer to the elements of `source`; its place in the autograd graph stays. */
mt_status mt_tensor_set_data(mt_tensor target, mt_tensor source);

#ifdef __cplusplus
}
#endif

#endif
