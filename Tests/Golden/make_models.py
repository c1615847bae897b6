"""Makes models.json: log densities and variational optima of the models that SVI is tested on.

    python3 Tests/Golden/make_models.py    (needs scipy)
"""

import json
import pathlib

import numpy as np
from scipy import integrate, optimize, special, stats

EFFECTS = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
ERRORS = np.array([15, 10, 16, 11, 9, 11, 10, 18.0])


def eight_schools():
  """The log joint density of the non-centred model at some points."""
  generator = np.random.default_rng(5)
  points = []
  for mu, tau in [(4.4, 3.6), (-7.0, 0.01), (0.0, 60.0)]:
    eta = generator.normal(size=8)
    log_joint = (
      stats.norm(0, 5).logpdf(mu)
      + stats.halfcauchy(scale=5).logpdf(tau)
      + stats.norm(0, 1).logpdf(eta).sum()
      + stats.norm(mu + tau * eta, ERRORS).logpdf(EFFECTS).sum())
    points.append({"mu": mu, "tau": tau, "eta": eta.tolist(), "logJoint": log_joint})
  return points


def coin():
  """Odds with a log-normal prior, six heads of ten: evidence, and the best normal over log odds."""
  heads, tails = 6, 4

  def log_joint(u):  # of the log odds
    return stats.norm.logpdf(u) + heads * special.log_expit(u) + tails * special.log_expit(-u)

  evidence = integrate.quad(lambda u: np.exp(log_joint(u)), -20, 20, epsabs=1e-14)[0]
  mean = integrate.quad(lambda u: u * np.exp(log_joint(u)), -20, 20, epsabs=1e-14)[0] / evidence
  nodes, weights = np.polynomial.hermite_e.hermegauss(60)
  weights = weights / weights.sum()

  def elbo(loc, log_scale):
    u = loc + np.exp(log_scale) * nodes
    return weights @ log_joint(u) + log_scale + 0.5 * np.log(2 * np.pi * np.e)

  best = optimize.minimize(lambda p: -elbo(*p), [0.3, -0.5], method="BFGS", options={"gtol": 1e-10})
  loc, log_scale = best.x
  return {
    "logEvidence": float(np.log(evidence)), "posteriorMean": float(mean),
    "loc": float(loc), "scale": float(np.exp(log_scale)), "elbo": float(elbo(loc, log_scale)),
  }


def normal_normal():
  """Two means with normal priors, four observations each: the exact posterior."""
  prior_mean, prior_precision = np.array([0, 0.5]), np.array([0.1, 0.1])
  precision = np.array([6.0, 4.0])
  data = np.array([[-0.1, 0.3], [0, 0.4], [0.2, 0.5], [0.1, 0.7]])
  posterior_precision = prior_precision + len(data) * precision
  loc = (prior_precision * prior_mean + precision * data.sum(0)) / posterior_precision
  covariance = [np.diag(np.full(4, 1 / p)) + 1 / q for p, q in zip(precision, prior_precision)]
  evidence = sum(
    stats.multivariate_normal(np.full(4, m), c).logpdf(d)
    for m, c, d in zip(prior_mean, covariance, data.T))
  return {
    "data": data.tolist(), "loc": loc.tolist(), "scale": (posterior_precision**-0.5).tolist(),
    "logEvidence": float(evidence),
  }


def quantiles():
  """NumPy's linear quantiles of a small sample."""
  sample = [2.5, -1.0, 4.0, 0.25, 3.0, 9.5, -2.75]
  return {
    "sample": sample, "mean": float(np.mean(sample)), "sd": float(np.std(sample, ddof=1)),
    "quantiles": np.quantile(sample, [0.05, 0.5, 0.95]).tolist(),
  }


def main():
  result = {
    "eightSchools": eight_schools(), "coin": coin(), "normalNormal": normal_normal(),
    "summary": quantiles(),
  }
  pathlib.Path(__file__).with_name("models.json").write_text(json.dumps(result, indent=1) + "\n")


main()
