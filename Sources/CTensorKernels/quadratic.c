// Quadratic forms of many vectors with one small triangular matrix: |z|^2, z = L^-1 (x - m), and the
// sums that their derivatives by m and L are made of. Some rows x lie side by side in lanes, and all
// is done to them before the next ones are read.
#include "runtime.h"

#include <math.h>
#include <stddef.h>

enum { MOST = CTK_QUADRATIC_MOST, PART = CTK_QUADRATIC_PART };
enum { LANES_f64 = 32, LANES_f32 = 64 };  // a power of two, at least 16

// The last rows may fill fewer lanes.
CTK_INLINE int64_t lanes_of(int64_t count) { return (count + 15) & ~(int64_t)15; }

#define DEFINE_QUADRATIC(name, T)                                                                \
  /* z of `count` rows, element i of row c at z[i * LANES + c], zeros behind the last. Infinite   \
     elements of x - m count as zeros; far[c] is 1 where there are some. A row of weight 0 counts \
     as zeros too, whatever is in it. `frame`: m above L. */                                      \
  CTK_INLINE void whiten_##name(                                                                 \
      const T *x, const T *frame, const T *weights, int64_t n, int64_t count, T *restrict z,     \
      T *restrict far) {                                                                         \
    const int64_t width = lanes_of(count);                                                       \
    for (int64_t c = 0; c < width; c++) far[c] = 0;                                              \
    for (int64_t i = 0; i < n; i++) {                                                            \
      T *zi = z + i * LANES_##name;                                                              \
      for (int64_t c = 0; c < count; c++) {                                                      \
        const T difference = x[c * n + i] - frame[i];                                            \
        zi[c] = weights && weights[c] == 0 ? 0 : difference;                                     \
      }                                                                                          \
      for (int64_t c = count; c < width; c++) zi[c] = 0;                                         \
      for (int64_t c = 0; c < width; c++) {                                                      \
        const int is_far = zi[c] == (T)INFINITY || zi[c] == -(T)INFINITY;                        \
        far[c] = is_far ? 1 : far[c];                                                            \
        zi[c] = is_far ? 0 : zi[c];                                                              \
      }                                                                                          \
      const T *row = frame + (i + 1) * n;                                                        \
      for (int64_t j = 0; j < i; j++) {                                                          \
        const T f = row[j], *zj = z + j * LANES_##name;                                          \
        for (int64_t c = 0; c < width; c++) zi[c] -= f * zj[c];                                  \
      }                                                                                          \
      for (int64_t c = 0; c < width; c++) zi[c] /= row[i];                                       \
    }                                                                                            \
  }                                                                                              \
  CTK_CLONES static void form_part_##name(                                                       \
      const T *x, const T *frame, int64_t n, int64_t rows, T *d) {                               \
    T z[MOST * LANES_##name], far[LANES_##name], sum[LANES_##name];                              \
    for (int64_t first = 0; first < rows; first += LANES_##name) {                               \
      const int64_t count = ctk_min(LANES_##name, rows - first), width = lanes_of(count);        \
      whiten_##name(x + first * n, frame, NULL, n, count, z, far);                               \
      for (int64_t c = 0; c < width; c++) sum[c] = 0;                                            \
      for (int64_t i = 0; i < n; i++) {                                                          \
        const T *zi = z + i * LANES_##name;                                                      \
        for (int64_t c = 0; c < width; c++) sum[c] += zi[c] * zi[c];                             \
      }                                                                                          \
      for (int64_t c = 0; c < count; c++) {                                                      \
        d[first + c] = far[c] != 0 && sum[c] == sum[c] ? (T)INFINITY : sum[c];                   \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  /* d = sum w z above sum w z z', without the rows that are far. */                             \
  CTK_CLONES static void moments_part_##name(                                                    \
      const T *x, const T *frame, const T *w, int64_t n, int64_t rows, T *d) {                   \
    T z[MOST * LANES_##name], far[LANES_##name], wz[LANES_##name];                               \
    T sums[MOST * (MOST + 3) / 2 * LANES_##name];                                                \
    for (int64_t i = 0; i < n * (n + 3) / 2 * LANES_##name; i++) sums[i] = 0;                    \
    for (int64_t first = 0; first < rows; first += LANES_##name) {                               \
      const int64_t count = ctk_min(LANES_##name, rows - first), width = lanes_of(count);        \
      whiten_##name(x + first * n, frame, w + first, n, count, z, far);                          \
      for (int64_t c = 0; c < count; c++) far[c] = far[c] != 0 ? 0 : w[first + c];               \
      for (int64_t c = count; c < width; c++) far[c] = 0;                                        \
      T *sum = sums;                                                                             \
      for (int64_t i = 0; i < n; i++, sum += LANES_##name) {                                     \
        const T *zi = z + i * LANES_##name;                                                      \
        for (int64_t c = 0; c < width; c++) wz[c] = far[c] * zi[c];                              \
        for (int64_t c = 0; c < width; c++) sum[c] += wz[c];                                     \
        for (int64_t j = 0; j <= i; j++) {                                                       \
          const T *zj = z + j * LANES_##name;                                                    \
          sum += LANES_##name;                                                                   \
          for (int64_t c = 0; c < width; c++) sum[c] += wz[c] * zj[c];                           \
        }                                                                                        \
      }                                                                                          \
    }                                                                                            \
    const T *sum = sums;                                                                         \
    for (int64_t i = 0; i < n; i++) {                                                            \
      for (int64_t j = -1; j <= i; j++, sum += LANES_##name) {                                   \
        T total = 0;                                                                             \
        for (int64_t c = 0; c < LANES_##name; c++) total += sum[c];                              \
        if (j < 0) d[i] = total;                                                                 \
        else d[(i + 1) * n + j] = d[(j + 1) * n + i] = total;                                    \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  static void form_task_##name(void *context, int64_t part, int thread) {                        \
    (void)thread;                                                                                \
    const ctk_instr *p = context;                                                                \
    const ctk_quadratic_desc *s = p->x;                                                          \
    const int64_t first = part * PART, rows = ctk_min(PART, s->rows - first);                    \
    form_part_##name(                                                                            \
        (const T *)p->a + first * s->n, (const T *)p->b, s->n, rows, (T *)p->d + first);         \
  }                                                                                              \
  static void moments_task_##name(void *context, int64_t part, int thread) {                     \
    (void)thread;                                                                                \
    const ctk_instr *p = context;                                                                \
    const ctk_quadratic_desc *s = p->x;                                                          \
    const int64_t first = part * PART, rows = ctk_min(PART, s->rows - first);                    \
    moments_part_##name(                                                                         \
        (const T *)p->a + first * s->n, (const T *)p->b, (const T *)p->c + first, s->n, rows,    \
        (T *)p->d + part * (s->n + 1) * s->n);                                                   \
  }                                                                                              \
  static void form_##name(const ctk_instr *p) {                                                  \
    const int64_t rows = ((const ctk_quadratic_desc *)p->x)->rows;                               \
    ctk_parallel(ctk_ceil_div(rows, PART), form_task_##name, (void *)(uintptr_t)p);              \
  }                                                                                              \
  static void moments_##name(const ctk_instr *p) {                                               \
    const int64_t rows = ((const ctk_quadratic_desc *)p->x)->rows;                               \
    ctk_parallel(ctk_ceil_div(rows, PART), moments_task_##name, (void *)(uintptr_t)p);           \
  }

DEFINE_QUADRATIC(f64, double)
DEFINE_QUADRATIC(f32, float)

ctk_fn ctk_quadratic(int dtype) {
  return dtype == CTK_F64 ? form_f64 : dtype == CTK_F32 ? form_f32 : 0;
}

ctk_fn ctk_quadratic_moments(int dtype) {
  return dtype == CTK_F64 ? moments_f64 : dtype == CTK_F32 ? moments_f32 : 0;
}
