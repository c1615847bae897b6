// Products of large matrices with AVX-512, for gemm.c. At the sizes of neural networks BLAS spends
// a tenth of its time on clearing the result and on packing both operands anew for every tile. Here
// the left operand is read where it lies, unless its columns are the rows of the product, and one
// panel of the right operand at a time is packed where it stays in cache.
//
// Every element is summed in order, block of terms by block, whatever the tile it is in.
#ifndef CTK_GEMM_PANELS_H
#define CTK_GEMM_PANELS_H

#include "gemm_vectors.h"

// A tile has at most so many rows and vectors of columns, a block so many terms.
enum { TILE_ROWS = 8, TILE_VECTORS = 3, BLOCK_TERMS = 256 };

#if defined(__x86_64__)

#define AVX512 __attribute__((target("avx512f")))

// Where the left operand's elements are: those of a group of rows, down a column and along a row.
typedef struct { int64_t group, down, along; } left_strides;

#define DEFINE_PANELS(T, L)                                                                      \
  /* c (+)= a b for one tile; b is a panel. */                                                   \
  AVX512 CTK_INLINE void tile_##T(T *c, int64_t ldc, const T *a, const left_strides *s,          \
                                  const T *b, int64_t terms, int fresh, int rows, int vectors) { \
    T##_##L sums[TILE_ROWS][TILE_VECTORS];                                                       \
    UNROLLED for (int r = 0; r < rows; r++)                                                      \
      UNROLLED for (int v = 0; v < vectors; v++) sums[r][v] = (T##_##L)(T)0;                     \
    for (int64_t k = 0; k < terms; k++, a += s->along, b += vectors * L) {                       \
      T##_##L right[TILE_VECTORS];                                                               \
      UNROLLED for (int v = 0; v < vectors; v++) memcpy(&right[v], b + v * L, sizeof right[v]);  \
      UNROLLED for (int r = 0; r < rows; r++) {                                                  \
        const T##_##L left = (T##_##L)a[r * s->down];                                            \
        UNROLLED for (int v = 0; v < vectors; v++) sums[r][v] += left * right[v];                \
      }                                                                                          \
    }                                                                                            \
    UNROLLED for (int r = 0; r < rows; r++, c += ldc)                                            \
      UNROLLED for (int v = 0; v < vectors; v++) {                                               \
        if (!fresh) {                                                                            \
          LOADED(T##_##L, before, c + v * L);                                                    \
          sums[r][v] = before + sums[r][v];                                                      \
        }                                                                                        \
        memcpy(c + v * L, &sums[r][v], sizeof sums[r][v]);                                       \
      }                                                                                          \
  }                                                                                              \
  /* All rows of a panel's columns. */                                                           \
  AVX512 CTK_INLINE void columns_##T(T *c, int64_t ldc, const T *a, const left_strides *s,       \
                                     const T *b, int64_t rows, int64_t terms, int fresh,         \
                                     int vectors) {                                              \
    for (; rows >= TILE_ROWS; rows -= TILE_ROWS, c += TILE_ROWS * ldc, a += s->group)            \
      tile_##T(c, ldc, a, s, b, terms, fresh, TILE_ROWS, vectors);                               \
    for (int64_t r = 0; r < rows; r++)                                                           \
      tile_##T(c + r * ldc, ldc, a + r * s->down, s, b, terms, fresh, 1, vectors);               \
  }                                                                                              \
  /* The same for fewer columns than make a vector. */                                           \
  AVX512 static void rest_##T(T *c, int64_t ldc, const T *a, const left_strides *s, const T *b,  \
                              int64_t rows, int64_t columns, int64_t terms, int fresh) {         \
    for (int64_t r = 0; r < rows; r++) {                                                         \
      T row[L];                                                                                  \
      tile_##T(row, L, a + r / TILE_ROWS * s->group + r % TILE_ROWS * s->down, s, b, terms, 1,   \
               1, 1);                                                                            \
      for (int64_t j = 0; j < columns; j++)                                                      \
        c[r * ldc + j] = fresh ? row[j] : c[r * ldc + j] + row[j];                               \
    }                                                                                            \
  }                                                                                              \
  static void pack_right_##T(T *panel, const T *b, int64_t ldb, int tb, int64_t width,           \
                             int64_t columns, int64_t terms) {                                   \
    if (tb && columns == width) {                                                                \
      ctk_transpose_##T(panel, b, ldb, width, terms);                                            \
      return;                                                                                    \
    }                                                                                            \
    for (int64_t k = 0; k < terms; k++, panel += width) {                                        \
      if (!tb) memcpy(panel, b + k * ldb, (size_t)columns * sizeof(T));                          \
      else for (int64_t j = 0; j < columns; j++) panel[j] = b[j * ldb + k];                      \
      memset(panel + columns, 0, (size_t)(width - columns) * sizeof(T));                         \
    }                                                                                            \
  }                                                                                              \
  /* Group by group of rows, each term's elements side by side. */                               \
  static void pack_left_##T(T *packed, const T *a, int64_t lda, int64_t rows, int64_t terms) {   \
    for (int64_t r = 0; r < rows; r += TILE_ROWS) {                                              \
      const int64_t count = ctk_min(rows - r, TILE_ROWS);                                        \
      for (int64_t k = 0; k < terms; k++, packed += TILE_ROWS) {                                 \
        if (count == TILE_ROWS) memcpy(packed, a + k * lda + r, TILE_ROWS * sizeof(T));          \
        else memcpy(packed, a + k * lda + r, (size_t)count * sizeof(T));                         \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  AVX512 static void panels_##T(const product *p, const T *a, const T *b, T *c) {                \
    const int64_t step = ctk_ceil_div(p->k, ctk_ceil_div(p->k, BLOCK_TERMS));                    \
    const int64_t high = ctk_ceil_div(p->m, TILE_ROWS) * TILE_ROWS;                              \
    const int64_t room = TILE_VECTORS * L * BLOCK_TERMS;                                         \
    T *panel = ctk_scratch(                                                                      \
        CTK_SCRATCH_BODY, (size_t)(room + (p->ta ? high * BLOCK_TERMS : 0)) * sizeof(T));        \
    for (int64_t k = 0; k < p->k; k += step) {                                                   \
      const int64_t terms = ctk_min(step, p->k - k);                                             \
      const int fresh = k == 0;                                                                  \
      const left_strides s = p->ta ? (left_strides){TILE_ROWS * terms, 1, TILE_ROWS}             \
                                   : (left_strides){TILE_ROWS * p->lda, p->lda, 1};              \
      const T *left = p->ta ? panel + room : a + k;                                              \
      if (p->ta) pack_left_##T(panel + room, a + k * p->lda, p->lda, p->m, terms);               \
      for (int64_t j = 0, width; j < p->n; j += width) {                                         \
        const int64_t vectors = ctk_max(ctk_min((p->n - j) / L, TILE_VECTORS), 1);               \
        width = vectors * L;                                                                     \
        const int64_t columns = ctk_min(width, p->n - j);                                        \
        pack_right_##T(panel, p->tb ? b + j * p->ldb + k : b + k * p->ldb + j, p->ldb, p->tb,    \
                       width, columns, terms);                                                   \
        T *d = c + j;                                                                            \
        if (columns < width) rest_##T(d, p->ldc, left, &s, panel, p->m, columns, terms, fresh);  \
        else if (vectors == 3) columns_##T(d, p->ldc, left, &s, panel, p->m, terms, fresh, 3);   \
        else if (vectors == 2) columns_##T(d, p->ldc, left, &s, panel, p->m, terms, fresh, 2);   \
        else columns_##T(d, p->ldc, left, &s, panel, p->m, terms, fresh, 1);                     \
      }                                                                                          \
    }                                                                                            \
  }

DEFINE_PANELS(f64, 8)
DEFINE_PANELS(f32, 16)

// Below this size BLAS packs little or nothing.
static int takes_panels(const product *p) {
  return ctk_isa() == CTK_ISA_AVX512 && ctk_min(ctk_min(p->m, p->n), p->k) >= 64 &&
         p->m * p->n * p->k >= 4000000;
}

#else

static int takes_panels(const product *p) {
  (void)p;
  return 0;
}

#define NO_PANELS(T)                                                            \
  static void panels_##T(const product *p, const T *a, const T *b, T *c) {      \
    (void)p, (void)a, (void)b, (void)c;                                         \
  }
NO_PANELS(f64)
NO_PANELS(f32)

#endif

#endif
