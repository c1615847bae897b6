// Draws by rejection: each element tries until it accepts, with bits that depend on its key, its
// number and the attempt alone. All elements of a tile try once; those rejected are gathered and
// try again together. Computed in double; float32 draws are rounded at the end.

enum { TILE = 512, ROOM = TILE + GROUP_BLOCKS };  // a last group need not be full

// One attempt of many elements, in steps that each do all of them: within one vector almost every
// operation waits for the one before it, but those of different vectors overlap.
typedef struct {
  uint64_t bits[2][ROOM];  // two random words for each; before, its key and its number
  double a[ROOM], b[ROOM], d[ROOM];
  int64_t accepted[ROOM];
} trials;

// What a method sees of a vector of them.
typedef struct {
  u64v bits[2];
  f64v a, b;
} trial;

INLINE trial trial_at(const trials *t, int64_t i) {
  trial v = {.a = load_f64(t->a + i), .b = load_f64(t->b + i)};
  for (int word = 0; word < 2; word++) {
    __builtin_memcpy(&v.bits[word], t->bits[word] + i, sizeof v.bits[word]);
  }
  return v;
}

INLINE void finish_trial(trials *t, int64_t i, f64v draw, i64v accepted) {
  store_f64(t->d + i, draw);
  __builtin_memcpy(t->accepted + i, &accepted, sizeof accepted);
}

#define UNIT(bits) UNIT_F64(bits, f64v, u64v)
#define BROADCAST(x) splat_f64(x)

#include "samplers.h"

// ---- Attempts ---------------------------------------------------------------------------------

// Draws `n` elements, and says which have accepted.
typedef void (*sampler)(trials *, int64_t n);

typedef struct {
  sampler draw;
  uint32_t stream;
} method;

INLINE void attempt_all(trials *t, int64_t n, method m, uint32_t attempt) {
  for (int64_t i = n; i < n + GROUP_BLOCKS; i++) t->a[i] = 1, t->b[i] = 0;
  for (int64_t i = 0; i < n; i += GROUP_BLOCKS) {
    philox_lanes from;
    u64x8 w[4];
    __builtin_memcpy(&from.key, t->bits[0] + i, sizeof from.key);
    __builtin_memcpy(&from.block, t->bits[1] + i, sizeof from.block);
    philox8_attempt(&from, m.stream, attempt, w);
    const u64x8 first = w[0] | w[1] << 32, second = w[2] | w[3] << 32;
    __builtin_memcpy(t->bits[0] + i, &first, sizeof first);
    __builtin_memcpy(t->bits[1] + i, &second, sizeof second);
  }
  m.draw(t, n);
}

// ---- Tiles ------------------------------------------------------------------------------------

typedef struct {
  const int64_t *keys;
  int64_t row_length, start;  // elements per key; the tile's first element
  trials all;
} tile;

INLINE void set_place(trials *t, int64_t i, const tile *from, int64_t element) {
  const place at = place_of(from->start + element, from->row_length);
  t->bits[0][i] = (uint64_t)from->keys[at.row];
  t->bits[1][i] = (uint64_t)at.number;
}

INLINE void set_places(tile *t, int64_t n) {
  if (t->start + n > t->row_length) {
    for (int64_t i = 0; i < n; i++) set_place(&t->all, i, t, i);
    return;
  }
  const uint64_t key = (uint64_t)t->keys[0];
  for (int64_t i = 0; i < n; i++) {
    t->all.bits[0][i] = key;
    t->all.bits[1][i] = (uint64_t)(t->start + i);
  }
}

// The elements rejected try again; those rejected again stay listed.
static __attribute__((noinline)) void draw_again(
    tile *t, method m, uint16_t *list, int64_t listed) {
  trials later;
  for (uint32_t attempt = 1; listed > 0; attempt++) {
    for (int64_t i = 0; i < listed; i++) {
      const int64_t element = list[i];
      set_place(&later, i, t, element);
      later.a[i] = t->all.a[element];
      later.b[i] = t->all.b[element];
    }
    attempt_all(&later, listed, m, attempt);
    int64_t waiting = 0;
    for (int64_t i = 0; i < listed; i++) {
      const uint16_t element = list[i];
      t->all.d[element] = later.d[i];
      list[waiting] = element;
      waiting += !later.accepted[i];
    }
    listed = waiting;
  }
}

INLINE void draw_tile(tile *t, int64_t n, method m) {
  set_places(t, n);
  attempt_all(&t->all, n, m, 0);
  uint16_t list[TILE];
  int64_t waiting = 0;
  for (int64_t i = 0; i < n; i++) {
    list[waiting] = (uint16_t)i;
    waiting += !t->all.accepted[i];
  }
  if (waiting > 0) draw_again(t, m, list, waiting);
}

// ---- Kernels ----------------------------------------------------------------------------------

// The parameters are copied before anything is written: the destination may be one of them. Lanes
// beyond the last element draw with parameters for which every method accepts or soon will. The
// rest of a tile is not cleared: for ten draws that would take longer than drawing.
#define DRAW_KERNEL(name, T, METHOD, PARAMETERS, CLAMP)                             \
  static void name(const ctk_instr *p) {                                            \
    const T *a = (const T *)p->b, *b = (const T *)p->c;                             \
    T *d = (T *)p->d;                                                               \
    tile t;                                                                         \
    t.keys = (const int64_t *)p->a;                                                 \
    t.row_length = ((const ctk_random_desc *)p->x)->rowLength;                      \
    for (int64_t done = 0; done < p->n; done += TILE) {                             \
      const int64_t left = p->n - done, n = left < TILE ? left : TILE;              \
      t.start = p->start + done;                                                    \
      for (int64_t i = 0; i < n; i++) t.all.a[i] = (double)a[done + i];                 \
      for (int64_t i = 0; i < n; i++) t.all.b[i] = PARAMETERS > 1 ? (double)b[done + i] : 0; \
      METHOD(&t, n);                                                                \
      for (int64_t i = 0; i < n; i++) d[done + i] = CLAMP((T)t.all.d[i]);               \
    }                                                                               \
  }

#define DRAW(name, PARAMETERS, CLAMP_F64, CLAMP_F32, ...)                            \
  static __attribute__((noinline)) void name##_tile(tile *t, int64_t n) {           \
    draw_tile(t, n, (method){__VA_ARGS__});                                         \
  }                                                                                 \
  DRAW_KERNEL(name##_f64, double, name##_tile, PARAMETERS, CLAMP_F64)               \
  DRAW_KERNEL(name##_f32, float, name##_tile, PARAMETERS, CLAMP_F32)

#define AS_IS(x) (x)
// NaN stays.
#define NORMAL_F64(x) ((x) < 0x1p-1022 ? 0x1p-1022 : (x))
#define NORMAL_F32(x) ((x) < 0x1p-126f ? 0x1p-126f : (x))
#define FINITE_F64(x) ((x) < -0x1.fffffffffffffp1023 ? -0x1.fffffffffffffp1023 : (x))
#define FINITE_F32(x) ((x) < -0x1.fffffep127f ? -0x1.fffffep127f : (x))

DRAW(draw_gamma, 1, NORMAL_F64, NORMAL_F32, sample_gamma, CTK_STREAM_GAMMA)
DRAW(draw_log_gamma, 1, FINITE_F64, FINITE_F32, sample_log_gamma, CTK_STREAM_GAMMA)
DRAW(draw_poisson, 1, AS_IS, AS_IS, sample_poisson, CTK_STREAM_POISSON)
DRAW(draw_binomial, 2, AS_IS, AS_IS, sample_binomial, CTK_STREAM_BINOMIAL)
DRAW(draw_von_mises, 1, AS_IS, AS_IS, sample_von_mises, CTK_STREAM_VON_MISES)
