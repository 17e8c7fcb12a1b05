"""The course of an outcome in a trial that drew persons: both groups, their difference with its band, and its area."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row, estimate
from analysis.report.charts import span_ticks
from analysis.report.group_means import decimals
from analysis.report.trial_numbers import BLANK, Numbers, bounded
from analysis.report.writer import capital
from analysis.tables import MAIN

CURVE, AREA, MEANS, BAND = "curve", "months_in_work", "standardised_mean", "simultaneous_band"
ADJUSTED = "adjusted"
ROLES = ("treated", "comparison")


def area(m: Numbers, horizon: int, spec: str = MAIN) -> Row | None:
    """Months with the main outcome that the offer added up to a horizon."""
    return m.only(m.primary, horizon, term=AREA, spec=spec)


def last_area(m: Numbers) -> Row | None:
    """The area of the whole curve: to the last horizon, not to the one where it looks best."""
    return area(m, max(m.card.horizons))


def course(m: Numbers) -> Iterator[Block]:
    """Both groups, the difference month by month with its band, and the months that it adds up to."""
    found = _differences(m)
    if len(found) < 2:
        return
    yield m.paragraph("persons_trial.curve.intro")
    yield _groups(m)
    yield blocks.paragraph(m.w.runs(f"{m.word('persons_trial.curve.band')} {told(m)}"))
    yield _difference(m, found)
    yield m.paragraph("persons_trial.area.intro")
    yield _areas(m)


def told(m: Numbers) -> str:
    """In which months the band for the whole curve leaves zero out."""
    outside = [row for _, row in _band(m) if bounded(row) and (row.text("conf_low") > 0 or row.text("conf_high") < 0)]
    if not outside:
        return m.word("persons_trial.curve.nowhere")
    ends = {"first": outside[0].event_time, "last": outside[-1].event_time}
    return m.word("persons_trial.curve.outside", **ends, n=len(outside))


def _series(m: Numbers, **wanted: Any) -> list[tuple[int, Row]]:
    """Event month and row of the curve of the main outcome, in the order of time."""
    found = m.w.rows(outcome=m.primary, spec=CURVE, status="estimated", **wanted).sort_values("event_time")
    return [(int(row["event_time"]), estimate(row)) for _, row in found.iterrows()]


def _band(m: Numbers) -> list[tuple[int, Row]]:
    return _series(m, term=CURVE, inference=BAND)


def _differences(m: Numbers) -> list[tuple[int, Row]]:
    return _series(m, term=CURVE, inference=m.headline)


def _means(m: Numbers, role: str) -> list[tuple[int, Row]]:
    return _series(m, estimator=MEANS, group=m.card.arm(role).id)


def _groups(m: Numbers) -> Block:
    """The share of each group month by month, strata in the sizes they have among all."""
    drawn = {role: _means(m, role) for role in ROLES}
    labels = {role: capital(m.w.text(m.card.arm(role).label)) for role in ROLES}
    series = [_line(drawn[role], labels[role], style) for style, role in enumerate(ROLES)]
    highest = max(value for one in series for value in one["y"])
    data = _axes(m, series, "axis.percent", m.w.ticks(0, highest, percent=True))
    rows = [
        [m.when(time), *_share(m, treated, "n_treated"), *_share(m, other, "n_comparison")]
        for (time, treated), (_, other) in zip(drawn["treated"], drawn["comparison"], strict=True)
    ]
    columns = [m.column("time", right=False, width=1.4)]
    for role in ROLES:
        columns += [blocks.column(labels[role], right=True, width=1.2), m.column("persons")]
    source = blocks.table("", [], columns, [m.cells([capital(when), *cells]) for when, *cells in rows])
    ends = {f"{role}_{end}": drawn[role][place][1] for role in ROLES for end, place in (("first", 0), ("last", -1))}
    alt = m.say("persons_trial.curve.groups_alt", **ends, when=m.when(drawn["treated"][-1][0]))
    return blocks.figure("fig-forlop", "time", m.say("persons_trial.curve.groups_caption"), alt, data, source)


def _share(m: Numbers, row: Row, count: str) -> list[str]:
    return [m.w.book.percent(row.estimate), m.w.book.number(getattr(row, count))]


def _line(found: list[tuple[int, Row]], label: str, style: int) -> dict[str, Any]:
    y = [float(row.text("estimate")) for _, row in found]
    return {"label": label, "x": [time for time, _ in found], "y": y, "low": None, "high": None, "style": style}


def _difference(m: Numbers, found: list[tuple[int, Row]]) -> Block:
    """The difference month by month: its own interval, and the band for all months together around it."""
    band = dict(_band(m))
    points = _line(found, m.label("persons_trial.curve.one"), 0)
    points |= {name: [_end(row, f"conf_{name}") for _, row in found] for name in ("low", "high")}
    around = {"label": m.label("persons_trial.curve.all"), "x": points["x"], "y": [None] * len(found), "style": 2}
    around |= {name: [_end(band[time], f"conf_{name}") for time, _ in found] for name in ("low", "high")}
    ends = [value for name in ("low", "high") for value in (*points[name], *around[name]) if value is not None]
    data = _axes(m, [around, points], "axis.points", m.w.ticks(min(0, *ends), max(0, *ends), points=True))
    rows = [[capital(m.when(time)), *m.difference(row, m.primary), _interval(m, band[time])] for time, row in found]
    columns = [m.column("time", right=False, width=1.4), m.column("estimate"), m.column("interval", width=1.2)]
    columns.append(m.column("band", width=1.2))
    source = blocks.table("", [], columns, [m.cells(row) for row in rows])
    top = max(found, key=lambda item: abs(item[1].text("estimate")))
    alt = m.say("persons_trial.curve.alt", top=top[1], when=m.when(top[0]), end=found[-1][1], last=m.when(found[-1][0]))
    caption = m.say("persons_trial.curve.caption")
    return blocks.figure("fig-forskjell", "time", caption, alt, data, source)


def _end(row: Row, name: str) -> float | None:
    return float(row.text(name)) if bounded(row) else None


def _interval(m: Numbers, row: Row) -> str:
    return m.w.book.points_interval(row) if bounded(row) else BLANK


def _axes(m: Numbers, series: list[dict[str, Any]], y_label: str, y_ticks: list[dict[str, Any]]) -> dict[str, Any]:
    months = [month for one in series for month in one["x"]]
    return {
        "x_label": m.label("axis.months"),
        "y_label": m.label(y_label),
        "x_ticks": span_ticks(m.w, min(months), max(months)),
        "y_ticks": y_ticks,
        "zero": None,
        "series": series,
    }


def _areas(m: Numbers) -> Block:
    """Months up to each horizon in the control group, and how many more in the treated one, adjusted and not."""
    adjusted = m.card.trial.adjustment is not None
    columns = [m.column("to", right=False, width=1.4), m.column("months_comparison"), m.column("months")]
    columns += [m.column("interval", width=1.2)]
    columns += [m.column("months_adjusted"), m.column("interval", width=1.2)] if adjusted else []
    rows = [_area_row(m, horizon, adjusted=adjusted) for horizon in sorted(m.card.horizons)]
    caption, note = m.say("persons_trial.area.caption"), m.say("persons_trial.area.note")
    return blocks.table("tab-maneder", caption, columns, rows, note)


def _area_row(m: Numbers, horizon: int, *, adjusted: bool) -> list[Runs]:
    row = area(m, horizon)
    base = BLANK if row is None else m.w.book.number(row.base_rate, 1)
    others = months(m, area(m, horizon, ADJUSTED)) if adjusted else []
    return m.cells([capital(m.when(horizon)), base, *months(m, row), *others])


def months(m: Numbers, row: Row | None) -> list[str]:
    """A number of months and its interval; dashes where it could not be worked out."""
    if row is None:
        return [BLANK, BLANK]
    digits = decimals(row.text("estimate"))
    value = m.w.book.number(row.estimate, digits, sign=True)
    return [value, m.w.book.number_interval(row, digits) if bounded(row) else BLANK]
