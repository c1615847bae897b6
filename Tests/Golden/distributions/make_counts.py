"""Makes the golden files of distributions of counts: log masses and distribution functions.

Values are mpmath's at 60 digits, rounded once; SciPy must agree where it has the distribution.

    python3 Tests/Golden/distributions/make_counts.py
"""

import json
import math
import pathlib

import mpmath
import numpy as np
from mpmath import mpf
from scipy import stats

mpmath.mp.dps = 60
INF, NAN = math.inf, math.nan
MOST_TERMS = 400  # of a sum for a distribution function or an entropy
MOST_DEVIATION = 100  # of a count without an end whose entropy is summed
HERE = pathlib.Path(__file__).parent
log, log1p, lgamma = mpmath.log, mpmath.log1p, mpmath.loggamma
g = np.random.default_rng(2024)


# --- parameters ------------------------------------------------------------------------------------


def short(x):
  return float(f"{x:.4g}")


def power(low, high):
  return short(10 ** g.uniform(math.log10(low), math.log10(high)))


def probability():
  if g.random() < 0.7:
    return short(g.uniform(0.02, 0.98))
  tail = short(10 ** g.uniform(-12, -2))
  return tail if g.random() < 0.5 else 1 - tail


def logits():
  return short(g.uniform(-5, 5) if g.random() < 0.7 else g.uniform(-40, 40))


def total():
  kind = g.random()
  if kind < 0.15:
    return int(g.integers(0, 3))
  return int(g.integers(1, 40)) if kind < 0.6 else int(power(40, 1e4 if kind < 0.85 else 1e8))


def positive(extreme=1e6):
  return power(0.2, 20) if g.random() < 0.7 else power(1 / extreme, extreme)


# --- masses ----------------------------------------------------------------------------------------


def over(n, x):
  return lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1)


def xlogy(x, y):
  return mpf(0) if x == 0 else x * log(y) if y > 0 else -mpmath.inf


def sigmoid(l):
  return 1 / (1 + mpmath.exp(-l))


def binomial(x, n, p):
  return over(n, x) + xlogy(x, p) + xlogy(n - x, 1 - p)


def negative_binomial(x, r, p):
  return lgamma(x + r) - lgamma(r) - lgamma(x + 1) + r * log(1 - p) + xlogy(x, p)


def poisson(x, rate):
  return xlogy(x, rate) - rate - lgamma(x + 1)


def log_beta(a, b):
  return lgamma(a) + lgamma(b) - lgamma(a + b)


def beta_binomial(x, a, b, n):
  return over(n, x) + log_beta(x + a, n - x + b) - log_beta(a, b)


def geometric(x, p):
  return xlogy(x, 1 - p) + log(p)


def ordered(x, eta, *cuts):
  bounds = [-mpmath.inf, *cuts, mpmath.inf]
  upper = sigmoid(bounds[int(x) + 1] - eta) if bounds[int(x) + 1] != mpmath.inf else mpf(1)
  lower = sigmoid(bounds[int(x)] - eta) if bounds[int(x)] != -mpmath.inf else mpf(0)
  return log(upper - lower)


# --- cases -----------------------------------------------------------------------------------------


def points(mean, deviation, low, high):
  """Near the mean, in both tails, and both ends."""
  steps = [-30, -6, -2, -0.5, 0.5, 2.5, 7, 40]
  xs = {int(max(low, min(mean + s * deviation, 1e15))) for s in steps} | {low, low + 1, low + 2}
  if high is not None:
    xs = {min(x, high) for x in xs} | {high, max(high - 1, low)}
  return sorted(xs)


def encode(x):
  x = x if isinstance(x, int) else float(x)
  return x if math.isfinite(x) else str(x)


def summed_entropy(mass, parameters, mean, deviation):
  """-sum p log p over all counts with p above 1e-40."""
  total, k = mpf(0), max(0, int(mean - 15 * deviation))
  while True:
    log_mass = mass(mpf(k), *parameters)
    if mpmath.isfinite(log_mass):
      total -= mpmath.exp(log_mass) * log_mass
    if k > mean and log_mass < -92:
      return total
    k += 1


def close(value, other, tolerance):
  return value == other or not math.isfinite(other) or abs(value - other) <= tolerance * (abs(value) + 1)


def case(parameters, mass, mean, variance, low, high, scipy, entropy):
  exact = [mpf(p) for p in parameters]
  m, v = mean(*exact), variance(*exact)
  deviation = float(mpmath.sqrt(v)) if mpmath.isfinite(v) else 1e8
  lowest, highest = low(*parameters), high(*parameters)
  inside = points(min(float(m), 1e12), min(deviation, 1e12), lowest, highest)
  end = [] if highest is None else [float(highest) + 1]
  xs = [-INF, lowest - 1.0] + [float(x) for x in inside] + [lowest + 0.5] + end + [INF, NAN]
  values = {x: mass(mpf(x), *exact) for x in inside}
  result = {"parameters": list(parameters), "x": xs}
  result["logProb"] = [float(values[x]) if x in values else -INF for x in xs]
  if max(inside) - lowest <= MOST_TERMS:
    sums, running = {}, mpf(0)
    for x in range(lowest, max(inside) + 1):
      running += mpmath.exp(mass(mpf(x), *exact))
      sums[x] = running
    def cdf(x):
      if math.isnan(x):
        return NAN
      if x < lowest:
        return 0.0
      return 1.0 if math.isinf(x) or highest is not None and x >= highest else float(sums[math.floor(x)])
    result["cdf"] = [cdf(x) for x in xs]
  result["mean"], result["variance"] = float(m), float(v)
  if highest is not None and entropy and highest - lowest <= MOST_TERMS:
    terms = [mass(mpf(x), *exact) for x in range(lowest, highest + 1)]
    result["entropy"] = float(-sum((mpmath.exp(t) * t for t in terms if mpmath.isfinite(t)), mpf(0)))
  elif callable(entropy):
    result["entropy"] = float(entropy(*exact))
  elif highest is None and entropy and deviation <= MOST_DEVIATION:
    result["entropy"] = float(summed_entropy(mass, exact, float(m), deviation))
  compared = 0
  frozen = scipy(*parameters) if scipy else None
  if frozen is not None:
    for i, x in enumerate(xs):
      if not math.isfinite(x) or x != round(x):
        continue
      with np.errstate(all="ignore"):
        ours, other = result["logProb"][i], float(frozen.logpmf(x))
        # SciPy cancels large log gammas, and knows 0 log 0 not everywhere.
        if max(abs(x), float(m), *map(abs, parameters)) > 1e5 or math.isnan(other):
          continue
        assert close(ours, other, 1e-7) or other == -INF, (parameters, x, ours, other)
        if "cdf" in result:
          other = float(frozen.cdf(x))
          assert math.isnan(other) or close(result["cdf"][i], other, 1e-9), (parameters, x, other)
        compared += 1
  return result, compared


def write(name, parameters, mass, mean, variance, low=lambda *_: 0, high=lambda *_: None, scipy=None,
          entropy=None):
  results = [case(p, mass, mean, variance, low, high, scipy, entropy) for p in parameters]
  lines = [
    json.dumps({k: [encode(e) for e in v] if isinstance(v, list) else encode(v) for k, v in r.items()},
               separators=(",", ":")) for r, _ in results]
  (HERE / f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
  print(f"{name}: {len(results)} cases, {sum(c for _, c in results)} points compared with SciPy's")


def repeat(count, *kinds, first=()):
  return list(first) + [tuple(k() for k in kinds) for _ in range(count - len(first))]


def binary_entropy(p):
  return -(xlogy(p, p) + xlogy(1 - p, 1 - p))


def main():
  edges = [(0, 0.3), (1, 0.0), (7, 0.0), (7, 1.0), (12, 0.5), (5, 1e-300), (10**8, 0.5), (10**8, 1e-8)]
  write(
    "BinomialProbs", repeat(110, total, probability, first=edges), binomial,
    lambda n, p: n * p, lambda n, p: n * p * (1 - p), high=lambda n, p: n, scipy=stats.binom, entropy=True)
  write(
    "BinomialLogits", repeat(110, total, logits, first=[(9, 800.0), (9, -800.0), (9, 0.0), (10**6, 0.25)]),
    lambda x, n, l: over(n, x) - x * log1p(mpmath.exp(-l)) - (n - x) * log1p(mpmath.exp(l)),
    lambda n, l: n * sigmoid(l), lambda n, l: n * sigmoid(l) * sigmoid(-l), high=lambda n, l: n,
    scipy=lambda n, l: stats.binom(n, 1 / (1 + math.exp(-l))) if abs(l) < 15 else None, entropy=True)
  write(
    "GeometricProbs", repeat(110, probability, first=[(1.0,), (1e-12,), (0.5,)]), geometric,
    lambda p: (1 - p) / p, lambda p: (1 - p) / p**2,
    scipy=lambda p: stats.geom(p, loc=-1), entropy=lambda p: binary_entropy(p) / p)
  write(
    "GeometricLogits", repeat(110, logits, first=[(40.0,), (-30.0,), (0.0,)]),
    lambda x, l: -x * log1p(mpmath.exp(l)) - log1p(mpmath.exp(-l)),
    lambda l: mpmath.exp(-l), lambda l: mpmath.exp(-l) * (1 + mpmath.exp(-l)),
    entropy=lambda l: binary_entropy(sigmoid(l)) / sigmoid(l))
  write(
    "Poisson", repeat(110, lambda: positive(1e9), first=[(0.0,), (1e-300,), (1e12,), (1.0,), (1e-10,)]), poisson,
    lambda r: r, lambda r: r, scipy=stats.poisson, entropy=True)
  write(
    "NegativeBinomialProbs",
    repeat(110, lambda: positive(1e9), probability, first=[(3.0, 0.0), (1e-12, 0.5), (1e15, 5e-15), (1.0, 0.5)]),
    negative_binomial, lambda r, p: r * p / (1 - p), lambda r, p: r * p / (1 - p) ** 2,
    scipy=lambda r, p: stats.nbinom(r, 1 - p) if 1e-3 < p < 0.999 else None, entropy=True)
  write(
    "NegativeBinomialLogits", repeat(110, positive, logits, first=[(3.0, -700.0), (2.5, 700.0), (5.0, 0.0)]),
    lambda x, r, l: lgamma(x + r) - lgamma(r) - lgamma(x + 1) - r * log1p(mpmath.exp(l)) - x * log1p(mpmath.exp(-l)),
    lambda r, l: r * mpmath.exp(l), lambda r, l: r * mpmath.exp(l) * (1 + mpmath.exp(l)), entropy=True)
  write(
    "NegativeBinomial2", repeat(110, positive, positive, first=[(5.0, 1e12), (1e-8, 1e-8), (1e6, 0.5)]),
    lambda x, m, c: negative_binomial(x, c, m / (m + c)), lambda m, c: m, lambda m, c: m + m * m / c,
    scipy=lambda m, c: stats.nbinom(c, c / (m + c)) if m / c < 1e3 and c / m < 1e3 else None, entropy=True)
  write(
    "GammaPoisson", repeat(110, positive, positive, first=[(5.0, 1e-10), (1e-8, 1e8), (1e6, 3.0)]),
    lambda x, c, b: negative_binomial(x, c, 1 / (1 + b)), lambda c, b: c / b, lambda c, b: c / b * (1 + 1 / b),
    scipy=lambda c, b: stats.nbinom(c, b / (1 + b)) if 1e-3 < b < 1e3 else None, entropy=True)
  write(
    "BetaBinomial",
    repeat(110, lambda: positive(1e8), lambda: positive(1e8), total,
           first=[(1.0, 1.0, 10), (1e-10, 1.0, 10), (1e-6, 1e6, 1000), (1e10, 1e10, 10**6), (1e12, 3.0, 50),
                  (0.3, 1e-7, 100), (1e-3, 1e9, 10**5), (2.0, 5.0, 0)]),
    beta_binomial, lambda a, b, n: n * a / (a + b),
    lambda a, b, n: n * a * b * (a + b + n) / ((a + b) ** 2 * (a + b + 1)), high=lambda a, b, n: n,
    scipy=lambda a, b, n: stats.betabinom(n, a, b) if max(a, b) < 1e4 and min(a, b) > 1e-4 else None, entropy=True)
  spans = [(int(a), int(a) + int(w)) for a, w in zip(g.integers(-50, 50, 90), g.integers(0, 60, 90))]
  write(
    "DiscreteUniform", spans + [(0, 0), (-5, -5), (0, 1), (-10**6, 10**6), (10**9, 10**9 + 7)] +
    [(int(a), int(a + 10**5)) for a in g.integers(-(10**6), 10**6, 10)],
    lambda x, a, b: -log(b - a + 1), lambda a, b: (a + b) / 2, lambda a, b: ((b - a + 1) ** 2 - 1) / 12,
    low=lambda a, b: a, high=lambda a, b: b, scipy=lambda a, b: stats.randint(a, b + 1), entropy=True)

  def cutpoints():
    steps = [power(0.05, 4) if g.random() < 0.8 else power(1e-6, 40) for _ in range(2)]
    start = short(g.uniform(-4, 3))
    return start, short(start + steps[0]), short(start + steps[0] + steps[1] + 1e-2)

  rows = [(short(g.uniform(-4, 4) if g.random() < 0.8 else g.uniform(-60, 60)), *cutpoints()) for _ in range(110)]
  def moment(order):
    def value(*args):
      probs = [mpmath.exp(ordered(k, *args)) for k in range(4)]
      mean = sum(k * p for k, p in enumerate(probs))
      return mean if order == 1 else sum((k - mean) ** 2 * p for k, p in enumerate(probs))
    return value
  write(
    "OrderedLogistic", [r for r in rows if r[1] < r[2] < r[3]], ordered, moment(1), moment(2),
    high=lambda *_: 3, entropy=True)


if __name__ == "__main__":
  main()
