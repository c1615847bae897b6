// Exponential, logarithm and their kin written out, for the floating-point type T: faster than
// SLEEF's and in line, so that compositions of them need no calls. All stay below 1 ulp. Rare
// operands (overflow, denormals, NaN, …) go to SLEEF's functions or, one by one, to libm.

INLINE V FN(splat)(T x) { return (V)x; }
INLINE V FN(vabs)(V x) { return __builtin_elementwise_abs(x); }
INLINE int FN(any)(M mask) { return __builtin_reduce_or(mask) != 0; }

// ---- Elements that need libm ------------------------------------------------------------------

__attribute__((noinline, cold)) static void FN(patch1)(
    V *y, const V *x, const M *rare, double (*f)(double)) {
  for (int i = 0; i < LANES; i++) {
    if ((*rare)[i]) (*y)[i] = (T)f((double)(*x)[i]);
  }
}
__attribute__((noinline, cold)) static void FN(patch2)(
    V *y, const V *x1, const V *x2, const M *rare, double (*f)(double, double)) {
  for (int i = 0; i < LANES; i++) {
    if ((*rare)[i]) (*y)[i] = (T)f((double)(*x1)[i], (double)(*x2)[i]);
  }
}

// y, with f(x) in the rare lanes. Copies, so that only this path keeps anything in memory.
INLINE V FN(repair1)(V y, V x, M rare, double (*f)(double)) {
  if (__builtin_expect(FN(any)(rare), 0)) {
    V result = y;
    const V operand = x;
    const M lanes = rare;
    FN(patch1)(&result, &operand, &lanes, f);
    return result;
  }
  return y;
}
INLINE V FN(repair2)(V y, V x1, V x2, M rare, double (*f)(double, double)) {
  if (__builtin_expect(FN(any)(rare), 0)) {
    V result = y;
    const V operand1 = x1, operand2 = x2;
    const M lanes = rare;
    FN(patch2)(&result, &operand1, &operand2, &lanes, f);
    return result;
  }
  return y;
}

// SLEEF's log1p overflows a little before the largest numbers.
INLINE V FN(careful_log1p)(V x) {
  return FN(repair1)(FN(lanes_log1p)(x), x, x > (T)(BIAS == 127 ? 0x1p120 : 0x1p1000), log1p);
}

#if !CTK_LANES_FMA
// Without fused multiply-add the approximations below lose too many bits.
INLINE V FN(vexp)(V x) { return FN(lanes_exp)(x); }
INLINE V FN(vexpm1)(V x) { return FN(lanes_expm1)(x); }
INLINE V FN(vlog)(V x) { return FN(lanes_log)(x); }
INLINE V FN(vlog_normal)(V x) { return FN(lanes_log)(x); }
INLINE V FN(vlog1p)(V x) { return FN(careful_log1p)(x); }
INLINE V FN(vtanh)(V x) { return FN(lanes_tanh)(x); }
INLINE V FN(vlog1p_unit)(V x) { return FN(lanes_log1p)(x); }
#else

// log(2) in two parts, of which a small integer times the first is exact.
#define LN2_HIGH ((T)(BIAS == 127 ? 0x1.62e300p-1 : 0x1.62e42fee00000p-1))
#define LN2_LOW ((T)(BIAS == 127 ? 0x1.2fefa2p-17 : 0x1.a39ef35793c76p-33))

// ---- Exponential --------------------------------------------------------------------------------

// x = count log(2) + r + low, |r| <= log(2)/2 and a trifle; low is what rounding took from r.
INLINE V FN(reduce_exp)(V x, V *count, V *low) {
  const V n = __builtin_elementwise_rint(x * (T)0x1.71547652b82fep+0);
  const V exact = MADD(n, FN(splat)(-LN2_HIGH), x);
  const V r = MADD(n, FN(splat)(-LN2_LOW), exact);
  *count = n;
  *low = MADD(n, FN(splat)(-LN2_LOW), exact - r);
  return r;
}

// e^(r + low) - 1. In float32 the error stays below 1 ulp without the low part.
INLINE V FN(exp_fraction)(V r, V low) {
  const V rest = FN(exp_rest)(r);
  return BIAS == 127 ? MADD(r * r, rest, r) : r + MADD(r * r, rest, low);
}

// x * 2^count for an integral count, if both x and the result are normal.
INLINE V FN(scale)(V x, V count) {
  const T magic = BIAS == 127 ? (T)0x1.8p23 : (T)0x1.8p52;
  const U power = (U)(count + magic) << FIELD;  // the upper bits of the magic number fall out
  return (V)((U)x + power);
}

INLINE V FN(vexp)(V x) {
  V n, low;
#if CTK_LANES_AVX512
  // The scaling instruction does overflow and denormals; only infinities need be kept out.
  const T least = BIAS == 127 ? -120 : -800, most = BIAS == 127 ? 100 : 800;
  V held = x < least ? FN(splat)(least) : x;
  held = held > most ? FN(splat)(most) : held;
  const V r = FN(reduce_exp)(held, &n, &low), fraction = FN(exp_fraction)(r, low);
  return FN(scalef)(1 + fraction, n);
#else
  const V r = FN(reduce_exp)(x, &n, &low), fraction = FN(exp_fraction)(r, low);
  const V y = FN(scale)(1 + fraction, n);
  const M usual = FN(vabs)(x) < (T)(BIAS == 127 ? 87 : 708);
  if (__builtin_expect(FN(any)(~usual), 0)) return usual ? y : FN(lanes_exp)(x);
  return y;
#endif
}

// e^x - 1 = (2^n - 1) + 2^n (e^r - 1): near the sum's cancellation what rounding takes from r 2^n
// is put back in.
INLINE V FN(vexpm1)(V x) {
  V n, low;
  const M usual = FN(vabs)(x) < (T)(BIAS == 127 ? 87 : 708);
  const V r = FN(reduce_exp)(usual ? x : FN(splat)(0), &n, &low);
  const V power = FN(scale)(FN(splat)(1), n), whole = power - 1;
  const V rest = MADD(r * r, FN(exp_rest)(r), low);
  const V high = MADD(power, r, whole), lost = MADD(power, r, whole - high);
  const V y = high + MADD(power, rest, lost);
  const V result = x == 0 ? x : y;  // keeps the sign of zero
  if (__builtin_expect(FN(any)(~usual), 0)) return usual ? result : FN(lanes_expm1)(x);
  return result;
}

// ---- Logarithm --------------------------------------------------------------------------------

// u = m 2^count with m in [sqrt(1/2), sqrt(2)), for positive normal u.
INLINE V FN(split)(V u, V *m) {
  // Added to an integer's bits, this makes them those of 2^FIELD more.
  const T magic = BIAS == 127 ? (T)0x1p23 : (T)0x1p52;
  const U start = (U)FN(splat)((T)0.70710678118654752440), one = 1;
  const U shifted = (U)u - start;
  *m = (V)((shifted & ((one << FIELD) - one)) + start);
  const U biased = (shifted + (one * BIAS << FIELD)) >> FIELD;
  return (V)(biased | (U)FN(splat)(magic)) - (magic + BIAS);
}

// count log(2) + log(1 + f), given a small correction to add at the end (fdlibm's method).
INLINE V FN(join_log)(V count, V f, V correction) {
  const V s = f / (2 + f), half = f * f * (T)0.5;
  const V rest = FN(log_rest)(s * s);
  const V low = MADD(s, half + rest, MADD(count, FN(splat)(LN2_LOW), correction));
  return MADD(count, FN(splat)(LN2_HIGH), f - (half - low));
}

// For positive normal numbers only.
INLINE V FN(vlog_normal)(V x) {
  V m;
  const V n = FN(split)(x, &m);
  return FN(join_log)(n, m - 1, FN(splat)(0));
}

INLINE V FN(vlog)(V x) {
  const V y = FN(vlog_normal)(x);
  const M usual = (x >= MIN_NORMAL) & (x < (T)INFINITY);
  if (__builtin_expect(FN(any)(~usual), 0)) return usual ? y : FN(lanes_log)(x);
  return y;
}

INLINE V FN(vlog1p)(V x) {
  const V u = 1 + x;
  V m;
  const V n = FN(split)(u, &m);
  // What rounding took from u, on the scale of m, times an estimate of 1/m. When u needed no
  // scaling, x itself is the fraction.
  const V lost = x > 1 ? 1 - (u - x) : x - (u - 1);
  const V f = n == 0 ? x : m - 1;
  const V inverse = MADD(-f, MADD(-f, 1 - f, FN(splat)(1)), FN(splat)(1));
  const V correction = n == 0 ? FN(splat)(0) : FN(scale)(FN(splat)(1), -n) * lost * inverse;
  const V y = FN(join_log)(n, f, correction);
  const M usual = (x > -1) & (x < (T)(BIAS == 127 ? 0x1p120 : 0x1p1000));
  const V result = x == 0 ? x : y;  // keeps the sign of zero
  if (__builtin_expect(FN(any)(~usual), 0)) return usual ? result : FN(careful_log1p)(x);
  return result;
}

// log(1 + x) for x in [0, 1] or NaN.
INLINE V FN(vlog1p_unit)(V x) {
  const M large = x > (T)0.41421356;
  const V f = large ? (x - 1) * (T)0.5 : x;
  return FN(join_log)(large ? FN(splat)(1) : FN(splat)(0), f, FN(splat)(0));
}

// ---- Hyperbolic tangent -----------------------------------------------------------------------

// A polynomial near zero, elsewhere 1 - 2/(e^2|x| + 1), with the roundings of the sum and of the
// division put back in.
INLINE V FN(vtanh)(V x) {
  const V size = FN(vabs)(x), z = x * x;
  const V near = MADD(x * z, FN(tanh_rest)(z), x);

  const T limit = 22;  // from where on the result is 1
  V n, low;
  const V r = FN(reduce_exp)(2 * (size > limit ? FN(splat)(limit) : size), &n, &low);
  const V fraction = FN(exp_fraction)(r, low), head = 1 + fraction;
  const V e = FN(scale)(head, n), tail = FN(scale)(FN(splat)(1), n) * (fraction - (head - 1));
  const V sum = e + 1, lost = (1 - (sum - e)) + tail;
  const V q = 2 / sum;
  const V left = MADD(-q, lost, MADD(-q, sum, FN(splat)(2)));
  const V far = 1 - MADD(left, q * (T)0.5, q);
  return __builtin_elementwise_copysign(size < (T)0.55 ? near : far, x);
}

#undef LN2_HIGH
#undef LN2_LOW
#endif
