"""«En undersøkelse som denne oppdager 5 prosentpoeng i x av 10 tilfeller»: told in every report, without a verdict."""

import math

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check
from analysis.detectable import POWER, Detectable, lowest_p, of_error, of_one_share, of_two_shares, tenths
from analysis.headline import decisive_row
from analysis.outcomes import load_outcomes

NAME = "detectable_difference"
RANKS = ("placebo_rank", "permutation")


def detectable_difference(card: Card, estimates: pd.DataFrame) -> Check:
    """How often a study this precise sees the card's `certify.effect`, and the smallest difference it sees at 80 %.

    From the decisive row: its standard error and df (noncentral t); two shares of persons without an error of their
    own; one share (exact binomial); or the rank among assignments, where nothing but the lowest p-value is known.
    """
    row = decisive_row(card, estimates)
    if row is None:
        return _told(card, "none")
    if row["scale"] == "share" and pd.notna(row["n_treated"]):
        # Of a group that is all one way the share is not known well enough to stand for another.
        share = min(max(float(row["estimate"]), card.certify.effect), 1 - card.certify.effect)
        return _of_share(card, of_one_share(share, int(row["n_treated"]), **_asked(card)), "one_share")
    if row["scale"] == "difference" and pd.notna(row["std_error"]) and row["std_error"] > 0:
        return _of_error(card, row)
    ranked = _rank(row, estimates)
    if ranked is not None:
        return _of_rank(card, ranked)
    sizes = row[["base_rate", "n_treated", "n_comparison"]]
    if row["scale"] == "difference" and sizes.notna().all() and _share(card):
        base, treated, comparison = (kind(value) for kind, value in zip((float, int, int), sizes, strict=True))
        found = of_two_shares(base, treated, comparison, **_asked(card))
        return _of_share(card, found, "two_shares")
    return _told(card, "no_error")


def no_difference(card: Card) -> Check:
    """Of a cohort that is described only."""
    return _told(card, "none")


def _told(card: Card, word: str) -> Check:
    values = {"difference": card.certify.effect}
    return Check(name="detectable_difference", verdict="noted", text_id=f"check.{NAME}.{word}", values=values)


def _share(card: Card) -> bool:
    return load_outcomes()[card.outcomes.primary].kind == "share"


def _asked(card: Card) -> dict[str, float]:
    return {"difference": card.certify.effect, "level": card.inference.level}


def _of_error(card: Card, row: pd.Series) -> Check:
    error = float(row["std_error"])
    found = of_error(error, math.nan if pd.isna(row["df"]) else float(row["df"]), **_asked(card))
    if _share(card):
        return _of_share(card, found, "shares")
    # Five percentage points of an amount do not exist; its smallest difference does.
    values = {"smallest_power": POWER, "outcome": str(row["outcome"])}
    return Check(
        name="detectable_difference",
        verdict="noted",
        text_id=f"check.{NAME}.amount",
        value=found.smallest,
        values=values,
    )


def _of_share(card: Card, found: Detectable, word: str) -> Check:
    values = {"difference": card.certify.effect, "power": found.power, "tenths": tenths(found.power), "tries": 10}
    seen = math.isfinite(found.smallest) and found.smallest <= 1
    return Check(
        name="detectable_difference",
        verdict="noted",
        text_id=f"check.{NAME}.{word}",
        value=found.smallest if seen else None,
        values=values | {"smallest_power": POWER},
    )


def _rank(row: pd.Series, estimates: pd.DataFrame) -> int | None:
    """Assignments that the headline is ranked among, itself included."""
    same = estimates["inference"].isin(RANKS) & estimates["df"].notna()
    for column in ("outcome", "term", "spec", "estimator"):
        same &= estimates[column].eq(row[column])
    same &= estimates["horizon_months"].fillna(-1).eq(-1 if pd.isna(row["horizon_months"]) else row["horizon_months"])
    found = estimates[same.astype(bool)]
    return None if found.empty else int(found.iloc[0]["df"])


def _of_rank(card: Card, assignments: int) -> Check:
    lowest, limit = lowest_p(assignments), 1 - card.inference.level
    # The tests ask for a p-value below the limit; 1 in 20 is not.
    word = "rank_floor" if lowest < limit - 1e-12 else "rank_never"
    values = {"assignments": assignments, "difference": card.certify.effect}
    return Check(
        name="detectable_difference",
        verdict="noted",
        text_id=f"check.{NAME}.{word}",
        value=lowest,
        threshold=limit,
        values=values,
    )
