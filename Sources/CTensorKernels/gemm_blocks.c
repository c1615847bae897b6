// Products with a matrix that is zero but for blocks: only the terms of the blocks are computed.
//
// C is cut into panels of columns. Of a panel either each sum takes some ranges of terms, or only
// some ranges of rows are computed and the others are zero. Tiles of some rows and two vectors of
// columns are summed in registers, term by term: one element of A meets two vectors of B, without
// which loading it would take longer than multiplying. BLAS, range by range, takes 8 % longer with
// AVX-512 and a fifth with AVX2. The cut depends on shapes alone, and no element's sum on where
// it is.
#include <stdatomic.h>
#include <string.h>

#include "runtime.h"
#include "vector_types.h"

// Rows of a task, about. Where A's columns are C's rows there are few, as many as inputs.
enum { TASK_ROWS = 264, TURNED_TASK_ROWS = 132, EVEN_ROWS = 4 };

// Tasks of about equal size.
static int64_t task_rows(const ctk_gemm_desc *g) {
  const int64_t parts = ctk_ceil_div(g->m, g->ta ? TURNED_TASK_ROWS : TASK_ROWS);
  return ctk_ceil_div(ctk_ceil_div(g->m, parts), EVEN_ROWS) * EVEN_ROWS;
}

typedef struct {
  const ctk_instr *instr;
  atomic_int isNotFinite;  // whether some sum is not
} blocks_run;

static inline const ctk_panel *panels_of(const ctk_block_gemm_desc *w) {
  return (const ctk_panel *)(w + 1);
}

static inline const int32_t *ranges_of(const ctk_block_gemm_desc *w, const ctk_panel *p) {
  return (const int32_t *)(panels_of(w) + w->panels) + p->ranges;
}

enum { VECTOR_BYTES = 64 };  // at most

// What tiles of two vectors of columns are computed from and stored to: the first columns of B, C
// and the matrix that gates C, of which some fill no vector, and the ranges of terms.
typedef struct {
  const char *b[2], *gate[2];
  char *c[2];
  int64_t ldb[2], ldc;
  int64_t widths[2];
  char start[2][VECTOR_BYTES];  // of the sums
  const int32_t *ranges;
  int count;
  int third;
  int checks;
  char differences[VECTOR_BYTES];  // of sums and themselves, added up: zero while all are finite
} strip;

// Kernels for vectors of L elements and tiles of at most ROWS rows.
#define DEFINE_BLOCKS(T, L, ROWS, isa, TARGET)                                                     \
  TARGET CTK_INLINE T##_##L load_##T##_##isa(const T *from, int64_t width) {                       \
    T##_##L vector = (T##_##L)(T)0;                                                                \
    if (width == L) memcpy(&vector, from, sizeof vector);                                          \
    else memcpy(&vector, from, (size_t)width * sizeof(T));                                         \
    return vector;                                                                                 \
  }                                                                                                \
  /* From a row of C on; A's elements are `down` and `along` apart. */                             \
  TARGET CTK_INLINE void tile_##T##_##isa(strip *s, int64_t row, const T *a, int64_t down,         \
                                          int64_t along, int rows) {                               \
    T##_##L sums[2][ROWS];                                                                         \
    UNROLLED for (int v = 0; v < 2; v++) {                                                         \
      LOADED(T##_##L, start, s->start[v]);                                                         \
      UNROLLED for (int r = 0; r < rows; r++) sums[v][r] = start;                                  \
    }                                                                                              \
    for (int i = 0; i < s->count; i++) {                                                           \
      const int64_t first = s->ranges[2 * i], end = s->ranges[2 * i + 1];                          \
      const T *left = a + first * along;                                                           \
      const T *right0 = (const T *)s->b[0] + first * s->ldb[0];                                    \
      const T *right1 = (const T *)s->b[1] + first * s->ldb[1];                                    \
      for (int64_t k = first; k < end; k++) {                                                      \
        LOADED(T##_##L, b0, right0);                                                               \
        LOADED(T##_##L, b1, right1);                                                               \
        UNROLLED for (int r = 0; r < rows; r++) {                                                  \
          const T##_##L x = (T##_##L)left[r * down];                                               \
          sums[0][r] += x * b0;                                                                    \
          sums[1][r] += x * b1;                                                                    \
        }                                                                                          \
        left += along;                                                                             \
        right0 += s->ldb[0];                                                                       \
        right1 += s->ldb[1];                                                                       \
      }                                                                                            \
    }                                                                                              \
    if (s->third == CTK_RECTIFIES) {                                                               \
      UNROLLED for (int v = 0; v < 2; v++)                                                         \
        UNROLLED for (int r = 0; r < rows; r++)                                                    \
          sums[v][r] = sums[v][r] <= 0 ? (T##_##L)(T)0 : sums[v][r]; /* NaN stays */               \
    } else if (s->third == CTK_GATES) {                                                            \
      UNROLLED for (int v = 0; v < 2; v++)                                                         \
        UNROLLED for (int r = 0; r < rows; r++) {                                                  \
          const T *gate = (const T *)s->gate[v] + (row + r) * s->ldc;                              \
          sums[v][r] = load_##T##_##isa(gate, s->widths[v]) > 0 ? sums[v][r] : (T##_##L)(T)0;      \
        }                                                                                          \
    }                                                                                              \
    if (s->checks) {                                                                               \
      LOADED(T##_##L, differences, s->differences);                                                \
      UNROLLED for (int v = 0; v < 2; v++)                                                         \
        UNROLLED for (int r = 0; r < rows; r++) differences += sums[v][r] - sums[v][r];            \
      memcpy(s->differences, &differences, sizeof differences);                                    \
    }                                                                                              \
    UNROLLED for (int v = 0; v < 2; v++) {                                                         \
      T *c = (T *)s->c[v] + row * s->ldc;                                                          \
      if (s->widths[v] == L) {                                                                     \
        UNROLLED for (int r = 0; r < rows; r++)                                                    \
          memcpy(c + r * s->ldc, &sums[v][r], sizeof sums[v][r]);                                  \
      } else {                                                                                     \
        T all[ROWS][L];                                                                            \
        UNROLLED for (int r = 0; r < rows; r++) memcpy(all[r], &sums[v][r], sizeof all[r]);        \
        for (int r = 0; r < rows; r++)                                                             \
          memcpy(c + r * s->ldc, all[r], (size_t)s->widths[v] * sizeof(T));                        \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
  /* What does not fill a tile is computed with some rows before it, if it is much. */             \
  TARGET static void rows_##T##_##isa(strip *s, int64_t row, int64_t rows, const T *a,             \
                                      int64_t down, int64_t along) {                               \
    enum { FEW = ROWS / 3 };                                                                       \
    for (int64_t i = 0; i < rows;) {                                                               \
      const int64_t left = rows - i;                                                               \
      if (left > FEW && rows >= ROWS) {                                                            \
        i = ctk_min(i, rows - ROWS);                                                               \
        tile_##T##_##isa(s, row + i, a + i * down, down, along, ROWS);                             \
        i += ROWS;                                                                                 \
      } else if (left >= FEW) {                                                                    \
        tile_##T##_##isa(s, row + i, a + i * down, down, along, FEW);                              \
        i += FEW;                                                                                  \
      } else {                                                                                     \
        tile_##T##_##isa(s, row + i, a + i * down, down, along, 1);                                \
        i++;                                                                                       \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
  /* Where tiles find columns j ... of B: those that are rows of B, or too near to its end to load \
     vectors, are moved; what is loaded beyond their columns is for some that are not stored. */   \
  static const char *right_##T##_##isa(const ctk_gemm_desc *g, const T *b, int64_t j,              \
                                       const strip *s, int v, int64_t *ldb) {                      \
    *ldb = g->ldb;                                                                                 \
    if (!g->tb && j + L <= g->ldb) return (const char *)(b + j);                                   \
    T *moved = (T *)ctk_scratch(CTK_SCRATCH_BODY, (size_t)(2 * g->k * L + L) * sizeof(T));         \
    moved += v * g->k * L;                                                                         \
    const int64_t width = *ldb = s->widths[v];                                                     \
    for (int r = 0; r < s->count; r++) {                                                           \
      const int64_t first = s->ranges[2 * r], end = s->ranges[2 * r + 1];                          \
      if (g->tb) {                                                                                 \
        ctk_transpose_##T(moved + first * width, b + j * g->ldb + first, g->ldb, width,            \
                          end - first);                                                            \
      } else {                                                                                     \
        for (int64_t k = first; k < end; k++)                                                      \
          memcpy(moved + k * width, b + k * g->ldb + j, (size_t)width * sizeof(T));                \
      }                                                                                            \
      memset(moved + end * width, 0, L * sizeof(T)); /* what is loaded beyond the last term */     \
    }                                                                                              \
    return (const char *)moved;                                                                    \
  }                                                                                                \
  /* A panel's columns from `offset` on in both runs. */                                           \
  static strip strip_##T##_##isa(const ctk_instr *instr, const ctk_panel *p, int64_t offset,       \
                                 const int32_t *ranges, int count) {                               \
    const ctk_block_gemm_desc *w = instr->x;                                                       \
    const ctk_gemm_desc *g = &w->product.product;                                                  \
    strip s = {.ldc = g->ldc, .ranges = ranges, .count = count, .third = w->third,                 \
               .checks = w->product.zeros != 0};                                                   \
    for (int v = 0; v < 2; v++) {                                                                  \
      const int64_t j = p->starts[v] + offset;                                                     \
      const T *third = (const T *)instr->c;                                                        \
      s.widths[v] = ctk_max(ctk_min(p->widths[v] - offset, L), 0);                                 \
      s.c[v] = (char *)((T *)instr->d + j);                                                        \
      if (s.widths[v] == 0) continue;                                                              \
      s.b[v] = right_##T##_##isa(g, (const T *)instr->b, j, &s, v, &s.ldb[v]);                     \
      if (s.third == CTK_GATES) s.gate[v] = (const char *)(third + j);                             \
      else if (s.third != CTK_PLAIN)                                                               \
        memcpy(s.start[v], third + j, (size_t)s.widths[v] * sizeof(T));                            \
    }                                                                                              \
    for (int v = 0; v < 2; v++) {                                                                  \
      if (s.widths[v] > 0) continue;                                                               \
      s.b[v] = s.b[1 - v];                                                                         \
      s.ldb[v] = s.ldb[1 - v];                                                                     \
      s.gate[v] = s.gate[1 - v];                                                                   \
    }                                                                                              \
    return s;                                                                                      \
  }                                                                                                \
  /* Rows first ..< end of C, of which those that are in no range are zero; A is transposed. */    \
  static void turned_##T##_##isa(strip *s, const T *a, const int32_t *ranges, int count,           \
                                 int64_t first, int64_t end, int64_t lda) {                        \
    int64_t done = first;                                                                          \
    for (int r = 0; r <= count; r++) {                                                             \
      const int64_t from = r < count ? ctk_min(ctk_max(ranges[2 * r], first), end) : end;          \
      for (; done < from; done++)                                                                  \
        for (int v = 0; v < 2; v++)                                                                \
          memset((T *)s->c[v] + done * s->ldc, 0, (size_t)s->widths[v] * sizeof(T));               \
      if (r == count) break;                                                                       \
      const int64_t to = ctk_min(ranges[2 * r + 1], end);                                          \
      rows_##T##_##isa(s, done, to - done, a + done, 1, lda);                                      \
      done = ctk_max(done, to);                                                                    \
    }                                                                                              \
  }                                                                                                \
  static void task_##T##_##isa(void *context, int64_t task, int thread) {                          \
    (void)thread;                                                                                  \
    blocks_run *run = context;                                                                     \
    const ctk_block_gemm_desc *w = run->instr->x;                                                  \
    const ctk_gemm_desc *g = &w->product.product;                                                  \
    const ctk_panel *p = panels_of(w) + task % w->panels;                                          \
    const int32_t *ranges = ranges_of(w, p), all[] = {0, (int32_t)g->k};                           \
    const T *a = (const T *)run->instr->a;                                                         \
    const int64_t step = task_rows(g);                                                             \
    const int64_t first = task / w->panels * step, end = ctk_min(first + step, g->m);              \
    for (int64_t offset = 0; offset < ctk_max(p->widths[0], p->widths[1]); offset += L) {          \
      strip s = g->ta ? strip_##T##_##isa(run->instr, p, offset, all, 1)                           \
                      : strip_##T##_##isa(run->instr, p, offset, ranges, p->count);                \
      if (g->ta) turned_##T##_##isa(&s, a, ranges, p->count, first, end, g->lda);                  \
      else rows_##T##_##isa(&s, first, end - first, a + first * g->lda, g->lda, 1);                \
      T differences[L];                                                                            \
      memcpy(differences, s.differences, sizeof differences);                                      \
      for (int l = 0; l < L; l++)                                                                  \
        if (differences[l] != 0)                                                                   \
          atomic_store_explicit(&run->isNotFinite, 1, memory_order_relaxed);                       \
    }                                                                                              \
  }                                                                                                \
  static void gemm_blocks_##T##_##isa(const ctk_instr *instr) {                                    \
    const ctk_block_gemm_desc *w = instr->x;                                                       \
    const ctk_gemm_desc *g = &w->product.product;                                                  \
    const int64_t parts = ctk_ceil_div(g->m, task_rows(g));                                        \
    blocks_run run = {instr, 0};                                                                   \
    ctk_parallel(w->panels * parts, task_##T##_##isa, &run);                                       \
    if (atomic_load(&run.isNotFinite)) ctk_mend_product_##T(instr);                                \
  }

#if defined(__x86_64__)
DEFINE_BLOCKS(f64, 8, 12, avx512, __attribute__((target("avx512f"))))
DEFINE_BLOCKS(f32, 16, 12, avx512, __attribute__((target("avx512f"))))
DEFINE_BLOCKS(f64, 4, 6, avx2, __attribute__((target("avx2,fma"))))
DEFINE_BLOCKS(f32, 8, 6, avx2, __attribute__((target("avx2,fma"))))
#endif
DEFINE_BLOCKS(f64, 2, 6, baseline, )
DEFINE_BLOCKS(f32, 4, 6, baseline, )

#define CHOOSE(isa)                                                                                \
  return dtype == CTK_F64 ? gemm_blocks_f64_##isa : dtype == CTK_F32 ? gemm_blocks_f32_##isa : NULL

ctk_fn ctk_gemm_blocks(int dtype) {
#if defined(__x86_64__)
  if (ctk_isa() == CTK_ISA_AVX512) CHOOSE(avx512);
  if (ctk_isa() == CTK_ISA_AVX2) CHOOSE(avx2);
#endif
  CHOOSE(baseline);
}
