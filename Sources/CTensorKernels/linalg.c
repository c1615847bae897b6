// Factorisations and solves of matrices, by LAPACK and, for small ones, by plain loops.
//
// LAPACK is column-major: what is stored here as a is to it the transpose of a. Lower and upper
// triangle, and left and right factors, therefore change places; nothing is copied for it.
#include "runtime.h"

#include <math.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112, UPPER = 121, LOWER = 122 };
enum { NON_UNIT = 131, UNIT = 132, LEFT = 141, RIGHT = 142 };

// Up to this size plain loops are as fast as LAPACK, whose calls cost some hundred nanoseconds.
enum { SMALL = 12 };

// Right-hand sides that plain loops solve for at once.
enum { SOLVE_BLOCK = 64 };

// Block size for which LAPACK's workspaces are made.
enum { LAPACK_BLOCK = 64 };

// Multiplications below which a second thread does not pay, those of the smallest task, and what
// a matrix costs besides its own.
enum { SERIAL_WORK = 60000, TASK_WORK = 30000, CALL_WORK = 300 };

#define DECLARE_LAPACK(T, p)                                                                     \
  void cblas_##p##trsm(int order, int side, int uplo, int trans, int diag, int m, int n, T alpha, \
                       const T *a, int lda, T *b, int ldb);                                      \
  /* The lengths of character arguments come last, hidden in Fortran. */                         \
  void p##potrf_(const char *uplo, const int *n, T *a, const int *lda, int *info, size_t);       \
  void p##getrf_(const int *m, const int *n, T *a, const int *lda, int *pivots, int *info);      \
  void p##getri_(const int *n, T *a, const int *lda, const int *pivots, T *work,                 \
                 const int *lwork, int *info);                                                   \
  void p##gelqf_(const int *m, const int *n, T *a, const int *lda, T *tau, T *work,              \
                 const int *lwork, int *info);                                                   \
  void p##orglq_(const int *m, const int *n, const int *k, T *a, const int *lda, const T *tau,   \
                 T *work, const int *lwork, int *info);                                          \
  void p##syevd_(const char *jobz, const char *uplo, const int *n, T *a, const int *lda, T *w,   \
                 T *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t,    \
                 size_t);                                                                        \
  void p##gesdd_(const char *jobz, const int *m, const int *n, T *a, const int *lda, T *s, T *u, \
                 const int *ldu, T *vt, const int *ldvt, T *work, const int *lwork, int *iwork,  \
                 int *info, size_t);
DECLARE_LAPACK(double, d)
DECLARE_LAPACK(float, s)

// ---- The batch ---------------------------------------------------------------------------------

typedef struct matrices matrices;
// Computes matrix i of the batch; `tile` where one matrix is cut.
typedef void (*matrix_fn)(const matrices *, int64_t i, int64_t tile);
struct matrices {
  const ctk_instr *instr;
  ctk_linalg_desc shape;
  matrix_fn run;
  int64_t group;  // matrices per task
  int64_t tiles, tile;  // per matrix: their number and size
};

static void run_group(void *context, int64_t task, int thread) {
  (void)thread;
  const matrices *w = context;
  if (w->tiles > 1) {
    w->run(w, task / w->tiles, task % w->tiles);
    return;
  }
  const int64_t end = ctk_min((task + 1) * w->group, w->shape.batch);
  for (int64_t i = task * w->group; i < end; i++) w->run(w, i, 0);
}

// `work`: multiplications per matrix. `width`: independent columns (or rows) to cut a matrix by.
static void run_matrices(matrices *w, int64_t work, int64_t width) {
  const int64_t batch = w->shape.batch;
  if (batch <= 0) return;
  ctk_blas_init();
  work += CALL_WORK;
  w->tiles = 1;
  w->tile = width;
  w->group = batch;
  if (work * batch >= SERIAL_WORK) {
    w->group = ctk_ceil_div(TASK_WORK, work);
    const int64_t tiles = ctk_min(ctk_min(work / TASK_WORK, width / 16), 16 / batch);
    if (tiles > 1) {
      w->tile = ctk_ceil_div(ctk_ceil_div(width, tiles), 8) * 8;
      w->tiles = ctk_ceil_div(width, w->tile);
      w->group = 1;
    }
  }
  ctk_parallel(ctk_ceil_div(batch, w->group) * w->tiles, run_group, w);
}

static matrices batch_of(const ctk_instr *instr, matrix_fn run) {
  return (matrices){.instr = instr, .shape = *(const ctk_linalg_desc *)instr->x, .run = run};
}

// Cuts a byte buffer into aligned pieces.
static inline void *piece(char **rest, size_t bytes) {
  void *p = *rest;
  *rest += (bytes + 63) & ~(size_t)63;
  return p;
}
static inline size_t piece_bytes(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

#define T double
#define NAME(x) x##_f64
#define LAPACK(x) d##x##_
#define TRSM cblas_dtrsm
#include "linalg_typed.h"
#include "linalg_orthogonal.h"

#define T float
#define NAME(x) x##_f32
#define LAPACK(x) s##x##_
#define TRSM cblas_strsm
#include "linalg_typed.h"
#include "linalg_orthogonal.h"

#define LOOKUP(name)                                                                    \
  ctk_fn ctk_##name(int dtype) {                                                        \
    return dtype == CTK_F64 ? name##_f64 : dtype == CTK_F32 ? name##_f32 : NULL;        \
  }
LOOKUP(cholesky)
LOOKUP(tri_solve)
LOOKUP(solve)
LOOKUP(inverse)
LOOKUP(slogdet)
LOOKUP(det)
LOOKUP(cofactors)
LOOKUP(qr)
LOOKUP(lu)
LOOKUP(eigh)
LOOKUP(svd)
