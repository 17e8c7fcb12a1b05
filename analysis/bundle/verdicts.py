"""Released numbers held against those worked out once more: how far apart, how far they may be, and the verdict.

Where no count was changed the two are the same but for the last bits: `EXACT` times the size of the number, at least
`EXACT`. Where counts were rounded, the released estimate must lie no further outside what the true counts can give
(`least` to `largest`) than half a unit in its last decimal.
"""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.bundle.reasons import BESIDE, HIDDEN, NO_ESTIMATE
from analysis.bundle.recomputed import Recomputed
from analysis.bundle.rows import QUANTITIES

EXACT = 1e-12
# A released effect has three decimals, or two: a third that is 0 looks like a number of two.
UNITS, FINE = (0.01, 0.001), 1e-6
SAME, WITHIN, BEYOND, NEAR, NOT = "exact", "within_rounding", "beyond", "beside", "not_recomputed"
TOLD = ("cohort", "role", "estimator", "outcome", "horizon_months", "group", "event_time", "term", "inference", "spec")
RERUN = ("id", *TOLD, "quantity", "released", "recomputed", "difference", "permitted", "verdict", "reason")


def verdicts(found: Recomputed) -> pd.DataFrame:
    """Columns RERUN: a row per released estimate and quantity, in the order of the released rows.

    `verdict`: exact; within_rounding; beyond; beside (another calculation or other persons: no verdict);
    not_recomputed. A quantity other than the estimate that neither has is left out.
    """
    released, made = found.released.to_dict("records"), found.table.to_dict("records")
    pairs = zip(released, made, strict=True)
    rows = [row for old, new in pairs for row in _of_row(old, new)]
    return pd.DataFrame(rows, columns=list(RERUN))


def _of_row(old: dict[str, Any], new: dict[str, Any]) -> Iterator[dict[str, Any]]:
    told = {"id": new["id"], **{name: old[name] for name in TOLD}}
    for name in QUANTITIES:
        one, other = float(old[name]), float(new[name])
        if name == "estimate" or not (math.isnan(one) and math.isnan(other)):
            yield {**told, "quantity": name, "released": one, "recomputed": other, **_verdict(old, new, name)}


def _verdict(old: dict[str, Any], new: dict[str, Any], name: str) -> dict[str, Any]:
    one, other = float(old[name]), float(new[name])
    reason = new["reason"] if name == "estimate" or isinstance(new["reason"], str) else new["interval"]
    reason = reason if isinstance(reason, str) else None
    difference = one - other
    if math.isnan(other) and reason is not None:
        return {"verdict": NOT, "reason": reason}
    if math.isnan(one) and math.isnan(other):
        return {"verdict": NOT, "reason": HIDDEN if old["status"] == "estimated" else NO_ESTIMATE}
    if reason in BESIDE:
        return {"difference": difference, "verdict": NEAR, "reason": reason}
    permitted = _permitted(one, other, new)
    # A number that one of the two lacks is no agreement.
    far = not abs(difference) <= permitted
    verdict = BEYOND if far else SAME if math.isnan(new["least"]) else WITHIN
    return {"difference": difference, "permitted": permitted, "verdict": verdict}


def _permitted(released: float, again: float, new: dict[str, Any]) -> float:
    if math.isnan(new["least"]):
        return EXACT * max(1.0, abs(again))
    outer = new["largest"] - again if released > again else again - new["least"]
    return outer + _unit(released) / 2


def _unit(released: float) -> float:
    coarse, fine = UNITS
    return fine if abs(released - round(released, 2)) > FINE else coarse
