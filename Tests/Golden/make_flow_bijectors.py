"""Makes flow_bijectors.json: flow layers by torch, their log determinants from its Jacobians.

    python3 Tests/Golden/make_flow_bijectors.py    (needs torch and scipy)

Each layer is written down from its definition, with parameters drawn standard normal besides a few fixed
ones. Layers that follow a differential equation are solved by SciPy's DOP853 to 1e-13.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from scipy.integrate import solve_ivp

torch.set_default_dtype(torch.float64)
torch.manual_seed(20)
T = torch.tensor
cases = []


def record(kind, layer, parameters, points, event=None):
  """Adds values and log determinants of `layer` at each of some points."""
  values = []
  for x in points:
    jacobian = torch.autograd.functional.jacobian(layer, x)
    size = x.numel()
    logdet = torch.linalg.slogdet(jacobian.reshape(size, size))[1].item()
    values.append({"x": x.reshape(-1).tolist(), "y": layer(x).reshape(-1).tolist(), "logDet": logdet})
  cases.append({
    "kind": kind,
    "parameters": {
      name: {"shape": list(value.shape), "elements": value.detach().reshape(-1).tolist()}
      for name, value in parameters.items()
    },
    "points": values,
  })


def points(n, first=None):
  drawn = [3 * torch.randn(n) for _ in range(3)]
  return ([T(first)] if first else []) + drawn


X = [0.3, -1.2, 0.7]


# Planar, radial, Sylvester


def planar(u, w, b):
  along = w @ u
  direction = u + (F.softplus(along) - 1 - along) * w / (w @ w)
  # The layer's own u is zero where its direction has no part along w.
  own = u - T(np.log(np.e - 1)) * w / (w @ w)
  record(
    "planar", lambda x: x + direction * torch.tanh(w @ x + b), {"w": w, "u": own, "b": b},
    points(len(w), X if len(w) == 3 else None))


def radial(center, alpha, gamma):
  def layer(x):
    offset = x - center
    return x + (gamma - alpha) / (alpha + offset.norm()) * offset
  n = len(center)
  record(
    "radial", layer, {"center": center, "alpha": alpha, "gamma": gamma},
    points(n, X if n == 3 else None))


def upper(raw):
  return torch.triu(raw, 1) + torch.diag(torch.tanh(torch.diag(raw)))


def sylvester(kind, q, outer, inner, b, parameters, first=None):
  R, S = upper(outer), upper(inner)
  record(
    kind, lambda x: x + q @ R @ torch.tanh(S @ q.T @ x + b),
    {**parameters, "outer": torch.tril(outer.T), "inner": torch.tril(inner.T), "b": b},
    points(len(q), first))


def reflection(v):
  return torch.eye(len(v)) - 2 * torch.outer(v, v) / (v @ v)


def reflections(vectors):
  """The first reflection acts first."""
  result = torch.eye(vectors.shape[1])
  for v in vectors:
    result = reflection(v) @ result
  return result


def shallow():
  planar(T([0.8, -0.5, 0.3]), T([-1.1, 0.4, 0.9]), T(0.2))
  for n in (1, 4):
    planar(torch.randn(n), torch.randn(n), torch.randn(()))
  # Along w as far against it as rounding allows, almost not invertible.
  w = torch.randn(3)
  planar(-2 * w, w, T(0.1))

  alpha = F.softplus(T(0.4))
  radial(T([0.1, 0.2, -0.3]), alpha, F.softplus(T(-0.7)))
  for n in (1, 2, 5):
    radial(torch.randn(n), F.softplus(torch.randn(())), F.softplus(torch.randn(())))
  # Contracting to almost nothing.
  radial(T([0.5, -0.5]), T(2.0), T(1e-3))

  v = T([1.0, 2, -1])
  outer = T([[0, 0.3, -0.2], [0, 0, 0.5], [0, 0, 0]]) + torch.diag(T([0.5, -0.3, 0.8]))
  inner = T([[0, -0.1, 0.4], [0, 0, 0.2], [0, 0, 0]]) + torch.diag(T([0.2, 0.9, -0.4]))
  sylvester(
    "sylvesterHouseholder", reflection(v), outer, inner, T([0.1, -0.2, 0.3]), {"vectors": v[None]}, X)
  vectors = torch.randn(2, 4)
  sylvester(
    "sylvesterHouseholder", reflections(vectors), torch.randn(4, 4), torch.randn(4, 4), torch.randn(4),
    {"vectors": vectors})
  columns = torch.randn(4, 2)
  q, r = torch.linalg.qr(columns)
  q = q * torch.sign(torch.diag(r))
  sylvester(
    "sylvesterOrthogonal", q, torch.randn(2, 2), torch.randn(2, 2), torch.randn(2), {"columns": columns})
  for kind, q in [
    ("sylvesterTriangular", torch.eye(3)), ("sylvesterReversed", torch.eye(3).flip(0))]:
    sylvester(kind, q, torch.randn(3, 3), torch.randn(3, 3), torch.randn(3), {})


# Linear layers


def triangle(n, unit=False):
  below = torch.tril(torch.randn(n, n), -1)
  return below + (torch.eye(n) if unit else torch.diag(torch.exp(torch.randn(n))))


def linear():
  def affine(kind, matrix, shift, parameters, first=None):
    record(kind, lambda x: matrix @ x + shift, parameters, points(len(matrix), first))

  low = T([[1, 0, 0], [0.4, 1, 0], [-0.2, 0.7, 1.0]])
  up = T([[0, 0.3, -0.6], [0, 0, 0.2], [0, 0, 0]]) + torch.diag(F.softplus(T([0.1, -0.5, 0.8])) + 1e-3)
  shift = T([0.5, 0, -0.5])
  affine("luLinear", low @ up, shift, {"lower": low, "upper": up.T, "shift": shift}, X)
  for n in (1, 5):
    low, up, shift = triangle(n, unit=True), triangle(n).T, torch.randn(n)
    affine("luLinear", low @ up, shift, {"lower": low, "upper": up.T, "shift": shift})
    vectors = torch.randn(n, n)
    affine("qrLinear", reflections(vectors) @ up, shift, {"vectors": vectors, "upper": up.T, "shift": shift})
    left, right, scale = torch.randn(n, n), torch.randn(n, n), torch.exp(torch.randn(n))
    affine(
      "svdLinear", reflections(left) @ torch.diag(scale) @ reflections(right), shift,
      {"left": left, "right": right, "scale": scale, "shift": shift})
    generator = torch.randn(n, n)
    affine("matrixExponential", torch.matrix_exp(generator), torch.zeros(n), {"generator": generator})
    # Of a norm that needs squaring.
    affine(
      "matrixExponential", torch.matrix_exp(4 * generator), torch.zeros(n), {"generator": 4 * generator})
    tril = triangle(n)
    affine("lowerAffine", tril, shift, {"scaleTril": tril, "shift": shift})
    affine("upperAffine", tril.T, shift, {"scaleTril": tril, "shift": shift})
  v = T([1.0, 2, -1])
  affine("householder", reflection(v), torch.zeros(3), {"vectors": v[None]}, X)
  vectors = torch.randn(3, 4)
  affine("householder", reflections(vectors), torch.zeros(4), {"vectors": vectors})
  generator = triangle(4, unit=True)
  skew = generator - generator.T
  eye = torch.eye(4)
  affine(
    "cayley", torch.linalg.solve(eye + skew, eye - skew), torch.zeros(4), {"generator": generator})
  affine("rotation", torch.matrix_exp(skew), torch.zeros(4), {"generator": generator})


# Elementwise maps


def elementwise():
  def signed(x, near, far):
    return torch.sign(x) * torch.where(x.abs() < near, x.abs(), far(x.abs()))

  xs = T([-7.0, -1.0, 0.5, 2.5, 30.0])
  record("loft", lambda x: signed(x, 2, lambda a: 2 + torch.log1p(torch.relu(a - 2))), {}, [xs])
  record("softclip", lambda x: x / (1 + (x / 5).abs()), {}, [T([-20.0, -3.0, 0.001, 1.0, 8.0])])
  record("leakyTanh", lambda x: torch.tanh(x) + 0.01 * x, {}, [T([-3.0, 0.0, 0.5, 9.0])])
  record("softLeakyReLU", lambda x: 0.1 * x + 0.9 * F.softplus(x), {}, [T([-30.0, -3.0, 0.0, 0.5, 9.0])])
  s = T([-5.0, -1.0, 0.05, 1.0, 5.0])
  record(
    "softClamp",
    lambda x: 2 / np.pi * torch.where(x >= 0, 0.1 * torch.atan(x / 0.1), 2 * torch.atan(x / 2)), {}, [s])


# Block neural autoregressive layers


def block_layer(weight, log_scale, bias, n, x):
  outputs, inputs = weight.shape[0] // n, weight.shape[1] // n
  rows = torch.arange(weight.shape[0])[:, None] // outputs
  columns = torch.arange(weight.shape[1])[None] // inputs
  free = torch.where(rows == columns, torch.exp(weight), torch.where(rows > columns, weight, 0 * weight))
  return (torch.exp(log_scale)[:, None] * free / free.norm(dim=1, keepdim=True)) @ x + bias


def blocks():
  fixed = {
    "weight0": T([[0.1, 0.9], [-0.3, 0.4], [0.5, 0.2], [-0.7, -0.1]]),
    "logScale0": T([0.1, -0.2, 0.3, 0.0]), "bias0": T([0.1, 0.2, -0.1, 0.0]),
    "weight1": T([[0.3, -0.2, 0.5, 0.1], [0.6, -0.4, 0.2, -0.5]]),
    "logScale1": T([0.2, -0.1]), "bias1": T([0.05, -0.05]),
  }
  drawn = {}
  widths = [1, 3, 2, 1]
  for layer in range(3):
    rows, columns = 3 * widths[layer + 1], 3 * widths[layer]
    drawn[f"weight{layer}"] = torch.randn(rows, columns)
    drawn[f"logScale{layer}"] = torch.randn(rows)
    drawn[f"bias{layer}"] = torch.randn(rows)

  def network(parameters, n, activation):
    count = len(parameters) // 3
    def value(x):
      for layer in range(count):
        names = [f"{name}{layer}" for name in ("weight", "logScale", "bias")]
        x = block_layer(*(parameters[name] for name in names), n, x)
        x = activation(x) if layer < count - 1 else x
      return x
    return value

  leaky = lambda u: torch.tanh(u) + u / 100
  gate = T(0.3)
  g = torch.sigmoid(gate)
  for parameters, n, first in [(fixed, 2, [0.4, -0.9]), (drawn, 3, None)]:
    plain, bent = network(parameters, n, torch.tanh), network(parameters, n, leaky)
    record("bnafTanh", plain, parameters, points(n, first))
    record(
      "bnafTanhGated", lambda x: g * plain(x) + (1 - g) * x, {**parameters, "gate": gate},
      points(n, first))
    record("bnaf", bent, parameters, points(n))
    record("bnafResidual", lambda x: x + bent(x), parameters, points(n))
    record(
      "bnafGated", lambda x: g * bent(x) + (1 - g) * x, {**parameters, "gate": gate}, points(n))


# Residual layers


def residuals():
  hidden = [5, 4]
  widths = [3] + hidden + [3]
  share = 0.9 ** (1 / 3)

  def normalized(weight):
    gram = torch.linalg.matrix_power(weight.T @ weight, 32)
    return weight / max(1.0, (gram.norm() ** (1 / 64) / share).item())

  parameters = {}
  for layer in range(3):
    parameters[f"weight{layer}"] = torch.randn(widths[layer], widths[layer + 1])
    parameters[f"bias{layer}"] = torch.randn(widths[layer + 1])

  def network(x):
    for layer in range(3):
      x = x @ normalized(parameters[f"weight{layer}"]) + parameters[f"bias{layer}"]
      x = F.elu(x) if layer < 2 else x
    return x

  record("residual", lambda x: x + network(x), parameters, points(3))

  columns = {f"columns{layer}": torch.randn(width, 3) for layer, width in enumerate([4, 3])}
  biases = {f"bias{layer}": torch.randn(width) for layer, width in enumerate([4, 3])}
  gain = T(0.5)
  # A third of two layers is identity.
  gamma = torch.sigmoid(gain) * 0.9 / (2 / 3 - 0.9 / 3)

  def layers(x):
    for layer in range(2):
      q, r = torch.linalg.qr(columns[f"columns{layer}"])
      q = q * torch.sign(torch.diag(r))
      x = q.T @ torch.tanh(q @ x + biases[f"bias{layer}"])
    return x

  record("proximal", lambda x: x + gamma * layers(x), {**columns, **biases, "gain": gain}, points(3))


# Continuous flows


def follow(velocity, x, duration):
  """Where x goes, the integral of the divergence, and those of |v|² and the Jacobian's square."""
  n = len(x)

  def rates(t, state):
    point = torch.tensor(state[:n])
    time = torch.tensor(t)
    slopes = torch.autograd.functional.jacobian(lambda p: velocity(p, time), point)
    v = velocity(point, time).detach()
    return np.concatenate([v, [torch.trace(slopes), (v * v).sum(), (slopes * slopes).sum()]])

  start = np.concatenate([x.numpy(), np.zeros(3)])
  solution = solve_ivp(rates, (0, duration), start, method="DOP853", rtol=1e-13, atol=1e-13)
  return solution.y[:n, -1], solution.y[n:, -1]


def continuous():
  def record_flow(kind, velocity, parameters, roughness=None, n=2):
    values = []
    for _ in range(3):
      x = torch.randn(n)
      y, sums = follow(velocity, x, 0.5)
      values.append({
        "x": x.tolist(), "y": y.tolist(), "logDet": sums[0], "kinetic": sums[1], "roughness": sums[2]})
      if roughness:
        values[-1]["roughness"] = roughness(x)
    cases.append({
      "kind": kind,
      "parameters": {
        name: {"shape": list(value.shape), "elements": value.reshape(-1).tolist()}
        for name, value in parameters.items()
      },
      "points": values,
    })

  weights = {
    "weight0": torch.randn(3, 4), "bias0": torch.randn(4),
    "weight1": torch.randn(4, 2), "bias1": torch.randn(2),
  }

  def network(x, t):
    inner = torch.cat([x, t[None]]) @ weights["weight0"] + weights["bias0"]
    return torch.tanh(inner) @ weights["weight1"] + weights["bias1"]

  record_flow("networkField", network, weights)

  terms = {
    "weight0": torch.randn(4, 3), "bias0": torch.randn(4), "weight1": torch.randn(4, 4),
    "bias1": torch.randn(4), "output": torch.randn(4), "quadratic": torch.randn(3, 3),
    "linear": torch.randn(3),
  }
  bend = lambda a: a.abs() + torch.log1p(torch.exp(-2 * a.abs()))

  def potential(s):
    u = bend(terms["weight0"] @ s + terms["bias0"])
    deep = u + bend(terms["weight1"] @ u + terms["bias1"])
    quadratic = terms["quadratic"] @ s
    return terms["output"] @ deep + 0.5 * quadratic @ quadratic + terms["linear"] @ s

  def slope(x, t):
    s = torch.cat([x, t[None]])
    return torch.func.grad(potential)(s)

  def velocity(x, t):
    return -slope(x, t)[:2]

  def roughness(x):
    def rates(t, state):
      full = slope(torch.tensor(state[:2]), torch.tensor(t))
      miss = full[2] - 0.5 * (full[:2] @ full[:2])
      return np.concatenate([-full[:2], [miss.abs()]])
    start = np.concatenate([x.numpy(), [0.0]])
    return solve_ivp(rates, (0, 0.5), start, method="DOP853", rtol=1e-12, atol=1e-12).y[2, -1]

  record_flow("potentialField", velocity, terms, roughness)

  # A convolution of a 2 × 3 image and a channel that is the time.
  kernels = convolutions([2, 2, 1])

  def convolved(x, t):
    image = torch.cat([x.reshape(1, 2, 3), t.expand(1, 2, 3)])
    return convolve(kernels, image, torch.tanh).reshape(-1)

  record_flow("convolutionalField", convolved, kernels, n=6)


# Convolutions


def convolutions(channels):
  """Weights of 3 × 3 convolutions, (row, column, input) × outputs, and biases."""
  parameters = {}
  for layer, (inputs, outputs) in enumerate(zip(channels, channels[1:])):
    parameters[f"weight{layer}"] = torch.randn(9 * inputs, outputs)
    parameters[f"bias{layer}"] = torch.randn(outputs)
  return parameters


def convolve(parameters, image, activation, normalized=lambda weight: weight):
  count = len(parameters) // 2
  for layer in range(count):
    weight = normalized(parameters[f"weight{layer}"])
    kernel = weight.reshape(3, 3, -1, weight.shape[1]).permute(3, 2, 0, 1)
    image = F.conv2d(image[None], kernel, parameters[f"bias{layer}"], padding=1)[0]
    image = activation(image) if layer < count - 1 else image
  return image


def images():
  parameters = convolutions([2, 3, 2])
  # In images of 3 × 2 pixels each of these is in six neighbourhoods.
  share = 0.9 ** (1 / 2) / 6 ** 0.5

  def normalized(weight):
    gram = torch.linalg.matrix_power(weight.T @ weight, 32)
    return weight / max(1.0, (gram.norm() ** (1 / 64) / share).item())

  def layer(x):
    return x + convolve(parameters, x.reshape(2, 3, 2), F.elu, normalized).reshape(-1)

  record("residualConvolutional", layer, parameters, points(12))


# Hyperbolic tangents with tails


def tails():
  line, curve = T(1.5), T(1.0)
  slope = lambda c: 1 - torch.tanh(c) ** 2
  beyond = lambda x, c, tail: torch.where(x.abs() > c, torch.sign(x) * tail, torch.tanh(x))
  record(
    "tailedTanhLine",
    lambda x: beyond(x, line, torch.tanh(line) + slope(line) * (x.abs() - line)), {}, points(3, X))
  record(
    "tailedTanhLogarithm",
    lambda x: beyond(x, curve, torch.tanh(curve) + slope(curve) * curve * torch.log(x.abs() / curve)),
    {}, points(3, X))


def main():
  shallow()
  linear()
  elementwise()
  blocks()
  residuals()
  continuous()
  images()
  tails()
  lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
  pathlib.Path(__file__).with_name("flow_bijectors.json").write_text(f"[\n{lines}\n]\n")


main()
