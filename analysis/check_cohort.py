"""Every check of one cohort, and the grade that follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, as_records, hidden_bias, missing, trial
from analysis.checks.appraisal import appraisal
from analysis.checks.balance import balance
from analysis.checks.before import matched_months, months_before, staggered_months
from analysis.checks.benchmark import benchmark
from analysis.checks.certificate import certificate
from analysis.checks.consistency import consistency
from analysis.checks.controls import negative_controls
from analysis.checks.detectable import detectable_difference, no_difference
from analysis.checks.followed import horizon_reached, small_counts
from analysis.checks.influence import one_office
from analysis.checks.limitations import limitations
from analysis.checks.nearest import nearest_placebo
from analysis.checks.offices import few_treated_offices
from analysis.checks.overlap import common_support, effective_sample, lost_treated
from analysis.checks.placebo import placebo
from analysis.checks.placebo_offices import placebo_offices
from analysis.checks.precision import imprecision, no_estimate
from analysis.checks.spill_over import spill_over
from analysis.checks.spread import spread
from analysis.checks.staggered import choices, family, few_treated_units, pre_trends, precision
from analysis.checks.to_the_mean import regression_to_the_mean
from analysis.checks.trends import trends
from analysis.grade import Grade, execution_steps, grade, ungraded
from analysis.headline import decisive_row
from analysis.published import UNESTIMATED_PARTS, Figures


@dataclass(frozen=True)
class MatchedTables:
    """`influence`: the headline without each office; `sets`: patterns of the matched sets; `missing` (MISSING)."""

    influence: pd.DataFrame
    sets: pd.DataFrame
    missing: pd.DataFrame


@dataclass(frozen=True)
class StaggeredTables:
    """`events` (`event_covariance`), `honest` (`checks.trends.honest_table`), `influence`, `cells` (OFFICE_CELLS),
    `missing` (MISSING), `placebo_offices` (`placebo_offices.COLUMNS`)."""

    events: pd.DataFrame
    honest: pd.DataFrame
    influence: pd.DataFrame
    cells: pd.DataFrame
    missing: pd.DataFrame
    placebo_offices: pd.DataFrame


@dataclass(frozen=True)
class TrialTables:
    """`missing` (MISSING): what those not measured could do; `influence`: the headline without each office."""

    missing: pd.DataFrame
    influence: pd.DataFrame


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
        return Verdicts([*held, no_difference(card), *limitations(card)], ungraded(verbs))
    found = [
        few_treated_offices(card),
        *held,
        imprecision(decisive_row(card, estimates)),
        no_estimate(estimates),
        detectable_difference(card, estimates),
        *limitations(card),
    ]
    return _verdicts(card, found)


def check_matched(
    card: Card,
    estimates: pd.DataFrame,
    balances: pd.DataFrame,
    summary: pd.DataFrame,
    beside: MatchedTables | None = None,
    tried: Mapping[str, Any] | None = None,
) -> Verdicts:
    """Checks of a matched cohort with persons; those that need `beside` are made where it is given."""
    found = [
        balance(card, balances),
        common_support(card, summary),
        lost_treated(card, summary),
        effective_sample(card, summary),
        placebo(card, estimates),
        imprecision(decisive_row(card, estimates)),
        spread(card, estimates),
        *([] if beside is None else _beside_matched(card, estimates, beside)),
        *benchmark(card, estimates),
        certificate(tried),
        detectable_difference(card, estimates),
        *limitations(card),
    ]
    return _verdicts(card, found)


def _beside_matched(card: Card, estimates: pd.DataFrame, tables: MatchedTables) -> list[Check | None]:
    """The time before, controls, one office, what was not measured, and how far and on how many the numbers reach."""
    found = [
        regression_to_the_mean(estimates),
        negative_controls(card, estimates),
        spill_over(card, estimates),
        one_office(estimates, tables.influence),
        missing.bounds(tables.missing),
        hidden_bias.rosenbaum_bounds(card, estimates, tables.sets),
        hidden_bias.e_value(card, estimates),
        horizon_reached(card, estimates),
        small_counts(card, estimates),
    ]
    if card.design != "matched_did":
        return found
    before = [months_before(card, matched_months(card, estimates))]
    return [*before, nearest_placebo(card, estimates, placebo(card, estimates)), *found]


def check_staggered(
    card: Card,
    estimates: pd.DataFrame,
    beside: StaggeredTables | None = None,
    tried: Mapping[str, Any] | None = None,
) -> Verdicts:
    """Checks of a cohort with staggered adoption; those that need `beside` are made where it is given."""
    found = [
        few_treated_units(card, estimates),
        pre_trends(card, estimates),
        precision(estimates),
        choices(card, estimates),
        family(card, estimates),
        *([] if beside is None else _beside_staggered(card, estimates, beside)),
        certificate(tried),
        detectable_difference(card, estimates),
        *limitations(card),
    ]
    return _verdicts(card, found)


def _beside_staggered(card: Card, estimates: pd.DataFrame, tables: StaggeredTables) -> list[Check | None]:
    """The time before and what trends may do to the finding, one office, and how far the numbers reach."""
    return [
        months_before(card, staggered_months(card, tables.cells)),
        *trends(card, tables.events, tables.honest, pre_trends(card, estimates)),
        placebo_offices(card, tables.placebo_offices),
        negative_controls(card, estimates),
        spill_over(card, estimates),
        one_office(estimates, tables.influence),
        missing.bounds(tables.missing),
        horizon_reached(card, estimates),
    ]


def check_trial(
    card: Card,
    estimates: pd.DataFrame,
    balances: pd.DataFrame,
    attrition: pd.DataFrame,
    beside: TrialTables | None = None,
    tried: Mapping[str, Any] | None = None,
) -> Verdicts:
    """Checks of a trial, whether offices or persons were drawn; those that need `beside` where it is given."""
    found = [
        trial.few_offices(card, estimates),
        trial.precision(estimates),
        trial.permutation(card, estimates),
        certificate(tried),
        detectable_difference(card, estimates),
        trial.planned_icc(card, estimates),
        trial.attrition(card, estimates, attrition),
        *([] if beside is None else _beside_trial(card, estimates, beside)),
        trial.baseline_balance(balances),
        *limitations(card),
    ]
    return _verdicts(card, found)


def _beside_trial(card: Card, estimates: pd.DataFrame, tables: TrialTables) -> list[Check | None]:
    """What those not measured could do, one office, and how far and on how many the numbers reach."""
    return [
        negative_controls(card, estimates),
        missing.bounds(tables.missing),
        one_office(estimates, tables.influence),
        horizon_reached(card, estimates),
        small_counts(card, estimates),
    ]


def check_described(card: Card) -> Verdicts:
    """Checks of a cohort that is described only: what design and source cannot carry, and no grade.

    What the delivery's own checks found is a table of its own (`findings`), told in the report.
    """
    found = [few_treated_offices(card), no_difference(card), *limitations(card)]
    return Verdicts([check for check in found if check is not None], ungraded())


def _verdicts(card: Card, found: list[Check | None]) -> Verdicts:
    """The checks that could be made, with what the form for risk of bias demands beyond them, and the grade."""
    checks = [check for check in found if check is not None]
    judged = appraisal(card, execution_steps(card, checks))
    checks += [] if judged is None else [judged]
    return Verdicts(checks, grade(card, checks))
