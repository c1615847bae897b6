"""Makes optimizers.json: the paths of PyTorch's and Pyro's optimizers along given gradients, and the
rates of PyTorch's schedulers.

    python3 Tests/Golden/make_optimizers.py    (needs torch and pyro-ppl)
"""

import json
import pathlib

import torch
from pyro.optim.adagrad_rmsprop import AdagradRMSProp
from pyro.optim.clipped_adam import ClippedAdam
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import (
  CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, PolynomialLR, SequentialLR,
  StepLR)

torch.set_default_dtype(torch.float64)
STEPS = 24
START = [0.5, -2.0, 1e3, 0.0]


def gradients():
  generator = torch.Generator().manual_seed(20)
  grads = torch.randn(STEPS, len(START), generator=generator) * torch.tensor([1.0, 30.0, 1e-6, 1e4])
  grads[:, 3][:4] = 0.0  # a parameter that is not moved at first
  grads[5] = 0.0
  return grads


def path(make_optimizer, grads, make_schedule=None, clip=None):
  x = torch.tensor(START, requires_grad=True)
  optimizer = make_optimizer([x])
  schedule = make_schedule(optimizer) if make_schedule else None
  states = []
  for gradient in grads:
    x.grad = gradient.clone()
    if clip:
      clip([x])
    optimizer.step()
    if schedule:
      schedule.step()
    states.append(x.tolist())
  return states


def averages(states, start):
  """The mean of the states after step number `start` and later; before it, the last state."""
  x = torch.tensor(states)
  return [(x[start:k + 1].mean(0) if k >= start else x[k]).tolist() for k in range(len(x))]


def clip_relative_norm(factor):
  """Shortens a gradient to `factor` times the mean length of those before, older ones counting less."""
  lengths = []

  def clip(parameters):
    (x,) = parameters
    length = x.grad.norm().item()
    weights = [0.99 ** age for age in range(len(lengths), 0, -1)]
    usual = sum(w * l for w, l in zip(weights, lengths)) / sum(weights) if lengths else 0.0
    if usual > 0 and length > factor * usual:
      x.grad *= factor * usual / length
      length = factor * usual
    lengths.append(length)

  return clip


def groups(grads):
  """Three rules: one for the elements 0 and 2, one each for 1 and 3."""
  x = [torch.tensor(value, requires_grad=True) for value in START]
  optimizer = torch.optim.SGD([x[1]], lr=1e-3, momentum=0.8)
  others = [torch.optim.Adam([x[0], x[2]], lr=0.03), torch.optim.Adagrad([x[3]], lr=0.0)]
  states = []
  for gradient in grads:
    for value, slope in zip(x, gradient):
      value.grad = slope.clone()
    for rule in [optimizer, *others]:
      rule.step()
    states.append([value.item() for value in x])
  return states


def paths(grads):
  def along(optimizer, schedule=None, clip=None, **options):
    return path(lambda p: optimizer(p, **options), grads, schedule, clip)

  result = {
    "Adam": along(Adam, lr=0.01),
    "Adam, other betas": along(Adam, lr=0.3, betas=(0.5, 0.9), eps=1e-3),
    "Adam, no momentum": along(Adam, lr=0.02, betas=(0.0, 0.5), eps=1e-10),
    "Adam, exponential": along(Adam, lambda o: ExponentialLR(o, gamma=0.8), lr=0.05),
    "Adam, cosine": along(Adam, lambda o: CosineAnnealingLR(o, T_max=STEPS), lr=0.05),
    "ClippedAdam": along(ClippedAdam, lr=0.1),
    "ClippedAdam, decay": along(
      ClippedAdam, lr=0.1, betas=(0.8, 0.99), eps=1e-4, clip_norm=2.5, lrd=0.9),
    "ClippedAdam, weight decay": along(
      ClippedAdam, lr=0.05, betas=(0.9, 0.95), weight_decay=0.3, clip_norm=7.0, lrd=0.97),
    "SGD": along(SGD, lr=1e-3),
    "SGD, momentum": along(SGD, lr=0.02, momentum=0.7),
    "SGD, Nesterov": along(SGD, lr=0.01, momentum=0.9, nesterov=True),
    "AdamW": along(AdamW, lr=0.02),
    "AdamW, strong decay": along(
      AdamW, lr=0.1, betas=(0.7, 0.95), eps=1e-5, weight_decay=0.4),
    "AdamW, step": along(
      AdamW, lambda o: StepLR(o, 5, gamma=0.5), lr=0.2, weight_decay=0.1),
    "RMSProp": along(RMSprop, lr=0.01),
    "RMSProp, momentum": along(RMSprop, lr=0.02, alpha=0.9, eps=1e-5, momentum=0.6),
    "RMSProp, centred": along(RMSprop, lr=0.03, alpha=0.8, eps=1e-4, centered=True),
    "RMSProp, centred, momentum": along(
      RMSprop, lr=0.01, alpha=0.95, eps=1e-3, centered=True, momentum=0.9),
    "Adagrad": along(Adagrad, lr=0.1),
    "Adagrad, accumulator": along(Adagrad, lr=0.5, initial_accumulator_value=2.5, eps=1e-3),
    "AdagradRMSProp": along(AdagradRMSProp),
    "AdagradRMSProp, other": along(AdagradRMSProp, eta=0.3, delta=0.05, t=0.4),
    "Adam, clipped norm": along(Adam, clip=lambda p: clip_grad_norm_(p, 10.0), lr=0.05),
    "SGD, clipped norm": along(SGD, clip=lambda p: clip_grad_norm_(p, 2.0), lr=0.1, momentum=0.5),
    "SGD, clipped value": along(SGD, clip=lambda p: clip_grad_value_(p, 1.5), lr=0.1),
    "Adam, clipped relative norm": along(Adam, clip=clip_relative_norm(1.25), lr=0.05),
    "SGD, clipped relative norm": along(SGD, clip=clip_relative_norm(2.0), lr=1e-3, momentum=0.5),
    "groups": groups(grads),
  }
  result["SGD, averaged"] = averages(along(SGD, lr=0.01, momentum=0.7), 6)
  return result


def rates(make_schedule, lr):
  x = torch.zeros(1, requires_grad=True)
  x.grad = torch.zeros(1)
  optimizer = SGD([x], lr=lr)
  schedule = make_schedule(optimizer)
  values = []
  for _ in range(40):
    values.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    schedule.step()
  return values


def main():
  grads = gradients()
  result = {
    "start": START,
    "gradients": grads.tolist(),
    "paths": paths(grads),
    "rates": {
      "constant": rates(lambda o: LambdaLR(o, lambda k: 1.0), 0.3),
      "exponential": rates(lambda o: ExponentialLR(o, 0.9), 0.5),
      "step": rates(lambda o: StepLR(o, 7, gamma=0.3), 0.2),
      "multiStep": rates(lambda o: MultiStepLR(o, [4, 9, 30], gamma=0.5), 0.2),
      "cosine": rates(lambda o: CosineAnnealingLR(o, 39, eta_min=0.02), 0.7),
      "polynomial": rates(lambda o: PolynomialLR(o, total_iters=25, power=2.5), 0.4),
      "linear": rates(lambda o: LinearLR(o, 0.25, 0.75, total_iters=20), 0.8),
      "warm-up": rates(
        lambda o: SequentialLR(
          o, [LinearLR(o, 0.1, 1.0, total_iters=6), ExponentialLR(o, 0.8)], [6]), 0.6),
      "function": rates(lambda o: LambdaLR(o, lambda k: 1 / (1 + 0.25 * k)), 0.9),
    },
  }
  pathlib.Path(__file__).with_name("optimizers.json").write_text(
    json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")


main()
