"""Makes the golden files of mixtures and of zero-inflated and hurdle distributions.

    python3 Tests/Golden/distributions/make_mixtures.py
"""

import math

import make_counts as counts
import mpmath
import numpy as np
from golden import write
from mpmath import mpf

g = np.random.default_rng(7)
log, exp = mpmath.log, mpmath.exp


def short(x):
  return float(f"{x:.4g}")


def power(low, high):
  return short(10 ** g.uniform(math.log10(low), math.log10(high)))


# --- mixtures of densities -------------------------------------------------------------------------


def normal(x, loc, scale):
  z = (x - loc) / scale
  return exp(-z * z / 2) / (scale * mpmath.sqrt(2 * mpmath.pi))


def normal_cdf(x, loc, scale):
  return mpmath.erfc((loc - x) / scale / mpmath.sqrt(2)) / 2


def three(parameters):
  """Weights of sum 1, locations and scales."""
  w = parameters[:3]
  return [x / sum(w) for x in w], parameters[3:6], parameters[6:]


def moments(weights, means, variances):
  mean = sum(w * m for w, m in zip(weights, means))
  return mean, sum(w * (v + (m - mean) ** 2) for w, m, v in zip(weights, means, variances))


def same_family():
  def row():
    wild = g.random() < 0.3
    weights = [power(1e-12, 1) if wild else power(0.05, 1) for _ in range(3)]
    locs = [short(g.uniform(-3, 3) * (100 if wild else 1)) for _ in range(3)]
    return tuple(weights + locs + [power(1e-3, 50) if wild else power(0.3, 3) for _ in range(3)])

  def density(x, *p):
    return log(sum(w * normal(x, m, s) for w, m, s in zip(*three(p))))

  def cdf(x, *p):
    return sum(w * normal_cdf(x, m, s) for w, m, s in zip(*three(p)))

  def points(*p):
    _, locs, scales = three(p)
    steps = [-20, -4, -1, 0.3, 2, 9]
    return [m + s * steps[(i + j) % 6] for i, (m, s) in enumerate(zip(locs, scales)) for j in (0, 2, 4)]

  rows = [(1.0, 0.0, 1.0, -1.0, 0.0, 1.0, 1.0, 1.0, 1.0)] + [row() for _ in range(109)]
  write(
    "MixtureSameFamily", rows, density, cdf=cdf, points=points,
    mean=lambda *p: moments(three(p)[0], three(p)[1], [s * s for s in three(p)[2]])[0],
    variance=lambda *p: moments(three(p)[0], three(p)[1], [s * s for s in three(p)[2]])[1])


def general():
  """A normal and a log-normal component; logits of the weights come first."""

  def density(x, a, b, m, s, n, t):
    first, second = exp(a) / (exp(a) + exp(b)), exp(b) / (exp(a) + exp(b))
    tail = second * normal(log(x), n, t) / x if x > 0 else 0
    return log(first * normal(x, m, s) + tail)

  def both(a, b, m, s, n, t):
    weights = [exp(a) / (exp(a) + exp(b)), exp(b) / (exp(a) + exp(b))]
    spread = exp(t * t)
    return moments(weights, [m, exp(n) * mpmath.sqrt(spread)], [s * s, (spread - 1) * spread * exp(2 * n)])

  rows = [
    (short(g.uniform(-3, 3)), short(g.uniform(-3, 3)), short(g.uniform(-3, 3)), power(0.3, 3),
     short(g.uniform(-1, 1)), power(0.2, 2)) for _ in range(100)]
  write(
    "Mixture", rows, density, mean=lambda *p: both(*p)[0], variance=lambda *p: both(*p)[1],
    points=lambda a, b, m, s, n, t: [m - 5 * s, m, m + 2 * s, 0.0, 1e-3, 0.7, 1.0, 4.0, 30.0, 200.0])


# --- counts ----------------------------------------------------------------------------------------


def inflated(base):
  def mass(x, gate, *p):
    own = gate if x == 0 else mpf(0)
    total = own + (1 - gate) * exp(base(x, *p))
    return log(total) if total > 0 else -mpmath.inf
  return mass


def hurdle(base):
  def mass(x, gate, *p):
    if x == 0:
      return log(gate)
    return log(1 - gate) + base(x, *p) - log(-mpmath.expm1(base(mpf(0), *p)))
  return mass


def negative_binomial2(x, m, c):
  return counts.negative_binomial(x, c, m / (m + c))


def gate():
  return short(g.uniform(0.02, 0.98)) if g.random() < 0.8 else power(1e-10, 1e-2)


def count_families():
  rate = lambda: power(0.2, 20) if g.random() < 0.7 else power(1e-3, 800)
  size = lambda: power(0.2, 20)
  poisson = [(0.0, 3.0), (1.0, 3.0), (0.0, 800.0), (0.5, 0.0), (1 - 1e-12, 4.0), (1e-300, 900.0)]
  rows = poisson + [(gate(), rate()) for _ in range(104)]
  counts.write(
    "ZeroInflatedPoissonGate", rows, inflated(counts.poisson), lambda a, r: (1 - a) * r,
    lambda a, r: (1 - a) * r * (1 + a * r))
  rows = [(40.0, 3.0), (-40.0, 900.0)] + [(short(g.uniform(-6, 6)), rate()) for _ in range(103)]
  counts.write(
    "ZeroInflatedPoissonGateLogits", rows, lambda x, a, r: inflated(counts.poisson)(x, counts.sigmoid(a), r),
    lambda a, r: counts.sigmoid(-a) * r, lambda a, r: counts.sigmoid(-a) * r * (1 + counts.sigmoid(a) * r))
  rows = [(gate(), rate(), size()) for _ in range(104)]
  counts.write(
    "ZeroInflatedNegativeBinomial2", rows, inflated(negative_binomial2), lambda a, m, c: (1 - a) * m,
    lambda a, m, c: (1 - a) * (m + m * m / c + a * m * m))
  rows = [(gate(), max(rate(), 0.01)) for _ in range(104)]
  def cut(r):
    return -1 / mpmath.expm1(-r)
  counts.write(
    "HurdlePoisson", rows, hurdle(counts.poisson), lambda a, r: (1 - a) * r * cut(r),
    lambda a, r: (1 - a) * cut(r) * (r + r * r) - ((1 - a) * r * cut(r)) ** 2)


same_family()
general()
count_families()
