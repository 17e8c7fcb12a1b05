"""Rows of the table of estimates from synthetic controls and synthetic difference-in-differences."""

from collections.abc import Iterator
from typing import Any

from analysis.months import month_text
from analysis.staggered import synthetic_control as control
from analysis.staggered import synthetic_did as did
from analysis.staggered.estimated import estimated_rows
from analysis.staggered.rows import uncertain
from analysis.staggered.synthetic_control import SyntheticControl
from analysis.staggered.synthetic_did import SyntheticDid

RANKS = ("placebo_rank", "permutation")
IN_TIME = "placebo_in_time"


def synthetic_control_rows(
    found: SyntheticControl,
    *,
    outcome: str,
    level: float = 0.95,
    primary: str | None = None,
    spec: str = "main",
    name: str = control.NAME,
) -> Iterator[dict[str, Any]]:
    """Every estimate with its rank among placebos; the simple average without each donor; the placebo in time.

    A cohort without a usable fit has one row, not estimated, with the reason. `name`: of the estimator then.
    """
    if found.estimated is None:
        yield _not_estimated(name, outcome, spec, found.reason, primary)
        return
    rows = estimated_rows(found.estimated, outcome=outcome, level=level, rank=found.rank, primary=primary, spec=spec)
    for row in rows:
        told = row.get("inference") in RANKS
        yield row | ({"convention": f"{_placebos(row)}; RMSPE after over before"} if told else {})
    common = _common(found.estimated.name, outcome) | {"inference": "none", "role": "sensitivity"}
    for one in found.without_donor.to_dict("records"):
        convention = f"without donor {one['donor']} of weight {one['weight']:.4f}"
        row = {"term": "simple", "estimate": one["estimate"], "convention": convention}
        yield common | row | {"spec": f"without_donor={one['donor']}"}
    for one in found.in_time.to_dict("records"):
        row = {"term": "placebo", "group": month_text(int(one["group"])), "estimate": one["estimate"]}
        convention = f"as if adopted then; months before adoption only; RMSPE after over before {one['ratio']:.4f}"
        yield common | row | {"convention": convention, "spec": IN_TIME}


def synthetic_did_rows(
    found: SyntheticDid, *, outcome: str, level: float = 0.95, primary: str | None = None, spec: str = "main"
) -> Iterator[dict[str, Any]]:
    """Every estimate under the jackknife where several units are treated, with the variance of placebos beside; with
    one treated unit the placebos alone; and the rank among them."""
    if found.estimated is None:
        yield _not_estimated(did.NAME, outcome, spec, found.reason, primary)
        return
    rows = list(
        estimated_rows(found.estimated, outcome=outcome, level=level, rank=found.rank, primary=primary, spec=spec)
    )
    count, told = len(found.estimated.table), found.uncertainty
    if told is not None:
        # The first rows are those of the headline, in the order of the table.
        beside = [row | uncertain(told, r) | {"convention": told.convention} for r, row in enumerate(rows[:count])]
        if found.estimated.left_out is None:
            rows[:count] = beside
        else:
            rows += [row | {"role": "sensitivity"} for row in beside]
    for row in rows:
        ranked = row["inference"] in RANKS
        yield row | ({"convention": f"{_placebos(row)}; size of the estimate"} if ranked else {})


def _placebos(row: dict[str, Any]) -> str:
    """How many units or sets of them the rank is among, the treated included."""
    how = row["convention"].rsplit(", ", 1)[-1]
    drawn = f"drawn sets, {how}" if how.startswith("seed") else "all sets"
    return f"rank among {row['df']:.0f}, {drawn} of units that never adopted, and the treated"


def _common(name: str, outcome: str) -> dict[str, Any]:
    return {"estimand": "att", "estimator": name, "outcome": outcome, "scale": "difference", "cluster_level": "office"}


def _not_estimated(name: str, outcome: str, spec: str, reason: str, primary: str | None) -> dict[str, Any]:
    role = "primary" if primary == "simple" else "secondary"
    row = {"term": "simple", "role": role, "spec": spec, "status": "not_estimated", "reason": reason}
    return _common(name, outcome) | row
