// Transcendental functions on vectors of one floating-point type (T, V, M, FN: see
// elementwise_template.h), with SLEEF's results repaired where they are not those of C99.

INLINE V FN(vmax)(V x, V y) { return x > y ? x : y; }

#define DIRECT1(f) \
  INLINE V FN(v##f)(V x) { return FN(lanes_##f)(x); }
#define DIRECT2(f) \
  INLINE V FN(v##f)(V x, V y) { return FN(lanes_##f)(x, y); }

DIRECT1(exp2)
DIRECT1(log2)
DIRECT1(log10)
DIRECT1(sin)
DIRECT1(cos)
DIRECT1(tan)
DIRECT1(asin)
DIRECT1(acos)
DIRECT1(atan)
DIRECT1(atanh)
DIRECT1(erf)
DIRECT1(erfc)
DIRECT2(atan2)
DIRECT2(hypot)

// The last factor of two before overflow.
INLINE V FN(vsinh)(V x) {
  const V size = FN(vabs)(x);
  const M rare = (size > (T)(BIAS == 127 ? 88.5 : 709)) & (size < (T)(BIAS == 127 ? 89.5 : 711));
  return FN(repair1)(FN(lanes_sinh)(x), x, rare, sinh);
}
INLINE V FN(vcosh)(V x) {
  const V size = FN(vabs)(x);
  const M rare = (size > (T)(BIAS == 127 ? 88.5 : 709)) & (size < (T)(BIAS == 127 ? 89.5 : 711));
  return FN(repair1)(FN(lanes_cosh)(x), x, rare, cosh);
}

// SLEEF squares the operand.
INLINE V FN(vasinh)(V x) {
  const M rare = FN(vabs)(x) > (T)(BIAS == 127 ? 0x1p60 : 0x1p500);
  return FN(repair1)(FN(lanes_asinh)(x), x, rare, asinh);
}
INLINE V FN(vacosh)(V x) {
  const M rare = x > (T)(BIAS == 127 ? 0x1p60 : 0x1p500);
  return FN(repair1)(FN(lanes_acosh)(x), x, rare, acosh);
}

// Between its poles the function has zeros, near which SLEEF's has no correct digits; and it
// overflows too early.
INLINE V FN(vlgamma)(V x) {
  const M rare = (x < 0) | (x > (T)(BIAS == 127 ? 0x1p120 : 0x1p1000));
  return FN(repair1)(FN(lanes_lgamma)(x), x, rare, log_gamma);
}

// SLEEF's overflows a little early.
INLINE V FN(vpow)(V x, V y) {
  const V z = FN(lanes_pow)(x, y);
  const T inf = (T)INFINITY;
  const M rare = (FN(vabs)(z) == inf) & (FN(vabs)(x) < inf) & (FN(vabs)(y) < inf);
  return FN(repair2)(z, x, y, rare, pow);
}

// 1/(1 + e^-x), by the exponential that cannot overflow: e^x/(1 + e^x) for negative x.
INLINE V FN(vsigmoid)(V x) {
  const V e = FN(vexp)(-FN(vabs)(x));
  return (x < 0 ? e : FN(splat)(1)) / (1 + e);
}

// log(1 + e^-|x|), in [0, log 2].
INLINE V FN(vsoftplus_rest)(V x) { return FN(vlog1p_unit)(FN(vexp)(-FN(vabs)(x))); }

INLINE V FN(vsoftplus)(V x) { return (x > 0 ? x : FN(splat)(0)) + FN(vsoftplus_rest)(x); }
INLINE V FN(velu)(V x) { return x > 0 ? x : FN(vexpm1)(x > 0 ? FN(splat)(0) : x); }
INLINE V FN(vlogsigmoid)(V x) { return -((x < 0 ? -x : FN(splat)(0)) + FN(vsoftplus_rest)(x)); }

// Equal operands are taken apart because the difference of equal infinities is NaN.
INLINE V FN(vlogaddexp)(V x, V y) {
  const V gap = x == y ? FN(splat)(0) : x - y;
  return FN(vmax)(x, y) + FN(vsoftplus_rest)(gap);
}

#undef DIRECT1
#undef DIRECT2
