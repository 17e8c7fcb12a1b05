"""Simulated staggered adoption: the cohort's offices, adoption dates and persons a month, outcomes made up."""

import math
from dataclasses import dataclass, replace

import numpy as np

from analysis.card_staggered import HEADLINE
from analysis.cards import Card
from analysis.certify.draws import Drawn
from analysis.office_cells import arrays_of, design_of
from analysis.problems import Problem, ProblemsFound
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import CellEffects, cell_effects
from analysis.staggered.design import NEVER
from analysis.staggered.parameters import parameters
from analysis.staggered.result import StaggeredResult, cell_result
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


def stop_unless_headline(card: Card) -> None:
    """Raises ProblemsFound where the conclusion rests on an estimator that is not simulated."""
    if card.staggered.estimator != HEADLINE:
        what = f"simulering finnes for {HEADLINE}, ikke for {card.staggered.estimator}."
        raise ProblemsFound(HEADING, [Problem("staggered.estimator", what)])


def structure(card: Card, source: Source) -> StaggeredStructure:
    """From the cells of the main outcome and horizon, months before adoption only."""
    return structure_of(arrays_of(source.cells, card.outcomes.primary, main_horizon(card), card.staggered.unit))


def structure_of(arrays: CellArrays, persistence: float = 0.0) -> StaggeredStructure:
    """Shares, spread and serial correlation of cells not yet treated.

    The variance of a cell about its office and month is that of its persons, p(1 − p)/n, and `month_sd`² beyond it;
    that of the office's mean is `office_sd`² and what the months leave. Neither is below 0. `persistence`: lag-one
    correlation of the same persons, of whose chance a part stays with the office's mean.
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
    stays = _mean_correlation(persistence, len(arrays.months))
    month_variance = max(float(np.nanmean(within**2 - (1 - stays) * noise)), 0.0)
    seen = np.maximum(np.isfinite(rest).sum(axis=1), 1)
    left = (month_variance + (1 - stays) * np.nanmean(noise)) / seen + stays * np.nanmean(noise)
    office_variance = max(float(np.nanvar(own, ddof=1) - left[np.isfinite(own)].mean()), 0.0)
    serial = _serial(within, month_variance)
    return StaggeredStructure(arrays, by_month, math.sqrt(office_variance), math.sqrt(month_variance), serial)


def _mean_correlation(persistence: float, months: int) -> float:
    """Mean of persistence^lag over pairs of different months."""
    if persistence == 0 or months < 2:
        return 0.0
    lags = np.arange(1, months)
    return float((persistence**lags * (months - lags)).sum() / (months * (months - 1) / 2))


def _serial(within: np.ndarray, variance: float) -> float:
    """Lag-one covariance of office-months over their variance beyond persons, in [0, 0.95]."""
    if variance <= 0:
        return 0.0
    return float(np.clip(np.nanmean(within[:, 1:] * within[:, :-1]) / variance, 0.0, 0.95))


def study(card: Card, made: StaggeredStructure, effect: float, rng: np.random.Generator) -> list[Drawn]:
    """One study with the same `effect` in every month after adoption, analysed as the headline is."""
    design = replace(design_of(card), aggregates=("simple",))
    try:
        found = cell_effects(simulated(made, effect, rng), design)
        options = {"outcome": card.outcomes.primary, "seed": 0, "level": card.inference.level}
        return [headline(card, cell_result(found, design, **options), found)]
    except ProblemsFound:
        return [Drawn(math.nan)]


def headline(card: Card, result: StaggeredResult, found: CellEffects | None = None) -> Drawn:
    """The average over groups and months with its interval; where too few adopted for one, its rank is the test."""
    place = int(np.flatnonzero(result.table["term"].eq("simple"))[0])
    sure = result.uncertainty()
    estimate, low = float(result.table["estimate"].iloc[place]), float(sure.conf_low[place])
    if math.isfinite(low) or found is None:
        return Drawn(estimate, low, float(sure.conf_high[place]), float(sure.p_value[place]))
    rank = ranked(card, found, parameters(found.group_time, result.design, cells=found).of_sample)
    return Drawn(estimate, p_value=float(rank.share[place]))


def simulated(made: StaggeredStructure, effect: float, rng: np.random.Generator) -> CellArrays:
    """Cells with drawn outcomes: office level normal, months AR(1) about it, persons binomial."""
    arrays = made.arrays
    level = levels(made, rng)
    after = arrays.months[None, :] >= arrays.cohorts[:, None]
    share = made.by_month + level[:, None, :] + effect * after[None]
    n = arrays.n.astype(np.int64)
    y = rng.binomial(n, np.clip(share, LEAST, 1 - LEAST)).astype(float)
    w = arrays.n.astype(float)
    centre = float(y.sum() / w.sum())
    return replace(arrays, w=w, wy=y - centre * w, centre=centre)


def levels(made: StaggeredStructure, rng: np.random.Generator) -> np.ndarray:
    """What each office lies above or below the rest, by month (O, T): a level of its own, and AR(1) about it."""
    offices, months = len(made.arrays.offices), len(made.arrays.months)
    shocks = rng.normal(0, made.month_sd, (offices, months))
    walk = shocks.copy()
    for month in range(1, months):
        walk[:, month] = made.serial * walk[:, month - 1] + math.sqrt(1 - made.serial**2) * shocks[:, month]
    return rng.normal(0, made.office_sd, offices)[:, None] + walk
