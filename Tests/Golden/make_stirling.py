"""Prints the table of StirlingTests: log(a^a e^-a / G(a)) and log a - psi(a) by mpmath.

    python3 Tests/Golden/make_stirling.py
"""

import mpmath

POINTS = [1e-300, 1e-20, 1e-5, 1e-3, 0.02, 0.1, 0.3, 0.5, 0.75, 1, 1.25, 1.4616, 2, 2.5, 3, 3.7, 4, 5]
POINTS += [6, 6.5, 6.6, 7, 7.5, 7.999, 8, 8.001, 9, 10, 12.5, 17, 33, 100, 1e3, 12345.678, 1e6, 1e10]
POINTS += [1e16, 1e100, 1e300]


# Differences of numbers of up to 1e303 that leave a few hundred.
DIGITS = 400


def gamma_peak(a):
  with mpmath.workdps(DIGITS):
    x = mpmath.mpf(a)
    return float(x * mpmath.log(x) - x - mpmath.loggamma(x))


def log_minus_digamma(a):
  with mpmath.workdps(DIGITS):
    x = mpmath.mpf(a)
    # The asymptotic series where the difference would need more digits than there are.
    if x > 1e20:
      return float(1 / (2 * x) + 1 / (12 * x * x))
    return float(mpmath.log(x) - mpmath.digamma(x))


if __name__ == "__main__":
  for a in POINTS:
    print(f"    ({a!r}, {gamma_peak(a)!r}, {log_minus_digamma(a)!r}),")
