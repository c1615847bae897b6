"""What the scripts make_*.py of this folder share: parameters to try, points, checks, and the files.

Values are mpmath's at 60 digits, rounded once. Where SciPy has the distribution it must agree. A
script states a family by formulas and calls `write`, which makes <name>.json:

    write("Normal", draws(100, real(), positive()), log_density,
          cdf=..., mean=..., variance=..., entropy=..., scipy=lambda loc, scale: stats.norm(loc, scale))
"""

import json
import math
import pathlib

import mpmath
import numpy as np
from mpmath import mpf

mpmath.mp.dps = 60
INF, NAN = math.inf, math.nan

PROBABILITIES = [1e-30, 1e-9, 1e-3, 0.1, 0.5, 0.8, 0.999, 1 - 1e-12]

# --- parameters -----------------------------------------------------------------------------------


def short(x):
  """Few digits keep the files small; the double nearest to them is exact all the same."""
  return float(f"{x:.4g}")


def real(ordinary=5.0, extreme=1e6):
  """Locations, log odds: mostly of order one, sometimes tiny or huge."""
  return lambda g, wild: short(
    g.choice([-1, 1]) * 10 ** g.uniform(-6, math.log10(extreme)) if wild else g.uniform(-ordinary, ordinary))


def positive(low=0.2, high=5.0, extreme_low=1e-6, extreme_high=1e6):
  """Scales, shapes, rates: log-uniform over an ordinary and, sometimes, an extreme interval."""

  def draw(g, wild):
    a, b = (extreme_low, extreme_high) if wild else (low, high)
    return short(10 ** g.uniform(math.log10(a), math.log10(b)))

  return draw


def probability():
  """Probabilities, sometimes close to 0 or 1."""

  def draw(g, wild):
    if not wild:
      return short(g.uniform(0.02, 0.98))
    tail = short(10 ** g.uniform(-12, -2))
    return tail if g.random() < 0.5 else 1 - tail

  return draw


def whole(low=1, high=30, extreme_high=1000):
  """Counts."""
  return lambda g, wild: int(
    round(10 ** g.uniform(math.log10(max(low, 1)), math.log10(extreme_high)))
    if wild else g.integers(low, high + 1))


def draws(count, *kinds, first=(), seed=1, wild=0.25):
  """`first`, and random parameters up to `count` in all; each one is extreme with chance `wild`."""
  g = np.random.default_rng(seed)
  rest = [tuple(k(g, g.random() < wild) for k in kinds) for _ in range(count - len(first))]
  return list(first) + rest


# --- checks ---------------------------------------------------------------------------------------


class Agreement:
  """Compares with SciPy and counts, so that a script says how much was compared."""

  def __init__(self, name, tolerance):
    self.name, self.tolerance, self.compared, self.skipped = name, tolerance, 0, 0

  def __call__(self, what, value, other, tolerance=None):
    tolerance = tolerance or self.tolerance
    other = float(other)
    if math.isnan(value) or not math.isfinite(other) and math.isfinite(value):
      self.skipped += 1  # SciPy over- or underflowed, or does not know
      return
    self.compared += 1
    close = value == other or abs(value - other) <= tolerance * (abs(value) + 1)
    assert close, f"{self.name} {what}: {value} here, {other} by SciPy"


def number(x):
  """The double nearest to an mpmath number."""
  return float(x)


# --- files ----------------------------------------------------------------------------------------


def encode(x):
  x = x if isinstance(x, int) else float(x)
  return x if math.isfinite(x) else str(x)


def evaluate(function, x, parameters, at_infinity):
  """A function at a double: NaN stays, infinities have limits, everything else is exact."""
  if math.isnan(x):
    return NAN
  if math.isinf(x):
    return at_infinity(x)
  return number(function(mpf(x), *map(mpf, parameters)))


def points_of(parameters, frozen, quantile, edges, probabilities):
  xs = []
  for p in probabilities:
    with np.errstate(all="ignore"):
      x = number(quantile(mpf(p), *map(mpf, parameters))) if quantile else float(frozen.ppf(p))
    if math.isfinite(x):
      xs.append(x)
  return sorted(set(xs + [float(e) for e in edges(*parameters)] + [-INF, INF])) + [NAN]


def write(
    name, parameters, log_density, *, cdf=None, quantile=None, points=None, edges=lambda *_: [],
    discrete=False, mean=None, variance=None, entropy=None, scipy=None,
    trusted=lambda *_: True, tolerance=1e-9, entropy_tolerance=1e-6,
    probabilities=PROBABILITIES, quantiles=(1e-30, 1e-6, 0.02, 0.5, 0.9, 0.9999)):
  """Makes <name>.json, one case per line.

  log_density, cdf: functions of x and the parameters, mpmath numbers; −∞, 0 and 1 outside the
    support are theirs to say. quantile: of p and the parameters. mean, variance, entropy: of the
    parameters; nan where they do not exist, inf where they diverge.
  points: of the parameters; by default SciPy's (or our) quantiles of `probabilities` with `edges`.
  scipy: of the parameters, a frozen distribution; compared where `trusted(*parameters)`.
  """
  agree = Agreement(name, tolerance)
  cases = []
  for values in parameters:
    frozen = scipy(*values) if scipy else None
    xs = (
      sorted(set(map(float, points(*values)))) + [-INF, INF, NAN] if points
      else points_of(values, frozen, quantile, edges, probabilities))
    case = {"parameters": list(values), "x": xs}
    case["logProb"] = [
      -INF if discrete and math.isnan(x) else evaluate(log_density, x, values, lambda _: -INF)
      for x in xs]
    if cdf:
      case["cdf"] = [evaluate(cdf, x, values, lambda x: 1.0 if x > 0 else 0.0) for x in xs]
    if quantile and quantiles:
      case["p"] = list(quantiles)
      case["icdf"] = [number(quantile(mpf(p), *map(mpf, values))) for p in quantiles]
    for key, function in [("mean", mean), ("variance", variance), ("entropy", entropy)]:
      if function:
        case[key] = number(function(*map(mpf, values)))
    if frozen is not None and trusted(*values):
      compare(agree, case, values, frozen, discrete, entropy_tolerance)
    cases.append({
      key: encode(value) if not isinstance(value, list) else [encode(v) for v in value]
      for key, value in case.items()})
  save(name, cases)
  print(f"{name}: {len(cases)} cases, {agree.compared} numbers compared with SciPy's, "
        f"{agree.skipped} it does not know")


def compare(agree, case, values, frozen, discrete, entropy_tolerance):
  with np.errstate(all="ignore"):
    for i, x in enumerate(case["x"]):
      if not math.isfinite(x) or discrete and x != round(x):
        continue  # SciPy divides infinities, and floors
      if 0 < abs(x) < 1e-300:
        continue  # it multiplies denormal numbers, which rounds them coarsely
      density = frozen.logpmf(x) if discrete else frozen.logpdf(x)
      agree(f"log density of {values} at {x}", case["logProb"][i], density)
      if "cdf" in case:
        agree(f"cdf of {values} at {x}", case["cdf"][i], frozen.cdf(x))
    for i, p in enumerate(case.get("p", [])):
      if p >= 1e-6:
        agree(f"quantile of {values} at {p}", case["icdf"][i], frozen.ppf(p))
    for key, moment in [("mean", "m"), ("variance", "v")]:
      if key in case and math.isfinite(case[key]):
        agree(f"{key} of {values}", case[key], frozen.stats(moments=moment))
    if "entropy" in case and math.isfinite(case["entropy"]):
      agree(f"entropy of {values}", case["entropy"], frozen.entropy(), entropy_tolerance)


def save(name, cases):
  path = pathlib.Path(__file__).parent / f"{name}.json"
  lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
  path.write_text("[\n" + lines + "\n]\n")
