"""What each cohort says after 6, 12, 18, 24 and 36 months: one row per cohort and column of the comparison.

A number stands in its column when it is the effect on being in work at that time. Everything else has a row without a
number, and the reason why: nothing is carried forward from an earlier month, and nothing else takes its place.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.compare import DESIGN_ORDER, HEADLINE, HIDDEN, CohortResult, assumed_icc, empty_headline
from analysis.headline import decisive_row
from analysis.outcomes import load_outcomes

MONTHS = (6, 12, 18, 24, 36)
# Reasons of a column without a number.
NO_HEADLINE, NO_COMPARISON, OTHER_OUTCOME = "no_estimate", "no_comparison_group", "other_outcome"
NO_TIME, NOT_MEASURED, TOO_SHORT = "time_unknown", "not_measured", "follow_up_too_short"
# What makes two rows the same analysis at two times.
ALIKE = ("outcome", "scale", "estimator", "inference", "group", "event_time", "term", "spec")
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
    found = _at(estimates, decisive, months)
    if found is None or pd.isna(found["estimate"]):
        reason = _missing(estimates, months) if found is None else HIDDEN
        return {"outcome": decisive["outcome"], "status": "not_estimated", "reason": reason}
    base = found["base_rate"]
    return {
        **{column: found.get(column) for column in HEADLINE if column != "horizon_months"},
        "ratio": 1 + found["estimate"] / base if pd.notna(base) and base > 0 else None,
        "assumed_icc": assumed_icc(card, found),
    }


def _reason(card: Card, decisive: pd.Series | None, estimates: pd.DataFrame) -> str | None:
    """Why no column of this cohort has a number; None: some may have."""
    if decisive is None:
        told = empty_headline(card, estimates)["reason"]
        return told if isinstance(told, str) else NO_HEADLINE
    if not load_outcomes()[decisive["outcome"]].is_share_in_work:
        return OTHER_OUTCOME
    if decisive["scale"] != "difference":
        return NO_COMPARISON
    return NO_TIME if pd.isna(decisive["horizon_months"]) else None


def _missing(estimates: pd.DataFrame, months: int) -> str:
    """Why nothing was estimated at a time."""
    last = estimates.loc[estimates["status"].eq("estimated"), "horizon_months"].max()
    return TOO_SHORT if months > last else NOT_MEASURED


def _at(estimates: pd.DataFrame, decisive: pd.Series, months: int) -> pd.Series | None:
    """The analysis of the headline at another time; its estimate is missing where it may not be shown."""
    alike = estimates["horizon_months"].eq(months) & estimates["status"].eq("estimated")
    alike &= estimates["role"].isin(["primary", "secondary", "sensitivity"])
    for name in ALIKE:
        same = estimates[name].isna() if pd.isna(decisive[name]) else estimates[name].eq(decisive[name])
        alike &= same.fillna(False).astype(bool)
    found = estimates[alike]
    return None if found.empty else found.iloc[0]
