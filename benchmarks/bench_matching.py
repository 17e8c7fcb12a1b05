"""Matching of a million: against one stable argsort of the scores, against statsmodels, and against other packages.

    python benchmarks/bench_matching.py [comparison persons]

Each task makes its data and then measures in a process of its own: processor seconds and the largest memory of the
process. The quick ones run three times and the least seconds count. Compare ratios inside one run only.

numba and the packages that do the same are no part of this environment. The variable TILTAKSEFFEKT_PEERS names the
Python of one that has them (numba, psmpy, pymatchit-causal, and what this project needs); without it the figures of
the project's earlier measurements stand in their place, marked as stored. So do the times of R, from the same machine
type but another day.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import run_task
from scipy.special import expit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.balance_summary import balance_of  # noqa: E402
from analysis.matching import MatchingSpec, match_distance  # noqa: E402
from analysis.matching.compiled import njit  # noqa: E402
from analysis.matching.line_full import match_full  # noqa: E402
from analysis.matching.line_optimal import match_optimal  # noqa: E402
from analysis.scores import fit_scores  # noqa: E402

COMPARISON, PEERS, STORED = 1_000_000, "TILTAKSEFFEKT_PEERS", "stored, read 2026-11-22"
SHARE = 9  # comparison persons per treated
SORTS, SORTS_NUMBA, SECONDS, LIMIT_GB = 15, 5, 60, 3
R_TOTAL_DISTANCE = {100_000: 672.1988286713}  # poor overlap, MatchIt 4.7.2, stored
Measured = Callable[[], object]


def persons(overlap: str, comparison: int) -> tuple[np.ndarray, np.ndarray]:
    """Treated (n,) and scores (n,). "poor" and "tied" are the cases of the stored times of R, number by number."""
    treated_count = comparison // SHARE
    random = np.random.default_rng(100 + round(np.log10(comparison)))
    treated = np.r_[np.ones(treated_count, dtype=bool), np.zeros(comparison, dtype=bool)]
    order = random.permutation(len(treated))
    shift, spread = (0.3, 1.0) if overlap == "good" else (1.8, 0.6)
    values = np.r_[random.normal(shift, spread, treated_count), random.normal(0, 1, comparison)]
    score = 1 / (1 + np.exp(-(2.2 * values - 3.5)))
    if overlap == "tied":
        weight = np.linspace(1, 3, 200)
        drawn = random.choice(200, treated_count, p=weight / weight.sum()), random.choice(200, comparison)
        score = 0.02 + np.r_[drawn] * 0.003
    return treated[order], score[order]


def covariates(treated_count: int, comparison: int, columns: int, shift: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Normal covariates, moved by `shift` for the treated, and who is treated."""
    random = np.random.default_rng(1)
    treated = np.zeros(treated_count + comparison, dtype=bool)
    treated[random.permutation(len(treated))[:treated_count]] = True
    values = random.normal(size=(len(treated), columns)) + shift * treated[:, None]
    return pd.DataFrame(values, columns=[f"x{place}" for place in range(columns)]), treated


def argsort(comparison: int) -> Measured:
    score = persons("good", comparison)[1]
    return lambda: np.argsort(score, kind="stable")


def nearest(overlap: str, **options) -> Callable[[int], Measured]:
    """Nearest neighbours on the score, from scores to weights, pairs and reasons."""
    spec = MatchingSpec(**{"caliper": None} | options)

    def prepared(comparison: int) -> Measured:
        treated, score = persons(overlap, comparison)
        if njit is not None:
            match_distance(*persons(overlap, 1000)[::-1], spec)  # compile
        return lambda: match_distance(score, treated, spec)

    return prepared


def optimal(caliper: float | None) -> Callable[[int], Measured]:
    def prepared(comparison: int) -> Measured:
        treated, score = persons("poor", comparison)
        return lambda: match_optimal(score, treated, caliper=caliper)

    return prepared


def full(comparison: int) -> Measured:
    treated, score = persons("poor", comparison)
    return lambda: match_full(score, treated)


def mahalanobis(shift: float, caliper: float | None, share: int = SHARE) -> Callable[[int], Measured]:
    """Six covariates, the score being what a correct model would give."""
    columns = 6

    def prepared(comparison: int) -> Measured:
        frame, treated = covariates(comparison // share, comparison, columns, shift)
        score = expit(shift * frame.to_numpy().sum(axis=1) - columns * shift**2 / 2 - np.log(share))
        spec = MatchingSpec(method="mahalanobis", distance_columns=tuple(frame), caliper=caliper)
        return lambda: match_distance(score, treated, spec, covariates=frame)

    return prepared


def own_logit(persons_in_all: int) -> Measured:
    frame, treated = covariates(persons_in_all // 10, persons_in_all - persons_in_all // 10, 20, 0.1)
    return lambda: fit_scores(frame, " + ".join(frame), treated)


def statsmodels_logit(persons_in_all: int) -> Measured:
    from statsmodels.api import Logit, add_constant

    frame, treated = covariates(persons_in_all // 10, persons_in_all - persons_in_all // 10, 20, 0.1)
    return lambda: Logit(treated.astype(float), add_constant(frame)).fit(disp=0).predict()


def whole_stage(comparison: int) -> Measured:
    """Scores, matching and the balance of everything, on twenty covariates."""
    frame, treated = covariates(comparison // 10, comparison, 20, 0.15)

    def run() -> None:
        scores = fit_scores(frame, " + ".join(frame), treated)
        found = match_distance(scores.probability, treated, MatchingSpec())
        balance_of(frame, treated, found.weights, scores=scores.probability, pairs=found.pairs)

    return run


def psmpy_pairs(comparison: int) -> Measured:
    from psmpy import PsmPy

    frame, treated = covariates(comparison // SHARE, comparison, 6, 0.3)
    frame = frame.assign(treated=treated.astype(int), number=np.arange(len(frame)))

    def run() -> None:
        model = PsmPy(frame, treatment="treated", indx="number", exclude=[])
        model.logistic_ps(balance=False)
        model.kdtree_matched()

    return run


def pymatchit_pairs(comparison: int) -> Measured:
    from pymatchit import MatchIt

    treated, score = persons("good", comparison)
    frame = pd.DataFrame({"treated": treated.astype(int), "x": score})
    return lambda: MatchIt(frame, method="nearest", distance=score).fit("treated ~ x")


@dataclass(frozen=True)
class Task:
    """What is measured, at which share of the benchmark's size; `limit` in `unit`; seconds that R took, stored."""

    prepare: Callable[[int], Measured]
    share: float = 1.0
    limit: float | None = None
    unit: str = "sorts"
    r_seconds: str = ""
    runs: int = 3

    def comparison(self, size: int) -> int:
        return max(round(size * self.share), 100)


IN_SECONDS = {"limit": SECONDS, "unit": "seconds", "runs": 1}
SORT = "one stable argsort of the scores"
TASKS = {
    SORT: Task(argsort),
    "nearest 1:1, good overlap": Task(nearest("good"), limit=SORTS, r_seconds="0.80"),
    "nearest 1:1, poor overlap": Task(nearest("poor"), limit=SORTS, r_seconds="54.4"),
    "nearest 1:1, 200 distinct scores": Task(nearest("tied"), limit=SORTS, r_seconds="0.99"),
    "nearest 1:1, caliper 0.2, good": Task(nearest("good", caliper=0.2), limit=SORTS, r_seconds="0.69"),
    "nearest 1:1, caliper 0.2, poor": Task(nearest("poor", caliper=0.2), limit=SORTS),
    "nearest 3:1 with replacement": Task(nearest("good", ratio=3, replace=True), limit=SORTS, r_seconds="1.06"),
    "same, a tenth": Task(nearest("good", ratio=3, replace=True), share=0.1, r_seconds="0.061"),
    "optimal 1:1, poor overlap": Task(optimal(None), **IN_SECONDS, r_seconds="not feasible"),
    "optimal 1:1, caliper 0.2, poor": Task(optimal(0.2), **IN_SECONDS),
    "full, poor overlap": Task(full, **IN_SECONDS, r_seconds="too large"),
    "Mahalanobis 6, a tenth": Task(mahalanobis(0.2, None), share=0.1, **IN_SECONDS, r_seconds="129.3"),
    "same, poor overlap": Task(mahalanobis(1.0, None), share=0.1, **IN_SECONDS),
    "same, poor, caliper 0.2": Task(mahalanobis(1.0, 0.2), share=0.1, **IN_SECONDS),
    "Mahalanobis 6, caliper, 60 %": Task(mahalanobis(0.6, 0.2, 10), share=0.6, **IN_SECONDS),
    "scores, 20 covariates": Task(own_logit, r_seconds="9.7", runs=1),
    "same, statsmodels.Logit": Task(statsmodels_logit, runs=1),
    "whole stage, 60 %, 20 covariates": Task(whole_stage, share=0.6, limit=LIMIT_GB, unit="GB", runs=1),
}
COMPILED = [SORT, *(name for name in TASKS if name.startswith("nearest 1:1"))]
OTHERS = {
    "nearest 1:1 at a hundredth, ours": Task(nearest("good"), share=0.01),
    "same, pymatchit-causal 0.6.1": Task(pymatchit_pairs, share=0.01, runs=1),
    "same with scores, psmpy 0.3.16": Task(psmpy_pairs, share=0.01, runs=1),
}
STORED_OTHERS = "numba: nearest 1:1 at 1e6 0.36 s; at 1e4: pymatchit-causal 2.17 s, psmpy 48.8 s, ours 0.002 s (kernel)"


def taken(name: str, size: int, python: str = sys.executable, cache: str = "") -> dict[str, float]:
    """What a task took at the least, and its largest memory."""
    task = (TASKS | OTHERS)[name]
    command = [python, __file__, "--task", name, str(task.comparison(size))]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = os.environ | threads | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    runs = []
    for _ in range(task.runs):
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        runs.append(json.loads(answer.stdout.splitlines()[-1]))
    return min(runs, key=lambda took: took["cpu"]) | {"peak_gb": max(took["peak_gb"] for took in runs)}


def run_one(name: str, comparison: int) -> None:
    """Prepare a task, and measure it without what it prints."""
    measured = (TASKS | OTHERS)[name].prepare(comparison)

    def quietly(_: Path, __: int) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            measured()

    run_task(quietly, Path(), comparison)


def holds(task: Task, took: dict[str, float], sort: float) -> bool:
    """Whether what a task took is within its limit."""
    return {"sorts": took["cpu"] / sort, "seconds": took["cpu"], "GB": took["peak_gb"]}[task.unit] <= task.limit


def line(name: str, took: dict[str, float], sort: float, limit: str = "", r_seconds: str = "") -> str:
    figures = f"{took['cpu']:>8.3f}{took['wall']:>8.3f}{took['peak_gb']:>9.2f}{took['cpu'] / sort:>8.1f}"
    return f"{name:36}{figures}{limit:>14}{r_seconds:>14}".rstrip()


def limit_text(task: Task, kept: bool) -> str:
    unit = {"sorts": " sorts", "seconds": " s", "GB": " GB"}[task.unit]
    return f"{task.limit:g}{unit}" + ("" if kept else " NO")


def report_ours(size: int) -> None:
    """Every task of this project in this environment, and whether the limits hold."""
    print(f"{size} comparison persons, {size // SHARE} treated; numba: {'no' if njit is None else 'yes'}")
    print(f"{'task':36}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'sorts':>8}{'limit':>14}{'R, stored s':>14}")
    sort, found = 0.0, {}
    for name, task in TASKS.items():
        took = found[name] = taken(name, size)
        sort = sort or took["cpu"]
        limit = "" if task.limit is None else limit_text(task, holds(task, took, sort))
        print(line(name, took, sort, limit, task.r_seconds if size == COMPARISON else ""), flush=True)
    kept = all(holds(task, found[name], sort) for name, task in TASKS.items() if task.limit is not None)
    ratio = found["scores, 20 covariates"]["cpu"] / found["same, statsmodels.Logit"]["cpu"]
    print(f"all limits hold: {kept}; scores take {ratio:.0%} of the time of statsmodels.Logit")
    print(f"R 4.2.2, MatchIt 4.7.2 (glm.fit for scores), at {COMPARISON} comparison persons or a tenth: {STORED}")


def report_others(size: int) -> None:
    """numba and the named packages in the environment that has them, or their stored figures."""
    python = os.environ.get(PEERS)
    if not python:
        print(f"numba, psmpy and pymatchit-causal were not run ({PEERS} names no Python); {STORED}:")
        print(STORED_OTHERS)
        return
    with tempfile.TemporaryDirectory() as cache:
        found = {name: taken(name, size, python, cache) for name in COMPILED}
        kept = all(found[name]["cpu"] <= SORTS_NUMBA * found[SORT]["cpu"] for name in COMPILED[1:])
        print(f"with numba (limit {SORTS_NUMBA} sorts holds: {kept})")
        for name, took in found.items():
            print(line(name, took, found[SORT]["cpu"]))
        print(f"{'other packages':36}{'cpu s':>8}{'wall s':>8}{'peak GB':>9}{'ours':>8}")
        others = {name: taken(name, size, python, cache) for name in OTHERS}
        for name, took in others.items():
            print(line(name, took, next(iter(others.values()))["cpu"]))


def report_equality() -> None:
    """The total distance that R's stored result has, from the same persons."""
    for comparison, expected in R_TOTAL_DISTANCE.items():
        treated, score = persons("poor", comparison)
        total = match_distance(score, treated, MatchingSpec(caliper=None)).pairs["distance"].sum()
        same = abs(total - expected) < 1e-8
        print(f"poor overlap at {comparison}: total distance {total:.6f}, equal to R's stored one: {same}")


def main(size: int) -> None:
    report_ours(size)
    report_equality()
    report_others(size)
    print(f"numpy {version('numpy')}, scipy {version('scipy')}, pandas {version('pandas')}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run_one(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else COMPARISON)
