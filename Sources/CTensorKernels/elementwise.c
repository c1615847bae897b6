// Lookup of elementwise and random kernels, and the few that are the same on every machine.
#include "elementwise.h"

static const ctk_elementwise_table *table(void) {
#if defined(__x86_64__)
  switch (ctk_isa()) {
    case CTK_ISA_AVX512: return &ctk_elementwise_avx512;
    case CTK_ISA_AVX2: return &ctk_elementwise_avx2;
    default: break;
  }
#endif
  return &ctk_elementwise_baseline;
}

static int within(int value, int count) { return value >= 0 && value < count; }
static int is_dtype(int dtype) { return within(dtype, CTK_DTYPE_COUNT); }

ctk_fn ctk_unary(int op, int dtype) {
  if (!within(op, CTK_UNARY_COUNT) || !is_dtype(dtype)) return NULL;
  return table()->unary[op][dtype];
}

ctk_fn ctk_test(int op, int dtype) {
  if (!within(op, CTK_TEST_COUNT) || !is_dtype(dtype)) return NULL;
  return table()->test[op][dtype];
}

ctk_fn ctk_binary(int op, int dtype, int mode) {
  if (!within(op, CTK_BINARY_COUNT) || !is_dtype(dtype) || !within(mode, CTK_MODE_COUNT)) {
    return NULL;
  }
  return table()->binary[op][dtype][mode];
}

ctk_fn ctk_compare(int op, int dtype, int mode) {
  if (!within(op, CTK_COMPARE_COUNT) || !is_dtype(dtype) || !within(mode, CTK_MODE_COUNT)) {
    return NULL;
  }
  return table()->compare[op][dtype][mode];
}

ctk_fn ctk_where(int dtype, int mode) {
  if (!is_dtype(dtype) || !within(mode, CTK_WHERE_MODES)) return NULL;
  return table()->where[dtype][mode];
}

ctk_fn ctk_cast(int from, int to) {
  if (!is_dtype(from) || !is_dtype(to)) return NULL;
  return table()->cast[from][to];
}

ctk_fn ctk_fill(int dtype) { return is_dtype(dtype) ? table()->fill[dtype] : NULL; }
ctk_fn ctk_copy(int dtype) { return is_dtype(dtype) ? table()->copy[dtype] : NULL; }
ctk_fn ctk_affine(int dtype) { return is_dtype(dtype) ? table()->affine[dtype] : NULL; }
ctk_fn ctk_scaleadd(int dtype) { return is_dtype(dtype) ? table()->scaleadd[dtype] : NULL; }
ctk_fn ctk_muladd(int dtype) { return is_dtype(dtype) ? table()->muladd[dtype] : NULL; }

ctk_fn ctk_random(int kind, int dtype) {
  if (!within(kind, CTK_RANDOM_COUNT) || !is_dtype(dtype)) return NULL;
  return table()->random[kind][dtype];
}

ctk_fn ctk_draw(int kind, int dtype) {
  if (!within(kind, CTK_DRAW_COUNT) || !is_dtype(dtype)) return NULL;
  return table()->draw[kind][dtype];
}

// ---- Slopes of draws ------------------------------------------------------------------------

ctk_fn ctk_gamma_slope(int dtype) { return is_dtype(dtype) ? table()->gamma_slope[dtype] : NULL; }
ctk_fn ctk_beta_slopes(int dtype) { return is_dtype(dtype) ? table()->beta_slopes[dtype] : NULL; }

double ctk_gamma_slope_at(double a, double log_x) {
  double slope;
  const ctk_instr one = {.n = 1, .a = (char *)&a, .b = (char *)&log_x, .d = (char *)&slope};
  table()->gamma_slope[CTK_F64](&one);
  return slope;
}

void ctk_beta_slopes_at(double a, double b, double logit, double slopes[2]) {
  const ctk_instr one = {
      .n = 1, .a = (char *)&a, .b = (char *)&b, .c = (char *)&logit, .d = (char *)slopes};
  table()->beta_slopes[CTK_F64](&one);
}

// ---- Scalar functions, element by element -------------------------------------------------

typedef double (*function1)(double);
typedef double (*function2)(double, double);
typedef double (*function3)(double, double, double);

// The descriptor is a function's address kept in a data pointer. C has no conversion between the
// two, only a copy of the bits.
#define MAP_KERNELS(suffix, T)                                           \
  static void map1_##suffix(const ctk_instr *p) {                        \
    const T *a = (const T *)p->a;                                        \
    T *d = (T *)p->d;                                                    \
    function1 f;                                                         \
    __builtin_memcpy(&f, &p->x, sizeof f);                               \
    for (int64_t i = 0; i < p->n; i++) d[i] = (T)f(a[i]);                \
  }                                                                      \
  static void map2_##suffix(const ctk_instr *p) {                        \
    const T *a = (const T *)p->a, *b = (const T *)p->b;                  \
    T *d = (T *)p->d;                                                    \
    function2 f;                                                         \
    __builtin_memcpy(&f, &p->x, sizeof f);                               \
    for (int64_t i = 0; i < p->n; i++) d[i] = (T)f(a[i], b[i]);          \
  }                                                                      \
  static void map3_##suffix(const ctk_instr *p) {                        \
    const T *a = (const T *)p->a, *b = (const T *)p->b;                  \
    const T *c = (const T *)p->c;                                        \
    T *d = (T *)p->d;                                                    \
    function3 f;                                                         \
    __builtin_memcpy(&f, &p->x, sizeof f);                               \
    for (int64_t i = 0; i < p->n; i++) d[i] = (T)f(a[i], b[i], c[i]);    \
  }
MAP_KERNELS(f64, double)
MAP_KERNELS(f32, float)

ctk_fn ctk_map(int arity, int dtype) {
  static const ctk_fn kernels[3][2] = {
      {map1_f64, map1_f32}, {map2_f64, map2_f32}, {map3_f64, map3_f32}};
  if (!within(arity - 1, 3) || !within(dtype, 2)) return NULL;
  return kernels[arity - 1][dtype];
}

// ---- One Philox block at a time -------------------------------------------------------------

void ctk_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = (uint64_t)c0 * CTK_PHILOX_M0, p1 = (uint64_t)c2 * CTK_PHILOX_M1;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += CTK_PHILOX_W0;
    k1 += CTK_PHILOX_W1;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

int64_t ctk_fold_in(int64_t key, int64_t datum) {
  const uint64_t k = (uint64_t)key, x = (uint64_t)datum;
  const uint32_t counter[4] = {(uint32_t)x, (uint32_t)(x >> 32), CTK_STREAM_FOLD, 0};
  const uint32_t words[2] = {(uint32_t)k, (uint32_t)(k >> 32)};
  uint32_t out[4];
  ctk_philox4x32(counter, words, out);
  return (int64_t)(out[0] | (uint64_t)out[1] << 32);
}
