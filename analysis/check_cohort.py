"""Every check of one cohort, and the grade that follows."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, as_records
from analysis.checks.balance import balance
from analysis.checks.benchmark import benchmark
from analysis.checks.limitations import limitations
from analysis.checks.offices import few_treated_offices
from analysis.checks.overlap import effective_sample, lost_treated
from analysis.checks.placebo import placebo
from analysis.checks.precision import imprecision
from analysis.checks.spread import spread
from analysis.estimate_published import cluster_spec
from analysis.grade import Grade, grade


@dataclass(frozen=True)
class Verdicts:
    """The checks in the order of the report, and the grade."""

    checks: list[Check]
    grade: Grade

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"checks": as_records(self.checks), "grade": self.grade.record()}


def check_published(card: Card, estimates: pd.DataFrame) -> Verdicts:
    """Checks of a cohort of published figures."""
    found = [few_treated_offices(card), imprecision(decisive_row(card, estimates)), *limitations(card)]
    return _verdicts(card, found)


def check_matched(card: Card, estimates: pd.DataFrame, balances: pd.DataFrame, summary: pd.DataFrame) -> Verdicts:
    """Checks of a matched cohort with persons."""
    found = [
        balance(card, balances),
        lost_treated(card, summary),
        effective_sample(card, summary),
        placebo(card, estimates),
        imprecision(decisive_row(card, estimates)),
        spread(card, estimates),
        *benchmark(card, estimates),
        *limitations(card),
    ]
    return _verdicts(card, found)


def decisive_row(card: Card, estimates: pd.DataFrame) -> pd.Series | None:
    """The row whose interval decides: the primary one, or the same number with offices taken into account.

    Offices are taken into account where they were assigned and the primary row ignores them.
    """
    primary = estimates[(estimates["role"] == "primary") & (estimates["status"] == "estimated")]
    if primary.empty:
        return None
    main = primary.iloc[0]
    if card.published is not None and card.published.two_arms is not None:
        spec = cluster_spec(card.published.two_arms.icc_in_text, 0.0)
        same = estimates["horizon_months"].eq(main["horizon_months"]) & estimates["outcome"].eq(main["outcome"])
        clustered = estimates[same & estimates["spec"].eq(spec)]
        return main if clustered.empty else clustered.iloc[0]
    return main


def _verdicts(card: Card, found: list[Check | None]) -> Verdicts:
    checks = [check for check in found if check is not None]
    return Verdicts(checks, grade(card, checks))
