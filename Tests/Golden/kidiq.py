"""The exact posterior of the regression in tutorials/regression. Writes kidiq.json.

    intercept ~ Normal(90, 20)    effects ~ Normal(0, 10)    sigma ~ HalfNormal(20)
    score ~ Normal(intercept + high school * mom_hs + iq * (mom_iq - 100) / 15, sigma)

Given sigma the effects are normal; sigma itself, through its logarithm, by a trapezoidal sum.

Needs numpy and scipy; made with numpy 2.4.6, scipy 1.17.1, Python 3.11.
"""

import csv
import json
import pathlib

import numpy as np
from scipy import special, stats

HERE = pathlib.Path(__file__).parent
NAMES = ["intercept", "high school", "iq"]


def load():
  with open(HERE / "../../tutorials/regression/kidiq.csv") as file:
    rows = list(csv.DictReader(file))
  column = lambda name: np.array([float(row[name]) for row in rows])
  iq = (column("mom_iq") - 100) / 15
  return np.column_stack([np.ones(len(rows)), column("mom_hs"), iq]), column("kid_score")


def main():
  design, score = load()
  prior_mean, prior_precision = np.array([90, 0, 0.0]), np.diag([1 / 400, 1 / 100, 1 / 100])
  u = np.linspace(np.log(13), np.log(26), 2001)
  log_weights, means, second = [], [], []
  for sigma in np.exp(u):
    precision = prior_precision + design.T @ design / sigma**2
    covariance = np.linalg.inv(precision)
    mean = covariance @ (prior_precision @ prior_mean + design.T @ score / sigma**2)
    # p(score | sigma) = p(mean) p(score | mean, sigma) / p(mean | score, sigma)
    log_evidence = (
      stats.multivariate_normal(prior_mean, np.linalg.inv(prior_precision)).logpdf(mean)
      + stats.norm(design @ mean, sigma).logpdf(score).sum()
      - stats.multivariate_normal(mean, covariance).logpdf(mean))
    prior = stats.halfnorm(scale=20).logpdf(sigma) + np.log(sigma) + np.log(u[1] - u[0])
    log_weights.append(log_evidence + prior)
    means.append([*mean, sigma])
    second.append([*(np.diag(covariance) + mean**2), sigma**2])
  total = special.logsumexp(log_weights)
  weights = np.exp(log_weights - total)
  assert weights[0] < 1e-12 and weights[-1] < 1e-12
  mean = weights @ np.array(means)
  sd = np.sqrt(weights @ np.array(second) - mean**2)
  least_squares = np.linalg.lstsq(design, score, rcond=None)[0]
  result = {
    "logEvidence": float(total), "names": [*NAMES, "sigma"], "means": mean.tolist(),
    "sds": sd.tolist(), "leastSquares": least_squares.tolist()}
  (HERE / "kidiq.json").write_text(json.dumps(result, indent=1) + "\n")
  print(result)


main()
