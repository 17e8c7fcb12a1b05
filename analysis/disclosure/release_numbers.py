"""Every number of the treated tables that is not declared as a count of the flow, a cell, a subgroup or a bin.

Sizes are counts: of a cell of the same persons where there is one, of a way to match, of a step of the flow, or of a
dimension of their own. What squares and weights of ones repeat is derived. A linear effect of shares (effect_forms.py)
is an effect, with its equation; so is a change where both arms have one size. All other statistics are models: judged
by the persons and degrees of freedom behind them. `GIVEN` are columns that say what was asked, or count offices, which
are no persons and are listed in the card.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Any

import pandas as pd

from analysis.disclosure.declared import (
    COUNT,
    EFFECT,
    MODEL,
    SHARE,
    Cell,
    Declared,
    Group,
    Number,
    Place,
    Truth,
    cell,
)
from analysis.disclosure.effect_forms import ROLES, Form, form_of
from analysis.disclosure.effect_rules import effect_decimals
from analysis.disclosure.number_cells import MATCHED_SIZES, UNMATCHED, Persons
from analysis.disclosure.release_declared import NO, YES, cell_row, flow_row, shown_count
from analysis.disclosure.shown import derived, exact
from analysis.disclosure.treat_given import Given
from analysis.subgroups.names import GROUP

GIVEN = frozenset(
    [
        *(
            "horizon_months",
            "event_time",
            "month",
            "step",
            "seed",
            "conf_level",
            "level",
            "caliper",
            "ratio",
            "replace",
        ),
        *("bin_low", "bin_high", "is_main", "rank", "exploratory", "permutations", "studies"),
        *("n_offices_treated", "n_offices_comparison", "offices"),
    ]
)
SIZES = {f"n_{role}": role for role in ROLES}
SUMS_OF_ONES = ("sum_y2", "sum_w", "sum_wy", "sum_w2", "sum_w2y", "sum_w2y2")


def with_numbers(declared: Declared, made: Mapping[str, pd.DataFrame], given: Given) -> Declared:
    """A declaration with all other numbers of `made` (the treated tables by name) too."""
    persons = Persons(given)
    work = _Declaring(declared.report, given, persons)
    there = {(number.place.table, number.place.row, number.place.column) for number in declared.numbers}
    found = [number for name, table in made.items() for number in work.numbers(name, table, there)]
    numbers, own = (*declared.numbers, *found), declared.classification
    dimensions = (*own.dimensions, *persons.dimensions.values())
    nobody = {*own.impossible, *persons.nobody, *persons.nobody_outside(numbers, dimensions)}
    nobody |= {*persons.nobody_dropped(dimensions)}
    classification = replace(own, dimensions=dimensions, impossible=tuple(sorted(nobody)))
    return replace(declared, classification=classification, numbers=numbers)


def row_name(table: str, row: Any, label: Any) -> str:
    """How a row is called in a declaration: by what it is about in the tables of counts, by its number elsewhere."""
    if table == "attrition":
        return flow_row(row)
    if table == "cells":
        return cell_row(row)
    if table == "subgroups":
        return f"{row.name}/{row.group}" if row.kind == GROUP else f"{row.name}/{row.kind}/{row.group}"
    return f"{row.bin_low:g}/{row.arm}/{row.sample}" if table == "overlap" else str(label)


def printed_numbers(name: str, table: pd.DataFrame) -> Iterator[tuple[str, str, Any, Any]]:
    """Row, column, value and label of each number of a table that is a result."""
    columns = [one for one in table.columns if one not in GIVEN]
    for place, row in enumerate(table.itertuples(name="Row")):
        for column in columns:
            value = getattr(row, column)
            # A column of which nothing stands can have any type.
            if isinstance(value, Real) and not isinstance(value, bool) and pd.notna(value):
                yield row_name(name, row, place), column, value, row.Index


@dataclass(frozen=True)
class _Declaring:
    """One declaration in the making; `persons`: those behind its sizes, and the dimensions that they needed."""

    report: str
    given: Given
    persons: Persons

    def numbers(self, name: str, table: pd.DataFrame, there: set[tuple[str, str, str]]) -> Iterator[Number]:
        """Of one treated table, what is not `there`."""
        before = self.given.found[name]
        rows = {row.Index: row for row in before.itertuples(name="Row")} if not table.empty else {}
        for row, column, value, label in printed_numbers(name, table):
            if (name, row, column) not in there:
                place = Place(self.report, name, row, column)
                yield self._number(place, column, value, rows[label])

    def _number(self, place: Place, column: str, value: Any, true: Any) -> Number:
        if place.table == "cells" and column in SUMS_OF_ONES:
            return self._sum(place, column, value, true)
        if column in SIZES | MATCHED_SIZES and place.table != "subgroups":
            return self._size(place, column, value, true)
        if column == "share_treated_lost":
            return self._lost(place, value, true)
        if column == "estimate" and place.table in ("estimates", "planned"):
            return self._effect(place, value, true)
        return self._model(place, value, true)

    def _sum(self, place: Place, column: str, value: Any, true: Any) -> Number:
        who = (YES, NO) if column in ("sum_w", "sum_w2") else (YES,)
        time = true.month if pd.isna(true.event_time) else true.event_time
        of = Group((cell({"gruppe": true.arm, f"{true.outcome} {time} {true.sample}": who}),))
        return Number(place, COUNT, of, derived(int(value)), truth=Truth(value=round(getattr(true, column))))

    def _size(self, place: Place, column: str, value: Any, true: Any) -> Number:
        role = (SIZES | MATCHED_SIZES)[column]
        if place.table == "matching":
            of = Group((self.persons.matching(_series(true), role, column),))
        else:
            of = Group((self.persons.counted(true, role),))
        shown = shown_count(float(value), self.given.profile)
        return Number(place, COUNT, of, shown, truth=Truth(value=int(getattr(true, column))))

    def _lost(self, place: Place, value: Any, true: Any) -> Number:
        base = self.persons.matching(_series(true), "treated", "n_treated")
        of = Group((cell({**dict(base.parts), f"matching {true.spec}": UNMATCHED}),), (base,))
        sizes = {"base": int(true.n_treated), "value": int(true.n_treated) - int(true.n_treated_matched)}
        return Number(place, SHARE, of, derived(f"{value:.3f}"), truth=Truth(**sizes))

    def _effect(self, place: Place, value: Any, true: Any) -> Number:
        form = form_of(true, self.given.behind.told)
        decimals = effect_decimals(true, self.given.behind)
        sides = None if form is None or decimals is None else self._sides(form)
        if sides is None:
            return self._model(place, value, true)
        of, minus, truth = sides
        return Number(place, EFFECT, of, exact(f"{value:.{decimals}f}"), minus, truth=replace(truth, df=_df(true)))

    def _sides(self, form: Form) -> tuple[Group, Group, Truth] | None:
        """The groups with the outcome of a difference; of a change in arms of one size those of both times together,
        who have one base: then it is a difference too."""
        told = self.given.behind.told
        first, second = told.arms
        found = {
            (arm, time): (cell({"gruppe": arm, f"{form.outcome} {time} {form.sample}": YES}), *told.cells[key])
            for time in form.times
            for arm in told.arms
            for key in [(arm, form.outcome, form.sample, time)]
        }
        sizes = {size for _, size, _ in found.values()}
        if form.start is not None and len(sizes) > 1:
            return None
        of, minus = [found[first, form.time]], [found[second, form.time]]
        if form.start is not None:
            of, minus = [*of, found[second, form.start]], [*minus, found[first, form.start]]
        groups = [Group(tuple(who for who, _, _ in side), (_with_outcome_or_not(side[0][0]),)) for side in (of, minus)]
        counts = [(sum(yes for _, _, yes in side), side[0][1]) for side in (of, minus)]
        truth = Truth(counts[0][0], counts[0][1], counts[1][0], counts[1][1])
        return groups[0], groups[1], truth

    def _model(self, place: Place, value: Any, true: Any) -> Number:
        arms = [self.given.behind.roles[role] for role in ROLES if role in self.given.behind.roles]
        bases = [self._behind(true, role) for role in ROLES if role in self.given.behind.roles]
        if len(arms) < len(ROLES):
            arms, bases = (
                [],
                [min((min(one.sizes) for one in self.given.behind.counts.values() if one.sizes), default=0)],
            )
        of = Group((cell({"gruppe": arms[0]}) if arms else Cell(),))
        minus = Group((cell({"gruppe": arms[1]}),)) if len(arms) == 2 else None
        other = bases[1] if minus is not None else None
        return Number(
            place, MODEL, of, exact(_text(value)), minus, truth=Truth(base=bases[0], minus_base=other, df=_df(true))
        )

    def _behind(self, true: Any, role: str) -> float:
        """How many persons of a role are behind a row: its own size, the headline's, or the smallest of the arm."""
        own = [getattr(true, name, None) for name in (f"n_{role}_matched", f"n_{role}")]
        own = [size for size in own if size is not None and pd.notna(size)]
        if not own and self.given.headline is not None:
            own = [getattr(self.given.headline, f"n_{role}")]
        counts = self.given.behind.counts.get(self.given.behind.roles[role])
        return float(own[0]) if own else float(min(counts.sizes, default=0) if counts else 0)


def _series(row: Any) -> pd.Series:
    return pd.Series(row._asdict())


def _with_outcome_or_not(who: Cell) -> Cell:
    """The cell with and without the outcome of one with it."""
    return cell({name: (YES, NO) if what == (YES,) else what for name, what in who.parts})


def _df(row: Any) -> float | None:
    """None for the normal distribution too: its degrees of freedom are no number that a file of JSON can hold."""
    value = getattr(row, "df", None)
    return None if value is None or pd.isna(value) or math.isinf(value) else float(value)


def _text(value: Any) -> str:
    return format(Decimal(str(float(value))), "f")
