// Matrix products. BLAS computes single tiles; the cut into tiles depends on shapes alone, so the
// bits do not depend on the number of threads. Products with a vector are bound by memory and
// have kernels of their own, as have outer products.
#include "runtime.h"

#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
void cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a,
                 int lda, const double *b, int ldb, double beta, double *c, int ldc);
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);

// One product C = A B, a tile or a whole matrix, in elements of the kernel's type.
typedef struct {
  int64_t m, n, k;
  int64_t lda, ldb, ldc;
  int32_t ta, tb;
} product;

// ---- Vector kernels ----------------------------------------------------------------------------

// Bytes of a matrix swept by one column strip after the other before moving on: half of a
// first-level cache.
enum { SWEEP_BYTES = 16384 };

#define VECTOR(type, lanes) type __attribute__((ext_vector_type(lanes)))
typedef double f64_1;
typedef VECTOR(double, 2) f64_2;
typedef VECTOR(double, 4) f64_4;
typedef VECTOR(double, 8) f64_8;
typedef float f32_1;
typedef VECTOR(float, 2) f32_2;
typedef VECTOR(float, 4) f32_4;
typedef VECTOR(float, 8) f32_8;
typedef VECTOR(float, 16) f32_16;

#define LOADED(vector, name, from) \
  vector name;                     \
  memcpy(&name, from, sizeof name)

// Joins the halves of four accumulators and adds a piece of the tail.
#define HALVE(T, half, p0, p1, p2, p3)                                                  \
  T##_##half p0##h = p0.lo + p0.hi, p1##h = p1.lo + p1.hi;                              \
  T##_##half p2##h = p2.lo + p2.hi, p3##h = p3.lo + p3.hi;                              \
  if (columns & half) {                                                                 \
    LOADED(T##_##half, w, v + j);                                                       \
    LOADED(T##_##half, x0, a + j);                                                      \
    LOADED(T##_##half, x1, a + ld + j);                                                 \
    LOADED(T##_##half, x2, a + 2 * ld + j);                                             \
    LOADED(T##_##half, x3, a + 3 * ld + j);                                             \
    p0##h = p0##h + x0 * w;                                                             \
    p1##h = p1##h + x1 * w;                                                             \
    p2##h = p2##h + x2 * w;                                                             \
    p3##h = p3##h + x3 * w;                                                             \
    j += half;                                                                          \
  }
#define HALVES_8(T, p0, p1, p2, p3)    \
  HALVE(T, 4, p0, p1, p2, p3)          \
  HALVE(T, 2, p0##h, p1##h, p2##h, p3##h) \
  const T s0 = p0##hh.lo + p0##hh.hi, s1 = p1##hh.lo + p1##hh.hi;  \
  const T s2 = p2##hh.lo + p2##hh.hi, s3 = p3##hh.lo + p3##hh.hi;
#define HALVES_16(T, p0, p1, p2, p3) \
  HALVE(T, 8, p0, p1, p2, p3)        \
  HALVES_8(T, p0##h, p1##h, p2##h, p3##h)

// Strips of columns as wide as one vector, rows in four interleaved sums: d += v[r] a[r, :].
#define STRIP(T, lanes)                                                       \
  for (; j + lanes <= columns; j += lanes) {                                  \
    T##_##lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};                       \
    if (!fresh) memcpy(&s0, d + j, sizeof s0);                                \
    const T *p = a + j;                                                       \
    int64_t r = 0;                                                            \
    for (; r + 4 <= rows; r += 4, p += 4 * ld) {                              \
      LOADED(T##_##lanes, x0, p);                                             \
      LOADED(T##_##lanes, x1, p + ld);                                        \
      LOADED(T##_##lanes, x2, p + 2 * ld);                                    \
      LOADED(T##_##lanes, x3, p + 3 * ld);                                    \
      s0 = s0 + x0 * v[r];                                                    \
      s1 = s1 + x1 * v[r + 1];                                                \
      s2 = s2 + x2 * v[r + 2];                                                \
      s3 = s3 + x3 * v[r + 3];                                                \
    }                                                                         \
    for (; r < rows; r++, p += ld) {                                          \
      LOADED(T##_##lanes, x, p);                                              \
      s0 = s0 + x * v[r];                                                     \
    }                                                                         \
    s0 = (s0 + s1) + (s2 + s3);                                               \
    memcpy(d + j, &s0, sizeof s0);                                            \
  }
#define STRIPS_8(T) STRIP(T, 8) STRIP(T, 4) STRIP(T, 2) STRIP(T, 1)
#define STRIPS_16(T) STRIP(T, 16) STRIPS_8(T)

// dots: d[i * stride] = sum over j of a[i, j] v[j]. combine: d[j] = sum over i of v[i] a[i, j].
#define DEFINE_VECTOR_KERNELS(T, L)                                                              \
  CTK_CLONES static void dots_##T(T *d, int64_t stride, const T *a, int64_t ld, const T *v,      \
                                  int64_t rows, int64_t columns) {                               \
    int64_t i = 0;                                                                               \
    for (; i + 4 <= rows; i += 4, a += 4 * ld) {                                                 \
      T##_##L q0 = {0}, q1 = {0}, q2 = {0}, q3 = {0};                                            \
      int64_t j = 0;                                                                             \
      for (; j + L <= columns; j += L) {                                                         \
        LOADED(T##_##L, w, v + j);                                                               \
        LOADED(T##_##L, x0, a + j);                                                              \
        LOADED(T##_##L, x1, a + ld + j);                                                         \
        LOADED(T##_##L, x2, a + 2 * ld + j);                                                     \
        LOADED(T##_##L, x3, a + 3 * ld + j);                                                     \
        q0 = q0 + x0 * w;                                                                        \
        q1 = q1 + x1 * w;                                                                        \
        q2 = q2 + x2 * w;                                                                        \
        q3 = q3 + x3 * w;                                                                        \
      }                                                                                          \
      HALVES_##L(T, q0, q1, q2, q3)                                                              \
      const T w = j < columns ? v[j] : 0;                                                        \
      d[i * stride] = j < columns ? s0 + a[j] * w : s0;                                          \
      d[(i + 1) * stride] = j < columns ? s1 + a[ld + j] * w : s1;                               \
      d[(i + 2) * stride] = j < columns ? s2 + a[2 * ld + j] * w : s2;                           \
      d[(i + 3) * stride] = j < columns ? s3 + a[3 * ld + j] * w : s3;                           \
    }                                                                                            \
    for (; i < rows; i++, a += ld) {                                                             \
      T##_##L q = {0};                                                                           \
      int64_t j = 0;                                                                             \
      for (; j + L <= columns; j += L) {                                                         \
        LOADED(T##_##L, w, v + j);                                                               \
        LOADED(T##_##L, x, a + j);                                                               \
        q = q + x * w;                                                                           \
      }                                                                                          \
      T s = 0;                                                                                   \
      for (int l = 0; l < L; l++) s += q[l];                                                     \
      for (; j < columns; j++) s = s + a[j] * v[j];                                              \
      d[i * stride] = s;                                                                         \
    }                                                                                            \
  }                                                                                              \
  CTK_INLINE void sweep_##T(T *d, const T *a, int64_t ld, const T *v, int64_t rows,              \
                            int64_t columns, int fresh) {                                        \
    int64_t j = 0;                                                                               \
    for (; j + 4 * L <= columns; j += 4 * L) {                                                   \
      T##_##L s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};                                            \
      if (!fresh) {                                                                              \
        memcpy(&s0, d + j, sizeof s0);                                                           \
        memcpy(&s1, d + j + L, sizeof s1);                                                       \
        memcpy(&s2, d + j + 2 * L, sizeof s2);                                                   \
        memcpy(&s3, d + j + 3 * L, sizeof s3);                                                   \
      }                                                                                          \
      const T *p = a + j;                                                                        \
      for (int64_t r = 0; r < rows; r++, p += ld) {                                              \
        LOADED(T##_##L, x0, p);                                                                  \
        LOADED(T##_##L, x1, p + L);                                                              \
        LOADED(T##_##L, x2, p + 2 * L);                                                          \
        LOADED(T##_##L, x3, p + 3 * L);                                                          \
        s0 = s0 + x0 * v[r];                                                                     \
        s1 = s1 + x1 * v[r];                                                                     \
        s2 = s2 + x2 * v[r];                                                                     \
        s3 = s3 + x3 * v[r];                                                                     \
      }                                                                                          \
      memcpy(d + j, &s0, sizeof s0);                                                             \
      memcpy(d + j + L, &s1, sizeof s1);                                                         \
      memcpy(d + j + 2 * L, &s2, sizeof s2);                                                     \
      memcpy(d + j + 3 * L, &s3, sizeof s3);                                                     \
    }                                                                                            \
    STRIPS_##L(T)                                                                                \
  }                                                                                              \
  CTK_CLONES static void combine_##T(T *d, const T *a, int64_t ld, const T *v, int64_t rows,     \
                                     int64_t columns, int fresh) {                               \
    const int64_t step = ctk_max(SWEEP_BYTES / (int64_t)sizeof(T) / columns, 8);                 \
    for (int64_t r = 0; r < rows; r += step)                                                     \
      sweep_##T(d, a + r * ld, ld, v + r, ctk_min(step, rows - r), columns, fresh && r == 0);    \
  }                                                                                              \
  CTK_CLONES static void outer_##T(T *c, int64_t ldc, const T *a, int64_t stride, const T *b,    \
                                   int64_t m, int64_t n) {                                       \
    for (int64_t i = 0; i < m; i++, c += ldc) {                                                  \
      const T x = a[i * stride];                                                                 \
      for (int64_t j = 0; j < n; j++) c[j] = x * b[j];                                           \
    }                                                                                            \
  }

DEFINE_VECTOR_KERNELS(f64, 8)
DEFINE_VECTOR_KERNELS(f32, 16)

// In blocks of four by four.
#define DEFINE_TRANSPOSE(T)                                                                      \
  CTK_CLONES void ctk_transpose_##T(T *d, const T *b, int64_t ldb, int64_t n, int64_t k) {       \
    int64_t j = 0;                                                                               \
    for (; j + 4 <= n; j += 4) {                                                                 \
      const T *row = b + j * ldb;                                                                \
      int64_t l = 0;                                                                             \
      for (; l + 4 <= k; l += 4) {                                                               \
        LOADED(T##_4, r0, row + l);                                                              \
        LOADED(T##_4, r1, row + ldb + l);                                                        \
        LOADED(T##_4, r2, row + 2 * ldb + l);                                                    \
        LOADED(T##_4, r3, row + 3 * ldb + l);                                                    \
        const T##_4 p0 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);                            \
        const T##_4 p1 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);                            \
        const T##_4 q0 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);                            \
        const T##_4 q1 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);                            \
        const T##_4 c0 = __builtin_shufflevector(p0, q0, 0, 1, 4, 5);                            \
        const T##_4 c1 = __builtin_shufflevector(p0, q0, 2, 3, 6, 7);                            \
        const T##_4 c2 = __builtin_shufflevector(p1, q1, 0, 1, 4, 5);                            \
        const T##_4 c3 = __builtin_shufflevector(p1, q1, 2, 3, 6, 7);                            \
        memcpy(d + l * n + j, &c0, sizeof c0);                                                   \
        memcpy(d + (l + 1) * n + j, &c1, sizeof c1);                                             \
        memcpy(d + (l + 2) * n + j, &c2, sizeof c2);                                             \
        memcpy(d + (l + 3) * n + j, &c3, sizeof c3);                                             \
      }                                                                                          \
      for (; l < k; l++)                                                                         \
        for (int i = 0; i < 4; i++) d[l * n + j + i] = row[i * ldb + l];                         \
    }                                                                                            \
    for (; j < n; j++)                                                                           \
      for (int64_t l = 0; l < k; l++) d[l * n + j] = b[j * ldb + l];                             \
  }

DEFINE_TRANSPOSE(f64)
DEFINE_TRANSPOSE(f32)

// ---- One product -------------------------------------------------------------------------------

// Which kernel a product takes; a vector must be contiguous for the own ones.
typedef enum { BLAS, DOTS_A, DOTS_B, COMBINE_A, COMBINE_B, OUTER } path;

static path choose(const product *p) {
  if (p->m == 1 && (!p->ta || p->lda == 1)) return p->tb ? DOTS_B : COMBINE_B;
  if (p->n == 1 && (p->tb || p->ldb == 1)) {
    if (!p->ta) return DOTS_A;
    if (p->ldc == 1) return COMBINE_A;
  }
  if (p->k == 1 && (!p->tb || p->ldb == 1)) return OUTER;
  return BLAS;
}

// BLAS insists on a row's length as stride even of a single row.
static inline int leading(int64_t ld, int64_t rows, int64_t columns) {
  return (int)(rows == 1 ? columns : ld);
}

// Up to this many multiplications OpenBLAS works without packing. Those kernels are about half as
// fast for a transposed B, which pays for turning it around, strip by strip so that a strip stays
// in the first levels of cache, except where A is as high as a vector and not much higher.
enum { SMALL_PRODUCT = 1000000, LOW = 12, TALL = 64, STRIP_ELEMENTS = 6000 };

static int turns_b(const product *p) {
  return p->tb && (p->m <= LOW || p->m >= TALL) && p->m >= 4 && p->m * p->n * p->k <= SMALL_PRODUCT;
}

#define DEFINE_PRODUCT(T, gemm)                                                                  \
  static void blas_##T(const product *p, const T *a, const T *b, T *c) {                         \
    gemm(ROW_MAJOR, p->ta ? TRANS : NO_TRANS, p->tb ? TRANS : NO_TRANS, (int)p->m, (int)p->n,    \
         (int)p->k, 1, a, p->ta ? leading(p->lda, p->k, p->m) : leading(p->lda, p->m, p->k), b,  \
         p->tb ? leading(p->ldb, p->n, p->k) : leading(p->ldb, p->k, p->n), 0, c,                \
         leading(p->ldc, p->m, p->n));                                                           \
  }                                                                                              \
  static void turned_##T(const product *p, const T *a, const T *b, T *c) {                       \
    const int64_t strip = ctk_min(ctk_max(STRIP_ELEMENTS / p->k / 16, 4) * 16, p->n);            \
    T *turned = ctk_scratch(CTK_SCRATCH_BODY, (size_t)(strip * p->k) * sizeof(T));               \
    product q = *p;                                                                              \
    q.tb = 0;                                                                                    \
    for (int64_t j = 0; j < p->n; j += strip) {                                                  \
      q.n = q.ldb = ctk_min(strip, p->n - j);                                                    \
      ctk_transpose_##T(turned, b + j * p->ldb, p->ldb, q.n, p->k);                              \
      blas_##T(&q, a, turned, c + j);                                                            \
    }                                                                                            \
  }                                                                                              \
  static void product_##T(const product *p, path path, const char *aBytes, const char *bBytes,   \
                          char *cBytes) {                                                        \
    const T *a = (const T *)aBytes, *b = (const T *)bBytes;                                      \
    T *c = (T *)cBytes;                                                                          \
    switch (path) {                                                                              \
      case DOTS_A: dots_##T(c, p->ldc, a, p->lda, b, p->m, p->k); break;                         \
      case DOTS_B: dots_##T(c, 1, b, p->ldb, a, p->n, p->k); break;                              \
      case COMBINE_A: combine_##T(c, a, p->lda, b, p->k, p->m, 1); break;                        \
      case COMBINE_B: combine_##T(c, b, p->ldb, a, p->k, p->n, 1); break;                        \
      case OUTER: outer_##T(c, p->ldc, a, p->ta ? 1 : p->lda, b, p->m, p->n); break;             \
      case BLAS:                                                                                 \
        if (turns_b(p)) turned_##T(p, a, b, c);                                                  \
        else blas_##T(p, a, b, c);                                                               \
    }                                                                                            \
  }
DEFINE_PRODUCT(f64, cblas_dgemm)
DEFINE_PRODUCT(f32, cblas_sgemm)

// ---- The cut -----------------------------------------------------------------------------------

typedef void (*product_fn)(const product *, path, const char *a, const char *b, char *c);

// Multiplications below which a second thread does not pay, and those of the smallest task; a
// product with a vector waits for memory, so its count for more.
enum { SERIAL_WORK = 100000, TASK_WORK = 50000, VECTOR_WEIGHT = 4 };
// Each tile packs its part of A and B again: few tiles for small products, and tiles of at least
// HIGH rows before columns are cut, which costs more.
enum { FEW_TASKS = 4, MOST_TASKS = 16, LARGE_TASK = 20000000, HIGH = 128, WIDE = 64 };
// Skinny products are cut into tiles that need no packing.
enum { SKINNY = 32, MOST_SKINNY = 64 * SMALL_PRODUCT };
enum { GEMM_SLICES = 8, VECTOR_SLICES = 32, SMALL_SIDE = 64, LEAST_SLICE = 128 };

typedef struct {
  product whole;
  path path;
  product_fn run;
  int64_t size;         // of an element
  int64_t batch, group; // matrices; matrices per task
  int64_t sa, sb, sc;   // between matrices
  int64_t rows, columns, slice;              // of a tile; of k
  int64_t rowTiles, columnTiles, slices;
  const char *a, *b;
  char *c;
  char *parts;          // slices × m × n per matrix, when there are several slices
} cut;

static void run_matrices(void *context, int64_t task, int thread) {
  (void)thread;
  const cut *w = context;
  const int64_t end = ctk_min((task + 1) * w->group, w->batch);
  for (int64_t i = task * w->group; i < end; i++) {
    w->run(&w->whole, w->path, w->a + i * w->sa * w->size, w->b + i * w->sb * w->size,
           w->c + i * w->sc * w->size);
  }
}

static void run_tile(void *context, int64_t task, int thread) {
  (void)thread;
  const cut *w = context;
  const int64_t slice = task % w->slices, tile = task / w->slices;
  const int64_t column = tile % w->columnTiles * w->columns;
  const int64_t row = tile / w->columnTiles % w->rowTiles * w->rows;
  const int64_t matrix = tile / w->columnTiles / w->rowTiles;
  product p = w->whole;
  p.m = ctk_min(w->rows, p.m - row);
  p.n = ctk_min(w->columns, p.n - column);
  p.k = ctk_min(w->slice, p.k - slice * w->slice);
  const int64_t k = slice * w->slice;
  const int64_t a = matrix * w->sa + (p.ta ? k * p.lda + row : row * p.lda + k);
  const int64_t b = matrix * w->sb + (p.tb ? column * p.ldb + k : k * p.ldb + column);
  char *c = w->c + (matrix * w->sc + row * p.ldc + column) * w->size;
  if (w->slices > 1) {
    p.ldc = p.n;
    c = w->parts + (matrix * w->slices + slice) * p.m * p.n * w->size;
  }
  w->run(&p, w->path, w->a + a * w->size, w->b + b * w->size, c);
}

// Tiles of about equal size: `total` in `parts`, each a multiple of `unit`.
static int64_t tile_size(int64_t total, int64_t parts, int64_t unit) {
  return ctk_min(ctk_ceil_div(ctk_ceil_div(total, parts), unit) * unit, total);
}

static void cut_matrix(cut *w, int64_t work) {
  const int64_t m = w->whole.m, n = w->whole.n, k = w->whole.k;
  const int64_t tasks = work / TASK_WORK;
  w->rows = m;
  w->columns = n;
  w->slice = k;
  const int combines = w->path == COMBINE_A || w->path == COMBINE_B;
  if (combines ? k >= m * n : w->path != OUTER && m <= SMALL_SIDE && n <= SMALL_SIDE) {
    const int64_t most = combines ? VECTOR_SLICES : GEMM_SLICES;
    const int64_t slices = ctk_min(ctk_min(tasks, most), k / LEAST_SLICE);
    if (slices > 1) w->slice = tile_size(k, slices, 8);
  } else if (w->path == BLAS && ctk_min(ctk_min(m, n), k) <= SKINNY && work <= MOST_SKINNY) {
    const int64_t parts = ctk_max(ctk_ceil_div(work, SMALL_PRODUCT), ctk_min(tasks, FEW_TASKS));
    if (m >= n) w->rows = tile_size(m, parts, 16);
    else w->columns = tile_size(n, parts, 16);
    // Rounding up to whole vectors must not make them too large.
    if (w->rows * w->columns * k > SMALL_PRODUCT) {
      if (m >= n) w->rows = ctk_max(w->rows - 16, 1);
      else w->columns = ctk_max(w->columns - 16, 1);
    }
  } else {
    const int64_t few = w->path == BLAS ? FEW_TASKS : VECTOR_SLICES;
    const int64_t parts =
        ctk_max(ctk_min(ctk_max(ctk_min(tasks, few), work / LARGE_TASK), MOST_TASKS), 1);
    int64_t down = ctk_max(ctk_min(parts, m / (w->path == BLAS ? HIGH : 1)), 1);
    // A power of two, so that the tiles can be shared evenly.
    while (w->path == BLAS && (down & (down - 1)) != 0) down &= down - 1;
    const int64_t across = ctk_max(ctk_min(parts / down, n / WIDE), 1);
    w->rows = tile_size(m, down, 16);
    w->columns = tile_size(n, across, 16);
  }
  w->rowTiles = ctk_ceil_div(m, w->rows);
  w->columnTiles = ctk_ceil_div(n, w->columns);
  w->slices = ctk_ceil_div(k, w->slice);
}

// Adds the slices of each matrix in order.
static void join_slices(const cut *w, int dtype) {
  const int64_t m = w->whole.m, n = w->whole.n, bytes = m * n * w->size;
  char *joined = w->parts + w->batch * w->slices * bytes;
  const ctk_fn join = ctk_join(CTK_SUM, dtype);
  for (int64_t i = 0; i < w->batch; i++) {
    char *c = w->c + i * w->sc * w->size;
    const int contiguous = w->whole.ldc == n || m == 1;
    const ctk_instr instr = {.n = m * n,
                             .d = contiguous ? c : joined,
                             .a = w->parts + i * w->slices * bytes,
                             .x = &w->slices};
    join(&instr);
    if (contiguous) continue;
    for (int64_t r = 0; r < m; r++) {
      memcpy(c + r * w->whole.ldc * w->size, joined + r * n * w->size, (size_t)(n * w->size));
    }
  }
}

static void run_cut(cut *w, int64_t work, int dtype) {
  const int64_t all = work * w->batch;
  if (w->batch > 1 && (w->batch >= MOST_TASKS || work < SERIAL_WORK)) {
    w->group = ctk_max(ctk_ceil_div(TASK_WORK, work), ctk_ceil_div(w->batch, 4 * MOST_TASKS));
    ctk_parallel(ctk_ceil_div(w->batch, w->group), run_matrices, w);
    return;
  }
  cut_matrix(w, all / w->batch);
  if (w->slices > 1) {
    const int64_t parts = w->batch * w->slices + 1;
    const int64_t bytes = parts * w->whole.m * w->whole.n * w->size;
    w->parts = ctk_scratch(CTK_SCRATCH_REGION, (size_t)bytes);
  }
  ctk_parallel(w->batch * w->rowTiles * w->columnTiles * w->slices, run_tile, w);
  if (w->slices > 1) join_slices(w, dtype);
}

static void fill_zero(const ctk_gemm_desc *g, char *c, int64_t size) {
  for (int64_t i = 0; i < g->batch; i++)
    for (int64_t r = 0; r < g->m; r++)
      memset(c + (i * g->sc + r * g->ldc) * size, 0, (size_t)(g->n * size));
}

static void run_gemm(const ctk_instr *instr, int dtype, int64_t size, product_fn run) {
  const ctk_gemm_desc *g = instr->x;
  if (g->batch <= 0 || g->m <= 0 || g->n <= 0) return;
  if (g->k <= 0) {
    fill_zero(g, instr->d, size);
    return;
  }
  ctk_blas_init();
  int64_t batch = g->batch;
  product p = {g->m, g->n, g->k, g->lda, g->ldb, g->ldc, g->ta, g->tb};
  if (batch > 1 && !g->ta && g->sb == 0) {
    // One B and rows of A and C that follow each other: one tall product.
    if (p.m == 1) {
      p.lda = g->sa;
      p.ldc = g->sc;
    }
    if (g->sa == p.m * p.lda && g->sc == p.m * p.ldc && p.lda >= p.k && p.ldc >= p.n) {
      p.m *= batch;
      batch = 1;
    } else {
      p.lda = g->lda;
      p.ldc = g->ldc;
    }
  }
  const path path = choose(&p);
  const int64_t work = p.m * p.n * p.k * (path == BLAS ? 1 : VECTOR_WEIGHT);
  if (work < SERIAL_WORK && batch == 1) {
    run(&p, path, instr->a, instr->b, instr->d);
    return;
  }
  cut w = {.whole = p, .path = path, .run = run, .size = size, .batch = batch, .group = batch,
           .sa = g->sa, .sb = g->sb, .sc = g->sc, .a = instr->a, .b = instr->b, .c = instr->d};
  if (work * batch < SERIAL_WORK) {
    run_matrices(&w, 0, 0);
  } else {
    run_cut(&w, work, dtype);
  }
}

static void gemm_f64(const ctk_instr *instr) { run_gemm(instr, CTK_F64, 8, product_f64); }
static void gemm_f32(const ctk_instr *instr) { run_gemm(instr, CTK_F32, 4, product_f32); }

ctk_fn ctk_gemm(int dtype) {
  return dtype == CTK_F64 ? gemm_f64 : dtype == CTK_F32 ? gemm_f32 : NULL;
}

// ---- Products with a vector inside a fused loop -------------------------------------------------

#define DEFINE_ROWS(T)                                                                           \
  static void row_dots_##T(const ctk_instr *i) {                                                 \
    const ctk_rows_desc *r = i->x;                                                               \
    dots_##T((T *)i->d, 1, (const T *)i->a, r->ld, (const T *)i->b, i->n, r->columns);           \
  }                                                                                              \
  static void row_combine_##T(const ctk_instr *i) {                                              \
    const ctk_rows_desc *r = i->x;                                                               \
    combine_##T((T *)i->d, (const T *)i->a, r->ld, (const T *)i->b, i->n, r->columns, i->first); \
  }

DEFINE_ROWS(f64)
DEFINE_ROWS(f32)

ctk_fn ctk_row_dots(int dtype) {
  return dtype == CTK_F64 ? row_dots_f64 : dtype == CTK_F32 ? row_dots_f32 : NULL;
}

ctk_fn ctk_row_combine(int dtype) {
  return dtype == CTK_F64 ? row_combine_f64 : dtype == CTK_F32 ? row_combine_f32 : NULL;
}
