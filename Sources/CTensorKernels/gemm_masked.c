// Matrix products in which a zero factor makes its term zero, whatever the other factor.
//
// An infinite or undefined factor leaves its mark on every sum it enters, also times zero: where a
// plain product is finite it is right, and only the other sums are taken again without the terms
// that have a zero. A sum without zeros is left as it is.
#include "runtime.h"

#include <string.h>

// A strided row or column of an operand.
typedef struct {
  const char *start;
  int64_t step;  // in elements
} line;

// The rows of op(A) are contiguous unless it is transposed.
static line line_of(const void *base, int64_t index, int along, int64_t ld, int64_t size) {
  return (line){(const char *)base + index * (along ? ld : 1) * size, along ? 1 : ld};
}

#define DEFINE_MASKED(T, code)                                                                     \
  CTK_CLONES static int all_finite_##T(const T *d, int64_t n) {                                    \
    int finite = 1;                                                                                \
    for (int64_t i = 0; i < n; i++) finite &= d[i] - d[i] == 0;                                    \
    return finite;                                                                                 \
  }                                                                                                \
  static int has_zero_##T(line x, int64_t k) {                                                     \
    for (int64_t i = 0; i < k; i++)                                                                \
      if (((const T *)x.start)[i * x.step] == 0) return 1;                                         \
    return 0;                                                                                      \
  }                                                                                                \
  static T masked_dot_##T(line x, line y, int64_t k, int zeros) {                                  \
    T sum = 0;                                                                                     \
    for (int64_t i = 0; i < k; i++) {                                                              \
      const T a = ((const T *)x.start)[i * x.step], b = ((const T *)y.start)[i * y.step];          \
      if (((zeros & CTK_LEFT_ZEROS) && a == 0) || ((zeros & CTK_RIGHT_ZEROS) && b == 0)) continue; \
      sum += a * b;                                                                                \
    }                                                                                              \
    return sum;                                                                                    \
  }                                                                                                \
  static void repair_##T(const ctk_masked_gemm_desc *w, const T *a, const T *b, T *c) {            \
    const ctk_gemm_desc *g = &w->product;                                                          \
    char *columnHasZero = ctk_scratch(CTK_SCRATCH_BODY, (size_t)g->n);                             \
    for (int64_t j = 0; j < g->n; j++) {                                                           \
      const line y = line_of(b, j, g->tb, g->ldb, sizeof(T));                                      \
      columnHasZero[j] = (w->zeros & CTK_RIGHT_ZEROS) && has_zero_##T(y, g->k);                    \
    }                                                                                              \
    for (int64_t i = 0; i < g->m; i++) {                                                           \
      const line x = line_of(a, i, !g->ta, g->lda, sizeof(T));                                     \
      const int rowHasZero = (w->zeros & CTK_LEFT_ZEROS) && has_zero_##T(x, g->k);                 \
      for (int64_t j = 0; j < g->n; j++) {                                                         \
        T *sum = c + i * g->ldc + j;                                                               \
        if (*sum - *sum == 0 || !(rowHasZero || columnHasZero[j])) continue;                       \
        const line y = line_of(b, j, g->tb, g->ldb, sizeof(T));                                    \
        *sum = masked_dot_##T(x, y, g->k, w->zeros);                                               \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
  void ctk_mend_product_##T(const ctk_instr *instr) {                                              \
    const ctk_masked_gemm_desc *w = instr->x;                                                      \
    const ctk_gemm_desc *g = &w->product;                                                          \
    for (int64_t i = 0; i < g->batch; i++) {                                                       \
      T *c = (T *)instr->d + i * g->sc;                                                            \
      const int joined = g->ldc == g->n; /* one call for all rows */                               \
      const int64_t rows = joined ? 1 : g->m, columns = joined ? g->m * g->n : g->n;               \
      int finite = 1;                                                                              \
      for (int64_t r = 0; r < rows; r++) finite &= all_finite_##T(c + r * g->ldc, columns);        \
      if (finite) continue;                                                                        \
      repair_##T(w, (const T *)instr->a + i * g->sa, (const T *)instr->b + i * g->sb, c);          \
    }                                                                                              \
  }                                                                                                \
  static void gemm_masked_##T(const ctk_instr *instr) {                                            \
    ctk_gemm(code)(instr);                                                                         \
    ctk_mend_product_##T(instr);                                                                   \
  }                                                                                                \
  static void row_dots_masked_##T(const ctk_instr *instr) {                                        \
    const ctk_masked_rows_desc *w = instr->x;                                                      \
    T *d = (T *)instr->d;                                                                          \
    ctk_row_dots(code)(instr);                                                                     \
    if (all_finite_##T(d, instr->n)) return;                                                       \
    for (int64_t i = 0; i < instr->n; i++) {                                                       \
      if (d[i] - d[i] == 0) continue;                                                              \
      const line x = {instr->a + i * w->rows.ld * (int64_t)sizeof(T), 1}, y = {instr->b, 1};       \
      d[i] = masked_dot_##T(x, y, w->rows.columns, w->zeros);                                      \
    }                                                                                              \
  }                                                                                                \
  static void row_combine_masked_##T(const ctk_instr *instr) {                                     \
    const ctk_masked_rows_desc *w = instr->x;                                                      \
    const int64_t columns = w->rows.columns;                                                       \
    T *d = (T *)instr->d;                                                                          \
    const size_t bytes = (size_t)columns * sizeof(T);                                              \
    T *before = ctk_scratch(CTK_SCRATCH_BODY, bytes);                                              \
    if (instr->first) {                                                                            \
      memset(before, 0, bytes);                                                                    \
    } else {                                                                                       \
      memcpy(before, d, bytes);                                                                    \
    }                                                                                              \
    ctk_row_combine(code)(instr);                                                                  \
    if (all_finite_##T(d, columns)) return;                                                        \
    for (int64_t j = 0; j < columns; j++) {                                                        \
      if (d[j] - d[j] == 0) continue;                                                              \
      const line x = {instr->a + j * (int64_t)sizeof(T), w->rows.ld}, y = {instr->b, 1};           \
      d[j] = before[j] + masked_dot_##T(x, y, instr->n, w->zeros);                                 \
    }                                                                                              \
  }

DEFINE_MASKED(f64, CTK_F64)
DEFINE_MASKED(f32, CTK_F32)

#define LOOKUP(name)                                                                               \
  ctk_fn ctk_##name(int dtype) {                                                                   \
    return dtype == CTK_F64 ? name##_f64 : dtype == CTK_F32 ? name##_f32 : NULL;                   \
  }
LOOKUP(gemm_masked)
LOOKUP(row_dots_masked)
LOOKUP(row_combine_masked)
