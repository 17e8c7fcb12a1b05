"""Estimates of a trial that drew persons by lot, within offices or among all: differences by intention to treat.

The headline is the difference in means with the strata in the sizes they have among all persons; beside it stand the
same adjusted for covariates, one effect for all strata, and Mantel and Haenszel's. Outcomes that are shares at a point
in time have the whole curve, its band and its area (docs/methods.md).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.control_rows import trial_controls
from analysis.describe import describe
from analysis.drawn_persons import DrawnPersons, drawn_persons
from analysis.influence import NOTHING, estimates_without_each
from analysis.missing_outcomes import missing_bounds
from analysis.outcomes import load_outcomes
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.results import estimates
from analysis.tables import MAIN, PERMUTATION
from analysis.trial_rows import holm_rows, missing_row, reason_of
from analysis.trial_sizes import baseline_balance, office_sizes
from analysis.trial_tables import TrialEstimates, with_measured
from analysis.trials.found import Found
from analysis.trials.multiplicity import holm
from analysis.trials.outcome_curve import OutcomeCurve, outcome_curve
from analysis.trials.person_permutation import person_permutation
from analysis.trials.stratified import common_difference, mantel_haenszel, standardised_means, stratified_difference

STRATIFIED, ADJUSTED = "stratified_difference", "stratified_adjusted"
COMMON, MANTEL_HAENSZEL = "fixed_effects_difference", "mantel_haenszel"
MEANS = "standardised_mean"
TEST, BAND = "permutation", "simultaneous_band"
CURVE, AREA = "curve", "months_in_work"
WITH_COVARIATES = "adjusted"


def estimate_persons_trial(
    card: Card,
    baseline: pd.DataFrame,
    months: pd.DataFrame,
    offices: pd.DataFrame,
    *,
    attrition: pd.DataFrame | None = None,
    **identity: str,
) -> TrialEstimates:
    """Every number of a trial that drew persons. `identity` holds cohort, plan_hash and run_id.

    Rows: each outcome at each horizon with interval and test by the draw, adjusted and not; of the main outcome also
    the other weights of the strata; curve, band and area of shares at a point in time; Holm if the card asks for it.
    Whoever left the register before a month is not counted in it, and `n_treated` and `n_comparison` tell.
    `permutation` has no rows: the exact test writes no allocations out. Raises ProblemsFound where the headline cannot
    be estimated, as `drawn_persons` and `stratified_difference` do.
    """
    people = drawn_persons(card, baseline, months)
    rows = [row for outcome in card.outcome_names() for row in _Outcome(card, people, outcome).rows()]
    rows += _family_rows(card, rows)
    headline = lambda other, time: _Outcome(other, people, other.outcomes.primary).headline(time)  # noqa: E731
    rows += trial_controls(card, months, headline)
    own = {**identity, "data_kind": card.data_kind, "design": card.design, "conf_level": card.inference.level}
    return TrialEstimates(
        estimates=estimates(rows, **own),
        cells=describe(card, baseline=baseline, months=months, aggregates=pd.DataFrame(), offices=offices),
        permutation=pd.DataFrame(columns=list(PERMUTATION)).astype(PERMUTATION),
        office_sizes=office_sizes(card, baseline),
        balance=baseline_balance(card, baseline),
        attrition=with_measured(card, baseline, months, attrition),
        missing=missing_bounds(card, baseline, months),
        influence=_influence(card, baseline, people),
    )


def _influence(card: Card, baseline: pd.DataFrame, people: DrawnPersons) -> pd.DataFrame:
    """The headline without each office in turn; no rows where an office is not known, or there is one alone."""
    measured = _measured(people, card.outcomes.primary, card.horizons[0])
    office = baseline.set_index("person_id")["office_id"].reindex(people.person_id[measured.known])
    if office.isna().any() or office.nunique() < 2:
        return NOTHING

    def estimate(left: np.ndarray) -> float:
        try:
            return stratified_difference(measured.y[left], measured.treated[left], measured.strata[left]).estimate
        except ProblemsFound:
            return float("nan")

    return estimates_without_each(estimate, office.tolist())


def _family_rows(card: Card, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Holm's p-values of the tests by the draw of all outcomes and horizons, if the card asks for them."""
    family = [row for row in rows if row.get("inference") == TEST and row["spec"] == MAIN]
    if card.trial.multiplicity == "holm" and family:
        yield from holm_rows(family, holm([row["p_value"] for row in family]))


@dataclass(frozen=True)
class _Outcome:
    """All rows of one outcome."""

    card: Card
    people: DrawnPersons
    outcome: str

    @property
    def main(self) -> bool:
        return self.outcome == self.card.outcomes.primary

    @cached_property
    def share(self) -> bool:
        return load_outcomes()[self.outcome].kind == "share"

    @property
    def draws(self) -> dict[str, int]:
        return {"draws": self.card.trial.draws, "seed": seed_of(self.card)}

    def rows(self) -> Iterator[dict[str, Any]]:
        for horizon in self.card.horizons:
            yield from self._horizon_rows(horizon)
        if self.share and load_outcomes()[self.outcome].timing == "point":
            yield from self._curve_rows()

    def headline(self, horizon: int) -> dict[str, Any]:
        """The row of the difference standardised to the strata alone, or of the reason why there is none."""
        measured = _measured(self.people, self.outcome, horizon)
        arguments, level = (measured.y, measured.treated, measured.strata), self.card.inference.level
        difference = lambda: stratified_difference(*arguments, level=level)  # noqa: E731 - told if it fails
        return _row(self._shared(measured, horizon), difference, estimator=STRATIFIED, spec=MAIN, role="primary")

    def _horizon_rows(self, horizon: int) -> Iterator[dict[str, Any]]:
        measured = _measured(self.people, self.outcome, horizon)
        shared = self._shared(measured, horizon)
        role = "primary" if self.main and horizon == self.card.horizons[0] else "secondary"
        level = {"level": self.card.inference.level}
        arguments = (measured.y, measured.treated, measured.strata)
        named = {"estimator": STRATIFIED, "spec": MAIN}
        difference = lambda: stratified_difference(*arguments, **level)  # noqa: E731 - solved inside, told if it fails
        yield (_sure if role == "primary" else _row)(shared, difference, **named, role=role)
        test = {"inference": TEST}
        yield _row(shared, lambda: person_permutation(*arguments, **self.draws), **named, **test, role="secondary")
        if measured.covariates is not None:
            covariates = {"covariates": measured.covariates}
            named = {"estimator": ADJUSTED, "spec": WITH_COVARIATES, "role": "sensitivity"}
            yield _row(shared, lambda: stratified_difference(*arguments, **covariates, **level), **named)
            if self.main:
                yield _row(shared, lambda: person_permutation(*arguments, **covariates, **self.draws), **named, **test)
        if self.main:
            yield from self._other_weights(shared, arguments, level)

    def _other_weights(self, shared: dict, arguments: tuple, level: dict) -> Iterator[dict[str, Any]]:
        """Strata weighted by how much they tell instead of by how many they are."""
        ways = {COMMON: common_difference} | ({MANTEL_HAENSZEL: mantel_haenszel} if self.share else {})
        for name, way in ways.items():
            named = {"estimator": name, "spec": name, "role": "sensitivity"}
            yield _row(shared, lambda way=way: way(*arguments, **level), **named)

    def _shared(self, measured: "_Measured", horizon: int) -> dict[str, Any]:
        return {
            **_frame(self.card, self.outcome),
            "horizon_months": horizon,
            "term": "risk_difference" if self.share else "mean_difference",
            "base_rate": _base(measured),
            **_counts(int(measured.treated.sum()), int((~measured.treated).sum())),
        }

    def _curve_rows(self) -> Iterator[dict[str, Any]]:
        """The curve from the month of the draw to the last horizon, and its area to each horizon."""
        for spec, covariates in ((MAIN, None), (WITH_COVARIATES, self.people.covariates)):
            if spec != MAIN and (covariates is None or not self.main):
                continue
            curve = self._curve(covariates)
            named = {"estimator": STRATIFIED if spec == MAIN else ADJUSTED, "spec": spec}
            named["role"] = "secondary" if spec == MAIN else "sensitivity"
            frame = _frame(self.card, self.outcome)
            if spec == MAIN:
                yield from _month_rows(frame, curve, {**named, "spec": CURVE})
                yield from _mean_rows(self.card, frame, curve)
            yield from _area_rows(frame, curve, self.card.horizons, named)

    def _curve(self, covariates: pd.DataFrame | None) -> OutcomeCurve:
        last, people = max(self.card.horizons), self.people
        y = people.outcomes(self.outcome, 0, last)
        options = {"level": self.card.inference.level, "seed": seed_of(self.card), "covariates": covariates}
        return outcome_curve(y, people.treated, people.strata, months=np.arange(last + 1), **options)


@dataclass(frozen=True)
class _Measured:
    """Persons with a known outcome at one horizon; `known` says which of all they are."""

    y: np.ndarray
    treated: np.ndarray
    strata: np.ndarray
    covariates: pd.DataFrame | None
    known: np.ndarray


def _measured(people: DrawnPersons, outcome: str, horizon: int) -> _Measured:
    y = people.outcomes(outcome, horizon, horizon)[:, 0]
    known = np.isfinite(y)
    covariates = None if people.covariates is None else people.covariates[known]
    return _Measured(y[known], people.treated[known], people.strata[known], covariates, known)


def _base(measured: _Measured) -> float | None:
    """Mean of the comparison group with the strata in the sizes of all; None where a stratum lacks a group."""
    try:
        return standardised_means(measured.y, measured.treated, measured.strata)[0]
    except ProblemsFound:
        return None


def _frame(card: Card, outcome: str) -> dict[str, Any]:
    return {
        "estimand": card.estimand.quantity,
        "outcome": outcome,
        "scale": "difference",
        "cluster_level": "person",
    }


def _counts(treated: int, comparison: int) -> dict[str, int]:
    return {"n_treated": treated, "n_comparison": comparison}


def _row(shared: dict[str, Any], found: Callable[[], Found], **named: Any) -> dict[str, Any]:
    """The row of an inference, or of the reason why there is none."""
    try:
        return _sure(shared, found, **named)
    except ProblemsFound as error:
        return missing_row(shared, reason_of(error), **named)


def _sure(shared: dict[str, Any], found: Callable[[], Found], **named: Any) -> dict[str, Any]:
    """The row of an inference that there must be: without a headline there is nothing to report."""
    return {**shared, **named, **_numbers(found())}


def _numbers(found: Found) -> dict[str, Any]:
    names = {"estimate": "estimate", "std_error": "std_error", "df": "df", "statistic": "statistic"}
    names |= {"p_value": "p_value", "low": "conf_low", "high": "conf_high"}
    values = {column: _or_none(getattr(found, name)) for name, column in names.items()}
    # Degrees of freedom may be infinite: a normal quantile.
    values["df"] = None if np.isnan(found.df) else found.df
    return {**values, "inference": found.inference, "convention": f"{found.convention}, n={found.clusters}"}


def _month_rows(frame: dict, curve: OutcomeCurve, named: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Two rows a month: its own interval, and the band that holds for all months together."""
    band = f"sup-t, {curve.draws} draws, seed {curve.seed}; {curve.critical:.4f} standard errors"
    told = (("hc2_bell_mccaffrey", "HC2, Bell-McCaffrey df", "low", "high", "p_value"),)
    told += ((BAND, band, "band_low", "band_high", "band_p"),)
    for place, month in enumerate(curve.months.tolist()):
        counts = _counts(int(curve.n_treated[place]), int(curve.n_comparison[place]))
        shared = {**frame, **counts, **named, "event_time": month, "term": CURVE}
        if month in curve.problems:
            reason = reason_of(ProblemsFound("", list(curve.problems[month])))
            yield missing_row(shared, reason)
            continue
        shared["base_rate"] = float(curve.comparison_mean[place])
        for inference, convention, low, high, p_value in told:
            columns = {"estimate": "estimate", "std_error": "std_error", "df": "df"}
            columns |= {"p_value": p_value, "conf_low": low, "conf_high": high}
            numbers = {column: _or_none(getattr(curve, name)[place]) for column, name in columns.items()}
            yield {**shared, **numbers, "inference": inference, "convention": convention}


def _mean_rows(card: Card, frame: dict, curve: OutcomeCurve) -> Iterator[dict[str, Any]]:
    """The curve of each group, strata in the sizes they have among those who are followed."""
    arms = (("treated", curve.treated_mean, curve.n_treated), ("comparison", curve.comparison_mean, curve.n_comparison))
    for role, means, persons in arms:
        for month, mean, count in zip(curve.months.tolist(), means, persons.tolist(), strict=True):
            row = {**frame, "estimand": "mean", "estimator": MEANS, "group": card.arm(role).id, "event_time": month}
            row |= {"scale": "share", "term": "share", "inference": "none", "role": "secondary", "spec": CURVE}
            row[f"n_{role}"] = count
            known = np.isfinite(mean)
            yield row | ({"estimate": float(mean)} if known else {"status": "not_estimated", "reason": "stratum_empty"})


def _area_rows(
    frame: dict, curve: OutcomeCurve, horizons: list[int], named: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Months with the outcome from the month after the draw to each horizon."""
    for horizon in horizons:
        last = int(np.flatnonzero(curve.months == horizon)[0])
        counts = _counts(int(curve.n_treated[last]), int(curve.n_comparison[last]))
        shared = {**frame, **counts, "horizon_months": horizon, "term": AREA}
        shared["base_rate"] = _or_none(curve.base_area(horizon)[0])
        yield _row(shared, lambda horizon=horizon: curve.area(horizon), **named)


def _or_none(value: float) -> float | None:
    return None if not np.isfinite(value) else float(value)
