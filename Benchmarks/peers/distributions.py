"""Time log densities with gradients, and draws, of PyTorch or jitted JAX; one JSON line each.

Usage: distributions.py torch|jax --dtype float32 [--seconds 1]
"""

import argparse
import json
import time

import numpy as np

COUNTS = [10, 1_000_000]
# Name, ranges of the parameters, range of the values; all drawn anew for every element.
ELEMENTWISE = [
    ("Normal", [(-1, 1), (0.5, 2)], (-2, 2)),
    ("Gamma", [(0.5, 5), (0.5, 2)], (0.1, 5)),
    ("Beta", [(0.5, 5), (0.5, 5)], (0.02, 0.98)),
    ("StudentT", [(2, 10), (-1, 1), (0.5, 2)], (-3, 3)),
]


def inputs(count, dtype):
    """By name: parameters, values, and the shape of a sample call."""
    rng = np.random.default_rng(1)

    def numbers(shape, bounds):
        return rng.uniform(*bounds, shape).astype(dtype)

    cases = {
        name: ([numbers(count, bounds) for bounds in ranges], numbers(count, values), ())
        for name, ranges, values in ELEMENTWISE
    }
    cases["Categorical"] = ([numbers((count, 10), (-1, 1))], rng.integers(0, 10, count), ())
    simplex = numbers((count, 5), (0.1, 1))
    simplex /= simplex.sum(-1, keepdims=True)
    cases["Dirichlet"] = ([numbers((count, 5), (0.5, 5))], simplex, ())
    scale = (np.tril(numbers((5, 5), (-0.5, 0.5)), -1) + np.eye(5)).astype(dtype)
    cases["MultivariateNormal"] = (
        [numbers(5, (-1, 1)), scale],
        numbers((count, 5), (-2, 2)),
        (count,),
    )
    return cases


def fastest(call, seconds):
    """Microseconds of one call in the fastest of several blocks."""
    call()
    repeats = 1
    while True:
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        spent = time.perf_counter() - start
        if spent > 0.05 or repeats > 1_000_000:
            break
        repeats *= 2
    best = spent / repeats
    deadline = time.perf_counter() + seconds
    blocks = 0
    while blocks < 3 or time.perf_counter() < deadline:
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        best = min(best, (time.perf_counter() - start) / repeats)
        blocks += 1
    return best * 1e6


def torch_jobs(name, parameters, values, shape):
    import torch
    import torch.distributions as dist

    torch.set_num_threads(2)
    own = [torch.tensor(p, requires_grad=True) for p in parameters]
    fixed = [torch.tensor(p) for p in parameters]
    x = torch.tensor(values)
    make = {
        "Categorical": lambda p: dist.Categorical(logits=p[0], validate_args=False),
        "MultivariateNormal": lambda p: dist.MultivariateNormal(
            p[0], scale_tril=p[1], validate_args=False),
    }.get(name, lambda p: getattr(dist, name)(*p, validate_args=False))

    def density():
        total = make(own).log_prob(x).sum()
        torch.autograd.grad(total, own)

    def sample():
        make(fixed).sample(shape)

    return density, sample


def jax_jobs(name, parameters, values, shape):
    import jax
    import jax.numpy as jnp
    import numpyro.distributions as dist

    own = [jnp.asarray(p) for p in parameters]
    x = jnp.asarray(values)
    make = {
        "Categorical": lambda p: dist.Categorical(logits=p[0]),
        "MultivariateNormal": lambda p: dist.MultivariateNormal(p[0], scale_tril=p[1]),
    }.get(name, lambda p: getattr(dist, name)(*p))
    density = jax.jit(jax.value_and_grad(lambda p, v: make(p).log_prob(v).sum()))
    sample = jax.jit(lambda key, p: make(p).sample(key, shape))
    keys = iter(range(10**9))
    base = jax.random.PRNGKey(0)
    fold = jax.jit(jax.random.fold_in)

    def draw():
        return jax.block_until_ready(sample(fold(base, next(keys)), own))

    return lambda: jax.block_until_ready(density(own, x)), draw


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=["torch", "jax"])
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--seconds", type=float, default=1)
    arguments = parser.parse_args()
    if arguments.who == "jax":
        import jax

        jax.config.update("jax_enable_x64", arguments.dtype == "float64")
    jobs = torch_jobs if arguments.who == "torch" else jax_jobs
    for count in COUNTS:
        for name, (parameters, values, shape) in inputs(count, arguments.dtype).items():
            for job, call in zip(["logProb", "sample"], jobs(name, parameters, values, shape)):
                line = {
                    "who": arguments.who,
                    "distribution": name,
                    "count": count,
                    "job": job,
                    "dtype": arguments.dtype,
                    "microseconds": fastest(call, arguments.seconds),
                }
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
