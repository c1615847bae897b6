// How the logarithm of a gamma variable x of a large shape a moves with a, at a fixed probability.
//
// With F the distribution function and p the density, dx/da = -(dF/da)/p(x), the one solution
// without a pole of a differential equation: d/dx (p dx/da) = -dp/da. In powers of 1/a it is
// d log x/da = (r0 + r1/a + r2/a^2 + ...)/a, functions of l = log(x/a): r0 = l/(e^l - 1) and
// (e^l - 1) rk = dr(k-1)/dl - ck, where psi(a) - log a is the sum of ck/a^k. All are analytic for
// |l| < 2 pi. The table has their derivatives at l = 0; Tests/Golden/make_slopes.py prints it.

enum { SLOPE_TERMS = 10, SLOPE_DEGREE = 20, SLOPE_CUMULANTS = 6 };

static const int slope_degree[SLOPE_TERMS] = {20, 18, 16, 14, 12, 10, 8, 6, 5, 4};

static const double slope_table[SLOPE_TERMS][SLOPE_DEGREE + 1] = {
    {1, -0.5, 0.16666666666666667, 0, -0.033333333333333333, 0, 0.02380952380952381, 0,
     -0.033333333333333333, 0, 0.075757575757575758, 0, -0.25311355311355311, 0, 1.1666666666666667,
     0, -7.092156862745098, 0, 54.971177944862155, 0, -529.12424242424242},
    {0.16666666666666667, -0.083333333333333333, 0.016666666666666667, 0.016666666666666667,
     -0.011904761904761905, -0.011904761904761905, 0.016666666666666667, 0.016666666666666667,
     -0.037878787878787879, -0.037878787878787879, 0.12655677655677656, 0.12655677655677656,
     -0.58333333333333333, -0.58333333333333333, 3.546078431372549, 3.546078431372549,
     -27.485588972431078, -27.485588972431078, 264.56212121212121},
    {0.016666666666666667, 0, -0.0095238095238095238, 0.0071428571428571429, 0.0047619047619047619,
     -0.011904761904761905, -0.0030303030303030303, 0.028787878787878788, -0.0032301032301032301,
     -0.099150849150849151, 0.050915750915750916, 0.46501831501831502, -0.44901960784313725,
     -2.857843137254902, 4.2118384195783577, 22.313644405130473, -45.526338573706995},
    {-0.0095238095238095238, 0.0083333333333333333, -0.0035714285714285714, -0.0035714285714285714,
     0.0072510822510822511, 0.00075757575757575758, -0.017390942390942391, 0.010081585081585082,
     0.055869130869130869, -0.080494505494505495, -0.2338019823313941, 0.62107843137254902,
     1.2207393483709273, -5.5048245614035088, -7.5590175304571589},
    {-0.0035714285714285714, 0, 0.0036075036075036075, -0.004329004329004329,
     -0.0013209013209013209, 0.010989010989010989, -0.0070485070485070485, -0.032634032634032634,
     0.061361514302690773, 0.11249534778946544, -0.47155407372125638, -0.37315006974449699,
     4.0662936306899155},
    {0.0036075036075036075, -0.0039682539682539683, 0.0023254523254523255, 0.0023254523254523255,
     -0.0074647574647574648, 0.0030247530247530248, 0.021864736570618924, -0.039221236280059809,
     -0.064859375230892259, 0.31182121971595656, 0.095800089143742395},
    {0.0023254523254523255, 0, -0.0032634032634032634, 0.0050699300699300699,
     0.00029480323597970657, -0.016402714932126697, 0.022576855548991772, 0.047839853644807205,
     -0.20044563279857398},
    {-0.0032634032634032634, 0.0041666666666666667, -0.00298059783353901, -0.00298059783353901,
     0.01292377642996838, -0.010572077561241648, -0.041393423398067361},
    {-0.00298059783353901, 0, 0.0053014580878357968, -0.0098500570636793547, 0.0014146328387814456,
     0.037799919378866747},
    {0.0053014580878357968, -0.0075757575757575758, 0.0062801491594061254, 0.0062801491594061254,
     -0.034139806888494464}};

// The sum of r(k) reciprocal^(k + 1), given the powers of l, or their means, divided by factorials.
INLINE f64v slope_series(f64v reciprocal, const f64v power[SLOPE_DEGREE + 1]) {
  f64v sum = BROADCAST(0);
#pragma clang loop unroll(full)
  for (int k = SLOPE_TERMS - 1; k >= 0; k--) {
    f64v term = BROADCAST(slope_table[k][0]);
#pragma clang loop unroll(full)
    for (int i = 1; i <= slope_degree[k]; i++) {
      term = MADD(power[i], BROADCAST(slope_table[k][i]), term);
    }
    sum = MADD(sum, reciprocal, term);
  }
  return sum * reciprocal;
}

INLINE void slope_powers(f64v l, f64v power[SLOPE_DEGREE + 1]) {
  power[0] = BROADCAST(1);
#pragma clang loop unroll(full)
  for (int i = 1; i <= SLOPE_DEGREE; i++) power[i] = power[i - 1] * (l * (1.0 / i));
}

// The cumulants of log(s/n) for a gamma variable s of shape n, each divided by the factorial of its
// number less one: psi(n) - log n and the derivatives of psi over factorials, by Stirling's series.
INLINE void slope_cumulants(f64v r, f64v cumulant[SLOPE_CUMULANTS]) {
  static const double series[SLOPE_CUMULANTS][4] = {
      {0},
      {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30},
      {1.0 / 4, -1.0 / 12, 1.0 / 12, -3.0 / 20},
      {1.0 / 3, -1.0 / 6, 2.0 / 9, -1.0 / 2},
      {5.0 / 12, -7.0 / 24, 1.0 / 2, -11.0 / 8},
      {1.0 / 2, -7.0 / 15, 1.0, -33.0 / 10}};
  const f64v s = r * r;
  cumulant[0] = -(0.5 * r + digamma_tail_f64(s));
  f64v power = BROADCAST(-1);
#pragma clang loop unroll(full)
  for (int j = 1; j < SLOPE_CUMULANTS; j++) {
    f64v tail = MADD(s, BROADCAST(series[j][3]), BROADCAST(series[j][2]));
    tail = MADD(s, MADD(s, tail, BROADCAST(series[j][1])), BROADCAST(series[j][0]));
    power *= -r;
    cumulant[j] = power * MADD(s, tail, MADD(r, BROADCAST(0.5), BROADCAST(1.0 / j)));
  }
}

// The means of (l + t)^i over the factorial of i, where t has these cumulants.
INLINE void slope_moments(
    f64v l, const f64v cumulant[SLOPE_CUMULANTS], f64v mean[SLOPE_DEGREE + 1]) {
  const f64v first = l + cumulant[0];
  mean[0] = BROADCAST(1);
#pragma clang loop unroll(full)
  for (int i = 0; i < SLOPE_DEGREE; i++) {
    f64v sum = first * mean[i];
#pragma clang loop unroll(full)
    for (int j = 1; j < SLOPE_CUMULANTS && j <= i; j++) sum = MADD(cumulant[j], mean[i - j], sum);
    mean[i + 1] = sum * (1.0 / (i + 1));
  }
}
