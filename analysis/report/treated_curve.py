"""Many analyses in treated tables: those whose effects are shown in rising order, and the band where it is shown."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.specification_words import Choices
from analysis.report.treated_numbers import HIDDEN, Shown, rows_of
from analysis.tables import MAIN

CODE = "specifications"
BAND = ("band_low", "band_median", "band_high")
# Points that are a curve, at least.
FEWEST = 3


def curve(s: Shown) -> Iterator[Block]:
    """The joint test where it is shown, and the figure; a sentence where too few are shown, nothing without any."""
    table = s.table(CODE)
    made = table[table["status"].eq("estimated")]
    if made.empty:
        return
    shown = made[made["estimate"].notna()].sort_values("estimate", kind="stable", ignore_index=True)
    counts = {"n": Ref(len(made), CODE, "estimated", "spec"), "shown": Ref(len(shown), CODE, "shown", "estimate")}
    yield s.w.paragraph("treated.curve_of_analyses.told", **counts, enough=len(shown) >= FEWEST)
    yield from _joint(s)
    if len(shown) >= FEWEST:
        yield _figure(s, shown, _choices(s, made, shown))


def _joint(s: Shown) -> Iterator[Block]:
    tests = s.table("specification_tests")
    found = [row for row in rows_of("specification_tests", tests, "statistic") if row.text("statistic") == "median"]
    if found and found[0].value and found[0].p_value:
        p_value = found[0].text("permuted") == "offices" or bool(s.card.assignment.randomised)
        yield s.w.paragraph("treated.curve_of_analyses.joint", test=found[0], drawn=p_value)


def _choices(s: Shown, made: pd.DataFrame, shown: pd.DataFrame) -> Choices:
    usual = made.loc[made["spec"].eq(MAIN), "choices"]
    usual = usual if len(usual) else shown["choices"]
    return Choices(s.w, shown["choices"], str(usual.iloc[0]))


def _figure(s: Shown, shown: pd.DataFrame, choices: Choices) -> Block:
    rows = rows_of(CODE, shown, "spec")
    numbers = shown[["estimate", *BAND]].astype("float64")
    low, high = min(0.0, numbers.min().min()), max(0.0, numbers.max().max())
    ends = [1, len(rows)]
    data = {
        "y_label": s.w.label("axis.points"),
        "x_label": s.w.label("specifications.axis"),
        "y_ticks": s.w.ticks(low, high, points=True),
        "x_ticks": [{"value": end, "label": s.w.book.language.number(end)} for end in ends],
        "points": [{"estimate": row.text("estimate"), "main": row.text("spec") == MAIN} for row in rows],
        "band": _band(numbers),
        "labels": {name: s.w.label(f"specifications.legend.{name}") for name in ("main", "other", "band", "middle")},
        "groups": choices.groups(),
    }
    n = Ref(len(rows), CODE, "shown", "estimate")
    alt = s.say("curve_of_analyses.alt", n=n, low=rows[0], high=rows[-1])
    source = _source(s, rows, choices)
    return blocks.figure("fig-analyser", "curve", s.w.say("specifications.caption", n=n), alt, data, source)


def _band(numbers: pd.DataFrame) -> dict[str, list[float | None]]:
    names = dict(zip(("low", "middle", "high"), BAND, strict=True))
    return {key: [None if pd.isna(one) else float(one) for one in numbers[name]] for key, name in names.items()}


def _source(s: Shown, rows: list[Row], choices: Choices) -> Block:
    names = {"number": 0.5, "analysis": 3.0, "estimate": 1.0, "band": 1.3}
    columns: list[dict[str, Any]] = [
        blocks.column(s.w.label(f"specifications.columns.{name}"), right=name != "analysis", width=width)
        for name, width in names.items()
    ]
    return blocks.table("", [], columns, [_cells(s, row, place, choices) for place, row in enumerate(rows)])


def _cells(s: Shown, row: Row, place: int, choices: Choices) -> list[Runs]:
    spec, band = str(row.text("spec")), HIDDEN
    if row.band_low and row.band_high:
        ends = pd.Series({"conf_low": row.text("band_low"), "conf_high": row.text("band_high")})
        band = s.w.book.points_interval(Row(CODE, spec, ends))
    number = s.w.book.number(Ref(place + 1, CODE, spec, "rank"))
    return s.cells([number, choices.differs(place), s.points(row.estimate), band])
