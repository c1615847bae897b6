"""Makes flows.json: masks of autoregressive networks by Pyro, inverse autoregressive layers by torch.

    python3 Tests/Golden/make_flows.py    (needs torch and pyro-ppl)
"""

import json
import pathlib

import torch
from pyro.nn.auto_reg_nn import create_mask

torch.set_default_dtype(torch.float64)


def made():
  """One string of zeros and ones per layer and output unit; two parameters per dimension. A
  context stands before the inputs."""
  cases = []
  for dimension, hidden, order, context in [
    (2, [2], None, 0), (3, [5, 5], None, 0), (4, [6], None, 0), (5, [7, 9, 6], None, 0),
    (8, [8, 20], None, 0), (10, [32, 32], None, 0), (17, [40], None, 0), (4, [6], [2, 0, 1, 3], 0),
    (6, [11, 9], [5, 2, 0, 1, 4, 3], 0), (3, [5, 5], None, 2), (5, [8, 6], [4, 1, 3, 0, 2], 1),
  ]:
    order = order or list(range(dimension))
    masks, _ = create_mask(dimension, context, hidden, torch.tensor(order), 2)
    rows = [["".join(str(int(v)) for v in row) for row in mask] for mask in masks]
    cases.append({
      "dimension": dimension, "hidden": hidden, "order": order, "context": context, "masks": rows})
  return cases


def layers():
  """A linear conditioner, strictly lower triangular, so that only the affine map is tested."""
  shift = torch.tensor([[0, 0, 0], [0.5, 0, 0], [-0.3, 0.8, 0]])
  scale = torch.tensor([[0, 0, 0], [0.7, 0, 0], [0.4, -0.6, 0]])
  shift_bias, scale_bias = torch.tensor([0.1, -0.2, 0.3]), torch.tensor([0.2, -0.4, 0.5])

  def log_scale(x):
    s = scale @ x + scale_bias
    clipped = s + (s.clamp(-5, 3) - s).detach()
    return torch.exp(clipped) * x + shift @ x + shift_bias

  def gated(x):
    gate = torch.sigmoid(scale @ x + scale_bias + 2)
    return gate * x + (1 - gate) * (shift @ x + shift_bias)

  result = {
    "shift": shift.tolist(), "scale": scale.tolist(),
    "shiftBias": shift_bias.tolist(), "scaleBias": scale_bias.tolist(), "points": [],
  }
  for point in [[0.3, -1.2, 0.7], [-2.0, 0.0, 1.5], [4.0, 3.0, -2.0], [8.0, -3.0, 1.0], [-9.0, 2.0, 0.5]]:
    x = torch.tensor(point)
    entry = {"x": point}
    for name, f in [("logScale", log_scale), ("gated", gated)]:
      jacobian = torch.autograd.functional.jacobian(f, x)
      entry[name] = {"y": f(x).tolist(), "logDet": torch.linalg.slogdet(jacobian)[1].item()}
    result["points"].append(entry)
  return result


def main():
  text = json.dumps({"made": made(), "layers": layers()}, separators=(",", ":"))
  pathlib.Path(__file__).with_name("flows.json").write_text(
    text.replace('},{', '},\n{').replace('],["', '],\n["') + "\n")


main()
