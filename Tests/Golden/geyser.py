"""The exact posterior of the mixture in tutorials/mixture. Writes geyser.json.

    weight ~ Dirichlet(2, 2)    mean ~ Normal((55, 80), 10)    spread ~ HalfNormal(10)
    wait ~ weight[0] Normal(mean[0], spread[0]) + weight[1] Normal(mean[1], spread[1])

A sum over a grid of the five unknowns, in unconstrained coordinates, that covers the posterior to
six standard deviations. The integrand is smooth and vanishes at the ends, so the sum converges
exponentially; a coarser one agrees.

Needs numpy and scipy; made with numpy 2.4.6, scipy 1.17.1, Python 3.11.
"""

import json
import pathlib
import re

import numpy as np
from scipy import special, stats

HERE = pathlib.Path(__file__).parent
ASKED = range(60, 76, 2)
# Centre and standard deviation of logit weight[0], both means and both log spreads, roughly.
CENTRE = np.array([-0.56, 54.6, 80.1, 1.79, 1.78])
SPREAD = np.array([0.136, 0.70, 0.51, 0.090, 0.066])


def waits():
  text = (HERE / "../../tutorials/mixture/main.swift").read_text()
  numbers = re.search(r"let waits: Tensor = \[(.*?)\]", text, re.S).group(1)
  return np.array([float(number) for number in re.findall(r"\d+", numbers)])


def posterior(points, reach=6.0):
  data = waits()
  assert len(data) == 272 and abs(data.mean() - 70.897059) < 1e-6
  values, repeats = np.unique(data, return_counts=True)
  axes = [c + s * np.linspace(-reach, reach, points) for c, s in zip(CENTRE, SPREAD)]
  log_cell = np.log([axis[1] - axis[0] for axis in axes]).sum()
  grids = {}
  for number, prior_mean in enumerate([55, 80]):
    mean = axes[1 + number][:, None, None]
    log_spread = axes[3 + number][None, :, None]
    density = stats.norm(mean, np.exp(log_spread)).logpdf(values)
    prior = (
      stats.norm(prior_mean, 10).logpdf(mean) + stats.halfnorm(scale=10).logpdf(np.exp(log_spread))
      + log_spread)[..., 0]
    grids[number] = density.reshape(-1, len(values)), prior.ravel()
  (first, first_prior), (second, second_prior) = grids[0], grids[1]
  total, peak, sums = 0.0, -1050.0, np.zeros(2 * 6 + len(ASKED))
  where = [int(np.flatnonzero(values == wait)[0]) for wait in ASKED]
  means = [np.repeat(axes[1 + k], points) for k in range(2)]
  spreads = [np.tile(np.exp(axes[3 + k]), points) for k in range(2)]
  for logit in axes[0]:
    weights = special.expit(np.array([logit, -logit]))
    prior = np.log(6 * weights[0] ** 2 * weights[1] ** 2)
    for row in range(len(first)):
      one = np.log(weights[0]) + first[row]
      two = np.log(weights[1]) + second
      both = np.logaddexp(one, two)
      log_joint = both @ repeats + prior + first_prior[row] + second_prior + log_cell
      mass = np.exp(log_joint - peak)
      total += mass.sum()
      chances = np.exp(two[:, where] - both[:, where])
      quantities = np.column_stack([
        np.full(len(second), weights[0]), np.full(len(second), weights[1]),
        np.full(len(second), means[0][row]), means[1],
        np.full(len(second), spreads[0][row]), spreads[1]])
      sums += np.concatenate([mass @ quantities, mass @ quantities**2, mass @ chances])
  mean, square, chances = np.split(sums / total, [6, 12])
  return {
    "logEvidence": float(np.log(total) + peak),
    "names": ["weight[0]", "weight[1]", "mean[0]", "mean[1]", "spread[0]", "spread[1]"],
    "means": mean.tolist(), "sds": np.sqrt(square - mean**2).tolist(),
    "waits": list(ASKED), "chances": chances.tolist()}


def main():
  fine, coarse = posterior(19), posterior(15)
  for key in ["logEvidence", "means", "sds", "chances"]:
    assert np.abs(np.subtract(fine[key], coarse[key])).max() < 1e-4, (key, fine[key], coarse[key])
  print(fine)
  (HERE / "geyser.json").write_text(json.dumps(fine, indent=1) + "\n")


main()
