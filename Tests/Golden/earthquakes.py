"""The exact posterior of the hidden Markov model in tutorials/hmm. Writes earthquakes.json.

    stay ~ Beta(9, 1), of either regime    calm ~ Gamma(15, 1)    excess ~ Gamma(10, 1)
    regime: calm or busy at first, then the same with probability stay; busy = calm + excess
    count ~ Poisson(calm or busy)

Regimes are summed out by the forward and backward recursions at every point of a grid of the four
unknowns, in unconstrained coordinates. The integrand is smooth and vanishes at the ends, so the sum
over the grid converges exponentially; a coarser one agrees.

Needs numpy and scipy; made with numpy 2.4.6, scipy 1.17.1, Python 3.11.
"""

import json
import pathlib
import re

import numpy as np
from scipy import special, stats

HERE = pathlib.Path(__file__).parent
# Ranges of logit stay (calm, busy), log calm and log excess.
LOW = np.array([-1.5, -1.5, np.log(10.5), np.log(3.0)])
HIGH = np.array([7.5, 7.0, np.log(21.5), np.log(22)])


def counts():
  text = (HERE / "../../tutorials/hmm/main.swift").read_text()
  numbers = re.search(r"let counts: Tensor = \[(.*?)\]", text, re.S).group(1)
  return np.array([int(number) for number in re.findall(r"\d+", numbers)])


def smooth(data, stay, rates):
  """The log likelihood, and the chances that each year is busy; one row per point of the grid."""
  transition = np.empty((len(stay), 2, 2))
  transition[:, 0, 0], transition[:, 0, 1] = stay[:, 0], 1 - stay[:, 0]
  transition[:, 1, 1], transition[:, 1, 0] = stay[:, 1], 1 - stay[:, 1]
  emission = stats.poisson.pmf(data[:, None, None], rates)
  forward = np.empty(emission.shape)
  log_likelihood = np.zeros(len(stay))
  state = np.full((len(stay), 2), 0.5)
  for year in range(len(data)):
    joint = state * emission[year]
    total = joint.sum(1, keepdims=True)
    log_likelihood += np.log(total[:, 0])
    forward[year] = joint / total
    state = np.einsum("pi,pij->pj", forward[year], transition)
  busy = np.empty((len(data), len(stay)))
  backward = np.ones((len(stay), 2))
  for year in reversed(range(len(data))):
    both = forward[year] * backward
    busy[year] = both[:, 1] / both.sum(1)
    backward = np.einsum("pij,pj->pi", transition, emission[year] * backward)
    backward /= backward.sum(1, keepdims=True)
  return log_likelihood, busy


def viterbi(data, stay, rates):
  log_emission = stats.poisson.logpmf(data[:, None], rates)
  log_transition = np.log([[stay[0], 1 - stay[0]], [1 - stay[1], stay[1]]])
  best, back = np.log([0.5, 0.5]) + log_emission[0], []
  for row in log_emission[1:]:
    scores = best[:, None] + log_transition
    back.append(scores.argmax(0))
    best = scores.max(0) + row
  path = [int(best.argmax())]
  for choice in reversed(back):
    path.append(int(choice[path[-1]]))
  return path[::-1]


def posterior(points):
  data = counts()
  assert len(data) == 107 and data.sum() == 2072
  axes = [np.linspace(low, high, points) for low, high in zip(LOW, HIGH)]
  grid = np.stack([x.ravel() for x in np.meshgrid(*axes, indexing="ij")], axis=1)
  log_cell = np.log((HIGH - LOW) / (points - 1)).sum()
  total, sums, edge = 0.0, np.zeros(10 + len(data)), 0.0
  peak = -345.0
  for chunk in np.array_split(grid, max(1, len(grid) // 5000)):
    stay, calm, excess = special.expit(chunk[:, :2]), np.exp(chunk[:, 2]), np.exp(chunk[:, 3])
    prior = (
      stats.beta(9, 1).logpdf(stay).sum(1) + np.log(stay * (1 - stay)).sum(1)
      + stats.gamma(15).logpdf(calm) + np.log(calm) + stats.gamma(10).logpdf(excess)
      + np.log(excess) + log_cell)
    log_likelihood, busy = smooth(data, stay, np.column_stack([calm, calm + excess]))
    mass = np.exp(log_likelihood + prior - peak)
    quantities = np.column_stack([stay, calm, excess, calm + excess])
    total += mass.sum()
    edge = max(edge, mass[((chunk == LOW) | (chunk == HIGH)).any(1)].max(initial=0))
    sums += np.concatenate([mass @ quantities, mass @ quantities**2, busy @ mass])
  mean, square, busy = np.split(sums / total, [5, 10])
  return {
    "logEvidence": float(np.log(total) + peak),
    "names": ["stay[0]", "stay[1]", "calm", "excess", "busy"],
    "means": mean.tolist(), "sds": np.sqrt(square - mean**2).tolist(), "busy": busy.tolist(),
    "history": viterbi(data, mean[:2], [mean[2], mean[2] + mean[3]])}, edge / total


def main():
  fine, edge = posterior(22)
  coarse, _ = posterior(17)
  print({key: fine[key] for key in ["logEvidence", "means", "sds"]}, edge)
  print("".join(".#"[int(p > 0.5)] for p in fine["busy"]))
  print("".join(".#"[p] for p in fine["history"]))
  assert edge < 1e-5
  for key in ["logEvidence", "means", "sds", "busy"]:
    difference = np.abs(np.subtract(fine[key], coarse[key])).max()
    assert difference < 1e-3, (key, difference)
  (HERE / "earthquakes.json").write_text(json.dumps(fine, indent=1) + "\n")


main()
