"""Simulated staggered adoption: the cohort's offices, adoption dates and persons a month, outcomes made up."""

import math
from dataclasses import dataclass, replace

import numpy as np

from analysis.card_staggered import HEADLINE
from analysis.cards import Card
from analysis.certify.draws import Drawn
from analysis.office_cells import arrays_of, design_of, is_panel
from analysis.problems import Problem, ProblemsFound
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import NEVER
from analysis.staggered.parameters import parameters
from analysis.staggered.result import cell_result
from analysis.staggered_analysis import Source, main_horizon, ranked

HEADING = "Innføringen kan ikke simuleres:"
# Shares stay inside, so that a chance of yes is one.
LEAST = 0.005


@dataclass(frozen=True)
class StaggeredStructure:
    """`arrays`: persons by office, adoption and month (outcomes are replaced); `by_month` (T,): share of those not yet
    treated; `office_sd`: spread of offices' own level; `month_sd`: of an office's level from month to month, beyond
    that of persons; `serial`: its lag-one correlation."""

    arrays: CellArrays
    by_month: np.ndarray
    office_sd: float
    month_sd: float
    serial: float

    def told(self) -> dict[str, float]:
        """Plain data for the certificate."""
        return {
            "offices_treated": int((self.arrays.n.sum(axis=2)[:, self.arrays.cohorts < NEVER] > 0).any(axis=1).sum()),
            "offices": len(self.arrays.offices),
            "months": len(self.arrays.months),
            "persons": int(self.arrays.n.sum()),
            "share": float(self.by_month.mean()),
            "office_sd": self.office_sd,
            "month_sd": self.month_sd,
            "serial": self.serial,
        }


def structure(card: Card, source: Source) -> StaggeredStructure:
    """From the cells of the main outcome and horizon, months before adoption only."""
    if is_panel(card) or card.staggered.estimator != HEADLINE:
        what = "simulering finnes for nye personer hver måned og med standardmetoden."
        raise ProblemsFound(HEADING, [Problem("staggered", what)])
    arrays = arrays_of(source.cells, card.outcomes.primary, main_horizon(card), card.staggered.unit)
    return structure_of(arrays)


def structure_of(arrays: CellArrays) -> StaggeredStructure:
    """Shares, spread and serial correlation of cells not yet treated.

    The variance of a cell about its office and month is that of its persons, p(1 − p)/n, and `month_sd`² beyond it;
    that of the office's mean is `office_sd`² and what the months leave. Neither is below 0.
    """
    clean = (arrays.months[None, :] < arrays.cohorts[:, None])[None] & (arrays.n > 0)
    n, y = (np.where(clean, values, 0.0).sum(axis=1) for values in (arrays.n, arrays.wy + arrays.centre * arrays.w))
    total = n.sum(axis=0)
    overall = float(y.sum() / n.sum())
    by_month = np.where(total > 0, y.sum(axis=0) / np.maximum(total, 1), overall)
    rest = np.where(n > 0, y / np.maximum(n, 1) - by_month, np.nan)
    own = np.array([np.nanmean(row) if np.isfinite(row).any() else np.nan for row in rest])
    within = rest - own[:, None]
    noise = overall * (1 - overall) / np.where(n > 0, n, np.nan)
    month_variance = max(float(np.nanmean(within**2 - noise)), 0.0)
    seen = np.maximum(np.isfinite(rest).sum(axis=1), 1)
    left = (month_variance + np.nanmean(noise)) / seen
    office_variance = max(float(np.nanvar(own, ddof=1) - left[np.isfinite(own)].mean()), 0.0)
    serial = _serial(within, month_variance)
    return StaggeredStructure(arrays, by_month, math.sqrt(office_variance), math.sqrt(month_variance), serial)


def _serial(within: np.ndarray, variance: float) -> float:
    """Lag-one covariance of office-months over their variance beyond persons, in [0, 0.95]."""
    if variance <= 0:
        return 0.0
    return float(np.clip(np.nanmean(within[:, 1:] * within[:, :-1]) / variance, 0.0, 0.95))


def study(card: Card, made: StaggeredStructure, effect: float, rng: np.random.Generator) -> Drawn:
    """One study with the same `effect` in every month after adoption, analysed as the headline is.

    The interval is the headline's; where too few adopted for one, the rank of the estimate is its test.
    """
    design = replace(design_of(card), aggregates=("simple",))
    try:
        found = cell_effects(simulated(made, effect, rng), design)
        options = {"outcome": card.outcomes.primary, "seed": 0, "level": card.inference.level}
        result = cell_result(found, design, **options)
    except ProblemsFound:
        return Drawn(math.nan)
    place = int(np.flatnonzero(result.table["term"].eq("simple"))[0])
    sure = result.uncertainty()
    estimate, low = float(result.table["estimate"].iloc[place]), float(sure.conf_low[place])
    if math.isfinite(low):
        return Drawn(estimate, low, float(sure.conf_high[place]), float(sure.p_value[place]))
    rank = ranked(card, found, parameters(found.group_time, design, cells=found).of_sample)
    return Drawn(estimate, p_value=float(rank.share[place]))


def simulated(made: StaggeredStructure, effect: float, rng: np.random.Generator) -> CellArrays:
    """Cells with drawn outcomes: office level normal, months AR(1) about it, persons binomial."""
    arrays = made.arrays
    offices, months = len(arrays.offices), len(arrays.months)
    level = rng.normal(0, made.office_sd, offices)[:, None] + _walk(made, offices, months, rng)
    after = arrays.months[None, :] >= arrays.cohorts[:, None]
    share = made.by_month + level[:, None, :] + effect * after[None]
    n = arrays.n.astype(np.int64)
    y = rng.binomial(n, np.clip(share, LEAST, 1 - LEAST)).astype(float)
    w = arrays.n.astype(float)
    centre = float(y.sum() / w.sum())
    return replace(arrays, w=w, wy=y - centre * w, centre=centre)


def _walk(made: StaggeredStructure, offices: int, months: int, rng: np.random.Generator) -> np.ndarray:
    """AR(1) with standard deviation `month_sd` (offices, months)."""
    shocks = rng.normal(0, made.month_sd, (offices, months))
    walk = shocks.copy()
    for month in range(1, months):
        walk[:, month] = made.serial * walk[:, month - 1] + math.sqrt(1 - made.serial**2) * shocks[:, month]
    return walk
