"""The command line of a runner, its clock and its output: one JSON line per mode."""

import argparse
import json
import resource
import time
from dataclasses import dataclass

from memory import megabytes
from workloads import WORKLOADS

BLOCK_SECONDS = 0.2
DTYPES = ["float32", "float64"]


@dataclass(frozen=True)
class Request:
    name: str
    dtype: str
    seconds: float

    @property
    def workload(self):
        return WORKLOADS[self.name]


def parse_request(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("workload", choices=list(WORKLOADS))
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--seconds", type=float, default=4, help="measuring time of one mode")
    arguments = parser.parse_args()
    return Request(arguments.workload, arguments.dtype, arguments.seconds)


def fastest_step(run_block, steps, seconds):
    """The seconds of one step in the fastest of the blocks that fit into `seconds`, at least three.

    The fastest and not the mean: other load on the machine can only add time.
    """
    deadline = time.perf_counter() + seconds
    times = []
    while len(times) < 3 or time.perf_counter() < deadline:
        start = time.perf_counter()
        run_block(steps)
        times.append(time.perf_counter() - start)
    return min(times) / steps


def steps_per_block(run_block):
    """How many steps last about a block, judged by a few warm ones."""
    trial = 5
    run_block(trial)
    one = fastest_step(run_block, trial, seconds=0)
    return max(trial, round(BLOCK_SECONDS / one))


def emit(who, request, mode, step_seconds, compile_seconds=None):
    line = {
        "who": who,
        "workload": request.name,
        "dtype": request.dtype,
        "mode": mode,
        "microseconds_per_step": step_seconds * 1e6,
        "compile_seconds": compile_seconds,
        "peak_mb": megabytes(resource.getrusage(resource.RUSAGE_SELF)),
    }
    print(json.dumps(line), flush=True)
