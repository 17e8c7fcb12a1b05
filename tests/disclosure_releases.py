"""Small releases of an invented cohort, for the tests of disclosure control across reports."""

from dataclasses import dataclass

from analysis.disclosure.declared import (
    COUNT,
    EFFECT,
    MEAN,
    SHARE,
    Cell,
    Classification,
    Declared,
    Dimension,
    Group,
    Measure,
    Number,
    Place,
    Truth,
    cell,
)
from analysis.disclosure.shown import Shown, exact, rounded

OFFICES = ("A", "B", "C", "D")
ARMS = ("tiltak", "sammenligning")
YES, NO, LOST = "ja", "nei", "ukjent"
DIMENSIONS = (
    Dimension("arm", ARMS),
    Dimension("kontor", OFFICES),
    Dimension("matchet", (YES, NO)),
    Dimension("arbeid 24", (YES, NO, LOST), outcome=True),
)
CLASSIFICATION = Classification(DIMENSIONS, (Measure("lønn", 0.0, None),))
FOLLOWED = (YES, NO)


@dataclass(frozen=True)
class Rule:
    """What an audit needs of a profile."""

    method: str = "suppression"
    threshold: int = 5
    base: int | None = None
    zeros_hidden: bool = False
    persons_per_arm: int = 10
    residual_df: int = 0
    dominance: tuple[int, float] | None = (2, 0.9)
    p_ratio: float | None = 0.1


HIDES = Rule()
ROUNDS = Rule("rounding", base=3)


def to_base(count: int, base: int = 3) -> Shown:
    return rounded((count + base // 2) // base * base, base)


def count(report, item, value, shown=None, *, row=None, column="antall", table="Tabell", medium="table"):
    """A count of a cell, shown as it is unless told otherwise."""
    place = Place(report, table, str(item) if row is None else row, column, medium)
    return Number(place, COUNT, Group((item,)), shown or exact(value), truth=Truth(value=value))


def share(report, inner, outer, counts, text, *, shown=None, column="andel"):
    """A share in per cent as text; counts: numerator and base."""
    place = Place(report, "Tabell", str(outer), column)
    truth = Truth(value=counts[0], base=counts[1])
    return Number(place, SHARE, Group((inner,), (outer,)), shown or exact(text, scale=100), truth=truth)


def mean(report, item, total, persons, text, *, dominated=False, row="snitt"):
    truth = Truth(value=total, base=persons, dominated=dominated)
    return Number(Place(report, "Lønn", row), MEAN, Group((item,)), exact(text), measure="lønn", truth=truth)


def effect(report, bases, *, shown=None, df=None):
    """The difference between the arms in the share in work among those followed."""
    groups = [
        Group((cell({"arm": arm, "arbeid 24": YES}),), (cell({"arm": arm, "arbeid 24": FOLLOWED}),)) for arm in ARMS
    ]
    truth = Truth(value=5, base=bases[0], minus_value=4, minus_base=bases[1], df=df)
    place = Place(report, "Effekt", "forskjell")
    return Number(place, EFFECT, groups[0], shown or exact("3.1", scale=100), groups[1], truth=truth)


def release(report, *numbers, classification=CLASSIFICATION, version=1, cohort="oppdiktet"):
    return Declared(cohort, report, version, classification, tuple(numbers))


def by_office(report, values, shown=exact, *, column="alle", **parts: str | tuple[str, ...]):
    """A count per office, of those with `parts` (names with _ for a blank)."""
    named = {name.replace("_", " "): what for name, what in parts.items()}
    return [
        count(report, office_cell(office, named), value, shown(value), row=office, column=column)
        for office, value in zip(OFFICES, values, strict=True)
    ]


def office_cell(office: str, named: dict | None = None) -> Cell:
    return cell({"kontor": office, **(named or {})})


def two_reports(shown=exact):
    """The example of two reports: persons per office, then those followed to 24 months. Three and two are lost."""
    everybody = release("Rapport 1", *by_office("Rapport 1", (34, 41, 28, 37), shown))
    followed = by_office("Rapport 2", (31, 41, 26, 29), shown, column="fulgt", arbeid_24=FOLLOWED)
    return everybody, release("Rapport 2", *followed)
