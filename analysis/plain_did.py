"""Groups as they are: everybody delivered, and the randomised trial that the matched answer is held against."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.did import Effect, did_2x2, difference
from analysis.did_rows import numbers_of, row_of
from analysis.event_values import EventValues, has_a_change
from analysis.panel import Panel
from analysis.scores import formula_covariates
from analysis.tables import MAIN


def unmatched_rows(card: Card, panel: Panel, values: EventValues, outcomes: list[str]) -> Iterator[dict[str, Any]]:
    """Everybody as delivered: the raw difference at the horizon and the raw difference-in-differences."""
    arms = [card.arm("treated").id, card.arm("comparison").id]
    people = panel.baseline[panel.baseline["arm"].isin(arms)]
    yield from _plain_rows(card, people, values, outcomes, group="unmatched", formula=None)


def benchmark_rows(card: Card, panel: Panel, values: EventValues, outcomes: list[str]) -> Iterator[dict[str, Any]]:
    """The randomised answer: difference, adjusted difference and difference-in-differences, classical and HC2."""
    if card.benchmark is not None:
        people = panel.baseline[panel.baseline["arm"].isin([card.arm("treated").id, card.benchmark.arm])]
        yield from _plain_rows(card, people, values, outcomes, group="trial", formula=card.benchmark.formula)


def _plain_rows(
    card: Card, people: pd.DataFrame, values: EventValues, outcomes: list[str], *, group: str, formula: str | None
) -> Iterator[dict[str, Any]]:
    # The trial compares as randomised; a raw difference between samples estimates nothing.
    estimand = "itt" if group == "trial" else "none"
    for outcome in outcomes:
        for horizon in card.horizons:
            after, before = (values.at(people, outcome, time) for time in (horizon, values.base))
            known = np.isfinite(after) & (np.isfinite(before) | (not has_a_change(outcome)))
            some = people[known]
            for inference in ("classical", "hc2"):
                found = _plain_effects(card, some, before[known], after[known], formula, inference, outcome)
                for estimator, effect in found.items():
                    row = row_of(card, outcome, estimator, "benchmark", MAIN, horizon)
                    yield {**row, **numbers_of(card, effect, some), "group": group, "estimand": estimand}


def _plain_effects(
    card: Card,
    people: pd.DataFrame,
    before: np.ndarray,
    after: np.ndarray,
    formula: str | None,
    inference: str,
    outcome: str,
) -> dict[str, Effect]:
    treated = people["treated"].to_numpy()
    options = {"inference": inference, "level": card.inference.level}
    found = {"difference_in_means": difference(after, treated, **options)}
    if formula is not None:
        covariates = formula_covariates(people, formula)
        found["adjusted_difference"] = difference(after, treated, covariates=covariates, **options)
    if has_a_change(outcome):
        found["did_2x2"] = did_2x2(before, after, treated, **options)
    return found
