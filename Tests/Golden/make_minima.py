"""Makes minima.json: a logistic regression with a normal prior, and its minimum by SciPy.

    python3 Tests/Golden/make_minima.py    (needs numpy and scipy)
"""

import json
import pathlib

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

ROWS, COLUMNS, SPREAD = 60, 5, 2.0


def main():
  generator = np.random.default_rng(7)
  scales = np.array([1.0, 0.05, 20.0, 1.0, 3.0])
  features = generator.normal(size=(ROWS, COLUMNS)) * scales
  truth = np.array([0.8, -10.0, 0.05, 0.0, -0.6])
  labels = (generator.uniform(size=ROWS) < expit(features @ truth)).astype(float)

  def value(w):
    logits = features @ w
    return np.sum(np.logaddexp(0, logits) - labels * logits) + w @ w / (2 * SPREAD**2)

  def slope(w):
    return features.T @ (expit(features @ w) - labels) + w / SPREAD**2

  def hessian(w):
    p = expit(features @ w)
    return features.T @ (features * (p * (1 - p))[:, None]) + np.eye(COLUMNS) / SPREAD**2

  found = minimize(
    value, np.zeros(COLUMNS), jac=slope, hess=hessian, method="trust-exact", options={"gtol": 1e-9})
  w = found.x
  for _ in range(3):  # Newton's steps to the last digits
    w = w - np.linalg.solve(hessian(w), slope(w))
  assert np.abs(slope(w)).max() < 1e-12, np.abs(slope(w)).max()
  result = {
    "features": features.tolist(), "labels": labels.tolist(), "spread": SPREAD,
    "minimum": w.tolist(), "value": value(w),
  }
  pathlib.Path(__file__).with_name("minima.json").write_text(
    json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")


main()
