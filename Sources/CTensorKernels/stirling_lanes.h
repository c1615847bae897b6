// Functions of the gamma family that densities of large parameters are written with, from Stirling's
// series. An argument below 8 is first moved up by 8: log G(a) = log G(a + 8) - log(a (a + 1) ...
// (a + 7)). Below 2^-900 only the pole counts: there log G(a) = -log a, and the quotients of what is
// above would be denormal. In float32 they are computed in double, since their parts cancel.

#if BIAS != 127

// Stirling's error of log G(z) and the tail of log z - psi(z), as series in s = 1/z^2, z >= 8.
INLINE V FN(stirling_error)(V reciprocal, V s) {
  V sum = (V)(43867.0 / 244188);
  sum = MADD(sum, s, FN(splat)(-3617.0 / 122400));
  sum = MADD(sum, s, FN(splat)(1.0 / 156));
  sum = MADD(sum, s, FN(splat)(-691.0 / 360360));
  sum = MADD(sum, s, FN(splat)(1.0 / 1188));
  sum = MADD(sum, s, FN(splat)(-1.0 / 1680));
  sum = MADD(sum, s, FN(splat)(1.0 / 1260));
  sum = MADD(sum, s, FN(splat)(-1.0 / 360));
  return reciprocal * MADD(sum, s, FN(splat)(1.0 / 12));
}

INLINE V FN(digamma_tail)(V s) {
  V sum = (V)(43867.0 / 14364);
  sum = MADD(sum, s, FN(splat)(-3617.0 / 8160));
  sum = MADD(sum, s, FN(splat)(1.0 / 12));
  sum = MADD(sum, s, FN(splat)(-691.0 / 32760));
  sum = MADD(sum, s, FN(splat)(1.0 / 132));
  sum = MADD(sum, s, FN(splat)(-1.0 / 240));
  sum = MADD(sum, s, FN(splat)(1.0 / 252));
  sum = MADD(sum, s, FN(splat)(-1.0 / 120));
  return s * MADD(sum, s, FN(splat)(1.0 / 12));
}

// log(a^a e^-a / G(a)) = a log(a/z) + log(z)/2 + log(a (a + 1) ... / z^8) + 8 - log(2 pi)/2 - error(z)
// for z = a + 8; the same without the shift for a >= 8.
INLINE V FN(vgammapeak)(V x) {
  const T inf = (T)INFINITY, half_log_2pi = 0.91893853320467274178;
  const M usual = (x > 0) & (x < inf), low = x < 8, tiny = x < 0x1p-900;
  const V a = usual ? x : FN(splat)(1), z = low ? a + 8 : a, reciprocal = 1 / z;
  const V product = a * (a + 1) * ((a + 2) * (a + 3)) * ((a + 4) * (a + 5) * ((a + 6) * (a + 7)));
  const V z2 = z * z, z4 = z2 * z2;
  const V log_ratio = FN(vlog)(tiny ? a : low ? product / (z4 * z4) : FN(splat)(1));
  const V shift = low ? FN(splat)(8 - half_log_2pi) : FN(splat)(-half_log_2pi);
  const V slow = low ? a * FN(vlog)(a * reciprocal) : FN(splat)(0);
  const V y = slow + (FN(vlog)(z) * (T)0.5 + log_ratio) +
              (shift - FN(stirling_error)(reciprocal, reciprocal * reciprocal));
  return usual ? tiny ? log_ratio : y : x == 0 ? FN(splat)(-inf) : x == inf ? x : FN(splat)((T)NAN);
}

// log a - psi(a) = log(a/z) + 1/(2z) + ... + 1/a + 1/(a + 1) + ... + 1/(a + 7).
INLINE V FN(vlogminusdigamma)(V x) {
  const T inf = (T)INFINITY;
  const M usual = (x > 0) & (x < inf), low = x < 8, tiny = x < 0x1p-900;
  const V a = usual ? x : FN(splat)(1), z = low ? a + 8 : a, reciprocal = 1 / z;
  V top = FN(splat)(1), bottom = a;
  for (int k = 1; k < 8; k++) {
    top = top * (a + k) + bottom;
    bottom = bottom * (a + k);
  }
  const V log_share = FN(vlog)(tiny ? FN(splat)(1) : a * reciprocal);
  const V moved = low ? log_share + top / bottom : FN(splat)(0);
  const V y = moved + (reciprocal * (T)0.5 + FN(digamma_tail)(reciprocal * reciprocal));
  return usual ? y : x == 0 ? FN(splat)(inf) : x == inf ? FN(splat)(0) : FN(splat)((T)NAN);
}

#else

#define WIDENED(f)                                                          \
  INLINE V FN(f)(V x) {                                                     \
    V y;                                                                    \
    y.lo = __builtin_convertvector(f##_f64(__builtin_convertvector(x.lo, f64v)), __typeof__(y.lo)); \
    y.hi = __builtin_convertvector(f##_f64(__builtin_convertvector(x.hi, f64v)), __typeof__(y.hi)); \
    return y;                                                               \
  }
WIDENED(vgammapeak)
WIDENED(vlogminusdigamma)
#undef WIDENED

#endif
