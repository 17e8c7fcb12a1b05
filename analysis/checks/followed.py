"""Was everybody followed as far as was asked, and do enough of them stand behind the main number?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict
from analysis.outcomes import load_outcomes
from analysis.tables import MAIN


def horizon_reached(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Failed when the main outcome has no estimate at a horizon that the card asks for; the last value is never carried
    forward. No step down: the number is missing and says so."""
    own = estimates[estimates["outcome"].eq(card.outcomes.primary) & estimates["spec"].eq(MAIN)]
    own = own[own["role"].isin(["primary", "secondary"]) & own["horizon_months"].isin(card.horizons)]
    asked = {int(horizon) for horizon in own["horizon_months"].dropna()}
    told = own[own["status"].eq("estimated") & own["scale"].eq("difference")]
    short = sorted(asked - set(told["horizon_months"].astype(int)))
    if not asked:
        return None
    word = verdict(not short)
    values = {"first": short[0], "missing": len(short)} if short else {"last": max(asked)}
    return Check(
        name="horizon_reached",
        verdict=word,
        text_id=f"check.horizon_reached.{word}",
        value=float(len(short)),
        threshold=0.0,
        values=values,
        table=[{"horizon_months": horizon} for horizon in short],
    )


def small_counts(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Fewest persons with, or without, the outcome in a group, against the card's `small_count`; None for amounts.

    Counts from the headline: n·(base rate + estimate) of the treated, n·base rate of the others (weighted where they
    are). No step down: an interval too narrow is what it warns of. Source: Agresti and Coull (1998), American
    Statistician 52(2), on the normal interval with few successes.
    """
    main = estimates[estimates["role"].eq("primary") & estimates["status"].eq("estimated")]
    if main.empty or load_outcomes()[card.outcomes.primary].kind != "share":
        return None
    row = main.iloc[0]
    if row[["base_rate", "n_treated", "n_comparison"]].isna().any():
        return None
    base, treated = float(row["base_rate"]), float(row["base_rate"] + row["estimate"])
    groups = ((int(row["n_treated"]), treated), (int(row["n_comparison"]), base))
    fewest = max(0.0, min(n * share for n, rate in groups for share in (rate, 1 - rate)))
    word = verdict(fewest >= card.checks.small_count)
    return Check(
        name="small_counts",
        verdict=word,
        text_id=f"check.small_counts.{word}",
        value=float(round(fewest)),
        threshold=float(card.checks.small_count),
    )
