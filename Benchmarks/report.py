"""Merge the runners' JSON lines into tables and hold them against the goals.

Usage: report.py RESULTS.jsonl
"""

import json
import sys
from dataclasses import dataclass, field
from statistics import median

LARGE = ["logistic-10k-iaf-8", "vae"]
EIGHT_SCHOOLS_OF_PYRO = ["eight-schools-diagonal", "eight-schools-iaf-10"]
MISSING = "–"


@dataclass
class Row:
    """What was measured of one workload at one dtype; of several processes the fastest counts."""

    times: dict = field(default_factory=dict)
    compile_seconds: float | None = None
    peaks: dict = field(default_factory=dict)

    def add(self, line):
        who, peak, time = line["who"], line["peak_mb"], line["microseconds_per_step"]
        run = who, line["mode"]
        self.times[run] = min(time, self.times.get(run, time))
        self.peaks[who] = max(peak, self.peaks.get(who, 0))
        if who == "numpyro" and line["mode"] == "compiled":
            self.compile_seconds = line["compile_seconds"]

    def times_faster(self, our_mode, who, mode):
        return ratio(self.times.get((who, mode)), self.times.get(("ours", our_mode)))

    def memory_saving(self):
        return ratio(self.peaks.get("numpyro"), self.peaks.get("ours"))


@dataclass
class Cold:
    """Medians over the repetitions of the whole-process fit."""

    seconds: dict
    peaks: dict
    said: dict

    def times_faster(self):
        return ratio(self.seconds.get("numpyro"), self.seconds.get("ours"))

    def memory_saving(self):
        return ratio(self.peaks.get("numpyro"), self.peaks.get("ours"))


def ratio(theirs, ours):
    return None if theirs is None or ours is None else theirs / ours


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def steps_by_workload(lines):
    rows = {}
    for line in lines:
        if line["mode"] != "process":
            rows.setdefault(line["workload"], Row()).add(line)
    return rows


def cold_runs(lines, workload):
    runs = {}
    for line in lines:
        if line["workload"] == workload:
            runs.setdefault(line["who"], []).append(line)
    return Cold(
        seconds={who: median(run["seconds"] for run in of) for who, of in runs.items()},
        peaks={who: median(run["peak_mb"] for run in of) for who, of in runs.items()},
        said={who: of[-1]["said"] for who, of in runs.items()},
    )


def distributions(lines):
    """Microseconds of each library, by distribution, job and count in words, and the count."""
    measured = {}
    for line in lines:
        count = line["count"]
        words = f"{line['distribution']} {line['job']}, n = {count}"
        measured.setdefault((words, count), {})[line["who"]] = line["microseconds"]
    return measured


def nuts(lines):
    """Microseconds of a leapfrog step of each library, by posterior."""
    measured = {}
    for line in lines:
        by = measured.setdefault(line["posterior"], {})
        by[line["who"]] = line["microseconds_per_gradient"]
    return measured


def print_nuts(measured):
    rows = [
        [name, *(precise(by.get(who)) for who in ("ours", "numpyro")),
         times(ratio(by.get("numpyro"), by.get("ours")))]
        for name, by in measured.items()
    ]
    print_table(["NUTS, µs per gradient", "ours", "NumPyro compiled", "ratio"], rows)


def goals_of_nuts(measured, cold):
    """As `goals` of the workloads."""
    steps = {name: ratio(by.get("numpyro"), by.get("ours")) for name, by in measured.items()}
    process = {"eight schools": cold.times_faster()} if cold.seconds else {}
    return [
        ("NUTS: NumPyro's time of a gradient ≥ 1.5 × ours", 1.5, steps),
        ("NUTS, cold: NumPyro's time ≥ 5 × ours", 5, process),
    ]


def print_distributions(measured):
    header = ["µs per call", "ours", "PyTorch", "ratio", "JAX, jitted", "ratio"]
    rows = []
    for (words, _), by in measured.items():
        ours, torch, jax = by.get("ours"), by.get("torch"), by.get("jax")
        rows.append([
            words, number(ours), number(torch), times(ratio(torch, ours)),
            number(jax), times(ratio(jax, ours)),
        ])
    print_table(header, rows)


def goals_of_distributions(measured):
    """As `goals` of the workloads."""

    def faster(who, is_small):
        return {
            words: ratio(by.get(who), by.get("ours"))
            for (words, count), by in measured.items() if (count == 10) == is_small
        }

    return [
        ("n = 10: PyTorch's time ≥ 20 × ours", 20, faster("torch", True)),
        ("n = 1,000,000: PyTorch's time ≥ 2 × ours", 2, faster("torch", False)),
        ("n = 1,000,000: JAX's time ≥ ours", 1, faster("jax", False)),
    ]


def flows(lines):
    """Lines by flow and mode, and in these by library; of several processes the fastest counts."""
    measured = {}
    for line in lines:
        by = measured.setdefault((line["flow"], line["mode"]), {})
        by[line["who"]] = min(line, by.get(line["who"], line), key=lambda x: x["microseconds"])
    return measured


def print_flows(measured):
    header = ["batches of 512, µs (first call, s)"]
    header += ["ours", "flowjax, jitted", "ratio", "Zuko", "ratio", "nflows", "ratio"]
    rows = []
    for (flow, mode), by in measured.items():

        def cell(who, by=by):
            line = by.get(who)
            if line is None:
                return MISSING
            return f"{number(line['microseconds'])} ({line['first_seconds']:.2f})"

        row = [f"{flow} {mode}", cell("ours")]
        for who in ["flowjax", "zuko", "nflows"]:
            row += [cell(who), times(flow_ratio(by, who))]
        rows.append(row)
    print_table(header, rows)


def flow_ratio(by, who):
    line, ours = by.get(who), by.get("ours")
    return ratio(line and line["microseconds"], ours and ours["microseconds"])


def goals_of_flows(measured):
    """As `goals` of the workloads."""

    def faster(who, wanted):
        return {
            flow: flow_ratio(by, who) for (flow, mode), by in measured.items() if mode == wanted
        }

    passes = {}
    for (flow, mode), by in measured.items():
        density = measured.get((flow, "density"), {}).get("ours")
        if mode == "sample" and flow.endswith("43") and density and "ours" in by:
            passes[flow] = density["microseconds"] / by["ours"]["microseconds"]
    return [
        ("training: flowjax's time ≥ 1.5 × ours", 1.5, faster("flowjax", "train")),
        ("training: Zuko's time ≥ 5 × ours", 5, faster("zuko", "train")),
        ("drawing: Zuko's time ≥ 20 × ours", 20, faster("zuko", "sample")),
        ("drawing, D = 43: our density pass ≥ ⅓ of it", 1 / 3, passes),
    ]


def number(value):
    if value is None:
        return MISSING
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def precise(value):
    return MISSING if value is None else f"{value:.3g}"


def times(value):
    return MISSING if value is None else f"{value:.2f}×"


def print_table(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells):
        first = cells[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        return "| " + " | ".join([first, *rest]) + " |"

    print(line(header))
    rules = ["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]
    print("|" + "|".join(rules) + "|")
    for row in rows:
        print(line(row))
    print()


def step_cells(name, row):
    time = row.times.get
    compile_time = "" if row.compile_seconds is None else f" (+{row.compile_seconds:.1f} s)"
    return [
        name,
        number(time(("ours", "compiled"))),
        number(time(("numpyro", "compiled"))) + compile_time,
        times(row.times_faster("compiled", "numpyro", "compiled")),
        number(time(("ours", "step"))),
        number(time(("numpyro", "loop"))),
        times(row.times_faster("step", "numpyro", "loop")),
        number(time(("pyro", "step"))),
        times(row.times_faster("step", "pyro", "step")),
        f"{number(row.peaks.get('ours'))} / {number(row.peaks.get('numpyro'))}",
    ]


def print_steps(rows):
    header = ["µs per step", "ours compiled", "NumPyro compiled", "ratio"]
    header += ["ours step", "NumPyro loop", "ratio", "Pyro step", "ratio"]
    header += ["peak MB ours / NumPyro"]
    print_table(header, [step_cells(name, row) for name, row in rows.items()])


def print_cold(cold, title):
    names = {"ours": "ours", "numpyro": "NumPyro"}

    def row(who):
        if who not in cold.seconds:
            return [names[who], MISSING, MISSING, MISSING]
        seconds, peak = cold.seconds[who], cold.peaks[who]
        return [names[who], f"{seconds:.2f}", number(peak), cold.said[who]]

    cells = [row(who) for who in names]
    print_table([title, "seconds", "peak MB", "result"], cells)


def goals(rows, cold):
    """Each goal: its words, the ratio it asks for, and the measured ratios by workload."""
    small = {name: row for name, row in rows.items() if name not in LARGE}
    large = {name: row for name, row in rows.items() if name in LARGE}
    schools = {name: row for name, row in rows.items() if name in EIGHT_SCHOOLS_OF_PYRO}

    def faster(of, *modes):
        return {name: row.times_faster(*modes) for name, row in of.items()}

    memory = {name: row.memory_saving() for name, row in rows.items()}
    process = {"cold": cold.times_faster()} if cold.seconds else {}
    if cold.seconds:
        memory["cold"] = cold.memory_saving()
    compiled = ("compiled", "numpyro", "compiled")
    than_pyro = faster(schools, "step", "pyro", "step")
    return [
        ("compiled, small and medium: NumPyro's time ≥ 1.5 × ours", 1.5, faster(small, *compiled)),
        ("compiled, large: NumPyro's time ≥ ours", 1, faster(large, *compiled)),
        ("step, eight schools: Pyro's time ≥ 30 × ours", 30, than_pyro),
        ("step: NumPyro's Python loop ≥ ours", 1, faster(rows, "step", "numpyro", "loop")),
        ("cold fit: NumPyro's time ≥ 10 × ours", 10, process),
        ("peak memory: NumPyro's ≥ 4 × ours", 4, memory),
    ]


def verdict(wanted, measured):
    """Holds only when everything was measured; misses as soon as one ratio falls short."""
    known = {name: value for name, value in measured.items() if value is not None}
    if not known:
        return MISSING, MISSING
    worst = min(known, key=known.get)
    closest = f"{times(known[worst])} ({worst})"
    if known[worst] < wanted:
        return "misses", closest
    return ("holds" if len(known) == len(measured) else "incomplete"), closest


def print_goals(goals):
    cells = [[words, *verdict(wanted, measured)] for words, wanted, measured in goals]
    print_table(["goal", "outcome", "closest"], cells)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = read(sys.argv[1])
    for dtype in dict.fromkeys(line["dtype"] for line in lines):
        of_dtype = [line for line in lines if line["dtype"] == dtype and "workload" in line]
        of_distributions = [
            line for line in lines if line["dtype"] == dtype and "distribution" in line
        ]
        of_nuts = [line for line in lines if line["dtype"] == dtype and "posterior" in line]
        of_flows = [line for line in lines if line["dtype"] == dtype and "flow" in line]
        rows, cold = steps_by_workload(of_dtype), cold_runs(of_dtype, "cold")
        cold_nuts = cold_runs(of_dtype, "nuts")
        print(f"## {dtype}\n")
        if rows:
            print_steps(rows)
        if cold.seconds:
            print_cold(cold, "cold fit")
        if rows or cold.seconds:
            print_goals(goals(rows, cold))
        if of_distributions:
            measured = distributions(of_distributions)
            print_distributions(measured)
            print_goals(goals_of_distributions(measured))
        if of_nuts or cold_nuts.seconds:
            measured = nuts(of_nuts)
            print_nuts(measured)
            print_cold(cold_nuts, "NUTS, cold")
            print_goals(goals_of_nuts(measured, cold_nuts))
        if of_flows:
            measured = flows(of_flows)
            print_flows(measured)
            print_goals(goals_of_flows(measured))


if __name__ == "__main__":
    main()
