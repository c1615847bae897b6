// Movement between a contiguous block and a strided array.
#include "runtime.h"

#include <string.h>

// Dimensions of size one dropped and neighbours that continue each other joined; rank >= 1.
typedef struct {
  int rank;
  int64_t dims[CTK_MAX_RANK];
  int64_t strides[CTK_MAX_RANK];
} walk_shape;

static void simplify(const ctk_strides *s, walk_shape *w) {
  int rank = 0;
  for (int i = 0; i < s->rank; i++) {
    const int64_t dim = s->dims[i], stride = s->strides[i];
    if (dim == 1) continue;
    if (rank > 0 && w->strides[rank - 1] == dim * stride) {
      w->dims[rank - 1] *= dim;
      w->strides[rank - 1] = stride;
    } else {
      w->dims[rank] = dim;
      w->strides[rank++] = stride;
    }
  }
  if (rank == 0) {
    w->dims[0] = 1;
    w->strides[0] = 1;
    rank = 1;
  }
  w->rank = rank;
}

// Columns per tile of a transposing move: the cache lines of one tile stay in the first level.
enum { TILE = 64 };

// Defines `name(instr)` over elements of `type`. MOVE_ROW(flat, strided, stride, n) moves a run,
// MOVE(flat, strided) one element, and MOVE_ROWS moves all at once if it can.
#define DEFINE_WALK(name, type, MOVE, MOVE_ROW, MOVE_ROWS)                                       \
  static void name##_rows(char *flatBytes, char *stridedBytes, int64_t rows, int64_t columns,    \
                          int64_t rowStride, int64_t stride) {                                   \
    type *flat = (type *)flatBytes, *strided = (type *)stridedBytes;                             \
    if (rows > 1 && MOVE_ROWS(flat, strided, rows, columns, rowStride, stride)) return;          \
    if (rows > 1 && stride != 0 && stride != 1 && (rowStride == 1 || rowStride == -1)) {         \
      for (int64_t first = 0; first < columns; first += TILE) {                                  \
        const int64_t end = ctk_min(first + TILE, columns);                                      \
        for (int64_t r = 0; r < rows; r++)                                                       \
          for (int64_t c = first; c < end; c++)                                                  \
            MOVE(flat[r * columns + c], strided[r * rowStride + c * stride]);                    \
      }                                                                                          \
      return;                                                                                    \
    }                                                                                            \
    for (int64_t r = 0; r < rows; r++, flat += columns, strided += rowStride)                    \
      MOVE_ROW(type, flat, strided, stride, columns);                                            \
  }                                                                                              \
  static void name(const ctk_instr *instr) {                                                     \
    walk_shape w;                                                                                \
    simplify(instr->x, &w);                                                                      \
    walk(instr, &w, name##_base(instr), name##_flat(instr), sizeof(type), name##_rows);          \
  }

typedef void (*move_rows)(char *flat, char *strided, int64_t rows, int64_t columns,
                          int64_t rowStride, int64_t stride);

// Cuts elements start..<start + n into the rest of a row, whole rows, and the start of a row.
static void walk(const ctk_instr *instr, const walk_shape *w, char *base, char *flat, int64_t size,
                 move_rows move) {
  int64_t left = instr->n;
  if (left <= 0) return;
  const int last = w->rank - 1;
  const int64_t columns = w->dims[last], stride = w->strides[last];
  int64_t at[CTK_MAX_RANK];
  int64_t rest = instr->start;
  int64_t offset = 0;
  for (int i = last; i > 0; i--) {
    const int64_t q = rest / w->dims[i];
    at[i] = rest - q * w->dims[i];
    offset += at[i] * w->strides[i];
    rest = q;
  }
  at[0] = rest;
  offset += rest * w->strides[0];
  if (last == 0) {
    move(flat, base + offset * size, 1, left, 0, stride);
    return;
  }
  const int64_t rowStride = w->strides[last - 1];
  for (;;) {
    int64_t rows = 1, count = ctk_min(columns - at[last], left);
    if (count == columns) rows = ctk_min(left / columns, w->dims[last - 1] - at[last - 1]);
    move(flat, base + offset * size, rows, count, rowStride, stride);
    left -= rows * count;
    if (left == 0) return;
    flat += rows * count * size;
    offset += rows * rowStride - at[last] * stride;
    at[last] = 0;
    at[last - 1] += rows;
    for (int i = last - 1; i > 0 && at[i] == w->dims[i]; i--) {
      offset += w->strides[i - 1] - w->dims[i] * w->strides[i];
      at[i] = 0;
      at[i - 1]++;
    }
  }
}

enum { SHORT = 16 };  // runs not worth a call of memcpy

#define LOAD(flat, strided) flat = strided
#define LOAD_ROW(type, flat, strided, stride, n)                                                 \
  do {                                                                                           \
    if ((stride) == 1 && (n) >= SHORT) {                                                         \
      memcpy(flat, strided, (size_t)(n) * sizeof(type));                                         \
    } else if ((stride) == 0) {                                                                  \
      const type value = *(strided);                                                             \
      for (int64_t c = 0; c < (n); c++) (flat)[c] = value;                                       \
    } else {                                                                                     \
      for (int64_t c = 0; c < (n); c++) (flat)[c] = (strided)[c * (stride)];                     \
    }                                                                                            \
  } while (0)

// A number for each row of a few, or one row for all, without a loop for each row. What a store of
// WIDTH numbers writes beyond its row, the next row overwrites.
#define DEFINE_SPREAD(suffix, type)                                                              \
  CTK_INLINE int64_t fill_##suffix(type *flat, const type *strided, int64_t total,               \
                                   int64_t columns, int64_t rowStride, int width) {              \
    int64_t r = 0;                                                                               \
    for (; r * columns + width <= total; r++)                                                    \
      for (int c = 0; c < width; c++) flat[r * columns + c] = strided[r * rowStride];            \
    return r;                                                                                    \
  }                                                                                              \
  static int spread_##suffix(type *flat, const type *strided, int64_t rows, int64_t columns,     \
                             int64_t rowStride, int64_t stride) {                                \
    enum { WIDTH = 32 / sizeof(type) };                                                          \
    const int64_t total = rows * columns;                                                        \
    if (rowStride == 0) {                                                                        \
      LOAD_ROW(type, flat, strided, stride, columns);                                            \
      for (int64_t done = columns; done < total; done *= 2)                                      \
        memcpy(flat + done, flat, (size_t)ctk_min(done, total - done) * sizeof(type));           \
      return 1;                                                                                  \
    }                                                                                            \
    if (stride != 0 || columns > WIDTH) return 0;                                                \
    const int isNarrow = columns <= WIDTH / 2;                                                   \
    int64_t r = isNarrow ? fill_##suffix(flat, strided, total, columns, rowStride, WIDTH / 2)    \
                         : fill_##suffix(flat, strided, total, columns, rowStride, WIDTH);       \
    for (; r < rows; r++)                                                                        \
      for (int64_t c = 0; c < columns; c++) flat[r * columns + c] = strided[r * rowStride];      \
    return 1;                                                                                    \
  }

#define STORE(flat, strided) strided = flat
#define NO_SPREAD(...) 0
#define STORE_ROW(type, flat, strided, stride, n)                                                \
  do {                                                                                           \
    if ((stride) == 1 && (n) >= SHORT) {                                                         \
      memcpy(strided, flat, (size_t)(n) * sizeof(type));                                         \
    } else {                                                                                     \
      for (int64_t c = 0; c < (n); c++) (strided)[c * (stride)] = (flat)[c];                     \
    }                                                                                            \
  } while (0)

#define DEFINE_MOVES(suffix, type)                                                               \
  static inline char *load_##suffix##_base(const ctk_instr *i) { return (char *)(uintptr_t)i->a; }\
  static inline char *load_##suffix##_flat(const ctk_instr *i) { return i->d; }                  \
  static inline char *store_##suffix##_base(const ctk_instr *i) { return i->d; }                 \
  static inline char *store_##suffix##_flat(const ctk_instr *i) {                                \
    return (char *)(uintptr_t)i->a;                                                              \
  }                                                                                              \
  DEFINE_SPREAD(suffix, type)                                                                    \
  DEFINE_WALK(load_##suffix, type, LOAD, LOAD_ROW, spread_##suffix)                              \
  DEFINE_WALK(store_##suffix, type, STORE, STORE_ROW, NO_SPREAD)

// Moves copy bits, so equal sizes share code.
typedef uint64_t __attribute__((may_alias)) bits64;
typedef uint32_t __attribute__((may_alias)) bits32;
DEFINE_MOVES(8, bits64)
DEFINE_MOVES(4, bits32)
DEFINE_MOVES(1, uint8_t)

ctk_fn ctk_load(int dtype) {
  switch (dtype) {
    case CTK_F64: case CTK_I64: return load_8;
    case CTK_F32: return load_4;
    case CTK_BOOL: return load_1;
    default: return NULL;
  }
}

ctk_fn ctk_store(int dtype) {
  switch (dtype) {
    case CTK_F64: case CTK_I64: return store_8;
    case CTK_F32: return store_4;
    case CTK_BOOL: return store_1;
    default: return NULL;
  }
}
