"""Comparable studies on the start page: each of them, their mean, and where one more would be expected to lie."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.outcomes import load_outcomes
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Book, Ref, Row
from analysis.report.writer import capital

BLANK = "–"


def pooled_blocks(book: Book, synthesis: pd.DataFrame, models: dict[str, Any]) -> Iterator[Block]:
    """A table per group of comparable studies with what it says of the next one, or that no studies are comparable.

    Made-up data are left out: nothing of them stands in this chapter.
    """
    shown = synthesis[synthesis["data_kind"].ne("synthetic")]
    if shown.empty:
        yield blocks.paragraph(book.say("portal.pooled.none"))
    for number, (name, rows) in enumerate(shown.groupby("synthesis"), start=1):
        yield {**_table(book, rows, models, int(name)), "number": number}
        yield blocks.paragraph(book.runs(" ".join(_said(book, rows))))


def _table(book: Book, rows: pd.DataFrame, models: dict[str, Any], name: int) -> Block:
    first, words = rows.iloc[0], book.catalogue["portal"]["pooled"]
    label = capital(book.in_language(load_outcomes()[first["outcome"]].label))
    caption = book.say("portal.pooled.caption", label=label, months=_row(first).horizon_months)
    columns = [blocks.column(text, right=key != "name") for key, text in words["columns"].items()]
    told = [row for _, row in rows.iterrows() if row["kind"] in ("study", "mean", "beside")]
    told = [row for row in told if row["kind"] == "study" or row["status"] == "estimated"]
    told = [row for row in told if row["kind"] != "beside" or _wider(rows)]
    body = [_cells(book, row, models) for row in told]
    return blocks.table(f"tab-samlet-{name}", caption, columns, body, book.say("portal.pooled.note"))


def _wider(rows: pd.DataFrame) -> bool:
    """Whether Hartung and Knapp's interval is narrower than the plain one, so that the wider one says something."""
    return bool(rows.loc[rows["kind"].eq("mean"), "factor"].iloc[0] < 1)


def _row(values: pd.Series) -> Row:
    """A row of the synthesis as references."""
    cohort = values["cohort"] if values["kind"] == "study" else values["kind"]
    return Row("synthesis", f"{values['synthesis']}/{cohort}", values)


def _cells(book: Book, values: pd.Series, models: dict[str, Any]) -> list[Runs]:
    row = _row(values)
    name = models[values["cohort"]]["short_title"] if values["kind"] == "study" else ""
    name = name or book.word(f"portal.pooled.{values['kind']}", row=row)
    interval = f"{_size(book, row.conf_low, values)} {book.catalogue['interval_word']} "
    interval += _size(book, row.conf_high, values)
    cells = (
        name,
        _size(book, row.estimate, values, sign=True),
        interval if row.conf_low else BLANK,
        book.percent(row.base_rate) if row.base_rate else BLANK,
        book.number(row.ratio, 2) if row.ratio else BLANK,
        book.percent(row.weight) if row.weight else BLANK,
    )
    return [book.runs(cell) for cell in cells]


def _size(book: Book, ref: Ref, values: pd.Series, *, sign: bool = False) -> str:
    """An effect in percentage points, or as a number where it is no difference in shares."""
    if not ref:
        return BLANK
    shares = values["measure"] == "risk_difference"
    return book.points(ref, sign=sign) if shares else book.number(ref, 2, sign=sign)


def _said(book: Book, rows: pd.DataFrame) -> Iterator[str]:
    """What the mean says beyond itself."""
    mean = rows[rows["kind"].eq("mean")].iloc[0]
    if mean["status"] != "estimated":
        yield book.word("portal.pooled.not_estimated")
        return
    row = _row(mean)
    if row.prediction_low:
        ends = {name: _size(book, getattr(row, f"prediction_{name}"), mean) for name in ("low", "high")}
        unit = book.word("portal.pooled.points") if mean["measure"] == "risk_difference" else ""
        yield book.word("portal.pooled.prediction", **ends, unit=unit)
    else:
        yield book.word("portal.pooled.no_prediction")
    priors = book.catalogue["portal"]["pooled"]["priors"]
    for _, values in rows[rows["kind"].eq("probability")].iterrows():
        believed = _row(values)
        sizes = {name: _size(book, getattr(believed, f"prior_{name}"), values) for name in ("mean", "sd")}
        unit = book.word("portal.pooled.points") if values["measure"] == "risk_difference" else ""
        yield book.word(
            "portal.pooled.probability",
            row=believed,
            prior=priors.get(values["prior"], values["prior"]),
            unit=unit,
            **sizes,
        )
