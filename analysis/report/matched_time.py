"""A matched cohort over time: the difference at each horizon, and the curves of the groups."""

from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row
from analysis.report.charts import month_ticks, points_cells, points_columns, span_ticks
from analysis.report.matched_numbers import CHANGE, Numbers
from analysis.report.writer import capital

# More months than this get round steps as axis marks, not a mark each.
EVERY_MONTH = 6


def over_time(m: Numbers) -> Iterator[Block]:
    """The difference at every horizon, then the groups month by month."""
    if len(m.card.horizons) > 1:
        yield blocks.paragraph(m.w.runs(course(m)))
        yield _horizon_figure(m)
        yield from (_horizon_table(m, outcome) for outcome in m.compared())
    yield _curves(m)


def course(m: Numbers) -> str:
    """When the estimate is largest, and where it is at the last horizon: numbers, and no reason.

    A difference that was clear (its interval excludes zero) and is not at the last horizon is told as gone.
    """
    rows = [m.estimate(m.primary, horizon=horizon) for horizon in sorted(m.card.horizons)]
    top, end = max(rows, key=lambda row: abs(row.text("estimate"))), rows[-1]
    faded = _clear(top) and not _clear(end)
    key = "matched.course.last" if top is end else "matched.course.faded" if faded else "matched.course.earlier"
    times = {name: m.at(int(row.text("horizon_months"))) for name, row in (("at_top", top), ("at_end", end))}
    return m.word(key, top=top, end=end, **times)


def _clear(row: Row) -> bool:
    """Whether the interval excludes zero."""
    return row.text("conf_low") > 0 or row.text("conf_high") < 0


def _horizon_rows(m: Numbers, outcome: str) -> list[tuple[str, Row]]:
    return [(capital(m.moment(one)), m.estimate(outcome, horizon=one)) for one in sorted(m.card.horizons)]


def _horizon_table(m: Numbers, outcome: str) -> Block:
    unit = m.w.unit(outcome)
    columns = [m.column("time", right=False, width=1.6)]
    columns += [m.column(name, **unit) for name in ("estimate", "interval", "n", "m")]
    rows = [
        [
            m.w.runs(label),
            *m.difference_cells(row, outcome),
            *(m.w.runs(m.w.book.number(ref)) for ref in (row.n_treated, row.n_comparison)),
        ]
        for label, row in _horizon_rows(m, outcome)
    ]
    caption = m.say("matched.horizons_table", change=m.estimator(outcome) == CHANGE, **unit)
    note = m.say("matched.horizons_note")
    return blocks.table(f"tab-horisont-{outcome.replace('_', '-')}", caption, columns, rows, note)


def _horizon_figure(m: Numbers) -> Block:
    """The main outcome: a point with its interval at each horizon."""
    rows = _horizon_rows(m, m.primary)
    values = {name: [row.text(name) for _, row in rows] for name in ("estimate", "conf_low", "conf_high")}
    data = {
        "x_label": m.w.label("axis.months"),
        "y_label": m.w.label("axis.points"),
        "x_ticks": month_ticks(m.w, sorted(m.card.horizons)),
        "y_ticks": m.w.ticks(min(0, *values["conf_low"]), max(0, *values["conf_high"]), points=True),
        "zero": None,
        "series": [
            {
                "label": m.label("matched.horizons_series"),
                "x": sorted(m.card.horizons),
                "y": values["estimate"],
                "low": values["conf_low"],
                "high": values["conf_high"],
                "style": 0,
                "bars": True,
            }
        ],
    }
    source = blocks.table(
        "",
        [],
        [m.column("time", right=False), *points_columns(m.w)],
        [[m.w.runs(label), *points_cells(m.w, row)] for label, row in rows],
    )
    caption = m.say("matched.horizons_caption")
    alt = m.w.runs(f"{m.word('matched.horizons_alt')} {course(m)}")
    return blocks.figure("fig-horisonter", "time", caption, alt, data, source)


def _curves(m: Numbers) -> Block:
    """Means of the matched groups, and of the trial's control group, before and after."""
    series = _series(m)
    curves = [_curve(m, group) for _, group in series]
    drawn = [
        {
            "label": label,
            "x": list(curve["event_time"].astype(int)),
            "y": list(curve["estimate"]),
            "low": list(curve["conf_low"]),
            "high": list(curve["conf_high"]),
            "style": style,
        }
        for style, ((label, _), curve) in enumerate(zip(series, curves, strict=True))
    ]
    months = sorted({month for one in drawn for month in one["x"]})
    data = {
        "x_label": m.w.label("axis.months"),
        "y_label": m.w.label("axis.percent"),
        "x_ticks": month_ticks(m.w, months) if len(months) <= EVERY_MONTH else span_ticks(m.w, months[0], months[-1]),
        "y_ticks": m.w.ticks(0, max(value for one in drawn for value in one["high"]), percent=True),
        "zero": {"value": 0, "label": m.w.label("axis.start")},
        "series": drawn,
    }
    table = _curve_table(m, series, months)
    return blocks.figure("fig-tid", "time", m.say("matched.time_caption"), _curve_alt(m, series), data, table)


def _series(m: Numbers) -> list[tuple[str, str]]:
    """Label and group of each curve."""
    arms = [("treated", "matched"), ("comparison", "matched")]
    groups = [(m.word(f"matched.series.{role}"), f"{sample}:{m.card.arm(role).id}") for role, sample in arms]
    if m.card.benchmark is not None:
        groups.append((m.word("matched.series.benchmark"), f"unmatched:{m.card.benchmark.arm}"))
    return groups


def _curve(m: Numbers, group: str) -> pd.DataFrame:
    rows = m.w.rows(estimator="group_mean", group=group, outcome=m.primary)
    return rows.sort_values("event_time")


def _curve_alt(m: Numbers, series: list[tuple[str, str]]) -> Runs:
    ends = {}
    for letter, (_, group) in zip("tc", series, strict=False):
        ends[f"{letter}0"] = m.mean(group, m.primary, m.base)
        ends[f"{letter}1"] = m.mean(group, m.primary, m.horizon)
    return m.say("matched.time_alt", **ends)


def _curve_table(m: Numbers, series: list[tuple[str, str]], months: list[int]) -> Block:
    columns = [m.column("month" if m.start is not None else "time", right=False)]
    for label, _ in series:
        columns += [blocks.column(label, right=True), m.column("interval")]
    rows = []
    for time in months:
        means = [m.mean(group, m.primary, time) for _, group in series]
        cells = [text for mean in means for text in (m.w.book.percent(mean.estimate), m.w.book.percent_interval(mean))]
        rows.append([m.w.runs(text) for text in (capital(m.moment(time)), *cells)])
    return blocks.table("", [], columns, rows)
