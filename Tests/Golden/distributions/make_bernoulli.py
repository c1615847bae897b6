"""Makes BernoulliProbs.json and BernoulliLogits.json.

    python3 Tests/Golden/distributions/make_bernoulli.py    (needs mpmath and scipy)
"""

from golden import draws, mpf, mpmath, probability, real, write
from scipy import stats

POINTS = [0, 1, -1, 2, 0.5, 1 + 2**-52, -1e300]


def masses(log_zero, log_one):
  return lambda x: {0: log_zero, 1: log_one}.get(x, -mpmath.inf)


def xlogx(p):
  return p * mpmath.log(p) if p > 0 else mpf(0)


def of_probs(x, p):
  return masses(mpmath.log1p(-p) if p < 1 else -mpmath.inf, mpmath.log(p) if p > 0 else -mpmath.inf)(x)


def of_logits(x, logits):
  return masses(-mpmath.log1p(mpmath.exp(logits)), -mpmath.log1p(mpmath.exp(-logits)))(x)


def cdf(x, p):
  return mpf(0) if x < 0 else 1 - p if x < 1 else mpf(1)


def chance(logits):
  return 1 / (1 + mpmath.exp(-logits))


def main():
  write(
    "BernoulliProbs",
    draws(100, probability(), first=[(0.0,), (1e-300,), (1e-12,), (0.5,), (1 - 2**-40,), (1.0,)]),
    of_probs, cdf=cdf, points=lambda p: POINTS, discrete=True,
    mean=lambda p: p, variance=lambda p: p * (1 - p),
    entropy=lambda p: -xlogx(p) - xlogx(1 - p), scipy=lambda p: stats.bernoulli(p))
  write(
    "BernoulliLogits",
    draws(100, real(extreme=700), first=[(-700.0,), (-30.0,), (0.0,), (25.0,), (600.0,)]),
    of_logits, cdf=lambda x, logits: mpf(0) if x < 0 else chance(-logits) if x < 1 else mpf(1),
    points=lambda logits: POINTS, discrete=True,
    mean=chance, variance=lambda l: chance(l) * chance(-l),
    entropy=lambda l: -xlogx(chance(l)) - xlogx(chance(-l)),
    scipy=lambda l: stats.bernoulli(float(chance(mpf(l)))), trusted=lambda l: abs(l) < 15)


main()
