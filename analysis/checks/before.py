"""Were the groups followed long enough before the start to tell how they moved?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict


def months_before(card: Card, months: int | None) -> Check | None:
    """Months measured before the start against the card's `pre_months`; one step down below it, None when unknown.

    A year is the least that shows the seasons. Source: evidence brief, section 5, check 16.
    """
    if months is None:
        return None
    word = verdict(months >= card.checks.pre_months)
    return Check(
        name="months_before",
        verdict=word,
        text_id=f"check.months_before.{word}",
        value=float(months),
        threshold=float(card.checks.pre_months),
        downgrade=1,
    )


def matched_months(card: Card, estimates: pd.DataFrame) -> int | None:
    """Months from the first in which the matched participants' main outcome is known to their start."""
    own = estimates[estimates["estimator"].eq("group_mean") & estimates["outcome"].eq(card.outcomes.primary)]
    own = own[own["group"].eq(f"matched:{card.arm('treated').id}")]
    times = own["event_time"].dropna()
    return int(max(0, -times.min())) if len(times) else None


def staggered_months(card: Card, cells: pd.DataFrame) -> int | None:
    """Months before adoption of the group that has fewest, among those with any; `cells` are OFFICE_CELLS."""
    own = cells[cells["outcome"].eq(card.outcomes.primary)]
    if own.empty:
        return None
    first = own["month"].min()
    groups = own["adoption_month"].dropna().unique()
    known = [int(month - first) for month in groups if first < month <= own["month"].max()]
    return min(known) if known else None
