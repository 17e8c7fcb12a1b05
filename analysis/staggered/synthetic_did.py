"""Synthetic difference-in-differences: donors and months before weighted so that the comparison runs in parallel.

Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), American Economic Review 111(12); several adoption months by
cohort as in Clarke, Pailanir, Athey and Imbens (2023), IZA DP 15907.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.staggered.block_averages import (
    Averages,
    Block,
    averages_of,
    before_of,
    donor_weights,
    estimate_table,
    path_table,
    weight_table,
)
from analysis.staggered.design import NEVER, Design
from analysis.staggered.estimated import Estimated
from analysis.staggered.inference import Uncertainty, few_treated_rule, uncertainty
from analysis.staggered.permutation import Permutation
from analysis.staggered.placebo_units import PlaceboSets, Slots, placebo_rank, placebo_sets
from analysis.staggered.simplex import simplex_weights
from analysis.staggered.synthetic_fit import FEW_DONORS, FEWEST_BEFORE, POOR_FIT, SHORT, Choices, rms
from analysis.staggered.unit_panel import FEWEST_DONORS, UnitPanel, spread

NAME = "synthetic_did"
MONTH = "month"
PLACEBO = "placebo"
PATHS = ["unit", "group", "month", "observed", "synthetic", "gap"]


@dataclass(frozen=True)
class SyntheticDid:
    """`estimated`: None when no cohort has a usable fit; `reason` then tells why, and is empty otherwise.

    `paths` (path_table): the mean of a cohort's treated units, and its donors moved to its level before. `fit`, a row
    per cohort: group, unit, units, donors, months, zeta, rmspe_before, spread, effective_donors, effective_months,
    unique (time weights), reason. `donors`: unit, group, donor, weight; `time_weights`: group, month, weight.
    `placebos` (B, R): the estimates of units that never adopted, None where too few are left; `rank` of the size of
    each estimate among them; `uncertainty` from their variance (inference placebo).
    """

    estimated: Estimated | None
    reason: str
    paths: pd.DataFrame
    fit: pd.DataFrame
    donors: pd.DataFrame
    time_weights: pd.DataFrame
    placebos: np.ndarray | None
    rank: Permutation | None
    uncertainty: Uncertainty | None


def synthetic_did(
    panel: UnitPanel,
    design: Design,
    choices: Choices | None = None,
    *,
    level: float = 0.95,
    ledger: pd.DataFrame | None = None,
) -> SyntheticDid:
    """The average effect by synthetic difference-in-differences, cohort by cohort. `ledger` of `unit_panel`.

    τ_t = (ȳ_t − Σ_s λ_s ȳ_s) − Σ_j ω_j (y_jt − Σ_s λ_s y_js), ȳ over the cohort's treated units, s over months before.
    ω on the simplex: least Σ_s (ω_0 + Σ_j ω_j y_js − ȳ_s)² + ζ²·S·Σω², ζ = (N·T)^¼·σ with N treated units, T months
    after and σ the standard deviation of donors' monthly changes before. λ likewise over donors, without a penalty: the
    limit of the authors' 1e-6. Donors never adopt in the window. `choices.intercept` and its covariates do not apply.
    """
    choices = choices or Choices()
    groups = np.unique(panel.adoption[panel.adoption < NEVER])
    tried = [_cohort(panel, np.flatnonzero(panel.adoption == g), int(g), design, choices) for g in groups]
    kept = [cohort for cohort in tried if not cohort.reason]
    blocks = [cohort.block for cohort in tried if cohort.block is not None]
    made = averages_of([cohort.block for cohort in kept], panel.months) if kept else None
    estimated = None if made is None else _estimated(panel, design, kept, made, _ledger(panel, tried, ledger))
    sets, placebos = (None, None) if made is None else _placebos(panel, kept, made, design, choices)
    return SyntheticDid(
        estimated=estimated,
        reason="" if kept else ", ".join(sorted({cohort.reason for cohort in tried})),
        paths=path_table(blocks, panel) if blocks else pd.DataFrame(columns=PATHS),
        fit=pd.DataFrame([cohort.row(panel) for cohort in tried]),
        donors=donor_weights(blocks, panel).drop(columns="part"),
        time_weights=_time_weights(panel, tried).drop(columns="kind"),
        placebos=placebos,
        rank=None if placebos is None else _rank(estimated, placebos, sets, choices),
        uncertainty=None if placebos is None else _uncertainty(estimated, placebos, sets, level),
    )


@dataclass(frozen=True)
class _Cohort:
    """Those who adopted in one month: weights of donors in `block`, of months before in `months` (T,), 0 after.

    `sizes` (N,): what each of the `units` weighs.
    """

    units: np.ndarray
    sizes: np.ndarray
    group: int
    before: np.ndarray
    donors: np.ndarray
    block: Block | None
    months: np.ndarray
    zeta: float
    rmspe: float
    spread: float
    unique: bool
    reason: str

    def row(self, panel: UnitPanel) -> dict:
        known = {"group": self.group, "unit": ", ".join(panel.names[self.units]), "units": len(self.units)}
        known |= {"donors": len(self.donors), "months": int(self.before.sum()), "zeta": self.zeta}
        known |= {"rmspe_before": self.rmspe, "spread": self.spread}
        effective = (np.nan, np.nan)
        if self.block is not None:
            effective = (1 / (self.block.weights**2).sum(), 1 / (self.months**2).sum())
        known |= dict(zip(("effective_donors", "effective_months"), effective, strict=True))
        return known | {"unique": self.unique, "reason": self.reason}


def _cohort(panel: UnitPanel, units: np.ndarray, group: int, design: Design, choices: Choices) -> _Cohort:
    """The fit of the treated `units`; the donors are those that can stand in for each of them."""
    before = before_of(panel.months, group, design)
    pools = [set(panel.donors(int(unit), neighbours=choices.neighbours).tolist()) for unit in units]
    donors = np.array(sorted(set.intersection(*pools)), dtype=np.int64)
    reason = SHORT if before.sum() < FEWEST_BEFORE else FEW_DONORS if len(donors) < FEWEST_DONORS else ""
    sizes = panel.n[units].mean(axis=1) if choices.by_persons else np.ones(len(units))
    nothing = np.zeros(len(panel.months))
    if reason:
        return _Cohort(units, sizes, group, before, donors, None, nothing, np.nan, np.nan, np.nan, False, reason)
    found = _fitted(panel, units, sizes, group, before, donors)
    good = found.rmspe <= choices.gate * found.spread and found.spread > 0
    return found if good else replace(found, reason=POOR_FIT)


def _fitted(
    panel: UnitPanel, units: np.ndarray, sizes: np.ndarray, group: int, before: np.ndarray, donors: np.ndarray
) -> _Cohort:
    own, others, after = sizes @ panel.y[units] / sizes.sum(), panel.y[donors], panel.months >= group
    zeta = _zeta(others[:, before], len(units) * int(after.sum()))
    omega = simplex_weights(others[:, before].T, own[before], ridge=zeta**2 * before.sum(), intercept=True)
    lam = simplex_weights(others[:, before], others[:, after].mean(axis=1), intercept=True)
    months = np.zeros(len(panel.months))
    months[before] = lam.weights
    synthetic = omega.weights @ others
    level = float(months @ (own - synthetic))
    block = Block(units, group, donors, omega.weights, own, synthetic + level, float(sizes.sum()))
    apart = (own - synthetic)[before]
    width = spread(np.vstack([panel.y[units], others])[:, before])
    fit = rms(apart - apart.mean())
    return _Cohort(units, sizes, group, before, donors, block, months, zeta, fit, width, lam.unique, "")


def _zeta(before: np.ndarray, treated: int) -> float:
    """(N·T)^¼·σ with the divisor n − 1, as the authors' code has it (their equation 5 divides by n)."""
    changes = np.diff(before, axis=1)
    return float(treated**0.25 * changes.std(ddof=1))


def _estimated(
    panel: UnitPanel, design: Design, kept: Sequence[_Cohort], made: Averages, ledger: pd.DataFrame
) -> Estimated:
    blocks = [cohort.block for cohort in kept]
    used = np.unique(np.concatenate([part for block in blocks for part in (block.units, block.donors)]))
    several = sum(len(block.units) for block in blocks) > 1
    return Estimated(
        name=NAME,
        design=design,
        table=estimate_table(blocks, made, panel),
        offices=panel.names[used],
        weights=weight_table(blocks, made, panel, _time_weights(panel, kept)),
        left_out=np.array([_without(panel, kept, made, int(unit)) for unit in used]) if several else None,
        ledger=ledger,
    )


def _without(panel: UnitPanel, kept: Sequence[_Cohort], made: Averages, unit: int) -> np.ndarray:
    """Estimates (R,) without a unit, the weights as they are but adding up to 1 (algorithm 3 of the authors).

    A cohort of one unit goes out of the averages with it, and its own are NaN; so is all that rests on one donor.
    """
    gaps, sizes = [], []
    for cohort in kept:
        block = cohort.block
        treated, donors = cohort.sizes * (block.units != unit), block.weights * (block.donors != unit)
        sizes.append(treated.sum())
        if treated.sum() == 0:
            gaps.append(np.zeros(len(panel.months)))
            continue
        with np.errstate(invalid="ignore"):
            gap = treated @ panel.y[block.units] / treated.sum() - donors @ panel.y[block.donors] / donors.sum()
        gaps.append(gap - cohort.months @ gap)
    return made.resized(sizes).of(np.array(gaps))


def _ledger(panel: UnitPanel, tried: Sequence[_Cohort], ledger: pd.DataFrame | None) -> pd.DataFrame:
    """The ledger with the cohorts whose fit is not usable."""
    persons = panel.n.max(axis=1)
    rows = [(c.reason, c.group, int(persons[c.units].sum()), len(c.units)) for c in tried if c.reason]
    own = pd.DataFrame(rows, columns=["reason", "group", "persons", "offices"])
    return own if ledger is None else pd.concat([ledger, own], ignore_index=True) if rows else ledger


def _time_weights(panel: UnitPanel, cohorts: Sequence[_Cohort]) -> pd.DataFrame:
    rows = [
        (cohort.group, int(month), weight, MONTH)
        for cohort in cohorts
        if cohort.block is not None
        for month, weight in zip(panel.months, cohort.months, strict=True)
        if weight > 0
    ]
    return pd.DataFrame(rows, columns=["group", "month", "weight", "kind"])


def _placebos(
    panel: UnitPanel, kept: Sequence[_Cohort], made: Averages, design: Design, choices: Choices
) -> tuple[PlaceboSets | None, np.ndarray | None]:
    """Estimates (B, R) of sets of donors in the place of the treated, who are taken out (the authors' algorithm 4)."""
    slots = [Slots(cohort.group, tuple(cohort.donors.tolist()), len(cohort.units)) for cohort in kept]
    least = min(len(cohort.donors) for cohort in kept) - sum(slot.count for slot in slots)
    if least < FEWEST_DONORS:
        return None, None
    sets = placebo_sets(slots, limit=choices.refits, draws=choices.refits, seed=choices.seed)
    ends = np.cumsum([slot.count for slot in slots])[:-1]
    gaps = []
    for drawn in sets.units:
        adoption, given = panel.adoption.copy(), list(zip(slots, np.split(drawn, ends), strict=True))
        for slot, units in given:
            adoption[units] = slot.group
        moved = replace(panel, adoption=adoption)
        gaps.append([_placebo_gap(moved, units, slot.group, design, choices) for slot, units in given])
    return sets, made.of(np.array(gaps))


def _placebo_gap(panel: UnitPanel, units: np.ndarray, group: int, design: Design, choices: Choices) -> np.ndarray:
    found = _cohort(panel, units, group, design, choices)
    return np.full(len(panel.months), np.nan) if found.block is None else found.block.gap


def _rank(estimated: Estimated, placebos: np.ndarray, sets: PlaceboSets, choices: Choices) -> Permutation:
    observed = np.abs(estimated.table["estimate"].to_numpy())
    return placebo_rank(observed, np.abs(placebos), sets, randomised=choices.randomised)


def _uncertainty(estimated: Estimated, placebos: np.ndarray, sets: PlaceboSets, level: float) -> Uncertainty:
    """The variance of the placebos, with Student's t on one degree of freedom less than there are donors.

    The authors use the normal; with ten donors that would be too sure of a variance that ten units tell.
    """
    known = placebos[np.isfinite(placebos).all(axis=1)]
    apart = known - known.mean(axis=0)
    donors = int(estimated.table["n_offices_comparison"].max())
    how = "all" if sets.enumerated else f"drawn, seed {sets.seed}"
    table = estimated.table
    found = uncertainty(
        table["estimate"].to_numpy(), apart.T @ apart / len(known), float(donors - 1), inference=PLACEBO,
        convention=f"variance of {len(known)} placebos ({how}) among {donors} donors, t({donors - 1})",
        cluster_level="donor", n_clusters=donors, level=level, scale=float(table["base_rate"].abs().max()),
    )  # fmt: skip
    return few_treated_rule(found, table["n_offices_treated"].to_numpy(dtype="float64"))
