"""How often the intervals of the sensitivity analysis hold the truth at the worst allowed trends, and what they take.

    python benchmarks/soak_honest.py [draws]

Estimates are drawn around trends that use the whole of what a restriction allows, without any effect. Coverage of 95 %
intervals must be at least 95 % within simulation error (and is above it where the worst trend is not the one drawn).
Written-out moments are held to linear programs of random problems, pre-trend power to draws. Seconds stand beside.
Exit code 1 outside.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter

import numpy as np
from scipy.optimize import linprog
from scipy.stats import norm

from analysis.sensitivity.honest_did.event_study import EventStudy
from analysis.sensitivity.honest_did.intervals import breakdown, robust_interval
from analysis.sensitivity.honest_did.moments import relative_moments, smooth_moments
from analysis.sensitivity.pretrend_power import detectable, missed

DRAWS, PROGRAMS = 3_000, 400
METHODS = (
    ("smoothness", "fixed_length"),
    ("smoothness", "hybrid"),
    ("relative_magnitudes", "hybrid"),
    ("relative_magnitudes", "conditional"),
)
SIZES = ((1, 1), (5, 2), (8, 4))
LEVEL, ERRORS, SECONDS = 0.95, 3.5, 2.0


def invented(before: int, after: int, rng: np.random.Generator, *, first: bool = True) -> EventStudy:
    """An event study against one reference: errors of neighbouring periods go together, and the reference's in all."""
    size = before + after
    times = np.delete(np.arange(size + 1), before)
    apart = np.abs(times[:, None] - times[None, :])
    target = np.eye(1, after)[0] if first else np.full(after, 1 / after)
    return EventStudy(rng.normal(size=size), 0.6**apart + 0.5, before, target)


def worst_trend(study: EventStudy, restriction: str, bound: float) -> np.ndarray:
    """The trend (R,) that pulls the target up by the most: bends of `bound` throughout, or steps `bound` times the
    only large one before, which is next to the start and 5 standard errors."""
    times = np.concatenate([np.arange(-study.n_before, 0), np.arange(1, study.n_after + 1)]).astype("float64")
    if restriction == "smoothness":
        return bound * times**2 / 2
    before = np.where(times < 0, -5.0, 0.0)
    return np.where(times > 0, 5.0 * bound * times, before)


def coverage(study: EventStudy, restriction: str, method: str, bound: float, draws: int, seed: int) -> float:
    """Share of draws whose interval holds the true target, 0, under the worst trend."""
    root, rng = np.linalg.cholesky(study.covariance), np.random.default_rng(seed)
    trend, held = worst_trend(study, restriction, bound), 0
    for _ in range(draws):
        drawn = EventStudy(trend + root @ rng.normal(size=len(trend)), study.covariance, study.n_before, study.target)
        found = robust_interval(drawn, bound, restriction=restriction, method=method, level=LEVEL)
        held += not found.excludes(0.0)
    return held / draws


def coverage_lines(draws: int) -> Iterator[tuple[str, bool]]:
    yield f"95 % intervals at the worst trend, {draws} draws each", True
    yield f"{'restriction':>20}{'method':>14}{'before':>7}{'after':>6}{'bound':>6}{'coverage':>10}", True
    least = LEVEL - ERRORS * np.sqrt(LEVEL * (1 - LEVEL) / draws)
    for restriction, method in METHODS:
        for before, after in SIZES:
            for bound in (0.0, 0.5):
                study = invented(before, after, np.random.default_rng(1), first=after < 4)
                share = coverage(study, restriction, method, bound, draws, seed=2)
                text = f"{restriction:>20}{method:>14}{before:>7}{after:>6}{bound:>6}{100 * share:>9.2f}%"
                yield text, share >= least


def program_gap(number: int) -> float:
    """Largest distance between the written-out statistic and the linear program's, over random problems."""
    rng, widest = np.random.default_rng(3), 0.0
    for _ in range(number):
        before, after = rng.integers(1, 8, size=2)
        half = rng.normal(size=(before + after, 2 * (before + after)))
        target = rng.normal(size=after) * (rng.random(after) < 0.7)
        target[0] += not target.any()
        study = EventStudy(rng.normal(size=before + after), half @ half.T / 9, int(before), target)
        bound, value = float(rng.exponential()), float(rng.normal())
        restriction = ("smoothness", "relative_magnitudes")[rng.integers(2)]
        widest = max(widest, _gap(study, restriction, bound, value))
    return widest


def _gap(study: EventStudy, restriction: str, bound: float, value: float) -> float:
    """Of one problem: the least eta with (rows (estimates − effects) − limits)/errors <= eta, target'effects given."""
    p, steps = study.n_before, study.differences
    smooth = restriction == "smoothness"
    inner = np.diff(steps, axis=0)[p - 1 :] if smooth else steps[p:]
    rooms = [np.zeros(len(study.estimates))] if smooth else [*bound * steps[:p], *-bound * steps[:p]]
    moments = (smooth_moments if smooth else relative_moments)(study, bound)
    mine = moments.at(np.full((len(rooms), 1), value)).max(axis=2)[:, 0]
    found = []
    for room in rooms:
        rows = np.vstack([inner - room, -inner - room])
        limits = np.full(len(rows), bound if smooth else 0.0)
        errors = np.sqrt(np.einsum("ij,jk,ik->i", rows, study.covariance, rows))
        a_ub = -np.column_stack([rows[:, p:], errors])
        b_ub = limits - rows @ study.estimates
        aim = np.append(np.zeros(study.n_after), 1.0)
        equal = np.append(study.target, 0.0)[None, :]
        found.append(linprog(aim, A_ub=a_ub, b_ub=b_ub, A_eq=equal, b_eq=[value], bounds=(None, None)).fun)
    return float(np.abs(mine - found).max())


def power_lines(draws: int) -> Iterator[tuple[str, bool]]:
    yield "", True
    yield "the line that the pre-test shows in 80 of 100 samples: power in draws, and the mean of those that pass", True
    for before, after in SIZES:
        study = invented(before, after, np.random.default_rng(4))
        found = detectable(study, share=0.8)
        trend, number = np.concatenate([found.before, found.after]), 50 * draws
        drawn = np.random.default_rng(5).multivariate_normal(trend, study.covariance, number)
        errors = norm.ppf((1 + LEVEL) / 2) * np.sqrt(np.diag(study.covariance)[:before])
        kept = drawn[(np.abs(drawn[:, :before]) <= errors).all(axis=1)][:, before:]
        off = np.abs(kept.mean(axis=0) - found.expected_after) / (kept.std(axis=0) / np.sqrt(len(kept)))
        share = 1 - len(kept) / number
        within = abs(share - 0.8) < ERRORS * np.sqrt(0.16 / number) and off.max() < ERRORS + 0.5
        yield f"{before:>7}{after:>6}  power {100 * share:.2f}%, means off by {off.max():.1f} simulation errors", within


def time_lines() -> Iterator[tuple[str, bool]]:
    yield "", True
    yield "seconds", True
    for before, after in ((5, 2), (24, 36)):
        drawn = invented(before, after, np.random.default_rng(6), first=False)
        study = EventStudy(drawn.estimates / 10 + 4, drawn.covariance, before, drawn.target)
        for name, task in tasks(study):
            start = perf_counter()
            task()
            taken = perf_counter() - start
            yield f"{before:>7}{after:>4}  {name:<46}{taken:>8.3f}", taken < SECONDS or "interval" not in name


def tasks(study: EventStudy) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed, by name."""
    for restriction, method in METHODS:
        name, how = f"{restriction} {method}", {"restriction": restriction, "method": method}
        yield f"interval {name}", partial(robust_interval, study, 0.01, **how)
        yield f"breakdown {name}", partial(breakdown, study, **how)
    yield "power of the pre-test", partial(missed, study, 0.1)
    yield "slope shown", partial(detectable, study)


def lines(draws: int) -> Iterator[tuple[str, bool]]:
    """The tables, and whether each line is within its bounds."""
    yield from coverage_lines(draws)
    yield "", True
    gap = program_gap(PROGRAMS)
    yield f"largest moment against linear programs, {PROGRAMS} random problems: off by at most {gap:.1e}", gap < 1e-6
    yield from power_lines(draws)
    yield from time_lines()


def main(draws: int) -> int:
    """Print the tables; 1 where a bound is broken."""
    held = True
    for line, within in lines(draws):
        print(line if within else f"{line}   OUTSIDE", flush=True)
        held &= within
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS))
