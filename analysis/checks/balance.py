"""Are the groups alike after matching?"""

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, verdict

# Above this no adjustment is trusted (What Works Clearinghouse, baseline equivalence).
HOPELESS = 0.25


def balance(card: Card, table: pd.DataFrame) -> Check:
    """Largest absolute standardised difference after matching, held against the card's limit (default 0.1).

    One step down above the limit, two above 0.25.
    """
    adjusted = table[(table["sample"] == "adjusted") & (table["spec"] == "main")]
    worst = adjusted.loc[adjusted["smd"].abs().idxmax()]
    largest = float(abs(worst["smd"]))
    above = adjusted[adjusted["smd"].abs() > card.checks.smd_limit]
    return Check(
        name="balance",
        verdict=verdict(largest <= card.checks.smd_limit),
        text_id="check.balance." + verdict(largest <= card.checks.smd_limit),
        value=largest,
        threshold=card.checks.smd_limit,
        downgrade=2 if largest > HOPELESS else 1,
        values={"covariate": str(worst["covariate"]), "n_above": len(above), "n_covariates": len(adjusted)},
        table=above[["covariate", "smd"]].to_dict("records"),
    )
