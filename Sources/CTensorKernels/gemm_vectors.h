// Products of matrices with vectors, outer products and transposes, for gemm.c.
#ifndef CTK_GEMM_VECTORS_H
#define CTK_GEMM_VECTORS_H

#include <string.h>

#include "runtime.h"
#include "vector_types.h"

// One product C = A B, a tile or a whole matrix, in elements of the kernel's type.
typedef struct {
  int64_t m, n, k;
  int64_t lda, ldb, ldc;
  int32_t ta, tb;
} product;

// Bytes of a matrix swept by one column strip after the other before moving on: half of a
// first-level cache.
enum { SWEEP_BYTES = 16384 };

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

// d (k × n) = the transpose of b (n × k), in blocks of four by four.
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

#endif
