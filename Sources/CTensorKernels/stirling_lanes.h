// Functions of the gamma family that densities of large parameters are written with, from Stirling's
// series. An argument below 8 is first moved up by 8: log G(a) = log G(a + 8) - log(a (a + 1) ...
// (a + 7)). Below 2^-900 only the pole counts: there log G(a) = -log a, and the quotients of what is
// above would be denormal.

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

// In float32 minimax polynomials, the errors of which are below 6e-9, take the place of the shift:
// in a below 1, in r = 1/a from there on. Both functions stay within 4 ulp and, where terms of size 1
// leave less, 1.5e-7.

// -1 - log(G(1 + a))/a.
INLINE V FN(gamma_rest)(V a) {
  const V z = a * a;
  const V p0 = MADD(a, FN(splat)(-0x1.a51a4ap-1f), FN(splat)(-0x1.b0ee60p-2f));
  const V p1 = MADD(a, FN(splat)(-0x1.14a310p-2f), FN(splat)(0x1.9a454cp-2f));
  const V p2 = MADD(a, FN(splat)(-0x1.404c8ep-3f), FN(splat)(0x1.a269bep-3f));
  const V p3 = MADD(a, FN(splat)(-0x1.dc70fep-5f), FN(splat)(0x1.ba3f08p-4f));
  const V p4 = MADD(a, FN(splat)(-0x1.b786f8p-9f), FN(splat)(0x1.4df896p-6f));
  return MADD(z, MADD(z, MADD(z, MADD(z, p4, p3), p2), p1), p0);
}

// psi(1 + a).
INLINE V FN(digamma_next)(V a) {
  const V z = a * a;
  const V p0 = MADD(a, FN(splat)(0x1.a51a4ep+0f), FN(splat)(-0x1.2788d0p-1f));
  const V p1 = MADD(a, FN(splat)(0x1.14cddep+0f), FN(splat)(-0x1.33b5ecp+0f));
  const V p2 = MADD(a, FN(splat)(0x1.efa654p-1f), FN(splat)(-0x1.071064p+0f));
  const V p3 = MADD(a, FN(splat)(0x1.365346p-1f), FN(splat)(-0x1.adcf36p-1f));
  const V p4 = MADD(a, FN(splat)(0x1.bd25c4p-4f), FN(splat)(-0x1.4ace40p-2f));
  const V p5 = FN(splat)(-0x1.157700p-6f);
  return MADD(z, MADD(z, MADD(z, MADD(z, MADD(z, p5, p4), p3), p2), p1), p0);
}

// a (log(a / 2 pi)/2 - log(a^a e^-a / G(a))), in r = 1/a.
INLINE V FN(stirling_rest)(V r) {
  const V z = r * r;
  const V p0 = MADD(r, FN(splat)(-0x1.5397a2p-24f), FN(splat)(0x1.555554p-4f));
  const V p1 = MADD(r, FN(splat)(-0x1.a78baap-15f), FN(splat)(-0x1.6b830cp-9f));
  const V p2 = MADD(r, FN(splat)(-0x1.4a2c8cp-11f), FN(splat)(0x1.11de5ep-10f));
  return MADD(z, MADD(z, MADD(z, FN(splat)(0x1.1f8d16p-13f), p2), p1), p0);
}

// a (a (log a - psi(a)) - 1/2), in r = 1/a.
INLINE V FN(digamma_rest)(V r) {
  const V z = r * r;
  const V p0 = MADD(r, FN(splat)(-0x1.aba5e6p-20f), FN(splat)(0x1.555558p-4f));
  const V p1 = MADD(r, FN(splat)(-0x1.98798ep-12f), FN(splat)(-0x1.0fbfbcp-7f));
  const V p2 = MADD(r, FN(splat)(-0x1.399da0p-8f), FN(splat)(0x1.7e5ba2p-8f));
  const V p3 = MADD(r, FN(splat)(-0x1.0c804ap-12f), FN(splat)(0x1.d0f976p-10f));
  return MADD(z, MADD(z, MADD(z, p3, p2), p1), p0);
}

INLINE V FN(vgammapeak)(V x) {
  const T inf = (T)INFINITY, by_2pi = 0x1.45f306p-3f;
  const M usual = (x > 0) & (x < inf), low = x < 1;
  const V a = usual ? x : FN(splat)(1), r = 1 / a, log_a = FN(vlog)(low ? a : a * by_2pi);
  const V near = MADD(a, log_a + FN(gamma_rest)(a), log_a);
  const V far = MADD(-r, FN(stirling_rest)(r), log_a * (T)0.5);
  return usual ? low ? near : far : x == 0 ? FN(splat)(-inf) : x == inf ? x : FN(splat)((T)NAN);
}

INLINE V FN(vlogminusdigamma)(V x) {
  const T inf = (T)INFINITY;
  const M usual = (x > 0) & (x < inf), low = x < 1;
  const V a = usual ? x : FN(splat)(1), r = 1 / a;
  V y = r * MADD(r, FN(digamma_rest)(r), FN(splat)((T)0.5));
  if (FN(any)(low)) y = low ? r + (FN(vlog)(a) - FN(digamma_next)(a)) : y;
  return usual ? y : x == 0 ? FN(splat)(inf) : x == inf ? FN(splat)(0) : FN(splat)((T)NAN);
}

#endif
