"""Makes kl.json: Kullback–Leibler divergences by quadrature of the definition, with mpmath (25 digits).

Densities are written out here; nothing is taken from a closed form of a divergence. Where PyTorch
registers the pair it must agree to 1e-7.

    python3 Tests/Golden/kl/make_kl.py
"""

import json
import pathlib
import random

import mpmath
import torch
from mpmath import mpf, log, exp, pi, loggamma
from torch import distributions as td
from torch.distributions import kl_divergence

mpmath.mp.dps = 25
INF = mpmath.inf


def lbeta(a, b):
  return loggamma(a) + loggamma(b) - loggamma(a + b)


def log_c(p):
  return log(2 * mpmath.atanh(1 - 2 * p) / (1 - 2 * p))


REAL, POSITIVE, UNIT, COUNTS = "real", "positive", "unit", "counts"

# Log densities of (x, 1 − x or nothing, parameters), the support, ranges to draw parameters from,
# and PyTorch's distribution.
DENSITIES = {
  "Normal": (lambda x, c, m, s: -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2, REAL, [(-2, 2), (0.3, 3)], td.Normal),
  "Laplace": (lambda x, c, m, s: -abs(x - m) / s - log(2 * s), REAL, [(-2, 2), (0.3, 2)], td.Laplace),
  "Gumbel": (lambda x, c, m, s: -(x - m) / s - exp(-(x - m) / s) - log(s), REAL, [(-1, 1), (0.5, 2)], td.Gumbel),
  "Cauchy": (lambda x, c, m, s: -log(pi * s) - mpmath.log1p(((x - m) / s) ** 2), REAL, [(-2, 2), (0.3, 2)], td.Cauchy),
  "HalfCauchy": (lambda x, c, s: log(2 / (pi * s)) - mpmath.log1p((x / s) ** 2), POSITIVE, [(0.3, 3)], None),
  "HalfNormal": (lambda x, c, s: -(x / s) ** 2 / 2 - log(s) + log(2 / pi) / 2, POSITIVE, [(0.3, 3)], td.HalfNormal),
  "LogNormal": (lambda x, c, m, s: -((log(x) - m) / s) ** 2 / 2 - log(s * x) - log(2 * pi) / 2, POSITIVE, [(-1, 1), (0.3, 1.2)], td.LogNormal),
  "Gamma": (lambda x, c, a, r: a * log(r) + (a - 1) * log(x) - r * x - loggamma(a), POSITIVE, [(0.6, 4), (0.4, 3)], td.Gamma),
  "InverseGamma": (lambda x, c, a, r: a * log(r) - (a + 1) * log(x) - r / x - loggamma(a), POSITIVE, [(1.5, 4), (0.4, 3)], None),
  "Exponential": (lambda x, c, r: log(r) - r * x, POSITIVE, [(0.3, 3)], td.Exponential),
  "Weibull": (lambda x, c, s, k: log(k / s) + (k - 1) * log(x / s) - (x / s) ** k, POSITIVE, [(0.5, 2), (0.8, 3)], None),
  "Beta": (lambda x, c, a, b: (a - 1) * log(x) + (b - 1) * log(c) - lbeta(a, b), UNIT, [(0.6, 4), (0.6, 4)], td.Beta),
  "Kumaraswamy": (lambda x, c, a, b: log(a * b) + (a - 1) * log(x) + (b - 1) * log(one_less_power(x, c, a)), UNIT, [(0.6, 4), (0.6, 4)], None),
  "ContinuousBernoulli": (lambda x, c, p: x * log(p) + c * log(1 - p) + log_c(p), UNIT, [(0.1, 0.4)], td.ContinuousBernoulli),
  "Poisson": (lambda x, c, r: x * log(r) - r - loggamma(x + 1), COUNTS, [(0.3, 8)], td.Poisson),
  "Geometric": (lambda x, c, p: x * mpmath.log1p(-p) + log(p), COUNTS, [(0.2, 0.9)], td.Geometric),
}


def one_less_power(x, c, a):
  """1 − xᵃ for x = 1 − c."""
  return -mpmath.expm1(a * (mpmath.log1p(-c) if c < 0.5 else log(x)))


LINE = [-40, -20, -8, -4, -2, 0, 2, 4, 8, 20, 40]
LOGARITHMS = [-150, -60, -25, -10, -5, -2, 0, 1, 2, 3, 5, 10, 25, 60, 150]


def expectation(support, f, is_heavy):
  if support == COUNTS:
    return mpmath.fsum(f(mpf(k), None) for k in range(150))
  if support == REAL:
    # Cauchy tails reach further than any other.
    ends = [-INF, *LINE, INF] if is_heavy else [-200, *LINE, 200]
    return mpmath.quad(lambda x: f(x, None), ends)
  if support == POSITIVE:
    return mpmath.quad(lambda s: f(exp(s), None) * exp(s), LOGARITHMS)
  def unit(s):
    x, c = 1 / (1 + exp(-s)), 1 / (1 + exp(s))
    return f(x, c) * x * c
  return mpmath.quad(unit, LOGARITHMS)


def divergence(p, a, q, b):
  own, support = DENSITIES[p][:2]
  other = DENSITIES[q][0]
  def integrand(x, c):
    log_p = own(x, c, *a)
    mass = exp(log_p)
    return mass * (log_p - other(x, c, *b)) if mass > mpf(10) ** -60 else mpf(0)
  if p in ("Laplace", "Uniform") or q == "Laplace":
    kinks = sorted({a[0] if p == "Laplace" else b[0], b[0] if q == "Laplace" else a[0]})
    ends = [-INF, kinks[0] - 8, kinks[0] - 2, *kinks, kinks[-1] + 2, kinks[-1] + 8, INF]
    return mpmath.quad(lambda x: integrand(x, None), ends)
  return expectation(support, integrand, is_heavy=p == "Cauchy")


def uniform(low, high, q, b):
  other = DENSITIES[q][0]
  total = mpmath.quad(lambda x: other(x, 1 - x, *b), [low, (low + high) / 2, high])
  return -log(high - low) - total / (high - low)


def pareto(scale, alpha, q, b):
  other = DENSITIES[q][0]
  # In s = log(x / scale), where the density is exponential.
  def integrand(s):
    x = scale * exp(s)
    return alpha * exp(-alpha * s) * (log(alpha / scale) - (alpha + 1) * s - other(x, None, *b))
  return mpmath.quad(integrand, [0, 1, 3, 8, 20, 60])


PAIRS = [
  (name, name) for name in DENSITIES if name != "Kumaraswamy"
] + [
  ("Normal", "Laplace"), ("Normal", "Gumbel"), ("Laplace", "Normal"), ("Gumbel", "Normal"),
  ("Exponential", "Gamma"), ("Exponential", "Gumbel"), ("Exponential", "Normal"),
  ("Gamma", "Exponential"), ("Gamma", "Gumbel"), ("Gamma", "Normal"), ("Weibull", "Gamma"),
  ("Weibull", "Exponential"), ("LogNormal", "Gamma"), ("LogNormal", "Normal"),
  ("Kumaraswamy", "Beta"), ("Beta", "Exponential"), ("Beta", "Gamma"), ("Beta", "Normal"),
  ("Beta", "ContinuousBernoulli"), ("ContinuousBernoulli", "Normal"),
]
UNIFORM_TARGETS = ["Beta", "ContinuousBernoulli", "Exponential", "Gamma", "Gumbel", "Normal"]
PARETO_TARGETS = ["Exponential", "Gamma", "Normal"]

ANCHORS = [
  ("Normal", [0, 1], "Normal", [1, 2], .4431471806),
  ("LogNormal", [0, 1], "LogNormal", [1, 2], .4431471806),
  ("Gamma", [2, 3], "Gamma", [1.5, 2], .0321409254),
  ("Beta", [2, 3], "Beta", [1, 1], .2349066498),
  ("Exponential", [2], "Gamma", [3, 1], 3.4270200520),
  ("Laplace", [0, 1], "Normal", [0, 1], .2257913526),
  ("Normal", [0, 1], "Laplace", [.5, 2], .4151523853),
  ("Gumbel", [0, 1], "Normal", [0, 1], .3307788636),
  ("Gumbel", [0, 1], "Gumbel", [1, 2], .3656805308),
  ("Weibull", [1.5, 2], "Gamma", [2, 1], .2115573525),
  ("Kumaraswamy", [2, 3], "Beta", [1.5, 2], .0450036292),
]


def with_torch(name, parameters):
  kind = DENSITIES[name][3] if name in DENSITIES else {"Uniform": td.Uniform, "Pareto": td.Pareto}[name]
  return kind and kind(*[torch.tensor(v, dtype=torch.float64) for v in parameters])


def check(p, a, q, b, value):
  ours, theirs = with_torch(p, a), with_torch(q, b)
  if ours is None or theirs is None:
    return
  try:
    expected = kl_divergence(ours, theirs).item()
  except NotImplementedError:
    return
  if p == "Uniform" and q == "ContinuousBernoulli" and 0 in a:
    return  # PyTorch takes a bound that both share as one that is exceeded.
  # PyTorch's entropy of the continuous Bernoulli distribution is good to fewer digits near ½.
  assert abs(expected - value) < 1e-7 * (1 + abs(value)), (p, a, q, b, expected, float(value))


def main():
  generator = random.Random(2)
  def draw(name):
    return [round(generator.uniform(*r), 4) for r in DENSITIES[name][2]]
  lines = []
  def add(p, a, q, b, value):
    check(p, a, q, b, value)
    lines.append(json.dumps({"p": p, "a": a, "q": q, "b": b, "kl": float(value)}))
  for p, a, q, b, anchor in ANCHORS:
    value = divergence(p, [mpf(v) for v in a], q, [mpf(v) for v in b])
    assert abs(value - anchor) < 1e-9, (p, q, value)
    add(p, a, q, b, value)
  for p, q in PAIRS:
    for _ in range(3):
      a, b = draw(p), draw(q)
      add(p, a, q, b, divergence(p, [mpf(v) for v in a], q, [mpf(v) for v in b]))
  for q in UNIFORM_TARGETS:
    for low, high in [(0.0, 1.0), (0.2, 0.7)]:
      b = draw(q)
      add("Uniform", [low, high], q, b, uniform(mpf(low), mpf(high), q, [mpf(v) for v in b]))
  for q in PARETO_TARGETS:
    for scale, alpha in [(1.0, 3.5), (0.4, 5.0)]:
      b = draw(q)
      add("Pareto", [scale, alpha], q, b, pareto(mpf(scale), mpf(alpha), q, [mpf(v) for v in b]))
  path = pathlib.Path(__file__).with_name("kl.json")
  path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
  print(len(lines), "divergences,", path.stat().st_size, "bytes")


main()
