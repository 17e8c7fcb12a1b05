"""The comparison report: all studies by question and design, each with what may be said of it, and nothing ranked.

Nothing is computed here. Made-up data stand in a chapter of their own and in no table with the others.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.questions import Questions
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Book, Ref, read_book
from analysis.report.comparison_study import Study, read_studies
from analysis.report.comparison_tables import (
    effects_figure,
    effects_table,
    grades_table,
    other_numbers,
    tried_table,
)
from analysis.report.cost_compared import compared_costs
from analysis.report.model import ENGLISH, numbered
from analysis.report.pooled import pooled_blocks
from analysis.report.portal_model import real_pairs
from analysis.tables import COMPARISON_REPORT


def build_comparison(
    folder: str | Path,
    reports: Sequence[str | Path],
    tables: Mapping[str, pd.DataFrame],
    questions: Questions,
    code: str,
    strings: str | Path,
    *,
    abstract: tuple[Sequence[str | Path], str | Path] | None = None,
) -> dict[str, Any]:
    """The report in language `code`. `tables`: comparison, horizons, pairs and synthesis as released; `folder` holds
    the review folder of each cohort, and `reports` are the models of their reports in the same language. `abstract`:
    the models in English and their catalogue, for a summary in English too."""
    book = read_book(code, strings)
    studies = read_studies(folder, reports, tables["comparison"], tables["horizons"], questions, book)
    latest = max(study.card.report.date for study in studies)
    summary, *others = _sections(book, studies, tables, questions, code)
    english = []
    if abstract is not None and code != ENGLISH:
        own = read_book(ENGLISH, abstract[1], numbers=book.numbers)
        told = read_studies(folder, abstract[0], tables["comparison"], tables["horizons"], questions, own)
        english = [_abstract(book, own, told)]
    sections = numbered([summary, *english, *others])
    return {
        "schema": 1,
        "report": COMPARISON_REPORT,
        "lang": code,
        "formats": book.language.formats(),
        "title": _in(code, questions.title),
        "short_title": _in(code, questions.short_title),
        "subtitle": book.word("comparison.subtitle"),
        "date": latest.isoformat(),
        "date_text": book.language.date(latest),
        "version": book.word("comparison.version"),
        "author": book.word("meta.author"),
        "meta": list(_meta(book, studies, latest)),
        "description": book.word("comparison.description"),
        "data_kind": "mixed",
        "design": "comparison",
        "banner": None,
        "labels": book.catalogue["labels"],
        "word": dict(book.catalogue["word"].items()),
        "files": book.file_words(),
        "sections": sections,
        "numbers": book.numbers,
        "provenance": {study.cohort: study.w.material.provenance for study in studies},
    }


def _in(code: str, words: Any) -> str:
    return getattr(words, code, None) or words.nb


def _meta(book: Book, studies: Sequence[Study], latest: Any) -> Iterator[dict[str, str]]:
    pairs = {
        "date": book.language.date(latest),
        "studies": book.plain(_count(book, studies)),
        "sender": book.word("meta.not_nav"),
    }
    for name, text in pairs.items():
        key = "comparison.studies_term" if name == "studies" else f"meta.{name}"
        yield {"term": book.word(key), "text": text}


def _count(book: Book, studies: Sequence[Study]) -> str:
    counts = {
        kind: Ref(sum((study.card.data_kind == kind) for study in studies), "comparison", kind, "data_kind")
        for kind in ("published", "open", "restricted", "synthetic")
    }
    told = [
        book.word("comparison.count", count=count, kind=book.word(f"data_kinds.{kind}"))
        for kind, count in counts.items()
        if count.value
    ]
    return ", ".join(told)


def _sections(
    book: Book, studies: Sequence[Study], tables: Mapping[str, pd.DataFrame], questions: Questions, code: str
) -> Iterator[dict[str, Any]]:
    titles = [_in(code, one.title) for one in questions.questions]
    real = [study for study in studies if not study.synthetic]
    made_up = [study for study in studies if study.synthetic]
    heading = book.catalogue["comparison"]["headings"]
    models = {study.cohort: study.report for study in studies}
    yield blocks.section("sammendrag", heading["summary"], _summary(book, studies))
    yield blocks.section("svar", heading["answers"], [])
    for number, title in enumerate(titles):
        own = [study for study in real if study.place[0] == number]
        if own:
            name = f"svar-{questions.questions[number].id.replace('_', '-')}"
            yield blocks.section(name, title, _answers(book, own), level=2)
    yield blocks.section("provd", heading["tried"], [tried_table(book, real, titles, "tab-provd")])
    yield blocks.section("tall", heading["numbers"], _numbers(book, real, titles))
    costs = compared_costs(book, real, "tab-kostnad")
    if costs is not None:
        yield blocks.section("kostnad", book.word("cost.compare.heading"), [costs])
    yield blocks.section("tillit", heading["grades"], [grades_table(book, real, "tab-tillit")])
    yield blocks.section("sammenlignbart", heading["gate"], _gate(book, tables["pairs"], models))
    yield blocks.section("samlet", heading["pooled"], pooled_blocks(book, tables["synthesis"], models))
    if made_up:
        yield blocks.section("metodedemonstrasjon", heading["demonstration"], _demonstration(book, made_up, titles))
    yield blocks.section("sporbarhet", heading["provenance"], [_provenance(book, studies)])


def _summary(book: Book, studies: Sequence[Study]) -> Iterator[Block]:
    yield blocks.paragraph(book.say("comparison.lead", count=_count(book, studies)), "lead")
    yield blocks.bullets(book.say(f"comparison.points.{name}") for name in book.catalogue["comparison"]["points"])


def _abstract(book: Book, english: Book, studies: Sequence[Study]) -> dict[str, Any]:
    """The summary and what each study says, in English, with numbers of the same report."""
    real = [study for study in studies if not study.synthetic]
    found = blocks.section(
        "english-summary",
        book.catalogue["headings"]["abstract"],
        [*_summary(english, studies), *_answers(english, real)],
    )
    return {**found, "lang": ENGLISH, "formats": english.language.formats()}


def _answers(book: Book, studies: Sequence[Study]) -> Iterator[Block]:
    """What each study of a question says, in the words of its own report, with its grade."""
    for study in studies:
        key = "comparison.answer_beside" if study.place[1] else "comparison.answer"
        grade = book.word(f"grades.{study.w.material.grade['grade']}")
        parts = (study.w.say(key, name=study.name), study.lead(), book.say("comparison.trust", grade=grade))
        yield blocks.paragraph([run for part in parts for run in (*part, {"text": " "})][:-1])


def _numbers(book: Book, studies: Sequence[Study], titles: Sequence[str]) -> Iterator[Block | None]:
    yield blocks.paragraph(book.say("comparison.not_ranked"))
    yield effects_table(book, studies, "tab-tall")
    yield effects_figure(book, studies, titles, "fig-tall")
    yield other_numbers(book, studies, "tab-andre")


def _gate(book: Book, pairs: pd.DataFrame, models: Mapping[str, Any]) -> Iterator[Block]:
    """Every pair, and what keeps it from being held against one another."""
    yield blocks.paragraph(book.say("portal.gate"))
    columns = [blocks.column(book.catalogue["comparison"]["columns"][name]) for name in ("pair", "differs")]
    rows = [
        [book.runs(f"{a} – {b}"), book.runs(reasons or book.word("comparison.comparable"))]
        for a, b, reasons in real_pairs(book, pairs, dict(models))
    ]
    if rows:
        yield blocks.table("tab-par", book.say("comparison.gate"), columns, rows)


def _demonstration(book: Book, studies: Sequence[Study], titles: Sequence[str]) -> Iterator[Block | None]:
    """Made-up data under their banner."""
    banner = book.catalogue["banner"]
    yield blocks.callout(banner["heading"], book.runs(banner["text"]))
    yield tried_table(book, studies, titles, "tab-provd-syntetisk")
    yield effects_table(book, studies, "tab-tall-syntetisk")
    yield other_numbers(book, studies, "tab-andre-syntetisk")
    yield compared_costs(book, studies, "tab-kostnad-syntetisk")


def _provenance(book: Book, studies: Sequence[Study]) -> Block:
    """The run and the plan of each study: the way back from every number."""
    names = ("study", "run", "plan", "version")
    columns = [blocks.column(book.catalogue["comparison"]["columns"][name]) for name in names]
    rows = [
        [
            study.w.runs(text)
            for text in (
                study.name,
                str(study.w.material.provenance["run_id"]),
                study.w.material.provenance["plan_hash"][:12],
                study.card.report.version,
            )
        ]
        for study in studies
    ]
    return blocks.table("tab-spor", book.say("comparison.provenance"), columns, rows)
