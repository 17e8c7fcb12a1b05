"""Estimates worked out from released cells of groups: differences, changes of differences, means and shares.

Where counts were rounded, the estimate lies between the ends that interval arithmetic gives: a published count v stands
for the true counts `Profile.stands_for(v)`, a share for y/n between the least y over the largest n and the largest y
over the least n, and a difference for everything between differences of such ends. Sizes that stand in two shares are
taken as if they varied freely, so that the ends are never too near.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.bundle.reasons import HIDDEN, HIDDEN_CELLS, NO_ESTIMATE, OTHERS, PERSONS, STRATA, UNCERTAINTY
from analysis.bundle.rows import complete, whole_rows
from analysis.cards import Card
from analysis.disclosure.profiles import Profile
from analysis.group_curves import curve_rows
from analysis.proportions import wilson
from analysis.release_cells import CHANGE, KINDS, cells_behind, difference_of

OF_STRATA = ("stratified_difference", "difference_in_means")
# An average over offices is in no cell of an arm; nor are curves and areas, which have terms of their own.
OF_ARMS = frozenset(KINDS) - {"office_average"}
TERMS = ("risk_difference", "mean_difference")
SHARE, MEAN = "share", "group_mean"
# Groups as delivered: whom the share of a group alone is of.
DELIVERED = ("unmatched", "all")


def cell_rows(
    card: Card, released: pd.DataFrame, cells: pd.DataFrame, profile: Profile | None, common: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """A row (rows.py) for each released estimate that cells tell of.

    `released`: estimates with their `id`; `cells`: the released table; `profile` by which its counts were treated, None
    where they are as they were; `common`: what all rows of the cohort share, for `results.estimates`.
    """
    means = released["estimator"].eq(MEAN) & (profile is None)
    if means.any():
        yield from complete(whole_rows(curve_rows(card, cells), **common), released.loc[means, "id"])
    for row in released[~means].to_dict("records"):
        yield {"id": row["id"], **_of_row(card, row, cells, profile)}


def _of_row(card: Card, row: Mapping[str, Any], cells: pd.DataFrame, profile: Profile | None) -> dict[str, Any]:
    if pd.isna(row["estimate"]):
        return {"reason": HIDDEN if row["status"] == "estimated" else NO_ESTIMATE}
    if row["estimator"] == SHARE and profile is None:
        return _share(card, row, cells)
    if row["estimator"] in OF_ARMS and row["term"] in TERMS and pd.notna(row["horizon_months"]):
        return _difference(card, row, cells, profile)
    return {"reason": PERSONS}


def _difference(card: Card, row: Mapping[str, Any], cells: pd.DataFrame, profile: Profile | None) -> dict[str, Any]:
    kind = KINDS[row["estimator"]]
    used = cells_behind(card, cells, row["outcome"], kind, int(row["horizon_months"]))
    found = None if used is None else difference_of(used)
    if found is None:
        return {"reason": HIDDEN_CELLS}
    made = {"estimate": found, "interval": UNCERTAINTY}
    if card.trial is not None and card.trial.strata is not None and row["estimator"] in OF_STRATA:
        return made | {"reason": STRATA}
    if not _same_persons(row, used):
        return made | {"reason": OTHERS}
    return made if profile is None else made | _bounds(used, kind, profile)


def _same_persons(row: Mapping[str, Any], used: pd.DataFrame) -> bool:
    """Whether every cell counts as many as the estimate does; rounded, for all that is told."""
    sizes = used["treated"].map({True: row["n_treated"], False: row["n_comparison"]})
    return bool(used["n"].astype("float64").eq(sizes.astype("float64")).all())


def _bounds(used: pd.DataFrame, kind: str, profile: Profile) -> dict[str, float]:
    """The least and the largest difference that the true counts can give."""
    ends = [(0.0, 0.0)]
    last = used["event_time"].max()
    for cell in used.itertuples():
        before = kind == CHANGE and cell.event_time < last
        low, high = _share_ends(cell, profile, fewer=before)
        sign = (1 if cell.treated else -1) * (-1 if before else 1)
        ends.append((low, high) if sign > 0 else (-high, -low))
    return {"least": sum(low for low, _ in ends), "largest": sum(high for _, high in ends)}


def _share_ends(cell: Any, profile: Profile, *, fewer: bool) -> tuple[float, float]:
    """The least and the largest share that a cell's published counts stand for.

    `fewer`: the estimate may leave out persons of this cell who are not known later: as many as fit between two true
    sizes with the same published one, with or without the outcome.
    """
    (n_low, n_high), (y_low, y_high) = (profile.stands_for(int(value)) for value in (cell.n, cell.sum_y))
    lost = n_high - n_low if fewer else 0
    return max(0.0, y_low - lost) / n_high, min(1.0, y_high / max(n_low, 1))


def _share(card: Card, row: Mapping[str, Any], cells: pd.DataFrame) -> dict[str, Any]:
    """The share of the treated as delivered, with Wilson's interval."""
    own = cells[cells["arm"].eq(row["group"]) & cells["outcome"].eq(row["outcome"]) & cells["sample"].isin(DELIVERED)]
    told_once = pd.isna(row["horizon_months"])
    own = own[own["event_time"].isna()] if told_once else own[own["event_time"].eq(row["horizon_months"])]
    if len(own) != 1 or row["inference"] != wilson(1, 2).method:
        return {"reason": HIDDEN_CELLS if len(own) != 1 else PERSONS}
    yes, size = int(own["sum_y"].iloc[0]), int(own["n"].iloc[0])
    interval = wilson(yes, size, level=card.inference.level)
    return {"estimate": yes / size, "conf_low": interval.low, "conf_high": interval.high}
