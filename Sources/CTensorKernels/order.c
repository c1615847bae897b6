// Kernels along one axis of an outer × reduced × inner array: running results, positions of
// extremes, sorting; and search in a sorted array.
#include "runtime.h"

#include <math.h>
#include <string.h>

// ---- Lanes -------------------------------------------------------------------------------------

// Handles lanes (outer index o, inner indices first..<first + width).
typedef void (*lanes_fn)(const ctk_instr *, int64_t o, int64_t first, int64_t width);

enum { TILE = 256 };              // inner indices handled at once
enum { TASK_ELEMENTS = 16384 };   // of cheap operations
enum { SORT_COST = 16 };          // of sorting an element, in cheap operations

typedef struct {
  const ctk_instr *instr;
  lanes_fn run;
  int64_t outer, inner, width, tiles, group;
} lanes;

static void run_lanes(void *context, int64_t task, int thread) {
  (void)thread;
  const lanes *w = context;
  const int64_t first = task % w->tiles * w->width, begin = task / w->tiles * w->group;
  const int64_t width = ctk_min(w->width, w->inner - first);
  const int64_t end = ctk_min(begin + w->group, w->outer);
  for (int64_t o = begin; o < end; o++) w->run(w->instr, o, first, width);
}

static void all_lanes(const ctk_instr *instr, lanes_fn run, int64_t cost) {
  const ctk_reduce_desc *s = instr->x;
  if (s->outer <= 0 || s->inner <= 0) return;
  lanes w = {instr, run, s->outer, s->inner, ctk_min(s->inner, TILE), 0, 0};
  w.tiles = ctk_ceil_div(w.inner, w.width);
  w.group = ctk_ceil_div(TASK_ELEMENTS, ctk_max(s->reduced * w.width * cost, 1));
  ctk_parallel(ctk_ceil_div(w.outer, w.group) * w.tiles, run_lanes, &w);
}

// ---- Running results and positions of extremes --------------------------------------------------

#define OP_SUM(acc, x) ((acc) + (x))
#define OP_PROD(acc, x) ((acc) * (x))
// A NaN that arrives is taken; one that is there stays.
#define OP_MAX(acc, x) ((x) > (acc) || (x) != (x) ? (x) : (acc))
#define OP_MIN(acc, x) ((x) < (acc) || (x) != (x) ? (x) : (acc))

#define DEFINE_CUMULATIVE(name, T, OP)                                                           \
  CTK_CLONES static void running_##name(const ctk_instr *instr, int64_t o, int64_t first,        \
                                        int64_t width) {                                         \
    const ctk_reduce_desc *s = instr->x;                                                         \
    const int64_t base = o * s->reduced * s->inner + first;                                      \
    const T *a = (const T *)instr->a + base;                                                     \
    T *d = (T *)instr->d + base;                                                                 \
    if (s->reduced <= 0) return;                                                                 \
    if (s->inner == 1) {                                                                         \
      T acc = d[0] = a[0];                                                                       \
      for (int64_t r = 1; r < s->reduced; r++) d[r] = acc = OP(acc, a[r]);                       \
      return;                                                                                    \
    }                                                                                            \
    memcpy(d, a, (size_t)width * sizeof(T));                                                     \
    for (int64_t r = 1; r < s->reduced; r++) {                                                   \
      const T *before = d;                                                                       \
      a += s->inner;                                                                             \
      d += s->inner;                                                                             \
      for (int64_t i = 0; i < width; i++) d[i] = OP(before[i], a[i]);                            \
    }                                                                                            \
  }                                                                                              \
  static void cumulative_##name(const ctk_instr *instr) { all_lanes(instr, running_##name, 2); }

// Position of the first extreme: what beats the best so far, and whatever comes first after it
// once NaN is the best, is nothing.
#define DEFINE_ARG(name, T, BETTER)                                                              \
  CTK_CLONES static void position_##name(const ctk_instr *instr, int64_t o, int64_t first,       \
                                         int64_t width) {                                        \
    const ctk_reduce_desc *s = instr->x;                                                         \
    const T *a = (const T *)instr->a + o * s->reduced * s->inner + first;                        \
    int64_t *d = (int64_t *)instr->d + o * s->inner + first;                                     \
    memset(d, 0, (size_t)width * sizeof *d);                                                     \
    if (s->reduced <= 0) return;                                                                 \
    T best[TILE];                                                                                \
    memcpy(best, a, (size_t)width * sizeof(T));                                                  \
    if (s->inner == 1) {                                                                         \
      T most = best[0];                                                                          \
      int64_t at = 0;                                                                            \
      for (int64_t r = 1; r < s->reduced; r++) {                                                 \
        if (!BETTER(a[r], most)) continue;                                                       \
        most = a[r];                                                                             \
        at = r;                                                                                  \
      }                                                                                          \
      *d = at;                                                                                   \
      return;                                                                                    \
    }                                                                                            \
    for (int64_t r = 1; r < s->reduced; r++) {                                                   \
      a += s->inner;                                                                             \
      for (int64_t i = 0; i < width; i++) {                                                      \
        const int better = BETTER(a[i], best[i]);                                                \
        d[i] = better ? r : d[i];                                                                \
        best[i] = better ? a[i] : best[i];                                                       \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  static void arg_##name(const ctk_instr *instr) { all_lanes(instr, position_##name, 1); }

#define FMORE(x, best) (!((x) <= (best)) & ((best) == (best)))
#define FLESS(x, best) (!((x) >= (best)) & ((best) == (best)))
#define IMORE(x, best) ((x) > (best))
#define ILESS(x, best) ((x) < (best))

#define DEFINE_TYPE(suffix, T, ACC, MORE, LESS)     \
  DEFINE_CUMULATIVE(sum_##suffix, ACC, OP_SUM)      \
  DEFINE_CUMULATIVE(prod_##suffix, ACC, OP_PROD)    \
  DEFINE_CUMULATIVE(max_##suffix, T, OP_MAX)        \
  DEFINE_CUMULATIVE(min_##suffix, T, OP_MIN)        \
  DEFINE_ARG(max_##suffix, T, MORE)                 \
  DEFINE_ARG(min_##suffix, T, LESS)
DEFINE_TYPE(f64, double, double, FMORE, FLESS)
DEFINE_TYPE(f32, float, float, FMORE, FLESS)
DEFINE_TYPE(i64, int64_t, uint64_t, IMORE, ILESS)  // sums of int64 wrap around
DEFINE_CUMULATIVE(max_bool, uint8_t, OP_MAX)
DEFINE_CUMULATIVE(min_bool, uint8_t, OP_MIN)
DEFINE_ARG(max_bool, uint8_t, IMORE)
DEFINE_ARG(min_bool, uint8_t, ILESS)

ctk_fn ctk_cumulative(int op, int dtype) {
  static const ctk_fn table[4][4] = {
      [CTK_F64] = {cumulative_sum_f64, cumulative_prod_f64, cumulative_max_f64, cumulative_min_f64},
      [CTK_F32] = {cumulative_sum_f32, cumulative_prod_f32, cumulative_max_f32, cumulative_min_f32},
      [CTK_I64] = {cumulative_sum_i64, cumulative_prod_i64, cumulative_max_i64, cumulative_min_i64},
      [CTK_BOOL] = {NULL, NULL, cumulative_max_bool, cumulative_min_bool},
  };
  return op >= 0 && op < 4 && dtype >= 0 && dtype < 4 ? table[dtype][op] : NULL;
}

ctk_fn ctk_arg(int op, int dtype) {
  static const ctk_fn table[4][2] = {
      [CTK_F64] = {arg_max_f64, arg_min_f64},
      [CTK_F32] = {arg_max_f32, arg_min_f32},
      [CTK_I64] = {arg_max_i64, arg_min_i64},
      [CTK_BOOL] = {arg_max_bool, arg_min_bool},
  };
  const int known = (op == CTK_RMAX || op == CTK_RMIN) && dtype >= 0 && dtype < 4;
  return known ? table[dtype][op - CTK_RMAX] : NULL;
}

// ---- Sorting -----------------------------------------------------------------------------------

// All element types are sorted as unsigned integers in the same order. -0 comes before 0 among
// values; positions of the two stay in order, as they are equal.
typedef uint64_t sort_key;
typedef struct {
  sort_key key;
  int64_t index;
} sort_pair;

static const uint64_t TOP = (uint64_t)1 << 63;

static inline sort_key key_f64(double x) {
  uint64_t bits;
  if (x != x) return UINT64_MAX;
  memcpy(&bits, &x, sizeof bits);
  return bits & TOP ? ~bits : bits | TOP;
}
static inline double value_f64(sort_key key) {
  const uint64_t bits = key & TOP ? key & ~TOP : ~key;
  double x;
  memcpy(&x, &bits, sizeof x);
  return key == UINT64_MAX ? (double)NAN : x;
}
// Every float is a double of the same order.
static inline sort_key key_f32(float x) { return key_f64(x); }
static inline float value_f32(sort_key key) { return (float)value_f64(key); }
static inline sort_key key_i64(int64_t x) { return (uint64_t)x ^ TOP; }
static inline int64_t value_i64(sort_key key) { return (int64_t)(key ^ TOP); }
static inline sort_key key_bool(uint8_t x) { return x; }
static inline uint8_t value_bool(sort_key key) { return (uint8_t)key; }

enum { RUN = 16 };  // sorted by insertion before merging

// Stable merge sort; `other` is as large as `x`. Returns whichever of them has the result.
#define DEFINE_SORT(name, E, KEY)                                                                \
  static void insertion_##name(E *x, int64_t n) {                                                \
    for (int64_t i = 1; i < n; i++) {                                                            \
      const E e = x[i];                                                                          \
      int64_t j = i;                                                                             \
      for (; j > 0 && KEY(x[j - 1]) > KEY(e); j--) x[j] = x[j - 1];                              \
      x[j] = e;                                                                                  \
    }                                                                                            \
  }                                                                                              \
  static void merge_##name(E *d, const E *l, const E *lend, const E *r, const E *rend) {         \
    while (l < lend && r < rend) {                                                               \
      const int right = KEY(*r) < KEY(*l);                                                       \
      *d++ = right ? *r : *l;                                                                    \
      r += right;                                                                                \
      l += !right;                                                                               \
    }                                                                                            \
    memcpy(d, l, (size_t)(lend - l) * sizeof(E));                                                \
    memcpy(d + (lend - l), r, (size_t)(rend - r) * sizeof(E));                                   \
  }                                                                                              \
  static E *sort_##name(E *x, E *other, int64_t n) {                                             \
    for (int64_t i = 0; i < n; i += RUN) insertion_##name(x + i, ctk_min(RUN, n - i));           \
    for (int64_t width = RUN; width < n; width *= 2) {                                           \
      for (int64_t i = 0; i < n; i += 2 * width) {                                               \
        const int64_t middle = ctk_min(i + width, n), end = ctk_min(i + 2 * width, n);           \
        if (middle < end && KEY(x[middle]) >= KEY(x[middle - 1])) {                              \
          memcpy(other + i, x + i, (size_t)(end - i) * sizeof(E));                               \
        } else {                                                                                 \
          merge_##name(other + i, x + i, x + middle, x + middle, x + end);                       \
        }                                                                                        \
      }                                                                                          \
      E *swap = x;                                                                               \
      x = other;                                                                                 \
      other = swap;                                                                              \
    }                                                                                            \
    return x;                                                                                    \
  }
#define KEY_ITSELF(e) (e)
#define KEY_OF_PAIR(e) ((e).key)
DEFINE_SORT(keys, sort_key, KEY_ITSELF)
DEFINE_SORT(pairs, sort_pair, KEY_OF_PAIR)

#define DEFINE_SORTS(suffix, T)                                                                  \
  static void sort_lanes_##suffix(const ctk_instr *instr, int64_t o, int64_t first,              \
                                  int64_t width) {                                               \
    const ctk_reduce_desc *s = instr->x;                                                         \
    const int64_t n = s->reduced;                                                                \
    sort_key *keys = ctk_scratch(CTK_SCRATCH_BODY, (size_t)(2 * n) * sizeof *keys);              \
    for (int64_t i = first; i < first + width; i++) {                                            \
      const T *a = (const T *)instr->a + o * n * s->inner + i;                                   \
      T *d = (T *)instr->d + o * n * s->inner + i;                                               \
      for (int64_t r = 0; r < n; r++) keys[r] = key_##suffix(a[r * s->inner]);                   \
      const sort_key *sorted = sort_keys(keys, keys + n, n);                                     \
      for (int64_t r = 0; r < n; r++) d[r * s->inner] = value_##suffix(sorted[r]);               \
    }                                                                                            \
  }                                                                                              \
  static void argsort_lanes_##suffix(const ctk_instr *instr, int64_t o, int64_t first,           \
                                     int64_t width) {                                            \
    const ctk_reduce_desc *s = instr->x;                                                         \
    const int64_t n = s->reduced;                                                                \
    sort_pair *pairs = ctk_scratch(CTK_SCRATCH_BODY, (size_t)(2 * n) * sizeof *pairs);           \
    for (int64_t i = first; i < first + width; i++) {                                            \
      const T *a = (const T *)instr->a + o * n * s->inner + i;                                   \
      int64_t *d = (int64_t *)instr->d + o * n * s->inner + i;                                   \
      /* Adding 0 makes -0 a 0, whose key is that of its equal. */                               \
      for (int64_t r = 0; r < n; r++)                                                            \
        pairs[r] = (sort_pair){key_##suffix((T)(a[r * s->inner] + 0)), r};                       \
      const sort_pair *sorted = sort_pairs(pairs, pairs + n, n);                                 \
      for (int64_t r = 0; r < n; r++) d[r * s->inner] = sorted[r].index;                         \
    }                                                                                            \
  }                                                                                              \
  static void sort_##suffix(const ctk_instr *instr) {                                            \
    all_lanes(instr, sort_lanes_##suffix, SORT_COST);                                            \
  }                                                                                              \
  static void argsort_##suffix(const ctk_instr *instr) {                                         \
    all_lanes(instr, argsort_lanes_##suffix, SORT_COST);                                         \
  }
DEFINE_SORTS(f64, double)
DEFINE_SORTS(f32, float)
DEFINE_SORTS(i64, int64_t)
DEFINE_SORTS(bool, uint8_t)

// ---- Search ------------------------------------------------------------------------------------

#define FBEFORE(x, y) ((x) < (y) || ((y) != (y) && (x) == (x)))  // NaN comes last
#define IBEFORE(x, y) ((x) < (y))

#define DEFINE_SEARCH(suffix, T, BEFORE)                                                         \
  static void search_part_##suffix(void *context, int64_t part, int thread) {                    \
    (void)thread;                                                                                \
    const ctk_instr *instr = context;                                                            \
    const ctk_reduce_desc *s = instr->x;                                                         \
    const T *a = (const T *)instr->a, *b = (const T *)instr->b;                                  \
    int64_t *d = (int64_t *)instr->d;                                                            \
    const int64_t end = ctk_min((part + 1) * CTK_CHUNK, instr->n);                               \
    const int after = s->inner == 1;                                                             \
    for (int64_t i = part * CTK_CHUNK; i < end; i++) {                                           \
      const T x = b[i];                                                                          \
      int64_t low = 0;                                                                           \
      for (int64_t left = s->reduced; left > 0;) {                                               \
        const int64_t half = left / 2;                                                           \
        const T y = a[low + half];                                                               \
        const int beyond = after ? !BEFORE(x, y) : BEFORE(y, x);                                 \
        low = beyond ? low + half + 1 : low;                                                     \
        left = beyond ? left - half - 1 : half;                                                  \
      }                                                                                          \
      d[i] = low;                                                                                \
    }                                                                                            \
  }                                                                                              \
  static void search_##suffix(const ctk_instr *instr) {                                          \
    void *context = (void *)(uintptr_t)instr;                                                    \
    ctk_parallel(ctk_ceil_div(instr->n, CTK_CHUNK), search_part_##suffix, context);              \
  }
DEFINE_SEARCH(f64, double, FBEFORE)
DEFINE_SEARCH(f32, float, FBEFORE)
DEFINE_SEARCH(i64, int64_t, IBEFORE)
DEFINE_SEARCH(bool, uint8_t, IBEFORE)

#define LOOKUP(function, prefix)                                                    \
  ctk_fn function(int dtype) {                                                      \
    static const ctk_fn table[4] = {[CTK_F64] = prefix##f64, [CTK_F32] = prefix##f32, \
                                    [CTK_I64] = prefix##i64, [CTK_BOOL] = prefix##bool}; \
    return dtype >= 0 && dtype < 4 ? table[dtype] : NULL;                           \
  }
LOOKUP(ctk_sort, sort_)
LOOKUP(ctk_argsort, argsort_)
LOOKUP(ctk_search_sorted, search_)
