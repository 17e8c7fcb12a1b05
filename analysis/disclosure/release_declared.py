"""The published counts of treated tables, declared over the classification that they share.

A dimension says at which step of the flow a person left, or that the person stayed. Each cell of the table of sums has
a dimension of its own: with the outcome, without it, or not counted there. How the cells of two months or outcomes lie
in one another is not known from sums, so that nothing is declared of it; published_counts.py protects those too.

A flow of which a later step has more persons than an earlier one does not lie in itself: then each step has a
dimension of its own. That nobody left at a step, or that everybody was measured, is declared as known: there is nobody
there to protect, even where a profile counts zeros as small.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

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
    cohort: str, found: Mapping[str, pd.DataFrame], counts: Mapping[str, Counts], profile: Profile, *, version: int = 1
) -> Declared:
    """Counts of the flow and of the cells, as published and as they are. A cohort has one report, named as its folder:
    two cohorts may be about the same intervention, and each has a ledger of its own."""
    report, attrition, cells = cohort, found["attrition"], found["cells"]
    numbers = [*_of_flow(report, attrition, counts, profile), *_of_cells(report, cells, counts, profile)]
    dimensions = [Dimension("gruppe", tuple(counts)), *_flow(attrition)]
    dimensions += [Dimension(_name(row), (YES, NO, OUTSIDE), outcome=True) for row in _each(cells)]
    nobody = (*_nobody_left(attrition), *_nobody_outside(attrition, cells))
    return Declared(report, report, version, Classification(tuple(dimensions), impossible=nobody), tuple(numbers))


def _nobody_left(attrition: pd.DataFrame) -> Iterator[Cell]:
    """Steps of the flow after which an arm is as large as before."""
    if not flow_names(attrition):
        return
    for arm, own in attrition.dropna(subset=["persons"]).sort_values("step").groupby("arm", sort=False):
        alike = own["persons"].eq(own["persons"].shift(-1)).fillna(False)
        yield from (cell({"gruppe": str(arm), "fulgt": _left_after(step)}) for step in own.loc[alike, "step"])


def _nobody_outside(attrition: pd.DataFrame, cells: pd.DataFrame) -> Iterator[Cell]:
    """Cells of the table of sums that are as large as the arm was at the first step."""
    everybody = attrition.groupby("arm")["persons"].max()
    for row in cells.itertuples():
        everyone = everybody.get(row.arm)
        if pd.notna(everyone) and row.n == everyone:
            yield cell({"gruppe": row.arm, _name(row): OUTSIDE})


def _steps(attrition: pd.DataFrame) -> list[int]:
    return sorted(int(step) for step in attrition["step"].unique())


def _left_after(step: int) -> str:
    return f"etter steg {step}"


def flow_names(attrition: pd.DataFrame) -> list[str]:
    """The categories of the flow: after which step a person left, and last those who stayed; none where groups do not
    lie in one another."""
    steps = _steps(attrition)
    return [*map(_left_after, steps[:-1]), STAYED] if steps and _falls(attrition) else []


def _falls(attrition: pd.DataFrame) -> bool:
    known = attrition.dropna(subset=["persons"]).sort_values("step")
    return all((own["persons"].diff().dropna() <= 0).all() for _, own in known.groupby("arm"))


def _flow(attrition: pd.DataFrame) -> Iterator[Dimension]:
    names = flow_names(attrition)
    if names:
        yield Dimension("fulgt", tuple(names))
    else:
        yield from (Dimension(f"steg {step}", (STAYED, OUTSIDE)) for step in _steps(attrition))


def _of_flow(report: str, attrition: pd.DataFrame, counts: Mapping[str, Counts], profile: Profile) -> Iterator[Number]:
    steps, names = _steps(attrition), flow_names(attrition)
    for row in attrition.dropna(subset=["persons"]).itertuples():
        left = {"fulgt": names[steps.index(int(row.step)) :]} if names else {f"steg {row.step}": STAYED}
        place = Place(report, "attrition", flow_row(row), "persons", "attrition")
        value = counts[row.arm].size(int(row.persons))
        yield count_number(place, cell({"gruppe": row.arm, **left}), value, int(row.persons), profile)


def flow_row(row: Any) -> str:
    """How a row of the flow is called."""
    return f"{row.step}/{row.arm}"


def cell_row(row: Any) -> str:
    """How a row of the table of sums is called."""
    return f"{_name(row)}/{row.arm}/{row.month}"


def _each(cells: pd.DataFrame) -> Iterator[Any]:
    """One row for each sample, outcome and time."""
    yield from cells.drop_duplicates(["sample", "outcome", "month", "event_time"]).itertuples()


def _name(row: Any) -> str:
    time = row.month if pd.isna(row.event_time) else row.event_time
    return f"{row.outcome} {time} {row.sample}"


def _of_cells(report: str, cells: pd.DataFrame, counts: Mapping[str, Counts], profile: Profile) -> Iterator[Number]:
    amounts = set(cells.loc[cells["sum_y"].ne(cells["sum_y2"]), "outcome"])
    for row in cells.itertuples():
        own, name = counts[row.arm], _name(row)
        found = [("n", (YES, NO), own.size(int(row.n)), int(row.n))]
        if row.outcome not in amounts:
            found.append(("sum_y", (YES,), own.yes(int(row.n), round(row.sum_y)), round(row.sum_y)))
        for column, who, value, true in found:
            place = Place(report, "cells", cell_row(row), column)
            yield count_number(place, cell({"gruppe": row.arm, name: who}), value, true, profile)


def count_number(place: Place, who: Cell, value: float, true: float, profile: Profile) -> Number:
    """A count as published (nan where it is hidden), with the truth behind it."""
    return Number(place, COUNT, Group((who,)), shown_count(value, profile), truth=Truth(value=int(true)))


def shown_count(value: float, profile: Profile) -> Shown:
    """A published count; nan where it is hidden."""
    if pd.isna(value):
        return hidden()
    if profile.method == "suppression" or not profile.base:
        return exact(int(value))
    return rounded(int(value), profile.base, nearest=profile.method == "redact_and_round")
