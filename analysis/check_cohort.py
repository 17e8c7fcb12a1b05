"""Every check of one cohort, and the grade that follows."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, as_records, trial
from analysis.checks.balance import balance
from analysis.checks.benchmark import benchmark
from analysis.checks.consistency import consistency
from analysis.checks.limitations import limitations
from analysis.checks.offices import few_treated_offices
from analysis.checks.overlap import common_support, effective_sample, lost_treated
from analysis.checks.placebo import placebo
from analysis.checks.precision import imprecision, no_estimate
from analysis.checks.spread import spread
from analysis.checks.staggered import choices, family, few_treated_units, pre_trends, precision
from analysis.grade import Grade, grade, ungraded
from analysis.headline import decisive_row
from analysis.published import UNESTIMATED_PARTS, Figures


@dataclass(frozen=True)
class Verdicts:
    """The checks in the order of the report, and the grade."""

    checks: list[Check]
    grade: Grade

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"checks": as_records(self.checks), "grade": self.grade.record()}


def check_published(card: Card, estimates: pd.DataFrame, figures: Figures | None = None) -> Verdicts:
    """Checks of a cohort of published figures. One whose source has nothing to estimate from has no grade."""
    held = [] if figures is None else consistency(figures)
    if figures is not None and figures.part in UNESTIMATED_PARTS:
        verbs = "exposures" if card.design == "exposures" else "description"
        return Verdicts([*held, *limitations(card)], ungraded(verbs))
    found = [
        few_treated_offices(card),
        *held,
        imprecision(decisive_row(card, estimates)),
        no_estimate(estimates),
        *limitations(card),
    ]
    return _verdicts(card, found)


def check_matched(card: Card, estimates: pd.DataFrame, balances: pd.DataFrame, summary: pd.DataFrame) -> Verdicts:
    """Checks of a matched cohort with persons."""
    found = [
        balance(card, balances),
        common_support(card, summary),
        lost_treated(card, summary),
        effective_sample(card, summary),
        placebo(card, estimates),
        imprecision(decisive_row(card, estimates)),
        spread(card, estimates),
        *benchmark(card, estimates),
        *limitations(card),
    ]
    return _verdicts(card, found)


def check_staggered(card: Card, estimates: pd.DataFrame) -> Verdicts:
    """Checks of a cohort with staggered adoption."""
    found = [
        few_treated_units(card, estimates),
        pre_trends(card, estimates),
        precision(estimates),
        choices(card, estimates),
        family(card, estimates),
        *limitations(card),
    ]
    return _verdicts(card, found)


def check_trial(card: Card, estimates: pd.DataFrame, balances: pd.DataFrame, attrition: pd.DataFrame) -> Verdicts:
    """Checks of a trial, whether offices or persons were drawn."""
    found = [
        trial.few_offices(card, estimates),
        trial.precision(estimates),
        trial.permutation(card, estimates),
        trial.detectable_difference(card, estimates),
        trial.planned_icc(card, estimates),
        trial.attrition(card, estimates, attrition),
        trial.baseline_balance(balances),
        *limitations(card),
    ]
    return _verdicts(card, found)


def check_described(card: Card) -> Verdicts:
    """Checks of a cohort that is described only: what design and source cannot carry, and no grade.

    What the delivery's own checks found is a table of its own (`findings`), told in the report.
    """
    found = [few_treated_offices(card), *limitations(card)]
    return Verdicts([check for check in found if check is not None], ungraded())


def _verdicts(card: Card, found: list[Check | None]) -> Verdicts:
    checks = [check for check in found if check is not None]
    return Verdicts(checks, grade(card, checks))
