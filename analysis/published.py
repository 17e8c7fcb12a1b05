"""Figures that others have published: what the source prints, how certain each figure is, and nothing more.

A file has its facts, one part that says what can be calculated on, and the relations that must hold between figures.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from analysis.attrition import stated_rows
from analysis.card_parts import mapping, mappings, text
from analysis.cards import Card
from analysis.months import FROM_START
from analysis.problems import Problem, stop_if_any
from analysis.strict import Certainty, Filled, Finding, Month, Slug, Strict, Words, read_strict

# One of these in each file; the first two rest on assumptions that stand in the card under the same name.
ASSUMED_PARTS = ("two_arms", "single_arm")
PARTS = (*ASSUMED_PARTS, "two_points", "exposures", "no_figures", "benchmarks")
# Parts from which nothing is estimated: what there is, is told, and no grade is given.
UNESTIMATED_PARTS = ("exposures", "no_figures", "benchmarks")
# Keys under a part that hold the id of a fact, or a list of them.
POINTERS = ("total", "denominator", "treated", "comparison", "before", "after", "share", "persons", "fact")
POINTERS += ("numerators", "parts", "estimate", "low", "high")
COUNTS = ("total", "denominator", "numerators", "fact")
NUMBER = re.compile(r"[-−]?\d+(?:[.,]\d+)?")
PERCENT, WHOLE = re.compile(r"\d+(?:\.\d+)?"), re.compile(r"\d+")


class Fact(Strict):
    """One figure of a source. `value` is text as printed (the number of decimals is information) or null if absent."""

    id: Slug
    what: Words
    value: Filled | None
    unit: Filled
    time: Filled | None
    certainty: Certainty
    source: Slug
    note: Words | None = None


class OddsRatioFacts(Strict):
    """Facts that hold a printed odds ratio and its interval (Woolf's, without adjustment)."""

    estimate: Slug
    low: Slug
    high: Slug


class FollowUpFacts(Strict):
    """Facts that hold the printed percentages of two groups at one date, and the odds ratio if it is printed.

    The date is a calendar month, or months since each person's own start (`horizon`).
    """

    month: Month | None = None
    horizon: int | None = Field(None, ge=0)
    treated: Slug
    comparison: Slug
    odds_ratio: OddsRatioFacts | None = None

    @property
    def date(self) -> str:
        """The date as the tables write it: ``2012-11``, or ``start+12``."""
        return self.month if self.month is not None else f"{FROM_START}{self.horizon}"


class ArmFacts(Strict):
    """Facts that hold the persons of each group."""

    treated: Slug
    comparison: Slug


class TwoArmFacts(Strict):
    """Shares of two groups at one or more dates, and the number of persons in both groups together.

    `counted` says whether the shares are of all those persons, or of as many of them as could be measured.
    """

    outcome: Slug
    total: Slug
    counted: Literal["all", "at_most"] = "all"
    arms: ArmFacts | None = None
    follow_ups: list[FollowUpFacts] = Field(min_length=1)


class SingleArmOutcome(Strict):
    """An outcome whose count is the sum of one or more stated counts that do not overlap."""

    outcome: Slug
    numerators: list[Slug] = Field(min_length=1)


class SingleArmFacts(Strict):
    """Counts in one group."""

    denominator: Slug
    outcomes: list[SingleArmOutcome] = Field(min_length=1)


class PlaceShare(Strict):
    """The same share in a place of its own, at about the second date."""

    place: Words
    share: Slug


class TwoPointFacts(Strict):
    """One share of one place at two dates, without the numbers behind it."""

    outcome: Slug
    place: Words
    before: Slug
    after: Slug
    others: list[PlaceShare] = []


class Category(Strict):
    """How many units are in one category; `range` is the lowest and highest number that belongs to it."""

    name: Filled
    fact: Slug
    range: list[float] | None = Field(None, min_length=2, max_length=2)


class Breakdown(Strict):
    """All units by one characteristic. `id` is the column of an offices table that holds the same categories."""

    id: Slug
    label: Words
    parts: list[Category] = Field(min_length=2)


class ExposureFacts(Strict):
    """How units were, or what they did; nothing about what became of anyone."""

    unit: Literal["office", "person"]
    total: Slug
    breakdowns: list[Breakdown] = Field(min_length=1)


class NoFigures(Strict):
    """A source that tells of a result without a number."""

    outcome: Slug
    reason: Words
    persons: ArmFacts | None = None


class BenchmarkShare(Strict):
    """A share from another study, and what makes it unlike the next one. `persons` are those behind it, if known."""

    id: Slug
    label: Words
    share: Slug
    persons: Slug | None = None
    trap: Words


class Relation(Strict):
    """What must hold between printed figures, whatever they are about.

    sum: the parts make the total.  at_most: they are no more than it.  complement: two shares make 100 per cent.
    share_of: the first part is the percentage that some whole number of the total prints as; a second part is that
    number. Without a total, parts in per cent make 100.
    """

    id: Slug
    what: Words
    kind: Literal["sum", "at_most", "complement", "share_of"]
    parts: list[Slug] = Field(min_length=1)
    total: Slug | None = None


class Figures(Strict):
    """published.yaml: all facts, which of them can be calculated on, and what must hold between them."""

    facts: list[Fact] = Field(min_length=1)
    two_arms: TwoArmFacts | None = None
    single_arm: SingleArmFacts | None = None
    two_points: TwoPointFacts | None = None
    exposures: ExposureFacts | None = None
    no_figures: NoFigures | None = None
    benchmarks: list[BenchmarkShare] | None = Field(None, min_length=1)
    relations: list[Relation] = []

    @property
    def part(self) -> str:
        """The name of the part that can be calculated on."""
        return next(name for name in PARTS if getattr(self, name) is not None)

    def fact(self, fact_id: str) -> Fact:
        """A fact that has a value; KeyError if there is no such fact or it has no value."""
        for fact in self.facts:
            if fact.id == fact_id and fact.value is not None:
                return fact
        raise KeyError(fact_id)

    def value(self, fact_id: str) -> str:
        """The printed value of a fact; KeyError if there is no such fact or it has no value."""
        return str(self.fact(fact_id).value)


def part_of(figures: dict[str, Any]) -> str | None:
    """The part in figures as plain data; None for a cohort with persons, which has no figures."""
    return next((name for name in PARTS if figures.get(name) is not None), None)


def read_figures(path: str | Path, card: Card) -> Figures:
    """Read and validate published.yaml against its card; raises ProblemsFound with every mistake at once."""
    figures = read_strict(path, Figures, _cross_checks)
    stop_if_any(f"{path} passer ikke med kortet.", _card_problems(path, figures, card))
    return figures


def _cross_checks(data: dict[str, Any]) -> Iterator[Finding]:
    yield from _ids_are_unique(data)
    yield from _references_resolve(data)
    yield from _values_can_be_calculated_on(data)
    yield from _counts_fit_their_group(data)
    yield from _one_part(data)
    yield from _relations_are_complete(data)
    yield from _dates_are_given_once(data)


def _ids_are_unique(data: dict[str, Any]) -> Iterator[Finding]:
    exposures = mapping(data.get("exposures"))
    lists = {("facts",): data.get("facts"), ("relations",): data.get("relations")}
    lists |= {("benchmarks",): data.get("benchmarks"), ("exposures", "breakdowns"): exposures.get("breakdowns")}
    for key, items in lists.items():
        ids = [item.get("id") for item in mappings(items)]
        for place, name in enumerate(ids):
            if name is not None and name in ids[:place]:
                yield (*key, place, "id"), f"«{name}» er brukt før.", "Hver id kan bare stå én gang."


def _references_resolve(data: dict[str, Any]) -> Iterator[Finding]:
    """Every fact that is calculated on exists, with a value."""
    usable = {fact.get("id") for fact in mappings(data.get("facts")) if fact.get("value") is not None}
    for part in (*PARTS, "relations"):
        for key, name in _pointers(data.get(part), (part,)):
            if isinstance(name, str) and name not in usable:
                yield key, f"«{name}» er ikke et faktum med verdi.", "Pek på en id under facts som har value."


def _values_can_be_calculated_on(data: dict[str, Any]) -> Iterator[Finding]:
    """Persons and offices are whole numbers, and shares are per cent with the decimals of the print."""
    values = {fact.get("id"): text(fact.get("value")) for fact in mappings(data.get("facts"))}
    for part in PARTS:
        for key, name in _pointers(data.get(part), (part,)):
            value = values.get(name, "") if isinstance(name, str) else ""
            if not value or "odds_ratio" in key:
                continue
            names = [piece for piece in key if isinstance(piece, str)]
            counted = names[-1] in COUNTS or "arms" in names or "persons" in names
            if not (WHOLE if counted else PERCENT).fullmatch(value):
                wanted = 'et helt tall, for eksempel "617"' if counted else 'en prosent, for eksempel "29.7"'
                yield key, f"«{name}» har verdien «{value[:40]}».", f"Her trengs {wanted}."


def _counts_fit_their_group(data: dict[str, Any]) -> Iterator[Finding]:
    """No outcome of one group has more persons than the group."""
    values = {fact.get("id"): text(fact.get("value")) for fact in mappings(data.get("facts"))}
    one = mapping(data.get("single_arm"))
    whole = values.get(one.get("denominator"), "") if isinstance(one.get("denominator"), str) else ""
    for place, outcome in enumerate(mappings(one.get("outcomes"))):
        names = outcome["numerators"] if isinstance(outcome.get("numerators"), list) else []
        counts = [values.get(name, "") for name in names if isinstance(name, str)]
        if counts and all(WHOLE.fullmatch(value) for value in [whole, *counts]) and sum(map(int, counts)) > int(whole):
            what = f"antallene er til sammen {sum(map(int, counts))}, men gruppen har {whole}."
            yield ("single_arm", "outcomes", place, "numerators"), what, "Minst ett av tallene må være feil."


def _pointers(value: Any, key: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Keys and ids of facts anywhere below `value`."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _pointers(child, (*key, name))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _pointers(child, (*key, place))
    elif [part for part in key if isinstance(part, str)][-1] in POINTERS:
        yield key, value


def _one_part(data: dict[str, Any]) -> Iterator[Finding]:
    found = [name for name in PARTS if data.get(name) is not None]
    if len(found) != 1 and data:
        what = f"{' og '.join(found)} står i samme fil." if found else "filen sier ikke hva som kan regnes ut."
        yield (found[-1] if found else "facts",), what, f"Oppgi nøyaktig én av: {', '.join(PARTS)}."


def _relations_are_complete(data: dict[str, Any]) -> Iterator[Finding]:
    """As many parts as the kind has, and a total where nothing else says what the whole is."""
    facts = mappings(data.get("facts"))
    units = {fact.get("id"): fact.get("unit") for fact in facts}
    texts = {fact.get("id") for fact in facts if not NUMBER.fullmatch(text(fact.get("value")) or "0")}
    for place, relation in enumerate(mappings(data.get("relations"))):
        kind, key = text(relation.get("kind")), ("relations", place)
        parts = relation["parts"] if isinstance(relation.get("parts"), list) else []
        percent = bool(parts) and all(units.get(part) == "percent" for part in parts)
        if kind == "complement" and (len(parts) != 2 or not percent):
            yield (*key, "parts"), "complement gjelder to andeler i prosent.", "Oppgi to fakta med unit: percent."
        if kind == "share_of" and (len(parts) > 2 or not parts or units.get(parts[0]) != "percent"):
            mend = "Oppgi andelen (unit: percent) først, og eventuelt antallet etter den."
            yield (*key, "parts"), "share_of gjelder en andel i prosent og antallet bak den.", mend
        for name in [*parts, relation.get("total")]:
            if isinstance(name, str) and name in texts:
                yield key, f"«{name}» er ikke ett tall.", "En sammenheng gjelder tall; fjern faktumet fra relations."
        if relation.get("total") is None and (kind == "share_of" or (kind in ("sum", "at_most") and not percent)):
            yield (*key, "total"), "mangler.", "Pek på faktumet som er helheten."


def _dates_are_given_once(data: dict[str, Any]) -> Iterator[Finding]:
    """A follow-up has a month or a horizon, not both, and no two have the same."""
    seen: list[Any] = []
    for place, visit in enumerate(mappings(mapping(data.get("two_arms")).get("follow_ups"))):
        key, date = ("two_arms", "follow_ups", place), (visit.get("month"), visit.get("horizon"))
        if (date[0] is None) == (date[1] is None):
            yield key, "tidspunktet skal stå én gang.", "Oppgi nøyaktig én av: month, horizon."
        elif date in seen:
            yield key, "tidspunktet står to ganger.", "Hvert tidspunkt kan bare stå én gang."
        seen.append(date)


def _card_problems(path: str | Path, figures: Figures, card: Card) -> list[Problem]:
    sources = {source.id for source in card.sources}
    problems = [
        Problem(
            f"{path}, facts, {fact.id}", f"kilden «{fact.source}» står ikke i kortet.", "Legg den til under sources."
        )
        for fact in figures.facts
        if fact.source not in sources
    ]
    for part in ASSUMED_PARTS:
        if (getattr(figures, part) is None) != (card.published is None or getattr(card.published, part) is None):
            what = f"{part} står bare i én av filene cohort.yaml og published.yaml."
            problems.append(Problem(f"{path}, {part}", what, "Den skal stå i begge eller ingen."))
    months = [visit for visit in figures.two_arms.follow_ups if visit.month] if figures.two_arms is not None else []
    if months and card.time_zero.month is None:
        mend = "Fyll inn time_zero.month i kortet, eller bruk horizon i stedet for month."
        problems.append(Problem(f"{path}, two_arms", "kortet sier ikke når starttidspunktet er.", mend))
    if (card.design == "exposures") != (figures.part == "exposures"):
        what = f"{figures.part} passer ikke med designet {card.design}."
        problems.append(Problem(f"{path}, {figures.part}", what, "exposures står alene, med design: exposures."))
    return problems


def stated_attrition(card: Card, figures: Figures, arm_sizes: dict[str, int], offices: dict[str, int] | None = None):
    """What can be said of the flow of persons and offices: arm sizes, given or derived, missing where nobody knows."""
    arms = {arm.role: arm.id for arm in card.arms}
    stated = {"treated": card.assignment.offices_treated, "comparison": card.assignment.offices_comparison}
    found = {arms[role]: count for role, count in stated.items() if role in arms} | (offices or {})
    return stated_rows(1, "stated", {arm: arm_sizes.get(arm) for arm in found}, found)
