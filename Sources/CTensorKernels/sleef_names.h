// SLEEF's vector functions for the lanes in force, as lanes_<function>_f64 and _f32. The
// declarations are our own: SLEEF's header is not needed to build, and its types differ between
// compilers.
//
// Some functions choose a method for the whole vector by its largest element, so that an
// element's last bit would depend on its neighbours. Their "finz"/"cinz" forms (with and without
// FMA) choose lane by lane: SLEEF_FIXED names those.
#if CTK_LANES_AVX512
#define SLEEF_F64(f, u) Sleef_##f##d8_##u##avx512f
#define SLEEF_F32(f, u) Sleef_##f##f16_##u##avx512f
#define SLEEF_FIXED_F64(f, u) Sleef_finz_##f##d8_##u##avx512f
#define SLEEF_FIXED_F32(f, u) Sleef_finz_##f##f16_##u##avx512f
#define SLEEF_REGISTER "zmm"
#elif CTK_LANES_AVX2
#define SLEEF_F64(f, u) Sleef_##f##d4_##u##avx2
#define SLEEF_F32(f, u) Sleef_##f##f8_##u##avx2
#define SLEEF_FIXED_F64(f, u) Sleef_finz_##f##d4_##u##avx2
#define SLEEF_FIXED_F32(f, u) Sleef_finz_##f##f8_##u##avx2
#define SLEEF_REGISTER "ymm"
#elif CTK_LANES_SSE2
#define SLEEF_F64(f, u) Sleef_##f##d2_##u##sse2
#define SLEEF_F32(f, u) Sleef_##f##f4_##u##sse2
#define SLEEF_FIXED_F64(f, u) Sleef_cinz_##f##d2_##u##sse2
#define SLEEF_FIXED_F32(f, u) Sleef_cinz_##f##f4_##u##sse2
#elif CTK_LANES_NEON
#define SLEEF_F64(f, u) Sleef_##f##d2_##u##advsimd
#define SLEEF_F32(f, u) Sleef_##f##f4_##u##advsimd
#define SLEEF_FIXED_F64(f, u) Sleef_finz_##f##d2_##u##advsimd
#define SLEEF_FIXED_F32(f, u) Sleef_finz_##f##f4_##u##advsimd
#endif

#if defined(SLEEF_REGISTER)
// Whether a 256- or 512-bit argument travels in a register is decided by the flags of the whole
// file, not by a function's target attribute, and SwiftPM sets none: clang would pass it in
// memory where SLEEF expects a register. So the call goes through a trampoline that takes
// pointers, as both sides agree on those, loads the registers and jumps. (A result comes back in
// the register whatever the flags.)
#define SLEEF_STRING_(x) #x
#define SLEEF_STRING(x) SLEEF_STRING_(x)
#define SLEEF_JUMP(symbol) \
  "jmp *" SLEEF_STRING(__USER_LABEL_PREFIX__) SLEEF_STRING(symbol) "@GOTPCREL(%rip)"
#define SLEEF_LOAD(from, number) "vmovups (%" from "), %" SLEEF_REGISTER number "\n\t"

#define SLEEF_WRAP1(V, name, symbol)                                             \
  __attribute__((naked)) static V enter_##name(const V *x __attribute__((unused))) { \
    __asm__(SLEEF_LOAD("rdi", "0") SLEEF_JUMP(symbol));                          \
  }                                                                              \
  INLINE V lanes_##name(V x) { return enter_##name(&x); }
#define SLEEF_WRAP2(V, name, symbol)                                             \
  __attribute__((naked)) static V enter_##name(                                  \
      const V *x __attribute__((unused)), const V *y __attribute__((unused))) {  \
    __asm__(SLEEF_LOAD("rdi", "0") SLEEF_LOAD("rsi", "1") SLEEF_JUMP(symbol));   \
  }                                                                              \
  INLINE V lanes_##name(V x, V y) { return enter_##name(&x, &y); }

#elif defined(SLEEF_F64)
#define SLEEF_WRAP1(V, name, symbol) \
  V symbol(V);                       \
  INLINE V lanes_##name(V x) { return symbol(x); }
#define SLEEF_WRAP2(V, name, symbol) \
  V symbol(V, V);                    \
  INLINE V lanes_##name(V x, V y) { return symbol(x, y); }

#else  // no vector library for this processor: its scalar functions, lane by lane
#define SLEEF_F64(f, u) Sleef_##f##_##u
#define SLEEF_F32(f, u) Sleef_##f##f_##u
#define SLEEF_FIXED_F64 SLEEF_F64
#define SLEEF_FIXED_F32 SLEEF_F32
#define SLEEF_ELEMENT(V) __typeof__(((V){0})[0])
#define SLEEF_WRAP1(V, name, symbol)                                                   \
  SLEEF_ELEMENT(V) symbol(SLEEF_ELEMENT(V));                                           \
  INLINE V lanes_##name(V x) {                                                         \
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) x[i] = symbol(x[i]);           \
    return x;                                                                          \
  }
#define SLEEF_WRAP2(V, name, symbol)                                                   \
  SLEEF_ELEMENT(V) symbol(SLEEF_ELEMENT(V), SLEEF_ELEMENT(V));                         \
  INLINE V lanes_##name(V x, V y) {                                                    \
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) x[i] = symbol(x[i], y[i]);     \
    return x;                                                                          \
  }
#endif

#define SLEEF1(f, u) \
  SLEEF_WRAP1(f64v, f##_f64, SLEEF_F64(f, u)) SLEEF_WRAP1(f32v, f##_f32, SLEEF_F32(f, u))
#define SLEEF1_FIXED(f, u)                          \
  SLEEF_WRAP1(f64v, f##_f64, SLEEF_FIXED_F64(f, u)) \
  SLEEF_WRAP1(f32v, f##_f32, SLEEF_FIXED_F32(f, u))
#define SLEEF2(f, u) \
  SLEEF_WRAP2(f64v, f##_f64, SLEEF_F64(f, u)) SLEEF_WRAP2(f32v, f##_f32, SLEEF_F32(f, u))

SLEEF1(exp, u10)
SLEEF1(exp2, u10)
SLEEF1(expm1, u10)
SLEEF1(log, u10)
SLEEF1(log2, u10)
SLEEF1(log10, u10)
SLEEF1(log1p, u10)
SLEEF1_FIXED(sin, u10)
SLEEF1_FIXED(cos, u10)
SLEEF1_FIXED(tan, u10)
SLEEF1(asin, u10)
SLEEF1(acos, u10)
SLEEF1(atan, u10)
SLEEF1(sinh, u10)
SLEEF1(cosh, u10)
SLEEF1(tanh, u10)
SLEEF1(asinh, u10)
SLEEF1(acosh, u10)
SLEEF1(atanh, u10)
SLEEF1(erf, u10)
SLEEF1(erfc, u15)
SLEEF1(lgamma, u10)
SLEEF2(pow, u10)
SLEEF2(atan2, u10)
SLEEF2(hypot, u05)
