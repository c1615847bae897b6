"""What is measured, without saying in which library: sizes, guides and data.

Every runner takes its workloads from here, so all of them fit the same model to the same numbers.
"""

from dataclasses import dataclass

import numpy as np

SCHOOL_EFFECTS = [28, 8, -3, 7, -1, 1, 18, 12]
SCHOOL_ERRORS = [15, 10, 16, 11, 9, 11, 10, 18]


@dataclass(frozen=True)
class Guide:
    """A family by name; `layers` and `hidden` describe the flow when the family is "iaf"."""

    family: str
    layers: int = 0
    hidden: tuple = ()


@dataclass(frozen=True)
class EightSchools:
    guide: Guide
    particles: int = 1


@dataclass(frozen=True)
class Logistic:
    rows: int
    columns: int
    guide: Guide
    particles: int = 1


@dataclass(frozen=True)
class VAE:
    pixels: int = 784
    hidden: int = 400
    latent: int = 20
    batch: int = 256
    particles: int = 1


@dataclass(frozen=True)
class HiddenMarkov:
    """The states are summed out; the guide is for what they depend on."""

    guide: Guide
    steps: int = 1_000
    states: int = 8
    particles: int = 1


DIAGONAL = Guide("diagonal")
FULL_RANK = Guide("full-rank")


def iaf(layers, *hidden):
    return Guide("iaf", layers, hidden)


# The flows on the regressions are as wide as the posterior: one weight per column and the intercept.
WORKLOADS = {
    "eight-schools-diagonal": EightSchools(DIAGONAL),
    "eight-schools-iaf-10": EightSchools(iaf(2, 10, 10)),
    "eight-schools-iaf-64x16": EightSchools(iaf(2, 64, 64), particles=16),
    "logistic-1k-iaf": Logistic(1_000, 20, iaf(3, 21, 21)),
    "logistic-10k-diagonal": Logistic(10_000, 50, DIAGONAL),
    "logistic-10k-iaf": Logistic(10_000, 50, iaf(2, 51, 51)),
    "logistic-10k-fullrank": Logistic(10_000, 50, FULL_RANK),
    "logistic-10k-iaf-8": Logistic(10_000, 50, iaf(2, 51, 51), particles=8),
    "hmm": HiddenMarkov(DIAGONAL),
    "vae": VAE(),
}


def eight_schools_data(dtype):
    return np.array(SCHOOL_EFFECTS, dtype), np.array(SCHOOL_ERRORS, dtype)


def logistic_data(workload, dtype):
    """Standard normal covariates and weights; labels drawn from the model itself."""
    random = np.random.default_rng(0)
    covariates = random.standard_normal((workload.rows, workload.columns))
    weights = random.standard_normal(workload.columns)
    chance = 1 / (1 + np.exp(-covariates @ weights))
    labels = random.random(workload.rows) < chance
    return covariates.astype(dtype), labels.astype(dtype)


def hidden_markov_data(workload, dtype):
    """The time of a step does not depend on the numbers."""
    random = np.random.default_rng(0)
    return random.standard_normal(workload.steps).astype(dtype)


def vae_data(workload, dtype):
    """Three pixels of ten are lit. The time of a step does not depend on which."""
    random = np.random.default_rng(0)
    return (random.random((workload.batch, workload.pixels)) < 0.3).astype(dtype)
