"""Makes mixtures.json: log densities of mixtures of normals by Zuko and nflows.

    python3 Tests/Golden/make_mixtures.py    (needs torch, zuko and nflows)

Parameters are drawn standard normal. Zuko's small number epsilon is zero.
"""

import json
import pathlib

import torch
from nflows.nn.nde import MixtureOfGaussiansMADE
from zuko.mixtures import GMM

torch.set_default_dtype(torch.float64)
torch.manual_seed(31)


def nested(value):
  return {"shape": list(value.shape), "elements": value.detach().reshape(-1).tolist()}


def zuko():
  cases = []
  for covariance in ["spherical", "diagonal", "full"]:
    for tied in [False, True]:
      for context in [0, 2]:
        mixture = GMM(3, context, 4, covariance, tied, epsilon=0.0, hidden_features=[5])
        c = torch.randn(context) if context else None
        x = 2 * torch.randn(6, 3)
        # The parameters in this context: logits, means, log deviations, the rest of the factor.
        if context:
          phi = torch.split(mixture.hyper(c), [torch.Size(s).numel() for s in mixture.shapes], -1)
          phi = [p.reshape(s) for p, s in zip(phi, mixture.shapes)]
        else:
          phi = list(mixture.phi)
        scale = phi[2].exp()
        if covariance == "full":
          scale = torch.diag_embed(scale)
          rows, columns = torch.tril_indices(3, 3, offset=-1)
          scale[..., rows, columns] = phi[3]
        cases.append({
          "covariance": covariance, "isTied": tied, "logits": nested(phi[0]), "mean": nested(phi[1]),
          "scale": nested(scale), "x": nested(x), "logProb": mixture(c).log_prob(x).tolist(),
        })
  return cases


def made():
  """nflows' autoregressive mixture: the parameters of each coordinate's mixture at each point."""
  network = MixtureOfGaussiansMADE(
    features=3, hidden_features=8, context_features=None, num_mixture_components=4,
    use_residual_blocks=False, epsilon=1e-3)
  with torch.no_grad():
    for parameter in network.parameters():
      parameter.copy_(0.7 * torch.randn(parameter.shape))
  x = 2 * torch.randn(6, 3)
  outputs = network.forward(x).reshape(6, 3, 4, 3)
  logits, means, free = outputs[..., 0], outputs[..., 1], outputs[..., 2]
  deviations = torch.nn.functional.softplus(free) + network.epsilon
  return {
    "x": nested(x), "logits": nested(logits), "mean": nested(means), "deviation": nested(deviations),
    "logProb": network.log_prob(x).tolist(),
  }


golden = {"zuko": zuko(), "made": made()}
path = pathlib.Path(__file__).parent / "mixtures.json"
path.write_text(json.dumps(golden) + "\n")
