// A uniform direction from random bits: cosine and sine of a uniform angle.

// The coefficients of sine and cosine on [0, pi/4] are those of fdlibm.
INLINE void direction_f64(i64v bits, f64v *x, f64v *y) {
  const f64v unit = (f64v)(((u64v)bits >> 12) | (u64v)0x3FF0000000000000) - 0x1.fffffffffffffp-1;
  const f64v a = unit * 0x1.921fb54442d18p-1, z = a * a;
  f64v s = MADD(z, (f64v)1.58969099521155010221e-10, (f64v)-2.50507602534068634195e-08);
  s = MADD(z, s, (f64v)2.75573137070700676789e-06);
  s = MADD(z, s, (f64v)-1.98412698298579493134e-04);
  s = MADD(z, s, (f64v)8.33333333332248946124e-03);
  s = MADD(z, s, (f64v)-1.66666666666666324348e-01);
  s = MADD(a * z, s, a);
  f64v c = MADD(z, (f64v)-1.13596475577881948265e-11, (f64v)2.08757232129817482790e-09);
  c = MADD(z, c, (f64v)-2.75573143513906633035e-07);
  c = MADD(z, c, (f64v)2.48015872894767294178e-05);
  c = MADD(z, c, (f64v)-1.38888888888741095749e-03);
  c = MADD(z, c, (f64v)4.16666666666666019037e-02);
  c = MADD(z * z, c, MADD(z, (f64v)-0.5, (f64v)1.0));
  // The lowest bits, which the angle does not use.
  const i64v exchange = (bits & 1) != 0;
  *x = (f64v)((i64v)(exchange ? s : c) ^ ((bits & 2) << 62));
  *y = (f64v)((i64v)(exchange ? c : s) ^ ((bits & 4) << 61));
}

// The coefficients are those of Cephes.
INLINE void direction_f32(i32v bits, f32v *x, f32v *y) {
  const f32v unit = (f32v)(((u32v)bits >> 9) | (u32v)0x3F800000) - 0x1.fffffep-1f;
  const f32v a = unit * 0x1.921fb6p-1f, z = a * a;
  f32v s = MADD(z, (f32v)-1.9515295891e-4f, (f32v)8.3321608736e-3f);
  s = MADD(z, s, (f32v)-1.6666654611e-1f);
  s = MADD(a * z, s, a);
  f32v c = MADD(z, (f32v)2.443315711809948e-5f, (f32v)-1.388731625493765e-3f);
  c = MADD(z, c, (f32v)4.166664568298827e-2f);
  c = MADD(z * z, c, MADD(z, (f32v)-0.5f, (f32v)1.0f));
  const i32v exchange = (bits & 1) != 0;
  *x = (f32v)((i32v)(exchange ? s : c) ^ ((bits & 2) << 30));
  *y = (f32v)((i32v)(exchange ? c : s) ^ ((bits & 4) << 29));
}
