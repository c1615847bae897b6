"""Makes the golden values of distributions over the real line and of those folded onto half of it.

    python3 Tests/Golden/distributions/make_real_line.py [name…]    (needs mpmath and scipy)
"""

import math
import sys

from golden import draws, mpf, mpmath, positive, real, write
from mpmath import erfc, erfinv, exp, log, pi, sqrt
from scipy import stats

LOC_SCALE = [(0, 1), (2, 4), (-3.5, 0.02), (1e6, 1e-3), (0.25, 1e5), (0, 1e-200), (-1e-3, 7.5e9)]
INF = mpmath.inf


def edge(*_):
  """The points next to 0, where a support begins."""
  return [0.0, -5e-324, 5e-324, 1e-300, -1.0, 1e150]


def far(*_):
  return [0.0, -1e150, 1e150, 1e-300]


def log_phi(z):
  return -z * z / 2 - log(2 * pi) / 2


def phi(z):
  """The standard normal distribution function; beyond 1000 it is 0 or 1 by far."""
  if abs(z) > 1000:
    return mpf(z > 0)
  return erfc(-z / sqrt(mpf(2))) / 2


def phi_inverse(p):
  # The tail of the complementary function keeps its digits for tiny p.
  start = mpf(stats.norm.ppf(float(p))) if p > 1e-300 else -sqrt(-2 * log(p))
  return mpmath.findroot(lambda z: log(phi(z) / p), start)


def half_line(function, below):
  return lambda x, *parameters: function(x, *parameters) if x >= 0 else below


def normal():
  write(
    "Normal", draws(100, real(), positive(), first=LOC_SCALE),
    lambda x, loc, scale: log_phi((x - loc) / scale) - log(scale),
    cdf=lambda x, loc, scale: phi((x - loc) / scale),
    quantile=lambda p, loc, scale: loc + scale * phi_inverse(p), edges=far,
    mean=lambda loc, scale: loc, variance=lambda loc, scale: scale**2,
    entropy=lambda loc, scale: log(2 * pi) / 2 + mpf(1) / 2 + log(scale),
    scipy=lambda loc, scale: stats.norm(loc, scale), trusted=lambda loc, scale: abs(loc) < 1e3 * scale)


def log_normal():
  write(
    "LogNormal", draws(
      100, real(3, 100), positive(0.1, 2, 1e-3, 10),
      first=[(0, 1), (1.4, 0.4), (-2, 0.05), (0.3, 3), (5, 0.7)]),
    lambda x, loc, scale: log_phi((log(x) - loc) / scale) - log(scale) - log(x) if x > 0 else -INF,
    cdf=lambda x, loc, scale: phi((log(x) - loc) / scale) if x > 0 else mpf(0),
    quantile=lambda p, loc, scale: exp(loc + scale * phi_inverse(p)), edges=edge,
    mean=lambda loc, scale: exp(loc + scale**2 / 2),
    variance=lambda loc, scale: mpmath.expm1(scale**2) * exp(2 * loc + scale**2),
    entropy=lambda loc, scale: loc + mpf(1) / 2 + log(2 * pi) / 2 + log(scale),
    scipy=lambda loc, scale: stats.lognorm(scale, scale=math.exp(loc)),
    trusted=lambda loc, scale: abs(loc) < 100 * scale)


def half_cauchy():
  write(
    "HalfCauchy", draws(100, positive(), first=[(1,), (1.2,), (5,), (1e-3,), (2.5e4,), (1e-200,)]),
    half_line(lambda x, scale: log(2 / (pi * scale)) - mpmath.log1p((x / scale) ** 2), -INF),
    cdf=half_line(lambda x, scale: 2 / pi * mpmath.atan(x / scale), mpf(0)),
    quantile=lambda p, scale: scale * mpmath.tan(pi * p / 2), edges=edge,
    mean=lambda scale: INF, variance=lambda scale: INF,
    entropy=lambda scale: log(2 * pi * scale),
    scipy=lambda scale: stats.halfcauchy(scale=scale), trusted=lambda scale: 1e-100 < scale)


def half_normal():
  write(
    "HalfNormal", draws(100, positive(), first=[(1,), (1e-200,), (3e9,)]),
    half_line(lambda x, scale: log_phi(x / scale) + log(2 / scale), -INF),
    cdf=half_line(lambda x, scale: mpmath.erf(min(x / scale, 1000) / sqrt(mpf(2))), mpf(0)),
    quantile=lambda p, scale: -scale * phi_inverse((1 - p) / 2) if p > 0.01
    else scale * sqrt(mpf(2)) * erfinv(p), edges=edge,
    mean=lambda scale: scale * sqrt(2 / pi), variance=lambda scale: scale**2 * (1 - 2 / pi),
    entropy=lambda scale: log(pi * scale**2 / 2) / 2 + mpf(1) / 2,
    scipy=lambda scale: stats.halfnorm(scale=scale), trusted=lambda scale: scale > 1e-100)


# --- Student --------------------------------------------------------------------------------------


def student_density(z, df):
  return -(df + 1) / 2 * mpmath.log1p(z**2 / df) - log(df) / 2 - log(mpmath.beta(mpf(1) / 2, df / 2))


def student_masses(z, df):
  """P(|T| < z) and P(|T| > z): incomplete beta functions, each by its hypergeometric series where
  it is the smaller one."""
  x, y, a, b = df / (df + z**2), z**2 / (df + z**2), df / 2, mpf(1) / 2
  kernel = x**a * y**b / mpmath.beta(a, b)
  if x > 0.5:
    inside = kernel / b * mpmath.hyp2f1(a + b, 1, b + 1, y)
    return inside, 1 - inside
  outside = kernel / a * mpmath.hyp2f1(a + b, 1, a + 1, x)
  return 1 - outside, outside


def student_cdf(z, df):
  with mpmath.workdps(150):
    half = student_masses(abs(z), df)[1] / 2
    return +(half if z < 0 else 1 - half)


def half_student_cdf(x, df, scale):
  with mpmath.workdps(150):
    return +student_masses(x / scale, df)[0]


def student_entropy(df):
  return ((df + 1) / 2 * (mpmath.digamma((df + 1) / 2) - mpmath.digamma(df / 2))
          + log(df) / 2 + log(mpmath.beta(mpf(1) / 2, df / 2)))


def student_variance(df):
  return df / (df - 2) if df > 2 else INF


def student_points(df, loc, scale):
  t = stats.t(df)
  return [loc + scale * float(t.ppf(p)) for p in (1e-30, 1e-9, 1e-3, 0.1, 0.4, 0.5, 0.8, 0.999)] + [
    loc, loc + 1e-9 * scale, -1e100, 1e100]


DF = positive(0.5, 30, 0.1, 1e3)


def student_t():
  write(
    "StudentT", draws(100, DF, real(), positive(0.2, 5, 1e-3, 1e3), first=[
      (1, 0, 1), (2, 0, 1), (0.1, 0, 1), (0.5, 1, 2), (1e4, 0, 1), (3, -2, 0.5)]),
    lambda x, df, loc, scale: student_density((x - loc) / scale, df) - log(scale),
    cdf=lambda x, df, loc, scale: student_cdf((x - loc) / scale, df), points=student_points,
    mean=lambda df, loc, scale: loc if df > 1 else mpmath.nan,
    variance=lambda df, loc, scale: scale**2 * student_variance(df) if df > 1 else mpmath.nan,
    entropy=lambda df, loc, scale: student_entropy(df) + log(scale),
    scipy=lambda df, loc, scale: stats.t(df, loc, scale), trusted=lambda df, loc, scale: abs(loc) < 1e3 * scale,
    tolerance=1e-8)


def half_student_mean(df, scale):
  return 2 * scale * sqrt(df) / ((df - 1) * mpmath.beta(mpf(1) / 2, df / 2)) if df > 1 else INF


class HalfStudent:
  """Made of SciPy's distribution."""

  def __init__(self, df, scale):
    t = stats.t(df, scale=scale)
    self.logpdf = lambda x: math.log(2) + t.logpdf(x) if x >= 0 else -math.inf
    self.cdf = lambda x: 2 * t.cdf(x) - 1 if x >= 0 else 0
    self.entropy = lambda: t.entropy() - math.log(2)
    self.stats = lambda moments: math.nan  # of |x| SciPy has none


def half_student_t():
  write(
    "HalfStudentT", draws(100, DF, positive(), first=[(1, 1), (2, 1), (0.1, 1), (1e4, 3)]),
    half_line(lambda x, df, scale: student_density(x / scale, df) + log(2 / scale), -INF),
    cdf=half_line(half_student_cdf, mpf(0)),
    points=lambda df, scale: [scale * float(stats.t(df).ppf(p)) for p in (
      0.5 + 1e-9, 0.51, 0.7, 0.9, 0.999, 1 - 1e-9)] + [0.0, -5e-324, 1e-100 * scale, -1.0, 1e100],
    mean=half_student_mean,
    variance=lambda df, scale:
    scale**2 * df / (df - 2) - half_student_mean(df, scale) ** 2 if df > 2 else INF,
    entropy=lambda df, scale: student_entropy(df) + log(scale / 2), scipy=HalfStudent,
    tolerance=1e-8)


# --- Locations and scales -------------------------------------------------------------------------


def standard(function):
  return lambda x, loc, scale, *shape: function((x - loc) / scale, *shape)


def location_scale(
    name, log_density, cdf, quantile, mean, variance, entropy, scipy, shapes=(), first=(), **options):
  """A family from its standard distribution; parameters loc, scale and shapes."""
  write(
    name, draws(100, real(), positive(), *shapes, first=[(0, 1), (1e6, 1e-3), (0, 1e-200)] if not shapes else first),
    lambda x, loc, scale, *s: log_density((x - loc) / scale, *s) - log(scale),
    cdf=standard(cdf), quantile=lambda p, loc, scale, *s: loc + scale * quantile(p, *s), edges=far,
    mean=lambda loc, scale, *s: loc + scale * mean(*s) if mean else mpmath.nan,
    variance=lambda loc, scale, *s: scale**2 * variance(*s) if variance else mpmath.nan,
    entropy=lambda loc, scale, *s: entropy(*s) + log(scale), scipy=scipy,
    trusted=lambda loc, scale, *s: abs(loc) < 1e3 * scale and scale > 1e-100, **options)


def cauchy():
  location_scale(
    "Cauchy", lambda z: -log(pi) - mpmath.log1p(z**2), lambda z: mpmath.atan2(1, -z) / pi,
    lambda p: -mpmath.cot(pi * p), None, None, lambda: log(4 * pi),
    lambda loc, scale: stats.cauchy(loc, scale))


def laplace():
  location_scale(
    "Laplace", lambda z: -abs(z) - log(mpf(2)), lambda z: exp(z) / 2 if z < 0 else 1 - exp(-z) / 2,
    lambda p: log(2 * p) if p < 0.5 else -log(2 * (1 - p)), lambda: 0, lambda: 2,
    lambda: 1 + log(mpf(2)), lambda loc, scale: stats.laplace(loc, scale))


def sides(k):
  return k, 1 / k


def asymmetric_laplace_cdf(z, k):
  left, right = sides(k)
  share = left / (left + right)
  return share * exp(z / left) if z < 0 else 1 - (1 - share) * exp(-z / right)


def asymmetric_laplace_quantile(p, k):
  left, right = sides(k)
  share = left / (left + right)
  return left * log(p / share) if p < share else -right * log((1 - p) / (1 - share))


def asymmetric_laplace():
  location_scale(
    "AsymmetricLaplace",
    lambda z, k: (z / sides(k)[0] if z < 0 else -z / sides(k)[1]) - log(sum(sides(k))),
    asymmetric_laplace_cdf, asymmetric_laplace_quantile, lambda k: 1 / k - k,
    lambda k: k**2 + 1 / k**2, lambda k: 1 + log(k + 1 / k),
    # SciPy's falls by kappa above and by 1/kappa below, as ours.
    lambda loc, scale, k: stats.laplace_asymmetric(k, loc, scale), shapes=[positive(0.3, 3, 0.01, 100)],
    first=[(0, 1, 1), (1, 2, 0.5), (0, 1, 20.0)])


def log_sigmoid(z):
  return -mpmath.log1p(exp(-z)) if z > 0 else z - mpmath.log1p(exp(z))


def logistic():
  location_scale(
    "Logistic", lambda z: log_sigmoid(z) + log_sigmoid(-z), lambda z: exp(log_sigmoid(z)),
    lambda p: log(p / (1 - p)), lambda: 0, lambda: pi**2 / 3, lambda: 2,
    lambda loc, scale: stats.logistic(loc, scale))


def skew_logistic():
  location_scale(
    "SkewLogistic", lambda z, a: log(a) + log_sigmoid(-z) + a * log_sigmoid(z),
    lambda z, a: exp(a * log_sigmoid(z)), lambda p, a: -log(mpmath.expm1(-log(p) / a)),
    lambda a: mpmath.digamma(a) + mpmath.euler, lambda a: mpmath.polygamma(1, a) + pi**2 / 6,
    lambda a: mpmath.digamma(a + 1) + mpmath.euler + 1 - log(a),
    lambda loc, scale, a: stats.genlogistic(a, loc, scale), shapes=[positive(0.3, 3, 0.1, 100)],
    first=[(0, 1, 1), (1, 2, 0.5), (0, 1, 20.0)], tolerance=1e-7)


def gumbel():
  location_scale(
    "Gumbel", lambda z: -z - exp(-max(z, -1e5)), lambda z: exp(-exp(-max(z, -1e5))),
    lambda p: -log(-log(p)), lambda: mpmath.euler, lambda: pi**2 / 6, lambda: 1 + mpmath.euler,
    lambda loc, scale: stats.gumbel_r(loc, scale))


def soft_laplace():
  location_scale(
    "SoftLaplace", lambda z: log(2 / pi) - abs(z) - mpmath.log1p(exp(-2 * abs(z))),
    lambda z: 2 / pi * mpmath.atan(exp(z)) if z < 0 else 1 - 2 / pi * mpmath.atan(exp(-z)),
    lambda p: log(mpmath.tan(pi * p / 2)), lambda: 0, lambda: pi**2 / 4,
    lambda: log(2 * pi), lambda loc, scale: stats.hypsecant(loc, scale))


def generalized_normal_cdf(z, b):
  outside = mpmath.gammainc(1 / b, abs(z) ** b, regularized=True) / 2 if z else mpf(1) / 2
  return outside if z < 0 else 1 - outside


def generalized_normal_quantile(p, b):
  """By bisection of the logarithm of the distance, then by the secant."""
  tail = min(p, 1 - p)
  if tail == 0.5:
    return mpf(0)
  low, high = mpf(-800), mpf(800)
  for _ in range(40):
    middle = (low + high) / 2
    low, high = (middle, high) if generalized_normal_cdf(-exp(middle), b) > tail else (low, middle)
  distance = exp(mpmath.findroot(lambda t: log(generalized_normal_cdf(-exp(t), b) / tail), (low, high)))
  return -distance if p < 0.5 else distance


def generalized_normal():
  location_scale(
    "GeneralizedNormal", lambda z, b: log(b / 2) - mpmath.loggamma(1 / b) - abs(z) ** b,
    generalized_normal_cdf, generalized_normal_quantile, lambda b: 0,
    lambda b: mpmath.gamma(3 / b) / mpmath.gamma(1 / b),
    lambda b: 1 / b - log(b / 2) + mpmath.loggamma(1 / b),
    lambda loc, scale, b: stats.gennorm(b, loc, scale), shapes=[positive(0.4, 8, 0.2, 100)],
    first=[(0, 1, 1), (1, 2, 0.5), (0, 1, 20.0), (3, 0.1, 2)], tolerance=1e-7)


# --- Bounded below, bounded, round ----------------------------------------------------------------


def levy():
  write(
    "Levy", draws(100, real(), positive(), first=[(0, 1), (0, 1e-100), (-3, 1e6)]),
    lambda x, loc, scale: log(scale / (2 * pi)) / 2 - 3 * log(x - loc) / 2 - scale / (2 * (x - loc))
    if x > loc else -INF,
    cdf=lambda x, loc, scale: erfc(min(sqrt(scale / (2 * (x - loc))), 1000)) if x > loc else mpf(0),
    quantile=lambda p, loc, scale: loc + scale / phi_inverse(p / 2) ** 2,
    edges=lambda loc, scale: [loc, math.nextafter(loc, -math.inf), loc - 1, 1e150],
    mean=lambda *_: INF, variance=lambda *_: INF,
    entropy=lambda loc, scale: (1 + 3 * mpmath.euler + log(16 * pi * scale**2)) / 2,
    scipy=lambda loc, scale: stats.levy(loc, scale), trusted=lambda loc, scale: abs(loc) < 100 * scale)


def between(low, high, inside, below, above):
  return lambda x, *p: below if x < low(*p) else above if x > high(*p) else inside(x, *p)


def uniform():
  g = draws(97, real(), positive())
  bounds = [(0, 1), (-1e-3, 7.5e9), (-1e-200, 1e-200)] + [(a, a + w) for a, w in g if a + w > a]
  low, high = (lambda a, b: a), (lambda a, b: b)
  write(
    "Uniform", bounds, between(low, high, lambda x, a, b: -log(b - a), -INF, -INF),
    cdf=between(low, high, lambda x, a, b: (x - a) / (b - a), mpf(0), mpf(1)),
    quantile=lambda p, a, b: a + p * (b - a),
    edges=lambda a, b: [a, b, math.nextafter(a, -math.inf), math.nextafter(b, math.inf)],
    mean=lambda a, b: (a + b) / 2, variance=lambda a, b: (b - a) ** 2 / 12,
    entropy=lambda a, b: log(b - a), scipy=lambda a, b: stats.uniform(a, b - a),
    trusted=lambda a, b: 1e-6 < (b - a) / abs(a or 1))


def von_mises_part(x, loc, k):
  """∫ of exp(k (cos(t - loc) - 1)) from -π, in pieces about as wide as the mode."""
  start, step = -mpf(math.pi), 2 / sqrt(k + 1)
  count = max(2, int((x - start) / step) + 2)
  with mpmath.workdps(30):
    return mpmath.quad(lambda t: exp(k * (mpmath.cos(t - loc) - 1)), mpmath.linspace(start, x, count))


class Angles:
  """SciPy's distribution of angles around loc, whose distribution function is good to 1e-8 only."""

  def __init__(self, loc, k):
    angles = stats.vonmises(k, loc=loc)
    self.logpdf = lambda x: angles.logpdf(x) if abs(x) <= math.pi else -math.inf
    self.cdf = lambda x: math.nan
    self.entropy = angles.entropy


def von_mises():
  height = lambda k: 2 * pi * exp(-k) * mpmath.besseli(0, k)
  write(
    "VonMises", draws(
      100, lambda g, wild: float(f"{g.uniform(-3.1, 3.1):.3g}") * (20 if wild else 1),
      positive(0.3, 10, 1e-4, 100), first=[(0, 1), (3.1, 5), (-3.1, 200.0), (0, 1e-8), (7.0, 1000.0)]),
    lambda x, loc, k: k * (mpmath.cos(x - loc) - 1) - log(height(k)) if abs(x) <= math.pi else -INF,
    cdf=lambda x, loc, k: mpf(0) if x <= -math.pi else mpf(1) if x >= math.pi
    else von_mises_part(x, loc, k) / height(k),
    points=von_mises_points, scipy=Angles,
    entropy=lambda loc, k: log(height(k)) + k * (1 - mpmath.besseli(1, k) / mpmath.besseli(0, k)))


def von_mises_points(loc, k):
  """Around the mode, and the ends."""
  mode = math.remainder(loc, 2 * math.pi)
  xs = [mode + d / math.sqrt(k) for d in (-9, -4, -1, -0.1, 0, 0.3, 2, 6)]
  return [math.remainder(x, 2 * math.pi) for x in xs if abs(x - mode) < 3] + [math.pi, -math.pi, 3.2, -4.0]


def main():
  wanted = sys.argv[1:]
  for make in [normal, log_normal, half_cauchy, half_normal, student_t, half_student_t, cauchy,
               laplace, asymmetric_laplace, logistic, skew_logistic, gumbel, soft_laplace,
               generalized_normal, levy, uniform, von_mises]:
    if not wanted or make.__name__ in wanted:
      make()


main()
