// Reductions of blocks to scalars, rows and columns.
//
// A run is reduced in lanes; which element goes to which lane depends on the run's length alone,
// so results are the same on every instruction set.
#include "runtime.h"

#include <math.h>
#include <string.h>

// ---- Operations: on scalars and on vectors alike ---------------------------------------------

#define OP_SUM(acc, x) ((acc) + (x))
#define OP_PROD(acc, x) ((acc) * (x))
// A NaN that arrives is taken; one that is there stays, as no comparison with it holds.
#define OP_FMAX(acc, x) ((((x) > (acc)) | ((x) != (x))) ? (x) : (acc))
#define OP_FMIN(acc, x) ((((x) < (acc)) | ((x) != (x))) ? (x) : (acc))
#define OP_IMAX(acc, x) (((x) > (acc)) ? (x) : (acc))
#define OP_IMIN(acc, x) (((x) < (acc)) ? (x) : (acc))

// A full vector has 64 bytes; the compiler cuts it into registers.
#define VECTOR(type, lanes) type __attribute__((ext_vector_type(lanes)))
#define DEFINE_VECTORS(suffix, type)                                                             \
  typedef type suffix##_1;                                                                       \
  typedef VECTOR(type, 2) suffix##_2;                                                            \
  typedef VECTOR(type, 4) suffix##_4;                                                            \
  typedef VECTOR(type, 8) suffix##_8;                                                            \
  typedef VECTOR(type, 16) suffix##_16;
DEFINE_VECTORS(f64, double)
DEFINE_VECTORS(f32, float)
DEFINE_VECTORS(i64, int64_t)
DEFINE_VECTORS(u64, uint64_t)  // sums and products of int64 wrap around

#define LOADED(vector, name, from) \
  vector name;                     \
  memcpy(&name, from, sizeof name)

// ---- Runs --------------------------------------------------------------------------------------

// One step down the tree: the halves are joined, with them a piece of the tail.
#define HALVE(suffix, OP, half, from)            \
  suffix##_##half h##half = OP(from.lo, from.hi); \
  if (n & half) {                                 \
    LOADED(suffix##_##half, piece, a);            \
    h##half = OP(h##half, piece);                 \
    a += half;                                    \
  }
#define TREE_8(suffix, OP, from) \
  HALVE(suffix, OP, 4, from)     \
  HALVE(suffix, OP, 2, h4)
#define TREE_16(suffix, OP, from) \
  HALVE(suffix, OP, 8, from)      \
  TREE_8(suffix, OP, h8)

enum { SHORT = 8 };

// run_...: OP over a[0..<n]. short_...: the same, to the bit, of fewer than SHORT.
// columns_...: d[i] = OP(d[i], a[r * width + i]) for r in order.
#define DEFINE_RUNS(name, suffix, OP, L, identity)                                               \
  CTK_INLINE suffix##_1 run_##name(const suffix##_1 *a, int64_t n) {                             \
    typedef suffix##_##L V;                                                                      \
    V acc = identity;                                                                            \
    int64_t left = n;                                                                            \
    if (left >= 4 * L) {                                                                         \
      V s0 = acc, s1 = acc, s2 = acc, s3 = acc;                                                  \
      for (; left >= 4 * L; left -= 4 * L, a += 4 * L) {                                         \
        LOADED(V, x0, a);                                                                        \
        LOADED(V, x1, a + L);                                                                    \
        LOADED(V, x2, a + 2 * L);                                                                \
        LOADED(V, x3, a + 3 * L);                                                                \
        s0 = OP(s0, x0);                                                                         \
        s1 = OP(s1, x1);                                                                         \
        s2 = OP(s2, x2);                                                                         \
        s3 = OP(s3, x3);                                                                         \
      }                                                                                          \
      s0 = OP(s0, s1);                                                                           \
      s2 = OP(s2, s3);                                                                           \
      acc = OP(s0, s2);                                                                          \
    }                                                                                            \
    for (; left >= L; left -= L, a += L) {                                                       \
      LOADED(V, x, a);                                                                           \
      acc = OP(acc, x);                                                                          \
    }                                                                                            \
    TREE_##L(suffix, OP, acc);                                                                   \
    suffix##_1 result = OP(h2.lo, h2.hi);                                                        \
    if (n & 1) result = OP(result, *a);                                                          \
    return result;                                                                               \
  }                                                                                              \
  CTK_INLINE suffix##_1 short_##name(const suffix##_1 *a, int64_t n) {                           \
    suffix##_1 low = identity, high = identity;                                                  \
    if (n & 4) {                                                                                 \
      low = OP(OP(low, a[0]), OP(low, a[2]));                                                    \
      high = OP(OP(high, a[1]), OP(high, a[3]));                                                 \
      a += 4;                                                                                    \
    }                                                                                            \
    if (n & 2) {                                                                                 \
      low = OP(low, a[0]);                                                                       \
      high = OP(high, a[1]);                                                                     \
      a += 2;                                                                                    \
    }                                                                                            \
    const suffix##_1 result = OP(low, high);                                                     \
    return n & 1 ? OP(result, *a) : result;                                                      \
  }                                                                                              \
  CTK_INLINE void columns_##name(suffix##_1 *d, const suffix##_1 *a, int64_t width,              \
                                 int64_t rows) {                                                 \
    int64_t i = 0;                                                                               \
    for (; i + 4 * L <= width; i += 4 * L) {                                                     \
      typedef suffix##_##L V;                                                                    \
      LOADED(V, s0, d + i);                                                                      \
      LOADED(V, s1, d + i + L);                                                                  \
      LOADED(V, s2, d + i + 2 * L);                                                              \
      LOADED(V, s3, d + i + 3 * L);                                                              \
      const suffix##_1 *p = a + i;                                                               \
      for (int64_t r = 0; r < rows; r++, p += width) {                                           \
        LOADED(V, x0, p);                                                                        \
        LOADED(V, x1, p + L);                                                                    \
        LOADED(V, x2, p + 2 * L);                                                                \
        LOADED(V, x3, p + 3 * L);                                                                \
        s0 = OP(s0, x0);                                                                         \
        s1 = OP(s1, x1);                                                                         \
        s2 = OP(s2, x2);                                                                         \
        s3 = OP(s3, x3);                                                                         \
      }                                                                                          \
      memcpy(d + i, &s0, sizeof s0);                                                             \
      memcpy(d + i + L, &s1, sizeof s1);                                                         \
      memcpy(d + i + 2 * L, &s2, sizeof s2);                                                     \
      memcpy(d + i + 3 * L, &s3, sizeof s3);                                                     \
    }                                                                                            \
    STRIPS_##L(suffix, OP)                                                                       \
  }

// A strip of columns as wide as one vector.
#define STRIP(suffix, OP, lanes)                             \
  for (; i + lanes <= width; i += lanes) {                   \
    LOADED(suffix##_##lanes, s, d + i);                      \
    const suffix##_1 *p = a + i;                             \
    for (int64_t r = 0; r < rows; r++, p += width) {         \
      LOADED(suffix##_##lanes, x, p);                        \
      s = OP(s, x);                                          \
    }                                                        \
    memcpy(d + i, &s, sizeof s);                             \
  }
#define STRIPS_8(suffix, OP) \
  STRIP(suffix, OP, 8) STRIP(suffix, OP, 4) STRIP(suffix, OP, 2) STRIP(suffix, OP, 1)
#define STRIPS_16(suffix, OP) STRIP(suffix, OP, 16) STRIPS_8(suffix, OP)

// ---- Kernels -----------------------------------------------------------------------------------

// Narrow columns are reduced several rows at a time, as if they were one row of about this width.
enum { WIDE = 64 };

#define DEFINE_REDUCTION(name, suffix, OP, L, identity)                                          \
  DEFINE_RUNS(name, suffix, OP, L, identity)                                                      \
  CTK_CLONES static void all_##name(const ctk_instr *instr) {                                    \
    suffix##_1 *d = (suffix##_1 *)instr->d;                                                      \
    const suffix##_1 value = run_##name((const suffix##_1 *)instr->a, instr->n);                 \
    *d = instr->first ? value : OP(*d, value);                                                   \
  }                                                                                              \
  CTK_CLONES static void rows_##name(const ctk_instr *instr) {                                   \
    const int64_t length = ((const ctk_reduce_desc *)instr->x)->reduced;                         \
    const suffix##_1 *a = (const suffix##_1 *)instr->a;                                          \
    int64_t n = instr->n;                                                                        \
    if (n <= 0) return;                                                                          \
    suffix##_1 *d = (suffix##_1 *)instr->d + instr->start / length;                              \
    const int64_t at = instr->start % length;                                                    \
    if (at != 0) {                                                                               \
      const int64_t rest = ctk_min(length - at, n);                                              \
      const suffix##_1 value = run_##name(a, rest);                                              \
      *d = OP(*d, value);                                                                        \
      d++;                                                                                       \
      a += rest;                                                                                 \
      n -= rest;                                                                                 \
    }                                                                                            \
    if (length < SHORT) {                                                                        \
      for (; n >= length; n -= length, a += length) *d++ = short_##name(a, length);              \
    } else {                                                                                     \
      for (; n >= length; n -= length, a += length) *d++ = run_##name(a, length);                \
    }                                                                                            \
    if (n > 0) *d = run_##name(a, n);                                                            \
  }                                                                                              \
  CTK_INLINE void narrow_##name(suffix##_1 *d, const suffix##_1 *a, int64_t inner,               \
                                int64_t rows) {                                                  \
    suffix##_1 wide[2 * WIDE];                                                                   \
    const int64_t group = ctk_ceil_div(WIDE, inner), width = group * inner;                      \
    if (rows < 2 * group) {                                                                      \
      columns_##name(d, a, inner, rows);                                                         \
      return;                                                                                    \
    }                                                                                            \
    memcpy(wide, a, (size_t)width * sizeof *wide);                                               \
    const int64_t groups = rows / group, rest = (rows - groups * group) * inner;                 \
    columns_##name(wide, a + width, width, groups - 1);                                          \
    columns_##name(wide, a + groups * width, rest, 1);                                           \
    columns_##name(d, wide, inner, group);                                                       \
  }                                                                                              \
  CTK_CLONES static void columns_kernel_##name(const ctk_instr *instr) {                         \
    const ctk_reduce_desc *shape = instr->x;                                                     \
    const int64_t inner = shape->inner;                                                          \
    suffix##_1 *d = (suffix##_1 *)instr->d;                                                      \
    const suffix##_1 *a = (const suffix##_1 *)instr->a;                                          \
    if (instr->first)                                                                            \
      for (int64_t i = 0; i < shape->outer * inner; i++) d[i] = identity;                        \
    int64_t n = instr->n;                                                                        \
    if (n <= 0) return;                                                                          \
    int64_t row = instr->start / inner, at = instr->start - row * inner;                         \
    d += row / shape->reduced * inner;                                                           \
    row %= shape->reduced;                                                                       \
    while (n > 0) {                                                                              \
      int64_t rows = 1, width = ctk_min(inner - at, n);                                          \
      if (width == inner) {                                                                      \
        rows = ctk_min(n / inner, shape->reduced - row);                                         \
        if (inner == 1) {                                                                        \
          const suffix##_1 value = run_##name(a, rows);                                          \
          *d = OP(*d, value);                                                                    \
        } else if (inner < WIDE / 2) {                                                           \
          narrow_##name(d, a, inner, rows);                                                      \
        } else {                                                                                 \
          columns_##name(d, a, inner, rows);                                                     \
        }                                                                                        \
      } else {                                                                                   \
        columns_##name(d + at, a, width, 1);                                                     \
      }                                                                                          \
      a += rows * width;                                                                         \
      n -= rows * width;                                                                         \
      at += width;                                                                               \
      if (at >= inner) {                                                                         \
        at = 0;                                                                                  \
        row += rows;                                                                             \
      }                                                                                          \
      if (row == shape->reduced) {                                                               \
        row = 0;                                                                                 \
        d += inner;                                                                              \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  CTK_CLONES static void join_##name(const ctk_instr *instr) {                                   \
    const int64_t parts = *(const int64_t *)instr->x, n = instr->n;                              \
    suffix##_1 *d = (suffix##_1 *)instr->d;                                                      \
    const suffix##_1 *a = (const suffix##_1 *)instr->a;                                          \
    if (n <= 0) return;                                                                          \
    if (parts <= 0) {                                                                            \
      for (int64_t i = 0; i < n; i++) d[i] = identity;                                           \
      return;                                                                                    \
    }                                                                                            \
    memcpy(d, a, (size_t)n * sizeof *d);                                                         \
    columns_##name(d, a + n, n, parts - 1);                                                      \
  }

DEFINE_REDUCTION(sum_f64, f64, OP_SUM, 8, 0)
DEFINE_REDUCTION(prod_f64, f64, OP_PROD, 8, 1)
DEFINE_REDUCTION(max_f64, f64, OP_FMAX, 8, -(double)INFINITY)
DEFINE_REDUCTION(min_f64, f64, OP_FMIN, 8, (double)INFINITY)
DEFINE_REDUCTION(sum_f32, f32, OP_SUM, 16, 0)
DEFINE_REDUCTION(prod_f32, f32, OP_PROD, 16, 1)
DEFINE_REDUCTION(max_f32, f32, OP_FMAX, 16, -INFINITY)
DEFINE_REDUCTION(min_f32, f32, OP_FMIN, 16, INFINITY)
DEFINE_REDUCTION(sum_i64, u64, OP_SUM, 8, 0)
DEFINE_REDUCTION(prod_i64, u64, OP_PROD, 8, 1)
DEFINE_REDUCTION(max_i64, i64, OP_IMAX, 8, INT64_MIN)
DEFINE_REDUCTION(min_i64, i64, OP_IMIN, 8, INT64_MAX)

// ---- Any and all -------------------------------------------------------------------------------

// A run is settled by one element: a 1 for any, a 0 for all.
#define DEFINE_BOOL(name, decisive, OP)                                                          \
  static inline uint8_t run_##name(const uint8_t *a, int64_t n) {                                \
    return (n > 0 && memchr(a, decisive, (size_t)n) != NULL) ? decisive : !decisive;             \
  }                                                                                              \
  static void all_##name(const ctk_instr *instr) {                                               \
    uint8_t *d = (uint8_t *)instr->d;                                                            \
    const uint8_t value = run_##name((const uint8_t *)instr->a, instr->n);                       \
    *d = instr->first ? value : (uint8_t)(*d OP value);                                          \
  }                                                                                              \
  static void rows_##name(const ctk_instr *instr) {                                              \
    const int64_t length = ((const ctk_reduce_desc *)instr->x)->reduced;                         \
    const uint8_t *a = (const uint8_t *)instr->a;                                                \
    if (instr->n <= 0) return;                                                                   \
    uint8_t *d = (uint8_t *)instr->d + instr->start / length;                                    \
    int64_t at = instr->start % length;                                                          \
    for (int64_t n = instr->n; n > 0; at = 0, d++) {                                             \
      const int64_t part = ctk_min(length - at, n);                                              \
      const uint8_t value = run_##name(a, part);                                                 \
      *d = at == 0 ? value : (uint8_t)(*d OP value);                                             \
      a += part;                                                                                 \
      n -= part;                                                                                 \
    }                                                                                            \
  }                                                                                              \
  CTK_CLONES static void columns_kernel_##name(const ctk_instr *instr) {                         \
    const ctk_reduce_desc *shape = instr->x;                                                     \
    const int64_t inner = shape->inner;                                                          \
    uint8_t *d = (uint8_t *)instr->d;                                                            \
    const uint8_t *a = (const uint8_t *)instr->a;                                                \
    if (instr->first) memset(d, !decisive, (size_t)(shape->outer * inner));                      \
    if (instr->n <= 0) return;                                                                   \
    int64_t row = instr->start / inner, at = instr->start % inner;                               \
    for (int64_t n = instr->n; n > 0; at = 0, row++) {                                           \
      const int64_t part = ctk_min(inner - at, n);                                               \
      uint8_t *to = d + row / shape->reduced * inner + at;                                       \
      for (int64_t i = 0; i < part; i++) to[i] = (uint8_t)(to[i] OP a[i]);                       \
      a += part;                                                                                 \
      n -= part;                                                                                 \
    }                                                                                            \
  }                                                                                              \
  CTK_CLONES static void join_##name(const ctk_instr *instr) {                                   \
    const int64_t parts = *(const int64_t *)instr->x, n = instr->n;                              \
    uint8_t *d = (uint8_t *)instr->d;                                                            \
    const uint8_t *a = (const uint8_t *)instr->a;                                                \
    if (n <= 0) return;                                                                          \
    memset(d, !decisive, (size_t)n);                                                             \
    for (int64_t p = 0; p < parts; p++, a += n)                                                  \
      for (int64_t i = 0; i < n; i++) d[i] = (uint8_t)(d[i] OP a[i]);                            \
  }

DEFINE_BOOL(any_bool, 1, |)
DEFINE_BOOL(every_bool, 0, &)

// ---- Lookup ------------------------------------------------------------------------------------

#define TABLE(prefix)                                                                            \
  static const ctk_fn table[4][4] = {                                                            \
      [CTK_F64] = {prefix##sum_f64, prefix##prod_f64, prefix##max_f64, prefix##min_f64},         \
      [CTK_F32] = {prefix##sum_f32, prefix##prod_f32, prefix##max_f32, prefix##min_f32},         \
      [CTK_I64] = {prefix##sum_i64, prefix##prod_i64, prefix##max_i64, prefix##min_i64},         \
      [CTK_BOOL] = {NULL, NULL, prefix##any_bool, prefix##every_bool},                           \
  };                                                                                             \
  return op >= 0 && op < 4 && dtype >= 0 && dtype < 4 ? table[dtype][op] : NULL

ctk_fn ctk_reduce_all(int op, int dtype) { TABLE(all_); }
ctk_fn ctk_reduce_rows(int op, int dtype) { TABLE(rows_); }
ctk_fn ctk_reduce_columns(int op, int dtype) { TABLE(columns_kernel_); }
ctk_fn ctk_join(int op, int dtype) { TABLE(join_); }
