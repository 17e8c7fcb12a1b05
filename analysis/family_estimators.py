"""The estimators that stand beside Callaway and Sant'Anna's, by the names that cards and tables give them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analysis.card_staggered import GROUP_TIME, HEADLINE, SYNTHETIC, TRIPLE, Staggered
from analysis.outcomes import load_outcomes
from analysis.staggered.cell_arrays import SUMMED, CellArrays, within_window
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import NEVER, Design
from analysis.staggered.estimated import EFFECT, Estimated, of_group_time
from analysis.staggered.etwfe import etwfe, etwfe_logit
from analysis.staggered.imputation import imputation
from analysis.staggered.inference import FEW_TREATED
from analysis.staggered.local_projections import local_projections
from analysis.staggered.permutation import Permutation, all_assignments, n_assignments, office_cohorts
from analysis.staggered.stacked import stacked
from analysis.staggered.sun_abraham import sun_abraham
from analysis.staggered.two_stage import two_stage
from analysis.tables import ATT, REWEIGHTED

# Assignments of dates are tried one by one: cheap where a few units could have been the treated one.
CHEAP = 200
SAME_WEIGHT = 1e-8


@dataclass(frozen=True)
class Given:
    """What estimators are worked out from: cells of one outcome at one horizon, and the choices of the card."""

    arrays: CellArrays
    design: Design
    chosen: Staggered


Estimator = Callable[[Given], Estimated]

FROM_CELLS: dict[str, Estimator] = {
    "sun_abraham": lambda given: sun_abraham(given.arrays, given.design),
    "imputation": lambda given: imputation(given.arrays, given.design),
    "two_stage": lambda given: two_stage(given.arrays, given.design),
    "etwfe": lambda given: etwfe(given.arrays, given.design),
    "etwfe_logit": lambda given: etwfe_logit(given.arrays, given.design),
    "stacked": lambda given: stacked(given.arrays, given.design, window=tuple(given.chosen.stacked_window)),
    "local_projections": lambda given: local_projections(given.arrays, given.design),
}


def applicable(chosen: Staggered, outcome: str, arrays: CellArrays, design: Design) -> tuple[str, ...]:
    """Names of what is reckoned beside Callaway and Sant'Anna's, in the order of the report.

    What the card lists; otherwise all that apply: a logit for shares, triple differences where the card names a
    subgroup, synthetic controls where fewer than FEW_TREATED units adopted in the window.
    """
    named = (*GROUP_TIME, TRIPLE, *SYNTHETIC)
    if chosen.estimators is not None:
        return tuple(name for name in named if name in (*chosen.estimators, chosen.estimator))
    applies = dict.fromkeys(named, True)
    applies["etwfe_logit"] = load_outcomes()[outcome].kind == "share"
    applies[TRIPLE] = chosen.triple is not None
    applies |= dict.fromkeys(SYNTHETIC, 0 < treated_units(arrays, design) < FEW_TREATED)
    return tuple(name for name in named if applies[name] or name == chosen.estimator)


def treated_units(arrays: CellArrays, design: Design) -> int:
    """How many units adopted in the window."""
    inside, _ = within_window(arrays, design)
    return int((inside.n[:, inside.cohorts < NEVER] > 0).any(axis=(1, 2)).sum())


def weights_of_headline(arrays: CellArrays, design: Design) -> Estimated:
    """Callaway and Sant'Anna's from cells, for what it weighs."""
    return of_group_time(HEADLINE, cell_effects(arrays, design), replace(design, aggregates=("simple",)), left_out=None)


def estimand_of(found: Estimated, headline: Estimated) -> str:
    """ATT where the effects weigh as in Callaway and Sant'Anna's average, REWEIGHTED where they do not."""
    own, other = (_effect_weights(one) for one in (found, headline))
    same = own.keys() == other.keys() and all(abs(own[key] - other[key]) < SAME_WEIGHT for key in own)
    return ATT if same else REWEIGHTED


def _effect_weights(found: Estimated) -> dict[tuple[int, int], float]:
    rows = found.weights[found.weights["kind"].eq(EFFECT) & found.weights["weight"].ne(0)]
    keys = zip(rows["group"].astype("int64"), rows["month"].astype("int64"), strict=True)
    return dict(zip(keys, rows["weight"], strict=True))


def moved_rank(given: Given, estimator: Estimator, found: Estimated, *, randomised: bool) -> Permutation | None:
    """The rank of the overall average among all ways to hand the dates to the units; None where they are many.

    Estimates other than the overall one have no rank. An assignment without an estimate counts as far from 0.
    """
    arrays, _ = within_window(given.arrays, given.design)
    cohort = office_cohorts(arrays)
    strata = np.zeros(len(cohort), dtype=np.int64)
    if n_assignments(cohort, strata) > CHEAP:
        return None
    moved = [_overall(given, estimator, arrays, assigned) for assigned in all_assignments(cohort, strata)]
    observed = abs(found.overall())
    simple = found.table["term"].eq("simple").to_numpy(dtype=bool)
    rank = np.where(simple, sum(not abs(one) < observed * (1 - 1e-9) for one in moved), np.nan)
    name = "permutation" if randomised else "placebo_rank"
    return Permutation(name, rank / len(moved), rank, len(moved), True, None)


def _overall(given: Given, estimator: Estimator, arrays: CellArrays, assigned: np.ndarray) -> float:
    sums = {}
    for name in SUMMED:
        own = getattr(arrays, name).sum(axis=1)
        sums[name] = np.zeros_like(getattr(arrays, name))
        sums[name][np.arange(len(own)), assigned] = own
    return estimator(replace(given, arrays=replace(arrays, **sums))).overall()
