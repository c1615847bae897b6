// The elementwise and random kernels of one instruction set, as built by elementwise_template.h.
#ifndef CTK_ELEMENTWISE_H
#define CTK_ELEMENTWISE_H

#include "ctk.h"

enum {
  CTK_DTYPE_COUNT = 4,
  CTK_TEST_COUNT = CTK_NOT + 1,
  CTK_COMPARE_COUNT = CTK_LE + 1,
  CTK_RANDOM_COUNT = CTK_NORMAL + 1,
  CTK_DRAW_COUNT = CTK_DRAW_VON_MISES + 1,
  CTK_MODE_COUNT = 3,
  CTK_WHERE_MODES = 8,
};

// Absent combinations are NULL.
typedef struct {
  ctk_fn unary[CTK_UNARY_COUNT][CTK_DTYPE_COUNT];
  ctk_fn test[CTK_TEST_COUNT][CTK_DTYPE_COUNT];
  ctk_fn binary[CTK_BINARY_COUNT][CTK_DTYPE_COUNT][CTK_MODE_COUNT];
  ctk_fn compare[CTK_COMPARE_COUNT][CTK_DTYPE_COUNT][CTK_MODE_COUNT];
  ctk_fn where[CTK_DTYPE_COUNT][CTK_WHERE_MODES];
  ctk_fn cast[CTK_DTYPE_COUNT][CTK_DTYPE_COUNT];
  ctk_fn fill[CTK_DTYPE_COUNT];
  ctk_fn copy[CTK_DTYPE_COUNT];
  ctk_fn affine[CTK_DTYPE_COUNT];
  ctk_fn scaleadd[CTK_DTYPE_COUNT];
  ctk_fn muladd[CTK_DTYPE_COUNT];
  ctk_fn random[CTK_RANDOM_COUNT][CTK_DTYPE_COUNT];
  ctk_fn draw[CTK_DRAW_COUNT][CTK_DTYPE_COUNT];
  ctk_fn gamma_slope[CTK_DTYPE_COUNT];
  ctk_fn beta_slopes[CTK_DTYPE_COUNT];
} ctk_elementwise_table;

extern const ctk_elementwise_table ctk_elementwise_baseline;
#if defined(__x86_64__)
extern const ctk_elementwise_table ctk_elementwise_avx2;
extern const ctk_elementwise_table ctk_elementwise_avx512;
#endif

// Philox streams: the third counter word, so that no two uses of one key share a block.
enum {
  CTK_STREAM_BITS = 1,
  CTK_STREAM_UNIFORM_F64 = 2,
  CTK_STREAM_UNIFORM_F32 = 3,
  CTK_STREAM_NORMAL_F64 = 4,
  CTK_STREAM_NORMAL_F32 = 5,
  CTK_STREAM_FOLD = 6,
  CTK_STREAM_GAMMA = 7,
  CTK_STREAM_POISSON = 8,
  CTK_STREAM_BINOMIAL = 9,
  CTK_STREAM_VON_MISES = 10,
};

// Multipliers of Philox 4x32 and the increments of its key (Salmon et al. 2011).
#define CTK_PHILOX_M0 0xD2511F53u
#define CTK_PHILOX_M1 0xCD9E8D57u
#define CTK_PHILOX_W0 0x9E3779B9u
#define CTK_PHILOX_W1 0xBB67AE85u

#endif
