"""The filled reporting checklist as a section of the annex: each item, and where or how it is answered."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from analysis.checklist import FILE, open_item
from analysis.checklist_rules import STATUSES
from analysis.problems import Problem, stop_if_any
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.writer import Writer

SECTION, BEFORE = "sjekkliste", "kilder"
Chosen = list[tuple[dict[str, Any], dict[str, Any]]]


def with_checklist(w: Writer, sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The report's sections with the checklist among them; without one they stay as they are.

    Raises ProblemsFound with every item that is not answered, or that points to a section that is not there.
    """
    items = w.material.checklist.get("items", [])
    if not items:
        return sections
    titles = {found["id"]: found["title"] for found in sections}
    answers = chosen(items, titles, w.material.cohort)
    place = next(place for place, found in enumerate(sections) if found["id"] == BEFORE)
    own = blocks.section(SECTION, w.word("checklist.title"), _blocks(w, answers, titles), level=2)
    return [*sections[:place], own, *sections[place:]]


def chosen(items: list[dict[str, Any]], titles: Mapping[str, str], cohort: str) -> Chosen:
    """Each item with the first of its answers that holds where these sections stand; ProblemsFound with all others."""
    found = [(item, next((one for one in item["answers"] if _holds(one, titles)), None)) for item in items]
    stop_if_any(
        f"Rapporten for {cohort} er ikke skrevet.", [_problem(item, cohort) for item, one in found if one is None]
    )
    return [(item, one) for item, one in found if one is not None]


def _holds(answer: Mapping[str, Any], titles: Mapping[str, str]) -> bool:
    return answer.get("section") in (None, *titles)


def _problem(item: Mapping[str, Any], cohort: str) -> Problem:
    """Why an item has no answer, and how to mend it."""
    open_one = open_item(item, f"cohorts/{cohort}/{FILE}")
    if not item["answers"]:
        return open_one
    named = ", ".join(answer["section"] for answer in item["answers"])
    what = f"svaret er en del som ikke står i denne rapporten ({named}): {item['text']['nb']}."
    return Problem(open_one.where, what, open_one.mend)


def _blocks(w: Writer, answers: Chosen, titles: Mapping[str, str]) -> Iterator[Block]:
    """How many items have which status, the guidelines, and a row per item."""
    counts = Counter(_status(answer) for _, answer in answers)
    known = {status: Ref(counts[status], "checklist", status, "items") for status in STATUSES}
    yield w.paragraph("checklist.intro", all=Ref(len(answers), "checklist", "all", "items"), **known)
    guidelines = w.material.checklist["guidelines"]
    yield blocks.definitions((w.runs(w.text(one["name"])), w.runs(one["source"])) for one in guidelines)
    columns = [
        blocks.column(label, width={"item": 2.0, "answer": 2.6}.get(name, 1.4))
        for name, label in w.book.catalogue["checklist"]["columns"].items()
    ]
    rows = [[*_asked(w, item), _answer(w, answer, titles)] for item, answer in answers]
    yield blocks.table("tab-sjekkliste", w.say("checklist.caption"), columns, rows)


def _status(answer: Mapping[str, Any]) -> str:
    return next(status for status in STATUSES if status in answer)


def _asked(w: Writer, item: Mapping[str, Any]) -> Iterator[Runs]:
    """What is asked, and by which numbers of which guidelines."""
    yield w.runs(w.text(item["text"]))
    yield w.runs("; ".join(f"{w.text(one['guideline'])} {', '.join(one['numbers'])}" for one in item["numbers"]))


def _answer(w: Writer, answer: Mapping[str, Any], titles: Mapping[str, str]) -> Runs:
    status = _status(answer)
    if status == "section":
        name = answer["section"]
        return w.say("checklist.answers.section", title=titles[name], id=name)
    return w.say(f"checklist.answers.{status}", words=w.text(answer[status]))
