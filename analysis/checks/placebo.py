"""Did the groups move alike before anything was done?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict


def placebo(card: Card, estimates: pd.DataFrame) -> Check | None:
    """The main difference-in-differences between two months before the start: failed if the interval excludes zero.

    A passed check says little when its interval is wide, so the interval is told either way. None without a placebo
    that has an error above zero: nothing was tried then, and nothing has passed.
    """
    rows = estimates[(estimates["term"] == "placebo") & (estimates["outcome"] == card.outcomes.primary)]
    rows = rows[(rows["std_error"] > 0) & rows["conf_low"].notna()]
    if rows.empty:
        return None
    # Not the statistic: it is missing where few offices leave no p-value.
    worst = rows.loc[(rows["estimate"] / rows["std_error"]).abs().idxmax()]
    quiet = bool(worst["conf_low"] <= 0 <= worst["conf_high"])
    return Check(
        name="placebo",
        verdict=verdict(quiet),
        text_id="check.placebo." + verdict(quiet),
        value=float(worst["estimate"]),
        threshold=0.0,
        downgrade=1,
        values={"conf_low": float(worst["conf_low"]), "conf_high": float(worst["conf_high"])},
    )
