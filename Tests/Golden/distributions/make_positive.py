"""Values for distributions of positive numbers: see golden.py."""

import math

from mpmath import digamma, euler, exp, expm1, gamma, inf, log, log1p, loggamma, mpf
from scipy import stats

from golden import PROBABILITIES, draws, positive, write
from incomplete import beta_lower, beta_quantile, gamma_lower, gamma_quantile, gamma_upper

MINUS = -inf
FEW = (1e-30, 1e-6, 0.02, 0.5, 0.9, 0.9999)


def inside(x, value):
  return value() if x > 0 else MINUS


def log_beta(a, b):
  return loggamma(a) + loggamma(b) - loggamma(a + b)


def places(quantile, *edges):
  """Quantiles, but no denormal numbers, of which products round coarsely, and edges."""

  def points(*values):
    xs = [float(quantile(mpf(p), *map(mpf, values))) for p in PROBABILITIES]
    return [x for x in xs if math.isfinite(x) and (x == 0 or x > 1e-290)] + list(edges)

  return points


shape = positive(0.3, 20, 1e-3, 3e4)
rate = positive(0.2, 5, 1e-6, 1e6)

write(
  "Exponential", draws(100, rate),
  lambda x, r: log(r) - r * x if x >= 0 else MINUS,
  cdf=lambda x, r: -expm1(-r * x) if x > 0 else mpf(0),
  quantile=lambda p, r: -log1p(-p) / r,
  mean=lambda r: 1 / r, variance=lambda r: 1 / r**2, entropy=lambda r: 1 - log(r),
  edges=lambda *_: [0, -1e-300, 1e-300], scipy=lambda r: stats.expon(scale=1 / r))

write(
  "Gamma", draws(100, shape, rate, first=[(1e5, 1e6), (1, 1), (1e-3, 1), (2.5, 1e-6)]),
  lambda x, a, r: inside(x, lambda: a * log(r) + (a - 1) * log(x) - r * x - loggamma(a)),
  cdf=lambda x, a, r: gamma_lower(a, r * x), quantile=lambda p, a, r: gamma_quantile(a, p) / r,
  quantiles=FEW, points=places(lambda p, a, r: gamma_quantile(a, p) / r, 0, 1e-300),
  mean=lambda a, r: a / r, variance=lambda a, r: a / r**2,
  entropy=lambda a, r: a - log(r) + loggamma(a) + (1 - a) * digamma(a),
  scipy=lambda a, r: stats.gamma(a, scale=1 / r),
  trusted=lambda a, r: 0.1 < a < 1e3)

write(
  "Chi2", draws(100, shape),
  lambda x, k: inside(x, lambda: -k / 2 * log(2) + (k / 2 - 1) * log(x) - x / 2 - loggamma(k / 2)),
  cdf=lambda x, k: gamma_lower(k / 2, x / 2), quantile=lambda p, k: 2 * gamma_quantile(k / 2, p),
  quantiles=FEW, points=places(lambda p, k: 2 * gamma_quantile(k / 2, p), 0, 1e-300),
  mean=lambda k: k, variance=lambda k: 2 * k,
  entropy=lambda k: k / 2 + log(2) + loggamma(k / 2) + (1 - k / 2) * digamma(k / 2),
  scipy=lambda k: stats.chi2(k), trusted=lambda k: 0.2 < k < 2e3)

write(
  "InverseGamma", draws(100, positive(0.5, 20, 1e-2, 3e4), rate, first=[(1, 1), (2, 1), (1e5, 1e6)]),
  lambda x, a, r: inside(x, lambda: a * log(r) - (a + 1) * log(x) - r / x - loggamma(a)),
  cdf=lambda x, a, r: gamma_upper(a, r / x) if x > 0 else mpf(0),
  quantile=lambda p, a, r: r / gamma_quantile(a, p, upper=True), quantiles=FEW,
  mean=lambda a, r: r / (a - 1) if a > 1 else inf,
  variance=lambda a, r: r**2 / (a - 1) ** 2 / (a - 2) if a > 2 else inf,
  entropy=lambda a, r: a + log(r) + loggamma(a) - (1 + a) * digamma(a),
  edges=lambda *_: [0], scipy=lambda a, r: stats.invgamma(a, scale=r),
  trusted=lambda a, r: 0.5 < a < 1e3)

write(
  "Weibull", draws(100, rate, positive(0.3, 8, 0.05, 1e4)),
  lambda x, s, k: inside(x, lambda: log(k / s) + (k - 1) * log(x / s) - (x / s) ** k),
  cdf=lambda x, s, k: -expm1(-(x / s) ** k) if x > 0 else mpf(0),
  quantile=lambda p, s, k: s * (-log1p(-p)) ** (1 / k),
  mean=lambda s, k: s * gamma(1 + 1 / k),
  variance=lambda s, k: s**2 * (gamma(1 + 2 / k) - gamma(1 + 1 / k) ** 2),
  entropy=lambda s, k: euler * (1 - 1 / k) + log(s / k) + 1,
  points=places(lambda p, s, k: s * (-log1p(-p)) ** (1 / k), 0),
  scipy=lambda s, k: stats.weibull_min(k, scale=s),
  trusted=lambda s, k: 0.3 < k < 50)

write(
  "Pareto", draws(100, rate, positive(0.3, 8, 1e-2, 1e6)),
  lambda x, m, a: log(a) + a * log(m) - (a + 1) * log(x) if x >= m else MINUS,
  cdf=lambda x, m, a: -expm1(-a * log(x / m)) if x > m else mpf(0),
  quantile=lambda p, m, a: m * exp(-log1p(-p) / a),
  mean=lambda m, a: m * a / (a - 1) if a > 1 else inf,
  variance=lambda m, a: m**2 * a / (a - 1) ** 2 / (a - 2) if a > 2 else inf,
  entropy=lambda m, a: log(m / a) + 1 + 1 / a,
  edges=lambda m, a: [float(m), float(m) * 0.999, 0, -1], scipy=lambda m, a: stats.pareto(a, scale=m),
  trusted=lambda m, a: 0.1 < a < 100)


def f_entropy(m, n):
  a, b = m / 2, n / 2
  return (log(n / m) + log_beta(a, b) - (a - 1) * digamma(a) - (b + 1) * digamma(b)
          + (a + b) * digamma(a + b))


def f_quantile(p, m, n):
  a, b = m / 2, n / 2
  if p > 0.5:
    y = beta_quantile(b, a, 1 - p)
    return n / m * (1 - y) / y
  z = beta_quantile(a, b, p)
  return n / m * z / (1 - z)


freedom = positive(1, 30, 0.05, 1e5)
write(
  "FisherSnedecor", draws(100, freedom, freedom, first=[(1e6, 1e6), (1, 1), (4, 4), (5, 2)]),
  lambda x, m, n: inside(
    x, lambda: m / 2 * log(m) + n / 2 * log(n) + (m / 2 - 1) * log(x) - (m + n) / 2 * log(m * x + n)
    - log_beta(m / 2, n / 2)),
  cdf=lambda x, m, n: beta_lower(m / 2, n / 2, m * x / (m * x + n), n / (m * x + n)) if x > 0 else mpf(0),
  quantile=f_quantile, quantiles=FEW,
  mean=lambda m, n: n / (n - 2) if n > 2 else inf,
  variance=lambda m, n: 2 * n**2 * (m + n - 2) / m / (n - 2) ** 2 / (n - 4) if n > 4 else inf,
  entropy=f_entropy, points=places(f_quantile, 0), scipy=lambda m, n: stats.f(m, n),
  trusted=lambda m, n: 1 <= m < 1e3 and 1 <= n < 1e3)
