// All elementwise and random kernels for one instruction set: included once for each, with
// CTK_TABLE naming the table to define and at most one CTK_LANES_… macro set.
#include <math.h>

#include "elementwise.h"

// Multiplication and addition are rounded separately everywhere, as if by two kernels.
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

#define JOIN_(x, y) x##y
#define JOIN(x, y) JOIN_(x, y)

#include "lanes.h"
#include "sleef_names.h"
#include "polynomials.h"

// The C function without its global result, the sign. (Declared here because strict C modes hide
// it; every libm has it.)
double lgamma_r(double, int *);
static double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

#define T double
#define V f64v
#define M i64v
#define U u64v
#define LANES F64_LANES
#define FIELD 52  // bits of the fraction
#define BIAS 1023
#define MIN_NORMAL 0x1p-1022
#define FN(name) name##_f64
#include "fast_lanes.h"
#include "real_lanes.h"
#include "stirling_lanes.h"
#include "real_kernels.h"
#undef T
#undef V
#undef M
#undef U
#undef LANES
#undef FIELD
#undef BIAS
#undef MIN_NORMAL
#undef FN

#define T float
#define V f32v
#define M i32v
#define U u32v
#define LANES F32_LANES
#define FIELD 23
#define BIAS 127
#define MIN_NORMAL 0x1p-126f
#define FN(name) name##_f32
#include "fast_lanes.h"
#include "real_lanes.h"
#include "stirling_lanes.h"
#include "real_kernels.h"
#undef T
#undef V
#undef M
#undef U
#undef LANES
#undef FIELD
#undef BIAS
#undef MIN_NORMAL
#undef FN

#include "plain_kernels.h"
#include "direction.h"
#include "random_kernels.h"
#include "random_draws.h"
#include "draw_slopes.h"

#define REAL(name) {[CTK_F64] = name##_f64, [CTK_F32] = name##_f32}
#define REAL_INT(name) {[CTK_F64] = name##_f64, [CTK_F32] = name##_f32, [CTK_I64] = name##_i64}
#define EVERY(name) {name##_f64, name##_f32, name##_i64, name##_bool}
#define MODES(name) {name##_vv, name##_vs, name##_sv}
#define REAL2(name) {[CTK_F64] = MODES(name##_f64), [CTK_F32] = MODES(name##_f32)}
#define REAL_INT2(name) \
  {[CTK_F64] = MODES(name##_f64), [CTK_F32] = MODES(name##_f32), [CTK_I64] = MODES(name##_i64)}
#define EVERY2(name) \
  {MODES(name##_f64), MODES(name##_f32), MODES(name##_i64), MODES(name##_bool)}
#define WHERES(t)                                                                 \
  {where_##t##_0, where_##t##_1, where_##t##_2, where_##t##_3, where_##t##_4,     \
   where_##t##_5, where_##t##_6, where_##t##_7}
#define CASTS(t) {cast_##t##_f64, cast_##t##_f32, cast_##t##_i64, cast_##t##_bool}

const ctk_elementwise_table CTK_TABLE = {
    .unary =
        {
            [CTK_NEG] = REAL_INT(neg),
            [CTK_ABS] = REAL_INT(abs),
            [CTK_SIGN] = REAL_INT(sign),
            [CTK_SQUARE] = REAL_INT(square),
            [CTK_SQRT] = REAL(sqrt),
            [CTK_RSQRT] = REAL(rsqrt),
            [CTK_RECIPROCAL] = REAL(reciprocal),
            [CTK_EXP] = REAL(exp),
            [CTK_EXP2] = REAL(exp2),
            [CTK_EXPM1] = REAL(expm1),
            [CTK_LOG] = REAL(log),
            [CTK_LOG2] = REAL(log2),
            [CTK_LOG10] = REAL(log10),
            [CTK_LOG1P] = REAL(log1p),
            [CTK_SIN] = REAL(sin),
            [CTK_COS] = REAL(cos),
            [CTK_TAN] = REAL(tan),
            [CTK_ASIN] = REAL(asin),
            [CTK_ACOS] = REAL(acos),
            [CTK_ATAN] = REAL(atan),
            [CTK_SINH] = REAL(sinh),
            [CTK_COSH] = REAL(cosh),
            [CTK_TANH] = REAL(tanh),
            [CTK_ASINH] = REAL(asinh),
            [CTK_ACOSH] = REAL(acosh),
            [CTK_ATANH] = REAL(atanh),
            [CTK_SIGMOID] = REAL(sigmoid),
            [CTK_SOFTPLUS] = REAL(softplus),
            [CTK_LOGSIGMOID] = REAL(logsigmoid),
            [CTK_ERF] = REAL(erf),
            [CTK_ERFC] = REAL(erfc),
            [CTK_LGAMMA] = REAL(lgamma),
            [CTK_GAMMAPEAK] = REAL(gammapeak),
            [CTK_LOGMINUSDIGAMMA] = REAL(logminusdigamma),
            [CTK_FLOOR] = REAL(floor),
            [CTK_CEIL] = REAL(ceil),
            [CTK_ROUND] = REAL(round),
            [CTK_TRUNC] = REAL(trunc),
            [CTK_RELU] = REAL_INT(relu),
            [CTK_ELU] = REAL(elu),
        },
    .test =
        {
            [CTK_ISNAN] = REAL(isnan),
            [CTK_ISFINITE] = REAL(isfinite),
            [CTK_NOT] = {[CTK_BOOL] = not_bool},
        },
    .binary =
        {
            [CTK_ADD] = REAL_INT2(add),
            [CTK_SUB] = REAL_INT2(sub),
            [CTK_MUL] = REAL_INT2(mul),
            [CTK_DIV] = REAL_INT2(div),
            [CTK_MOD] = REAL_INT2(mod),
            [CTK_POW] = REAL2(pow),
            [CTK_MAX] = REAL_INT2(max),
            [CTK_MIN] = REAL_INT2(min),
            [CTK_ATAN2] = REAL2(atan2),
            [CTK_HYPOT] = REAL2(hypot),
            [CTK_LOGADDEXP] = REAL2(logaddexp),
            [CTK_MULSAFE] = REAL2(mulsafe),
            [CTK_AND] = {[CTK_BOOL] = MODES(and_bool)},
            [CTK_OR] = {[CTK_BOOL] = MODES(or_bool)},
            [CTK_XOR] = {[CTK_BOOL] = MODES(xor_bool)},
            [CTK_FOLDIN] = {[CTK_I64] = MODES(foldin_i64)},
        },
    .compare =
        {
            [CTK_EQ] = EVERY2(eq),
            [CTK_NE] = EVERY2(ne),
            [CTK_LT] = EVERY2(lt),
            [CTK_LE] = EVERY2(le),
        },
    .where = {WHERES(f64), WHERES(f32), WHERES(i64), WHERES(bool)},
    .cast = {CASTS(f64), CASTS(f32), CASTS(i64), CASTS(bool)},
    .fill = EVERY(fill),
    .copy = EVERY(copy),
    .affine = REAL(affine),
    .scaleadd = REAL(scaleadd),
    .muladd = REAL(muladd),
    .random =
        {
            [CTK_BITS] = {[CTK_I64] = random_bits},
            [CTK_UNIFORM] = REAL(random_uniform),
            [CTK_NORMAL] = REAL(random_normal),
        },
    .draw =
        {
            [CTK_DRAW_GAMMA] = REAL(draw_gamma),
            [CTK_DRAW_LOG_GAMMA] = REAL(draw_log_gamma),
            [CTK_DRAW_POISSON] = REAL(draw_poisson),
            [CTK_DRAW_BINOMIAL] = REAL(draw_binomial),
            [CTK_DRAW_VON_MISES] = REAL(draw_von_mises),
        },
    .gamma_slope = REAL(gamma_slope),
    .beta_slopes = REAL(beta_slopes),
};
