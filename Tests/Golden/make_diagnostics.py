"""Makes diagnostics.json: draws, and what ArviZ computes from them.

    python3 Tests/Golden/make_diagnostics.py    (needs arviz 0.23.4, numpy and scipy)
"""

import json
import math
import pathlib
import warnings

import numpy as np

warnings.simplefilter("ignore")

import arviz as az
from arviz.stats.diagnostics import _rhat_identity
from arviz.stats.stats import _gpdfit, _psislw

random = np.random.default_rng(5)


def autoregression(chains, draws, rho, shift=0.0):
  """Correlated chains, each `shift` above the one before."""
  x = np.empty((chains, draws))
  x[:, 0] = random.normal(size=chains)
  for t in range(1, draws):
    x[:, t] = rho * x[:, t - 1] + math.sqrt(1 - rho * rho) * random.normal(size=chains)
  return x + shift * np.arange(chains)[:, None]


def rounded(x, digits=6):
  return np.round(x, digits)


CHAINS = {
  "independent": rounded(random.normal(size=(4, 100))),
  "correlated": rounded(autoregression(4, 120, 0.9)),
  "antithetic": rounded(autoregression(3, 90, -0.6)),
  "one mean apart": rounded(autoregression(4, 80, 0.3, shift=0.4)),
  "one scale apart": rounded(random.normal(size=(4, 101)) * np.array([1, 1, 1, 4])[:, None]),
  "heavy tails": rounded(random.standard_cauchy(size=(4, 75))),
  "counts": random.poisson(2.0, size=(4, 60)).astype(float),
  "random walk": rounded(np.cumsum(random.normal(size=(2, 150)), axis=1)),
  "two chains of 5": rounded(random.normal(size=(2, 5))),
  "constant": np.full((2, 20), 3.25),
}


def number(value):
  value = float(value)
  return value if math.isfinite(value) else str(value)


def chain_case(name, x):
  def ess(method, prob=None):
    return number(az.ess(x, method=method, prob=prob))

  return {
    "name": name,
    "chains": x.shape[0],
    "draws": x.flatten().tolist(),
    "rHat": {
      "rank": number(az.rhat(x, method="rank")),
      "bulk": number(az.rhat(x, method="z_scale")),
      "folded": number(az.rhat(x, method="folded")),
      "split": number(az.rhat(x, method="split")),
      "whole": number(_rhat_identity(x)),
    },
    "ess": {
      "mean": ess("mean"),
      "sd": ess("sd"),
      "bulk": ess("bulk"),
      "tail": ess("tail"),
      "q20": ess("quantile", 0.2),
    },
    "mcse": {
      "mean": number(az.mcse(x, method="mean")),
      "sd": number(az.mcse(x, method="sd")),
    },
    "hdi": [[p, *az.hdi(x.flatten(), hdi_prob=p).tolist()] for p in (0.5, 0.9, 0.94)],
  }


def tail_shape(products, length):
  ordered = np.sort(products)
  cut = ordered[-length - 1]
  excesses = ordered[ordered > cut] - cut
  return _gpdfit(excesses)[0] if len(excesses) > 4 else -math.inf


def weight_case(name, log_weights, values, reff):
  n = len(log_weights)
  smoothed, k = az.psislw(log_weights.copy(), reff=reff)
  length = int(math.ceil(min(n / 5, 3 * math.sqrt(n / reff))))
  ratios = np.exp(log_weights - log_weights.max())
  sides = [tail_shape(values * ratios, length), tail_shape(-values * ratios, length)]
  return {
    "name": name,
    "relativeEfficiency": reff,
    "logWeights": log_weights.tolist(),
    "smoothed": smoothed.tolist(),
    "kHat": number(k),
    "values": values.tolist(),
    # ArviZ has no k of a quantity: its fit of the tail, applied to both tails of value times weight.
    "kHatOfValues": number(max(float(k), *sides)),
  }


def weight_cases():
  cases = []
  for scale, n, reff in [(0.5, 400, 1.0), (0.95, 300, 1.0), (0.3, 250, 0.6), (2.0, 200, 1.0)]:
    z = rounded(random.normal(size=n) * scale)
    log_weights = rounded(-0.5 * z**2 + 0.5 * (z / scale) ** 2 + math.log(scale))
    cases.append(weight_case(f"normal guide of scale {scale}", log_weights, rounded(z**3), reff))
  heavy = rounded(random.standard_t(1.2, size=200) * 3)
  cases.append(weight_case("hopeless weights", heavy, rounded(random.normal(size=200)), 1.0))
  short = rounded(random.normal(size=15))
  cases.append(weight_case("too few", short, rounded(random.normal(size=15)), 1.0))
  return cases


def likelihood_case():
  draws, data = 200, 8
  y = rounded(random.normal(size=data))
  y[-1] = 4.0  # an outlier
  mu = rounded(y.mean() + random.normal(size=draws) / math.sqrt(data))
  ll = rounded(-0.5 * (y[None, :] - mu[:, None]) ** 2 - 0.5 * math.log(2 * math.pi), 8)
  idata = az.from_dict(log_likelihood={"y": ll[None]})
  loo = az.loo(idata, pointwise=True, reff=0.8)
  waic = az.waic(idata, pointwise=True)
  return {
    "draws": draws,
    "logLikelihood": ll.flatten().tolist(),
    "loo": {
      "value": float(loo.elpd_loo), "error": float(loo.se), "parameters": float(loo.p_loo),
      "pointwise": loo.loo_i.values.tolist(), "kHats": loo.pareto_k.values.tolist(),
    },
    # ArviZ takes the variance over n draws, not n - 1.
    "waic": {
      "value": float(waic.elpd_waic), "parameters": float(waic.p_waic),
      "pointwise": waic.waic_i.values.tolist(),
    },
  }


def pareto_cases():
  cases = []
  for shape, n in [(0.2, 100), (0.5, 100), (0.7, 100), (-0.3, 37), (1.4, 60)]:
    p = (np.arange(n) + 0.5) / n
    x = rounded(1.3 * np.expm1(-shape * np.log1p(-p)) / shape, 8)
    k, sigma = _gpdfit(np.sort(x))
    cases.append({"data": x.tolist(), "shape": float(k), "scale": float(sigma)})
  return cases


def main():
  assert az.__version__ == "0.23.4", az.__version__
  golden = {
    "chains": [chain_case(name, x) for name, x in CHAINS.items()],
    "weights": weight_cases(),
    "likelihood": likelihood_case(),
    "pareto": pareto_cases(),
  }
  path = pathlib.Path(__file__).with_name("diagnostics.json")
  path.write_text(json.dumps(golden, indent=None) + "\n")


main()
