"""Estimates of a trial that drew offices by lot: differences by intention to treat under inferences for few offices.

The headline is the difference in means over persons (or over offices, by the card), least squares with CR2 and
Satterthwaite's degrees of freedom. The test is by permutation: the draw itself is what makes it hold. What common
packages give by default stands beside it as a warning (docs/methods.md; docs/decisions/0008).
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.control_rows import trial_controls
from analysis.describe import describe
from analysis.estimate_persons_trial import estimate_persons_trial
from analysis.influence import adjusted_without_each, office_average_without_each, without_each_office
from analysis.missing_outcomes import missing_bounds
from analysis.results import estimates
from analysis.tables import MAIN, PERMUTATION
from analysis.trial_analysis import Analysis
from analysis.trial_people import TREATED, People, people_of
from analysis.trial_rows import holm_rows, without_asymptotics
from analysis.trial_sizes import baseline_balance, office_sizes
from analysis.trial_tables import TrialEstimates, stop_without_headline, with_measured
from analysis.trials.multiplicity import holm


def estimate_trial(
    card: Card,
    baseline: pd.DataFrame,
    months: pd.DataFrame,
    offices: pd.DataFrame,
    *,
    attrition: pd.DataFrame | None = None,
    **identity: str,
) -> TrialEstimates:
    """Every number of a trial; of persons that were drawn see `estimate_persons_trial`.

    `identity` holds cohort, plan_hash and run_id; `attrition` is the panel's, to which those with a known main outcome
    are added.

    Rows: the main outcome at each horizon under every inference (`spec` main), adjusted, by the other average, and as
    common packages have it; models and intraclass correlations; other outcomes with interval and test; Holm; delivery.
    Raises ProblemsFound where no comparison is possible (`trial_people.people_of`), or the headline has no estimate.
    """
    if card.assignment.unit == "person":
        return estimate_persons_trial(card, baseline, months, offices, attrition=attrition, **identity)
    found = [
        Analysis(card, outcome, horizon, people_of(card, baseline, months, offices, outcome, horizon))
        for outcome in card.outcome_names()
        for horizon in card.horizons
    ]
    rows = [row for one in found for row in one.rows()]
    rows += _family_rows(card, rows)

    def headline(other: Card, time: int) -> dict[str, Any]:
        name = other.outcomes.primary
        return Analysis(other, name, time, people_of(other, baseline, months, offices, name, time)).headline()

    rows += trial_controls(card, months, headline)
    own = {**identity, "data_kind": card.data_kind, "design": card.design, "conf_level": card.inference.level}
    table = estimates(without_asymptotics(card, rows), **own)
    stop_without_headline(table)
    drawn = [one.bins() for one in found if one.main_outcome and one.people.reason() is None]
    return TrialEstimates(
        estimates=table,
        cells=describe(card, baseline=baseline, months=months, aggregates=pd.DataFrame(), offices=offices),
        permutation=pd.concat([pd.DataFrame(columns=list(PERMUTATION)).astype(PERMUTATION), *drawn], ignore_index=True),
        office_sizes=office_sizes(card, baseline),
        balance=baseline_balance(card, baseline),
        attrition=with_measured(card, baseline, months, attrition),
        missing=missing_bounds(card, baseline, months),
        influence=_influence(card, found[0].people),
    )


def _influence(card: Card, people: People) -> pd.DataFrame:
    """The headline without each office, numbered in the order of their names; with strata by least squares anew."""
    offices = people.office.astype(str).tolist()
    if people.strata is not None:
        weights = None if card.trial.average == "persons" else 1 / people.sizes[people.office]
        return adjusted_without_each(people.y, people.design(adjusted=False), TREATED, offices, weights)
    without = without_each_office if card.trial.average == "persons" else office_average_without_each
    return without(people.y, people.arm, offices)


def _family_rows(card: Card, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Holm's p-values of the permutation tests of all outcomes and horizons, if the card asks for them."""
    family = [row for row in rows if row.get("inference") == "permutation" and row["spec"] == MAIN]
    family = [row for row in family if row["term"] != "delivery"]
    if card.trial.multiplicity == "holm" and family:
        yield from holm_rows(family, holm([row["p_value"] for row in family]))
