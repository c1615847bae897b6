// How draws move with their parameters at a fixed probability (Figurnov, Mohamed and Mnih 2018):
// d log x/da of a gamma variable x of shape a, and the derivatives of the log odds of a beta
// variable by both of its parameters. For parameters raised by RAISED there is a series; a
// recurrence that follows from partial integration leads back. Where that would magnify errors, x
// is so far out that a continued fraction of the tail converges soon. Relative error 1e-12, more for
// the slope by one parameter where the other is below 1e-4; computed in double.

#include "runtime.h"
#include "slope_series.h"

enum { RAISED = 12, FRACTION_TERMS = 20 };

// What the recurrence starts from may contribute this much to its result, in units of the result:
// the more, the more cancels.
#define MOST_SHARE 16

// l where the series is of use. Below that the recurrence forgets what it started from.
INLINE f64v held_level(f64v l) { return l < -4.5 ? BROADCAST(-4.5) : l > 2.5 ? BROADCAST(2.5) : l; }

// log z - psi(z), given 1/z, for z >= 8.
INLINE f64v log_less_digamma(f64v r) { return 0.5 * r + digamma_tail_f64(r * r); }

// ---- Gamma --------------------------------------------------------------------------------------

// By Legendre's continued fraction 1/g of the upper tail over x p(x); `excess` is log x - psi(a).
INLINE f64v gamma_tail_slope(f64v a, f64v x, f64v excess) {
  f64v g = x + (2 * FRACTION_TERMS + 1) - a, by_a = BROADCAST(-1);
  for (int n = FRACTION_TERMS; n > 0; n--) {
    const f64v r = 1 / g, numerator = n * (n - a);
    by_a = MADD(r, MADD(numerator * r, by_a, BROADCAST(n)), BROADCAST(-1));
    g = x + (2 * n - 1) - a - numerator * r;
  }
  return (excess - by_a / g) / g;
}

// The recurrence is r(a) = (x r(a + 1) + psi(a + 1) - log x)/a.
INLINE f64v gamma_slope(f64v a, f64v log_x) {
  const f64v x = vexp_f64(log_x), top = a + RAISED, reciprocal = 1 / top;
  const f64v far = log_x - vlog_f64(top);
  const f64v l = vabs_f64(far) < 0.5 ? vlog1p_f64((x - top) * reciprocal) : far;
  f64v power[SLOPE_DEGREE + 1];
  slope_powers(held_level(l), power);
  f64v slope = slope_series(reciprocal, power), share = slope;
  f64v rise = -(l + log_less_digamma(reciprocal));
  for (int k = RAISED - 1; k >= 0; k--) {
    const f64v r = 1 / (a + k), factor = x * r;
    slope = MADD(factor, slope, rise * r);
    rise -= r;
    share *= factor;
  }
  const i64v is_tail = ~(share < MOST_SHARE * slope);  // also where both overflow
  if (any_f64(is_tail)) slope = is_tail ? gamma_tail_slope(a, x, -rise) : slope;
  const i64v inside = (a > 0) & (a < (double)INFINITY);
  return inside ? slope : NOT_A_NUMBER;
}

// ---- Beta ---------------------------------------------------------------------------------------

// A beta variable x is s/(s + t) of two gamma variables, and s + t does not depend on it: its log
// odds move with a as log s does on average, log s being log x + log(s + t).
INLINE f64v beta_slope_large(f64v reciprocal, f64v l, const f64v cumulant[SLOPE_CUMULANTS]) {
  f64v mean[SLOPE_DEGREE + 1];
  slope_moments(held_level(l), cumulant, mean);
  return slope_series(reciprocal, mean);
}

// One of the two parameters of x: the log odds of x and the parameter move together, by `slope`.
typedef struct {
  f64v parameter;
  f64v x;
  f64v excess;  // log x - psi(parameter) + psi(sum of the parameters)
  f64v slope;
  f64v share;  // of what slope started from
} beta_part;

INLINE beta_part chosen_part(i64v mask, const beta_part *x, const beta_part *y) {
  return (beta_part){
      mask ? x->parameter : y->parameter, mask ? x->x : y->x, mask ? x->excess : y->excess,
      mask ? x->slope : y->slope, mask ? x->share : y->share};
}

// From the slopes for a parameter z + 1 of one part to those for z; `sum` is of both for z.
INLINE void lower_beta(beta_part *own, beta_part *other, f64v z, f64v sum) {
  const f64v both = 1 / (z * sum), r = sum * both, rest = z * both;
  const f64v factor = sum * own->x * r;
  own->excess -= rest;
  other->excess -= rest;
  own->slope = MADD(factor, own->slope, -(own->excess * r));
  other->slope = MADD(factor, other->slope, other->excess * r);
  own->excess += r;
  own->share *= factor;
  other->share *= factor;
}

// A number and its derivatives by the parameters p and q of a beta variable.
typedef struct { f64v value, by_p, by_q; } fraction;

// 1 + d/g.
INLINE fraction fraction_above(fraction g, fraction d) {
  const f64v r = 1 / g.value, ratio = d.value * r;
  return (fraction){1 + ratio, (d.by_p - ratio * g.by_p) * r, (d.by_q - ratio * g.by_q) * r};
}

// By the continued fraction g of the tail below x: F(x) = x (1 - x) p(x)/(p g).
INLINE void beta_tail_slopes(beta_part own, beta_part other, f64v *by_own, f64v *by_other) {
  const f64v p = own.parameter, q = other.parameter;
  fraction g = {BROADCAST(1), BROADCAST(0), BROADCAST(0)};
  for (int m = FRACTION_TERMS; m > 0; m--) {
    const f64v before = 1 / (p + (2 * m - 2)), at = 1 / (p + (2 * m - 1)), after = 1 / (p + 2 * m);
    const f64v even = m * own.x * at * after, odd = -own.x * before * at;
    const f64v top = p + (m - 1), sum = top + q;
    const f64v second = even * (q - m), first = odd * top * sum;
    g = fraction_above(g, (fraction){second, -second * (at + after), even});
    g = fraction_above(
        g, (fraction){first, odd * (top + sum) - first * (before + at), odd * top});
  }
  const f64v r = 1 / g.value, share = r / p;
  *by_own = share * (1 / p + g.by_p * r - own.excess);
  *by_other = share * (g.by_q * r - other.excess);
}

INLINE f64v beta_level(f64v log_x, f64v ratio, f64v distance) {
  const f64v far = log_x + vlog_f64(ratio);
  return vabs_f64(far) < 0.5 ? vlog1p_f64(distance) : far;
}

// Whether too much cancelled, or what was left out of the series, about (l/2 pi)^20 of the start,
// may matter.
INLINE i64v is_uncertain(const beta_part *part, f64v l) {
  const f64v l4 = (l * l) * (l * l), l16 = (l4 * l4) * (l4 * l4), lost = 1e-4 * l16 * l4;
  const f64v factor = lost > 1.0 / MOST_SHARE ? lost : BROADCAST(1.0 / MOST_SHARE);
  return ~(part->share * factor < part->slope);
}

// Derivatives of log odds by a and, with the other sign, by b.
INLINE void beta_part_slopes(beta_part *a, beta_part *b, f64v log_x, f64v log_y) {
  const f64v top_a = a->parameter + RAISED, top_b = b->parameter + RAISED, top = top_a + top_b;
  const f64v ra = 1 / top_a, rb = 1 / top_b, r = 1 / top, drift = top_a * b->x - top_b * a->x;
  const f64v la = beta_level(log_x, top * ra, -drift * ra);
  const f64v lb = beta_level(log_y, top * rb, drift * rb);
  f64v cumulant[SLOPE_CUMULANTS];
  slope_cumulants(r, cumulant);
  a->slope = a->share = beta_slope_large(ra, la, cumulant);
  b->slope = b->share = beta_slope_large(rb, lb, cumulant);
  a->excess = la + (log_less_digamma(ra) - log_less_digamma(r));
  b->excess = lb + (log_less_digamma(rb) - log_less_digamma(r));
  const f64v sum = a->parameter + b->parameter;
  for (int k = RAISED - 1; k >= 0; k--) {
    lower_beta(a, b, a->parameter + k, sum + (2 * k + 1));
    lower_beta(b, a, b->parameter + k, sum + 2 * k);
  }
  const i64v is_tail = is_uncertain(a, la) | is_uncertain(b, lb);
  if (any_f64(is_tail)) {
    const i64v upper = a->parameter * b->x < b->parameter * a->x;
    const beta_part low = chosen_part(upper, b, a), high = chosen_part(upper, a, b);
    f64v by_low, by_high;
    beta_tail_slopes(low, high, &by_low, &by_high);
    a->slope = is_tail ? (upper ? -by_high : by_low) : a->slope;
    b->slope = is_tail ? (upper ? by_low : -by_high) : b->slope;
  }
}

INLINE void beta_slopes(f64v a, f64v b, f64v logit, f64v *by_a, f64v *by_b) {
  const i64v inside = (a > 0) & (b > 0) & (a < 1e100) & (b < 1e100) &
                      (vabs_f64(logit) < (double)INFINITY);
  const f64v v = inside ? logit : BROADCAST(0), size = vabs_f64(v), e = vexp_f64(-size);
  const f64v large = 1 / (1 + e), small = e * large;
  const f64v log_large = -vlog1p_f64(e), log_small = log_large - size;
  const f64v none = BROADCAST(0), one = BROADCAST(1);
  beta_part first = {inside ? a : one, v < 0 ? small : large, none, none, none};
  beta_part second = {inside ? b : one, v < 0 ? large : small, none, none, none};
  beta_part_slopes(
      &first, &second, v < 0 ? log_small : log_large, v < 0 ? log_large : log_small);
  *by_a = inside ? first.slope : NOT_A_NUMBER;
  *by_b = inside ? -second.slope : NOT_A_NUMBER;
}

// ---- Kernels ------------------------------------------------------------------------------------

typedef float f32_half __attribute__((ext_vector_type(F64_LANES)));

// Some elements as doubles, and back. Lanes without an element hold 1.
#define SLOPE_MOVES(T, W, suffix)                            \
  INLINE f64v take_##suffix(const T *p, int64_t count) {     \
    W v = 1;                                                 \
    if (count == F64_LANES) {                                \
      __builtin_memcpy(&v, p, sizeof v);                     \
    } else {                                                 \
      for (int64_t j = 0; j < count; j++) v[j] = p[j];       \
    }                                                        \
    return __builtin_convertvector(v, f64v);                 \
  }                                                          \
  INLINE void give_##suffix(T *p, f64v x, int64_t count) {   \
    const W v = __builtin_convertvector(x, W);               \
    if (count == F64_LANES) {                                \
      __builtin_memcpy(p, &v, sizeof v);                     \
    } else {                                                 \
      for (int64_t j = 0; j < count; j++) p[j] = v[j];       \
    }                                                        \
  }

#define SLOPE_KERNELS(T, suffix)                                                           \
  static void gamma_slope_##suffix(const ctk_instr *p) {                                   \
    const T *a = (const T *)p->a, *log_x = (const T *)p->b;                                \
    T *d = (T *)p->d;                                                                      \
    for (int64_t i = 0; i < p->n; i += F64_LANES) {                                        \
      const int64_t count = ctk_min(F64_LANES, p->n - i);                                  \
      const f64v shape = take_##suffix(a + i, count);                                      \
      give_##suffix(d + i, gamma_slope(shape, take_##suffix(log_x + i, count)), count);    \
    }                                                                                      \
  }                                                                                        \
  static void beta_slopes_part_##suffix(void *context, int64_t part, int thread) {         \
    const ctk_instr *p = (const ctk_instr *)context;                                       \
    const T *a = (const T *)p->a, *b = (const T *)p->b, *logit = (const T *)p->c;          \
    T *d = (T *)p->d;                                                                      \
    const int64_t end = ctk_min((part + 1) * CTK_BLOCK, p->n);                             \
    (void)thread;                                                                          \
    for (int64_t i = part * CTK_BLOCK; i < end; i += F64_LANES) {                          \
      const int64_t count = ctk_min(F64_LANES, end - i);                                   \
      const f64v first = take_##suffix(a + i, count), other = take_##suffix(b + i, count); \
      f64v by_a, by_b;                                                                     \
      beta_slopes(first, other, take_##suffix(logit + i, count), &by_a, &by_b);            \
      give_##suffix(d + i, by_a, count);                                                   \
      give_##suffix(d + p->n + i, by_b, count);                                            \
    }                                                                                      \
  }                                                                                        \
  static void beta_slopes_##suffix(const ctk_instr *p) {                                   \
    ctk_parallel(                                                                          \
        ctk_ceil_div(p->n, CTK_BLOCK), beta_slopes_part_##suffix, (void *)(uintptr_t)p);   \
  }

SLOPE_MOVES(double, f64v, f64)
SLOPE_MOVES(float, f32_half, f32)
SLOPE_KERNELS(double, f64)
SLOPE_KERNELS(float, f32)
