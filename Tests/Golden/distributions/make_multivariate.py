"""Log densities, means, variances and entropies of distributions of vectors and matrices.

Values are mpmath's at 60 digits, rounded once, by the textbook formula (dense inverse and
determinant); where SciPy has the distribution it must agree to 1e-9. One file per distribution,
one case per line: parameters and points as flat arrays with their shapes.

    python3 Tests/Golden/distributions/make_multivariate.py
"""

import json
import math
import pathlib

import mpmath
import numpy as np
from mpmath import mpf
from scipy import stats

mpmath.mp.dps = 60
FOLDER = pathlib.Path(__file__).parent
CASES = 100
LOG_2PI = mpmath.log(2 * mpmath.pi)


# --- exact matrices -------------------------------------------------------------------------------


def exact(a):
  return mpmath.matrix(np.asarray(a).tolist())


def log_det(a):
  return mpmath.log(mpmath.det(a))


def quadratic(inverse, x):
  return (x.T * inverse * x)[0]


def trace(a):
  return sum(a[i, i] for i in range(a.rows))


def log_gamma_d(a, d):
  return mpf(d * (d - 1)) / 4 * mpmath.log(mpmath.pi) + sum(mpmath.loggamma(a - mpf(i) / 2) for i in range(d))


def digamma_d(a, d):
  return sum(mpmath.digamma(a - mpf(i) / 2) for i in range(d))


# --- parameters -----------------------------------------------------------------------------------


def short(a):
  """Few digits keep the files small; the doubles nearest to them are exact all the same."""
  return np.vectorize(lambda x: float(f"{x:.5g}"))(a)


def triangle(g, d, wild):
  """A lower triangular matrix, in wild cases with scales from 1e-4 to 1e4."""
  scales = 10 ** (g.uniform(-4, 4, d) if wild else g.uniform(-0.5, 0.5, d))
  lower = np.tril(g.normal(size=(d, d)), -1) * 0.7 + np.diag(g.uniform(0.5, 1.5, d))
  return short(scales[:, None] * lower)


def location(g, d, wild):
  return short(g.normal(size=d) * (1e3 if wild else 2))


def gram(lower):
  """L Lᵀ as doubles, symmetric."""
  product = np.array((exact(lower) * exact(lower).T).tolist(), dtype=float)
  return np.tril(product) + np.tril(product, -1).T


def degrees(g, wild):
  return float(short(10 ** (g.uniform(-1, 5) if wild else g.uniform(0, 1.5))))


# --- distributions: each yields (parameters, points, log density, extras, scipy's log density) ----


def normal_points(g, loc, lower, count=6):
  z = g.normal(size=(count, len(loc))) * np.array([0, 0.3, 1, 1, 6, 60])[:count, None]
  return short(loc + z @ lower.T)


def multivariate_normal(g, wild):
  d = int(g.integers(1, 7))
  lower, loc = triangle(g, d, wild), location(g, d, wild)
  sigma = exact(lower) * exact(lower).T
  inverse, constant = sigma ** -1, -(log_det(sigma) + d * LOG_2PI) / 2
  points = normal_points(g, loc, lower)
  density = lambda x: constant - quadratic(inverse, exact(x) - exact(loc)) / 2
  frozen = None if wild else stats.multivariate_normal(loc, np.array(sigma.tolist(), dtype=float)).logpdf
  extras = {"mean": loc, "variance": [sigma[i, i] for i in range(d)], "entropy": mpf(d) / 2 - constant}
  return [loc, lower], points, density, extras, frozen


def low_rank(g, wild):
  d, r = int(g.integers(1, 8)), int(g.integers(1, 4))
  factor = short(g.normal(size=(d, r)) * (10 ** g.uniform(-3, 3) if wild else 1))
  diagonal, loc = short(10 ** g.uniform(-1, 1, d)), location(g, d, wild)
  sigma = exact(factor) * exact(factor).T + mpmath.diag(diagonal.tolist())
  inverse, constant = sigma ** -1, -(log_det(sigma) + d * LOG_2PI) / 2
  z = g.normal(size=(6, r)) @ factor.T + np.sqrt(diagonal) * g.normal(size=(6, d))
  density = lambda x: constant - quadratic(inverse, exact(x) - exact(loc)) / 2
  frozen = None if wild else stats.multivariate_normal(loc, np.array(sigma.tolist(), dtype=float)).logpdf
  extras = {"mean": loc, "variance": [sigma[i, i] for i in range(d)], "entropy": mpf(d) / 2 - constant}
  return [loc, factor, diagonal], short(loc + z), density, extras, frozen


def student_t(g, wild):
  d, df = int(g.integers(1, 7)), degrees(g, wild)
  lower, loc = triangle(g, d, wild), location(g, d, wild)
  sigma, nu = exact(lower) * exact(lower).T, mpf(df)
  inverse = sigma ** -1
  half = (nu + d) / 2
  constant = mpmath.loggamma(half) - mpmath.loggamma(nu / 2) - mpf(d) / 2 * mpmath.log(nu * mpmath.pi) - log_det(sigma) / 2
  density = lambda x: constant - half * mpmath.log1p(quadratic(inverse, exact(x) - exact(loc)) / nu)
  frozen = None if wild else stats.multivariate_t(loc, np.array(sigma.tolist(), dtype=float), df=df).logpdf
  ratio = nu / (nu - 2) if df > 2 else mpmath.inf if df > 1 else mpmath.nan
  extras = {
    "mean": loc if df > 1 else [mpmath.nan] * d,
    "variance": [ratio * sigma[i, i] for i in range(d)],
    "entropy": half * (mpmath.digamma(half) - mpmath.digamma(nu / 2)) - constant,
  }
  points = np.concatenate([normal_points(g, loc, lower), short(loc + np.diag(lower) * 1e30)[None]])
  return [df, loc, lower], points, density, extras, frozen


def logistic_normal(g, wild):
  k = int(g.integers(2, 7))
  loc = short(g.normal(size=k - 1) * (5 if wild else 1))
  scale = short(10 ** (g.uniform(-1.5, 1.5, k - 1) if wild else g.uniform(-0.3, 0.3, k - 1)))

  def density(y):
    y = exact(y)
    total = -sum(mpmath.log(v) for v in y)
    for i in range(k - 1):
      left = sum(y[j] for j in range(i + 1, k))
      x = mpmath.log(y[i]) - mpmath.log(left) + mpmath.log(k - 1 - i)
      z = (x - mpf(loc[i])) / mpf(scale[i])
      total += -z * z / 2 - mpmath.log(mpf(scale[i])) - LOG_2PI / 2
    return total

  shares = [logistic_moments(mpf(m) - mpmath.log(k - 1 - i), mpf(s)) for i, (m, s) in enumerate(zip(loc, scale))]
  mean, variance, rest, rest_square = [], [], mpf(1), mpf(1)
  for first, second in shares + [(mpf(1), mpf(1))]:
    mean.append(rest * first)
    variance.append(rest_square * second - mean[-1] ** 2)
    rest, rest_square = rest * (1 - first), rest_square * (1 - 2 * first + second)
  points = g.dirichlet(np.ones(k) * (0.2 if wild else 2), size=6)
  return [loc, scale], points, density, {"mean": mean, "variance": variance}, None


def logistic_moments(loc, scale):
  """Means of p and p^2 for the p of normal log odds; an integral over a bell on a line, with 30 digits."""
  with mpmath.workdps(30):
    bounds = sorted([mpf(c) for c in range(-12, 13)] + [-loc / scale + mpf(c) / scale for c in (-40, -10, -3, 0, 3, 10, 40)
                                                      if abs(-loc + c) < 12 * scale])
    share = lambda z: 1 / (1 + mpmath.exp(-loc - scale * z))
    return tuple(mpmath.quad(lambda z: mpmath.npdf(z) * share(z) ** p, bounds) for p in (1, 2))


def simplex_points(g, k, wild):
  points = np.maximum(g.dirichlet(np.ones(k) * (0.2 if wild else 2), size=6), 1e-12)
  return points / points.sum(axis=1, keepdims=True)


def dirichlet(g, wild):
  k = int(g.integers(2, 7))
  a = short(10 ** (g.uniform(-3, 6, k) if wild else g.uniform(-0.5, 1.5, k)))
  alpha, total = [mpf(v) for v in a], sum(mpf(v) for v in a)
  log_beta = sum(mpmath.loggamma(v) for v in alpha) - mpmath.loggamma(total)
  density = lambda x: sum((v - 1) * mpmath.log(mpf(p)) for v, p in zip(alpha, x)) - log_beta
  # Where the mass is, for large concentrations.
  typical = np.maximum(g.dirichlet(a, size=3), 1e-12)
  points = np.concatenate([simplex_points(g, k, wild), typical / typical.sum(axis=1, keepdims=True)])
  extras = {
    "mean": [v / total for v in alpha],
    "variance": [v * (total - v) / (total ** 2 * (total + 1)) for v in alpha],
    "entropy": log_beta + (total - k) * mpmath.digamma(total) - sum((v - 1) * mpmath.digamma(v) for v in alpha),
  }
  frozen = None if wild else lambda points: [stats.dirichlet(a).logpdf(x / x.sum()) for x in points]
  return [a], points, density, extras, frozen


def relaxed_one_hot_categorical(g, wild):
  """Maddison, Mnih and Teh (2017), equation 22."""
  k = int(g.integers(2, 7))
  temperature = float(short(10 ** (g.uniform(-2, 2) if wild else g.uniform(-1, 0.5))))
  logits = short(g.normal(size=k) * (20 if wild else 2))

  def density(x):
    t, logs = mpf(temperature), [mpmath.log(mpf(p)) for p in x]
    scores = [mpf(l) - t * v for l, v in zip(logits, logs)]
    total = mpmath.log(sum(mpmath.exp(s) for s in scores))
    return mpmath.loggamma(k) + (k - 1) * mpmath.log(t) + sum(s - v for s, v in zip(scores, logs)) - k * total

  return [temperature, logits], simplex_points(g, k, wild), density, {}, None


def correlation_factor(g, d, spread):
  rows = np.tril(g.normal(size=(d, d)) * spread, -1) + np.diag(np.abs(g.normal(size=d)) + 0.2)
  rows[0, 0] = 1
  return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def lkj_log_z(d, eta):
  """Lewandowski, Kurowicka and Joe (2009), equations 15 to 17: Z = 2^s Π B(βₖ, βₖ)^(d − k)."""
  power = sum((2 * eta - 2 + d - k) * (d - k) for k in range(1, d))
  total = power * mpmath.log(2)
  for k in range(1, d):
    b = eta + mpf(d - k - 1) / 2
    total += (d - k) * mpmath.log(mpmath.beta(b, b))
  return total


def concentration_and_spreads(g, wild):
  """Spreads of the elements below the diagonal, some as large as draws have them."""
  eta = float(short(10 ** (g.uniform(-2, 9) if wild else g.uniform(-0.5, 1))))
  return eta, [0, 0.1, 0.5, 1, 3] + ([0.5 / math.sqrt(eta), 1 / math.sqrt(eta)] if eta > 100 else [])


def log_diagonal(row, i):
  """log L[i, i]; a large one is known better by the rest of its row, of norm 1 but for rounding."""
  squares = sum(mpf(x) ** 2 for x in row[:i])
  return mpmath.log1p(-squares) / 2 if squares < 0.5 else mpmath.log(mpf(row[i]))


def lkj_cholesky(g, wild):
  d = int(g.integers(2, 6))
  eta, spreads = concentration_and_spreads(g, wild)
  points = np.array([correlation_factor(g, d, s) for s in spreads])
  log_z = lkj_log_z(d, mpf(eta))
  density = lambda l: sum((2 * mpf(eta) - 3 + d - i) * log_diagonal(l[i], i) for i in range(1, d)) - log_z
  total = 2 * mpf(eta) + d - 1
  mean, variance, entropy = mpmath.zeros(d), mpmath.zeros(d), log_z
  for i in range(d):
    a = mpf(eta) + mpf(d - 1 - i) / 2
    mean[i, i] = mpmath.beta(a + mpf(1) / 2, mpf(i) / 2) / mpmath.beta(a, mpf(i) / 2) if i else mpf(1)
    variance[i, i] = a / (a + mpf(i) / 2) - mean[i, i] ** 2
    for j in range(i):
      variance[i, j] = 1 / total
    if i:
      entropy -= (2 * a - 2) * (mpmath.digamma(a) - mpmath.digamma(a + mpf(i) / 2)) / 2
  return [d, eta], points, density, {"mean": list(mean), "variance": list(variance), "entropy": entropy}, None


def lkj(g, wild):
  d = int(g.integers(2, 6))
  eta, spreads = concentration_and_spreads(g, wild)
  points = []
  for spread in spreads:
    l = correlation_factor(g, d, min(spread, 1))
    r = short(np.tril(l @ l.T, -1))
    points.append(r + r.T + np.eye(d))
  log_z = lkj_log_z(d, mpf(eta))
  density = lambda r: (mpf(eta) - 1) * log_det(exact(r)) - log_z
  each = 1 / (2 * mpf(eta) + d - 1)
  mean_log_det = sum(
    mpmath.digamma(mpf(eta) + mpf(d - 1 - i) / 2) - mpmath.digamma(mpf(eta) + mpf(d - 1) / 2) for i in range(1, d))
  extras = {
    "mean": np.eye(d).ravel(),
    "variance": [each * (i != j) for i in range(d) for j in range(d)],
    "entropy": log_z - (mpf(eta) - 1) * mean_log_det,
  }
  return [d, eta], np.array(points), density, extras, None


def positive_definite_points(g, base, lower, df):
  d = len(lower)
  points = []
  for spread in list(np.linspace(0.2, 2, 4)) + ([1 / math.sqrt(df), 3 / math.sqrt(df)] if df > 1000 else []):
    m = lower @ (np.eye(d) + spread * np.tril(g.normal(size=(d, d))) * 0.4)
    m[np.diag_indices(d)] = np.abs(m[np.diag_indices(d)]) + 1e-3 * np.diag(lower)
    points.append(gram(m) * 1.0)
  return np.array([p * base for p in points])


def wishart(g, wild):
  d = int(g.integers(1, 5))
  df = float(short(d - 1 + (10 ** g.uniform(-1, 9) if wild else g.uniform(0.5, 10))))
  lower, nu = triangle(g, d, wild), mpf(df)
  v = exact(lower) * exact(lower).T
  inverse, log_v, log_gamma = v ** -1, log_det(v), log_gamma_d(nu / 2, d)
  density = lambda x: (
    (nu - d - 1) / 2 * log_det(exact(x)) - trace(inverse * exact(x)) / 2 - nu * d / 2 * mpmath.log(2)
    - nu / 2 * log_v - log_gamma)
  frozen = None if wild else lambda x: [stats.wishart(df, np.array(v.tolist(), dtype=float)).logpdf(p) for p in x]
  extras = {
    "mean": [nu * a for a in v],
    "variance": [nu * (v[i, j] ** 2 + v[i, i] * v[j, j]) for i in range(d) for j in range(d)],
    "entropy": mpf(d + 1) / 2 * log_v + mpf(d * (d + 1)) / 2 * mpmath.log(2) + log_gamma
    - (nu - d - 1) / 2 * digamma_d(nu / 2, d) + nu * d / 2,
  }
  return [df, lower], positive_definite_points(g, df, lower, df), density, extras, frozen


def inverse_wishart(g, wild):
  d = int(g.integers(1, 5))
  df = float(short(d - 1 + (10 ** g.uniform(-1, 9) if wild else g.uniform(0.5, 10))))
  lower, nu = triangle(g, d, wild), mpf(df)
  psi = exact(lower) * exact(lower).T
  log_psi, log_gamma = log_det(psi), log_gamma_d(nu / 2, d)
  density = lambda x: (
    nu / 2 * log_psi - (nu + d + 1) / 2 * log_det(exact(x)) - trace(psi * exact(x) ** -1) / 2
    - nu * d / 2 * mpmath.log(2) - log_gamma)
  frozen = None if wild else lambda x: [stats.invwishart(df, np.array(psi.tolist(), dtype=float)).logpdf(p) for p in x]
  cells = [(i, j) for i in range(d) for j in range(d)]
  undefined = lambda i, j: mpmath.inf if i == j else mpmath.nan
  e = nu - d - 1
  mean = [psi[c] / e if df > d + 1 else undefined(*c) for c in cells]
  if df > d + 3:
    scale = (e + 1) * e ** 2 * (e - 2)
    variance = [((e + 2) * psi[i, j] ** 2 + e * psi[i, i] * psi[j, j]) / scale for i, j in cells]
  else:
    variance = [undefined(*c) if df > d + 1 else mpmath.nan for c in cells]
  entropy = (mpf(d + 1) / 2 * log_psi + log_gamma - mpf(d * (d + 1)) / 2 * mpmath.log(2)
             - (nu + d + 1) / 2 * digamma_d(nu / 2, d) + nu * d / 2)
  extras = {"mean": mean, "variance": variance, "entropy": entropy}
  return [df, lower], positive_definite_points(g, 1 / df, lower, df), density, extras, frozen


def matrix_normal(g, wild):
  n, p = int(g.integers(1, 5)), int(g.integers(1, 5))
  a, b, loc = triangle(g, n, wild), triangle(g, p, wild), short(g.normal(size=(n, p)) * 2)
  rows, columns = exact(a) * exact(a).T, exact(b) * exact(b).T
  row_inverse, column_inverse = rows ** -1, columns ** -1
  constant = -(p * log_det(rows) + n * log_det(columns) + n * p * LOG_2PI) / 2
  density = lambda x: constant - trace(column_inverse * (exact(x) - exact(loc)).T * row_inverse * (exact(x) - exact(loc))) / 2
  frozen = None if wild else stats.matrix_normal(
    loc, np.array(rows.tolist(), dtype=float), np.array(columns.tolist(), dtype=float)).logpdf
  points = short(loc + np.array([a @ (g.normal(size=(n, p)) * s) @ b.T for s in (0.1, 1, 1, 8)]))
  extras = {
    "mean": loc.ravel(), "variance": [rows[i, i] * columns[j, j] for i in range(n) for j in range(p)],
    "entropy": mpf(n * p) / 2 - constant,
  }
  return [loc, a, b], points, density, extras, None if n == 1 or p == 1 else frozen


def projected_normal(g, wild):
  d = int(g.integers(2, 7))
  mu = short(g.normal(size=d) * (10 ** g.uniform(-3, 2.5) if wild else 1.5))
  points = g.normal(size=(5, d))
  points = np.concatenate([points, mu[None], -mu[None]])
  points /= np.linalg.norm(points, axis=1, keepdims=True)

  def density(x):
    # The argument in the exponent is taken at the direction of the rounded point.
    x = exact(x)
    x = x / mpmath.sqrt((x.T * x)[0])
    m = exact(mu)
    t = (m.T * x)[0]
    aside = m - t * x
    # ∫₀^∞ rᵈ⁻¹ exp(−(r − t)²/2) dr = Γ(d) exp(−t²/4) U(d − ½, −t), by parabolic cylinder functions.
    log_integral = mpmath.loggamma(d) - t * t / 4 + mpmath.log(mpmath.pcfu(d - mpf(1) / 2, -t))
    return log_integral - (aside.T * aside)[0] / 2 - d * LOG_2PI / 2

  kappa2 = sum(mpf(m) ** 2 for m in mu)
  # Of x = z/|z|: E x = E|z| 's gradient, E x x' = E z z'/|z|^2, by Kummer's function.
  half, b = kappa2 / 2, mpf(d) / 2 + 1
  length = mpmath.gamma(b - mpf(1) / 2) / mpmath.gamma(b) / mpmath.sqrt(2) * mpmath.hyp1f1(mpf(1) / 2, b, -half)
  mean = [length * mpf(m) for m in mu]
  own, along = mpmath.hyp1f1(1, b, -half) / d, mpmath.hyp1f1(1, b + 1, -half) / (d + 2)
  variance = [own + along * mpf(m) ** 2 - e ** 2 for m, e in zip(mu, mean)]
  return [mu], points, density, {"mean": mean, "variance": variance}, None


def zero_sum_normal(g, wild):
  shape = [int(x) for x in g.integers(2, 5, size=g.integers(1, 3))]
  scale = float(short(10 ** (g.uniform(-6, 6) if wild else g.uniform(-0.5, 0.5))))
  points = g.normal(size=(4, *shape)) * scale * np.array([0, 0.5, 1, 8]).reshape([4] + [1] * len(shape))
  for axis in range(1, len(shape) + 1):
    points = points - points.mean(axis=axis, keepdims=True)
  m, size = math.prod(n - 1 for n in shape), math.prod(shape)
  density = lambda x: -sum((mpf(v) / mpf(scale)) ** 2 for v in x.ravel()) / 2 - m * (mpmath.log(mpf(scale)) + LOG_2PI / 2)
  extras = {
    "mean": [0] * size, "variance": [mpf(scale) ** 2 * m / size] * size,
    "entropy": m * (mpmath.log(mpf(scale)) + LOG_2PI / 2 + mpf(1) / 2),
  }
  return [scale, shape], points, density, extras, None


def random_walk(g, wild):
  steps, scale = int(g.integers(1, 9)), float(short(10 ** (g.uniform(-6, 6) if wild else g.uniform(-0.5, 0.5))))
  points = short(np.cumsum(g.normal(size=(5, steps)) * scale * np.array([0, 0.5, 1, 1, 8])[:, None], axis=1))

  def density(x):
    steps_of = [mpf(x[0])] + [mpf(b) - mpf(a) for a, b in zip(x[:-1], x[1:])]
    return sum(-(s / mpf(scale)) ** 2 / 2 - mpmath.log(mpf(scale)) - LOG_2PI / 2 for s in steps_of)

  extras = {
    "mean": [0] * steps, "variance": [mpf(scale) ** 2 * (k + 1) for k in range(steps)],
    "entropy": steps * (mpmath.log(mpf(scale)) + LOG_2PI / 2 + mpf(1) / 2),
  }
  return [scale, steps], points, density, extras, None


DISTRIBUTIONS = {
  "MultivariateNormal": multivariate_normal, "LowRankMultivariateNormal": low_rank,
  "MultivariateStudentT": student_t, "LogisticNormal": logistic_normal, "LKJCholesky": lkj_cholesky,
  "LKJ": lkj, "Wishart": wishart, "InverseWishart": inverse_wishart, "MatrixNormal": matrix_normal,
  "ProjectedNormal": projected_normal, "ZeroSumNormal": zero_sum_normal, "GaussianRandomWalk": random_walk,
  "Dirichlet": dirichlet, "RelaxedOneHotCategorical": relaxed_one_hot_categorical,
}


# --- files ----------------------------------------------------------------------------------------


def number(x):
  x = float(x)
  return x if math.isfinite(x) else str(x)


def array(a):
  a = np.asarray(a, dtype=float)
  return {"s": list(a.shape), "v": [number(x) for x in a.ravel()]}


def main():
  for name, make in DISTRIBUTIONS.items():
    g = np.random.default_rng(sum(name.encode()))
    lines = []
    for index in range(CASES):
      parameters, points, density, extras, frozen = make(g, wild=index % 3 == 2)
      values = [density(x) for x in points]
      if frozen is not None:
        reference = np.ravel(frozen(points))
        assert all(abs(r - float(v)) <= 1e-9 * (1 + abs(float(v))) for r, v in zip(reference, values)), (name, reference, values)
      case = {"parameters": [array(p) for p in parameters], "x": array(points), "logProb": [number(v) for v in values]}
      for key, value in extras.items():
        case[key] = number(value) if key == "entropy" else [number(v) for v in value]
      lines.append(json.dumps(case, separators=(",", ":")))
    (FOLDER / f"{name}.json").write_text("[" + ",\n".join(lines) + "]\n")


if __name__ == "__main__":
  main()
