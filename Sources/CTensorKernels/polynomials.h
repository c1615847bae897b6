// a*b + c in one rounding where the machine does it in one instruction. For approximations only:
// results then differ in their last bits between instruction sets.
#if CTK_LANES_FMA
#define MADD(a, b, c) __builtin_elementwise_fma((a), (b), (c))
#else
#define MADD(a, b, c) ((a) * (b) + (c))
#endif

// Polynomials behind exp, log and tanh, and the constants that go with them. Those of the
// logarithm are fdlibm's; the others are minimax fits, the error of which is below a sixteenth of
// a unit in the last place of the function.

#define K(x) ((f64v)(x))

// (e^r - 1 - r) / r^2 for |r| <= log(2)/2.
INLINE f64v exp_rest_f64(f64v r) {
  const f64v r2 = r * r, r4 = r2 * r2;
  const f64v p0 = MADD(r, K(0x1.55555555554fap-3), K(0x1.000000000000ap-1));
  const f64v p1 = MADD(r, K(0x1.1111111127c35p-7), K(0x1.555555555086bp-5));
  const f64v p2 = MADD(r, K(0x1.a01a012a4472cp-13), K(0x1.6c16c1842e4f8p-10));
  const f64v p3 = MADD(r, K(0x1.71df256b2e959p-19), K(0x1.a0199a001bf8fp-16));
  const f64v p4 = MADD(r, K(0x1.ad7f651a75d61p-26), K(0x1.28ad7ecad3fdfp-22));
  return MADD(r4, MADD(r4, p4, MADD(r2, p3, p2)), MADD(r2, p1, p0));
}

// With s = f/(2 + f): (log(1 + f) - 2s)/s, a series in z = s^2, for 1 + f in [sqrt(1/2), sqrt(2)].
INLINE f64v log_rest_f64(f64v z) {
  const f64v w = z * z;
  f64v odd = MADD(w, K(1.479819860511658591e-01), K(1.818357216161805012e-01));
  odd = MADD(w, MADD(w, odd, K(2.857142874366239149e-01)), K(6.666666666666735130e-01));
  f64v even = MADD(w, K(1.531383769920937332e-01), K(2.222219843214978396e-01));
  even = MADD(w, even, K(3.999999999940941908e-01));
  return MADD(z, odd, w * even);
}

// (tanh(x)/x - 1) / x^2 as a series in z = x^2, for |x| <= 0.56.
INLINE f64v tanh_rest_f64(f64v z) {
  const f64v z2 = z * z, z4 = z2 * z2;
  const f64v p0 = MADD(z, K(0x1.11111111103f7p-3), K(-0x1.555555555554cp-2));
  const f64v p1 = MADD(z, K(0x1.664f484d30073p-6), K(-0x1.ba1ba1b947881p-5));
  const f64v p2 = MADD(z, K(0x1.d6d25ab22e57dp-9), K(-0x1.226e2d7de57b0p-7));
  const f64v p3 = MADD(z, K(0x1.34684cb59c5c5p-11), K(-0x1.7d8c87835b8e8p-10));
  const f64v p4 = MADD(z, K(0x1.5a48d92b2fe89p-14), K(-0x1.e856c80ae4ef4p-13));
  const f64v low = MADD(z2, p1, p0), middle = MADD(z2, p3, p2);
  const f64v high = MADD(z2, K(-0x1.3f2faee06afc3p-16), p4);
  return MADD(z4, MADD(z4, high, middle), low);
}

#undef K
#define K(x) ((f32v)(x))

INLINE f32v exp_rest_f32(f32v r) {
  const f32v r2 = r * r;
  const f32v p0 = MADD(r, K(0x1.555492p-3f), K(0x1.fffffcp-2f));
  const f32v p1 = MADD(r, K(0x1.1239f4p-7f), K(0x1.5558f2p-5f));
  return MADD(r2, MADD(r2, K(0x1.6a240ep-10f), p1), p0);
}

INLINE f32v log_rest_f32(f32v z) {
  const f32v w = z * z;
  const f32v odd = MADD(w, K(0x1.23d3dcp-2f), K(0x1.555554p-1f));
  const f32v even = MADD(w, K(0x1.f13c4cp-3f), K(0x1.999c26p-2f));
  return MADD(z, odd, w * even);
}

INLINE f32v tanh_rest_f32(f32v z) {
  const f32v z2 = z * z;
  const f32v p0 = MADD(z, K(0x1.110c9ap-3f), K(-0x1.555548p-2f));
  const f32v p1 = MADD(z, K(0x1.586848p-6f), K(-0x1.b90ffep-5f));
  return MADD(z2, MADD(z2, K(-0x1.96459cp-8f), p1), p0);
}

#undef K
