"""Makes objectives.json: exact values and gradients of the objectives of SVI.

Expectations are sums over discrete draws and Gauss-Hermite quadratures over normal ones; gradients
are differences of these, extrapolated. Parameters are unconstrained: positive ones are logarithms.

    python3 Tests/Golden/make_objectives.py    (needs numpy and scipy)
"""

import itertools
import json
import pathlib

import numpy as np
from scipy import special, stats

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(100)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def normal(x, loc, scale):
  return stats.norm.logpdf(x, loc, scale)


def bernoulli(b, logits):
  return special.log_expit(logits) if b else special.log_expit(-logits)


def gradient(function, point):
  """Central differences, extrapolated once: the error is of the order of h**4."""

  def differences(h):
    steps = np.eye(len(point)) * h
    return np.array([(function(point + s) - function(point - s)) / (2 * h) for s in steps])

  return (4 * differences(1e-3) - differences(2e-3)) / 3


def bound(alpha, powers, masses):
  """E log-mean-exp of two particles' log weights, of the order alpha; their mean for alpha = 1."""
  if alpha == 1:
    return (masses * powers).sum()
  pairs = np.logaddexp.outer((1 - alpha) * powers, (1 - alpha) * powers) - np.log(2)
  return masses @ pairs @ masses / (1 - alpha)


def results(particle, point):
  """Values and gradients of the bounds where a particle has log weights with probabilities."""
  point = np.array(point)

  def value(alpha):
    return lambda parameters: sum(bound(alpha, *part) for part in particle(parameters))

  return {
    name: {"value": value(alpha)(point), "gradient": gradient(value(alpha), point).tolist()}
    for name, alpha in [("elbo", 1), ("iwae", 0), ("renyi", 0.4)]}


# One normal for all data.
GLOBAL = {"data": [0.9, -0.4, 1.6, 0.2, 1.1, -0.7], "mask": [1, 1, 0, 1, 1, 1], "scale": 1.5,
          "point": [0.5, -0.3]}


def global_particle(parameters):
  m, s = parameters[0], np.exp(parameters[1])
  z = m + s * NODES
  weight = normal(z, 0.3, 1.2) - normal(z, m, s)
  for x, mask in zip(GLOBAL["data"], GLOBAL["mask"]):
    weight = weight + mask * normal(x, z, 0.8)
  return [(GLOBAL["scale"] * weight, WEIGHTS)]


# A normal for each datum; a parameter of the model comes last.
LOCAL = {"data": GLOBAL["data"], "mask": GLOBAL["mask"], "scale": 1.5,
         "point": [0.1, -0.2, 0.4, 0.3, 0.7, -0.6, -0.3, 0.25]}


def local_particle(parameters):
  s, shift = np.exp(parameters[6]), parameters[7]
  for m, x, mask in zip(parameters[:6], LOCAL["data"], LOCAL["mask"]):
    z = m + s * NODES
    weight = normal(z, 0.2, 1.3) - normal(z, m, s) + mask * normal(x, z + shift, 1)
    yield LOCAL["scale"] * weight, WEIGHTS


def wake():
  """Expected direction of reweighted wake-sleep: weights of two particles, normalised."""
  point = np.array(LOCAL["point"])
  s = np.exp(point[6])
  slopes = np.zeros(8)
  for index, (weight, masses) in enumerate(local_particle(point)):
    shares = special.expit(np.subtract.outer(weight, weight))
    share = 2 * masses * (shares @ masses)
    slopes[index] = LOCAL["scale"] * (share * NODES / s).sum()
    slopes[6] += LOCAL["scale"] * (share * (NODES**2 - 1)).sum()
    mask, x, z = LOCAL["mask"][index], LOCAL["data"][index], point[index] + s * NODES
    slopes[7] += LOCAL["scale"] * (share * mask * (x - z - point[7])).sum()
  value = sum(bound(0, *part) for part in local_particle(point))
  return {"value": value, "gradient": slopes.tolist()}


# A discrete draw, then a normal one that depends on it.
def discrete_first(parameters):
  a, m, d, s = parameters[0], parameters[1], parameters[2], np.exp(parameters[3])
  powers, masses = [], []
  for b in (0, 1):
    z = m + d * b + s * NODES
    powers.append(
      bernoulli(b, special.logit(0.3)) + normal(z, 0.5 * b, 1) + normal(0.8, z + b, 0.7)
      - bernoulli(b, a) - normal(z, m + d * b, s))
    masses.append(np.exp(bernoulli(b, a)) * WEIGHTS)
  return [(np.concatenate(powers), np.concatenate(masses))]


# A normal draw, then a discrete one that depends on it.
def discrete_last(parameters):
  m, s, a, d = parameters[0], np.exp(parameters[1]), parameters[2], parameters[3]
  z = m + s * NODES
  powers, masses = [], []
  for b in (0, 1):
    log_q = special.log_expit((2 * b - 1) * (a + d * z))
    powers.append(
      normal(z, 0, 1) + special.log_expit((2 * b - 1) * z) + normal(0.8, z + b, 0.7)
      - normal(z, m, s) - log_q)
    masses.append(np.exp(log_q) * WEIGHTS)
  return [(np.concatenate(powers), np.concatenate(masses))]


# Discrete draws in a plate, then a normal one that depends on all of them.
COUPLED = [0.4, -0.9, 1.3]


def coupled(parameters):
  a, m, d, s = parameters[:3], parameters[3], parameters[4], np.exp(parameters[5])
  powers, masses = [], []
  for bs in itertools.product((0, 1), repeat=3):
    loc = m + d * sum(bs)
    w = loc + s * NODES
    log_q = sum(bernoulli(b, logits) for b, logits in zip(bs, a))
    power = normal(w, 0, 1) - normal(w, loc, s) - log_q
    for b, x in zip(bs, COUPLED):
      power = power + special.log_expit((2 * b - 1) * w) + normal(x, b + w, 1)
    powers.append(power)
    masses.append(np.exp(log_q) * WEIGHTS)
  return [(np.concatenate(powers), np.concatenate(masses))]


# Gamma-Poisson and beta-Bernoulli: expectations in closed form.
def gamma_poisson(parameters):
  a, b = np.exp(parameters)
  mean, log_mean = a / b, special.digamma(a) - np.log(b)
  counts = [1, 2, 3]
  joint = -mean + sum(k * log_mean - mean - special.gammaln(k + 1) for k in counts)
  entropy = a - np.log(b) + special.gammaln(a) + (1 - a) * special.digamma(a)
  return joint + entropy


def beta_bernoulli(parameters):
  a, b = np.exp(parameters)
  heads = special.digamma(a) - special.digamma(a + b)
  tails = special.digamma(b) - special.digamma(a + b)
  return 3 * heads + tails + stats.beta(a, b).entropy()


def closed_form(function, point):
  point = np.array(point)
  return {
    "point": point.tolist(),
    "elbo": {"value": float(function(point)), "gradient": gradient(function, point).tolist()}}


def case(particle, point):
  return {"point": point} | results(particle, point)


def main():
  cases = {
    "global": GLOBAL | results(global_particle, GLOBAL["point"]),
    "local": LOCAL | results(local_particle, LOCAL["point"]) | {"wake": wake()},
    "discreteFirst": case(discrete_first, [0.3, -0.2, 0.6, -0.4]),
    "discreteLast": case(discrete_last, [0.2, -0.4, 0.5, -0.7]),
    "coupled": {"data": COUPLED} | case(coupled, [0.3, -0.6, 0.9, 0.1, -0.4, -0.5]),
    "gammaPoisson": closed_form(gamma_poisson, [np.log(4), np.log(2.5)]),
    "betaBernoulli": closed_form(beta_bernoulli, [np.log(3), np.log(2.5)]),
  }
  path = pathlib.Path(__file__).with_name("objectives.json")
  path.write_text(json.dumps(cases, indent=1) + "\n")


main()
