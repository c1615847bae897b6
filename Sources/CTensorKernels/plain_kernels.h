// Kernels that are ordinary loops, which the compiler vectorises: arithmetic, comparison,
// selection, conversion. They are exact or rounded once, so vectors and scalars agree to the bit.

// Where there are no vectors, or in an instrumented build, the loops stay scalar: no matter.
#pragma clang diagnostic ignored "-Wpass-failed"

// The destination may be an operand, so nothing is `restrict`; but element i never depends on
// another, which the pragma says.
#define LOOP                                               \
  _Pragma("clang loop vectorize(assume_safety)")           \
  for (int64_t i = 0; i < n; i++)

#define UNARY_TO(name, D, A, EXPR)           \
  static void name(const ctk_instr *p) {     \
    const A *a = (const A *)p->a;            \
    D *d = (D *)p->d;                        \
    const int64_t n = p->n;                  \
    LOOP {                                   \
      const A x = a[i];                      \
      d[i] = (D)(EXPR);                      \
    }                                        \
  }
#define UNARY(name, A, EXPR) UNARY_TO(name, A, A, EXPR)

// For bodies with calls or divisions, which stay scalar.
#define SCALAR_LOOP for (int64_t i = 0; i < n; i++)

// The three modes; a scalar operand is read before the loop, as the destination may hold it.
#define BINARY_TO(name, D, A, LOOP, EXPR)                  \
  static void name##_vv(const ctk_instr *p) {              \
    const A *a = (const A *)p->a, *b = (const A *)p->b;    \
    D *d = (D *)p->d;                                      \
    const int64_t n = p->n;                                \
    LOOP {                                                 \
      const A x = a[i], y = b[i];                          \
      d[i] = (D)(EXPR);                                    \
    }                                                      \
  }                                                        \
  static void name##_vs(const ctk_instr *p) {              \
    const A *a = (const A *)p->a;                          \
    const A y = *(const A *)p->b;                          \
    D *d = (D *)p->d;                                      \
    const int64_t n = p->n;                                \
    LOOP {                                                 \
      const A x = a[i];                                    \
      d[i] = (D)(EXPR);                                    \
    }                                                      \
  }                                                        \
  static void name##_sv(const ctk_instr *p) {              \
    const A x = *(const A *)p->a;                          \
    const A *b = (const A *)p->b;                          \
    D *d = (D *)p->d;                                      \
    const int64_t n = p->n;                                \
    LOOP {                                                 \
      const A y = b[i];                                    \
      d[i] = (D)(EXPR);                                    \
    }                                                      \
  }
#define BINARY(name, A, EXPR) BINARY_TO(name, A, A, LOOP, EXPR)
#define BINARY_SCALAR(name, A, EXPR) BINARY_TO(name, A, A, SCALAR_LOOP, EXPR)

// ---- Floating point -------------------------------------------------------------------------

#define REAL_KERNELS(t, T)                                                        \
  UNARY(neg_##t, T, -x)                                                           \
  UNARY(abs_##t, T, __builtin_elementwise_abs(x))                                 \
  UNARY(sign_##t, T, x > 0 ? (T)1 : x < 0 ? (T)-1 : x == 0 ? (T)0 : x)            \
  UNARY(square_##t, T, x * x)                                                     \
  UNARY(sqrt_##t, T, __builtin_elementwise_sqrt(x))                               \
  UNARY(rsqrt_##t, T, 1 / __builtin_elementwise_sqrt(x))                          \
  UNARY(reciprocal_##t, T, 1 / x)                                                 \
  UNARY(floor_##t, T, __builtin_elementwise_floor(x))                             \
  UNARY(ceil_##t, T, __builtin_elementwise_ceil(x))                               \
  UNARY(round_##t, T, __builtin_elementwise_rint(x))                              \
  UNARY(trunc_##t, T, __builtin_elementwise_trunc(x))                             \
  UNARY(relu_##t, T, x <= 0 ? (T)0 : x) /* NaN stays */                           \
  UNARY_TO(isnan_##t, uint8_t, T, x != x)                                         \
  UNARY_TO(isfinite_##t, uint8_t, T, __builtin_elementwise_abs(x) < (T)INFINITY)  \
  BINARY(add_##t, T, x + y)                                                       \
  BINARY(sub_##t, T, x - y)                                                       \
  BINARY(mul_##t, T, x *y)                                                        \
  BINARY(div_##t, T, x / y)                                                       \
  BINARY(max_##t, T, x > y || x != x ? x : y)                                     \
  BINARY(min_##t, T, x < y || x != x ? x : y)                                     \
  BINARY(mulsafe_##t, T, x == 0 ? (T)0 : x *y)                                    \
  BINARY_SCALAR(mod_##t, T, modulo_##t(x, y))                                            \
  static void affine_##t(const ctk_instr *p) {                                    \
    const T *a = (const T *)p->a;                                                 \
    const T b = *(const T *)p->b, c = *(const T *)p->c;                           \
    T *d = (T *)p->d;                                                             \
    const int64_t n = p->n;                                                       \
    LOOP d[i] = a[i] * b + c;                                                     \
  }                                                                               \
  static void scaleadd_##t(const ctk_instr *p) {                                  \
    const T *a = (const T *)p->a, *c = (const T *)p->c;                           \
    const T b = *(const T *)p->b;                                                 \
    T *d = (T *)p->d;                                                             \
    const int64_t n = p->n;                                                       \
    LOOP d[i] = a[i] * b + c[i];                                                  \
  }                                                                               \
  static void muladd_##t(const ctk_instr *p) {                                    \
    const T *a = (const T *)p->a, *b = (const T *)p->b, *c = (const T *)p->c;     \
    T *d = (T *)p->d;                                                             \
    const int64_t n = p->n;                                                       \
    LOOP d[i] = a[i] * b[i] + c[i];                                               \
  }

// NumPy's remainder: of the divisor's sign, and a zero remainder is a zero of that sign. With
// fused multiply-add the remainder of a moderate quotient is exact in one step: if the rounded
// quotient is one too large in magnitude, the remainder comes out with the wrong sign and one
// divisor more makes it right, exactly again.
#if CTK_LANES_SSE2
#define FAST_REMAINDER 0  // without the instruction, a call
#else
#define FAST_REMAINDER 1
#endif
#define MODULO(t, T, FMOD, FMA, LIMIT)                                 \
  INLINE T modulo_##t(T x, T y) {                                      \
    const T q = __builtin_elementwise_trunc(x / y);                    \
    T r = FAST_REMAINDER ? FMA(-q, y, x) : 0;                          \
    const int exact = FAST_REMAINDER && __builtin_elementwise_abs(q) < LIMIT && r == r; \
    if (!exact) {                                                      \
      r = FMOD(x, y);                                                  \
    } else if (r != 0 && (r < 0) != (x < 0)) {                         \
      r += (x < 0) == (y < 0) ? y : -y;                                \
    }                                                                  \
    if (r == 0) return __builtin_copysign(0.0, (double)y);             \
    return (r < 0) != (y < 0) ? r + y : r;                             \
  }
MODULO(f64, double, __builtin_fmod, __builtin_fma, 0x1p52)
MODULO(f32, float, __builtin_fmodf, __builtin_fmaf, 0x1p23f)

REAL_KERNELS(f64, double)
REAL_KERNELS(f32, float)

// ---- Integers and truth values ----------------------------------------------------------------

// Integer arithmetic wraps around: it is done unsigned, where that is defined.
#define WRAP(x, op, y) (int64_t)((uint64_t)(x)op(uint64_t)(y))

UNARY(neg_i64, int64_t, WRAP(0, -, x))
UNARY(abs_i64, int64_t, x < 0 ? WRAP(0, -, x) : x)
UNARY(sign_i64, int64_t, (x > 0) - (x < 0))
UNARY(square_i64, int64_t, WRAP(x, *, x))
UNARY(relu_i64, int64_t, x > 0 ? x : 0)
UNARY(not_bool, uint8_t, !x)

// A divisor of -1 is taken apart because the processor traps on the one overflowing quotient.
INLINE int64_t floor_divide(int64_t x, int64_t y) {
  if (y == 0) return 0;
  if (y == -1) return WRAP(0, -, x);
  const int64_t q = x / y;
  return q - ((x % y != 0) & ((x < 0) != (y < 0)));
}
INLINE int64_t floor_modulo(int64_t x, int64_t y) {
  if (y == 0 || y == -1) return 0;
  const int64_t r = x % y;
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

BINARY(add_i64, int64_t, WRAP(x, +, y))
BINARY(sub_i64, int64_t, WRAP(x, -, y))
BINARY(mul_i64, int64_t, WRAP(x, *, y))
BINARY_SCALAR(div_i64, int64_t, floor_divide(x, y))
BINARY_SCALAR(mod_i64, int64_t, floor_modulo(x, y))
BINARY(max_i64, int64_t, x > y ? x : y)
BINARY(min_i64, int64_t, x < y ? x : y)
BINARY(and_bool, uint8_t, x &y)
BINARY(or_bool, uint8_t, x | y)
BINARY(xor_bool, uint8_t, x ^ y)

// ---- Every type -------------------------------------------------------------------------------

#define WHERE(name, T, A_SCALAR, B_SCALAR, C_SCALAR)                           \
  static void name(const ctk_instr *p) {                                       \
    const uint8_t *a = (const uint8_t *)p->a, a0 = *a;                         \
    const T *b = (const T *)p->b, *c = (const T *)p->c, b0 = *b, c0 = *c;      \
    T *d = (T *)p->d;                                                          \
    const int64_t n = p->n;                                                    \
    LOOP {                                                                     \
      const T y = B_SCALAR ? b0 : b[i], z = C_SCALAR ? c0 : c[i];              \
      d[i] = (A_SCALAR ? a0 : a[i]) ? y : z;                                   \
    }                                                                          \
  }

#define EVERY_KERNELS(t, T)                                  \
  BINARY_TO(eq_##t, uint8_t, T, LOOP, x == y)                      \
  BINARY_TO(ne_##t, uint8_t, T, LOOP, x != y)                      \
  BINARY_TO(lt_##t, uint8_t, T, LOOP, x < y)                       \
  BINARY_TO(le_##t, uint8_t, T, LOOP, x <= y)                      \
  UNARY(copy_##t, T, x)                                      \
  static void fill_##t(const ctk_instr *p) {                 \
    const T x = *(const T *)p->a;                            \
    T *d = (T *)p->d;                                        \
    const int64_t n = p->n;                                  \
    LOOP d[i] = x;                                           \
  }                                                          \
  WHERE(where_##t##_0, T, 0, 0, 0)                           \
  WHERE(where_##t##_1, T, 0, 1, 0)                           \
  WHERE(where_##t##_2, T, 0, 0, 1)                           \
  WHERE(where_##t##_3, T, 0, 1, 1)                           \
  WHERE(where_##t##_4, T, 1, 0, 0)                           \
  WHERE(where_##t##_5, T, 1, 1, 0)                           \
  WHERE(where_##t##_6, T, 1, 0, 1)                           \
  WHERE(where_##t##_7, T, 1, 1, 1)

EVERY_KERNELS(f64, double)
EVERY_KERNELS(f32, float)
EVERY_KERNELS(i64, int64_t)
EVERY_KERNELS(bool, uint8_t)

// ---- Conversion -------------------------------------------------------------------------------

// Truncation; NaN gives 0, and what is out of range the nearest integer there is.
#define TO_INTEGER(x)                               \
  ((x) != (x)        ? 0                            \
   : (x) >= 0x1p63   ? INT64_MAX                    \
   : (x) <= -0x1p63  ? INT64_MIN                    \
                     : (int64_t)(x))

#define cast_f64_f64 copy_f64
UNARY_TO(cast_f64_f32, float, double, x)
UNARY_TO(cast_f64_i64, int64_t, double, TO_INTEGER(x))
UNARY_TO(cast_f64_bool, uint8_t, double, x != 0)
UNARY_TO(cast_f32_f64, double, float, x)
#define cast_f32_f32 copy_f32
UNARY_TO(cast_f32_i64, int64_t, float, TO_INTEGER(x))
UNARY_TO(cast_f32_bool, uint8_t, float, x != 0)
UNARY_TO(cast_i64_f64, double, int64_t, x)
UNARY_TO(cast_i64_f32, float, int64_t, x)
#define cast_i64_i64 copy_i64
UNARY_TO(cast_i64_bool, uint8_t, int64_t, x != 0)
UNARY_TO(cast_bool_f64, double, uint8_t, x)
UNARY_TO(cast_bool_f32, float, uint8_t, x)
UNARY_TO(cast_bool_i64, int64_t, uint8_t, x)
#define cast_bool_bool copy_bool
