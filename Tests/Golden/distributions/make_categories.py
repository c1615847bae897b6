"""Makes the golden files of distributions over categories and over vectors of counts, by mpmath at 400
digits; SciPy must agree on the multinomial ones.

    python3 Tests/Golden/distributions/make_categories.py
"""

import json
import math

import mpmath
import numpy as np
from make_counts import HERE, encode, power, short
from mpmath import mpf
from scipy import stats

mpmath.mp.dps = 400  # 1 − p of probabilities that differ from 1 by very little
lgamma, log, exp = mpmath.loggamma, mpmath.log, mpmath.exp
g = np.random.default_rng(11)


def save(name, cases):
  lines = [
    json.dumps({k: nested(v) for k, v in case.items()}, separators=(",", ":")) for case in cases]
  (HERE / f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
  print(f"{name}: {len(cases)} cases")


def nested(x):
  return [nested(e) for e in x] if isinstance(x, list) else encode(x)


def xlogy(x, p):
  return mpf(0) if x == 0 else x * log(p) if p > 0 else -mpmath.inf


def weights(size):
  kind = g.random()
  if kind < 0.5:
    return [short(w) for w in g.uniform(0.02, 1, size)]
  result = [power(1e-12, 1) for _ in range(size)]
  if kind > 0.8 and size > 1:
    result[int(g.integers(size))] = 0.0
  return result


def logits(size):
  spread = 3 if g.random() < 0.6 else 300
  result = [short(x) for x in g.uniform(-spread, spread, size)]
  if g.random() < 0.2 and size > 1:
    result[int(g.integers(size))] = -math.inf
  return result


def normalized(values, is_logits):
  exact = [mpf(v) for v in values]
  raw = [exp(v) if v != -mpmath.inf else mpf(0) for v in exact] if is_logits else exact
  return [r / sum(raw) for r in raw]


def categorical(is_logits):
  cases = []
  for index in range(110):
    size = 1 + index % 12
    values = (logits if is_logits else weights)(size)
    p = normalized(values, is_logits)
    xs = [float(k) for k in range(size)] + [-1.0, size, 0.5, math.inf, math.nan]
    mean = sum(k * q for k, q in enumerate(p))
    cases.append({
      "values": values, "x": xs,
      "logProb": [xlogy(1, p[k]) for k in range(size)] + [-math.inf] * 5,
      "entropy": -sum(xlogy(q, q) for q in p), "mean": mean,
      "variance": sum((k - mean) ** 2 * q for k, q in enumerate(p))})
  save("CategoricalLogits" if is_logits else "CategoricalProbs", cases)


def total(index):
  return [0, 1, 2][index // 4] if index < 12 else int(g.integers(1, 30)) if index < 60 else int(power(30, 1e8))


def multinomial_mass(x, n, p):
  return lgamma(n + 1) - sum(lgamma(k + 1) for k in x) + sum(xlogy(k, q) for k, q in zip(x, p))


def vectors(n, p):
  """Draws near the mode, one corner, and one vector of another sum."""
  q = np.array([float(e) for e in p])
  xs = [g.multinomial(n, q / q.sum()) for _ in range(2)]
  xs.append(g.multinomial(n, np.ones(len(q)) / len(q)))
  corner = np.zeros(len(q), int)
  corner[int(g.integers(len(q)))] = n
  return [[int(e) for e in x] for x in xs + [corner, corner + (np.arange(len(q)) == 0)]]


def multinomial(is_logits):
  cases = []
  for index in range(110):
    size, n = 2 + index % 7, total(index)
    values = (logits if is_logits else weights)(size)
    p = normalized(values, is_logits)
    xs = vectors(n, p)
    masses = [multinomial_mass([mpf(k) for k in x], mpf(n), p) for x in xs[:-1]]
    q = [float(e) for e in p]
    for x, mass in zip(xs, masses):
      # SciPy cancels large log gammas.
      other = stats.multinomial(n, np.array(q) / sum(q)).logpmf(x)
      assert n > 1e5 or not math.isfinite(other) or not mpmath.isfinite(mass) or (
        abs(other - mass) < 1e-7 * (1 + abs(mass)) + 1e-6), (values, x, mass, other)
    cases.append({
      "totalCount": n, "values": values, "x": xs, "logProb": masses + [-math.inf],
      "mean": [n * e for e in p], "variance": [n * e * (1 - e) for e in p]})
  save("MultinomialLogits" if is_logits else "MultinomialProbs", cases)


def dirichlet_multinomial():
  cases = []
  for index in range(110):
    size, n = 2 + index % 6, total(index)
    values = [power(0.1, 20) if index % 3 else power(1e-8, 1e8) for _ in range(size)]
    a = [mpf(v) for v in values]
    whole = sum(a)
    xs = vectors(n, [e / whole for e in a])
    masses = [
      lgamma(mpf(n) + 1) + lgamma(whole) - lgamma(n + whole)
      + sum(lgamma(k + e) - lgamma(e) - lgamma(mpf(k) + 1) for k, e in zip(x, a)) for x in xs[:-1]]
    factor = (n + whole) / (1 + whole)
    cases.append({
      "totalCount": n, "values": values, "x": xs, "logProb": masses + [-math.inf],
      "mean": [n * e / whole for e in a],
      "variance": [n * e / whole * (1 - e / whole) * factor for e in a]})
  save("DirichletMultinomial", cases)


categorical(False)
categorical(True)
multinomial(False)
multinomial(True)
dirichlet_multinomial()
