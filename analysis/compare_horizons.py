"""What each cohort says after 6, 12, 18, 24 and 36 months: one row per cohort and column of the comparison.

A number stands in its column when it is the effect on being in work at that time. Everything else has a row without a
number, and the reason why: nothing is carried forward from an earlier month, and nothing else takes its place.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.compare import DESIGN_ORDER, HEADLINE, CohortResult
from analysis.headline import decisive_row
from analysis.outcomes import load_outcomes
from analysis.tables import cluster_spec

MONTHS = (6, 12, 18, 24, 36)
# Reasons of a column without a number.
NO_HEADLINE, NO_COMPARISON, OTHER_OUTCOME = "no_estimate", "no_comparison_group", "other_outcome"
NO_TIME, NOT_MEASURED, TOO_SHORT = "time_unknown", "not_measured", "follow_up_too_short"
# What makes two rows the same analysis at two times.
ALIKE = ("outcome", "scale", "estimator", "inference", "group", "event_time", "term")
COLUMNS = (
    *("cohort", "intervention", "data_kind", "design", "months"),
    *(name for name in HEADLINE if name != "horizon_months"),
    *("ratio", "assumed_icc", "verbs", "grade", "design_order"),
)


def horizons(results: Mapping[str, CohortResult]) -> pd.DataFrame:
    """COLUMNS for every cohort and each of MONTHS, ordered by design and name, never by effect.

    `ratio`: the share among the treated over the share without the intervention, 1 + estimate / base_rate (relative
    effect); missing where the base rate is zero or not known.
    """
    rows = [row for name, result in results.items() for row in _rows(name, result)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values(["design_order", "cohort", "months"], kind="stable", ignore_index=True)


def _rows(name: str, result: CohortResult) -> Iterator[dict[str, Any]]:
    card = result.card
    known = {
        "cohort": name,
        "intervention": card.intervention,
        "data_kind": card.data_kind,
        "design": card.design,
        "verbs": result.grade["verbs"],
        "grade": result.grade["grade"],
        "design_order": DESIGN_ORDER.index(card.design),
    }
    decisive = decisive_row(card, result.estimates)
    for months in MONTHS:
        yield {**known, "months": months, **_column(card, result.estimates, decisive, months)}


def _column(card: Card, estimates: pd.DataFrame, decisive: pd.Series | None, months: int) -> dict[str, Any]:
    """The effect after so many months, or why there is none."""
    reason = _reason(card, decisive, estimates)
    if reason is not None:
        return {"outcome": card.outcomes.primary, "status": "not_estimated", "reason": reason}
    found = _at(card, estimates, decisive, months)
    if found is None:
        last = estimates.loc[estimates["status"].eq("estimated"), "horizon_months"].max()
        missing = TOO_SHORT if months > last else NOT_MEASURED
        return {"outcome": decisive["outcome"], "status": "not_estimated", "reason": missing}
    clustered = found["inference"] == "cluster_t" and card.published is not None
    base = found["base_rate"]
    return {
        **{column: found.get(column) for column in HEADLINE if column != "horizon_months"},
        "ratio": 1 + found["estimate"] / base if pd.notna(base) and base > 0 else None,
        "assumed_icc": card.published.two_arms.icc_in_text if clustered else None,
    }


def _reason(card: Card, decisive: pd.Series | None, estimates: pd.DataFrame) -> str | None:
    """Why no column of this cohort has a number; None: some may have."""
    if decisive is None:
        primary = estimates[estimates["role"].eq("primary")]
        told = None if primary.empty else primary.iloc[0]["reason"]
        return told if isinstance(told, str) else NO_HEADLINE
    outcome = load_outcomes()[decisive["outcome"]]
    if (outcome.kind, outcome.timing, outcome.role) != ("share", "point", "work"):
        return OTHER_OUTCOME
    if decisive["scale"] != "difference":
        return NO_COMPARISON
    return NO_TIME if pd.isna(decisive["horizon_months"]) else None


def _at(card: Card, estimates: pd.DataFrame, decisive: pd.Series, months: int) -> pd.Series | None:
    """The analysis of the headline at another time."""
    alike = estimates["horizon_months"].eq(months) & estimates["status"].eq("estimated") & estimates["estimate"].notna()
    alike &= estimates["role"].isin(["primary", "secondary", "sensitivity"])
    for name in ALIKE:
        same = estimates[name].isna() if pd.isna(decisive[name]) else estimates[name].eq(decisive[name])
        alike &= same.fillna(False).astype(bool)
    found = estimates[alike & estimates["spec"].eq(_spec(card, decisive))]
    return None if found.empty else found.iloc[0]


def _spec(card: Card, decisive: pd.Series) -> str:
    """The specification of the headline; that of a published trial names the likeness within offices."""
    if card.published is not None and card.published.two_arms is not None and decisive["inference"] == "cluster_t":
        return cluster_spec(card.published.two_arms.icc_in_text, 0.0)
    return decisive["spec"]
