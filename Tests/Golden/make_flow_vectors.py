"""Makes flow_vectors.json: one small vector for each kind of flow layer, by torch in double precision.

    python3 Tests/Golden/make_flow_vectors.py    (needs torch, nflows, zuko and pyro-ppl)

Every layer is written down from its definition in the paper it comes from; its log determinant is
checked against the Jacobian by automatic differentiation, splines also against nflows, masks are
Pyro's. The numbers are one set that can be typed in by hand; flow_bijectors.json and
transformers.json have random ones.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from nflows.transforms.splines.rational_quadratic import unconstrained_rational_quadratic_spline
from pyro.nn.auto_reg_nn import create_mask
from zuko.transforms import MonotonicAffineTransform, MonotonicRQSTransform, SOSPolynomialTransform

torch.set_default_dtype(torch.float64)
T = torch.tensor
X = T([0.3, -1.2, 0.7])
entries = {}


def record(name, layer, x, parameters=None, log_det=None, **more):
  """`layer` gives values and the log determinant; checked against the Jacobian."""
  y, ladj = layer(x)
  jacobian = torch.autograd.functional.jacobian(lambda v: layer(v)[0], x)
  exact = torch.linalg.slogdet(jacobian)[1]
  assert abs(ladj.sum() - exact) < 1e-10, name
  entry = {"x": x.tolist(), "y": y.tolist(), "logDet": ladj.sum().item(), **more}
  if ladj.dim() > 0:
    entry["logDets"] = ladj.tolist()
  if parameters:
    entry["parameters"] = {key: value.tolist() for key, value in parameters.items()}
  entries[name] = entry


# Affine layers, with a conditioner that is linear and strictly lower triangular.

def affine():
  shift = T([[0, 0, 0], [0.5, 0, 0], [-0.3, 0.8, 0]]), T([0.1, -0.2, 0.3])
  scale = T([[0, 0, 0], [0.7, 0, 0], [0.4, -0.6, 0]]), T([0.2, -0.4, 0.5])

  def conditioner(x):
    return shift[0] @ x + shift[1], scale[0] @ x + scale[1]

  def log_scale(x):
    m, s = conditioner(x)
    return torch.exp(s) * x + m, s.sum()

  def gated(x):
    m, s = conditioner(x)
    gate = torch.sigmoid(s + 2)
    return gate * x + (1 - gate) * m, F.logsigmoid(s + 2).sum()

  def density(x):
    m, s = conditioner(x)
    return (x - m) * torch.exp(-s), -s.sum()

  parameters = {
    "shift": shift[0], "shift_bias": shift[1], "scale": scale[0], "scale_bias": scale[1]}
  record("iaf_logscale", log_scale, X, parameters)
  record("iaf_sigmoid_bias2", gated, X, parameters)
  record("maf_density_dir", density, X, parameters)


# Splines on [-3, 3] with four bins.

WIDTHS, HEIGHTS, SLOPES = T([0.5, -0.2, 0.1, 0.9]), T([-0.4, 0.3, 0.8, 0]), T([0.6, -0.5, 0.2])
SPLINE_X = T([-4, -2.9, -1.2, 0, 0.3, 1.7, 2.99, 3.5])


def knots(bound):
  def edges(logits):
    sizes = 1e-3 + (1 - 1e-3 * len(logits)) * F.softmax(logits, 0)
    inner = F.pad(sizes.cumsum(0), (1, 0)) * 2 * bound - bound
    return torch.cat([inner[:-1], T([bound])])
  one = T([1.0])
  return edges(WIDTHS), edges(HEIGHTS), torch.cat([one, 1e-3 + F.softplus(SLOPES), one])


def piecewise(inside, bound=3.0):
  """A map of numbers from one of numbers within a bin."""
  across, up, slopes = knots(bound)

  def one(x):
    if abs(x) > bound:
      return x * 1, x * 0
    i = min(max(int((across <= x).sum()) - 1, 0), len(across) - 2)
    width = across[i + 1] - across[i]
    return inside((x - across[i]) / width, i, width, up[i], up[i + 1], slopes[i], slopes[i + 1])

  def layer(x):
    pairs = [one(v) for v in x]
    return torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs])
  return layer


def quadratic(t, i, width, low, high, first, last):
  s = (high - low) / width
  mixed, rest = t * (1 - t), 1 - t
  below = s + (first + last - 2 * s) * mixed
  slope = last * t * t + 2 * s * mixed + first * rest * rest
  value = low + (high - low) * (s * t * t + first * mixed) / below
  return value, 2 * torch.log(s / below) + torch.log(slope)


CUTS = 0.025 + 0.95 * torch.sigmoid(T([0.3, -0.8, 0, 1.1]))


def linear(t, i, width, low, high, first, last):
  cut, s = CUTS[i], (high - low) / width
  end = torch.sqrt(first / last)
  middle = (cut * first + (1 - cut) * end * last) / s
  between = ((1 - cut) * low + cut * end * high) / ((1 - cut) + cut * end)
  if t <= cut:
    below = cut - t + middle * t
    value = (low * (cut - t) + middle * between * t) / below
    slope = middle * cut * (between - low)
  else:
    below = middle * (1 - t) + end * (t - cut)
    value = (middle * between * (1 - t) + end * high * (t - cut)) / below
    slope = end * middle * (1 - cut) * (high - between)
  return value, torch.log(slope / width) - 2 * torch.log(below)


def splines():
  raw = {"widths": WIDTHS, "heights": HEIGHTS, "slopes": SLOPES}
  record("rqs_K4_B3", piecewise(quadratic), SPLINE_X, raw)
  rows = [p.expand(8, 1, len(p)).clone() for p in (WIDTHS, HEIGHTS, SLOPES)]
  y, ladj = unconstrained_rational_quadratic_spline(
    SPLINE_X[:, None], *rows, tails="linear", tail_bound=3.0)
  own = entries["rqs_K4_B3"]
  assert (y[:, 0] - T(own["y"])).abs().max() < 1e-13
  assert (ladj[:, 0] - T(own["logDets"])).abs().max() < 1e-12
  zuko = MonotonicRQSTransform(WIDTHS, HEIGHTS, SLOPES, bound=5.0)
  record("rqs_zuko_B5", zuko.call_and_ladj, SPLINE_X, raw)
  record(
    "lrs_K4_B3", piecewise(linear), SPLINE_X, {**raw, "cuts": torch.logit((CUTS - 0.025) / 0.95)})


# Deep sigmoidal flow of three units; a polynomial flow.

def monotone():
  slopes = T([[0.2, -0.5, 1], [0, 0.3, -0.4], [0.7, 0.1, -0.2]])
  offsets = T([[0.1, -0.3, 0.5], [-0.6, 0.2, 0], [0.4, -0.1, 0.8]])
  weights = T([[0, 0.5, -0.5], [0.3, 0.1, -0.2], [1, 0, -1.0]])

  def sigmoidal(x):
    a, w = F.softplus(slopes), F.log_softmax(weights, -1)
    c = a * x[:, None] + offsets
    above = torch.logsumexp(w + F.logsigmoid(c), -1)
    below = torch.logsumexp(w + F.logsigmoid(-c), -1)
    slope = torch.logsumexp(w + F.logsigmoid(c) + F.logsigmoid(-c) + torch.log(a), -1)
    return above - below, (slope - above - below).sum()

  record("dsf_H3", sigmoidal, X, {"slopes": slopes, "offsets": offsets, "weights": weights})
  a = T([[0.3, -0.2, 0.5], [0.1, 0.4, -0.6]])
  polynomials = SOSPolynomialTransform(a=a[None])
  record("sos_poly", polynomials.call_and_ladj, T([0.7]), {"a": a})


# Planar, radial, Sylvester, linear.

def upper(strict, diagonal):
  return torch.triu(strict, 1) + torch.diag(diagonal)


def shallow():
  w, u, b = T([-1.1, 0.4, 0.9]), T([0.8, -0.5, 0.3]), T(0.2)
  direction = u + (F.softplus(w @ u) - 1 - w @ u) * w / (w @ w)

  def planar(x):
    h = torch.tanh(w @ x + b)
    return x + direction * h, torch.log1p((1 - h * h) * (w @ direction))

  record("planar_tanh", planar, X, {"w": w, "u": u, "b": b})
  center, alpha, gamma = T([0.1, 0.2, -0.3]), F.softplus(T(0.4)), F.softplus(T(-0.7))

  def radial(x):
    r = (x - center).norm()
    beta, h = gamma - alpha, 1 / (alpha + r)
    around = 2 * torch.log1p(beta * h)
    return x + beta * h * (x - center), around + torch.log1p(beta * h - beta * h * h * r)

  record("radial", radial, X, {"center": center, "alpha": alpha, "gamma": gamma})
  v = T([1.0, 2, -1])
  reflection = torch.eye(3) - 2 * torch.outer(v, v) / (v @ v)
  outer = upper(T([[0, 0.3, -0.2], [0, 0, 0.5], [0, 0, 0]]), T([0.5, -0.3, 0.8]))
  inner = upper(T([[0, -0.1, 0.4], [0, 0, 0.2], [0, 0, 0]]), T([0.2, 0.9, -0.4]))
  shift = T([0.1, -0.2, 0.3])
  R, S = (upper(m, torch.tanh(torch.diag(m))) for m in (outer, inner))

  def sylvester(x):
    h = torch.tanh(S @ reflection.T @ x + shift)
    return x + reflection @ R @ h, torch.log1p((1 - h * h) * torch.diag(R) * torch.diag(S)).sum()

  record(
    "sylvester_householder", sylvester, X, {"v": v, "outer": outer, "inner": inner, "b": shift})
  lower = T([[1, 0, 0], [0.4, 1, 0], [-0.2, 0.7, 1]])
  diagonal = F.softplus(T([0.1, -0.5, 0.8])) + 1e-3
  U = upper(T([[0, 0.3, -0.6], [0, 0, 0.2], [0, 0, 0]]), diagonal)
  bias = T([0.5, 0, -0.5])
  record(
    "lulinear", lambda x: (lower @ (U @ x) + bias, torch.log(diagonal).sum()), X,
    {"lower": lower, "upper": U, "shift": bias})
  record("householder", lambda x: (reflection @ x, T(0.0)), X, {"v": v})


# A block neural autoregressive network of two hidden units for each of two elements.

def block_layer(weight, log_scale, bias, inputs, outputs, x, slopes):
  blocks = torch.ones(outputs, inputs)
  free = torch.exp(weight) * torch.kron(torch.eye(2), blocks) + weight * torch.kron(
    torch.tril(torch.ones(2, 2), -1), blocks)
  length = free.norm(dim=1, keepdim=True)
  raw = log_scale[:, None] + weight - torch.log(length)
  own = torch.stack([
    raw[i * outputs:(i + 1) * outputs, i * inputs:(i + 1) * inputs] for i in range(2)])
  if slopes is not None:
    own = torch.logsumexp(own[:, :, :, None] + slopes[:, None, :, :], 2)
  return torch.exp(log_scale)[:, None] * free / length @ x + bias, own


def blocks():
  weights = [
    T([[0.1, 0.9], [-0.3, 0.4], [0.5, 0.2], [-0.7, -0.1]]),
    T([[0.3, -0.2, 0.5, 0.1], [0.6, -0.4, 0.2, -0.5]])]
  scales = [T([0.1, -0.2, 0.3, 0]), T([0.2, -0.1])]
  biases = [T([0.1, 0.2, -0.1, 0]), T([0.05, -0.05])]
  gate = T(0.3)

  def network(x):
    h, slopes = block_layer(weights[0], scales[0], biases[0], 1, 2, x, None)
    bend = -2 * (h - math.log(2) + F.softplus(-2 * h))
    y, slopes = block_layer(
      weights[1], scales[1], biases[1], 2, 1, torch.tanh(h), slopes + bend.reshape(2, 2, 1))
    return y, slopes.reshape(2)

  def plain(x):
    y, slopes = network(x)
    return y, slopes.sum()

  def gated(x):
    y, slopes = network(x)
    share = torch.sigmoid(gate)
    return share * y + (1 - share) * x, (F.softplus(slopes + gate) - F.softplus(gate)).sum()

  parameters = {
    f"{kind}{layer}": values[layer]
    for kind, values in [("weight", weights), ("logScale", scales), ("bias", biases)]
    for layer in range(2)}
  x = T([0.4, -0.9])
  record("bnaf_D2_H2", plain, x, parameters)
  record("bnaf_gated_gamma.3", gated, x, {**parameters, "gate": gate})


# Maps of numbers that bend.

def bends():
  def loft(x, threshold=2.0):
    beyond = torch.clamp(x.abs() - threshold, min=0)
    y = torch.sign(x) * (torch.clamp(x.abs(), max=threshold) + torch.log1p(beyond))
    return y, -torch.log1p(beyond).sum()

  def softclip(x):
    return x / (1 + (x / 5).abs()), -2 * torch.log1p((x / 5).abs()).sum()

  def leaky_tanh(x):
    log_slope = -2 * (x - math.log(2) + F.softplus(-2 * x))
    return torch.tanh(x) + 0.01 * x, torch.logaddexp(log_slope, T(math.log(0.01))).sum()

  record("loft_tau2", loft, T([-7.0, -1, 0.5, 2.5, 30]))
  record("softclip_B5", softclip, T([-20.0, -3, 0, 1, 8]))
  record("leaky_tanh", leaky_tanh, T([-3.0, 0, 0.5, 9]))
  s = T([-5.0, -1, 0, 0.05, 1, 5])
  alpha = torch.where(s < 0, 2.0, 0.1)
  y = 2 * alpha / math.pi * torch.atan(s / alpha)
  entries["asym_soft_clamp"] = {"x": s.tolist(), "y": y.tolist()}
  shift, raw = T([0.1, -0.2]), T([3.0, -50])
  transform = MonotonicAffineTransform(shift, raw)
  entries["zuko_affine"] = {
    "x": [1.5, -0.5], "y": transform(T([1.5, -0.5])).tolist(),
    "logDets": transform.log_scale.tolist(),
    "parameters": {"shift": shift.tolist(), "raw": raw.tolist()}}


def made():
  for dimension, hidden, order, context in [
    (4, [6], [0, 1, 2, 3], 0), (4, [6], [2, 0, 1, 3], 0), (3, [5, 5], [0, 1, 2], 2)]:
    masks, _ = create_mask(dimension, context, hidden, T(order), 2)
    entries[f"made_D{dimension}_H{hidden}_perm{order}_ctx{context}"] = {
      "dimension": dimension, "hidden": hidden, "order": order, "context": context,
      "masks": [mask.int().tolist() for mask in masks]}


def main():
  for make in [affine, splines, monotone, shallow, blocks, bends, made]:
    make()
  path = pathlib.Path(__file__).with_suffix(".json").name.replace("make_", "")
  lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()]
  text = "{\n" + ",\n".join(lines) + "\n}\n"
  (pathlib.Path(__file__).parent / path).write_text(text)


if __name__ == "__main__":
  main()
