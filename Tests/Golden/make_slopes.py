"""Makes slopes.json: how gamma and beta draws move with their parameters at a fixed probability.

    python3 Tests/Golden/make_slopes.py           writes slopes.json
    python3 Tests/Golden/make_slopes.py --table   prints the table of slope_series.h

dx/da = -(dF/da)/p(x), F and p distribution function and density, with 50 digits: F by its power series,
differentiated term by term, or for large parameters by quadrature of dp/da.
"""

import json
import math
import pathlib
import sys

import mpmath
import numpy as np
from mpmath import digamma, exp, log, log1p, mpf
from scipy import special

mpmath.mp.dps = 50
SMALL = mpf(10) ** -48

# --- gamma: d log x/da given a and log x ----------------------------------------------------------


def gamma_slope(a, log_x):
  x = exp(log_x)
  # F = x^a e^-x / G(a + 1) (1 + x/(a + 1) + x^2/((a + 1)(a + 2)) + ...)
  with mpmath.workdps(90):
    term, total, harmonic, slope, n = mpf(1), mpf(1), mpf(0), mpf(0), 0
    while n < x - a or term > mpf(10) ** -88 * total:
      n += 1
      term *= x / (a + n)
      harmonic += 1 / (a + n)
      total += term
      slope -= term * harmonic
    return -((log_x - digamma(a + 1)) * total + slope) / a


def gamma_slope_by_quadrature(a, log_x):
  """Over u = log t - log x; the integrand is a bell of width 1/sqrt(a)."""
  x, centre = exp(log_x), log_x - digamma(a)
  side = -1 if centre < 0 else 1
  density = lambda u: exp(a * u - x * mpmath.expm1(u)) * (centre + u)
  bounds = [side * k / mpmath.sqrt(a) for k in range(0, 25)]
  return mpmath.quad(density, bounds)


def gamma_points(g):
  ranges = [(-9, -3, 20), (-3, 0, 50), (0, 2.5, 70), (2.5, 6, 40), (6, 11, 25)]
  for low, high, count in ranges:
    for a in np.exp(g.uniform(low, high, count)):
      a = float(f"{a:.4g}")
      logarithm = g.uniform(-25, -0.7) if g.random() < 0.5 else math.log(g.random())
      p = math.exp(logarithm)
      x = special.gammainccinv(a, p) if g.random() < 0.5 else special.gammaincinv(a, p)
      # P is almost x^a / G(a + 1) where x underflows.
      log_x = math.log(x) if x > 1e-290 else (logarithm + special.gammaln(a + 1)) / a
      yield a, float(f"{log_x:.15g}")


# --- beta: derivatives of log(x/(1 - x)) given a, b and that --------------------------------------


def beta_slopes(a, b, logit):
  x, y = 1 / (1 + exp(-logit)), 1 / (1 + exp(logit))
  log_x, log_y = -log1p(exp(-logit)), -log1p(exp(logit))
  if a * y >= b * x:
    by_a, by_b = lower_slopes(a, b, x, log_x, log_y)
    return -by_a, -by_b
  by_b, by_a = lower_slopes(b, a, y, log_y, log_x)
  return by_a, by_b


def lower_slopes(p, q, x, log_x, log_y):
  """Derivatives of F = x^p y^q / (p B(p, q)) (1 + (p + q)/(p + 1) x + ...) over x y times the density."""
  term, total, of_p, of_q, by_p, by_q = (mpf(c) for c in (1, 1, 0, 0, 0, 0))
  n = 0
  while True:
    term *= (p + q + n) / (p + 1 + n) * x
    of_q += 1 / (p + q + n)
    of_p += 1 / (p + q + n) - 1 / (p + 1 + n)
    n += 1
    total += term
    by_p += term * of_p
    by_q += term * of_q
    if term < SMALL * total and (p + q + n) * x < p + 1 + n:
      break
  whole = digamma(p + q)
  return (
    (log_x - digamma(p) + whole) * total / p + by_p / p - total / p**2,
    (log_y - digamma(q) + whole) * total / p + by_q / p)


def beta_points(g):
  ranges = [
    ((-0.7, 1.6), (-0.7, 1.6), 80), ((-7, 0), (-7, 0), 25), ((-4, 2), (1, 6), 40), ((1, 6), (-4, 2), 40),
    ((2, 6), (2, 6), 30), ((-1, 1), (6, 11), 15), ((6, 9), (6, 9), 15)]
  for (low_a, high_a), (low_b, high_b), count in ranges:
    for _ in range(count):
      a = float(f"{math.exp(g.uniform(low_a, high_a)):.4g}")
      b = float(f"{math.exp(g.uniform(low_b, high_b)):.4g}")
      logarithm = g.uniform(-25, -0.7) if g.random() < 0.4 else math.log(g.random())
      flipped = g.random() < 0.5
      p, q = (b, a) if flipped else (a, b)
      x = special.betaincinv(p, q, math.exp(logarithm))
      if 1e-290 < x < 0.999:
        logit = math.log(x) - math.log1p(-x)
      elif x < 0.5:
        logit = (logarithm + math.log(p) + special.betaln(p, q)) / p
      else:
        continue
      yield a, b, float(f"{-logit if flipped else logit:.15g}")


# --- the series for large shapes ------------------------------------------------------------------


def series(count, degree):
  """Taylor coefficients of rk of slope_series.h: (e^l - 1) rk = dr(k-1)/dl - ck, r0 = l/(e^l - 1)."""
  exponential = [1 / mpmath.factorial(i + 1) for i in range(degree + 2)]

  def divided(numerator):
    quotient = []
    for i, c in enumerate(numerator):
      quotient.append(c - sum(quotient[j] * exponential[i - j] for j in range(i)))
    return quotient

  rows = [divided([mpf(1)] + [mpf(0)] * degree)]
  for k in range(1, count):
    slope = [(i + 1) * c for i, c in enumerate(rows[-1][1:])]
    slope[0] -= mpf(-1) / 2 if k == 1 else -mpmath.bernoulli(k) / k
    assert abs(slope[0]) < mpf(10) ** -30
    rows.append(divided(slope[1:]))
  return rows


def print_table():
  degrees = [20, 18, 16, 14, 12, 10, 8, 6, 5, 4]
  for row, degree in zip(series(len(degrees), 44), degrees):
    numbers = [c * mpmath.factorial(i) for i, c in enumerate(row[: degree + 1])]
    print("{" + ", ".join(mpmath.nstr(c, 17) if abs(c) > SMALL * 10**20 else "0" for c in numbers) + "},")


def main():
  g = np.random.default_rng(11)
  gamma = [(a, v, float(gamma_slope(mpf(a), mpf(v)))) for a, v in gamma_points(g)]
  for a in (1e6, 1e8, 1e10):
    for z in (-7.0, -2.0, -0.3, 0.0, 0.5, 3.0, 6.0):
      v = math.log(a) + z / math.sqrt(a)
      gamma.append((a, v, float(gamma_slope_by_quadrature(mpf(a), mpf(v)))))
  for a, v, slope in gamma[::40]:
    if a < 1e3 and v > -5:  # the two ways agree
      other = gamma_slope_by_differences(mpf(a), mpf(v))
      assert abs(other / slope - 1) < 1e-14, (a, v, slope, other)
  beta = [(a, b, v, *map(float, beta_slopes(mpf(a), mpf(b), mpf(v)))) for a, b, v in beta_points(g)]
  path = pathlib.Path(__file__).parent / "slopes.json"
  lines = [f'"{name}":[\n' + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "]"
           for name, rows in (("gamma", gamma), ("beta", beta))]
  path.write_text("{" + ",\n".join(lines) + "}\n")
  print(f"{len(gamma)} slopes of gamma draws, {len(beta)} pairs of beta draws")


def gamma_slope_by_differences(a, log_x):
  """By mpmath's own incomplete gamma function."""
  x = exp(log_x)
  by_a = mpmath.diff(lambda s: mpmath.gammainc(s, 0, x, regularized=True), a)
  return -by_a / exp(a * log_x - x - mpmath.loggamma(a))


if __name__ == "__main__":
  print_table() if "--table" in sys.argv else main()
