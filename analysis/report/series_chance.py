"""What chance gives: how far a unit chosen in a bad month comes back by itself, and the offices in a funnel."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.months import month_number, month_text
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.series_numbers import SeriesNumbers

PARTS = ("change", "elsewhere", "expected", "rest")


def warning(s: SeriesNumbers) -> Iterator[Block]:
    """The warning of the summary: how much of the fall was to be expected."""
    parts = _parts(s, s.m.card.horizons[0])
    if parts is not None:
        horizon = s.from_card(s.m.card.horizons[0], "horizons")
        yield blocks.callout(s.label("mean.title"), s.say("mean.warning", months=horizon, **parts))


def to_the_mean(s: SeriesNumbers) -> Iterator[Block]:
    """The parts of the change at each horizon and over all months after."""
    horizons = [*sorted(s.m.card.horizons), None]
    found = {horizon: parts for horizon in horizons if (parts := _parts(s, horizon)) is not None}
    if not found:
        return
    yield s.paragraph("mean.told", lasts=s.row("regression_to_the_mean", "lasts", horizon=None))
    columns = [s.column("after", right=False, width=1.6)]
    columns += [s.column(name) for name in (*PARTS, "rest_interval")]
    rows = [_row(s, horizon, parts) for horizon, parts in found.items()]
    yield blocks.table("tab-gjennomsnitt", s.say("mean.caption"), columns, rows, s.say("mean.note"))


def _parts(s: SeriesNumbers, horizon: int | None) -> dict[str, Row] | None:
    found = {term: s.row("regression_to_the_mean", term, horizon=horizon) for term in PARTS}
    return None if None in found.values() else found


def _row(s: SeriesNumbers, horizon: int | None, parts: dict[str, Row]) -> list[Runs]:
    label = s.word("mean.all") if horizon is None else s.word("mean.after", months=parts["rest"].horizon_months)
    numbers = [s.book.points(parts[name].estimate) for name in PARTS]
    return [s.w.runs(cell) for cell in (label, *numbers, s.book.points_interval(parts["rest"]))]


def truth(s: SeriesNumbers) -> Iterator[Block]:
    """The rest at the main horizon beside what was put in; nothing for effects in other months."""
    horizon = s.m.card.horizons[0]
    rest, start = s.row("regression_to_the_mean", "rest", horizon=horizon), month_number(s.m.card.time_zero.month)
    wanted = month_text(start + horizon)
    for place, effect in enumerate(s.m.card.synthetic.effects if s.m.card.synthetic else []):
        everybody = effect.group in (None, s.w.text(s.m.card.arm("treated").label))
        if rest is not None and everybody and effect.month == wanted:
            covers = rest.text("conf_low") <= effect.value <= rest.text("conf_high")
            value = Ref(effect.value, "cohort", f"synthetic.effects.{place}", "value")
            yield s.paragraph("truth", rest=rest, value=value, months=rest.horizon_months, covers=covers)


def funnel(s: SeriesNumbers) -> Iterator[Block]:
    """The offices in the month of choice, with the limits of chance."""
    found = s.w.material.tables["funnel"]
    if found.empty:
        return
    units, limits = (found[found["kind"].eq(kind)] for kind in ("office", "limit"))
    month = s.month(month_text(int(units["month"].iloc[0])))
    terms = ("outside", "outside_over", "scale", "spread")
    rows = {term: s.row("funnel", term) for term in terms}
    target = Ref(float(units["target"].iloc[0]), "funnel", "office", "target")
    yield s.paragraph("funnel.told", month=month, count=Ref(len(units), "funnel", "office", "unit"), **rows)
    caption = s.say("funnel.caption", month=month)
    alt = s.say("funnel.alt", target=target, month=month, **rows)
    yield blocks.figure("fig-trakt", "funnel", caption, alt, _data(s, units, limits), _table(s, units))


def _data(s: SeriesNumbers, units: pd.DataFrame, limits: pd.DataFrame) -> dict[str, Any]:
    inner = limits[limits["level"].eq(limits["level"].min())]
    lines = [
        {
            "label": s.label(f"funnel.lines.{name}"),
            "x": inner["n"].tolist(),
            "low": inner[f"low{ending}"].tolist(),
            "high": inner[f"high{ending}"].tolist(),
            "style": style,
        }
        for style, (name, ending) in enumerate((("binomial", ""), ("over", "_over")))
    ]
    points = [
        {
            "label": s.book.plain(s.w.text(s.m.card.arm(arm).label)),
            "x": units.loc[units["arm"].eq(arm), "n"].tolist(),
            "y": units.loc[units["arm"].eq(arm), "share"].tolist(),
            "style": style,
        }
        for style, arm in enumerate(("treated", "comparison"))
    ]
    shares = [*units["share"], *inner["low_over"], *inner["high_over"]]
    return {
        "x_label": s.label("funnel.axis"),
        "y_label": s.label("funnel.share"),
        "x_ticks": s.w.ticks(0, float(units["n"].max())),
        "y_ticks": s.w.ticks(min(shares), max(shares), percent=True),
        "target": float(units["target"].iloc[0]),
        "lines": lines,
        "points": points,
    }


def _table(s: SeriesNumbers, units: pd.DataFrame) -> Block:
    columns = [s.column("office", right=False), s.column("county", right=False), s.column("n"), s.column("share")]
    columns.append(s.column("z"))
    rows = []
    for _, unit in units.iterrows():
        n, share, z = (Ref(unit[name], "funnel", str(unit["unit"]), name) for name in ("n", "share", "z_over"))
        cells = (s.book.number(n), s.book.percent(share, n), s.book.number(z, 1))
        rows.append([s.w.runs(text) for text in (str(unit["unit"]), str(unit["county"]), *cells)])
    return blocks.table("", [], columns, rows)
