"""Makes transformers.json: elementwise monotone maps by nflows, Zuko, NumPy, SciPy and mpmath.

    python3 Tests/Golden/make_transformers.py    (needs torch, nflows, zuko, scipy and mpmath)

Each case has one vector of parameters, as the Swift transformer takes them, and points with their
values and the logarithms of the derivatives there.
"""

import json
import math
import pathlib

import mpmath
import numpy as np
import scipy.integrate
import scipy.interpolate
import torch
from nflows.transforms.splines.cubic import unconstrained_cubic_spline
from nflows.transforms.splines.quadratic import quadratic_spline
from nflows.transforms.splines.rational_quadratic import (
  rational_quadratic_spline, unconstrained_rational_quadratic_spline)
from zuko.transforms import (
  MonotonicAffineTransform, MonotonicRQSTransform, SOSPolynomialTransform)

torch.set_default_dtype(torch.float64)
mpmath.mp.dps = 50
random = np.random.default_rng(20260101)
cases = []
# Sizes along x and y, slopes, cuts.
SPLINE = [0.5, -0.2, 0.1, 0.9], [-0.4, 0.3, 0.8, 0], [0.6, -0.5, 0.2], [0.3, -0.8, 0, 1.1]


def add(name, parameters, x, y, log_det):
  lists = [[float(v) for v in values] for values in (parameters, x, y, log_det)]
  cases.append(dict(zip(("name", "parameters", "x", "y", "logDet"), [name] + lists[:])))


def spline_points(bound):
  inner = [-0.97, -0.7, -0.31, -0.05, 0.02, 0.2, 0.44, 0.71, 0.9, 0.99]
  outer = [-4.0, -2.9, -1.2, 0.0, 0.3, 1.7, 2.99, 3.5, 8 * bound]
  return np.array(sorted([-2.5 * bound, -1.2 * bound] + [bound * v for v in inner] + outer))


def tiled(values, count):
  return torch.tensor(np.tile(np.asarray(values), (count, 1)))


def affine():
  x = np.array([-7.0, -1.2, 0.0, 0.3, 25.0])
  for m, s in [(0.3, -0.7), (-2.0, 2.5), (1.5, 8.0), (0.5, -9.0), (0.1, 3.0), (-0.2, -50.0)]:
    clamped = min(max(s, -5), 3)
    add("affine logScale", [m, s], x, math.exp(clamped) * x + m, 0 * x + clamped)
    gate = 1 / (1 + math.exp(-s - 2))
    if s > -20: add("affine gated", [m, s], x, gate * x + (1 - gate) * m, 0 * x + math.log(gate))
    soft = MonotonicAffineTransform(torch.tensor(m), torch.tensor(s))
    y, log_det = soft.call_and_ladj(torch.tensor(x))
    add("affine softClamped", [m, s], x, y, log_det)
    alpha = 0.1 if s >= 0 else 2.0
    limited = 2 * alpha / math.pi * math.atan(s / alpha)
    add("affine asymmetric", [m, s], x, math.exp(limited) * x + m, 0 * x + limited)
    limited = math.log(1000) * math.tanh(s / math.log(1000))
    add("affine tanhClamped", [m, s], x, math.exp(limited) * x + m, 0 * x + limited)
    add("scale", [s], x, math.exp(clamped) * x, 0 * x + clamped)
    add("shift", [m], x, x + m, 0 * x)


def rational_quadratic():
  for bins, bound, spread in [(4, 3.0, 0), (4, 5.0, 0), (4, 3.0, 1), (8, 5.0, 3), (1, 2.0, 1)]:
    w, h, d = (spread * random.normal(size=n) for n in (bins, bins, bins - 1))
    if spread == 0:
      w, h, d = (np.array(v) for v in SPLINE[:3])
    x = spline_points(bound)
    y, log_det = unconstrained_rational_quadratic_spline(
      torch.tensor(x), tiled(w, len(x)), tiled(h, len(x)), tiled(d, len(x)), tails="linear",
      tail_bound=bound)
    add(f"rqs {bins} {bound}", [*w, *h, *d], x, y, log_det)
    y, log_det = MonotonicRQSTransform(
      torch.tensor(w), torch.tensor(h), torch.tensor(d), bound=bound).call_and_ladj(torch.tensor(x))
    add(f"rqs zuko {bins} {bound}", [*w, *h, *d], x, y, log_det)
  w, h, d = random.normal(size=(3, 5))
  x = math.pi * np.array([-1, -0.8, -0.3, 0, 0.1, 0.6, 0.99])
  y, log_det = rational_quadratic_spline(
    torch.tensor(x), tiled(w, 7), tiled(h, 7), tiled(np.append(d, d[0]), 7), left=-math.pi,
    right=math.pi, bottom=-math.pi, top=math.pi)
  add("circular 5", [*w, *h, *d], x, y, log_det)


def sizes(logits, total):
  shares = np.exp(logits - np.max(logits))
  return total * (1e-3 + (1 - 1e-3 * len(logits)) * shares / shares.sum())


def linear_rational():
  """The formulas of Dolatabadi et al. (2020), with slopes of one at the ends."""
  for bins, bound, spread in [(4, 3.0, 0), (4, 3.0, 1), (7, 5.0, 2)]:
    w, h, d, u = (spread * random.normal(size=n) for n in (bins, bins, bins - 1, bins))
    if spread == 0:
      w, h, d, u = (np.array(v) for v in SPLINE)
    xs = np.concatenate([[-bound], -bound + np.cumsum(sizes(w, 2 * bound))])
    ys = np.concatenate([[-bound], -bound + np.cumsum(sizes(h, 2 * bound))])
    slopes = np.concatenate([[1], 1e-3 + np.log1p(np.exp(d)), [1]])
    cuts = 0.025 + 0.95 / (1 + np.exp(-u))
    points, values, logs = spline_points(bound), [], []
    for x in points:
      if abs(x) >= bound:
        values.append(x), logs.append(0)
        continue
      k = np.searchsorted(xs, x) - 1
      width, rise, cut = xs[k + 1] - xs[k], ys[k + 1] - ys[k], cuts[k]
      a, b = 1, math.sqrt(slopes[k] / slopes[k + 1])
      c = (cut * a * slopes[k] + (1 - cut) * b * slopes[k + 1]) * width / rise
      middle = ((1 - cut) * a * ys[k] + cut * b * ys[k + 1]) / ((1 - cut) * a + cut * b)
      t = (x - xs[k]) / width
      if t <= cut:
        top, bottom = a * ys[k] * (cut - t) + c * middle * t, a * (cut - t) + c * t
        slope = a * c * cut * (middle - ys[k])
      else:
        top = c * middle * (1 - t) + b * ys[k + 1] * (t - cut)
        bottom = c * (1 - t) + b * (t - cut)
        slope = b * c * (1 - cut) * (ys[k + 1] - middle)
      values.append(top / bottom), logs.append(math.log(slope / width / bottom ** 2))
    add(f"lrs {bins} {bound}", [*w, *h, *d, *u], points, values, logs)


def polynomial_splines():
  bins, bound = 6, 4.0
  points = spline_points(bound)
  inside = np.abs(points) <= bound
  h = random.normal(size=bins)
  xs = np.linspace(-bound, bound, bins + 1)
  ys = np.concatenate([[-bound], -bound + np.cumsum(sizes(h, 2 * bound))])
  bin_slopes = np.diff(ys) / np.diff(xs)
  chosen = bin_slopes[np.clip(np.searchsorted(xs, points, side="right") - 1, 0, bins - 1)]
  add(
    "linear 6 4.0", h, points, np.where(inside, np.interp(points, xs, ys), points),
    np.where(inside, np.log(chosen), 0))
  for spread in (1, 3):
    w, h = spread * random.normal(size=bins), spread * random.normal(size=bins - 1)
    # The slope is one at the ends if they have this height, before all are divided by their mean.
    shares, heights = sizes(w, 1), np.log1p(np.exp(h)) + 1e-3
    area = np.sum(shares[1:-1] * (heights[1:] + heights[:-1]) / 2)
    area += (shares[0] * heights[0] + shares[-1] * heights[-1]) / 2
    end = area / (1 - (shares[0] + shares[-1]) / 2) - 1e-3
    raw_end = end + math.log(-math.expm1(-end))
    y, log_det = quadratic_spline(
      torch.tensor(np.clip(points, -bound, bound)), tiled(w, len(points)),
      tiled([raw_end, *h, raw_end], len(points)), left=-bound, right=bound, bottom=-bound, top=bound,
      min_bin_height=0.0)
    add(
      f"quadratic 6 4.0", [*w, *h], points, np.where(inside, y, points),
      np.where(inside, log_det, 0))
    w, h, ends = spread * random.normal(size=bins), spread * random.normal(size=bins), random.normal(size=2)
    y, log_det = unconstrained_cubic_spline(
      torch.tensor(points), tiled(w, len(points)), tiled(h, len(points)), tiled(ends[:1], len(points)),
      tiled(ends[1:], len(points)), tail_bound=bound)
    add(f"cubic 6 4.0", [*w, *h, *ends], points, y, log_det)


def at_high_precision(name, parameters, points, f):
  """Values and derivatives of a function in 50 digits."""
  y = [f(mpmath.mpf(x)) for x in points]
  logs = [mpmath.log(mpmath.diff(f, mpmath.mpf(x))) for x in points]
  add(name, parameters, points, y, logs)


def mix(weights, values):
  top = mpmath.fsum(mpmath.exp(w) * v for w, v in zip(weights, values))
  return top / mpmath.fsum(mpmath.exp(w) for w in weights)


def logistic(x):
  return 1 / (1 + mpmath.exp(-x))


def logit(p):
  return mpmath.log(p) - mpmath.log(1 - p)


def softplus(x):
  return mpmath.log(1 + mpmath.exp(mpmath.mpf(x)))


def sigmoidal():
  points = [-30.0, -4.0, -1.2, 0.0, 0.3, 0.7, 2.0, 17.0]
  given = [
    ([0.2, -0.5, 1], [0.1, -0.3, 0.5], [0, 0.5, -0.5]),
    ([0, 0.3, -0.4], [-0.6, 0.2, 0], [0.3, 0.1, -0.2]),
    ([0.7, 0.1, -0.2], [0.4, -0.1, 0.8], [1, 0, -1])]
  for a, b, w in [*given, random.normal(size=(3, 3)), 2 * random.normal(size=(3, 5))]:
    units = len(a)

    def f(x):
      return logit(mix(w, [logistic(softplus(a[k]) * x + b[k]) for k in range(units)]))

    at_high_precision(f"sigmoidal {units}", [*a, *b, *w], points, f)
  units, layers = 3, 3
  widths = [(1, units), (units, units), (units, 1)]
  blocks = [random.normal(size=units * (2 + o + i)) for i, o in widths]

  def dense(x):
    values = [x]
    for (inputs, outputs), block in zip(widths, blocks):
      a, b, rest = block[:units], block[units:2 * units], block[2 * units:]
      mixing = rest[:outputs * units].reshape(outputs, units)
      means = rest[outputs * units:].reshape(units, inputs)
      inner = [
        logistic(softplus(a[k]) * mix(means[k], values) + b[k]) for k in range(units)]
      values = [logit(mix(mixing[o], inner)) for o in range(outputs)]
    return values[0]

  at_high_precision("dense sigmoidal 3 3", np.concatenate(blocks), points, dense)


def gaussianization():
  points = [-9.0, -2.0, -0.4, 0.0, 0.3, 1.1, 6.0]
  for components in (1, 4):
    a, b = 0.7 * random.normal(size=(2, components))

    def f(x):
      terms = [mpmath.ncdf(mpmath.exp(a[k]) * x + b[k]) for k in range(components)]
      rest = [mpmath.ncdf(-mpmath.exp(a[k]) * x - b[k]) for k in range(components)]
      below, above = mpmath.fsum(terms) / components, mpmath.fsum(rest) / components
      sign, tail = (-1, below) if below < above else (1, above)
      guess = mpmath.sqrt(-2 * mpmath.log(tail)) if tail < 0.1 else mpmath.mpf(0)
      return sign * mpmath.findroot(lambda z: mpmath.log(mpmath.ncdf(-z) / tail), guess)

    at_high_precision(f"gaussianization {components}", [*a, *b], points, f)


def polynomials():
  x = np.array([-9.5, -3.0, -0.2, 0.0, 0.7, 4.0, 10.0])
  for a in [np.array([[0.3, -0.2, 0.5], [0.1, 0.4, -0.6]]), random.normal(size=(3, 5))]:
    count, degree = len(a), len(a[0]) - 1
    y, log_det = SOSPolynomialTransform(
      a=torch.tensor(np.tile(a, (len(x), 1, 1)))).call_and_ladj(torch.tensor(x))
    add(f"sum of squares {count} {degree}", [*a.ravel(), 0.4], x, y + 0.4, log_det)
  for degree in (1, 5, 16):
    raw, bound = random.normal(size=degree + 1), 10.0
    unit = 2 * bound / degree
    steps = unit * (0.001 + 0.999 * np.log1p(np.exp(raw[1:])) / math.log(2))
    coefficients = raw[0] - steps.sum() / 2 + np.concatenate([[0], np.cumsum(steps)])
    poly = scipy.interpolate.BPoly(coefficients[:, None], [-bound, bound])
    slope = poly.derivative()
    points = np.concatenate([[-14.0], x, [300.0]])
    nearest = np.clip(points, -bound, bound)
    slopes = slope(np.minimum(nearest, bound))
    add(
      f"bernstein {degree}", raw, points, poly(nearest) + slopes * (points - nearest),
      np.log(slopes))


def monotonic_network():
  """The integral of exp(7 tanh(v / 7)), v a network of one hidden layer of tanh units."""
  signal, hidden = 3, 5
  weights = {
    "weight0": random.normal(size=(1, hidden)), "bias0": random.normal(size=hidden),
    "contextWeight": random.normal(size=(signal, hidden)),
    "weight1": random.normal(size=(hidden, 1)), "bias1": random.normal(size=1)}
  parameters = random.normal(size=signal + 1)

  def log_g(u):
    h = np.tanh(
      u * weights["weight0"][0] + parameters[:signal] @ weights["contextWeight"] + weights["bias0"])
    v = h @ weights["weight1"][:, 0] + weights["bias1"][0]
    return 7 * math.tanh(v / 7)

  x = np.array([-4.8, -3.0, -0.2, 0.0, 0.7, 4.0, 5.0])
  y = [
    parameters[signal] + scipy.integrate.quad(
      lambda u: math.exp(log_g(u)), 0, v, epsabs=1e-13, epsrel=1e-13)[0] for v in x]
  add("monotonic network", parameters, x, y, [log_g(v) for v in x])
  return {name: {"shape": list(w.shape), "values": w.ravel().tolist()} for name, w in weights.items()}


def main():
  affine()
  rational_quadratic()
  linear_rational()
  polynomial_splines()
  sigmoidal()
  gaussianization()
  polynomials()
  weights = monotonic_network()
  text = json.dumps({"cases": cases, "weights": weights}, separators=(",", ":"))
  pathlib.Path(__file__).with_name("transformers.json").write_text(
    text.replace('},{"name"', '},\n{"name"') + "\n")


main()
