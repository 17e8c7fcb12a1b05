"""Doubly robust difference-in-differences after matching: what matching left of differences, regression takes out.

Sant'Anna and Zhao's estimator within the matched sample, with the weights of the matching as sampling weights: right
when the matched groups are alike, and also when the change without treatment is linear in the covariates. Matching on
a score leaves distances between partners; a regression on them takes their part in the outcome out, as Abadie and
Imbens (2011), JBES 29(1), correct their estimator for bias.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.card_matching import Matching
from analysis.cards import Card
from analysis.did import Effect
from analysis.did_rows import not_estimated, numbers_of, row_of
from analysis.event_values import EventValues, has_a_change
from analysis.matched_effects import SET_METHODS, Sample
from analysis.problems import ProblemsFound, stop_if_any
from analysis.staggered.covariates import Columns, covariate_columns, dependent_problems, regression_problems
from analysis.staggered.doubly_robust import basis, effects, group_odds, model
from analysis.staggered.logits import overlap_problems
from analysis.tables import MAIN, NO_CHANGE
from analysis.weighted_effects import cluster_labels, clustered, effect, stop_at_small_arm

ESTIMATOR = "matched_dr_did"
ATT_ONLY = "estimator_is_for_att"
HEADING = "Den dobbelt robuste forskjellen kan ikke beregnes:"
PLACE = "dobbelt robust etter matching"


def doubly_robust_rows(
    card: Card, values: EventValues, sample: Sample, outcome: str, *, spec: str = MAIN
) -> Iterator[dict[str, Any]]:
    """A row (design.md, contracts) per horizon of the card, beside the matched difference, or why there is none.

    Role sensitivity. Not estimated for an outcome without a value before the start (`NO_CHANGE`), for matching that
    asks about others than the treated (`ATT_ONLY`), and where the covariates cannot be adjusted for: the groups do not
    overlap, columns follow from others, or there are too few persons.
    """
    for horizon in card.horizons:
        row = row_of(card, outcome, ESTIMATOR, "sensitivity", spec, horizon)
        if not has_a_change(outcome):
            yield not_estimated(row, NO_CHANGE)
        elif sample.spec.estimand != "att":
            yield not_estimated(row, ATT_ONLY)
        else:
            yield _row(card, values, sample, outcome, row)


def _row(card: Card, values: EventValues, sample: Sample, outcome: str, row: dict[str, Any]) -> dict[str, Any]:
    change = values.change(sample.people, outcome, row["horizon_months"])
    try:
        found = doubly_robust_effect(card, sample, change, values.at(sample.people, outcome, row["horizon_months"]))
    except ProblemsFound as error:
        return not_estimated(row, "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems))
    people = sample.people[(sample.weight > 0) & np.isfinite(change)]
    return {**row, **numbers_of(card, found, people), "estimand": card.estimand.quantity}


def doubly_robust_effect(card: Card, sample: Sample, change: np.ndarray, after: np.ndarray) -> Effect:
    """The effect on the treated of the sample from `change` (n,), NaN where it is not known; those are left out.

    With w the weights, own = wD/ΣwD, other = w(1 − D)·odds/Σw(1 − D)·odds, odds from a logit of D on the covariates
    of the matching's formula z weighted by w, and β by least squares weighted by w among the comparison persons:
    ATT = Σ (own − other)(change − z′β). Sant'Anna and Zhao (2020), Journal of Econometrics 219(1), section 2.
    The influence of each person holds what the estimation of odds and β adds; standard errors by set and office as
    `matched_effects.effects` has them, and with what the estimation of the weights adds where they were estimated.
    `after` (n,): the outcome at follow-up, for what the treated would have had.
    Raises ProblemsFound where the covariates cannot be adjusted for, and for arms and clusters that are too few.
    """
    used = np.isfinite(change) & (sample.weight > 0)
    stop_at_small_arm(sample.treated[used])
    columns = _columns(sample.spec, sample, used)
    y, treated, w = change[used], sample.treated[used], sample.weight[used]
    estimate, influence = adjusted_difference(y, treated, w, columns)
    spread = np.zeros(len(used))
    spread[used] = influence
    std_error, df, inference, convention, n_clusters = _uncertainty(card, sample, spread, used, len(columns.names))
    own = used & sample.treated
    return effect(
        estimate, std_error, df, inference=inference, convention=convention, n_clusters=n_clusters,
        base_rate=float(np.average(after[own], weights=sample.weight[own])) - estimate,
        n_treated=int(treated.sum()), n_comparison=int((~treated).sum()), level=card.inference.level,
        scale=float(np.abs(y).max()),
    )  # fmt: skip


def adjusted_difference(
    y: np.ndarray, treated: np.ndarray, weights: np.ndarray, columns: Columns
) -> tuple[float, np.ndarray]:
    """The estimate and the influence of each person (n,), whose sum of squares is its variance; weights above 0."""
    others = np.flatnonzero(~treated)
    problems = dependent_problems(columns, np.arange(len(y)), weights, PLACE, "alle som er med")
    problems = problems or regression_problems(columns, others, weights, PLACE, "sammenligningspersonene")
    stop_if_any(HEADING, problems)
    z = basis(columns.values, weights)
    odds = group_odds(z, treated, weights, "dr")
    stop_if_any(HEADING, overlap_problems(odds, columns, treated, weights, PLACE))
    found = effects(y[None, :], model(z, treated, weights, method="dr", odds=odds))
    return float(found.att[0]), found.influence(y[None, :])[0]


def _columns(spec: Matching, sample: Sample, used: np.ndarray) -> Columns:
    columns, problems = covariate_columns(sample.people[used], spec.formula)
    stop_if_any(HEADING, problems)
    return columns


def _uncertainty(
    card: Card, sample: Sample, influence: np.ndarray, used: np.ndarray, n_columns: int
) -> tuple[float, float, str, str, int | None]:
    """Standard error, degrees of freedom, inference, convention and number of clusters of the influence (n,)."""
    unit, n = card.inference.cluster, int(used.sum())
    factor = (n - 1) / (n - n_columns - 1)
    if sample.model is not None:
        return _of_estimated_weights(sample, influence, n, unit == "office")
    labels = _clusters(sample, unit)
    if not labels:
        spread = float(np.sqrt(n / (n - n_columns - 1) * (influence @ influence)))
        return spread, float(n - n_columns - 1), "hc1", "HC1, weights as given, t(n-k)", None
    found = clustered(influence, [cluster_labels(label, used) for label in labels], factor, "CR1")
    return found[0], found[1], "cluster", found[2], found[3]


def _of_estimated_weights(
    sample: Sample, influence: np.ndarray, n: int, by_office: bool
) -> tuple[float, float, str, str, int | None]:
    """A person's influence over the weight is how the estimate moves with the weight, which the model answers for."""
    pull = np.divide(influence, sample.weight, out=np.zeros_like(influence), where=sample.weight > 0)
    whole = influence + sample.model.correction(pull)
    if not by_office:
        return float(np.sqrt(whole @ whole)), float(n - 2), "m_estimation", "M-estimation, t(n-2)", None
    offices = cluster_labels(sample.people["office_id"].to_numpy(), np.ones(len(whole), dtype=bool))
    std_error, df, convention, g = clustered(whole, [offices], 1.0, "M-estimation")
    return std_error, df, "m_estimation", convention, g


def _clusters(sample: Sample, unit: str) -> list[np.ndarray]:
    """The labels that errors are clustered by: sets, offices, both, persons, or none, as for the matched difference."""
    offices = [sample.people["office_id"].to_numpy()] if unit == "office" else []
    paired = sample.spec.method in SET_METHODS and bool((sample.sets >= 0).any())
    if unit == "person":
        return [sample.people["person_id"].to_numpy()]
    return [*([sample.sets] if paired else []), *offices]
