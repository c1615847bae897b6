"""Time NumPyro's SVI steps: inside one compiled loop, and called one by one from Python."""

import time

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax import lax, random
from numpyro import handlers
from numpyro.contrib.control_flow import scan
from numpyro.infer import SVI, Trace_ELBO, TraceEnum_ELBO
from numpyro.infer.autoguide import AutoDiagonalNormal, AutoIAFNormal, AutoMultivariateNormal

import protocol
import workloads

# Steps in one compiled call. XLA runs a loop of known length fastest, so the length is fixed before
# compiling: long enough that the call itself costs nothing, short enough to be repeated.
COMPILED_STEPS = {
    "eight-schools-diagonal": 20_000,
    "eight-schools-iaf-10": 10_000,
    "eight-schools-iaf-64x16": 2_000,
    "logistic-1k-iaf": 4_000,
    "logistic-10k-diagonal": 1_000,
    "logistic-10k-iaf": 1_000,
    "logistic-10k-fullrank": 1_000,
    "logistic-10k-iaf-8": 300,
    "hmm": 50,
    "vae": 50,
}


def eight_schools(effects, errors):
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("schools", len(effects)):
        eta = numpyro.sample("eta", dist.Normal(0, 1))
        numpyro.sample("effect", dist.Normal(mu + tau * eta, errors), obs=effects)


def logistic_regression(covariates, labels):
    rows, columns = covariates.shape
    weights = numpyro.sample("weights", dist.Normal(jnp.zeros(columns), 1).to_event(1))
    intercept = numpyro.sample("intercept", dist.Normal(0, 10))
    with numpyro.plate("rows", rows):
        logits = covariates @ weights + intercept
        numpyro.sample("label", dist.Bernoulli(logits=logits), obs=labels)


def hidden_markov(data, states):
    stay = 4 * jnp.eye(states) + 1
    # Without a plate: enumeration does not know those that only the model has.
    transition = numpyro.sample("transition", dist.Dirichlet(stay).to_event(1))
    locs = numpyro.sample("locs", dist.Normal(0, 2).expand([states]).to_event(1))
    scale = numpyro.sample("scale", dist.HalfNormal(1))

    def step(state, datum):
        state = numpyro.sample(
            "state", dist.Categorical(transition[state]), infer={"enumerate": "parallel"}
        )
        numpyro.sample("datum", dist.Normal(locs[state], scale), obs=datum)
        return state, None

    scan(step, 0, data)


def dense(key, inputs, outputs):
    weights = random.normal(key, (inputs, outputs)) / jnp.sqrt(inputs)
    return {"weights": weights, "bias": jnp.zeros(outputs)}


def apply(layer, x):
    return x @ layer["weights"] + layer["bias"]


def vae_pair(size):
    """The decoder as a model, the encoder as its guide."""
    keys = random.split(random.PRNGKey(1), 5)
    decoder = {
        "hidden": dense(keys[0], size.latent, size.hidden),
        "logits": dense(keys[1], size.hidden, size.pixels),
    }
    encoder = {
        "hidden": dense(keys[2], size.pixels, size.hidden),
        "mean": dense(keys[3], size.hidden, size.latent),
        "log_scale": dense(keys[4], size.hidden, size.latent),
    }

    def model(images):
        net = numpyro.param("decoder", decoder)
        with numpyro.plate("images", size.batch):
            z = numpyro.sample("z", dist.Normal(jnp.zeros(size.latent), 1).to_event(1))
            logits = apply(net["logits"], jax.nn.softplus(apply(net["hidden"], z)))
            numpyro.sample("pixels", dist.Bernoulli(logits=logits).to_event(1), obs=images)

    def guide(images):
        net = numpyro.param("encoder", encoder)
        with numpyro.plate("images", size.batch):
            hidden = jax.nn.softplus(apply(net["hidden"], images))
            scale = jnp.exp(apply(net["log_scale"], hidden))
            posterior = dist.Normal(apply(net["mean"], hidden), scale)
            numpyro.sample("z", posterior.to_event(1))

    return model, guide


def automatic_guide(model, guide):
    if guide.family == "diagonal":
        return AutoDiagonalNormal(model)
    if guide.family == "full-rank":
        return AutoMultivariateNormal(model)
    return AutoIAFNormal(model, num_flows=guide.layers, hidden_dims=list(guide.hidden))


def problem(workload, dtype):
    """Model, guide and data of a workload."""
    if isinstance(workload, workloads.HiddenMarkov):
        data = jnp.array(workloads.hidden_markov_data(workload, dtype))
        visible = handlers.block(hidden_markov, hide=["state"])
        return hidden_markov, automatic_guide(visible, workload.guide), [data, workload.states]
    if isinstance(workload, workloads.VAE):
        return *vae_pair(workload), [jnp.array(workloads.vae_data(workload, dtype))]
    if isinstance(workload, workloads.Logistic):
        model, data = logistic_regression, workloads.logistic_data(workload, dtype)
    else:
        model, data = eight_schools, workloads.eight_schools_data(dtype)
    return model, automatic_guide(model, workload.guide), [jnp.array(x) for x in data]


def measure_compiled(svi, data, steps, seconds):
    """Seconds of a step, seconds until the first step can run, and the state to go on from."""
    start = time.perf_counter()
    state = svi.init(random.PRNGKey(0), *data)
    loop = jax.jit(
        lambda state: lax.fori_loop(0, steps, lambda _, s: svi.update(s, *data)[0], state)
    )
    compiled = loop.lower(state).compile()
    compile_seconds = time.perf_counter() - start

    state = jax.block_until_ready(compiled(state))
    step = protocol.fastest_step(
        lambda _: jax.block_until_ready(compiled(state)), steps, seconds
    )
    return step, compile_seconds, state


def measure_loop(svi, data, state, seconds):
    update = jax.jit(lambda state: svi.update(state, *data))

    def run(steps):
        current = state
        for _ in range(steps):
            current, _ = update(current)
        jax.block_until_ready(current)

    run(1)
    return protocol.fastest_step(run, protocol.steps_per_block(run), seconds)


def main():
    request = protocol.parse_request(__doc__)
    if request.dtype == "float64":
        numpyro.enable_x64()
    model, guide, data = problem(request.workload, request.dtype)
    enumerates = isinstance(request.workload, workloads.HiddenMarkov)
    objective = (TraceEnum_ELBO if enumerates else Trace_ELBO)(
        num_particles=request.workload.particles
    )
    svi = SVI(model, guide, numpyro.optim.Adam(1e-3), objective)

    steps = COMPILED_STEPS[request.name]
    step, compile_seconds, state = measure_compiled(svi, data, steps, request.seconds)
    protocol.emit("numpyro", request, "compiled", step, compile_seconds)
    protocol.emit("numpyro", request, "loop", measure_loop(svi, data, state, request.seconds))


if __name__ == "__main__":
    main()
