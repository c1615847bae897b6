// Movement by index arrays.
#include "runtime.h"

#include <math.h>
#include <string.h>

enum { TASK_ELEMENTS = 16384, TILE = 512 };

// The position an index means, or -1: negative ones count from the end.
static inline int64_t resolve(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

// ---- Reading -----------------------------------------------------------------------------------

typedef struct {
  const ctk_instr *instr;
  int64_t rows;  // per task, of outer × n
} reading;

static void read_rows(const ctk_instr *instr, void (*part)(void *, int64_t, int)) {
  const ctk_gather_desc *s = instr->x;
  const int64_t rows = s->outer * s->n;
  if (rows <= 0 || s->inner <= 0) return;
  reading w = {instr, ctk_max(TASK_ELEMENTS / s->inner, 1)};
  ctk_parallel(ctk_ceil_div(rows, w.rows), part, &w);
}

#define DEFINE_READING(suffix, T, missing)                                                       \
  static void gather_part_##suffix(void *context, int64_t task, int thread) {                    \
    (void)thread;                                                                                \
    const reading *w = context;                                                                  \
    const ctk_gather_desc *s = w->instr->x;                                                      \
    const int64_t inner = s->inner, *index = (const int64_t *)w->instr->b;                       \
    int64_t row = task * w->rows, left = ctk_min(w->rows, s->outer * s->n - row);                \
    int64_t o = row / s->n, j = row - o * s->n;                                                  \
    T *d = (T *)w->instr->d + row * inner;                                                       \
    for (; left > 0; o++, j = 0) {                                                               \
      const T *a = (const T *)w->instr->a + o * s->reduced * inner;                              \
      for (; j < s->n && left > 0; j++, left--, d += inner) {                                    \
        const int64_t k = resolve(index[j], s->reduced);                                         \
        if (inner == 1) {                                                                        \
          *d = k < 0 ? missing : a[k];                                                           \
        } else if (k < 0) {                                                                      \
          for (int64_t i = 0; i < inner; i++) d[i] = missing;                                    \
        } else {                                                                                 \
          memcpy(d, a + k * inner, (size_t)inner * sizeof(T));                                   \
        }                                                                                        \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  static void gather_##suffix(const ctk_instr *instr) { read_rows(instr, gather_part_##suffix); } \
  static void take_part_##suffix(void *context, int64_t task, int thread) {                      \
    (void)thread;                                                                                \
    const reading *w = context;                                                                  \
    const ctk_gather_desc *s = w->instr->x;                                                      \
    const int64_t inner = s->inner, first = task * w->rows;                                      \
    const int64_t end = ctk_min(first + w->rows, s->outer * s->n);                               \
    for (int64_t row = first; row < end; row++) {                                                \
      const T *a = (const T *)w->instr->a + row / s->n * s->reduced * inner;                     \
      const int64_t *index = (const int64_t *)w->instr->b + row * inner;                         \
      T *d = (T *)w->instr->d + row * inner;                                                     \
      for (int64_t i = 0; i < inner; i++) {                                                      \
        const int64_t k = resolve(index[i], s->reduced);                                         \
        d[i] = k < 0 ? missing : a[k * inner + i];                                               \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  static void take_##suffix(const ctk_instr *instr) { read_rows(instr, take_part_##suffix); }

DEFINE_READING(f64, double, (double)NAN)
DEFINE_READING(f32, float, NAN)
DEFINE_READING(i64, int64_t, 0)
DEFINE_READING(bool, uint8_t, 0)

// ---- Adding ------------------------------------------------------------------------------------

// Cut by outer and inner index, so that what meets in one element is added by one thread in order.
typedef struct {
  const ctk_instr *instr;
  int64_t width, tiles, group;  // of inner; of outer
} adding;

static void add_lanes(const ctk_instr *instr, void (*part)(void *, int64_t, int)) {
  const ctk_gather_desc *s = instr->x;
  if (s->outer <= 0 || s->inner <= 0) return;
  adding w = {.instr = instr, .width = ctk_min(s->inner, TILE)};
  w.tiles = ctk_ceil_div(s->inner, w.width);
  w.group = ctk_ceil_div(TASK_ELEMENTS, ctk_max((s->n + s->reduced) * w.width, 1));
  ctk_parallel(ctk_ceil_div(s->outer, w.group) * w.tiles, part, &w);
}

// INDEX_ROW: where the indices of row (o, j) start; index_step: from one inner index to the next.
#define DEFINE_ADDING(name, T, INDEX_ROW, index_step)                                            \
  static void name##_part(void *context, int64_t task, int thread) {                             \
    (void)thread;                                                                                \
    const adding *w = context;                                                                   \
    const ctk_gather_desc *s = w->instr->x;                                                      \
    const int64_t inner = s->inner, first = task % w->tiles * w->width;                          \
    const int64_t width = ctk_min(w->width, inner - first);                                      \
    const int64_t begin = task / w->tiles * w->group;                                            \
    const int64_t end = ctk_min(begin + w->group, s->outer);                                     \
    for (int64_t o = begin; o < end; o++) {                                                      \
      T *d = (T *)w->instr->d + o * s->reduced * inner + first;                                  \
      for (int64_t r = 0; r < s->reduced; r++)                                                   \
        memset(d + r * inner, 0, (size_t)width * sizeof(T));                                     \
      for (int64_t j = 0; j < s->n; j++) {                                                       \
        const T *a = (const T *)w->instr->a + (o * s->n + j) * inner + first;                    \
        const int64_t *index = (const int64_t *)w->instr->b + INDEX_ROW;                         \
        int64_t k = index_step ? 0 : resolve(*index, s->reduced);                                \
        if (k < 0) continue;                                                                     \
        for (int64_t i = 0; i < width; i++) {                                                    \
          if (index_step && (k = resolve(index[i], s->reduced)) < 0) continue;                   \
          d[k * inner + i] += a[i];                                                              \
        }                                                                                        \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  static void name(const ctk_instr *instr) { add_lanes(instr, name##_part); }

#define SHARED_ROW j
#define OWN_ROW ((o * s->n + j) * inner + first)
DEFINE_ADDING(scatter_f64, double, SHARED_ROW, 0)
DEFINE_ADDING(scatter_f32, float, SHARED_ROW, 0)
DEFINE_ADDING(scatter_i64, uint64_t, SHARED_ROW, 0)  // sums of int64 wrap around
DEFINE_ADDING(put_f64, double, OWN_ROW, 1)
DEFINE_ADDING(put_f32, float, OWN_ROW, 1)
DEFINE_ADDING(put_i64, uint64_t, OWN_ROW, 1)

// ---- Lookup ------------------------------------------------------------------------------------

#define LOOKUP(function, prefix, forBool)                                                  \
  ctk_fn function(int dtype) {                                                             \
    static const ctk_fn table[4] = {[CTK_F64] = prefix##f64, [CTK_F32] = prefix##f32,      \
                                    [CTK_I64] = prefix##i64, [CTK_BOOL] = forBool};        \
    return dtype >= 0 && dtype < 4 ? table[dtype] : NULL;                                  \
  }
LOOKUP(ctk_gather, gather_, gather_bool)
LOOKUP(ctk_take_along, take_, take_bool)
LOOKUP(ctk_scatter_add, scatter_, NULL)
LOOKUP(ctk_put_along, put_, NULL)
