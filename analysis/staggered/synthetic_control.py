"""Synthetic control: one or few treated units, each held against a weighted average of units that never adopted.

Abadie, Diamond and Hainmueller (2010), Journal of the American Statistical Association 105(490); with an intercept
Doudchenko and Imbens (2016), NBER WP 22791, and Ferman and Pinto (2021), Quantitative Economics 12(4).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.staggered.block_averages import (
    Averages,
    averages_of,
    block_averages,
    block_name,
    donor_weights,
    estimate_table,
    path_table,
    weight_table,
)
from analysis.staggered.design import NEVER, Design
from analysis.staggered.estimated import Estimated
from analysis.staggered.permutation import Permutation
from analysis.staggered.placebo_units import PlaceboSets, Slots, placebo_rank, placebo_sets
from analysis.staggered.synthetic_fit import Choices, UnitFit, ratio_of, rms
from analysis.staggered.unit_panel import UnitPanel

NAME, DEMEANED = "synthetic_control", "synthetic_control_demeaned"
PATHS = ["unit", "group", "month", "observed", "synthetic", "gap"]
PLACEBOS = ["unit", "donor", "rmspe_before", "rmspe_after", "ratio", "estimate"]
WITHOUT = ["unit", "donor", "weight", "estimate"]
IN_TIME = ["unit", "group", "estimate", "rmspe_before", "ratio"]


@dataclass(frozen=True)
class SyntheticControl:
    """`estimated`: None when no treated unit has a usable fit; `reason` then tells why, and is empty otherwise.

    `paths` (path_table) of every treated unit, also refused ones. `fit`, a row per treated unit: unit, group, months,
    donors, rmspe_before, spread, rmspe_after, ratio (after to before), unique (weights), reason. `donors`: unit, group,
    donor, weight. `placebos`, a row per treated unit and donor in its place: unit, donor, rmspe_before, rmspe_after,
    ratio, estimate; `placebo_paths`: unit, donor, month, gap. `rank` of the ratio of each estimate, with 1/`rank.n` the
    least there could be. `without_donor`: unit, donor, weight, estimate (simple, without that donor). `in_time`: unit,
    group, estimate, rmspe_before, ratio as if it had adopted half way through the months before.
    """

    estimated: Estimated | None
    reason: str
    paths: pd.DataFrame
    fit: pd.DataFrame
    donors: pd.DataFrame
    placebos: pd.DataFrame
    placebo_paths: pd.DataFrame
    rank: Permutation | None
    without_donor: pd.DataFrame
    in_time: pd.DataFrame


def synthetic_control(
    panel: UnitPanel, design: Design, choices: Choices | None = None, *, ledger: pd.DataFrame | None = None
) -> SyntheticControl:
    """The average effect on the treated units, each with its own synthetic control. `ledger` of `unit_panel`.

    Weights: least Σ over months before of (y_t − a − Σ w_j y_jt)², w on the simplex, a 0 without intercept; the effect
    in month t is y_t − a − Σ w_j y_jt. Donors never adopt in the window, whatever `design.control` says.
    """
    choices = choices or Choices()
    treated = np.flatnonzero(panel.adoption < NEVER)
    tried = [UnitFit.of(panel, int(unit), design, choices) for unit in treated]
    fits = [fit for fit in tried if not fit.reason]
    blocks = [fit.block for fit in tried if fit.block is not None]
    placebos = [_placebo_gaps(panel, fit, design, choices) for fit in fits]
    made = averages_of([fit.block for fit in fits], panel.months) if fits else None
    return SyntheticControl(
        estimated=None if made is None else _estimated(panel, design, choices, fits, made, _ledger(tried, ledger)),
        reason="" if fits else ", ".join(sorted({fit.reason for fit in tried})),
        paths=path_table(blocks, panel) if blocks else pd.DataFrame(columns=PATHS),
        fit=pd.DataFrame([fit.row() for fit in tried]),
        donors=donor_weights(blocks, panel).drop(columns="part"),
        placebos=_placebo_table(panel, fits, placebos),
        placebo_paths=_placebo_paths(panel, fits, placebos),
        rank=None if made is None else _rank(panel, fits, placebos, made, choices),
        without_donor=pd.DataFrame(_without_donor(panel, fits, made, design, choices), columns=WITHOUT),
        in_time=pd.DataFrame(_in_time(panel, fits, design, choices), columns=IN_TIME),
    )


def _estimated(
    panel: UnitPanel, design: Design, choices: Choices, fits: Sequence[UnitFit], made: Averages, ledger: pd.DataFrame
) -> Estimated:
    blocks = [fit.block for fit in fits]
    used = np.unique(np.concatenate([np.append(fit.unit, fit.donors) for fit in fits]))
    return Estimated(
        name=DEMEANED if choices.intercept else NAME,
        design=design,
        table=estimate_table(blocks, made, panel),
        offices=panel.names[used],
        weights=weight_table(blocks, made, panel),
        ledger=ledger,
    )


def _ledger(tried: Sequence[UnitFit], ledger: pd.DataFrame | None) -> pd.DataFrame:
    """The ledger with the treated units whose fit is not usable."""
    columns = ["reason", "group", "persons", "offices"]
    rows = [(fit.reason, fit.group, int(fit.panel.n[fit.unit].max()), 1) for fit in tried if fit.reason]
    own = pd.DataFrame(rows, columns=columns)
    return own if ledger is None else pd.concat([ledger, own], ignore_index=True) if rows else ledger


def _placebo_gaps(panel: UnitPanel, fit: UnitFit, design: Design, choices: Choices) -> np.ndarray:
    """Gaps (J, T) of each donor in the place of the treated unit, NaN where it has too few donors itself.

    With one treated unit it takes the donor's place among the donors, as in Abadie, Diamond and Hainmueller (2010), so
    that all units are treated alike if there is no effect. With several, treated units are never donors.
    """
    alone = int((panel.adoption < NEVER).sum()) == 1
    gaps = np.full((len(fit.donors), len(panel.months)), np.nan)
    for place, donor in enumerate(fit.donors):
        adoption = panel.adoption.copy()
        adoption[donor] = fit.group
        adoption[fit.unit] = NEVER if alone else fit.group
        found = UnitFit.of(replace(panel, adoption=adoption), int(donor), design, choices)
        if found.block is not None:
            gaps[place] = found.block.gap
    return gaps


def _rank(
    panel: UnitPanel, fits: Sequence[UnitFit], placebos: Sequence[np.ndarray], made: Averages, choices: Choices
) -> Permutation:
    """The rank of the ratio of RMSPE after to before: of simple and group averages over their months, of a dynamic
    average its size over the RMSPE before."""
    sets, order = _sets(fits, choices)
    ordered = [fits[k] for k in order]
    before = np.array([fit.before for fit in ordered])
    sizes = [fit.block.size for fit in ordered]
    made = block_averages([fit.group for fit in ordered], sizes, panel.months)
    gaps = np.stack(
        [placebos[k][np.searchsorted(fits[k].donors, sets.units[:, s])] for s, k in enumerate(order)], axis=1
    )
    observed = np.array([fit.block.gap for fit in ordered])
    return placebo_rank(
        _ratios(observed, made, before), _ratios(gaps, made, before), sets, randomised=choices.randomised
    )


def _sets(fits: Sequence[UnitFit], choices: Choices) -> tuple[PlaceboSets, list[int]]:
    """Placebo units of the fits, and the order of the fits that they are in."""
    alike: dict[tuple, list[int]] = {}
    for k, fit in enumerate(fits):
        alike.setdefault((fit.group, tuple(fit.donors.tolist()), fit.block.size), []).append(k)
    slots = [Slots(group, pool, len(members)) for (group, pool, _), members in alike.items()]
    sets = placebo_sets(slots, limit=choices.limit, draws=choices.draws, seed=choices.seed)
    return sets, [k for members in alike.values() for k in members]


def _ratios(gaps: np.ndarray, made: Averages, before: np.ndarray) -> np.ndarray:
    """Ratios (…, R) from gaps (…, B, T): RMSPE of the months of an average over that of its blocks before."""
    share = made.weights.sum(axis=2)
    mspe = np.where(before, gaps**2, 0.0).sum(axis=-1) / before.sum(axis=-1)
    dynamic = made.table["term"].eq("dynamic").to_numpy(dtype=bool)
    after = np.where(dynamic, made.of(gaps) ** 2, made.of(gaps**2))
    return ratio_of(np.sqrt(after), np.sqrt(mspe @ share.T))


def _without_donor(
    panel: UnitPanel, fits: Sequence[UnitFit], made: Averages | None, design: Design, choices: Choices
) -> Iterator[tuple]:
    """The simple average without each donor that weighs anything, the other treated units as they are."""
    for k, fit in enumerate(fits):
        for place in np.argsort(-fit.block.weights, kind="stable")[: int((fit.block.weights > 0).sum())]:
            found = UnitFit.of(panel, fit.unit, design, choices, without=int(fit.donors[place]))
            if found.block is None:
                continue
            gaps = np.array([(found if k == j else other).block.gap for j, other in enumerate(fits)])
            donor, weight = panel.names[fit.donors[place]], float(fit.block.weights[place])
            yield panel.names[fit.unit], donor, weight, float(made.of(gaps)[0])


def _in_time(panel: UnitPanel, fits: Sequence[UnitFit], design: Design, choices: Choices) -> Iterator[tuple]:
    """Each unit as if it had adopted half way through the months before, which are all that is looked at.

    Abadie, Diamond and Hainmueller (2015), American Journal of Political Science 59(2), section «placebo studies».
    """
    for fit in fits:
        own = panel.of_months(fit.before)
        adoption, start = own.adoption.copy(), int(own.months[len(own.months) // 2])
        adoption[fit.unit] = start
        found = UnitFit.of(replace(own, adoption=adoption), fit.unit, design, choices)
        if found.block is not None:
            row = found.row()
            effect = float(found.block.gap[own.months >= start].mean())
            yield row["unit"], start, effect, row["rmspe_before"], row["ratio"]


def _placebo_table(panel: UnitPanel, fits: Sequence[UnitFit], placebos: Sequence[np.ndarray]) -> pd.DataFrame:
    rows = []
    for fit, gaps in zip(fits, placebos, strict=True):
        after = panel.months >= fit.group
        for donor, gap in zip(fit.donors, gaps, strict=True):
            ends = rms(gap[fit.before]), rms(gap[after])
            name = block_name(fit.block, panel)
            rows.append((name, panel.names[donor], *ends, float(ratio_of(ends[1], ends[0])), float(gap[after].mean())))
    return pd.DataFrame(rows, columns=PLACEBOS)


def _placebo_paths(panel: UnitPanel, fits: Sequence[UnitFit], placebos: Sequence[np.ndarray]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"unit": panel.names[fit.unit], "donor": panel.names[donor], "month": panel.months, "gap": gap},
        )
        for fit, gaps in zip(fits, placebos, strict=True)
        for donor, gap in zip(fit.donors, gaps, strict=True)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["unit", "donor", "month", "gap"])
