"""Makes log_joints.json: log joint densities of the models in models/ at random points.

    python3 Tests/Golden/make_log_joints.py    (needs numpy and scipy)

Made with numpy 2.4.6, scipy 1.17.1, Python 3.11. A flat prior has the density 1.
"""

import json
import pathlib

import numpy as np
from scipy import special, stats

POINTS = 3
generator = np.random.default_rng(11)


def mesquite():
  """Gelman & Hill's data, typed in here once more, in the order of the bushes."""
  columns = np.array([
    (1.8, 1.15, 1, 1.3, 401.3), (1.7, 1.35, 1.33, 1.35, 513.7), (2.8, 2.55, 0.6, 2.16, 1179.2),
    (1.3, 0.85, 1.2, 1.8, 308), (3.3, 1.9, 1.05, 1.55, 855.2), (1.4, 1.4, 1, 1.2, 268.7),
    (1.5, 0.5, 0.9, 1, 155.5), (3.9, 2.3, 1.3, 1.7, 1253.2), (1.8, 1.35, 0.6, 0.8, 328),
    (2.1, 1.6, 0.8, 1.2, 614.6), (0.8, 0.63, 0.6, 0.9, 60.2), (1.3, 0.95, 0.95, 1.35, 269.6),
    (1.2, 0.9, 1.2, 1.4, 448.4), (1.5, 0.7, 0.7, 1, 120.4), (2.8, 1.7, 1.2, 1.7, 378.7),
    (1.4, 0.85, 1.1, 1.5, 266.4), (1.5, 0.6, 0.64, 0.65, 138.9), (2.4, 2.4, 1.2, 1.5, 1020.8),
    (1.9, 1.55, 1.2, 1.7, 635.7), (2.3, 1.6, 1.3, 1.7, 621.8), (2.1, 1.7, 1, 1.5, 579.8),
    (2.4, 1.3, 0.9, 1.5, 326.8), (1, 0.4, 1, 1.2, 66.7), (1.3, 0.6, 0.5, 0.7, 68),
    (1.1, 0.7, 0.9, 1.2, 153.1), (1.3, 1.2, 0.6, 0.8, 256.4), (2.5, 2.3, 1.4, 1.7, 723),
    (5.2, 4, 2.5, 3, 4052), (2, 1.6, 1.4, 1.7, 345), (1.6, 1.6, 1.3, 1.6, 330.9),
    (1.4, 1, 1.1, 1.5, 163.5), (3.2, 1.9, 1.5, 1.9, 1160), (1.9, 1.8, 0.8, 1.1, 386.6),
    (2.4, 2.4, 1.1, 1.6, 693.5), (2.5, 1.8, 1.3, 2, 674.4), (2.1, 1.5, 0.85, 1.25, 217.5),
    (2.4, 2.2, 1.5, 2, 771.3), (2.4, 1.7, 1.2, 1.3, 341.7), (1.9, 1.2, 1.15, 1.45, 125.7),
    (2.7, 2.5, 1.5, 2.2, 462.5), (1.3, 1.1, 0.7, 0.7, 64.5), (2.9, 2.7, 1.9, 1.9, 850.6),
    (2.1, 1, 1.5, 1.8, 226), (4.1, 3.8, 1.5, 2, 1745.1), (2.8, 2.5, 1.5, 2.2, 908),
    (1.27, 1, 0.62, 0.92, 213.5)])
  long, wide, tall, total, weight = columns.T
  group = np.arange(46) >= 26
  features = np.column_stack([
    np.log(long * wide * tall), np.log(long * wide), np.log(long / wide), np.log(total), group])
  return features, np.log(weight)


def points(model, draw, log_joint, **data):
  """Some points: the values of the latent sites, and the log joint density there."""
  for _ in range(POINTS):
    sites = {name: np.asarray(value, float) for name, value in draw().items()}
    yield {
      "model": model, "data": {k: np.asarray(v, float).tolist() for k, v in data.items()},
      "sites": {k: v.tolist() for k, v in sites.items()},
      "logJoint": float(log_joint(**sites, **data))}


def linear_regression():
  features, outcomes = mesquite()

  def log_joint(w, b, sigma):
    return stats.norm(features @ w + b, sigma).logpdf(outcomes).sum()

  return points("linear regression", lambda: {
    "w": generator.normal(size=5), "b": generator.normal(5, 1), "sigma": generator.gamma(2)},
    log_joint)


def poisson_regression():
  time = (np.arange(1981, 1994) - 1987) / 6
  cases = np.array([12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246, 240])

  def log_joint(w, b):
    rate = np.exp(w[0] * time + w[1] * time**2 + b)
    return (
      stats.norm(0, 1).logpdf(w).sum() + stats.norm(0, 10).logpdf(b)
      + stats.poisson(rate).logpmf(cases).sum())

  return points("Poisson regression", lambda: {
    "w": generator.normal(size=2), "b": generator.normal(4, 1)}, log_joint)


def eight_schools():
  effects = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
  errors = np.array([15, 10, 16, 11, 9, 11, 10, 18.0])

  def log_joint(mu, tau, theta):
    return (
      stats.norm(0, 5).logpdf(mu) + stats.halfcauchy(scale=5).logpdf(tau)
      + stats.norm(mu, tau).logpdf(theta).sum() + stats.norm(theta, errors).logpdf(effects).sum())

  return points("eight schools, centred", lambda: {
    "mu": generator.normal(4, 5), "tau": generator.gamma(2, 3),
    "theta": generator.normal(5, 10, size=8)}, log_joint)


HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
PLAYERS = len(HITS)


def hits_given(chance):
  return stats.binom(45, chance).logpmf(HITS).sum()


def baseball():
  yield from points(
    "baseball, no pooling", lambda: {"chance": generator.beta(8, 20, size=PLAYERS)}, hits_given)
  yield from points(
    "baseball, full pooling", lambda: {"chance": generator.beta(8, 20)}, hits_given)

  def beta_binomial(mean, concentration, chance):
    prior = stats.beta(mean * concentration, (1 - mean) * concentration)
    return (
      stats.pareto(1.5).logpdf(concentration) + prior.logpdf(chance).sum() + hits_given(chance))

  yield from points("baseball, partial pooling", lambda: {
    "mean": generator.beta(8, 20), "concentration": 1 + generator.exponential(50),
    "chance": generator.beta(8, 20, size=PLAYERS)}, beta_binomial)

  def logit_normal(mu, tau, logit):
    return (
      stats.norm(-1, 1).logpdf(mu) + stats.halfcauchy().logpdf(tau)
      + stats.norm(mu, tau).logpdf(logit).sum() + hits_given(special.expit(logit)))

  yield from points("baseball, partial pooling of logits", lambda: {
    "mu": generator.normal(-1, 0.5), "tau": generator.gamma(2, 0.2),
    "logit": generator.normal(-1, 1, size=PLAYERS)}, logit_normal)


def auto_regression():
  """Lynx trapped in the Mackenzie River district, 1821 to 1934, as an AR(2) of logarithms."""
  series = np.log10([
    269, 321, 585, 871, 1475, 2821, 3928, 5943, 4950, 2577, 523, 98, 184, 279, 409, 2285, 2685,
    3409, 1824, 409, 151, 45, 68, 213, 546, 1033, 2129, 2536, 957, 361, 377, 225, 360, 731, 1638,
    2725, 2871, 2119, 684, 299, 236, 245, 552, 1623, 3311, 6721, 4254, 687, 255, 473, 358, 784,
    1594, 1676, 2251, 1426, 756, 299, 201, 229, 469, 736, 2042, 2811, 4431, 2511, 389, 73, 39, 49,
    59, 188, 377, 1292, 4031, 3495, 587, 105, 153, 387, 758, 1307, 3465, 6991, 6313, 3794, 1836,
    345, 382, 808, 1388, 2713, 3800, 3091, 2985, 3790, 374, 81, 80, 108, 229, 399, 1132, 2432,
    3574, 2935, 1537, 529, 485, 662, 1000, 1590, 2657, 3396])

  def log_joint(alpha, beta, sigma):
    total = (
      stats.norm(0, 10).logpdf(alpha) + stats.norm(0, 10).logpdf(beta).sum()
      + stats.halfcauchy(scale=2.5).logpdf(sigma))
    for t in range(2, len(series)):
      mean = alpha + beta[0] * series[t - 1] + beta[1] * series[t - 2]
      total += stats.norm(mean, sigma).logpdf(series[t])
    return total

  return points("autoregression", lambda: {
    "alpha": generator.normal(1, 1), "beta": generator.normal(0, 1, size=2),
    "sigma": generator.gamma(2, 0.3)}, log_joint)


def garch():
  returns = generator.normal(0.5, 1.5, size=40)

  def log_joint(mu, alpha0, alpha1, beta1, returns, firstScale):
    scale = firstScale
    total = stats.norm(mu, scale).logpdf(returns[0])
    for before, now in zip(returns, returns[1:]):
      scale = np.sqrt(alpha0 + alpha1 * (before - mu) ** 2 + beta1 * scale**2)
      total += stats.norm(mu, scale).logpdf(now)
    return total

  def draw():
    alpha1 = generator.uniform()
    return {
      "mu": generator.normal(), "alpha0": generator.gamma(2, 0.5), "alpha1": alpha1,
      "beta1": (1 - alpha1) * generator.uniform()}

  return points("GARCH", draw, log_joint, returns=returns, firstScale=0.7)


def gaussian_process_regression():
  inputs = np.sort(generator.uniform(-10, 10, size=12))
  outputs = generator.normal(0, 3, size=12)

  def log_joint(rho, alpha, sigma, inputs, outputs):
    distances = inputs[:, None] - inputs
    covariance = alpha**2 * np.exp(-(distances**2) / (2 * rho**2)) + sigma * np.eye(len(inputs))
    return (
      stats.gamma(25, scale=1 / 4).logpdf(rho) + stats.halfnorm(scale=2).logpdf(alpha)
      + stats.halfnorm().logpdf(sigma)
      + stats.multivariate_normal(np.zeros(len(inputs)), covariance).logpdf(outputs))

  return points("Gaussian process regression", lambda: {
    "rho": generator.gamma(25, 1 / 4), "alpha": abs(generator.normal(0, 2)),
    "sigma": abs(generator.normal())}, log_joint, inputs=inputs, outputs=outputs)


def main():
  families = [
    linear_regression, poisson_regression, eight_schools, baseball, auto_regression, garch,
    gaussian_process_regression]
  result = [point for family in families for point in family()]
  path = pathlib.Path(__file__).with_name("log_joints.json")
  path.write_text("[\n " + ",\n ".join(map(json.dumps, result)) + "\n]\n")


main()
