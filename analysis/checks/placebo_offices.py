"""Does the method find something among offices where nothing happened?"""

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict

FEWEST = 20


def placebo_offices(card: Card, draws: pd.DataFrame) -> Check | None:
    """The share of draws (`analysis.placebo_offices`) whose interval excludes zero, which should be 1 − level.

    Failed above `placebo_offices_limit`; one step: the intervals are too narrow, or untreated offices part by
    themselves. None with fewer than twenty draws.
    """
    if len(draws) < FEWEST:
        return None
    away = (draws["conf_low"] > 0) | (draws["conf_high"] < 0)
    share = float(away.mean())
    word = verdict(share <= card.checks.placebo_offices_limit)
    middle = draws["estimate"].quantile([0.025, 0.975]).to_numpy()
    return Check(
        name="placebo_offices",
        verdict=word,
        text_id=f"check.placebo_offices.{word}",
        value=share,
        threshold=card.checks.placebo_offices_limit,
        downgrade=1,
        values={"draws": len(draws), "away": int(away.sum()), "wanted": 1 - card.inference.level}
        | {"low": float(middle[0]), "high": float(middle[1]), "unit": card.staggered.unit}
        | {"pretended": int(draws["n_treated"].max()), "compared": int(draws["n_comparison"].max())},
        table=[{"estimate": float(one)} for one in np.sort(draws["estimate"])],
    )
