"""Does the answer move when a choice that could have been made otherwise is made otherwise?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict

# Inferences of rows that stand beside another row of the same specification.
BESIDE = ("none", "abadie_imbens")


def spread(card: Card, estimates: pd.DataFrame) -> Check | None:
    """Range of the main estimator over the card's sensitivity rows, in standard errors of the main estimate.

    Failed when the range is wider than the card's limit. No check without sensitivity rows.
    """
    rows = main_estimator_rows(estimates, card.outcomes.primary)
    if len(rows) < 2:
        return None
    main = rows[rows["spec"] == "main"].iloc[0]
    low, high = float(rows["estimate"].min()), float(rows["estimate"].max())
    width = (high - low) / main["std_error"]
    return Check(
        name="spread",
        verdict=verdict(width <= card.checks.spread_limit),
        text_id="check.spread." + verdict(width <= card.checks.spread_limit),
        value=float(width),
        threshold=card.checks.spread_limit,
        downgrade=1,
        values={"low": low, "high": high, "n_specs": len(rows)},
        table=rows[["spec", "estimate", "std_error", "conf_low", "conf_high"]].to_dict("records"),
    )


def main_estimator_rows(estimates: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """The main number of `outcome` and the same number under each sensitivity row that could be estimated.

    Not what stands beside a row: other ways of breaking its ties, and the estimate that averages over them.
    """
    own = estimates[(estimates["outcome"] == outcome) & (estimates["status"] == "estimated")]
    own = own[~own["inference"].isin(BESIDE)]
    main = own[(own["spec"] == "main") & own["role"].isin(["primary", "secondary"])].iloc[0]
    same = own["estimator"].eq(main["estimator"]) & own["term"].eq(main["term"])
    return own[same & own["horizon_months"].eq(main["horizon_months"]) & own["group"].eq(main["group"])]
