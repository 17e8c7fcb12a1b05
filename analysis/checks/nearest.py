"""Did the participants fall behind, or begin to rise, just before the start?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict


def nearest_placebo(card: Card, estimates: pd.DataFrame, placebo: Check | None) -> Check | None:
    """The placebo over the shortest time before the base: a dip (Ashenfelter 1978) or a rise beforehand.

    Failed when its interval excludes zero, one step down unless `placebo` has taken it. None with fewer than two
    placebos: then it is the same number.
    """
    rows = estimates[(estimates["term"] == "placebo") & (estimates["outcome"] == card.outcomes.primary)]
    rows = rows[rows["status"].eq("estimated") & rows["conf_low"].notna()].drop_duplicates("spec")
    if len(rows) < 2:
        return None
    last = rows.iloc[-1]  # written in the order of time
    quiet = bool(last["conf_low"] <= 0 <= last["conf_high"])
    word = "passed" if quiet else "dip" if last["estimate"] < 0 else "rise"
    return Check(
        name="nearest_placebo",
        verdict=verdict(quiet),
        text_id=f"check.nearest_placebo.{word}",
        value=float(last["estimate"]),
        threshold=0.0,
        downgrade=0 if placebo is not None and not placebo.passed else 1,
        values={"conf_low": float(last["conf_low"]), "conf_high": float(last["conf_high"])},
    )
