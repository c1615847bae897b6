// One attempt of each method of rejection. An element whose parameter is outside the domain accepts
// NaN at once.

#define NOT_A_NUMBER BROADCAST(__builtin_nan(""))

// ---- Gamma --------------------------------------------------------------------------------------

// Marsaglia and Tsang (2000): for a normal x the draw is w v, w = shape - 1/3, v = (1 + s)^3 and
// s = x / sqrt(9 w), accepted if log u < x^2/2 + w (1 - v + log v). That bound is
// w (3 (log(1 + s) - s + s^2/2) - s^3), for small s a series without cancellation.
INLINE f64v gamma_bound(f64v w, f64v s, f64v log_root) {
  f64v series = BROADCAST(3.0 / 8);
  series = MADD(s, -series, BROADCAST(3.0 / 7));
  series = MADD(s, -series, BROADCAST(3.0 / 6));
  series = MADD(s, -series, BROADCAST(3.0 / 5));
  series = MADD(s, -series, BROADCAST(3.0 / 4));
  const f64v square = s * s, far = 3 * (log_root - s + 0.5 * square) - s * square;
  return w * (vabs_f64(s) < 0x1p-8 ? -series * square * square : far);
}

// A third number from two words. What it takes of the other two moves those by less than 2^-40.
INLINE u64v third_word(const trial *t) {
  return t->bits[0] << 43 | (t->bits[1] << 40) >> 21;
}

// The sine of pi times a uniform number between -1/2 and 1/2: a component of a uniform direction.
INLINE f64v uniform_sine(u64v bits) {
  const f64v x = UNIT(bits) - 0.5, z = x * x;
  f64v y = BROADCAST(0x1.2877020d52cf0p-31);
  y = MADD(z, y, BROADCAST(-0x1.8a404211f9547p-26));
  y = MADD(z, y, BROADCAST(0x1.aaec32af93359p-21));
  y = MADD(z, y, BROADCAST(-0x1.6fadb9f155744p-16));
  y = MADD(z, y, BROADCAST(0x1.e8f434d018d63p-12));
  y = MADD(z, y, BROADCAST(-0x1.e3074fde8871fp-8));
  y = MADD(z, y, BROADCAST(0x1.50783487ee782p-4));
  y = MADD(z, y, BROADCAST(-0x1.32d2cce62bd86p-1));
  y = MADD(z, y, BROADCAST(0x1.466bc6775aae2p+1));
  y = MADD(z, y, BROADCAST(-0x1.4abbce625be53p+2));
  y = MADD(z, y, BROADCAST(0x1.921fb54442d18p+1));
  return x * y;
}

INLINE i64v is_shape(f64v a) { return (a > 0) & (a < (double)INFINITY); }

// The w of a shape; one below one is drawn as that of one more.
INLINE f64v gamma_width(f64v a) { return (a < 1 ? a + 1 : a) - 1.0 / 3; }

// A draw of one more than a shape below one is multiplied by v^(1/shape) for a uniform v: once u is
// accepted, it is uniform below its bound, so that their ratio serves.
INLINE void sample_gamma_as(trials *t, int64_t n, int logarithm) {
  double steps[ROOM], logs[ROOM];
  for (int64_t i = 0; i < n; i += F64_LANES) {
    const trial v = trial_at(t, i);
    const f64v w = gamma_width(is_shape(v.a) ? v.a : BROADCAST(1));
    const f64v square = vlog_normal_f64(UNIT(v.bits[0])) / (-4.5 * w);
    store_f64(steps + i, uniform_sine(v.bits[1]) * __builtin_elementwise_sqrt(square));
    store_f64(logs + i, vlog_normal_f64(UNIT(third_word(&v))));
  }
  for (int64_t i = 0; i < n; i += F64_LANES) {
    const f64v given = load_f64(t->a + i), s = load_f64(steps + i), log_u = load_f64(logs + i);
    const i64v inside = is_shape(given), is_small = given < 1;
    const f64v a = inside ? given : BROADCAST(1), w = gamma_width(a), root = 1 + s;
    const f64v log_root = vlog_normal_f64(root > 0x1p-1000 ? root : BROADCAST(0x1p-1000));
    const f64v bound = gamma_bound(w, s, log_root);
    const f64v boost = is_small ? (log_u - bound) / a : BROADCAST(0);
    f64v result;
    if (logarithm) {
      result = vlog_normal_f64(w) + 3 * log_root + boost;
    } else {
      result = w * root * root * root;
      if (any_f64(is_small)) result = is_small ? result * vexp_f64(boost) : result;
    }
    finish_trial(t, i, inside ? result : NOT_A_NUMBER, ((s > -1) & (log_u < bound)) | ~inside);
  }
}

INLINE void sample_gamma(trials *t, int64_t n) { sample_gamma_as(t, n, 0); }
INLINE void sample_log_gamma(trials *t, int64_t n) { sample_gamma_as(t, n, 1); }

// ---- Whole numbers ------------------------------------------------------------------------------

// m (1 + e) log(1 + e) - m e with e = (k - m) / m: how far the log mass at k is below that at the
// mean m (Loader 2000).
INLINE f64v deviance(f64v k, f64v m) {
  const f64v e = (k - m) / m, ratio = k / m;
  f64v series = BROADCAST(1.0 / 156);
  series = MADD(e, -series, BROADCAST(1.0 / 132));
  series = MADD(e, -series, BROADCAST(1.0 / 110));
  series = MADD(e, -series, BROADCAST(1.0 / 90));
  series = MADD(e, -series, BROADCAST(1.0 / 72));
  series = MADD(e, -series, BROADCAST(1.0 / 56));
  series = MADD(e, -series, BROADCAST(1.0 / 42));
  series = MADD(e, -series, BROADCAST(1.0 / 30));
  series = MADD(e, -series, BROADCAST(1.0 / 20));
  series = MADD(e, -series, BROADCAST(1.0 / 12));
  series = MADD(e, -series, BROADCAST(1.0 / 6));
  series = MADD(e, -series, BROADCAST(1.0 / 2));
  const f64v safe = ratio > 0x1p-1000 ? ratio : BROADCAST(0x1p-1000);
  return m * (vabs_f64(e) < 0.1 ? series * e * e : ratio * vlog_normal_f64(safe) - e);
}

// log k! - k log k + k, for whole k >= 0.
INLINE f64v factorial_rest(f64v k) {
  static const double first[5] = {
      0, 1, 1.3068528194400546906, 1.4959226032237258858, 1.6328763858683282042};
  const f64v x = k < 5 ? BROADCAST(5) : k, reciprocal = 1 / x, z = reciprocal * reciprocal;
  f64v tail = MADD(z, BROADCAST(1.0 / 1188), BROADCAST(-1.0 / 1680));
  tail = MADD(z, tail, BROADCAST(1.0 / 1260));
  tail = MADD(z, tail, BROADCAST(-1.0 / 360));
  tail = MADD(z, tail, BROADCAST(1.0 / 12));
  // 2 pi x
  f64v result = 0.5 * vlog_normal_f64(x * 6.28318530717958647693) + reciprocal * tail;
  const i64v is_first = k < 5;
  if (any_f64(is_first)) {
    for (int j = 0; j < F64_LANES; j++) {
      if (is_first[j]) result[j] = first[(int)k[j]];
    }
  }
  return result;
}

// The least k with u <= p(0) + ... + p(k), where p(k) = p(k - 1) (c / k + g); it stops where
// nothing of the mass is left.
INLINE f64v invert_mass(f64v u, f64v p, f64v c, f64v g) {
  f64v k = BROADCAST(0), sum = p;
  for (double j = 1; j < 200; j++) {
    const i64v more = (u > sum) & (p > 1e-20);
    if (!any_f64(more)) break;
    k = more ? BROADCAST(j) : k;
    p *= MADD(c, BROADCAST(1 / j), g);
    sum += p;
  }
  return k;
}

// ---- Poisson ------------------------------------------------------------------------------------

// Hörmann's transformed rejection with a squeeze (1993), for a rate of at least 10.
INLINE i64v sample_poisson_large(const trial *t, f64v rate, f64v *draw) {
  const f64v b = 0.931 + 2.53 * __builtin_elementwise_sqrt(rate), a = -0.059 + 0.02483 * b;
  const f64v u = UNIT(t->bits[0]) - 0.5, v = UNIT(t->bits[1]), edge = 0.5 - vabs_f64(u);
  const f64v guess = __builtin_elementwise_floor((2 * a / edge + b) * u + rate + 0.43);
  const i64v outside = (guess < 0) | ((edge < 0.013) & (v > edge));
  const f64v k = guess < 0 ? BROADCAST(0) : guess;
  i64v accepted = (edge >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2));
  if (any_f64(~accepted)) {
    const f64v height = v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (edge * edge) + b);
    const f64v log_mass = -deviance(k, rate) - factorial_rest(k);
    accepted |= ~outside & (vlog_normal_f64(height) <= log_mass);
  }
  *draw = k;
  return accepted;
}

INLINE i64v try_poisson(const trial *t, f64v *draw) {
  const i64v inside = (t->a >= 0) & (t->a < (double)INFINITY), is_small = inside & (t->a < 10);
  i64v accepted = is_small;
  f64v k = BROADCAST(0);
  if (any_f64(inside & ~is_small)) {
    accepted |= sample_poisson_large(t, inside & ~is_small ? t->a : BROADCAST(10), &k);
  }
  if (any_f64(is_small)) {
    const f64v rate = is_small ? t->a : BROADCAST(0), none = BROADCAST(0);
    k = is_small ? invert_mass(UNIT(t->bits[0]), vexp_f64(-rate), rate, none) : k;
  }
  *draw = inside ? k : NOT_A_NUMBER;
  return accepted | ~inside;
}

// ---- Binomial -----------------------------------------------------------------------------------

// The log mass at k, but for a term that does not depend on k.
INLINE f64v binomial_mass(f64v k, f64v n, f64v p) {
  const f64v rest = factorial_rest(k) + factorial_rest(n - k);
  return -(rest + deviance(k, n * p) + deviance(n - k, n * (1 - p)));
}

// Hörmann's transformed rejection with a squeeze (1993), for p <= 1/2 and a mean of at least 10.
INLINE i64v sample_binomial_large(const trial *t, f64v n, f64v p, f64v *draw) {
  const f64v deviation = __builtin_elementwise_sqrt(n * p * (1 - p));
  const f64v b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const f64v u = UNIT(t->bits[0]) - 0.5, v = UNIT(t->bits[1]), edge = 0.5 - vabs_f64(u);
  const f64v guess = __builtin_elementwise_floor((2 * a / edge + b) * u + n * p + 0.5);
  const i64v outside = (guess < 0) | (guess > n);
  const f64v k = outside ? BROADCAST(0) : guess;
  i64v accepted = ~outside & (edge >= 0.07) & (v <= 0.92 - 4.2 / b);
  if (any_f64(~accepted)) {
    const f64v height = v * (2.83 + 5.1 / b) * deviation / (a / (edge * edge) + b);
    const f64v mode = __builtin_elementwise_floor((n + 1) * p);
    const f64v ratio = binomial_mass(k, n, p) - binomial_mass(mode, n, p);
    accepted |= ~outside & (vlog_normal_f64(height) <= ratio);
  }
  *draw = k;
  return accepted;
}

INLINE i64v try_binomial(const trial *t, f64v *draw) {
  const f64v none = BROADCAST(0);
  const i64v inside =
      (t->a >= 0) & (t->a < (double)INFINITY) & (t->b >= 0) & (t->b <= 1);
  // The rarer of the two outcomes is counted.
  const i64v flipped = t->b > 0.5;
  const f64v n = inside ? t->a : none, p = inside ? (flipped ? 1 - t->b : t->b) : none;
  const i64v is_small = n * p < 10;
  i64v accepted = is_small;
  f64v k = none;
  if (any_f64(~is_small)) {
    const f64v count = is_small ? BROADCAST(100) : n, chance = is_small ? BROADCAST(0.5) : p;
    accepted |= sample_binomial_large(t, count, chance, &k);
  }
  if (any_f64(is_small)) {
    // p(k) = p(k - 1) (n + 1 - k) / k odds.
    const f64v count = is_small ? n : none, chance = is_small ? p : none;
    const f64v odds = chance / (1 - chance), zero = vexp_f64(count * vlog1p_f64(-chance));
    const f64v found = invert_mass(UNIT(t->bits[0]), zero, (count + 1) * odds, -odds);
    k = is_small ? (found > count ? count : found) : k;
  }
  *draw = inside ? (flipped ? n - k : k) : NOT_A_NUMBER;
  return accepted | ~inside;
}

// ---- Von Mises ----------------------------------------------------------------------------------

// Best and Fisher (1979), rejection from a wrapped Cauchy distribution: with a uniform direction of
// tangent y / x the proposal is the angle 2 atan(g y / x), g = (1 - r) / (1 + r). All is written so
// that nothing cancels, neither at small concentrations, where r is small, nor at large, where it
// is almost 1.
INLINE i64v try_von_mises(const trial *t, f64v *draw) {
  const i64v inside = (t->a >= 0) & (t->a < 1e150);
  const f64v kappa = inside ? t->a : BROADCAST(0);
  const f64v large = __builtin_elementwise_sqrt(1 + 4 * kappa * kappa), tau = 1 + large;
  const f64v root = __builtin_elementwise_sqrt(2 * tau), r = 2 * kappa / (tau + root);
  const f64v gap = kappa < 1 ? 1 - r : (root - 1 - 1 / (2 * kappa + large)) / (2 * kappa);
  f64v x, y;
  direction_f64((i64v)t->bits[0], &x, &y);
  const f64v tangent = gap / (1 + r) * y / x, square = tangent * tangent;
  // 1 - cos of the proposed angle; an infinite tangent is the angle pi.
  const f64v fall = 2 - 2 / (1 + square), close = 2 * square / (1 + square);
  const f64v c = gap * gap * (tau + root) * 0.25 + kappa * (square < 1 ? close : fall);
  *draw = inside ? 2 * vatan_f64(tangent) : NOT_A_NUMBER;
  const f64v log_u = vlog_normal_f64(UNIT(t->bits[1]));
  return (vlog_normal_f64(c > 0x1p-1000 ? c : BROADCAST(0x1p-1000)) - log_u + 1 - c >= 0) | ~inside;
}

// ---- All vectors --------------------------------------------------------------------------------

#define SAMPLE_BY(attempt, name)                                   \
  INLINE void name(trials *t, int64_t n) {                         \
    for (int64_t i = 0; i < n; i += F64_LANES) {                   \
      const trial v = trial_at(t, i);                              \
      f64v draw;                                                   \
      const i64v accepted = attempt(&v, &draw);                    \
      finish_trial(t, i, draw, accepted);                          \
    }                                                              \
  }

SAMPLE_BY(try_poisson, sample_poisson)
SAMPLE_BY(try_binomial, sample_binomial)
SAMPLE_BY(try_von_mises, sample_von_mises)
