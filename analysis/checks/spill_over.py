"""Were those who were compared with touched by the intervention?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict
from analysis.tables import SPILL_OVER


def spill_over(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Untreated near the intervention against untreated far away (rows with the term `spill_over`).

    Failed when the interval excludes zero, one step: then the comparison is with people who were touched, and the
    headline is off by about as much the other way. Noted where fewer places than `few_treated_offices` are on a side,
    or there is no interval. None where the data do not hold both kinds.
    """
    rows = estimates[estimates["term"].eq(SPILL_OVER) & estimates["status"].eq("estimated")]
    if rows.empty:
        return None
    row = rows.iloc[0]
    places = {name: int(row[f"n_offices_{side}"]) for name, side in (("near", "treated"), ("far", "comparison"))}
    values = {**places, "level": str(row["cluster_level"])}
    if pd.isna(row["conf_low"]):
        return _check("noted", "no_interval", row, values)
    values |= {name: float(row[name]) for name in ("conf_low", "conf_high")}
    if min(places.values()) < card.checks.few_treated_offices:
        return _check("noted", "few", row, values)
    word = verdict(bool(row["conf_low"] <= 0 <= row["conf_high"]))
    return _check(word, word, row, values)


def _check(word: str, text: str, row: pd.Series, values: dict) -> Check:
    numbers = ("estimate", "std_error", "conf_low", "conf_high")
    return Check(
        name="spill_over",
        verdict=word,
        text_id=f"check.spill_over.{text}",
        value=float(row["estimate"]),
        threshold=0.0,
        downgrade=1,
        values=values,
        table=[{name: None if pd.isna(row[name]) else float(row[name]) for name in numbers}],
    )
