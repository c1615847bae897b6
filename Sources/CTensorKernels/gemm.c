// Matrix products. BLAS computes single tiles, or gemm_panels.h does; the cut into tiles depends on
// shapes alone, so the bits do not depend on the number of threads. Products with a vector are
// bound by memory and have kernels of their own, as have outer products.
#include <string.h>

#include "gemm_panels.h"
#include "runtime.h"

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
void cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a,
                 int lda, const double *b, int ldb, double beta, double *c, int ldc);
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);

// ---- One product -------------------------------------------------------------------------------

// Which kernel a product takes; a vector must be contiguous for the own ones.
typedef enum { BLAS, PANELS, DOTS_A, DOTS_B, COMBINE_A, COMBINE_B, OUTER } path;

static int is_matrix(path path) { return path == BLAS || path == PANELS; }

static path choose(const product *p) {
  if (p->m == 1 && (!p->ta || p->lda == 1)) return p->tb ? DOTS_B : COMBINE_B;
  if (p->n == 1 && (p->tb || p->ldb == 1)) {
    if (!p->ta) return DOTS_A;
    if (p->ldc == 1) return COMBINE_A;
  }
  if (p->k == 1 && (!p->tb || p->ldb == 1)) return OUTER;
  return takes_panels(p) ? PANELS : BLAS;
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
      case PANELS: panels_##T(p, a, b, c); break;                                                \
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
  } else if (is_matrix(w->path) && ctk_min(ctk_min(m, n), k) <= SKINNY && work <= MOST_SKINNY) {
    const int64_t parts = ctk_max(ctk_ceil_div(work, SMALL_PRODUCT), ctk_min(tasks, FEW_TASKS));
    if (m >= n) w->rows = tile_size(m, parts, 16);
    else w->columns = tile_size(n, parts, 16);
    // Rounding up to whole vectors must not make them too large.
    if (w->rows * w->columns * k > SMALL_PRODUCT) {
      if (m >= n) w->rows = ctk_max(w->rows - 16, 1);
      else w->columns = ctk_max(w->columns - 16, 1);
    }
  } else {
    const int64_t few = is_matrix(w->path) ? FEW_TASKS : VECTOR_SLICES;
    const int64_t parts =
        ctk_max(ctk_min(ctk_max(ctk_min(tasks, few), work / LARGE_TASK), MOST_TASKS), 1);
    int64_t down = ctk_max(ctk_min(parts, m / (is_matrix(w->path) ? HIGH : 1)), 1);
    // A power of two, so that the tiles can be shared evenly.
    while (is_matrix(w->path) && (down & (down - 1)) != 0) down &= down - 1;
    const int64_t across = ctk_max(ctk_min(parts / down, n / WIDE), 1);
    w->rows = tile_size(m, down, w->path == PANELS ? TILE_ROWS : 16);
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
  const int64_t work = p.m * p.n * p.k * (is_matrix(path) ? 1 : VECTOR_WEIGHT);
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
