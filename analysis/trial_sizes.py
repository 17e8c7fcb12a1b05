"""What the groups of a trial were like at time zero: how large their offices are, and background characteristics."""

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.describe import describe_baseline
from analysis.tables import OFFICE_SIZES


def office_sizes(card: Card, baseline: pd.DataFrame) -> pd.DataFrame:
    """Columns OFFICE_SIZES: a row per group; `cv` is the standard deviation (over G − 1) of the sizes by their mean."""
    rows = []
    for arm in card.arms:
        sizes = baseline.loc[baseline["arm"] == arm.id, "office_id"].value_counts()
        if arm.role == "benchmark" or sizes.empty:
            continue
        rows.append(
            {
                "arm": arm.id,
                "offices": len(sizes),
                "persons": int(sizes.sum()),
                "smallest": int(sizes.min()),
                "mean": float(sizes.mean()),
                "largest": int(sizes.max()),
                "cv": float(sizes.std(ddof=1) / sizes.mean()),
            }
        )
    return pd.DataFrame(rows, columns=list(OFFICE_SIZES)).astype(OFFICE_SIZES)


def baseline_balance(card: Card, baseline: pd.DataFrame) -> pd.DataFrame:
    """Columns of BALANCE: means of both groups and how far apart they are. Described, not tested: lots were drawn, so
    every difference is by chance (Altman 1985, The Statistician 34(1)).

    `smd`: difference of means by √((s²_treated + s²_comparison)/2) over persons; `pp_difference` of yes and no.
    """
    table = describe_baseline(card, baseline)
    roles = ("treated", "comparison")
    arms = {role: baseline[baseline["arm"] == card.arm(role).id] for role in roles}
    for row, name in table["covariate"].items():
        spread = [float(arms[role][name].astype("float64").std(ddof=1)) for role in roles]
        apart = table.at[row, "mean_treated"] - table.at[row, "mean_comparison"]
        pooled = np.sqrt((spread[0] ** 2 + spread[1] ** 2) / 2)
        table.loc[row, ["sd_treated", "sd_comparison"]] = spread
        table.loc[row, "smd"] = apart / pooled if pooled > 0 else 0.0
        if table.at[row, "kind"] == "binary":
            table.loc[row, "pp_difference"] = apart
    return table
