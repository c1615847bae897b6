"""Prints the table of StirlingTests: log(a^a e^-a / G(a)) and log a - psi(a) by mpmath.

    python3 Tests/Golden/make_stirling.py
"""

import mpmath

POINTS = [1e-300, 1e-20, 1e-5, 1e-3, 0.02, 0.1, 0.3, 0.5, 0.75, 1, 1.25, 1.4616, 2, 2.5, 3, 3.7, 4, 5]
POINTS += [6, 6.5, 6.6, 7, 7.5, 7.999, 8, 8.001, 9, 10, 12.5, 17, 33, 100, 1e3, 12345.678, 1e6, 1e10]
POINTS += [1e16, 1e100, 1e300]


def peak(a):
  return a * mpmath.log(a) - a - mpmath.loggamma(a)


def log_minus_digamma(a):
  # The asymptotic series where the difference would need more digits than there are.
  if a > 1e20:
    return 1 / (2 * a) + 1 / (12 * a * a)
  return mpmath.log(a) - mpmath.digamma(a)


def main():
  # Differences of numbers of up to 1e303 that leave a few hundred.
  mpmath.mp.dps = 400
  for a in POINTS:
    x = mpmath.mpf(a)
    print(f"    ({a!r}, {float(peak(x))!r}, {float(log_minus_digamma(x))!r}),")


main()
