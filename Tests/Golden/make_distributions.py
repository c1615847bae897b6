"""Makes distributions.json: log densities at many points, by SciPy and mpmath.

Values are mpmath's at 60 digits, rounded once; SciPy must agree to 1e-10 wherever it neither
overflows nor cancels. Infinities and NaN are written as strings.

    python3 Tests/Golden/make_distributions.py
"""

import json
import math
import pathlib

import mpmath
import numpy as np
from scipy import stats

mpmath.mp.dps = 60
INF, NAN = math.inf, math.nan
TAILS = [0.0, 5e-324, 1e-310, 1e-300, 1e-150, 1e-20, 1e20, 1e150, INF, NAN]
PROBABILITIES = [1e-300, 1e-100, 1e-16, 1e-8, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1 - 1e-8, 1 - 1e-15]


def normal(x, loc, scale):
  z = (x - loc) / scale
  return -z * z / 2 - mpmath.log(scale) - mpmath.log(2 * mpmath.pi) / 2


def log_normal(x, loc, scale):
  return normal(mpmath.log(x), loc, scale) - mpmath.log(x) if x > 0 else -mpmath.inf


def half_cauchy(x, scale):
  if x < 0:
    return -mpmath.inf
  return mpmath.log(2 / (mpmath.pi * scale)) - mpmath.log1p((x / scale) ** 2)


def bernoulli_probs(x, p):
  return {0: mpmath.log1p(-p), 1: mpmath.log(p)}.get(x, -mpmath.inf)


def bernoulli_logits(x, logits):
  sign = {0: 1, 1: -1}.get(x)
  return -mpmath.inf if sign is None else -mpmath.log1p(mpmath.exp(sign * logits))


def bernoulli(p):
  # scipy.stats knows integers only.
  masses = stats.bernoulli(p).logpmf([0, 1])
  return lambda x: masses[int(x)] if x in (0, 1) else -INF


CASES = {
  "Normal": (
    normal,
    lambda loc, scale: stats.norm(loc, scale),
    [(0, 1), (2, 4), (-3.5, 0.02), (1e6, 1e-3), (0.25, 1e5), (0, 1e-200), (-1e-3, 7.5e9)],
  ),
  "LogNormal": (
    log_normal,
    lambda loc, scale: stats.lognorm(scale, scale=math.exp(loc)),
    [(0, 1), (1.4, 0.4), (-2, 0.05), (0.3, 3), (5, 0.7)],
  ),
  "HalfCauchy": (
    half_cauchy,
    lambda scale: stats.halfcauchy(scale=scale),
    [(1,), (1.2,), (5,), (1e-3,), (2.5e4,), (1e-200,)],
  ),
  "Bernoulli(probs:)": (
    bernoulli_probs, bernoulli, [(0.0,), (1e-300,), (1e-12,), (0.2,), (0.5,), (0.75,), (1 - 2**-40,), (1.0,)],
  ),
  "Bernoulli(logits:)": (
    bernoulli_logits,
    lambda logits: bernoulli(1 / (1 + math.exp(-logits))),
    [(-700.0,), (-30.0,), (-2.0,), (0.0,), (0.5,), (3.0,), (25.0,), (600.0,)],
  ),
}


def points(frozen, name):
  if name.startswith("Bernoulli"):
    return [0, 1, -0.0, -1, 2, 0.5, 1 + 2**-52, INF, -INF, NAN]
  quantiles = [float(frozen.ppf(p)) for p in PROBABILITIES]
  tails = TAILS + [-x for x in TAILS[1:-1]]
  near = [float(frozen.median()) + k * float(frozen.ppf(0.75) - frozen.ppf(0.25)) for k in (-37, -5, 5, 37)]
  return sorted(set(quantiles + near + tails[:9] + tails[10:])) + [NAN]


def exact(name, density, x, parameters):
  if math.isnan(x):  # no outcome of a coin; a point lost by a density
    return -INF if name.startswith("Bernoulli") else NAN
  if math.isinf(x):
    return -INF
  return float(density(mpmath.mpf(x), *map(mpmath.mpf, parameters)))


def check(name, x, value, scipy_value):
  if math.isnan(x):
    return
  if math.isinf(scipy_value) and not math.isinf(value):
    assert abs(value) > 300, (name, x, value)  # SciPy's own overflow
    return
  # SciPy multiplies denormal numbers, which rounds them coarsely.
  relative = 1e-2 if abs(x) < 1e-300 else 1e-10
  assert value == scipy_value or abs(value - scipy_value) <= relative * abs(value) + 1e-10, (
    name, x, value, scipy_value)


def encode(x):
  return x if math.isfinite(x) else str(x)


def main():
  golden = []
  for name, (density, frozen_of, draws) in CASES.items():
    for parameters in draws:
      frozen = frozen_of(*parameters)
      log_density = frozen if name.startswith("Bernoulli") else frozen.logpdf
      xs = points(frozen, name)
      values = [exact(name, density, x, parameters) for x in xs]
      with np.errstate(all="ignore"):
        for x, value in zip(xs, values):
          check((name, parameters), x, value, NAN if math.isnan(x) else float(log_density(x)))
      golden.append(
        {
          "name": name,
          "parameters": parameters,
          "x": [encode(x) for x in xs],
          "logProb": [encode(v) for v in values],
        })
  path = pathlib.Path(__file__).with_suffix("").parent / "distributions.json"
  path.write_text(
    "[\n" + ",\n".join(json.dumps(g, separators=(",", ":")) for g in golden) + "\n]\n")


main()
