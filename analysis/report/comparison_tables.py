"""Tables and the figure of the comparison report. Rows stand by question and design, never by effect."""

from collections.abc import Sequence
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Book
from analysis.report.charts import forest_data, forest_row
from analysis.report.comparison_study import Study
from analysis.report.conclusion import grade_steps
from analysis.report.portal_model import STYLES
from analysis.report.writer import capital

BLANK = "–"
# Months by column of the table.
COLUMNS: dict[str, tuple[int, ...]] = {"m6": (6,), "m12": (12,), "m18": (18, 24), "m36": (36,)}


def tried_table(book: Book, studies: Sequence[Study], titles: Sequence[str], name: str) -> Block:
    """Who it was tried on, what it was held against, with which design and data."""
    columns = _columns(book, ("study", "question", "population", "usual_care", "design", "data"), ())
    rows = [
        [
            study.w.runs(text)
            for text in (
                study.name,
                _question(book, study, titles),
                capital(study.w.text(study.card.population.description)),
                capital(study.w.text(study.card.content.usual_care)),
                capital(book.word(f"designs.{study.card.design}")),
                capital(book.word(f"data_kinds.{study.card.data_kind}")),
            )
        ]
        for study in studies
    ]
    return blocks.table(name, book.say("comparison.tried"), columns, rows)


def _question(book: Book, study: Study, titles: Sequence[str]) -> str:
    number, neighbour = study.place
    return book.word("comparison.neighbour", question=titles[number]) if neighbour else titles[number]


def _columns(book: Book, names: Sequence[str], right: Sequence[str]) -> list[dict[str, Any]]:
    wide = {"population": 1.5, "usual_care": 1.5, "study": 1.2, "reasons": 3.0, "m18": 1.5, "base": 0.7, "ratio": 0.8}
    labels = book.catalogue["comparison"]["columns"]
    return [blocks.column(labels[name], right=name in right, width=wide.get(name, 1.0)) for name in names]


def effects_table(book: Book, studies: Sequence[Study], name: str) -> Block:
    """Base rate, effect with interval by column, and the relative effect."""
    columns = _columns(book, ("study", "base", *COLUMNS, "ratio"), ("base",))
    rows = [
        [
            study.w.runs(study.name),
            study.w.runs(_base(study)),
            *(study.w.runs(_cell(study, months)) for months in COLUMNS.values()),
            study.w.runs(_ratio(study)),
        ]
        for study in studies
    ]
    notes = [book.word("comparison.effects_note"), *filter(None, map(_assumed, studies))]
    return blocks.table(name, book.say("comparison.effects"), columns, rows, book.runs(" ".join(notes)))


def _assumed(study: Study) -> str | None:
    """What the interval of a published trial of offices rests on."""
    months = _shown(study)
    icc = None if months is None else study.row(months).assumed_icc
    return study.w.word("comparison.assumed", name=study.name, icc=icc) if icc else None


def _estimated(study: Study, months: int) -> bool:
    return study.columns[months]["status"] == "estimated"


def _shown(study: Study) -> int | None:
    """The month that base rate and relative effect are given for: that of the headline where it is a column."""
    main = study.headline["horizon_months"]
    found = [months for months in study.columns if _estimated(study, months)]
    return next((months for months in found if months == main), found[0] if found else None)


def _base(study: Study) -> str:
    months = _shown(study)
    row = None if months is None else study.row(months)
    return study.w.book.percent(row.base_rate, row.n_comparison) if row and row.base_rate else BLANK


def _ratio(study: Study) -> str:
    months = _shown(study)
    row = None if months is None else study.row(months)
    if not row or not row.ratio:
        return BLANK
    return study.w.word("comparison.ratio", row=row)


def _cell(study: Study, months: Sequence[int]) -> str:
    """The effects of one column, or why there is none."""
    found = [each for each in months if _estimated(study, each)]
    if found:
        many = len(months) > 1
        return "; ".join(_effect(study, each, many=many) for each in found)
    reasons = dict.fromkeys(study.columns[each]["reason"] for each in months)
    return study.w.word(f"comparison.blank.{_known(study.w.book, next(iter(reasons)))}")


def _known(book: Book, reason: str) -> str:
    """A reason that has words of its own, or the general one."""
    return reason if reason in book.catalogue["comparison"]["blank"] else "no_estimate"


def _effect(study: Study, months: int, *, many: bool) -> str:
    row = study.row(months)
    interval = bool(row.conf_low) and bool(row.conf_high)
    return study.w.word("comparison.effect", row=row, many=many, interval=interval)


def grades_table(book: Book, studies: Sequence[Study], name: str) -> Block:
    """The grade of each, with every reason."""
    columns = _columns(book, ("study", "grade", "reasons"), ())
    rows = [
        [
            study.w.runs(study.name),
            study.w.runs(capital(book.word(f"grades.{study.w.material.grade['grade']}"))),
            study.w.runs(grade_steps(study.w)),
        ]
        for study in studies
    ]
    return blocks.table(name, book.say("comparison.grades"), columns, rows)


def other_numbers(book: Book, studies: Sequence[Study], name: str) -> Block | None:
    """Headlines that are no effect on being in work at a time: they stand apart, each with what it is."""
    own = [study for study in studies if study.headline["status"] == "estimated" and _shown(study) is None]
    if not own:
        return None
    columns = _columns(book, ("study", "outcome", "number", "why"), ("number",))
    rows = [
        [
            study.w.runs(study.name),
            study.w.runs(capital(study.w.text(study.w.outcome(study.headline["outcome"]).label))),
            study.w.runs(_number(study)),
            study.w.say(f"comparison.why.{_known_why(study)}"),
        ]
        for study in own
    ]
    return blocks.table(name, book.say("comparison.others"), columns, rows)


def _known_why(study: Study) -> str:
    return "no_comparison_group" if study.headline["scale"] in ("share", "change") else study.columns[6]["reason"]


def _number(study: Study) -> str:
    """A share, a change or a difference, each in its own words."""
    return study.w.word(f"comparison.numbers.{study.headline['scale']}", row=study.main())


def effects_figure(book: Book, studies: Sequence[Study], titles: Sequence[str], name: str) -> Block | None:
    """Every effect of the table with its interval, under its question."""
    rows, source, told = [], [], []
    for study in studies:
        for months in study.columns:
            row = study.row(months)
            if _estimated(study, months) and row.conf_low and row.conf_high:
                label = study.w.word("comparison.point", name=study.name, row=row)
                style = STYLES.get(study.columns[months]["verbs"], 2)
                rows.append(forest_row(study.w, label, titles[study.place[0]], row, style=style))
                source.append(_point_cells(study, label, months))
                told.append(study.w.word("comparison.told", label=label, row=row))
    if not rows:
        return None
    data = forest_data(studies[0].w, rows, book.plain(book.word("comparison.columns.study")))
    columns = _columns(book, ("study", "estimate", "interval"), ("estimate", "interval"))
    caption = book.say("comparison.figure")
    alt = book.say("comparison.figure_alt", told="; ".join(told))
    return blocks.figure(name, "forest", caption, alt, data, blocks.table("", [], columns, source))


def _point_cells(study: Study, label: str, months: int) -> list[Runs]:
    row = study.row(months)
    texts = (label, study.w.book.points(row.estimate, sign=True), study.w.book.points_interval(row))
    return [study.w.runs(text) for text in texts]
