"""The exact posterior of eight schools, by quadrature, and independent draws from it. Writes
eight_schools.json and eight_schools_draws.safetensors.

    mu ~ Normal(0, 5)    tau ~ HalfCauchy(5)    eta_i ~ Normal(0, 1)
    theta_i = mu + tau eta_i                    y_i ~ Normal(theta_i, sigma_i)

Given tau everything is Gaussian, so each marginal is a mixture of normals over tau alone. The
mixture over t = log tau is a trapezoidal sum on the whole line, which converges exponentially
because the integrand is analytic and decays at both ends (like e^t on the left and like e^-9t on
the right).

Needs numpy, scipy and safetensors; made with numpy 2.4.6, scipy 1.17.1, Python 3.11.
"""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file
from scipy.optimize import brentq
from scipy.special import logsumexp, ndtr

y = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
sigma = np.array([15, 10, 16, 11, 9, 11, 10, 18.0])
PROBABILITIES = [0.05, 0.5, 0.95]


def nodes(step=0.005, low=-40.0, high=12.0):
    """tau at the nodes, and log of each node's weight in the prior times the step."""
    t = np.arange(low, high, step)
    tau = np.exp(t)
    log_prior = np.log(2 / (np.pi * 5)) - np.log1p((tau / 5) ** 2)
    return tau, log_prior + t + np.log(step)


def given(tau):
    """log p(y | tau) and, given tau and y, mean and variance of mu, of each eta and each theta."""
    tau = tau[:, None]
    marginal = sigma**2 + tau**2  # of y_i given mu
    precision = 1 / 25 + (1 / marginal).sum(1)
    mu = (y / marginal).sum(1) / precision
    log_evidence = 0.5 * (
        -np.log(2 * np.pi * marginal).sum(1)
        - np.log(25 * precision)
        - (y**2 / marginal).sum(1)
        + precision * mu**2
    )
    mu_variance = 1 / precision
    # eta_i given mu is normal with mean gain (y_i - mu) and variance sigma_i^2 / marginal.
    gain = tau / marginal
    spread = sigma**2 / marginal
    eta = gain * (y - mu[:, None])
    eta_variance = spread + gain**2 * mu_variance[:, None]
    # theta_i = mu + tau eta_i moves with mu at the rate 1 - tau gain = spread.
    theta = mu[:, None] + tau * eta
    theta_variance = tau**2 * spread + spread**2 * mu_variance[:, None]
    return log_evidence, (mu, mu_variance), (eta, eta_variance), (theta, theta_variance)


def draws(count, step=0.001, seed=0):
    """tau by its quadrature, then mu given tau, then each eta given both, which are normal."""
    random = np.random.default_rng(seed)
    tau, log_weight = nodes(step, low=-20)
    weight = np.exp(given(tau)[0] + log_weight - logsumexp(given(tau)[0] + log_weight))
    chosen = random.choice(tau, count, p=weight)
    tau = chosen * np.exp(step * (random.random(count) - 0.5))
    _, (mean, variance), _, _ = given(tau)
    mu = mean + np.sqrt(variance) * random.standard_normal(count)
    marginal = sigma**2 + tau[:, None] ** 2
    eta = tau[:, None] / marginal * (y - mu[:, None])
    eta += sigma / np.sqrt(marginal) * random.standard_normal((count, len(y)))
    return {"mu": mu, "tau": tau, "eta": eta}


def quantile(cdf, low, high):
    return [brentq(lambda x: cdf(x) - p, low, high, xtol=1e-13) for p in PROBABILITIES]


def mixture(weights, mean, variance):
    expectation = weights @ mean
    total = weights @ (variance + (mean - expectation) ** 2)
    scale = np.sqrt(variance)
    return expectation, np.sqrt(total), quantile(
        lambda x: weights @ ndtr((x - mean) / scale), -500, 500)


def row(name, mean, sd, quantiles):
    numbers = list(map(float, quantiles))
    return {"name": name, "mean": float(mean), "sd": float(sd), "quantiles": numbers}


def posterior(step):
    tau, log_weight = nodes(step)
    log_evidence, mu, eta, theta = given(tau)
    evidence = logsumexp(log_evidence + log_weight)
    weights = np.exp(log_evidence + log_weight - evidence)
    mean = weights @ tau
    sd = np.sqrt(weights @ (tau - mean) ** 2)
    rows = [
        row("mu", *mixture(weights, *mu)),
        row("tau", mean, sd, tau_quantiles(evidence)),
    ]
    for name, (means, variances) in [("eta", eta), ("theta", theta)]:
        for i in range(len(y)):
            rows.append(row(f"{name}[{i}]", *mixture(weights, means[:, i], variances[:, i])))
    return {"logEvidence": float(evidence), "sites": rows}


def tau_quantiles(evidence):
    """The distribution function of tau by Gauss-Legendre quadrature on [0, x]."""
    points, weights = np.polynomial.legendre.leggauss(200)

    def cdf(x):
        tau = 0.5 * x * (points + 1)
        density = 2 / (np.pi * 5) / (1 + (tau / 5) ** 2) * np.exp(given(tau)[0] - evidence)
        return 0.5 * x * weights @ density

    return quantile(cdf, 1e-6, 200)


def differ(a, b):
    numbers = lambda r: np.array([[s["mean"], s["sd"], *s["quantiles"]] for s in r["sites"]])
    return max(abs(a["logEvidence"] - b["logEvidence"]), np.abs(numbers(a) - numbers(b)).max())


if __name__ == "__main__":
    exact = posterior(0.005)
    assert differ(exact, posterior(0.02)) < 1e-10, "the quadrature has not converged"
    for site in exact["sites"]:
        numbers = [site["mean"], site["sd"], *site["quantiles"]]
        print(f'{site["name"]:10}' + "".join(f"{x:12.6f}" for x in numbers))
    print(f'log evidence {exact["logEvidence"]:.10f}')
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(exact, indent=1) + "\n")
    sample = draws(5000)
    for name, site in [("mu", 0), ("tau", 1)]:
        z = (sample[name].mean() - exact["sites"][site]["mean"]) / exact["sites"][site]["sd"]
        assert abs(z) < 4 / np.sqrt(5000), f"draws of {name} are {z} deviations off"
    save_file({name: value.astype(np.float32) for name, value in sample.items()},
              path.with_name("eight_schools_draws.safetensors"))
