"""One outcome of a trial at one horizon: the difference under every average, adjustment, inference and model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.outcomes import load_outcomes
from analysis.permutation_bins import permutation_bins
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.tables import MAIN
from analysis.trial_people import TREATED, People
from analysis.trial_rows import common, found_row, icc_rows, instrument_rows, missing_row, reason_of
from analysis.trials.cluster_robust import cluster_robust
from analysis.trials.found import Found
from analysis.trials.gee import gee
from analysis.trials.icc import icc
from analysis.trials.instrument import anderson_rubin
from analysis.trials.jackknife import jackknife
from analysis.trials.least_squares import Fit, least_squares
from analysis.trials.mixed_model import random_intercept
from analysis.trials.office_means import office_means_t, residual_sums
from analysis.trials.permutation import PermutationFound, permutation_test
from analysis.trials.wild_bootstrap import wild_bootstrap

# Estimator by what counts one (each person, or each office) and whether characteristics at time zero are adjusted for.
ESTIMATORS = {
    ("persons", False): "difference_in_means",
    ("persons", True): "adjusted_difference",
    ("offices", False): "office_average",
    ("offices", True): "office_average_adjusted",
}
# What packages give without being asked for more: shown because it is common, and marked as too narrow.
DEFAULTS = {"statsmodels_default": "normal", "fixest_default": "offices"}
CORRECTIONS = ("mancl_derouen", "kauermann_carroll", "fay_graubard")


@dataclass(frozen=True)
class Analysis:
    """One outcome at one horizon."""

    card: Card
    outcome: str
    horizon: int
    people: People

    @property
    def main_outcome(self) -> bool:
        return self.outcome == self.card.outcomes.primary

    @property
    def role(self) -> str:
        return "primary" if self.main_outcome and self.horizon == self.card.horizons[0] else "secondary"

    @property
    def options(self) -> dict[str, Any]:
        """How far allocations and signs are tried one by one, and the seed beyond that."""
        return {"draws": self.card.trial.draws, "seed": seed_of(self.card), "level": self.card.inference.level}

    @cached_property
    def shared(self) -> dict[str, Any]:
        return common(self.card, self.people, self.outcome, self.horizon)

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows; of other outcomes the headline, the test and the correlation only."""
        average, reason = self.card.trial.average, self.people.reason()
        if reason is not None:
            named = {"estimator": ESTIMATORS[average, False], "spec": MAIN, "role": self.role}
            yield missing_row(self.shared, reason, **named)
            return
        yield from self._pair(average, adjusted=False, role=self.role)
        if self.main_outcome:
            yield from self._beside()
        yield from self._correlations()

    def headline(self) -> dict[str, Any]:
        """The row of the card's difference and interval alone, or of the reason why there is none."""
        return next(row for row in self.rows() if row["role"] == self.role)

    def _beside(self) -> Iterator[dict[str, Any]]:
        """The same difference under other inferences, averages and models."""
        yield from self._other_inferences()
        other = {"persons": "offices", "offices": "persons"}[self.card.trial.average]
        for average in (self.card.trial.average, other):
            for adjusted in (False, True):
                usual = average == self.card.trial.average and not adjusted
                if not usual and (self.card.trial.adjustment is not None or not adjusted):
                    yield from self._pair(average, adjusted=adjusted, role="sensitivity")
        yield from self._models()
        if self.people.delivered is not None:
            yield from self._delivery()

    def _pair(self, average: str, *, adjusted: bool, role: str) -> Iterator[dict[str, Any]]:
        """The difference with the headline's interval, and by permutation."""
        named = {"estimator": ESTIMATORS[average, adjusted], "spec": self._spec(average, adjusted)}
        fit = lambda: self.interval(self.fit(average, adjusted=adjusted))  # noqa: E731 - solved inside, told if it fails
        yield from self._row(fit, **named, role=role)
        test_role = "secondary" if role == "primary" else role
        yield from self._row(lambda: self.permutation(average, adjusted=adjusted), **named, role=test_role)

    def _spec(self, average: str, adjusted: bool) -> str:
        """`main`, or what is different from it."""
        parts = (
            []
            if average == self.card.trial.average
            else [{"persons": "person", "offices": "office"}[average] + "_average"]
        )
        return "_".join([*parts, *(["adjusted"] if adjusted else [])]) or MAIN

    def fit(self, average: str, *, adjusted: bool) -> Fit:
        """Least squares of the outcome on the group; each office weighs one in the average over offices."""
        people = self.people
        weights = None if average == "persons" else 1 / people.sizes[people.office]
        return least_squares(people.y, people.design(adjusted=adjusted), people.office, weights=weights)

    def interval(self, fit: Fit, kind: str | None = None) -> Found:
        """The treatment's coefficient under the card's inference, or under `kind`."""
        level, kind = self.card.inference.level, kind or self.card.trial.interval
        if kind == "wild_bootstrap":
            return wild_bootstrap(fit, TREATED, **self.options)
        if kind == "jackknife":
            return jackknife(fit, TREATED, level=level)
        if kind == "cr1_normal":
            return cluster_robust(fit, TREATED, kind="cr1s", df="normal", level=level)
        return cluster_robust(fit, TREATED, level=level)

    def permutation(self, average: str, *, adjusted: bool) -> PermutationFound:
        """The test by the draw: of the outcome, or of what characteristics at time zero leave of it."""
        people, covariates = self.people, self.people.covariates.values[:, 1:]
        sums, shift = people.sums(people.y), None
        if adjusted:
            sums, shift = (
                residual_sums(values, covariates, people.office) for values in (people.y, people.arm.astype(float))
            )
        limit = self.card.trial.allocations
        options = {"strata": people.strata, "statistic": average, "shift": shift, "limit": limit, **self.options}
        return permutation_test(sums, people.sizes, people.treated, **options)

    def bins(self) -> pd.DataFrame:
        """The histogram of the test of the headline."""
        found = self.permutation(self.card.trial.average, adjusted=False)
        return permutation_bins(found, outcome=self.outcome, horizon_months=self.horizon)

    def _other_inferences(self) -> Iterator[dict[str, Any]]:
        average = self.card.trial.average
        fit = self.fit(average, adjusted=False)
        named = {"estimator": ESTIMATORS[average, False], "role": "sensitivity"}
        for kind in ("cr2", "wild_bootstrap", "jackknife"):
            if kind != self.card.trial.interval:
                yield from self._row(lambda kind=kind: self.interval(fit, kind), **named, spec=MAIN)
        level = self.card.inference.level
        for spec, df in DEFAULTS.items():
            options = {"kind": "cr1s", "df": df, "level": level, "shown_as_bad": True}
            yield from self._row(lambda options=options: cluster_robust(fit, TREATED, **options), **named, spec=spec)

    def _models(self) -> Iterator[dict[str, Any]]:
        people, level = self.people, self.card.inference.level
        x, named = people.design(adjusted=False), {"spec": MAIN, "role": "sensitivity"}
        chosen = self.card.trial.models
        if "office_means" in chosen:
            arguments = (people.sums(people.y), people.sizes, people.treated)
            yield from self._row(
                lambda: office_means_t(*arguments, strata=people.strata, level=level), **named, estimator="office_means"
            )
        if "mixed_model" in chosen:
            arguments = (people.y, x, people.office, TREATED)
            yield from self._row(lambda: random_intercept(*arguments, level=level), **named, estimator="mixed_model")
        for correction in CORRECTIONS if "gee" in chosen else ():
            options = {"correction": correction, "working": "exchangeable", "level": level}
            yield from self._row(
                lambda options=options: gee(people.y, x, people.office, TREATED, **options), **named, estimator="gee"
            )

    def _delivery(self) -> Iterator[dict[str, Any]]:
        people, limit = self.people, self.card.trial.allocations
        known = np.isfinite(people.delivered).all()
        if not known:
            yield missing_row(
                self.shared, "delivery_not_known", estimator="instrument", spec="delivery", role="secondary"
            )
            return
        sums = (people.sums(people.y), people.sums(people.delivered))
        options = {"strata": people.strata, "limit": limit, "statistic": self.card.trial.average, **self.options}
        yield from instrument_rows(self.shared, anderson_rubin(*sums, people.sizes, people.treated, **options))

    def _correlations(self) -> Iterator[dict[str, Any]]:
        share = load_outcomes()[self.outcome].kind == "share"
        for method in ("anova", "fleiss_cuzick") if share else ("anova",):
            options = {"method": method, "arms": self.people.arm, "level": self.card.inference.level}
            yield from icc_rows(self.shared, icc(self.people.y, self.people.office, **options))

    def _row(self, inference: Callable[[], Found], **named: Any) -> Iterator[dict[str, Any]]:
        """The row of an inference, or of the reason why there is none."""
        try:
            yield found_row(self.shared, inference(), **named)
        except ProblemsFound as error:
            yield missing_row(self.shared, reason_of(error), **named)
