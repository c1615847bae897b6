// Kernels of the transcendental functions of real_lanes.h. Every element, in the tail as well,
// goes through the vector function, so its result does not depend on its place.

#define KERNEL1(f)                                                            \
  static void FN(f)(const ctk_instr *p) {                                     \
    const T *a = (const T *)p->a;                                             \
    T *d = (T *)p->d;                                                         \
    const int64_t n = p->n;                                                   \
    int64_t i = 0;                                                            \
    for (; i + LANES <= n; i += LANES) FN(store)(d + i, FN(v##f)(FN(load)(a + i))); \
    if (i < n) FN(store_tail)(d + i, FN(v##f)(FN(load_tail)(a + i, n - i)), n - i); \
  }

// One scalar operand fills a vector; the others are loaded.
#define KERNEL2(f)                                                                      \
  static void JOIN(FN(f), _vv)(const ctk_instr *p) {                                    \
    const T *a = (const T *)p->a, *b = (const T *)p->b;                                 \
    T *d = (T *)p->d;                                                                   \
    const int64_t n = p->n;                                                             \
    int64_t i = 0;                                                                      \
    for (; i + LANES <= n; i += LANES) {                                                \
      FN(store)(d + i, FN(v##f)(FN(load)(a + i), FN(load)(b + i)));                     \
    }                                                                                   \
    if (i == n) return;                                                                 \
    const V x = FN(load_tail)(a + i, n - i), y = FN(load_tail)(b + i, n - i);           \
    FN(store_tail)(d + i, FN(v##f)(x, y), n - i);                                       \
  }                                                                                     \
  static void JOIN(FN(f), _vs)(const ctk_instr *p) {                                    \
    const T *a = (const T *)p->a;                                                       \
    const V y = FN(splat)(*(const T *)p->b);                                            \
    T *d = (T *)p->d;                                                                   \
    const int64_t n = p->n;                                                             \
    int64_t i = 0;                                                                      \
    for (; i + LANES <= n; i += LANES) FN(store)(d + i, FN(v##f)(FN(load)(a + i), y));  \
    if (i < n) FN(store_tail)(d + i, FN(v##f)(FN(load_tail)(a + i, n - i), y), n - i);  \
  }                                                                                     \
  static void JOIN(FN(f), _sv)(const ctk_instr *p) {                                    \
    const V x = FN(splat)(*(const T *)p->a);                                            \
    const T *b = (const T *)p->b;                                                       \
    T *d = (T *)p->d;                                                                   \
    const int64_t n = p->n;                                                             \
    int64_t i = 0;                                                                      \
    for (; i + LANES <= n; i += LANES) FN(store)(d + i, FN(v##f)(x, FN(load)(b + i)));  \
    if (i < n) FN(store_tail)(d + i, FN(v##f)(x, FN(load_tail)(b + i, n - i)), n - i);  \
  }

KERNEL1(exp)
KERNEL1(exp2)
KERNEL1(expm1)
KERNEL1(log)
KERNEL1(log2)
KERNEL1(log10)
KERNEL1(log1p)
KERNEL1(sin)
KERNEL1(cos)
KERNEL1(tan)
KERNEL1(asin)
KERNEL1(acos)
KERNEL1(atan)
KERNEL1(sinh)
KERNEL1(cosh)
KERNEL1(tanh)
KERNEL1(asinh)
KERNEL1(acosh)
KERNEL1(atanh)
KERNEL1(sigmoid)
KERNEL1(softplus)
KERNEL1(elu)
KERNEL1(logsigmoid)
KERNEL1(erf)
KERNEL1(erfc)
KERNEL1(lgamma)
KERNEL1(gammapeak)
KERNEL1(logminusdigamma)
KERNEL2(pow)
KERNEL2(atan2)
KERNEL2(hypot)
KERNEL2(logaddexp)

#undef KERNEL1
#undef KERNEL2
