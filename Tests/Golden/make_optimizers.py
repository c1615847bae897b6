"""Makes optimizers.json: the paths of PyTorch's Adam and Pyro's ClippedAdam along given gradients.

    python3 Tests/Golden/make_optimizers.py    (needs torch and pyro-ppl)
"""

import json
import pathlib

import torch
from pyro.optim.clipped_adam import ClippedAdam
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR

torch.set_default_dtype(torch.float64)
STEPS = 12
START = [0.5, -2.0, 1e3, 0.0]


def gradients():
  generator = torch.Generator().manual_seed(20)
  grads = torch.randn(STEPS, len(START), generator=generator) * torch.tensor([1.0, 30.0, 1e-6, 1e4])
  grads[:, 3][:4] = 0.0  # a parameter that is not moved at first
  grads[5] = 0.0
  return grads


def path(make_optimizer, make_schedule, grads):
  x = torch.tensor(START, requires_grad=True)
  optimizer = make_optimizer([x])
  schedule = make_schedule(optimizer) if make_schedule else None
  states = []
  for gradient in grads:
    x.grad = gradient.clone()
    optimizer.step()
    if schedule:
      schedule.step()
    states.append(x.tolist())
  return states


def main():
  grads = gradients()
  adam = torch.optim.Adam
  cases = {
    "Adam": (lambda p: adam(p, lr=0.01), None),
    "Adam, other betas": (lambda p: adam(p, lr=0.3, betas=(0.5, 0.9), eps=1e-3), None),
    "Adam, no momentum": (lambda p: adam(p, lr=0.02, betas=(0.0, 0.5), eps=1e-10), None),
    "Adam, exponential": (lambda p: adam(p, lr=0.05), lambda o: ExponentialLR(o, gamma=0.8)),
    "Adam, cosine": (lambda p: adam(p, lr=0.05), lambda o: CosineAnnealingLR(o, T_max=STEPS)),
    "ClippedAdam": (lambda p: ClippedAdam(p, lr=0.1), None),
    "ClippedAdam, decay": (
      lambda p: ClippedAdam(p, lr=0.1, betas=(0.8, 0.99), eps=1e-4, clip_norm=2.5, lrd=0.9), None),
  }
  result = {
    "start": START,
    "gradients": grads.tolist(),
    "paths": {name: path(*case, grads) for name, case in cases.items()},
  }
  pathlib.Path(__file__).with_name("optimizers.json").write_text(
    json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")


main()
