// Draws by rejection: each element tries until it accepts, with bits that depend on its key, its
// number and the attempt alone. All elements of a tile try once, eight at a time; those rejected
// are gathered and try again together. Computed in double; float32 draws are rounded at the end.

enum { TILE = 512 };

typedef struct {
  const int64_t *keys;
  int64_t row_length, start;  // keys per element; the tile's first element
  // Parameters and results, with room for a last group that is not full.
  double a[TILE + GROUP_BLOCKS], b[TILE + GROUP_BLOCKS], d[TILE + GROUP_BLOCKS];
} tile;

// One attempt of some elements: two or four words of random bits each, and their parameters.
typedef struct {
  u64v bits[4];
  f64v a, b;
} trial;

#define UNIT(bits) UNIT_F64(bits, f64v, u64v)
#define BROADCAST(x) splat_f64(x)

#include "samplers.h"

// ---- Eight elements ---------------------------------------------------------------------------

// Computes the draws of some elements, and returns which lanes have accepted.
typedef i64v (*sampler)(const trial *, f64v *);

typedef struct {
  sampler draw;
  uint32_t stream;
  int blocks;  // of random bits per attempt: 1 or 2
} method;

INLINE void eight_places(
    const tile *t, const uint16_t *which, int64_t first, int64_t count, philox_lanes *from) {
  const u64x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  if (!which && t->start + first + GROUP_BLOCKS <= t->row_length) {
    *from = (philox_lanes){(uint64_t)t->keys[0], (uint64_t)(t->start + first) + lane};
    return;
  }
  *from = (philox_lanes){0, 0};
  for (int64_t j = 0; j < count; j++) {
    const place at = place_of(t->start + (which ? which[j] : first + j), t->row_length);
    from->key[j] = (uint64_t)t->keys[at.row];
    from->block[j] = (uint64_t)at.number;
  }
}

INLINE void eight_bits(
    const philox_lanes *from, method m, uint32_t attempt, u64x8 bits[4]) {
  for (int block = 0; block < m.blocks; block++) {
    u64x8 w[4];
    philox8_attempt(from, m.stream, (uint32_t)m.blocks * attempt + (uint32_t)block, w);
    bits[2 * block] = w[0] | w[1] << 32;
    bits[2 * block + 1] = w[2] | w[3] << 32;
  }
}

// Returns a mask of the lanes that were rejected.
INLINE unsigned eight_trials(
    method m, const u64x8 bits[4], const double *a, const double *b, double *d) {
  unsigned rejected = 0;
  for (int i = 0; i < GROUP_BLOCKS; i += F64_LANES) {
    trial t = {.a = load_f64(a + i), .b = load_f64(b + i)};
    for (int word = 0; word < 2 * m.blocks; word++) {
      __builtin_memcpy(&t.bits[word], (const char *)&bits[word] + 8 * i, sizeof t.bits[word]);
    }
    f64v draw;
    const i64v accepted = m.draw(&t, &draw);
    store_f64(d + i, draw);
    if (any_f64(~accepted)) {
      for (int j = 0; j < F64_LANES; j++) rejected |= (unsigned)!accepted[j] << (i + j);
    }
  }
  return rejected;
}

// ---- Tiles ------------------------------------------------------------------------------------

// The first attempt of all `n` elements; lists those rejected, and returns how many they are.
INLINE int64_t first_attempts(tile *t, int64_t n, method m, uint16_t *list) {
  int64_t waiting = 0;
  for (int64_t i = 0; i < n; i += GROUP_BLOCKS) {
    const int64_t left = n - i, count = left < GROUP_BLOCKS ? left : GROUP_BLOCKS;
    philox_lanes from;
    u64x8 bits[4];
    eight_places(t, NULL, i, count, &from);
    eight_bits(&from, m, 0, bits);
    unsigned rejected = eight_trials(m, bits, t->a + i, t->b + i, t->d + i);
    for (rejected &= (1u << count) - 1; rejected; rejected &= rejected - 1) {
      list[waiting++] = (uint16_t)(i + __builtin_ctz(rejected));
    }
  }
  return waiting;
}

// A later attempt of the elements listed; those rejected again stay listed.
INLINE int64_t later_attempts(
    tile *t, uint32_t attempt, method m, uint16_t *list, int64_t listed) {
  int64_t waiting = 0;
  for (int64_t i = 0; i < listed; i += GROUP_BLOCKS) {
    const int64_t left = listed - i, count = left < GROUP_BLOCKS ? left : GROUP_BLOCKS;
    philox_lanes from;
    u64x8 bits[4];
    double a[GROUP_BLOCKS], b[GROUP_BLOCKS], d[GROUP_BLOCKS];
    for (int64_t j = 0; j < GROUP_BLOCKS; j++) {
      const uint16_t element = list[i + (j < count ? j : 0)];
      a[j] = t->a[element];
      b[j] = t->b[element];
    }
    eight_places(t, list + i, 0, count, &from);
    eight_bits(&from, m, attempt, bits);
    const unsigned rejected = eight_trials(m, bits, a, b, d);
    for (int64_t j = 0; j < count; j++) {
      const uint16_t element = list[i + j];
      t->d[element] = d[j];
      if (rejected >> j & 1) list[waiting++] = element;
    }
  }
  return waiting;
}

INLINE void draw_tile(tile *t, int64_t n, method m) {
  uint16_t list[TILE];
  int64_t waiting = first_attempts(t, n, m, list);
  for (uint32_t attempt = 1; waiting > 0; attempt++) {
    waiting = later_attempts(t, attempt, m, list, waiting);
  }
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
      for (int64_t i = 0; i < n; i++) t.a[i] = (double)a[done + i];                 \
      for (int64_t i = 0; i < n; i++) t.b[i] = PARAMETERS > 1 ? (double)b[done + i] : 0; \
      for (int64_t i = n; i < n + GROUP_BLOCKS; i++) t.a[i] = 1, t.b[i] = 0;        \
      METHOD(&t, n);                                                                \
      for (int64_t i = 0; i < n; i++) d[done + i] = CLAMP((T)t.d[i]);               \
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

DRAW(draw_gamma, 1, NORMAL_F64, NORMAL_F32, sample_gamma, CTK_STREAM_GAMMA, 2)
DRAW(draw_log_gamma, 1, FINITE_F64, FINITE_F32, sample_log_gamma, CTK_STREAM_GAMMA, 2)
DRAW(draw_poisson, 1, AS_IS, AS_IS, sample_poisson, CTK_STREAM_POISSON, 1)
DRAW(draw_binomial, 2, AS_IS, AS_IS, sample_binomial, CTK_STREAM_BINOMIAL, 1)
DRAW(draw_von_mises, 1, AS_IS, AS_IS, sample_von_mises, CTK_STREAM_VON_MISES, 1)
