"""The published counts of treated tables, declared over the classification that they share.

A dimension says at which step of the flow a person left, or that the person stayed. Each cell of the table of sums has
a dimension of its own: with the outcome, without it, or not counted there. How the cells of two months or outcomes lie
in one another is not known from sums, so that nothing is declared of it; published_counts.py protects those too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.disclosure.declared import (
    COUNT,
    Cell,
    Classification,
    Declared,
    Dimension,
    Group,
    Number,
    Place,
    Truth,
    cell,
)
from analysis.disclosure.profiles import Profile
from analysis.disclosure.published_counts import Counts
from analysis.disclosure.shown import Shown, exact, hidden, rounded

STAYED, YES, NO, OUTSIDE = "til slutt", "ja", "nei", "ikke med"


def declared_counts(
    card: Card, found: Mapping[str, pd.DataFrame], counts: Mapping[str, Counts], profile: Profile, *, version: int = 1
) -> Declared:
    """Counts of the flow and of the cells, as published and as they are."""
    report, attrition, cells = card.intervention, found["attrition"], found["cells"]
    flow, numbers = (
        _flow(attrition),
        [*_of_flow(report, attrition, counts, profile), *_of_cells(report, cells, counts, profile)],
    )
    dimensions = [Dimension("gruppe", tuple(counts)), *([flow] if flow else [])]
    dimensions += [Dimension(_name(row), (YES, NO, OUTSIDE), outcome=True) for row in _each(cells)]
    return Declared(report, report, version, Classification(tuple(dimensions)), tuple(numbers))


def _steps(attrition: pd.DataFrame) -> list[int]:
    return sorted(int(step) for step in attrition["step"].unique())


def _flow(attrition: pd.DataFrame) -> Dimension | None:
    steps = _steps(attrition)
    return Dimension("fulgt", (*(f"etter steg {step}" for step in steps[:-1]), STAYED)) if steps else None


def _of_flow(report: str, attrition: pd.DataFrame, counts: Mapping[str, Counts], profile: Profile) -> Iterator[Number]:
    steps = _steps(attrition)
    names = [*(f"etter steg {step}" for step in steps[:-1]), STAYED]
    for row in attrition.dropna(subset=["persons"]).itertuples():
        left = names[steps.index(int(row.step)) :]
        place = Place(report, "attrition", f"{row.step}/{row.arm}", "persons", "attrition")
        value = counts[row.arm].size(int(row.persons))
        yield _count(place, cell({"gruppe": row.arm, "fulgt": left}), value, int(row.persons), profile)


def _each(cells: pd.DataFrame) -> Iterator[Any]:
    """One row for each sample, outcome and time."""
    yield from cells.drop_duplicates(["sample", "outcome", "month", "event_time"]).itertuples()


def _name(row: Any) -> str:
    time = row.month if pd.isna(row.event_time) else row.event_time
    return f"{row.outcome} {time} {row.sample}"


def _of_cells(report: str, cells: pd.DataFrame, counts: Mapping[str, Counts], profile: Profile) -> Iterator[Number]:
    for row in cells.itertuples():
        own, name = counts[row.arm], _name(row)
        for column, who, value, true in (
            ("n", (YES, NO), own.size(int(row.n)), int(row.n)),
            ("sum_y", (YES,), own.yes(int(row.n), round(row.sum_y)), round(row.sum_y)),
        ):
            place = Place(report, "cells", f"{name}/{row.arm}/{row.month}", column)
            yield _count(place, cell({"gruppe": row.arm, name: who}), value, true, profile)


def _count(place: Place, who: Cell, value: float, true: int, profile: Profile) -> Number:
    return Number(place, COUNT, Group((who,)), _shown(value, profile), truth=Truth(value=true))


def _shown(value: float, profile: Profile) -> Shown:
    if pd.isna(value):
        return hidden()
    if profile.method == "suppression" or not profile.base:
        return exact(int(value))
    return rounded(int(value), profile.base, nearest=profile.method == "redact_and_round")
