"""The comparative interrupted time series: what level and trend changed to, and the difference month by month."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.months import month_text
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, estimate
from analysis.report.charts import span_ticks
from analysis.report.series_numbers import PREFERRED, SeriesNumbers
from analysis.report.writer import capital
from analysis.tables import MAIN

TERMS = ("level", "slope", "mean")
LINES = ("difference", "fitted", "unchanged")


def trend(s: SeriesNumbers) -> Iterator[Block]:
    """The model in words, its numbers under each way to reckon the errors, and the over-dispersed binomial beside."""
    main = s.row("interrupted_series", "mean", inference=PREFERRED)
    yield s.paragraph("trend.intro", season=s.chosen.season)
    rows = [_row(s, item) for _, item in _listed(s).iterrows()]
    columns = [s.column("what", right=False, width=2.0), s.column("errors", right=False, width=1.4)]
    columns += [s.column("change"), s.column("interval")]
    yield blocks.table("tab-tidsserie", s.say("trend.caption"), columns, rows, s.say("trend.note"))
    scale = s.row("quasi_binomial_did", "scale")
    binomial, lag = s.row("quasi_binomial_did", "mean"), s.row("quasi_binomial_did", "lag")
    ranked = s.row("interrupted_series", "mean_rank")
    yield s.paragraph("trend.read", main=main, ranked=ranked)
    yield s.paragraph("trend.binomial", binomial=binomial, scale=scale, lag=lag)


def _listed(s: SeriesNumbers) -> pd.DataFrame:
    found = s.table("interrupted_series", spec=MAIN, horizon=None)
    found = found[found["term"].isin(TERMS)]
    return found.assign(_order=found["term"].map(TERMS.index)).sort_values("_order", kind="stable")


def _row(s: SeriesNumbers, item: pd.Series) -> list[Runs]:
    row = estimate(item)
    errors = s.word(f"trend.errors.{item['inference']}")
    return [s.say(f"trend.terms.{item['term']}"), s.w.runs(errors), *s.points(row)]


def over_time(s: SeriesNumbers) -> Iterator[Block]:
    """The difference month by month with what the model fits, and what it would be without a change."""
    found = _series(s, s.treated())
    start = _first_after(found)
    times = [int(month) - start for month in found["month"]]
    lines = {name: found[name].tolist() for name in LINES}
    lines["unchanged"] = [value if time >= 0 else None for time, value in zip(times, lines["unchanged"], strict=True)]
    values = [value for line in lines.values() for value in line if value is not None]
    drawn = [
        {"label": s.label(f"trend.lines.{name}"), "x": times, "y": y, "low": None, "high": None, "style": style}
        for style, (name, y) in enumerate(lines.items())
    ]
    data: dict[str, Any] = {
        "x_label": s.label("trend.axis"),
        "y_label": s.w.label("axis.points"),
        "x_ticks": span_ticks(s.w, times[0], times[-1]),
        "y_ticks": s.w.ticks(min(0, *values), max(0, *values), points=True),
        "zero": {"value": 0, "label": s.label("trend.zero")},
        "series": drawn,
    }
    last = {name: _ref(found, len(found) - 1, name) for name in LINES}
    alt = s.say("trend.alt", month=s.month(month_text(int(found["month"].iloc[-1]))), **last)
    yield blocks.figure("fig-tidsserie", "time", s.say("trend.figure"), alt, data, _table(s, found, times))


def _series(s: SeriesNumbers, unit: str) -> pd.DataFrame:
    found = s.w.material.tables["series"]
    return found[found["unit"].astype("str").eq(unit)].sort_values("month", ignore_index=True)


def _first_after(found: pd.DataFrame) -> int:
    """The first month that can show the change: before it the model fits what it would be without."""
    return int(found.loc[(found["fitted"] - found["unchanged"]).abs() > 1e-12, "month"].iloc[0])


def _ref(found: pd.DataFrame, place: int, column: str) -> Ref:
    row = found.iloc[place]
    return Ref(row[column], "series", f"{row['unit']}/{month_text(int(row['month']))}", column)


def _table(s: SeriesNumbers, found: pd.DataFrame, times: list[int]) -> Block:
    columns = [s.column("date", right=False), s.column("share"), s.column("share_others")]
    columns += [blocks.column(s.label(f"trend.lines.{name}"), right=True) for name in LINES]
    rows = []
    for place, time in enumerate(times):
        shares = [s.book.percent(_ref(found, place, name)) for name in ("share", "share_comparison")]
        told = [name for name in LINES if name != "unchanged" or time >= 0]
        points = [s.book.points(_ref(found, place, name)) for name in told] + ["–"] * (len(LINES) - len(told))
        month = capital(s.month(month_text(int(found["month"].iloc[place]))))
        rows.append([s.w.runs(cell) for cell in (month, *shares, *points)])
    return blocks.table("", [], columns, rows)
