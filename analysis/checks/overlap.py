"""Whom is the matched estimate about, and on how many does it rest?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict


def lost_treated(card: Card, summary: pd.DataFrame) -> Check:
    """Share of the treated who found no partner, held against the card's limit (default 20 %)."""
    main = summary.set_index("spec").loc["main"]
    lost = float(main["share_treated_lost"])
    kept = lost <= card.checks.lost_treated_limit
    return Check(
        name="lost_treated",
        verdict=verdict(kept),
        text_id="check.lost_treated." + ("none" if lost == 0 else verdict(kept)),
        value=lost,
        threshold=card.checks.lost_treated_limit,
        downgrade=1,
        values={"matched": int(main["n_treated_matched"]), "treated": int(main["n_treated"])},
    )


def common_support(card: Card, summary: pd.DataFrame) -> Check | None:
    """Share of the treated whose score lies outside the range of the comparison group's; None without a score.

    Held against the card's limit (default 10 %): beyond the range there is nobody to compare with.
    """
    main = summary.set_index("spec").loc["main"]
    outside = main["share_treated_outside"]
    if pd.isna(outside):
        return None
    kept = bool(outside <= card.checks.outside_support_limit)
    return Check(
        name="common_support",
        verdict=verdict(kept),
        text_id="check.common_support." + ("none" if outside == 0 else verdict(kept)),
        value=float(outside),
        threshold=card.checks.outside_support_limit,
        downgrade=1,
    )


def effective_sample(card: Card, summary: pd.DataFrame) -> Check:
    """Effective number of comparison persons (Kish), held against the card's floor."""
    main = summary.set_index("spec").loc["main"]
    enough = bool(main["ess_comparison"] >= card.checks.ess_floor)
    return Check(
        name="effective_sample",
        verdict=verdict(enough),
        text_id="check.effective_sample." + verdict(enough),
        value=float(main["ess_comparison"]),
        threshold=card.checks.ess_floor,
        downgrade=1,
        values={"used": int(main["n_comparison_matched"]), "available": int(main["n_comparison"])},
    )
