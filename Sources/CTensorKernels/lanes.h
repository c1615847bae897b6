// Vectors of the instruction set in force, with loads and stores of whole vectors and of tails.
// A tail is the last k elements, 0 < k < lanes; nothing past them is read or written. The unused
// lanes hold 1, for which no function takes a slow path.

#if CTK_LANES_AVX512 || CTK_LANES_AVX2 || CTK_LANES_NEON
#define CTK_LANES_FMA 1
#endif

#if CTK_LANES_AVX512
enum { F64_LANES = 8, F32_LANES = 16 };
#elif CTK_LANES_AVX2
enum { F64_LANES = 4, F32_LANES = 8 };
#else
enum { F64_LANES = 2, F32_LANES = 4 };
#endif

// Comparisons of these give vectors of -1 and 0, and `mask ? x : y` chooses lane by lane.
typedef double f64v __attribute__((ext_vector_type(F64_LANES)));
typedef float f32v __attribute__((ext_vector_type(F32_LANES)));
typedef __typeof__((f64v)0 == (f64v)0) i64v;
typedef __typeof__((f32v)0 == (f32v)0) i32v;
typedef uint64_t u64v __attribute__((ext_vector_type(F64_LANES)));
typedef uint32_t u32v __attribute__((ext_vector_type(F32_LANES)));

INLINE f64v load_f64(const double *p) {
  f64v v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
INLINE f32v load_f32(const float *p) {
  f32v v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
INLINE void store_f64(double *p, f64v v) { __builtin_memcpy(p, &v, sizeof v); }
INLINE void store_f32(float *p, f32v v) { __builtin_memcpy(p, &v, sizeof v); }

#if CTK_LANES_AVX512
INLINE f64v load_tail_f64(const double *p, int64_t k) {
  return _mm512_mask_loadu_pd((f64v)1.0, (__mmask8)((1u << k) - 1), p);
}
INLINE f32v load_tail_f32(const float *p, int64_t k) {
  return _mm512_mask_loadu_ps((f32v)1.0f, (__mmask16)((1u << k) - 1), p);
}
INLINE void store_tail_f64(double *p, f64v v, int64_t k) {
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << k) - 1), v);
}
INLINE void store_tail_f32(float *p, f32v v, int64_t k) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << k) - 1), v);
}
// x * 2^count, rounded once.
INLINE f64v scalef_f64(f64v x, f64v count) { return _mm512_scalef_pd(x, count); }
INLINE f32v scalef_f32(f32v x, f32v count) { return _mm512_scalef_ps(x, count); }

#elif CTK_LANES_AVX2
// A window into these words is a mask whose first k lanes are on.
static const int64_t tail_words_64[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
static const int32_t tail_words_32[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

INLINE f64v load_tail_f64(const double *p, int64_t k) {
  const __m256i mask = _mm256_loadu_si256((const __m256i *)(tail_words_64 + 4 - k));
  const f64v x = _mm256_maskload_pd(p, mask);
  return (i64v)mask ? x : (f64v)1.0;
}
INLINE f32v load_tail_f32(const float *p, int64_t k) {
  const __m256i mask = _mm256_loadu_si256((const __m256i *)(tail_words_32 + 8 - k));
  const f32v x = _mm256_maskload_ps(p, mask);
  return (i32v)mask ? x : (f32v)1.0f;
}
// Masked stores of AVX2 are slow on some processors, so tails go out in halves.
INLINE void store_tail_f64(double *p, f64v v, int64_t k) {
  __m128d part = _mm256_castpd256_pd128(v);
  if (k & 2) {
    _mm_storeu_pd(p, part);
    p += 2;
    part = _mm256_extractf128_pd(v, 1);
  }
  if (k & 1) _mm_store_sd(p, part);
}
INLINE void store_tail_f32(float *p, f32v v, int64_t k) {
  __m128 part = _mm256_castps256_ps128(v);
  if (k & 4) {
    _mm_storeu_ps(p, part);
    p += 4;
    part = _mm256_extractf128_ps(v, 1);
  }
  if (k & 2) {
    _mm_storel_pi((__m64 *)p, part);
    p += 2;
    part = _mm_movehl_ps(part, part);
  }
  if (k & 1) _mm_store_ss(p, part);
}

#else
INLINE f64v load_tail_f64(const double *p, int64_t k) {
  (void)k;  // two lanes: a tail is one element
  return (f64v){p[0], 1};
}
INLINE f32v load_tail_f32(const float *p, int64_t k) {
  return (f32v){p[0], k > 1 ? p[1] : 1, k > 2 ? p[2] : 1, 1};
}
INLINE void store_tail_f64(double *p, f64v v, int64_t k) {
  (void)k;
  p[0] = v[0];
}
INLINE void store_tail_f32(float *p, f32v v, int64_t k) {
  p[0] = v[0];
  if (k > 1) p[1] = v[1];
  if (k > 2) p[2] = v[2];
}

#endif
