// Shared by the runtime's own files; not part of the interface.
#ifndef CTK_RUNTIME_H
#define CTK_RUNTIME_H

#include "ctk.h"

// Builds a function once for each instruction set and lets the loader choose. Instrumented code
// must not run in the loader's resolvers, and other platforms need no choice.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CTK_SANITIZED 1
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(CTK_SANITIZED)
#define CTK_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CTK_CLONES
#endif

#define CTK_INLINE static inline __attribute__((always_inline))

static inline int64_t ctk_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ctk_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ctk_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Memory of the calling thread, kept between calls and freed with the thread. A kernel may hold
// one slot of each kind: REGION for what all bodies of a parallel region share, BODY for one body.
enum { CTK_SCRATCH_REGION, CTK_SCRATCH_BODY, CTK_SCRATCH_SLOTS };
void *ctk_scratch(int slot, size_t bytes);

typedef double f64;
typedef float f32;

// d (k × n) = the transpose of b (n × k).
void ctk_transpose_f64(f64 *d, const f64 *b, int64_t ldb, int64_t n, int64_t k);
void ctk_transpose_f32(f32 *d, const f32 *b, int64_t ldb, int64_t n, int64_t k);

// Takes the sums again that are not finite, of a product that a ctk_masked_gemm_desc describes.
void ctk_mend_product_f64(const ctk_instr *instr);
void ctk_mend_product_f32(const ctk_instr *instr);

// Must come before any call of BLAS or LAPACK: keeps that library on the calling thread.
void ctk_blas_init(void);

#endif
