"""Does the main interval leave the direction open?"""

import pandas as pd

from analysis.checks import Check, verdict


def no_estimate(estimates: pd.DataFrame) -> Check | None:
    """Failed, two steps down, when the main number could not be worked out: nothing is known of its sign."""
    primary = estimates[estimates["role"] == "primary"]
    if primary.empty or (primary["status"] == "estimated").any():
        return None
    return Check(name="no_estimate", verdict="failed", text_id="check.no_estimate", downgrade=2)


def imprecision(row: pd.Series | None) -> Check | None:
    """Failed when the interval of the decisive row includes zero (GRADE: imprecision, one step down).

    `row` is an estimates row of a difference; shares of one group have no zero to include and give no check.
    """
    if row is None or row["scale"] != "difference" or row["status"] != "estimated":
        return None
    excludes_zero = bool(row["conf_low"] > 0 or row["conf_high"] < 0)
    return Check(
        name="imprecision",
        verdict=verdict(excludes_zero),
        text_id="check.imprecision." + verdict(excludes_zero),
        value=float(row["conf_low"] if row["estimate"] > 0 else row["conf_high"]),
        threshold=0.0,
        downgrade=1,
        values={"conf_low": float(row["conf_low"]), "conf_high": float(row["conf_high"])},
    )
