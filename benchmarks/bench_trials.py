"""Trials with few offices: CR2 of a million persons against one plain fit, and the three inferences of a small trial.

    python benchmarks/bench_trials.py [persons]

18 offices; a constant, treatment and four covariates. The unit is one plain least squares fit of the same rows in
numpy, without offices: X'X, X'y and residuals. Each task makes its data and then measures in a process of its own,
with one thread: processor seconds and the largest memory of the process. It runs five times and the least seconds
count. Compare ratios inside one run only. The times of R are stored, from the same machine type but another day.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from measuring import run_task

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.trials.cluster_robust import cluster_robust  # noqa: E402
from analysis.trials.jackknife import jackknife  # noqa: E402
from analysis.trials.least_squares import least_squares  # noqa: E402
from analysis.trials.permutation import permutation_test  # noqa: E402
from analysis.trials.wild_bootstrap import wild_bootstrap  # noqa: E402

PERSONS, OFFICES, SMALL = 1_000_000, 18, 617
NAMES = ("constant", "treated", "x1", "x2", "x3", "x4")
PASSES, SECONDS = 5, 5
Measured = Callable[[], object]
STORED = "R 4.2.2, clubSandwich 0.5.8 (CR2 and its degrees of freedom): 2.9 s at 4000 persons, 85.2 s at 12000"


def trial(persons: int, *, in_order: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """y (n,) of 0 and 1, x (n, 6), office (n,) of unequal sizes, half of them treated, and weights (n,)."""
    rng = np.random.default_rng(6)
    share = np.geomspace(1, 12, OFFICES)
    # Everybody but one in each office is drawn, so that none is empty.
    drawn = rng.choice(OFFICES, persons - OFFICES, p=share / share.sum())
    office = np.concatenate([np.arange(OFFICES), drawn])
    office = np.sort(office) if in_order else rng.permutation(office)
    x = np.column_stack([np.ones(persons), office % 2, rng.normal(size=(persons, 4))])
    chance = 0.24 + 0.02 * rng.normal(size=OFFICES)[office] + 0.03 * x[:, 2]
    return (rng.random(persons) < chance) * 1.0, x, office, rng.uniform(0.5, 2, persons)


def products(persons: int) -> Measured:
    y, x, *_ = trial(persons)
    return lambda: (x.T @ x, x.T @ y)


def plain_fit(persons: int) -> Measured:
    y, x, *_ = trial(persons)

    def fit() -> np.ndarray:
        return y - x @ np.linalg.solve(x.T @ x, x.T @ y)

    return fit


def corrected(*, in_order: bool = False, weighted: bool = False) -> Callable[[int], Measured]:
    """From columns to the CR2 standard error of treatment with its degrees of freedom."""

    def prepared(persons: int) -> Measured:
        y, x, office, weights = trial(persons, in_order=in_order)
        chosen = weights if weighted else None
        return lambda: cluster_robust(least_squares(y, (NAMES, x), office, weights=chosen), "treated")

    return prepared


def statsmodels_default(persons: int) -> Measured:
    """The usual cluster covariance (CR1) of statsmodels, which has no CR2."""
    import statsmodels.api as sm

    y, x, office, _ = trial(persons)
    return lambda: sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": office}).bse


def small_cr2(persons: int) -> Measured:
    return corrected()(SMALL)


def small_jackknife(persons: int) -> Measured:
    y, x, office, _ = trial(SMALL)
    return lambda: jackknife(least_squares(y, (NAMES, x), office), "treated")


def small_permutation(persons: int) -> Measured:
    """All 48 620 allocations of nine offices among eighteen, with the interval by inversion."""
    y, _, office, _ = trial(SMALL)
    sums, sizes = np.bincount(office, weights=y), np.bincount(office)
    return lambda: permutation_test(sums, sizes, np.arange(OFFICES) % 2 == 1)


def small_wild(persons: int) -> Measured:
    """All 131 072 sign vectors, with the interval by inversion."""
    y, x, office, _ = trial(SMALL)
    return lambda: wild_bootstrap(least_squares(y, (NAMES, x), office), "treated")


def triple(persons: int) -> Measured:
    tasks = [task(persons) for task in (small_cr2, small_permutation, small_wild)]
    return lambda: [task() for task in tasks]


@dataclass(frozen=True)
class Task:
    """What prepares a task, and its limit in plain fits or in seconds."""

    prepare: Callable[[int], Measured]
    limit: float | None = None
    unit: str = "fits"
    runs: int = 5


FIT = "one plain fit, no offices"
TASKS = {
    FIT: Task(plain_fit),
    "X'X and X'y of it alone": Task(products),
    "CR2, rows in order of office": Task(corrected(in_order=True), PASSES),
    "CR2, rows in any order": Task(corrected(), PASSES),
    "CR2, weights, any order": Task(corrected(weighted=True)),
    "CR1 of statsmodels, any order": Task(statsmodels_default, runs=2),
}
SMALL_TASKS = {
    "CR2": Task(small_cr2),
    "jackknife": Task(small_jackknife),
    "permutation, 48620, interval": Task(small_permutation),
    "wild bootstrap, 131072, interval": Task(small_wild),
    "CR2, permutation and bootstrap": Task(triple, SECONDS, "seconds"),
}


def taken(name: str, persons: int) -> dict[str, float]:
    """What a task took at the least, and its largest memory."""
    command = [sys.executable, __file__, "--task", name, str(persons)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    runs = []
    for _ in range((TASKS | SMALL_TASKS)[name].runs):
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | threads)
        runs.append(json.loads(answer.stdout.splitlines()[-1]))
    return min(runs, key=lambda took: took["cpu"]) | {"peak_gb": max(took["peak_gb"] for took in runs)}


def run_one(name: str, persons: int) -> None:
    """Prepare a task, and measure it."""
    measured = (TASKS | SMALL_TASKS)[name].prepare(persons)
    run_task(lambda folder, size: measured(), Path(), persons)


def report(tasks: dict[str, Task], persons: int) -> bool:
    """Prints a line for each task; whether all limits hold."""
    unit, kept = 0.0, True
    for name, task in tasks.items():
        took = taken(name, persons)
        unit = unit or took["cpu"]
        figures = f"{took['cpu']:>8.3f}{took['wall']:>8.3f}{took['peak_gb']:>9.2f}"
        ratio = f"{took['cpu'] / unit:>8.1f}" if task in TASKS.values() else f"{'':8}"
        good = task.limit is None or (took["cpu"] if task.unit == "seconds" else took["cpu"] / unit) <= task.limit
        limit = "" if task.limit is None else f"{task.limit} {task.unit}" + ("" if good else " NO")
        print(f"{name:36}{figures}{ratio}{limit:>12}".rstrip(), flush=True)
        kept &= good
    return kept


def main(persons: int) -> None:
    print(f"{persons} persons, {OFFICES} offices, {len(NAMES)} columns")
    print(f"{'task':36}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'fits':>8}{'limit':>12}")
    kept = report(TASKS, persons)
    print(f"\n{SMALL} persons, {OFFICES} offices")
    kept &= report(SMALL_TASKS, persons)
    print(f"all limits hold: {kept}")
    print(f"{STORED}: stored, read 2026-11-22")
    print(f"numpy {version('numpy')}, scipy {version('scipy')}, statsmodels {version('statsmodels')}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run_one(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else PERSONS)
