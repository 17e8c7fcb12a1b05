"""The one number that a cohort is known by."""

import pandas as pd

from analysis.cards import Card
from analysis.tables import cluster_spec


def decisive_row(card: Card, estimates: pd.DataFrame) -> pd.Series | None:
    """The row whose interval decides: the primary one, or the same number with offices taken into account.

    Offices are taken into account where they were assigned and the primary row ignores them.
    """
    shown = estimates["estimate"].notna() & (estimates["status"] == "estimated")
    primary = estimates[(estimates["role"] == "primary") & shown]
    if primary.empty:
        return None
    main = primary.iloc[0]
    if card.published is not None and card.published.two_arms is not None:
        spec = cluster_spec(card.published.two_arms.icc_in_text, 0.0)
        same = estimates["horizon_months"].eq(main["horizon_months"]) & estimates["outcome"].eq(main["outcome"])
        clustered = estimates[same & estimates["spec"].eq(spec)]
        return main if clustered.empty else clustered.iloc[0]
    return main
