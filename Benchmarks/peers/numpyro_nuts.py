"""Time NumPyro's NUTS on posteriors of Tests/Golden/posteriordb.

Prints the microseconds of a leapfrog step, one evaluation of the log density and its gradient, of
one compiled chain; what compiles, and the warm-up, are done before the clock starts. With --cold
draws what the clock outside is for: four chains of 1,000 draws after as many of warm-up.
"""

import argparse
import json
import pathlib
import time

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax import lax, random
from numpyro.infer import MCMC, NUTS

FOLDER = pathlib.Path(__file__).parents[2] / "Tests" / "Golden" / "posteriordb"
WARMUP = 1_000


def flat(support, shape=()):
    return dist.ImproperUniform(support, (), shape)


def regression(features, outcomes, scale):
    """Flat priors of the weights, the first of which is the intercept."""
    columns = [jnp.asarray(column) for column in features]
    features = jnp.column_stack([jnp.ones(len(outcomes)), *columns])
    outcomes = jnp.asarray(outcomes)

    def model():
        beta = numpyro.sample("beta", flat(dist.constraints.real_vector, (features.shape[1],)))
        sigma = numpyro.sample("sigma", scale)
        numpyro.sample("y", dist.Normal(features @ beta, sigma), obs=outcomes)

    return model


def eight_schools(data):
    effects, errors = jnp.asarray(data["y"]), jnp.asarray(data["sigma"])

    def model():
        mu = numpyro.sample("mu", dist.Normal(0, 5))
        tau = numpyro.sample("tau", dist.HalfCauchy(5))
        with numpyro.plate("schools", len(effects)):
            eta = numpyro.sample("eta", dist.Normal(0, 1))
            numpyro.sample("effect", dist.Normal(mu + tau * eta, errors), obs=effects)

    return model


def kidscore(data):
    return regression([data["mom_hs"], data["mom_iq"]], data["kid_score"], dist.HalfCauchy(2.5))


def mesquite(data):
    d = {name: jnp.asarray(value) for name, value in data.items()}
    area = d["diam1"] * d["diam2"]
    features = [
        jnp.log(area * d["canopy_height"]), jnp.log(area), jnp.log(d["diam1"] / d["diam2"]),
        jnp.log(d["total_height"]), d["group"]]
    return regression(features, jnp.log(d["weight"]), flat(dist.constraints.positive))


def garch(data):
    returns, first = jnp.asarray(data["y"]), data["sigma1"]

    def model():
        mu = numpyro.sample("mu", flat(dist.constraints.real))
        alpha0 = numpyro.sample("alpha0", flat(dist.constraints.positive))
        alpha1 = numpyro.sample("alpha1", dist.Uniform(0, 1))
        beta1 = numpyro.sample("beta1", flat(dist.constraints.interval(0, 1 - alpha1)))
        shocks = alpha0 + alpha1 * (returns[:-1] - mu) ** 2

        def step(variance, shock):
            variance = shock + beta1 * variance
            return variance, variance

        _, later = lax.scan(step, jnp.asarray(first) ** 2, shocks)
        scales = jnp.sqrt(jnp.concatenate([jnp.asarray([first**2]), later]))
        numpyro.sample("y", dist.Normal(mu, scales), obs=returns)

    return model


def auto_regression(data):
    series, order = jnp.asarray(data["y"]), data["K"]
    count = len(series)
    lags = jnp.column_stack([series[order - k : count - k] for k in range(1, order + 1)])

    def model():
        alpha = numpyro.sample("alpha", dist.Normal(0, 10))
        beta = numpyro.sample("beta", dist.Normal(0, 10).expand([order]).to_event(1))
        sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
        numpyro.sample("y", dist.Normal(alpha + lags @ beta, sigma), obs=series[order:])

    return model


MODELS = {
    "eight_schools-eight_schools_noncentered": eight_schools,
    "kidiq-kidscore_momhsiq": kidscore,
    "mesquite-logmesquite_logvash": mesquite,
    "garch-garch11": garch,
    "arK-arK": auto_regression,
}


def measure(model, draws, seconds):
    """Microseconds of a leapfrog step in the fastest of several runs of one compiled loop."""
    kernel = NUTS(model)
    sampler = MCMC(kernel, num_warmup=WARMUP, num_samples=1, progress_bar=False)
    sampler.run(random.PRNGKey(0))

    def draw(state, _):
        state = kernel.sample(state, (), {})
        return state, (state.z, state.num_steps)

    start = sampler.last_state
    run = jax.jit(lambda state: lax.scan(draw, state, None, length=draws)[1])
    run = run.lower(start).compile()
    best, spent = float("inf"), 0
    while spent < seconds:
        begin = time.perf_counter()
        _, steps = jax.block_until_ready(run(start))
        elapsed = time.perf_counter() - begin
        best = min(best, elapsed / int(steps.sum()))
        spent += elapsed
    return best * 1e6


def draw_cold(model):
    # Vectorised, the chains are compiled once and share every instruction: the fastest way here.
    sampler = MCMC(
        NUTS(model), num_warmup=WARMUP, num_samples=1_000, num_chains=4,
        chain_method="vectorized", progress_bar=False)
    sampler.run(random.PRNGKey(0))
    means = {name: value.mean(axis=0).ravel()[0] for name, value in sampler.get_samples().items()}
    print(", ".join(f"{name} {mean:.3f}" for name, mean in list(means.items())[:2]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posterior", choices=list(MODELS))
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--seconds", type=float, default=4, help="measuring time")
    parser.add_argument("--draws", type=int, default=5_000, help="draws of one compiled call")
    arguments = parser.parse_args()
    numpyro.enable_x64()
    data = json.loads((FOLDER / f"{arguments.posterior}.json").read_text())["data"]
    model = MODELS[arguments.posterior](data)
    if arguments.cold:
        draw_cold(model)
        return
    print(json.dumps({
        "who": "numpyro",
        "posterior": arguments.posterior,
        "dtype": "float64",
        "microseconds_per_gradient": measure(model, arguments.draws, arguments.seconds),
    }))


if __name__ == "__main__":
    main()
