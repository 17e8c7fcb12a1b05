"""Reporting checklists: what the guidelines for a design ask of a report, and where each item is answered.

Three layers of answers: the cohort's own (cohorts/<cohort>/checklist.yaml), those of its design and those for every
design (reports/_shared/checklists). The first that fits wins; an item that nobody has answered stops the report. The
lists are outside the plan: answers can be given and mended after the lock.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from analysis.cards import Card, DataKind, Design
from analysis.checklist_rules import STATUSES, design_rules, library_rules, own_rules
from analysis.problems import Problem, stop_if_any
from analysis.provenance import ROOT
from analysis.strict import Filled, Slug, Strict, Words, read_strict

FILE = "checklist.yaml"
LISTS = ROOT / "reports" / "_shared" / "checklists"
LIBRARY = "items.yaml"
# Every section that a report may have; `section` of an answer is one of them.
Section = Literal[
    "sammendrag",
    "bakgrunn",
    "data-og-metode",
    "leveransekontroll",
    "personvern",
    "resultater",
    "over-tid",
    "balanse",
    "undergrupper",
    "undergrupper-utforskende",
    "fasit",
    "deltakerflyt",
    "usikkerhet",
    "begrensninger",
    "kostnad",
    "avvik",
    "betydning",
    "metode",
    "proving",
    "fakta",
    "skjevhet",
    "kilder",
    "rettelser",
    "sporbarhet",
]


class Answer(Strict):
    """One answer to some items: a section of the report, a text, or why there is none."""

    items: list[Slug] = Field(min_length=1, description="Ids of items")
    section: Section | None = Field(None, description="Section of the report that answers")
    text: Words | None = Field(None, description="The answer itself")
    not_told: Words | None = Field(None, description="Why neither report nor source tells")
    not_relevant: Words | None = Field(None, description="Why it is not asked of this study")


class Rule(Answer):
    """An answer for many cohorts: for some kinds of data, or left to those who know the study."""

    data_kind: list[DataKind] | None = Field(None, min_length=1, description="Kinds of data that it is about")
    ask: Literal[True] | None = None


class CohortAnswers(Strict):
    """The file of a cohort."""

    answers: list[Answer]


class Guideline(Strict):
    """A guideline with all its item numbers, between spaces."""

    name: Words
    source: Filled
    numbers: Filled


class Item(Strict):
    """What a report shall tell, in our own words, and the numbers that ask for it by guideline."""

    text: Words
    numbers: dict[Slug, Filled] = Field(min_length=1)


class Library(Strict):
    """The file of items."""

    guidelines: dict[Slug, Guideline]
    items: dict[Slug, Item]
    answers: list[Rule]


class DesignList(Strict):
    """The file of a design: its guidelines, and the answers that it gives before those for every design."""

    guidelines: list[Slug] = Field(min_length=1)
    answers: list[Rule] = []


def list_files(design: str, folder: Path = LISTS) -> list[Path]:
    """The library and the list of a design."""
    return [folder / LIBRARY, folder / f"{design}.yaml"]


def read_checklist(design: Design, data_kind: DataKind, folder: Path, own: str | Path | None) -> dict[str, Any]:
    """The filled list of a cohort as plain data: guidelines (name, source) and items (id, numbers, text, answers).

    `folder`: the lists; `own`: the cohort's file, which may be missing. `answers` are those that may fit, best first;
    only one that points to a section may be passed over. Raises ProblemsFound with every mistake of a file.
    """
    first, second = list_files(design, folder)
    library = read_strict(first, Library, library_rules)
    asking = {name: item.numbers for name, item in library.items.items()}
    chosen = read_strict(second, DesignList, design_rules(asking, library.guidelines))
    items = {name: item for name, item in library.items.items() if set(item.numbers) & set(chosen.guidelines)}
    answers = _cohort_answers(own, items)
    layers = [*answers, *chosen.answers, *library.answers]
    return {
        "guidelines": [_guideline(library.guidelines[name]) for name in chosen.guidelines],
        "items": [
            {
                "id": name,
                "numbers": _numbers(item, library, chosen.guidelines),
                "text": item.text.model_dump(),
                "answers": list(_fitting(name, layers, data_kind)),
            }
            for name, item in items.items()
        ],
    }


def finished_checklist(card: Card, folder: Path, own: str | Path | None) -> dict[str, Any]:
    """`read_checklist` of a cohort; raises ProblemsFound with every item that nobody has answered too."""
    found = read_checklist(card.design, card.data_kind, folder, own)
    stop_if_any("Sjekklisten er ikke ferdig:", unanswered(found, own))
    return found


def unanswered(checklist: Mapping[str, Any], own: str | Path | None) -> list[Problem]:
    """A problem for each item without an answer."""
    return [open_item(item, own) for item in checklist["items"] if not item["answers"]]


def open_item(item: Mapping[str, Any], own: str | Path | None) -> Problem:
    """An item that is to be answered, with where and how."""
    where = f"{own or FILE}, {item['id']}"
    return Problem(where, f"punktet er ikke besvart: {item['text']['nb']}.", f"Svar med {', '.join(STATUSES)}.")


def _cohort_answers(own: str | Path | None, items: Mapping[str, Item]) -> list[Answer]:
    if not own or not Path(own).is_file():
        return []
    return read_strict(own, CohortAnswers, own_rules(items)).answers


def _guideline(found: Guideline) -> dict[str, Any]:
    return {"name": found.name.model_dump(), "source": found.source}


def _numbers(item: Item, library: Library, guidelines: Iterable[str]) -> list[dict[str, Any]]:
    named = [(name, item.numbers[name]) for name in guidelines if name in item.numbers]
    return [{"guideline": library.guidelines[name].name.model_dump(), "numbers": text.split()} for name, text in named]


def _fitting(name: str, layers: Iterable[Answer], data_kind: str) -> Iterator[dict[str, Any]]:
    """Answers to an item that may hold, up to the first that holds whatever sections there are."""
    for answer in layers:
        if name not in answer.items or not _about(answer, data_kind):
            continue
        if isinstance(answer, Rule) and answer.ask:
            return
        status = next(status for status in STATUSES if getattr(answer, status) is not None)
        value = getattr(answer, status)
        yield {status: value if status == "section" else value.model_dump()}
        # A cohort's own answer is meant: a section that is missing there is a mistake, and no other answer is sought.
        if status != "section" or not isinstance(answer, Rule):
            return


def _about(answer: Answer, data_kind: str) -> bool:
    kinds = answer.data_kind if isinstance(answer, Rule) else None
    return kinds is None or data_kind in kinds
