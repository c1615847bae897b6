// Products with a matrix that is zero but for blocks: only the terms of the blocks are computed.
//
// C is cut into panels of columns. Of a panel either each sum takes some ranges of terms, or only
// some ranges of rows are computed and the others are zero. The cut depends on shapes alone.
#include "runtime.h"

#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
void cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a,
                 int lda, const double *b, int ldb, double beta, double *c, int ldc);
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);

// Rows of a task; least rows of a product; multiplications up to which OpenBLAS works
// without packing.
enum { TASK_ROWS = 256, LOW = 32, SMALL_PRODUCT = 1000000 };

typedef struct {
  const ctk_instr *instr;
  int64_t parts;  // tasks per panel
} blocks_run;

static inline const ctk_panel *panels_of(const ctk_block_gemm_desc *w) {
  return (const ctk_panel *)(w + 1);
}

static inline const int32_t *ranges_of(const ctk_block_gemm_desc *w, const ctk_panel *p) {
  return (const int32_t *)(panels_of(w) + w->panels) + p->ranges;
}

// How many rows a product gets so that it needs no packing, if that can be.
static int64_t height(int64_t width, int64_t terms) {
  int64_t rows = TASK_ROWS;
  while (rows > LOW && rows * width * terms > SMALL_PRODUCT) rows /= 2;
  return rows * width * terms > SMALL_PRODUCT ? TASK_ROWS : rows;
}

#define DEFINE_BLOCKS(T, gemm, transpose)                                                          \
  /* The panel's rows of B as columns, those of the ranges alone. */                               \
  static const T *turned_##T(const ctk_gemm_desc *g, const T *b, const ctk_panel *p,               \
                             const int32_t *ranges) {                                              \
    const int64_t width = p->end - p->start;                                                       \
    T *turned = ctk_scratch(CTK_SCRATCH_BODY, (size_t)(width * g->k) * sizeof(T)), *next = turned; \
    for (int r = 0; r < p->count; r++) {                                                           \
      const int64_t terms = ranges[2 * r + 1] - ranges[2 * r];                                     \
      transpose(next, b + p->start * g->ldb + ranges[2 * r], g->ldb, width, terms);                \
      next += width * terms;                                                                       \
    }                                                                                              \
    return turned;                                                                                 \
  }                                                                                                \
  /* Sums over the panel's ranges, for rows of C from `row` on. */                                 \
  static void sums_##T(const ctk_gemm_desc *g, const T *a, const T *b, T *c, const ctk_panel *p,   \
                       const int32_t *ranges, int64_t row) {                                       \
    const int64_t width = p->end - p->start, last = ctk_min(row + TASK_ROWS, g->m);                \
    int64_t longest = 1;                                                                           \
    for (int r = 0; r < p->count; r++)                                                             \
      longest = ctk_max(longest, ranges[2 * r + 1] - ranges[2 * r]);                               \
    const int64_t step = height(width, longest);                                                   \
    const T *turned = g->tb ? turned_##T(g, b, p, ranges) : NULL;                                  \
    for (int64_t i = row; i < last; i += step) {                                                   \
      const T *own = turned;                                                                       \
      for (int r = 0; r < p->count; r++) {                                                         \
        const int64_t first = ranges[2 * r], terms = ranges[2 * r + 1] - first;                    \
        gemm(ROW_MAJOR, NO_TRANS, NO_TRANS, (int)ctk_min(step, last - i), (int)width, (int)terms,  \
             1, a + i * g->lda + first, (int)g->lda,                                               \
             turned ? own : b + first * g->ldb + p->start, (int)(turned ? width : g->ldb), r > 0,  \
             c + i * g->ldc + p->start, (int)g->ldc);                                              \
        if (turned) own += width * terms;                                                          \
      }                                                                                            \
      for (int64_t j = i; p->count == 0 && j < ctk_min(i + step, last); j++)                       \
        memset(c + j * g->ldc + p->start, 0, (size_t)width * sizeof(T));                           \
    }                                                                                              \
  }                                                                                                \
  /* The rows of C in the panel's ranges; A is transposed. */                                      \
  static void rows_##T(const ctk_gemm_desc *g, const T *a, const T *b, T *c, const ctk_panel *p,   \
                       const int32_t *ranges) {                                                    \
    const int64_t width = p->end - p->start, step = height(width, g->k);                           \
    int64_t done = 0;                                                                              \
    for (int r = 0; r <= p->count; r++) {                                                          \
      const int64_t first = r < p->count ? ranges[2 * r] : g->m;                                   \
      for (; done < first; done++)                                                                 \
        memset(c + done * g->ldc + p->start, 0, (size_t)width * sizeof(T));                        \
      if (r == p->count) break;                                                                    \
      for (const int64_t end = ranges[2 * r + 1]; done < end; done = ctk_min(done + step, end))    \
        gemm(ROW_MAJOR, TRANS, NO_TRANS, (int)ctk_min(step, end - done), (int)width, (int)g->k, 1, \
             a + done, (int)g->lda, b + p->start, (int)g->ldb, 0, c + done * g->ldc + p->start,    \
             (int)g->ldc);                                                                         \
    }                                                                                              \
  }                                                                                                \
  static void task_##T(void *context, int64_t task, int thread) {                                  \
    (void)thread;                                                                                  \
    const blocks_run *run = context;                                                               \
    const ctk_block_gemm_desc *w = run->instr->x;                                                  \
    const ctk_panel *p = panels_of(w) + task / run->parts;                                         \
    const T *a = (const T *)run->instr->a, *b = (const T *)run->instr->b;                          \
    T *c = (T *)run->instr->d;                                                                     \
    if (w->product.product.ta) {                                                                   \
      rows_##T(&w->product.product, a, b, c, p, ranges_of(w, p));                                  \
    } else {                                                                                       \
      sums_##T(&w->product.product, a, b, c, p, ranges_of(w, p), task % run->parts * TASK_ROWS);   \
    }                                                                                              \
  }                                                                                                \
  static void gemm_blocks_##T(const ctk_instr *instr) {                                            \
    const ctk_block_gemm_desc *w = instr->x;                                                       \
    const ctk_gemm_desc *g = &w->product.product;                                                  \
    ctk_blas_init();                                                                               \
    blocks_run run = {instr, g->ta ? 1 : ctk_ceil_div(g->m, TASK_ROWS)};                           \
    ctk_parallel(w->panels * run.parts, task_##T, &run);                                           \
    if (w->product.zeros) ctk_mend_product_##T(instr);                                             \
  }

DEFINE_BLOCKS(f64, cblas_dgemm, ctk_transpose_f64)
DEFINE_BLOCKS(f32, cblas_sgemm, ctk_transpose_f32)

ctk_fn ctk_gemm_blocks(int dtype) {
  return dtype == CTK_F64 ? gemm_blocks_f64 : dtype == CTK_F32 ? gemm_blocks_f32 : NULL;
}
