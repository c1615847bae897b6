"""Time a flow's training step and draws of a peer, batches of 512; one JSON line each.

Usage: flows.py zuko|flowjax|nflows maf-8|nsf-8|maf-43|nsf-43 --dtype float32 [--seconds 4]
"""

import argparse
import json
import resource
import time

import numpy as np

from memory import megabytes

BATCH = 512
BINS = 8
RATE = 1e-3
# How many training steps flowjax takes within one call: its best case.
LOOP = 10
# Coordinates, layers, widths of the hidden layers.
SIZES = {"8": (8, 3, (64, 64)), "43": (43, 5, (256, 256))}


def fastest(call, seconds):
    """Seconds of one call in the fastest of several blocks, and of the first call."""
    start = time.perf_counter()
    call()
    first = time.perf_counter() - start
    start = time.perf_counter()
    call()
    repeats = max(1, round(0.1 / (time.perf_counter() - start)))
    best, blocks, deadline = float("inf"), 0, time.perf_counter() + seconds
    while blocks < 3 or time.perf_counter() < deadline:
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        best = min(best, (time.perf_counter() - start) / repeats)
        blocks += 1
    return best, first


def data(dimension, dtype):
    return np.random.default_rng(0).standard_normal((BATCH, dimension)).astype(dtype)


def torch_jobs(kind, make, dtype):
    """A training step, a density pass and draws of a PyTorch flow given by functions."""
    import torch

    dimension, layers, hidden = SIZES[kind[1]]
    torch.set_num_threads(2)
    torch.manual_seed(0)
    torch.set_default_dtype(getattr(torch, dtype))
    flow, log_prob, sample = make(kind[0], dimension, layers, hidden)
    x = torch.from_numpy(data(dimension, dtype))
    optimizer = torch.optim.Adam(flow.parameters(), RATE)

    def train():
        loss = -log_prob(x).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def quietly(job):
        def call():
            with torch.no_grad():
                job()

        return call

    return {"train": train, "density": quietly(lambda: log_prob(x)), "sample": quietly(sample)}


def zuko(family, dimension, layers, hidden):
    import zuko

    options = dict(transforms=layers, hidden_features=hidden)
    flow = (
        zuko.flows.MAF(dimension, 0, **options)
        if family == "maf"
        else zuko.flows.NSF(dimension, 0, bins=BINS, **options)
    )
    return flow, lambda x: flow().log_prob(x), lambda: flow().sample((BATCH,))


def nflows(family, dimension, layers, hidden):
    from nflows.distributions.normal import StandardNormal
    from nflows.flows import Flow
    from nflows.transforms import (
        CompositeTransform,
        MaskedAffineAutoregressiveTransform,
        MaskedPiecewiseRationalQuadraticAutoregressiveTransform,
        ReversePermutation,
    )

    # Its networks are a layer of inputs and blocks of one hidden layer each.
    options = dict(
        features=dimension,
        hidden_features=hidden[0],
        num_blocks=len(hidden) - 1,
        use_residual_blocks=False,
    )
    parts = []
    for _ in range(layers):
        parts.append(
            MaskedAffineAutoregressiveTransform(**options)
            if family == "maf"
            else MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
                num_bins=BINS, tails="linear", tail_bound=5, **options
            )
        )
        parts.append(ReversePermutation(dimension))
    flow = Flow(CompositeTransform(parts), StandardNormal([dimension]))
    return flow, flow.log_prob, lambda: flow.sample(BATCH)


def flowjax_jobs(kind, dtype):
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")
    import equinox as eqx
    import optax
    import paramax
    from flowjax.bijections import Affine, RationalQuadraticSpline
    from flowjax.distributions import StandardNormal
    from flowjax.flows import masked_autoregressive_flow

    dimension, layers, hidden = SIZES[kind[1]]
    transformer = (
        Affine() if kind[0] == "maf" else RationalQuadraticSpline(knots=BINS, interval=5)
    )
    flow = masked_autoregressive_flow(
        jax.random.key(0), base_dist=StandardNormal((dimension,)), transformer=transformer,
        flow_layers=layers, nn_width=hidden[0], nn_depth=len(hidden),
    )
    x = jax.numpy.asarray(data(dimension, dtype))
    parameters, static = eqx.partition(
        flow, eqx.is_inexact_array, is_leaf=lambda leaf: isinstance(leaf, paramax.NonTrainable)
    )
    optimizer = optax.adam(RATE)

    def known(parameters):
        return paramax.unwrap(eqx.combine(parameters, static))

    def step(_, state):
        parameters, moments = state
        gradient = jax.grad(lambda p: -known(p).log_prob(x).mean())(parameters)
        updates, moments = optimizer.update(gradient, moments, parameters)
        return eqx.apply_updates(parameters, updates), moments

    state = [(parameters, optimizer.init(parameters))]
    steps = jax.jit(lambda state: jax.lax.fori_loop(0, LOOP, step, state))
    density = jax.jit(lambda p: known(p).log_prob(x))
    sample = jax.jit(lambda p, key: known(p).sample(key, (BATCH,)))

    def train():
        state[0] = jax.block_until_ready(steps(state[0]))

    return {
        "train": train,
        "density": lambda: jax.block_until_ready(density(parameters)),
        "sample": lambda: jax.block_until_ready(sample(parameters, jax.random.key(1))),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=["zuko", "flowjax", "nflows"])
    parser.add_argument("workload")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    kind = arguments.workload.split("-")
    makers = {"zuko": zuko, "nflows": nflows}
    jobs = (
        flowjax_jobs(kind, arguments.dtype)
        if arguments.who == "flowjax"
        else torch_jobs(kind, makers[arguments.who], arguments.dtype)
    )
    for mode, job in jobs.items():
        seconds, first = fastest(job, arguments.seconds)
        if arguments.who == "flowjax" and mode == "train":
            seconds /= LOOP
        line = {
            "who": arguments.who,
            "flow": arguments.workload,
            "dtype": arguments.dtype,
            "mode": mode,
            "microseconds": seconds * 1e6,
            "first_seconds": first,
            "peak_mb": megabytes(resource.getrusage(resource.RUSAGE_SELF)),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
