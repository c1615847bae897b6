"""Incomplete gamma and beta functions and their inverses at any precision, by series and continued
fractions that converge for every argument; mpmath's own are slow for large parameters."""

import math

import mpmath
from mpmath import exp, log, loggamma, mpf
from scipy import special

LIMIT = 400000


def fraction(terms, first):
  """Lentz's evaluation of first + a1/(b1 + a2/(b2 + ...)), given the pairs (a, b)."""
  tiny = mpf(10) ** -400
  f = first or tiny
  c, d = f, mpf(0)
  accuracy = mpf(10) ** -(mpmath.mp.dps - 3)
  for i, (a, b) in enumerate(terms):
    d = b + a * d
    d = 1 / (d or tiny)
    c = (b + a / c) or tiny
    f *= c * d
    if abs(c * d - 1) < accuracy:
      return f
    assert i < LIMIT
  return f


def gamma_lower(a, x):
  if x <= 0:
    return mpf(0)
  return series(a, x) if x < a + 1 else 1 - tail(a, x)


def gamma_upper(a, x):
  if x <= 0:
    return mpf(1)
  return 1 - series(a, x) if x < a + 1 else tail(a, x)


def series(a, x):
  term = total = mpf(1)
  accuracy = mpf(10) ** -(mpmath.mp.dps - 3)
  n = 0
  while term > accuracy * total:
    n += 1
    term *= x / (a + n)
    total += term
    assert n < LIMIT
  return total * exp(a * log(x) - x - loggamma(a + 1))


def tail(a, x):
  def terms():
    i = 0
    while True:
      i += 1
      yield -i * (i - a), x + 2 * i + 1 - a
  return exp(a * log(x) - x - loggamma(a)) / fraction(terms(), x + 1 - a)


def beta_lower(a, b, x, y=None):
  y = 1 - x if y is None else y
  if x <= 0 or y <= 0:
    return mpf(0) if x <= 0 else mpf(1)
  if x * (a + b + 2) < a + 1:
    return beta_tail(a, b, x, y)
  return 1 - beta_tail(b, a, y, x)


def beta_tail(a, b, x, y):
  def terms():
    yield mpf(1), mpf(1)
    m = 0
    while True:
      yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), mpf(1)
      m += 1
      yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), mpf(1)
  log_beta = loggamma(a) + loggamma(b) - loggamma(a + b)
  return exp(a * log(x) + b * log(y) - log_beta) / a * fraction(terms(), mpf(0))


def root(function, slope, start, low, high):
  """The zero of an increasing function: by Newton's method from SciPy's answer, where it has one, else
  by bisection first."""
  if start is None:
    while function(low) > 0:
      low -= 2 * (high - low)
    while function(high) < 0:
      high += 2 * (high - low)
    for _ in range(45):
      middle = (low + high) / 2
      low, high = (middle, high) if function(middle) < 0 else (low, middle)
    start = (low + high) / 2
  for _ in range(8):
    step = function(start) / slope(start)
    start -= step
    if abs(step) < mpf(10) ** -17 * max(1, abs(start)):
      return start
  raise ArithmeticError("no convergence")


def gamma_quantile(a, p, upper=False):
  """The x with P(a, x) = p, or Q(a, x) = p."""
  with mpmath.workdps(38):
    bound = (log(1 - p if upper else p) + loggamma(a + 1)) / a
    if bound < -90:
      return exp(bound)
    guess = (special.gammainccinv if upper else special.gammaincinv)(float(a), float(p))
    start = log(mpf(float(guess))) if 0 < guess < math.inf and guess > 1e-290 else None
    target, in_upper = (p, True) if upper else (1 - p, True) if p > 0.5 else (p, False)
    kernel = lambda v: exp(a * v - exp(v) - loggamma(a))
    if in_upper:
      f = lambda v: log(target) - log(gamma_upper(a, exp(v)))
      slope = lambda v: kernel(v) / gamma_upper(a, exp(v))
    else:
      f = lambda v: log(gamma_lower(a, exp(v))) - log(target)
      slope = lambda v: kernel(v) / gamma_lower(a, exp(v))
    width = 1 / mpmath.sqrt(a) if a > 1 else mpf(1)
    size = log(a) if a > 1 else bound
    return exp(root(f, slope, start, size - width, size + width))


def beta_quantile(a, b, p):
  """The x with I(a, b, x) = p."""
  with mpmath.workdps(38):
    return 1 - beta_small_quantile(b, a, 1 - p) if p > 0.5 else beta_small_quantile(a, b, p)


def beta_small_quantile(a, b, p):
  log_beta = loggamma(a) + loggamma(b) - loggamma(a + b)
  bound = (log(p) + log(a) + log_beta) / a
  if bound + log(1 + b) < -90:
    return exp(bound)

  def parts(v):
    return 1 / (1 + exp(-v)), 1 / (1 + exp(v))

  def f(v):
    return log(beta_lower(a, b, *parts(v))) - log(p)

  def slope(v):
    x, y = parts(v)
    return exp(a * log(x) + b * log(y) - log_beta) / beta_lower(a, b, x, y)

  guess = mpf(float(special.betaincinv(float(a), float(b), float(p))))
  start = log(guess / (1 - guess)) if 1e-290 < guess < 1 else None
  middle = log(a / b)
  width = 1 / mpmath.sqrt(min(a, b)) if min(a, b) > 1 else mpf(2)
  return 1 / (1 + exp(-root(f, slope, start, middle - 2 * width, middle + width)))
