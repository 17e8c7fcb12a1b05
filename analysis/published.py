"""Figures that others have published: what the source prints, how certain each figure is, and nothing more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from analysis.attrition import stated_rows
from analysis.cards import Card
from analysis.problems import Problem, stop_if_any
from analysis.strict import Certainty, Filled, Finding, Month, Slug, Strict, Words, read_strict


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


class FollowUpFacts(Strict):
    """Facts that hold the printed percentages of two groups at one date."""

    month: Month
    treated: Slug
    comparison: Slug


class TwoArmFacts(Strict):
    """Shares of two groups at one or more dates, and the number of persons in both groups together."""

    outcome: Slug
    total: Slug
    follow_ups: list[FollowUpFacts] = Field(min_length=1)


class SingleArmOutcome(Strict):
    """An outcome whose count is the sum of one or more stated counts that do not overlap."""

    outcome: Slug
    numerators: list[Slug] = Field(min_length=1)


class SingleArmFacts(Strict):
    """Counts in one group."""

    denominator: Slug
    outcomes: list[SingleArmOutcome] = Field(min_length=1)


class Figures(Strict):
    """published.yaml: all facts, and which of them can be calculated on."""

    facts: list[Fact] = Field(min_length=1)
    two_arms: TwoArmFacts | None = None
    single_arm: SingleArmFacts | None = None

    def value(self, fact_id: str) -> str:
        """The printed value of a fact; KeyError if there is no such fact or it has no value."""
        for fact in self.facts:
            if fact.id == fact_id and fact.value is not None:
                return fact.value
        raise KeyError(fact_id)


def read_figures(path: str | Path, card: Card) -> Figures:
    """Read and validate published.yaml against its card; raises ProblemsFound with every mistake at once."""
    figures = read_strict(path, Figures, _references_resolve)
    stop_if_any(f"{path} passer ikke med kortet.", _card_problems(path, figures, card))
    return figures


def _references_resolve(data: dict[str, Any]) -> Iterator[Finding]:
    """Every fact that is calculated on exists, once, with a value."""
    facts = [fact for fact in data.get("facts") or [] if isinstance(fact, dict)]
    ids = [fact.get("id") for fact in facts]
    for place, name in enumerate(ids):
        if name in ids[:place]:
            yield ("facts", place, "id"), f"«{name}» er brukt før.", "Hver fakta-id kan bare stå én gang."
    usable = {fact.get("id") for fact in facts if fact.get("value") is not None}
    for key, name in _references(data):
        if isinstance(name, str) and name not in usable:
            yield key, f"«{name}» er ikke et faktum med verdi.", "Pek på en id under facts som har value."


def _references(data: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    two, one = data.get("two_arms"), data.get("single_arm")
    if isinstance(two, dict):
        yield ("two_arms", "total"), two.get("total")
        for place, follow_up in enumerate(two.get("follow_ups") or []):
            for key in ("treated", "comparison"):
                if isinstance(follow_up, dict):
                    yield ("two_arms", "follow_ups", place, key), follow_up.get(key)
    if isinstance(one, dict):
        yield ("single_arm", "denominator"), one.get("denominator")
        for place, outcome in enumerate(one.get("outcomes") or []):
            for nth, name in enumerate(outcome.get("numerators") or [] if isinstance(outcome, dict) else []):
                yield ("single_arm", "outcomes", place, "numerators", nth), name


def _card_problems(path: str | Path, figures: Figures, card: Card) -> list[Problem]:
    sources = {source.id for source in card.sources}
    problems = [
        Problem(
            f"{path}, facts, {fact.id}", f"kilden «{fact.source}» står ikke i kortet.", "Legg den til under sources."
        )
        for fact in figures.facts
        if fact.source not in sources
    ]
    for part in ("two_arms", "single_arm"):
        if (getattr(figures, part) is None) != (card.published is None or getattr(card.published, part) is None):
            what = f"{part} står bare i én av filene cohort.yaml og published.yaml."
            problems.append(Problem(f"{path}, {part}", what, "Den skal stå i begge eller ingen."))
    return problems


def stated_attrition(card: Card, figures: Figures, arm_sizes: dict[str, int]):
    """What can be said of the flow of persons and offices: arm sizes, given or derived, missing where nobody knows."""
    offices = {
        card.arm("treated").id: card.assignment.offices_treated,
        **({card.arm("comparison").id: card.assignment.offices_comparison} if figures.two_arms else {}),
    }
    return stated_rows(1, "stated", {arm: arm_sizes.get(arm) for arm in offices}, offices)
