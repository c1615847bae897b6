"""Values for distributions over intervals, and truncated ones: see golden.py."""

import mpmath
from mpmath import beta as beta_function
from mpmath import digamma, erfc, euler, exp, expm1, inf, log, log1p, loggamma, mpf, pi, sqrt
from scipy import stats

from golden import draws, positive, probability, real, write
from incomplete import beta_lower, beta_quantile

MINUS = -inf
FEW = (1e-30, 1e-6, 0.02, 0.5, 0.9, 0.9999)
UNIT_EDGES = [0, 1, -0.25, 1.5]


def log_beta(a, b):
  return loggamma(a) + loggamma(b) - loggamma(a + b)


def on_unit(x, a, b, peak, value):
  """A density proportional to x^(a-1) near 0 and (1-x)^(b-1) near 1."""
  if 0 < x < 1:
    return value()
  if x != 0 and x != 1:
    return MINUS
  exponent = a if x == 0 else b
  return inf if exponent < 1 else peak if exponent == 1 else MINUS


def beta_log(x, a, b):
  return on_unit(
    x, a, b, -log_beta(a, b),
    lambda: (a - 1) * log(x) + (b - 1) * log(1 - x) - log_beta(a, b))


def beta_cdf(x, a, b):
  return beta_lower(a, b, x)


def beta_entropy(a, b):
  return (log_beta(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b)
          + (a + b - 2) * digamma(a + b))


shape = positive(0.3, 20, 1e-2, 1e8)
write(
  "Beta",
  draws(110, shape, shape, first=[(1, 1), (1, 3), (0.5, 1), (1e8, 1e8), (1e8, 3), (2, 1e7)]),
  beta_log, cdf=beta_cdf, quantile=lambda p, a, b: beta_quantile(a, b, p), quantiles=FEW,
  mean=lambda a, b: a / (a + b), variance=lambda a, b: a * b / (a + b) ** 2 / (a + b + 1),
  entropy=beta_entropy, edges=lambda *_: UNIT_EDGES, scipy=lambda a, b: stats.beta(a, b),
  trusted=lambda a, b: 0.1 < a < 1e3 and 0.1 < b < 1e3)

write(
  "BetaProportion", draws(100, probability(), positive(1, 50, 0.1, 1e6)),
  lambda x, m, c: beta_log(x, m * c, (1 - m) * c),
  cdf=lambda x, m, c: beta_cdf(x, m * c, (1 - m) * c),
  mean=lambda m, c: m, variance=lambda m, c: m * (1 - m) / (c + 1),
  entropy=lambda m, c: beta_entropy(m * c, (1 - m) * c),
  points=lambda m, c: [0.01, 0.1, 0.3, 0.5, 0.7, 0.95, 0.999, m] + UNIT_EDGES,
  scipy=lambda m, c: stats.beta(m * c, (1 - m) * c),
  trusted=lambda m, c: 0.1 < m * c < 1e3 and 0.1 < (1 - m) * c < 1e3)


def kumaraswamy_moment(n, a, b):
  return b * exp(log_beta(1 + n / a, b))


kumaraswamy = positive(0.3, 10, 0.05, 200)
write(
  "Kumaraswamy", draws(100, kumaraswamy, kumaraswamy, first=[(1, 1), (1, 2), (2, 1)]),
  lambda x, a, b: on_unit(
    x, a, b, log(a * b), lambda: log(a * b) + (a - 1) * log(x) + (b - 1) * log(1 - x**a)),
  cdf=lambda x, a, b: mpf(0) if x <= 0 else mpf(1) if x >= 1 else -expm1(b * log1p(-(x**a))),
  quantile=lambda p, a, b: (-expm1(log1p(-p) / b)) ** (1 / a),
  mean=lambda a, b: kumaraswamy_moment(1, a, b),
  variance=lambda a, b: kumaraswamy_moment(2, a, b) - kumaraswamy_moment(1, a, b) ** 2,
  entropy=lambda a, b: (1 - 1 / b) + (1 - 1 / a) * (digamma(b + 1) + euler) - log(a * b),
  edges=lambda *_: UNIT_EDGES)

write(
  "LogUniform",
  [(l, l * r) for l, r in draws(100, positive(0.1, 10, 1e-6, 1e6), positive(1.5, 100, 1.01, 1e6))],
  lambda x, l, h: -log(x) - log(log(h / l)) if l <= x <= h else MINUS,
  cdf=lambda x, l, h: mpf(0) if x <= l else mpf(1) if x >= h else log(x / l) / log(h / l),
  quantile=lambda p, l, h: l * (h / l) ** p,
  mean=lambda l, h: (h - l) / log(h / l),
  variance=lambda l, h: (h**2 - l**2) / 2 / log(h / l) - ((h - l) / log(h / l)) ** 2,
  entropy=lambda l, h: log(log(h / l)) + log(l * h) / 2,
  edges=lambda l, h: [float(l), float(h), float(l) * 0.9, float(h) * 1.1, 0, -1],
  scipy=lambda l, h: stats.loguniform(l, h))


# --- continuous and relaxed coins -----------------------------------------------------------------


def tilted(y):
  """log of the integral of exp(yx) over the unit interval; y near 0 by more digits."""
  with mpmath.workdps(120):
    return log(expm1(y) / y) if y else mpf(0)


def tilted_mean(y):
  with mpmath.workdps(120):
    return 1 / (1 - exp(-y)) - 1 / y if y else mpf(1) / 2


def tilted_variance(y):
  with mpmath.workdps(160):
    return 1 / y**2 - exp(-y) / expm1(-y) ** 2 if y else mpf(1) / 12


def tilted_cdf(x, y):
  if x <= 0 or x >= 1:
    return mpf(0) if x <= 0 else mpf(1)
  return expm1(y * x) / expm1(y) if y else x


def continuous_bernoulli(name, parameters, logit):
  write(
    name, parameters,
    lambda x, q: logit(q) * x - tilted(logit(q)) if 0 <= x <= 1 else MINUS,
    cdf=lambda x, q: tilted_cdf(x, logit(q)),
    quantile=lambda p, q: log1p(p * expm1(logit(q))) / logit(q) if logit(q) else p,
    mean=lambda q: tilted_mean(logit(q)), variance=lambda q: tilted_variance(logit(q)),
    entropy=lambda q: tilted(logit(q)) - logit(q) * tilted_mean(logit(q)),
    edges=lambda *_: UNIT_EDGES)


near = [(0.5,), (0.5 + 1e-12,), (0.5 - 1e-9,), (0.5 + 1e-6,), (0.4999,), (0.51,)]
continuous_bernoulli(
  "ContinuousBernoulliProbs", draws(100, probability(), first=near), lambda q: log(q) - log(1 - q))
continuous_bernoulli(
  "ContinuousBernoulliLogits",
  draws(100, real(10, 1e3), first=[(0.0,), (1e-15,), (-1e-9,), (1e-5,), (-0.01,), (0.9,), (1.1,)]),
  lambda q: q)


def relaxed(name, parameters, logit):
  def z(x, t, q):
    return t * (log(x) - log(1 - x)) - logit(q)

  def log_density(x, t, q):
    if not 0 < x < 1:
      return MINUS
    size = abs(z(x, t, q))
    return log(t) - size - 2 * log1p(exp(-size)) - log(x) - log(1 - x)

  def quantile(p, t, q):
    return 1 / (1 + exp(-(log(p) - log(1 - p) + logit(q)) / t))

  write(
    name, parameters, log_density,
    cdf=lambda x, t, q: mpf(0) if x <= 0 else mpf(1) if x >= 1 else 1 / (1 + exp(-z(x, t, q))),
    quantile=quantile, edges=lambda *_: UNIT_EDGES, probabilities=[1e-9, 0.01, 0.3, 0.5, 0.9, 0.99])


temperature = positive(0.3, 5, 0.1, 20)
relaxed("RelaxedBernoulliProbs", draws(100, temperature, probability()), lambda q: log(q) - log(1 - q))
relaxed("RelaxedBernoulliLogits", draws(100, temperature, real(4, 20)), lambda q: q)


# --- truncated normal -----------------------------------------------------------------------------


def phi(z):
  return erfc(-z / sqrt(2)) / 2


def mass(a, b):
  """P(a < z < b), from the tail in which both are small."""
  return phi(-a) - phi(-b) if a > 0 else phi(b) - phi(a)


def standard(loc, scale, low, high):
  return (low - loc) / scale, (high - loc) / scale


def truncated_log_density(x, loc, scale, low, high):
  if not low <= x <= high:
    return MINUS
  a, b = standard(loc, scale, low, high)
  return -(((x - loc) / scale) ** 2) / 2 - log(2 * pi) / 2 - log(scale) - log(mass(a, b))


def truncated_cdf(x, loc, scale, low, high):
  if x <= low or x >= high:
    return mpf(0) if x <= low else mpf(1)
  a, b = standard(loc, scale, low, high)
  return mass(a, (x - loc) / scale) / mass(a, b)


def truncated_quantile(p, loc, scale, low, high):
  a, b = standard(loc, scale, low, high)
  whole = mass(a, b)
  z = lambda v: a + (b - a) * v
  f = lambda v: mass(a, z(v)) / whole - p
  lower, upper = mpf(0), mpf(1)
  for _ in range(200):
    middle = (lower + upper) / 2
    lower, upper = (middle, upper) if f(middle) < 0 else (lower, middle)
  return loc + scale * z(lower)


def truncated_mean(loc, scale, low, high):
  a, b = standard(loc, scale, low, high)
  return loc + scale * (mpmath.npdf(a) - mpmath.npdf(b)) / mass(a, b)


def truncated_variance(loc, scale, low, high):
  a, b = standard(loc, scale, low, high)
  m = mass(a, b)
  shift = (mpmath.npdf(a) - mpmath.npdf(b)) / m
  return scale**2 * (1 + (a * mpmath.npdf(a) - b * mpmath.npdf(b)) / m - shift**2)


def truncated_entropy(loc, scale, low, high):
  a, b = standard(loc, scale, low, high)
  m = mass(a, b)
  return log(sqrt(2 * pi * mpmath.e) * scale * m) + (a * mpmath.npdf(a) - b * mpmath.npdf(b)) / 2 / m


far = [
  (0.0, 1.0, 10.0, 11.0), (0.0, 1.0, -40.0, -38.0), (0.0, 1.0, 30.0, 50.0), (0.0, 1.0, 0.0, 1e-8),
  (0.0, 1.0, 8.0, 8.0001), (0.1, 1.0, -1.0, 1.5), (0.3, 1.0, -50.0, 60.0), (2.0, 0.5, -3.0, 1.0),
  (1.0, 3.0, 1.0, 100.0)]
ordinary = [
  (loc, scale, low, low + width)
  for loc, scale, low, width in draws(
    95, real(3, 20), positive(0.2, 5, 0.1, 10), lambda g, _: float(f"{g.uniform(-6, 6):.4g}"),
    positive(0.2, 8, 0.01, 30))]
write(
  "TruncatedNormal", far + ordinary, truncated_log_density, cdf=truncated_cdf,
  quantile=truncated_quantile,
  mean=truncated_mean, variance=truncated_variance, entropy=truncated_entropy,
  edges=lambda loc, scale, low, high: [
    float(low), float(high), float(low) - 0.1, float(high) + 0.1],
  probabilities=[1e-9, 1e-3, 0.1, 0.5, 0.8, 0.999])
