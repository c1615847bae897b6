// Random numbers from Philox 4x32-10 (Salmon et al. 2011), eight blocks at a time.
//
// A row's stream is cut into groups made of eight consecutive blocks. Within a group the elements
// are ordered so that vectors need no shuffling: element j of each run of eight comes from block
// j. Block b of a row's stream has the counter (b low, b high, stream, 0) under the row's key, so
// an element's bits depend on its key and number alone.

typedef uint64_t u64x8 __attribute__((ext_vector_type(8)));
typedef uint32_t u32x8 __attribute__((ext_vector_type(8)));

enum { GROUP_BLOCKS = 8, GROUP_64 = 16, GROUP_32 = 32 };

#define LOW_WORD 0xFFFFFFFFu

// Eight blocks to compute: a key and a block number for each lane.
typedef struct {
  u64x8 key, block;
} philox_lanes;

// Ten rounds on 32-bit words kept in 64-bit lanes. The upper halves hold rubbish, which neither
// the 32-bit multiplication nor exclusive or lets into the lower halves.
INLINE void philox8_attempt(
    const philox_lanes *from, uint32_t stream, uint32_t attempt, u64x8 out[4]) {
  u64x8 c0 = from->block, c1 = from->block >> 32, c2 = stream, c3 = attempt;
  u64x8 k0 = from->key, k1 = from->key >> 32;
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    const u64x8 p0 = (c0 & LOW_WORD) * CTK_PHILOX_M0, p1 = (c2 & LOW_WORD) * CTK_PHILOX_M1;
    c0 = (p1 >> 32) ^ c1 ^ k0;
    c2 = (p0 >> 32) ^ c3 ^ k1;
    c1 = p1;
    c3 = p0;
    k0 += CTK_PHILOX_W0;
    k1 += CTK_PHILOX_W1;
  }
  out[0] = c0 & LOW_WORD;
  out[1] = c1 & LOW_WORD;
  out[2] = c2 & LOW_WORD;
  out[3] = c3 & LOW_WORD;
}
INLINE void philox8(const philox_lanes *from, uint32_t stream, u64x8 out[4]) {
  philox8_attempt(from, stream, 0, out);
}

// ---- Groups: what eight blocks give -----------------------------------------------------------

INLINE void group_bits(const philox_lanes *from, int64_t *d) {
  u64x8 w[4];
  philox8(from, CTK_STREAM_BITS, w);
  const u64x8 first = w[0] | w[1] << 32, second = w[2] | w[3] << 32;
  __builtin_memcpy(d, &first, sizeof first);
  __builtin_memcpy(d + 8, &second, sizeof second);
}

// (k + 1/2) / 2^52 for the upper 52 bits k, exactly: as the fraction of a number in [1, 2), less
// 1 - 2^-53. (With 53 bits the half would be rounded, and the largest result would be 1.)
#define UNIT_F64(bits, V, U) \
  ((V)(((bits) >> 12) | (U)0x3FF0000000000000) - 0x1.fffffffffffffp-1)
// The same from the upper 23 of 32 bits.
#define UNIT_F32(bits, V, U) ((V)(((bits) >> 9) | (U)0x3F800000) - 0x1.fffffep-1f)

typedef double f64x8 __attribute__((ext_vector_type(8)));
typedef float f32x8 __attribute__((ext_vector_type(8)));

INLINE void group_uniform_f64(const philox_lanes *from, double *d) {
  u64x8 w[4];
  philox8(from, CTK_STREAM_UNIFORM_F64, w);
  const u64x8 first = w[0] | w[1] << 32, second = w[2] | w[3] << 32;
  const f64x8 x = UNIT_F64(first, f64x8, u64x8), y = UNIT_F64(second, f64x8, u64x8);
  __builtin_memcpy(d, &x, sizeof x);
  __builtin_memcpy(d + 8, &y, sizeof y);
}

INLINE void group_uniform_f32(const philox_lanes *from, float *d) {
  u64x8 w[4];
  philox8(from, CTK_STREAM_UNIFORM_F32, w);
  for (int i = 0; i < 4; i++) {
    const u32x8 word = __builtin_convertvector(w[i], u32x8);
    const f32x8 x = UNIT_F32(word, f32x8, u32x8);
    __builtin_memcpy(d + 8 * i, &x, sizeof x);
  }
}

// Box-Muller: radius sqrt(-2 log u) and a uniform direction give two normal numbers. The
// direction is an angle in the first eighth of the circle, and three more bits for the exchange
// of sine and cosine and for their signs.
INLINE void group_normal_f64(const philox_lanes *from, double *d) {
  u64x8 w[4];
  philox8(from, CTK_STREAM_NORMAL_F64, w);
  const u64x8 first = w[0] | w[1] << 32, second = w[2] | w[3] << 32;
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += F64_LANES) {
    i64v radius_bits, angle_bits;
    __builtin_memcpy(&radius_bits, (const char *)&first + 8 * i, sizeof radius_bits);
    __builtin_memcpy(&angle_bits, (const char *)&second + 8 * i, sizeof angle_bits);
    f64v x, y;
    direction_f64(angle_bits, &x, &y);
    const f64v u = UNIT_F64((u64v)radius_bits, f64v, u64v);
    const f64v r = __builtin_elementwise_sqrt(-2 * vlog_normal_f64(u));
    store_f64(d + i, r * x);
    store_f64(d + 8 + i, r * y);
  }
}

// The radius uses all 32 bits, to reach 6.7 standard deviations. Where rounding makes u one, the
// radius is given a typical value for such u in place of zero.
INLINE void group_normal_f32(const philox_lanes *from, float *d) {
  u64x8 w[4];
  philox8(from, CTK_STREAM_NORMAL_F32, w);
  uint32_t radius[16], angle[16];
  for (int i = 0; i < 2; i++) {
    const u32x8 even = __builtin_convertvector(w[2 * i], u32x8);
    const u32x8 odd = __builtin_convertvector(w[2 * i + 1], u32x8);
    __builtin_memcpy(radius + 8 * i, &even, sizeof even);
    __builtin_memcpy(angle + 8 * i, &odd, sizeof odd);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += F32_LANES) {
    u32v radius_bits;
    i32v angle_bits;
    __builtin_memcpy(&radius_bits, radius + i, sizeof radius_bits);
    __builtin_memcpy(&angle_bits, angle + i, sizeof angle_bits);
    f32v x, y;
    direction_f32(angle_bits, &x, &y);
    const f32v u = __builtin_convertvector(radius_bits, f32v) * 0x1p-32f + 0x1p-33f;
    const f32v square = -2 * vlog_normal_f32(u), least = 0x1p-25f;
    const f32v r = __builtin_elementwise_sqrt(square > least ? square : least);
    store_f32(d + i, r * x);
    store_f32(d + 16 + i, r * y);
  }
}

// ---- Rows -------------------------------------------------------------------------------------

typedef struct {
  int64_t row, number;  // of an element: which key, and which element of its stream
} place;

// One row is the common case, and a division costs as much as a vector of random numbers.
INLINE place place_of(int64_t element, int64_t row_length) {
  if (element < row_length) return (place){0, element};
  return (place){element / row_length, element % row_length};
}

// Rows of at most eight elements: lane j takes the j-th element of the window, under its own key.
// Element e < 8 of a stream is the first of block e.
#define SHORT_ROWS(name, T, SIZE, GROUP)                                                 \
  static void name##_short_rows(const ctk_instr *p, int64_t row_length) {                \
    const int64_t *keys = (const int64_t *)p->a;                                         \
    T *d = (T *)p->d;                                                                    \
    place at = place_of(p->start, row_length);                                           \
    for (int64_t i = 0; i < p->n; i += GROUP_BLOCKS) {                                   \
      const int64_t left = p->n - i, count = left < GROUP_BLOCKS ? left : GROUP_BLOCKS;  \
      philox_lanes from = {0, 0};                                                        \
      if (row_length == 1 && count == GROUP_BLOCKS) {                                    \
        __builtin_memcpy(&from.key, keys + p->start + i, sizeof from.key);               \
        at.row += count;                                                                 \
      } else {                                                                           \
        for (int64_t j = 0; j < count; j++) {                                            \
          from.key[j] = (uint64_t)keys[at.row];                                          \
          from.block[j] = (uint64_t)at.number;                                           \
          if (++at.number == row_length) at = (place){at.row + 1, 0};                    \
        }                                                                                \
      }                                                                                  \
      T group[SIZE];                                                                     \
      GROUP(&from, group);                                                               \
      for (int64_t j = 0; j < count; j++) d[i + j] = group[j];                           \
    }                                                                                    \
  }

// `count` elements of one row from element `number` on.
#define ROW_PART(name, T, SIZE, GROUP)                                                    \
  static void name##_row_part(uint64_t key, int64_t number, int64_t count, T *d) {        \
    const u64x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};                                          \
    philox_lanes from = {key, (uint64_t)(number / SIZE * GROUP_BLOCKS) + lane};           \
    int64_t skip = number % SIZE;                                                         \
    while (count > 0) {                                                                   \
      if (skip == 0 && count >= SIZE) {                                                   \
        GROUP(&from, d);                                                                  \
        count -= SIZE;                                                                    \
        d += SIZE;                                                                        \
      } else {                                                                            \
        T group[SIZE];                                                                    \
        GROUP(&from, group);                                                              \
        const int64_t part = SIZE - skip < count ? SIZE - skip : count;                   \
        for (int64_t j = 0; j < part; j++) d[j] = group[skip + j];                        \
        count -= part;                                                                    \
        d += part;                                                                        \
        skip = 0;                                                                         \
      }                                                                                   \
      from.block += GROUP_BLOCKS;                                                         \
    }                                                                                     \
  }

#define RANDOM(name, T, SIZE, GROUP)                                                      \
  SHORT_ROWS(name, T, SIZE, GROUP)                                                        \
  ROW_PART(name, T, SIZE, GROUP)                                                          \
  static void name(const ctk_instr *p) {                                                  \
    const int64_t row_length = ((const ctk_random_desc *)p->x)->rowLength;                \
    if (row_length <= GROUP_BLOCKS) {                                                     \
      name##_short_rows(p, row_length);                                                   \
      return;                                                                             \
    }                                                                                     \
    const int64_t *keys = (const int64_t *)p->a;                                          \
    T *d = (T *)p->d;                                                                     \
    place at = place_of(p->start, row_length);                                            \
    for (int64_t left = p->n; left > 0; at = (place){at.row + 1, 0}) {                    \
      const int64_t rest = row_length - at.number, count = rest < left ? rest : left;     \
      name##_row_part((uint64_t)keys[at.row], at.number, count, d);                       \
      d += count;                                                                         \
      left -= count;                                                                      \
    }                                                                                     \
  }

RANDOM(random_bits, int64_t, GROUP_64, group_bits)
RANDOM(random_uniform_f64, double, GROUP_64, group_uniform_f64)
RANDOM(random_uniform_f32, float, GROUP_32, group_uniform_f32)
RANDOM(random_normal_f64, double, GROUP_64, group_normal_f64)
RANDOM(random_normal_f32, float, GROUP_32, group_normal_f32)

// ---- Derived keys -------------------------------------------------------------------------------

INLINE void group_fold(const philox_lanes *from, int64_t *d) {
  u64x8 w[4];
  philox8(from, CTK_STREAM_FOLD, w);
  const u64x8 folded = w[0] | w[1] << 32;
  __builtin_memcpy(d, &folded, sizeof folded);
}

// The datum is the block number of a stream of its own; the new key is the block's first half.
INLINE void fold_in(const ctk_instr *p, int key_scalar, int datum_scalar) {
  const int64_t *keys = (const int64_t *)p->a, *data = (const int64_t *)p->b;
  int64_t *d = (int64_t *)p->d;
  philox_lanes from = {(uint64_t)*keys, (uint64_t)*data};
  int64_t i = 0;
  for (; i + GROUP_BLOCKS <= p->n; i += GROUP_BLOCKS) {
    if (!key_scalar) __builtin_memcpy(&from.key, keys + i, sizeof from.key);
    if (!datum_scalar) __builtin_memcpy(&from.block, data + i, sizeof from.block);
    group_fold(&from, d + i);
  }
  if (i == p->n) return;
  int64_t key[GROUP_BLOCKS] = {0}, block[GROUP_BLOCKS] = {0};
  for (int64_t j = 0; j < p->n - i; j++) {
    if (!key_scalar) key[j] = keys[i + j];
    if (!datum_scalar) block[j] = data[i + j];
  }
  if (!key_scalar) __builtin_memcpy(&from.key, key, sizeof key);
  if (!datum_scalar) __builtin_memcpy(&from.block, block, sizeof block);
  group_fold(&from, key);
  for (int64_t j = 0; j < p->n - i; j++) d[i + j] = key[j];
}

static void foldin_i64_vv(const ctk_instr *p) { fold_in(p, 0, 0); }
static void foldin_i64_vs(const ctk_instr *p) { fold_in(p, 0, 1); }
static void foldin_i64_sv(const ctk_instr *p) { fold_in(p, 1, 0); }
