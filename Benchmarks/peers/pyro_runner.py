"""Time Pyro's `SVI.step`."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoDiagonalNormal, AutoIAFNormal, AutoMultivariateNormal
from torch import nn

import protocol
import workloads

THREADS = 2


def eight_schools(effects, errors):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(torch.tensor(5.0)))
    with pyro.plate("schools", len(effects)):
        eta = pyro.sample("eta", dist.Normal(0.0, 1.0))
        pyro.sample("effect", dist.Normal(mu + tau * eta, errors), obs=effects)


def logistic_regression(covariates, labels):
    rows, columns = covariates.shape
    weights = pyro.sample("weights", dist.Normal(torch.zeros(columns), 1.0).to_event(1))
    intercept = pyro.sample("intercept", dist.Normal(0.0, 10.0))
    with pyro.plate("rows", rows):
        logits = covariates @ weights + intercept
        pyro.sample("label", dist.Bernoulli(logits=logits), obs=labels)


class Encoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(size.pixels, size.hidden), nn.Softplus())
        self.mean = nn.Linear(size.hidden, size.latent)
        self.log_scale = nn.Linear(size.hidden, size.latent)

    def forward(self, images):
        hidden = self.hidden(images)
        return dist.Normal(self.mean(hidden), self.log_scale(hidden).exp())


def vae_pair(size):
    """The decoder as a model, the encoder as its guide."""
    decoder = nn.Sequential(
        nn.Linear(size.latent, size.hidden), nn.Softplus(), nn.Linear(size.hidden, size.pixels)
    )
    encoder = Encoder(size)
    origin = torch.zeros(size.batch, size.latent)

    def model(images):
        pyro.module("decoder", decoder)
        with pyro.plate("images", size.batch):
            z = pyro.sample("z", dist.Normal(origin, 1.0).to_event(1))
            pyro.sample("pixels", dist.Bernoulli(logits=decoder(z)).to_event(1), obs=images)

    def guide(images):
        pyro.module("encoder", encoder)
        with pyro.plate("images", size.batch):
            pyro.sample("z", encoder(images).to_event(1))

    return model, guide


def automatic_guide(model, guide):
    if guide.family == "diagonal":
        return AutoDiagonalNormal(model)
    if guide.family == "full-rank":
        return AutoMultivariateNormal(model)
    return AutoIAFNormal(model, hidden_dim=list(guide.hidden), num_transforms=guide.layers)


def problem(workload, dtype):
    """Model, guide and data of a workload."""
    if isinstance(workload, workloads.VAE):
        return *vae_pair(workload), [torch.tensor(workloads.vae_data(workload, dtype))]
    if isinstance(workload, workloads.Logistic):
        model, data = logistic_regression, workloads.logistic_data(workload, dtype)
    else:
        model, data = eight_schools, workloads.eight_schools_data(dtype)
    return model, automatic_guide(model, workload.guide), [torch.tensor(x) for x in data]


def main():
    request = protocol.parse_request(__doc__)
    torch.set_num_threads(THREADS)
    torch.set_default_dtype(getattr(torch, request.dtype))
    pyro.set_rng_seed(0)
    model, guide, data = problem(request.workload, request.dtype)
    objective = Trace_ELBO(num_particles=request.workload.particles)
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 1e-3}), objective)

    def run(steps):
        for _ in range(steps):
            svi.step(*data)

    # The first steps create the parameters and the optimizer's state.
    run(10)
    step = protocol.fastest_step(run, protocol.steps_per_block(run), request.seconds)
    protocol.emit("pyro", request, "step", step)


if __name__ == "__main__":
    main()
