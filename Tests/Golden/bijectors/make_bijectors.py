"""Makes bijectors.json: values and log determinants of maps onto constrained sets.

Values follow the definitions at 60 digits, element by element; log determinants are those of
Jacobians by central differences at 60 digits, so they share no formula with anything tested.
PyTorch and NumPyro must agree to 1e-9 wherever they have the same map.

    python3 Tests/Golden/bijectors/make_bijectors.py
"""

import json
import math
import pathlib
import random

import jax
import mpmath
import numpy as np
import torch
from mpmath import mpf

jax.config.update("jax_enable_x64", True)
from numpyro.distributions import transforms as npt  # noqa: E402
from torch.distributions import transforms as tt  # noqa: E402

mpmath.mp.dps = 60


def sigmoid(x):
  return 1 / (1 + mpmath.exp(-x))


def softplus(x):
  return mpmath.log1p(mpmath.exp(x))


def stick_breaking(x):
  rest, y = mpf(1), []
  for k, value in enumerate(x):
    share = sigmoid(value - mpmath.log(len(x) - k))
    y.append(rest * share)
    rest *= 1 - share
  return y + [rest]


def ordered(x):
  y = [x[0]]
  for value in x[1:]:
    y.append(y[-1] + mpmath.exp(value))
  return y


def triangle(x, n, diagonal):
  """Below the diagonal row by row, and a diagonal."""
  rows, values = [], iter(x)
  for i in range(n):
    rows.append([next(values) for _ in range(i)] + [diagonal[i]] + [mpf(0)] * (n - 1 - i))
  return rows


def side(count):
  return int((math.isqrt(8 * count + 1) - 1) // 2)


def lower(x, positive):
  n = side(len(x))
  return triangle(x[:-n], n, [positive(v) for v in x[-n:]])


def scaled_unit(x):
  n = side(len(x))
  scale = [softplus(v) for v in x[-n:]]
  return [[s * v for v in row] for s, row in zip(scale, triangle(x[:-n], n, [mpf(1)] * n))]


def correlation_cholesky(x):
  n, values, rows = side(len(x)) + 1, iter(x), []
  for i in range(n):
    rest, row = mpf(1), []
    for _ in range(i):
      row.append(mpmath.tanh(next(values)) * mpmath.sqrt(rest))
      rest -= row[-1] ** 2
    rows.append(row + [mpmath.sqrt(rest)] + [mpf(0)] * (n - 1 - i))
  return rows


def gram(rows):
  n = len(rows)
  return [[mpmath.fsum(rows[i][k] * rows[j][k] for k in range(n)) for j in range(n)] for i in range(n)]


def stereographic(x):
  norm = mpmath.fsum(v * v for v in x)
  return [2 * v / (norm + 1) for v in x] + [(norm - 1) / (norm + 1)]


def zero_sum(x):
  # The isometry that reflects the last axis onto the direction of equal elements, as a matrix.
  n = len(x) + 1
  normal = [1 / mpmath.sqrt(n)] * (n - 1) + [1 / mpmath.sqrt(n) + 1]
  scale = 2 / mpmath.fsum(v * v for v in normal)
  point = list(x) + [mpf(0)]
  inner = mpmath.fsum(a * b for a, b in zip(normal, point))
  return [p - scale * inner * v for p, v in zip(point, normal)]


def l1_ball(x):
  rest, y = mpf(1), []
  for value in x:
    y.append(rest * mpmath.tanh(value))
    rest -= abs(y[-1])
  return y


def haar(x):
  sums, details = list(x), []
  while len(sums) > 1:
    pairs = list(zip(sums[0::2], sums[1::2]))
    details = [(a - b) / mpmath.sqrt(2) for a, b in pairs] + details
    sums = [(a + b) / mpmath.sqrt(2) for a, b in pairs] + sums[2 * len(pairs):]
  return sums + details


def cosine(x):
  n = len(x)
  def element(k):
    total = mpmath.fsum(v * mpmath.cos(mpmath.pi * (j + mpf(1) / 2) * k / n) for j, v in enumerate(x))
    return total * mpmath.sqrt(mpf(1 if k == 0 else 2) / n)
  return [element(k) for k in range(n)]


def simplex_to_ordered(x):
  # From numbers that stick breaking turns into a point of the simplex.
  total, y = mpf(0), []
  for value in stick_breaking(x)[:-1]:
    total += value
    y.append(mpmath.log(total / (1 - total)) + mpf(0.4))
  return y


def flat(y):
  return [v for row in y for v in row] if isinstance(y[0], list) else y


def everything(y):
  return flat(y)


def but_last(y):
  return flat(y)[:-1]


def on_triangle(y):
  return [y[i][j] for i in range(len(y)) for j in range(i + 1)]


def below_diagonal(y):
  return [y[i][j] for i in range(len(y)) for j in range(i)]


def log_det(f, x, free, is_surface):
  """log |det| of the Jacobian of the free elements, or of the surface's volume."""
  step = mpf(10) ** -18
  columns = []
  for j in range(len(x)):
    def moved(h):
      return free(f([v + (h if i == j else 0) for i, v in enumerate(x)]))
    near, far = [(moved(h), moved(-h)) for h in (step, 2 * step)]
    columns.append([
      (8 * (a - b) - (c - d)) / (12 * step) for a, b, c, d in zip(near[0], near[1], far[0], far[1])])
  jacobian = mpmath.matrix(columns).T
  if is_surface:
    return mpmath.log(mpmath.det(jacobian.T * jacobian)) / 2
  return mpmath.log(abs(mpmath.det(jacobian)))


# name: the map, the number of its arguments, what its determinant is about, PyTorch's, NumPyro's
MAPS = {
  "StickBreaking": (stick_breaking, [1, 3, 9], but_last, tt.StickBreakingTransform(), npt.StickBreakingTransform()),
  "Ordered": (ordered, [1, 3, 6], everything, None, npt.OrderedTransform()),
  "PositiveOrdered": (
    lambda x: [mpmath.exp(v) for v in ordered(x)], [1, 3], everything, None,
    npt.ComposeTransform([npt.OrderedTransform(), npt.ExpTransform()])),
  "LowerCholesky": (lambda x: lower(x, mpmath.exp), [1, 3, 10], on_triangle, None, npt.LowerCholeskyTransform()),
  "SoftplusLowerCholesky": (lambda x: lower(x, softplus), [1, 3, 6], on_triangle, None, npt.SoftplusLowerCholeskyTransform()),
  "ScaledUnitLowerCholesky": (scaled_unit, [1, 3, 6], on_triangle, None, npt.ScaledUnitLowerCholeskyTransform()),
  "PositiveDefinite": (
    lambda x: gram(lower(x, mpmath.exp)), [1, 3, 6], on_triangle, None,
    npt.ComposeTransform([npt.LowerCholeskyTransform(), npt.CholeskyTransform().inv])),
  "CorrelationCholesky": (correlation_cholesky, [1, 3, 10], below_diagonal, tt.CorrCholeskyTransform(), npt.CorrCholeskyTransform()),
  "Correlation": (
    lambda x: gram(correlation_cholesky(x)), [1, 3, 6], below_diagonal, None,
    npt.ComposeTransform([npt.CorrCholeskyTransform(), npt.CorrMatrixCholeskyTransform().inv])),
  "Stereographic": (stereographic, [1, 3], None, None, None),
  "ZeroSum": (zero_sum, [1, 3, 7], None, None, npt.ZeroSumTransform(1)),
  "L1Ball": (l1_ball, [1, 3, 5], everything, None, npt.L1BallTransform()),
  "Haar": (haar, [3, 8], everything, None, None),
  "DiscreteCosine": (cosine, [3, 8], everything, None, None),
  "SimplexToOrdered": (simplex_to_ordered, [1, 3], everything, None, None),
  "Sigmoid": (lambda x: [sigmoid(v) for v in x], [1], everything, tt.SigmoidTransform(), npt.SigmoidTransform()),
  "Softplus": (lambda x: [softplus(v) for v in x], [1], everything, tt.SoftplusTransform(), npt.SoftplusTransform()),
  "Tanh": (lambda x: [mpmath.tanh(v) for v in x], [1], everything, tt.TanhTransform(), None),
  "ELU": (lambda x: [v if v > 0 else mpmath.expm1(v) for v in x], [1], everything, None, None),
}

# Log determinants that are not those of the map from its own domain: from numbers to the simplex.
CHARTS = {"SimplexToOrdered": stick_breaking}
ANCHOR = [0.1, -0.2, 0.3]
ANCHORS = {
  "StickBreaking": ([.2692143494, .2122645752, .2978605515, .2206605238], -5.5844288644),
  "Ordered": ([.1, .9187307531, 2.2685895607], .1),
  "CorrelationCholesky": ([1, 0, 0, .0996679946, .9950207490, 0, -.1973753202, .2855819101, .9378091254], -.1582691331),
  "Correlation": (None, -.1632608219),
  "LowerCholesky": ([.8187307531, 0, .1, 1.3498588076], .1),
}


def points(count, generator):
  """Ordinary points, then far ones."""
  yield [0.0] * count
  if count == 3:
    yield ANCHOR
  for spread in (1, 1, 2, 4):
    yield [round(generator.uniform(-spread, spread), 6) for _ in range(count)]


def compare(name, where, ours, theirs, x):
  theirs = np.asarray(theirs, dtype=float).reshape(-1)
  ours = np.array([float(v) for v in ours])
  error = np.max(np.abs(ours - theirs) / (np.abs(ours) + 1e-3)) if ours.size else 0
  assert error < 1e-9, (name, where, x, ours, theirs)


def check_peers(name, peers, x, y, det):
  torch_map, numpyro_map = peers
  if torch_map is not None:
    argument = torch.tensor(x, dtype=torch.float64)
    value = torch_map(argument)
    compare(name, "torch", flat(y), value.numpy(), x)
    compare(name, "torch", [det], torch_map.log_abs_det_jacobian(argument, value).numpy(), x)
  if numpyro_map is not None:
    argument = np.array(x)
    value = numpyro_map(argument)
    compare(name, "numpyro", flat(y), value, x)
    compare(name, "numpyro", [det], numpyro_map.log_abs_det_jacobian(argument, value), x)


def main():
  generator = random.Random(1)
  lines = []
  for name, (f, counts, free, *peers) in MAPS.items():
    for count in counts:
      for x in points(count, generator):
        exact = [mpf(v) for v in x]
        y = f(exact)
        det = log_det(f, exact, free or everything, is_surface=free is None)
        if name in CHARTS:
          det -= log_det(CHARTS[name], exact, but_last, is_surface=False)
        check_peers(name, peers, x, y, det)
        if x == ANCHOR and name in ANCHORS:
          value, anchor = ANCHORS[name]
          assert value is None or max(abs(float(a) - b) for a, b in zip(flat(y), value)) < 1e-9, name
          assert abs(float(det) - anchor) < 1e-9, (name, det)
        case = {"name": name, "x": x, "y": [float(v) for v in flat(y)], "logDet": float(mpmath.chop(det, tol=1e-25))}
        lines.append(json.dumps(case))
  path = pathlib.Path(__file__).with_name("bijectors.json")
  path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
  print(len(lines), "cases,", path.stat().st_size, "bytes")


main()
