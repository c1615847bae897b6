"""Flows of Zuko, Pyro and nflows as files that this library loads, with their log densities.

For each flow `weights/NAME.safetensors` has its parameters, under the names and in the shapes they
have in `FlowArchitecture.zukoMAF` and its neighbours, in float32, and
`weights/NAME_points.safetensors` has 1,000 points and their log densities, computed in float64 and,
to know what single precision can do, in float32; of conditional flows it has the points' contexts
too. The functions `of_zuko`, `of_zuko_naf`,
`of_pyro` and `of_nflows` turn any such flow into a dictionary of arrays.

Needs zuko 1.6.0, pyro-ppl 1.9.2, nflows 0.14, torch 2.13.0 and safetensors.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent / "weights"
DIMENSION = 5


def masked_linears(network, kind):
    return [module for module in network.modules() if type(module).__name__ == kind]


def arrays(layers, name):
    """Weights of linear layers, inputs × outputs, and biases."""
    result = {}
    for index, (weight, bias) in enumerate(layers):
        result[f"{name}.weight{index}"] = np.ascontiguousarray(weight.T)
        result[f"{name}.bias{index}"] = np.ascontiguousarray(bias)
    return result


def by_parameter(weight, bias, dimension):
    """Outputs with those of a coordinate together, sorted by parameter instead."""
    order = np.arange(len(bias)).reshape(dimension, -1).T.ravel()
    return weight[order], bias[order]


def of_zuko(transforms, dimension, context=0):
    """The layers of a `zuko.flows.MAF` or `NSF` of at least two features. Hidden units that see less
    come first; with a context some see nothing else."""
    result = {}
    kinds = dimension if context else dimension - 1
    for number, transform in enumerate(transforms):
        linears = masked_linears(transform.hyper, "MaskedLinear")
        layers, order = [], np.arange(dimension + context)
        for index, linear in enumerate(linears):
            weight = (linear.mask * linear.weight).detach().numpy()[:, order]
            bias = linear.bias.detach().numpy()
            if index + 1 == len(linears):
                weight, bias = by_parameter(weight, bias, dimension)
            else:
                order = np.argsort(np.arange(len(bias)) % kinds, kind="stable")
                weight, bias = weight[order], bias[order]
            layers.append((weight, bias))
        if context:
            weight, bias = layers[0]
            layers[0] = weight[:, :dimension], bias
            result[f"flow{number}.contextWeight"] = np.ascontiguousarray(weight[:, dimension:].T)
        result |= arrays(layers, f"flow{number}")
    return result


def of_zuko_naf(flow, dimension, context=0):
    """A `zuko.flows.NAF`: what its masked networks have as others, and the increasing networks."""
    layers = [transform for transform in flow.transform.transforms if hasattr(transform, "hyper")]
    result = of_zuko(layers, dimension, context)
    for number, transform in enumerate(layers):
        linears = masked_linears(transform.univariate.network, "MonotonicLinear")
        for index, linear in enumerate(linears):
            prefix, weight = f"flow{number}.monotone", linear.weight.detach().numpy()
            result[f"{prefix}.weight{index}"] = np.ascontiguousarray(weight.transpose(0, 2, 1))
            result[f"{prefix}.bias{index}"] = linear.bias.detach().numpy()[:, None]
    return result


def of_pyro(transform):
    """An `AffineAutoregressive`."""
    linears = masked_linears(transform.arn, "MaskedLinear")
    layers = [
        ((linear.mask * linear.weight).detach().numpy(), linear.bias.detach().numpy())
        for linear in linears
    ]
    return arrays(layers, "flow0")


def of_nflows(couplings):
    """A list of `PiecewiseRationalQuadraticCouplingTransform`s whose networks are `MLP`s or
    `ResidualNet`s."""
    result = {}
    for number, coupling in enumerate(couplings):
        network = coupling.transform_net
        if hasattr(network, "blocks"):
            inner = [linear for block in network.blocks for linear in block.linear_layers]
            linears = [network.initial_layer, *inner, network.final_layer]
        else:
            linears = [network._input_layer, *network._hidden_layers, network._output_layer]
        layers = [(linear.weight.detach().numpy(), linear.bias.detach().numpy()) for linear in linears]
        layers[-1] = by_parameter(*layers[-1], coupling.num_transform_features)
        if hasattr(network, "blocks"):
            # Where a network says how wide it is, couplings divide what becomes sizes of bins.
            sizes = 2 * coupling.num_bins * coupling.num_transform_features
            scale = np.ones((len(layers[-1][1]), 1), np.float32)
            scale[:sizes] /= np.sqrt(network.hidden_features)
            layers[-1] = scale * layers[-1][0], scale[:, 0] * layers[-1][1]
        result |= arrays(layers, f"flow{number}")
    return result


def shaken(module):
    """Parameters far from the initial ones."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return module


def save(name, weights, module, log_prob, context=0):
    """Densities are those of the float32 parameters, computed in both precisions."""
    inputs = {"points": 1.5 * torch.randn(1000, DIMENSION)}
    if context:
        inputs["context"] = torch.randn(1000, context)
    with torch.no_grad():
        single = log_prob(*inputs.values())
        module.double()
        torch.set_default_dtype(torch.float64)
        double = log_prob(*(value.double() for value in inputs.values()))
        torch.set_default_dtype(torch.float32)
    assert torch.allclose(single.double(), double, atol=1e-4)
    save_file({key: value.astype(np.float32) for key, value in weights.items()},
              FOLDER / f"{name}.safetensors")
    save_file({key: value.numpy() for key, value in inputs.items()}
              | {"logProb": double.numpy(), "logProb32": single.numpy()},
              FOLDER / f"{name}_points.safetensors")


def zuko_flows():
    import zuko

    for name, kind in [("zuko_maf", zuko.flows.MAF), ("zuko_nsf", zuko.flows.NSF)]:
        flow = shaken(kind(DIMENSION, 0, transforms=4, hidden_features=(13, 16)))
        weights = of_zuko(flow.transform.transforms, DIMENSION)
        save(name, weights, flow, lambda x, flow=flow: flow().log_prob(x))


def zuko_naf():
    import zuko

    flow = zuko.flows.NAF(
        DIMENSION, transforms=3, signal=4, network={"hidden_features": (8, 6)},
        hidden_features=(13, 16),
    )
    shaken(flow).eval()
    save("zuko_naf", of_zuko_naf(flow, DIMENSION), flow, lambda x: flow().log_prob(x))


def conditional_zuko_flows():
    import zuko

    sizes = {"transforms": 3, "hidden_features": (13, 16)}
    for name, kind in [("maf", zuko.flows.MAF), ("nsf", zuko.flows.NSF)]:
        flow = shaken(kind(DIMENSION, 3, **sizes))
        weights = of_zuko(flow.transform.transforms, DIMENSION, 3)
        save(f"zuko_{name}_context", weights, flow, lambda x, c, flow=flow: flow(c).log_prob(x), 3)
    flow = zuko.flows.NAF(DIMENSION, 3, signal=4, network={"hidden_features": (8, 6)}, **sizes)
    shaken(flow).eval()
    weights = of_zuko_naf(flow, DIMENSION, 3)
    save("zuko_naf_context", weights, flow, lambda x, c: flow(c).log_prob(x), 3)


def pyro_flow():
    from pyro.distributions import Normal, TransformedDistribution
    from pyro.distributions.transforms import AffineAutoregressive
    from pyro.nn import AutoRegressiveNN

    order = torch.arange(DIMENSION)
    transform = AffineAutoregressive(AutoRegressiveNN(DIMENSION, [13, 16], permutation=order))
    shaken(transform)

    def log_prob(points):
        base = Normal(torch.zeros_like(points[0]), torch.ones_like(points[0])).to_event(1)
        return TransformedDistribution(base, [transform]).log_prob(points)

    save("pyro_affine", of_pyro(transform), transform, log_prob)


def nflows_flow():
    from nflows.distributions.normal import StandardNormal
    from nflows.flows import Flow
    from nflows.nn.nets import MLP, ResidualNet
    from nflows.transforms import CompositeTransform
    from nflows.transforms import PiecewiseRationalQuadraticCouplingTransform as Coupling

    class Network(MLP):
        """Takes the context that couplings pass on, which is none."""

        def forward(self, inputs, context=None):
            return super().forward(inputs)

    networks = {
        "nflows_spline": lambda inputs, outputs: Network([inputs], [outputs], [13, 16]),
        "nflows_residual": lambda inputs, outputs: ResidualNet(inputs, outputs, 16, num_blocks=2),
    }
    second = torch.arange(DIMENSION) >= DIMENSION // 2
    for name, network in networks.items():
        couplings = [
            Coupling(
                mask=(second if index % 2 == 0 else ~second).int(),
                transform_net_create_fn=network, num_bins=6, tails="linear", tail_bound=3.0,
            )
            for index in range(3)
        ]
        flow = shaken(Flow(CompositeTransform(couplings), StandardNormal([DIMENSION])))
        save(name, of_nflows(couplings), flow, flow.log_prob)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    zuko_flows()
    pyro_flow()
    nflows_flow()
    zuko_naf()
    conditional_zuko_flows()


if __name__ == "__main__":
    main()
