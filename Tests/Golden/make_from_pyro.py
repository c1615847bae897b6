"""Ten programs in Pyro, run for real: their posteriors are what the Swift programs must agree with.

    pip install pyro-ppl==1.9.2 torch==2.13.0+cpu
    python make_from_pyro.py > from_pyro.json

The programs are those of the article "From Pyro and NumPyro"; each stands between two lines of dashes.
"""

import json
import sys

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import MCMC, NUTS, SVI, Predictive, Trace_ELBO, TraceEnum_ELBO, config_enumerate
from pyro.infer.autoguide import AutoDelta, AutoDiagonalNormal, AutoMultivariateNormal
from pyro.infer.reparam import LocScaleReparam
from pyro.optim import ClippedAdam
from pyro.poutine import block, condition
from pyro.poutine import do as intervene

torch.set_default_dtype(torch.float64)
pyro.set_rng_seed(0)
results = {}


def report(name, **sites):
    """Mean and standard deviation over draws, which lie along the first axis."""
    results[name] = {
        site: {
            "mean": draws.mean(0).reshape(-1).tolist(),
            "sd": draws.std(0).reshape(-1).tolist(),
        }
        for site, draws in sites.items()
    }
    print(name, results[name], file=sys.stderr)


def fitted(model, guide, loss, steps, rate=0.02):
    """Fits with a rate that falls to a hundredth."""
    pyro.clear_param_store()
    decay = 0.01 ** (1 / steps)
    svi = SVI(model, guide, ClippedAdam({"lr": rate, "lrd": decay}), loss)
    for _ in range(steps):
        svi.step()


def draws_of(guide, count=4000):
    draws = [guide() for _ in range(count)]
    return {name: torch.stack([draw[name] for draw in draws]).detach() for name in draws[0]}


# ---- coin ----
tosses = torch.tensor([1.0, 1, 1, 1, 1, 1, 0, 0, 0, 0])


def coin():
    fairness = pyro.sample("fairness", dist.Beta(10.0, 10.0))
    with pyro.plate("tosses", len(tosses)):
        pyro.sample("toss", dist.Bernoulli(fairness), obs=tosses)


def coin_guide():
    a = pyro.param("a", torch.tensor(12.0), constraint=dist.constraints.positive)
    b = pyro.param("b", torch.tensor(12.0), constraint=dist.constraints.positive)
    return {"fairness": pyro.sample("fairness", dist.Beta(a, b))}


# ----
fitted(coin, coin_guide, Trace_ELBO(num_particles=8, vectorize_particles=True), 3000)
report("coin", **draws_of(coin_guide))

# ---- line ----
heights = torch.tensor([-1.2, -0.7, -0.3, 0.0, 0.4, 0.9, 1.5])
weights = torch.tensor([-2.0, -1.1, 0.2, 0.1, 1.2, 1.5, 3.1])


def line():
    intercept = pyro.sample("intercept", dist.Normal(0.0, 5.0))
    slope = pyro.sample("slope", dist.Normal(0.0, 5.0))
    with pyro.plate("people", 7):
        pyro.sample("weight", dist.Normal(intercept + slope * heights, 0.5), obs=weights)


line_guide = AutoMultivariateNormal(line)
# ----
fitted(line, line_guide, Trace_ELBO(num_particles=16, vectorize_particles=True), 3000)
report("line", **draws_of(line_guide))

# ---- schools ----
effects = torch.tensor([28.0, 8, -3, 7, -1, 1, 18, 12])
errors = torch.tensor([15.0, 10, 16, 11, 9, 11, 10, 18])


def schools():
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(5.0))
    with pyro.plate("schools", 8):
        eta = pyro.sample("eta", dist.Normal(0.0, 1.0))
        theta = pyro.deterministic("theta", mu + tau * eta)
        pyro.sample("effect", dist.Normal(theta, errors), obs=effects)


# ----
def chain(model, draws):
    sampler = MCMC(NUTS(model, jit_compile=False), num_samples=draws, warmup_steps=500)
    sampler.run()
    return sampler.get_samples()


samples = chain(schools, 3000)
report("schools", mu=samples["mu"], tau=samples["tau"], eta=samples["eta"])

# ---- doses ----
doses = torch.tensor([-0.9, -0.6, -0.3, -0.1, 0.1, 0.4, 0.7, 1.0])
deaths = torch.tensor([0.0, 0, 1, 0, 1, 0, 1, 1])


def doses_model():
    alpha = pyro.sample("alpha", dist.Normal(0.0, 2.0))
    beta = pyro.sample("beta", dist.Normal(0.0, 4.0))
    with pyro.plate("animals", 8):
        pyro.sample("death", dist.Bernoulli(logits=alpha + beta * doses), obs=deaths)


doses_guide = AutoDiagonalNormal(doses_model)
# ----
fitted(doses_model, doses_guide, Trace_ELBO(num_particles=16, vectorize_particles=True), 3000)
report("doses", **draws_of(doses_guide))

# ---- counts ----
counts = torch.tensor([3.0, 5, 4, 7, 2, 6])


def counts_model():
    rate = pyro.sample("rate", dist.Gamma(2.0, 0.5))
    with pyro.plate("days", 6):
        pyro.sample("count", dist.Poisson(rate), obs=counts)


counts_guide = AutoDelta(counts_model)
# ----
fitted(counts_model, counts_guide, Trace_ELBO(), 2000)
report("counts", **draws_of(counts_guide, 2))

# ---- mixture ----
data = torch.tensor([0.0, 1, 10, 11, 12])


@config_enumerate
def mixture():
    weights = pyro.sample("weights", dist.Dirichlet(0.5 * torch.ones(2)))
    scale = pyro.sample("scale", dist.LogNormal(0.0, 2.0))
    locs = pyro.sample("locs", dist.Normal(torch.tensor([0.0, 10.0]), 10.0).to_event(1))
    with pyro.plate("data", 5):
        kind = pyro.sample("kind", dist.Categorical(weights))
        pyro.sample("datum", dist.Normal(locs[kind], scale), obs=data)


mixture_guide = AutoDiagonalNormal(block(mixture, hide=["kind"]))
# ----
fitted(mixture, mixture_guide, TraceEnum_ELBO(num_particles=8, max_plate_nesting=1), 3000)
report("mixture", **draws_of(mixture_guide))

# ---- weather ----
umbrellas = torch.tensor([1.0, 1, 0, 1, 0, 0, 0, 1, 1, 1])


@config_enumerate
def weather():
    stay = pyro.sample("stay", dist.Beta(4.0, 2.0))
    carry = pyro.sample("carry", dist.Beta(torch.tensor([2.0, 6.0]), torch.tensor([6.0, 2.0])).to_event(1))
    rain = 0
    for day in pyro.markov(range(10)):
        chance = stay if day == 0 else torch.where(rain == 1, stay, 1 - stay)
        rain = pyro.sample(f"rain_{day}", dist.Bernoulli(chance)).long()
        pyro.sample(f"umbrella_{day}", dist.Bernoulli(carry[rain]), obs=umbrellas[day])


weather_guide = AutoDiagonalNormal(block(weather, hide_fn=lambda site: site["name"].startswith("rain")))
# ----
fitted(weather, weather_guide, TraceEnum_ELBO(num_particles=4, max_plate_nesting=1), 2000)
report("weather", **draws_of(weather_guide))

# ---- batches ----
readings = torch.sin(torch.arange(100.0)) + 2


def batches():
    level = pyro.sample("level", dist.Normal(0.0, 10.0))
    with pyro.plate("readings", 100, subsample_size=20) as rows:
        pyro.sample("reading", dist.Normal(level, 1.0), obs=readings[rows])


batches_guide = AutoDiagonalNormal(batches)
# ----
fitted(batches, batches_guide, Trace_ELBO(num_particles=4), 4000)
report("batches", **draws_of(batches_guide))


# ---- centred ----
def centred():
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(5.0))
    with pyro.plate("schools", 8):
        theta = pyro.sample("theta", dist.Normal(mu, tau))
        pyro.sample("effect", dist.Normal(theta, errors), obs=effects)


decentred = pyro.poutine.reparam(centred, {"theta": LocScaleReparam(0.0)})
# ----
samples = chain(decentred, 3000)
report("centred", mu=samples["mu"], tau=samples["tau"])


# ---- sprinkler ----
def lawn():
    cloudy = pyro.sample("cloudy", dist.Normal(0.0, 1.0))
    sprinkler = pyro.sample("sprinkler", dist.Normal(-cloudy, 0.5))
    pyro.sample("wet", dist.Normal(cloudy + sprinkler, 0.3))


seen = condition(lawn, {"wet": torch.tensor(1.0), "sprinkler": torch.tensor(2.0)})
done = intervene(lawn, {"sprinkler": torch.tensor(2.0)})
# ----
samples = chain(seen, 2000)
report("seen", cloudy=samples["cloudy"])
predicted = Predictive(done, num_samples=4000)()
report("done", wet=predicted["wet"], cloudy=predicted["cloudy"])

json.dump(results, sys.stdout, indent=1)
