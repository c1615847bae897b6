"""Checks that Python's ArviZ opens what `InferenceData.write` writes.

    python3 Tests/Golden/check_inference_data.py [options of swift test]
    (needs arviz, h5netcdf, and libnetcdf for the package trait NetCDF)

Has the tests write a file (Tests/PPLTests/Results/InferenceDataFileTests.swift), and computes from it
with ArviZ.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np

warnings.simplefilter("ignore")

import arviz as az
from scipy.stats import norm


def write(path):
  command = ["swift", "test", "--traits", "NetCDF", "--filter", "InferenceDataFileTests.roundTrip"]
  package = pathlib.Path(__file__).resolve().parents[2]
  subprocess.run(
      command + sys.argv[1:], check=True, cwd=package, env={**os.environ, "INFERENCE_DATA": path})


def check(data):
  assert data.groups() == [
      "posterior", "posterior_predictive", "log_likelihood", "sample_stats", "observed_data"]
  posterior = data.posterior
  assert dict(posterior.sizes) == {"chain": 2, "draw": 25, "part.w_dim_0": 2}
  total = posterior["mu"] + posterior["part.w"].sum("part.w_dim_0")
  np.testing.assert_allclose(posterior["total"], total, rtol=1e-13)
  np.testing.assert_array_equal(data.observed_data["x"], [0.5, 1, 1.5])
  assert data.observed_data["y"].item() == 2
  expected = norm.logpdf(np.array([0.5, 1, 1.5]), posterior["mu"].values[..., None], 1)
  np.testing.assert_allclose(data.log_likelihood["x"], expected, rtol=1e-12)
  assert data.posterior_predictive["x"].dims == ("chain", "draw", "x_dim_0")
  assert data.sample_stats["diverging"].dtype == bool
  assert data.sample_stats["tree_depth"].dtype == np.int64
  summary = az.summary(data)
  assert list(summary.index) == ["mu", "part.w[0]", "part.w[1]", "total"], summary
  assert np.isfinite(az.loo(data, var_name="x").elpd_loo)
  assert np.isfinite(az.rhat(data)["mu"].item())


with tempfile.TemporaryDirectory() as folder:
  path = os.path.join(folder, "chains.nc")
  write(path)
  check(az.from_netcdf(path))
  print("ArviZ", az.__version__, "reads the file")
