"""The exact posterior of the baseball models in models/Baseball.swift. Writes baseball.json.

Hits h of 45 times at bat, for 18 players. Per model: the log evidence, the posterior mean of every
player's chance, and the log probability of each player's hits in the rest of the season, summed over
players. Given what the players share, the beta model is conjugate, and the logits are integrated by
trapezoidal sums, as is what they share: the integrands are smooth and vanish at both ends.

Needs numpy and scipy; made with numpy 2.4.6, scipy 1.17.1, Python 3.11.
"""

import json
import pathlib

import numpy as np
from scipy import special, stats

HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
LATER_AT_BATS = np.array([
  367, 426, 521, 275, 418, 466, 586, 138, 510, 200, 277, 270, 435, 538, 186, 558, 408, 70])
LATER_AVERAGES = np.array([
  .346, .298, .276, .222, .273, .270, .263, .210, .269, .230, .264, .256, .303, .264, .226, .285,
  .316, .200])
LATER_HITS = np.round(LATER_AT_BATS * LATER_AVERAGES)


def beta_binomial(a, b, n, k):
  """log p(k of n) where the chance is Beta(a, b)."""
  choose = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
  return choose + special.betaln(a + k, b + n - k) - special.betaln(a, b)


def no_pooling():
  a, b = 1 + HITS, 46 - HITS
  return {
    "logEvidence": -len(HITS) * np.log(46), "chances": a / (a + b),
    "logScore": beta_binomial(a, b, LATER_AT_BATS, LATER_HITS).sum()}


def full_pooling():
  a, b = 1 + HITS.sum(), 1 + (45 - HITS).sum()
  choose = np.log(special.comb(45, HITS)).sum()
  return {
    "logEvidence": choose + special.betaln(a, b), "chances": np.full(len(HITS), a / (a + b)),
    "logScore": beta_binomial(a, b, LATER_AT_BATS, LATER_HITS).sum()}


def mixed(log_weights, log_hits, means, log_later):
  """Sums over what the players share: one row per value of it, one column per player."""
  log_joint = log_weights + log_hits.sum(1)
  log_evidence = special.logsumexp(log_joint)
  weights = np.exp(log_joint - log_evidence)
  return {
    "logEvidence": log_evidence, "chances": weights @ means,
    "logScore": np.log(weights @ np.exp(log_later)).sum()}


def partial_pooling(steps):
  """The mean through its logit, the concentration, above 1, through log(concentration - 1)."""
  u = np.linspace(-9, 7, steps)
  v = np.linspace(-25, 18, 2 * steps)
  u, v = (x.ravel() for x in np.meshgrid(u, v))
  mean, concentration = special.expit(u), 1 + np.exp(v)
  jacobian = special.log_expit(u) + special.log_expit(-u) + v
  area = (16 / (steps - 1)) * (43 / (2 * steps - 1))
  log_weights = stats.pareto(1.5).logpdf(concentration) + jacobian + np.log(area)
  a, b = (mean * concentration)[:, None], ((1 - mean) * concentration)[:, None]
  later = beta_binomial(a + HITS, b + 45 - HITS, LATER_AT_BATS, LATER_HITS)
  return mixed(
    log_weights, beta_binomial(a, b, 45, HITS), (a + HITS) / (a + b + 45), later)


def partial_pooling_of_logits(steps):
  """Players' logits are mu + tau z with standard normal z."""
  mu = np.linspace(-4, 2, steps)
  log_tau = np.linspace(-20, 6, 2 * steps)
  mu, log_tau = (x.ravel() for x in np.meshgrid(mu, log_tau))
  tau = np.exp(log_tau)
  area = (6 / (steps - 1)) * (26 / (2 * steps - 1))
  log_weights = (
    stats.norm(-1, 1).logpdf(mu) + stats.halfcauchy().logpdf(tau) + log_tau + np.log(area))
  z = np.linspace(-12, 12, 1501)
  step = z[1] - z[0]
  log_hits, means, log_later = [np.empty((len(mu), len(HITS))) for _ in range(3)]
  for start in range(0, len(mu), 200):
    rows = slice(start, start + 200)
    logit = mu[rows, None] + tau[rows, None] * z
    chance = special.expit(logit)
    prior = np.log(step) + stats.norm.logpdf(z)
    for player in range(len(HITS)):
      likelihood = prior + binomial(45, HITS[player], logit)
      total = special.logsumexp(likelihood, axis=1)
      log_hits[rows, player] = total
      means[rows, player] = (np.exp(likelihood - total[:, None]) * chance).sum(1)
      later = likelihood + binomial(LATER_AT_BATS[player], LATER_HITS[player], logit)
      log_later[rows, player] = special.logsumexp(later, axis=1) - total
  return mixed(log_weights, log_hits, means, log_later)


def binomial(n, k, logit):
  return (
    np.log(special.comb(n, k)) + k * special.log_expit(logit) + (n - k) * special.log_expit(-logit))


def agree(coarse, fine, tolerance):
  for key in fine:
    assert np.abs(np.asarray(coarse[key]) - fine[key]).max() < tolerance, (key, coarse, fine)


def main():
  beta, logits = partial_pooling(400), partial_pooling_of_logits(100)
  agree(partial_pooling(300), beta, 1e-7)
  agree(partial_pooling_of_logits(70), logits, 1e-4)
  models = {
    "no": no_pooling(), "full": full_pooling(), "beta": beta, "logits": logits}
  result = {
    name: {key: np.asarray(value).tolist() for key, value in model.items()}
    for name, model in models.items()}
  print({name: (model["logEvidence"], model["logScore"]) for name, model in result.items()})
  path = pathlib.Path(__file__).with_suffix(".json")
  path.write_text(json.dumps(result, indent=1) + "\n")


main()
