"""Synthetic controls: the treated unit beside the weighted average of others, the weights, and where it is placed."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.months import month_number, month_text
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row
from analysis.report.charts import span_ticks
from analysis.report.family import name_of, single, whole
from analysis.report.staggered_numbers import BLANK, Numbers, bounded
from analysis.report.writer import capital

CONTROL, WITH_LEVELS = "synthetic_control", "synthetic_did"
ESTIMATORS = (CONTROL, WITH_LEVELS)
# Donors that weigh less in both are told together.
LISTED = 0.01
POOR = "poor_pre_fit"
WITHOUT_BAND = {"low": None, "high": None}
MOST_LISTED = 12


def synthetic(m: Numbers) -> Iterator[Block]:
    """A part for each unit, or group of units, that has one; nothing where few adopted is not the case."""
    fits = m.w.material.tables["synthetic_fit"]
    if fits.empty:
        return
    yield m.paragraph("family.synthetic.intro")
    place = 0
    for spec in pd.unique(fits["spec"]):
        units = [str(unit) for unit in pd.unique(fits.loc[fits["spec"].eq(spec), "unit"])]
        for unit in units:
            place += 1
            yield from _unit(m, str(spec), unit, place)
        label = _label(m, units[0]) if len(units) == 1 else m.word("family.synthetic.all")
        if told := [text for row in _found(m, str(spec)) if (text := _told(m, row, label))]:
            yield blocks.paragraph(m.w.runs(" ".join(told)))


def _unit(m: Numbers, spec: str, unit: str, place: int) -> Iterator[Block]:
    """How well the months before are followed, the figure, and the weights."""
    label = _label(m, unit)
    fits = [_fit(m, spec, unit, estimator, label) for estimator in ESTIMATORS]
    poor = any(_reason(m, spec, unit, estimator) == POOR for estimator in ESTIMATORS)
    outside = m.word("family.synthetic.outside") if poor else None
    yield blocks.paragraph(m.w.runs(" ".join(text for text in (*fits, outside) if text)))
    for made in (_paths(m, spec, unit, label, place), _donors(m, spec, unit, label, place)):
        if made is not None:
            yield made


def _label(m: Numbers, unit: str) -> str:
    """Offices by their numbers, of which there may be several; counties by their names."""
    if not unit[:1].isdigit():
        return unit
    return m.word("family.synthetic.office", unit=m.w.book.literal(unit))


def _found(m: Numbers, spec: str) -> list[Row]:
    return [row for row in [*whole(m), *single(m)] if row.text("spec") == spec and row.text("estimator") in ESTIMATORS]


def _fit(m: Numbers, spec: str, unit: str, estimator: str, label: str) -> str | None:
    """How near the months before are; and that the fit is too poor to be used, where it is."""
    row = _of(m, "synthetic_fit", spec, unit, estimator)
    if row is None:
        return None
    reason = _reason(m, spec, unit, estimator)
    key = "fits" if reason is None else f"refused.{reason}"
    return m.word(f"family.synthetic.{key}", row=row, label=label, name=name_of(m, estimator))


def _reason(m: Numbers, spec: str, unit: str, estimator: str) -> str | None:
    row = _of(m, "synthetic_fit", spec, unit, estimator)
    return None if row is None or pd.isna(row.text("reason")) else str(row.text("reason"))


def _of(m: Numbers, table: str, spec: str, unit: str, estimator: str) -> Row | None:
    found = m.w.material.tables[table]
    found = found[found["spec"].eq(spec) & found["unit"].eq(unit) & found["estimator"].eq(estimator)]
    return None if found.empty else Row(table, f"{estimator}/{spec}/{unit}", found.iloc[0])


def _told(m: Numbers, row: Row, label: str) -> str | None:
    """The estimate with its interval if it has one, its place, and the least that a share of places can be."""
    if not row.estimate:
        return None
    name = capital(name_of(m, row.text("estimator")))
    said = m.word("family.synthetic.estimate", row=row, label=label, name=name, bars=bounded(row))
    return f"{said} {m.word('family.synthetic.placed', row=row)}" if row.rank else said


def _paths(m: Numbers, spec: str, unit: str, label: str, place: int) -> Block | None:
    """Observed and synthetic shares month by month."""
    found = m.w.material.tables["synthetic_paths"]
    found = found[found["spec"].eq(spec) & found["unit"].eq(unit) & found["estimator"].eq(CONTROL)]
    fit = _of(m, "synthetic_fit", spec, unit, CONTROL)
    if found.empty or fit is None:
        return None
    start = month_number(str(fit.text("group")))
    times = [month_number(month) - start for month in found["month"]]
    lines = {"observed": label, "synthetic": m.label("family.synthetic.line")}
    series = [
        {
            "label": m.w.book.plain(text),
            "x": times,
            "y": found[name].tolist(),
            "low": None,
            "high": None,
            "style": style,
        }
        for style, (name, text) in enumerate(lines.items())
    ]
    values = [value for one in series for value in one["y"]]
    data = {
        "x_label": m.label("family.synthetic.axis"),
        "y_label": m.w.label("axis.percent"),
        "x_ticks": span_ticks(m.w, times[0], times[-1]),
        "y_ticks": m.w.ticks(min(values), max(values), percent=True),
        "zero": {"value": 0, "label": m.label("family.synthetic.start")},
        "series": series,
    }
    last = Row("synthetic_paths", f"{CONTROL}/{spec}/{unit}/{found['month'].iloc[-1]}", found.iloc[-1])
    month = m.month(month_text(start + times[-1]))
    alt = m.say("family.synthetic.alt", label=label, fit=fit, last=last, month=month)
    caption = m.say("family.synthetic.figure", label=label, used=pd.isna(fit.text("reason")))
    table = _path_table(m, found, label)
    return blocks.figure(f"fig-syntetisk-{place}", "time", caption, alt, data, table)


def _path_table(m: Numbers, found: pd.DataFrame, label: str) -> Block:
    columns = [m.column("month", right=False), blocks.column(m.w.book.plain(label), right=True)]
    columns += [m.column("synthetic"), m.column("gap")]
    rows = []
    for _, one in found.iterrows():
        row = Row("synthetic_paths", "/".join((CONTROL, one["spec"], one["unit"], one["month"])), one)
        shares = [m.w.book.percent(row.observed), m.w.book.percent(row.synthetic)]
        texts = (capital(m.month(one["month"])), *shares, m.w.book.points(row.gap, sign=True))
        rows.append([m.w.runs(text) for text in texts])
    return blocks.table("", [], columns, rows)


def _donors(m: Numbers, spec: str, unit: str, label: str, place: int) -> Block | None:
    """What each donor weighs by both estimators, the heaviest first; small ones together."""
    found = m.w.material.tables["donors"]
    found = found[found["spec"].eq(spec) & found["unit"].eq(unit)]
    if found.empty:
        return None
    weights = found.pivot_table(index="donor", columns="estimator", values="weight", aggfunc="sum", fill_value=0.0)
    there = [name for name in ESTIMATORS if name in weights.columns]
    weights = weights.sort_values(there, ascending=False, kind="stable")
    large = (weights[there].max(axis=1) >= LISTED) & (np.arange(len(weights)) < MOST_LISTED)
    rows = [[m.w.runs(_label(m, str(donor))), *_weights(m, spec, unit, str(donor), one, there)]
            for donor, one in weights[large].iterrows()]  # fmt: skip
    if not large.all():
        rest = weights[~large].sum()
        rows.append([m.say("family.synthetic.others"), *_weights(m, spec, unit, "others", rest, there)])
    columns = [m.column("donor", right=False, width=1.6)]
    columns += [blocks.column(m.label(f"family.short.{name}"), right=True) for name in there]
    caption = m.say("family.synthetic.donors", label=label)
    return blocks.table(f"tab-vekter-{place}", caption, columns, rows)


def _weights(m: Numbers, spec: str, unit: str, donor: str, one: pd.Series, names: list[str]) -> list[Runs]:
    texts = []
    for name in names:
        row = Row("donors", f"{name}/{spec}/{unit}/{donor}", {"weight": float(one[name])})
        texts.append(m.w.book.percent(row.weight) if one[name] > 0 else BLANK)
    return [m.w.runs(text) for text in texts]
