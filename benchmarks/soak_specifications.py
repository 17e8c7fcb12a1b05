"""How often the joint test of all declared analyses rejects when nothing happened, and when something did.

    python benchmarks/soak_specifications.py [draws]

Each draw is a new study of one design, its analyses and their permutations made by the functions that the run uses.
matched: 240 persons in eight strata of the score, five sets of weights and two horizons; the outcome depends on the
stratum, in one case also on a characteristic that the weights follow within it, which the permutation does not know.
trial: 18 offices of 10 to 60 persons, nine drawn, over persons and offices, adjusted and not. staggered: 18 offices
whose dates are drawn by lot, two comparisons and two averages. Bounds: without an effect, and with the outcome as the
test takes it to be, 3.5-6.5 % are rejected at 5 %. The rest is tabulated. Exit code 1 outside.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analysis.sensitivity.specification_curve import specification_curve
from analysis.specifications.trial import coefficients
from analysis.specifications.weighted import permuted_differences
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.covariates import Columns
from analysis.staggered.design import Design
from analysis.staggered.parameters import parameters
from analysis.staggered.permutation import drawn_assignments, estimates_of, office_cohorts
from analysis.trial_people import People
from analysis.trials.allocations import Allocation, allocations
from benchmarks.soak_did_coverage import STAGGERED, drawn

DRAWS, PERMUTED, LEVEL, BOUNDS = 2_000, 199, 0.05, (0.035, 0.065)
PERSONS, STRATA, OFFICES, ICC, BASE = 240, 8, 18, 0.05, 0.3
Study = Callable[[np.random.Generator, float, int], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Case:
    """`study` gives estimates (S,) and permuted estimates (B, S) of one draw."""

    name: str
    study: Study
    effect: float = 0.0
    bounded: bool = True


def matched(rng: np.random.Generator, effect: float, permuted: int, *, hidden: float = 0.0):
    """Weights that follow the stratum and a characteristic within it; `hidden`: how much the outcome follows that."""
    stratum, x = rng.integers(0, STRATA, PERSONS), rng.normal(size=PERSONS)
    treated = rng.random(PERSONS) < 0.1 + 0.5 * stratum / STRATA
    level = 0.15 + 0.05 * stratum[:, None] + np.array([0.0, 0.1]) + hidden * x[:, None] + effect * treated[:, None]
    values = (rng.random((PERSONS, 2)) < level).astype(float)
    values[rng.random((PERSONS, 2)) < 0.05] = np.nan
    share = np.array([treated[stratum == s].mean() if (stratum == s).any() else 0.5 for s in range(STRATA)])[stratum]
    odds = np.where(treated, 1.0, share / np.maximum(1 - share, 0.05))
    weights = [odds, odds * np.exp(0.4 * x), odds * (x > -0.5), np.where(share > 0.2, odds, 0.0), np.ones(PERSONS)]
    rows = np.repeat(weights, 2, axis=0)
    seed = int(rng.integers(1 << 31))
    return permuted_differences(rows, treated, values, [0, 1] * 5, stratum, draws=permuted, seed=seed)


def follows_hidden(rng: np.random.Generator, effect: float, permuted: int):
    """The same with an outcome that follows the characteristic."""
    return matched(rng, effect, permuted, hidden=0.12)


def trial(rng: np.random.Generator, effect: float, permuted: int):
    """Offices with shares of their own, nine of them drawn."""
    sizes = np.random.default_rng(5).integers(10, 61, OFFICES)
    office = np.repeat(np.arange(OFFICES), sizes)
    treated = np.isin(np.arange(OFFICES), rng.choice(OFFICES, OFFICES // 2, replace=False))
    x = rng.normal(size=len(office))
    own = rng.beta(BASE * (1 / ICC - 1), (1 - BASE) * (1 / ICC - 1), OFFICES)
    level = own[office] + 0.05 * x + effect * treated[office]
    y = (rng.random(len(office)) < level).astype(float)
    columns = Columns(names=("constant", "x"), values=np.column_stack([np.ones(len(office)), x]))
    people = People(y, office, treated, None, columns, None)
    seed = int(rng.integers(1 << 31))
    rows = allocations(Allocation(treated), limit=0, draws=permuted, seed=seed).treated
    ways = [(average, adjusted) for average in ("persons", "offices") for adjusted in (False, True)]
    every = np.column_stack([coefficients(people, rows, average=a, adjusted=b) for a, b in ways])
    return every[0], every[1:]


def staggered(rng: np.random.Generator, effect: float, permuted: int):
    """Offices whose dates of adoption were drawn by lot."""
    arrays = drawn(STAGGERED, OFFICES, rng, effect=effect > 0)
    arrays = arrays if effect else _moved(arrays, rng)
    dates, seen, found = None, [], []
    for control in ("never", "not_yet"):
        design = Design(control=control, aggregates=("simple", "group"))
        effects = cell_effects(arrays, design)
        cohort = office_cohorts(effects.arrays)
        if dates is None:
            dates = np.array(list(drawn_assignments(cohort, np.zeros(OFFICES, dtype=int), permuted, rng)))
        listed = parameters(effects.group_time, design, cells=effects)
        places = [listed.table["term"].tolist().index(term) for term in ("simple", "group_overall")]
        seen.append(listed.table["estimate"].to_numpy()[places])
        found.append(estimates_of(dates, effects.arrays, effects.plan, listed.of_sample)[:, places])
    return np.concatenate(seen), np.hstack(found)


def _moved(arrays: CellArrays, rng: np.random.Generator) -> CellArrays:
    """The offices' own histories under dates in another order: adoption by lot."""
    cohort = office_cohorts(arrays)[rng.permutation(OFFICES)]
    sums = {}
    for name in ("n", "w", "wy"):
        sums[name] = np.zeros_like(getattr(arrays, name))
        sums[name][np.arange(OFFICES), cohort] = getattr(arrays, name).sum(axis=1)
    return replace(arrays, **sums, sizes=sums["n"].sum(axis=2))


CASES = (
    Case("matched", matched),
    Case("matched, outcome within strata", follows_hidden, bounded=False),
    Case("matched, effect of 20 points", matched, effect=0.2, bounded=False),
    Case("trial", trial),
    Case("trial, effect of 15 points", trial, effect=0.15, bounded=False),
    Case("staggered", staggered),
    Case("staggered, effects to 12 points", staggered, effect=0.12, bounded=False),
)


def rejected(case: Case, draws: int, *, permuted: int = PERMUTED, seed: int = 8) -> float:
    """Part of the draws whose joint p-value of the median is at most 5 %."""
    rng, count = np.random.default_rng(seed), 0
    for _ in range(draws):
        seen, found = case.study(rng, case.effect, permuted)
        count += specification_curve(range(len(seen)), seen, found).median.p_value <= LEVEL
    return count / draws


def main(draws: int) -> int:
    kept = True
    print(f"joint test of all declared analyses at 5 %, {draws} draws of {PERMUTED} permutations")
    print(f"{'':34}{'rejected, % (sim. error)':>26}{'bound':>8}")
    for case in CASES:
        share = rejected(case, draws)
        holds = not case.bounded or BOUNDS[0] <= share <= BOUNDS[1]
        kept &= holds
        cell = f"{100 * share:.2f} ({100 * np.sqrt(share * (1 - share) / draws):.2f})"
        print(f"{case.name:34}{cell:>26}{('holds' if holds else 'BROKEN') if case.bounded else '-':>8}", flush=True)
    print(f"all bounds hold: {kept} (3.5-6.5 %)")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS))
