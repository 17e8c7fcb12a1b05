"""Were the participants chosen at a low point, so that they would have come back by themselves?"""

import pandas as pd

from analysis.checks import Check
from analysis.tables import TO_THE_MEAN

TERMS = ("change", "elsewhere", "expected", "rest", "left")


def regression_to_the_mean(estimates: pd.DataFrame) -> Check | None:
    """Parts of the participants' own change since they were chosen, and what of the matched difference was to be
    expected from the histories alone. Told without a verdict; None where nothing was measured before the start."""
    rows = estimates[estimates["estimator"].eq(TO_THE_MEAN) & estimates["status"].eq("estimated")]
    rows = rows[rows["term"].isin(TERMS)].drop_duplicates("term").set_index("term")
    if len(rows) < len(TERMS):
        return None
    values = {term: float(rows.loc[term, "estimate"]) for term in TERMS}
    values |= {"before": -int(rows.loc["change", "event_time"]), "horizon": int(rows.loc["change", "horizon_months"])}
    table = rows.reset_index()[["term", "estimate", "std_error", "conf_low", "conf_high"]].astype(object)
    return Check(
        name="regression_to_the_mean",
        verdict="noted",
        text_id=f"check.regression_to_the_mean.{'up' if values['expected'] >= 0 else 'down'}",
        value=values["expected"],
        values=values,
        table=table.where(table.notna(), None).to_dict("records"),
    )
