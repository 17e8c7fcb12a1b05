"""How far the answer could be another if those who are not measured were known."""

import pandas as pd

from analysis.checks import Check

ENDS = ("low", "high", "conf_low", "conf_high")


def bounds(missing: pd.DataFrame) -> Check | None:
    """Lee's bounds (staggered: none) and the worst case of the main outcome where most are missing (contract MISSING).

    Told without a verdict: `attrition` has taken the step where the groups lost unequally. None if nobody is missing.
    """
    if missing.empty:
        return None
    last = int(missing.loc[missing[["observed_treated", "observed_control"]].min(axis=1).idxmin(), "horizon_months"])
    own = missing[missing["horizon_months"].eq(last)].set_index("method")
    worst = own.loc["worst_case"]
    told = {"worst": worst} | ({"lee": own.loc["lee"]} if "lee" in own.index else {})
    word = "open" if worst["low"] <= 0 <= worst["high"] else "holds"
    values = {f"{name}_{end}": float(row[end]) for name, row in told.items() for end in ENDS}
    return Check(
        name="missing_outcomes",
        verdict="noted",
        text_id=f"check.missing_outcomes.{word}{'' if 'lee' in told else '_worst'}",
        value=float(told["lee"]["trimmed"]) if "lee" in told else None,
        values={**values, "horizon": last},
        table=missing.astype(object).where(missing.notna(), None).to_dict("records"),
    )
