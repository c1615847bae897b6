"""A whole fit from a cold start in NumPyro: eight schools under a flow, and its posterior.

The time of interest is the process's own, from outside: imports and compilation belong to it.
"""

import argparse

import jax.numpy as jnp
import numpyro
from jax import random
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoIAFNormal

import protocol
import workloads
from numpyro_runner import eight_schools

STEPS = 10_000
DRAWS = 10_000
LAST = 500


def parse_dtype():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dtype", choices=protocol.DTYPES, default="float32")
    return parser.parse_args().dtype


def main():
    dtype = parse_dtype()
    if dtype == "float64":
        numpyro.enable_x64()
    data = [jnp.array(x) for x in workloads.eight_schools_data(dtype)]
    guide = AutoIAFNormal(eight_schools, num_flows=2, hidden_dims=[32, 32])
    svi = SVI(eight_schools, guide, numpyro.optim.Adam(0.01), Trace_ELBO(num_particles=8))

    fit = svi.run(random.PRNGKey(0), STEPS, *data, progress_bar=False)
    draws = guide.sample_posterior(random.PRNGKey(1), fit.params, sample_shape=(DRAWS,))
    elbo = -fit.losses[-LAST:].mean()
    print(f"mu {draws['mu'].mean():.3f}, tau {draws['tau'].mean():.3f}, ELBO {elbo:.3f}")


if __name__ == "__main__":
    main()
