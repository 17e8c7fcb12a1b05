"""Does the main interval leave the direction open?"""

import pandas as pd

from analysis.checks import Check, verdict


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
        text_id="check.imprecision." + ("passed" if excludes_zero else "failed"),
        value=float(row["conf_low"] if row["estimate"] > 0 else row["conf_high"]),
        threshold=0.0,
        downgrade=1,
        values={"conf_low": float(row["conf_low"]), "conf_high": float(row["conf_high"])},
    )
