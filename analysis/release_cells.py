"""The headline worked out once more, from the released cells alone: what anybody can do who has only what is published.

An unadjusted difference of shares, or of their changes since the base where the headline is one of changes
(analysis/did.py). It takes no account of strata, covariates or offices, and has no interval: it shows how far the
headline stands from what the treated counts carry, and is no second headline.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.did import did_from_cells
from analysis.months import month_number

CHANGE, LEVEL = "change", "level"
# Estimators of changes since the base; the others compare how things were at the horizon.
OF_CHANGES = ("matched_did_2x2",)
OF_LEVELS = ("difference_in_means", "stratified_difference", "matched_difference", "office_average")
KINDS = {**dict.fromkeys(OF_CHANGES, CHANGE), **dict.fromkeys(OF_LEVELS, LEVEL)}
# Samples that a headline is of.
SAMPLES = ("matched", "all")
NEEDED = ["n", "sum_w", "sum_wy"]


def headline_from_cells(card: Card, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """`kind` (change or level), `estimate`, and `difference` from the published headline (None where that is hidden).

    `tables`: those that are published. None where a cell that it needs is hidden or not there, and for designs whose
    headline no such difference stands for.
    """
    primary = tables["estimates"][tables["estimates"]["role"].eq("primary")]
    if len(primary) != 1 or pd.isna(primary["horizon_months"].iloc[0]):
        return None
    row = primary.iloc[0]
    kind, horizon = KINDS.get(row["estimator"]), int(row["horizon_months"])
    used = None if kind is None else cells_behind(card, tables["cells"], row["outcome"], kind, horizon)
    found = None if used is None else difference_of(used)
    if found is None:
        return None
    apart = None if pd.isna(row["estimate"]) else round(found - float(row["estimate"]), 6)
    return {"kind": kind, "estimate": round(found, 6), "difference": apart}


def cells_behind(card: Card, cells: pd.DataFrame, outcome: str, kind: str, horizon: int) -> pd.DataFrame | None:
    """The cells of a difference: of both arms at the horizon (LEVEL), or at the base and the horizon (CHANGE).

    With `treated` (bool), sorted by time. None where one of them is hidden, empty or not there.
    """
    own = _own(card, cells, outcome)
    base = _base(card, own) if kind == CHANGE else None
    times = [horizon] if kind == LEVEL else [base, horizon]
    used = own[own["event_time"].isin(times)] if None not in times else own.iloc[:0]
    whole = used[NEEDED].notna().all(axis=None) and used["sum_w"].gt(0).all()
    if not whole or len(used.drop_duplicates(["treated", "event_time"])) != 2 * len(times):
        return None
    # The base is always before the horizon.
    return used.sort_values(["event_time", "treated"], kind="stable")


def difference_of(used: pd.DataFrame) -> float | None:
    """The difference that `cells_behind` are of: of levels with one time in them, of changes with two."""
    times = sorted(used["event_time"].unique())
    if len(times) == 2:
        names = {"pre": times[0], "post": times[1], "outcome": str(used["outcome"].iloc[0])}
        return did_from_cells(used, arm="treated", time="event_time", **names)
    sums = used.groupby("treated")[["sum_wy", "sum_w"]].sum()
    shares = sums["sum_wy"] / sums["sum_w"]
    found = float(shares[True] - shares[False])
    return found if math.isfinite(found) else None


def _own(card: Card, cells: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Cells of the outcome and the sample of the headline, of the arms that are compared."""
    roles = {arm.id: arm.role == "treated" for arm in card.arms if arm.role in ("treated", "comparison")}
    own = cells[cells["outcome"].eq(outcome) & cells["arm"].isin(list(roles))]
    sample = next((name for name in SAMPLES if own["sample"].eq(name).any()), None)
    own = own[own["sample"].eq(sample)] if sample else own.iloc[:0]
    return own.assign(treated=own["arm"].map(roles).astype(bool))


def _base(card: Card, cells: pd.DataFrame) -> int | None:
    """The time that changes are counted from, by which the cells are named."""
    if card.base_month is None:
        return card.base_period
    months = pd.to_numeric(cells["month"])
    at = cells.loc[months.eq(month_number(card.base_month)).fillna(False), "event_time"].dropna()
    return None if at.empty else int(at.iloc[0])
