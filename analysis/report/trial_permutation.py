"""The figure of what other draws would have given, with the observed difference marked."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref, Row
from analysis.report.trial_numbers import Numbers
from analysis.report.trial_summary import tested


def permutation(m: Numbers) -> Iterator[Block]:
    """The histogram of the main difference with its numbers; nothing where no draw could be tried."""
    table = m.w.material.tables["permutation"]
    own = table[table["outcome"].eq(m.primary) & table["horizon_months"].eq(m.horizon)].reset_index(drop=True)
    test = m.test(m.primary, m.horizon)
    if own.empty or test is None:
        return
    yield blocks.paragraph(m.w.runs(f"{m.word('trial.permutation.intro')} {tested(m)}"))
    caption = m.say("trial.permutation.caption", when=m.when(m.horizon))
    ends = {"low": _ref(m, own, 0, "bin_low"), "high": _ref(m, own, len(own) - 1, "bin_high")}
    alt = m.say("trial.permutation.alt", row=test, **ends)
    yield blocks.figure("fig-permutasjon", "histogram", caption, alt, _data(m, own, test), _source(m, own))


def _ref(m: Numbers, own: pd.DataFrame, place: int, column: str, value: Any = None) -> Ref:
    found = own.at[place, column] if value is None else value
    return Ref(found, "permutation", f"{m.primary}/{m.horizon}/{place}", column)


def _shares(own: pd.DataFrame) -> pd.Series:
    return own["count"].astype(float) / float(own["count"].sum())


def _data(m: Numbers, own: pd.DataFrame, test: Row) -> dict[str, Any]:
    shares, far = _shares(own), own["as_far"].astype(str).eq("True")
    edges = [*own["bin_low"].astype(float), float(own["bin_high"].iloc[-1])]
    series = [
        {"label": m.label(f"trial.permutation.{name}"), "share": shares.where(rows, 0.0).tolist(), "style": style}
        for style, (name, rows) in enumerate((("as_far", far), ("nearer", ~far)))
    ]
    return {
        "x_label": m.label("axis.points"),
        "y_label": m.label("trial.permutation.share"),
        "edges": edges,
        "x_ticks": m.w.ticks(edges[0], edges[-1], points=True),
        "y_ticks": m.w.ticks(0.0, float(shares.max()), percent=True),
        "zero": {"value": float(test.text("estimate")), "label": m.label("trial.permutation.observed", row=test)},
        "series": series,
    }


def _source(m: Numbers, own: pd.DataFrame) -> Block:
    columns = [m.column(name) for name in ("bin_low", "bin_high", "count", "as_far")]
    rows = [
        [
            *(m.w.runs(m.w.book.points(_ref(m, own, place, name))) for name in ("bin_low", "bin_high")),
            m.w.runs(m.w.book.number(_ref(m, own, place, "count"))),
            m.say(f"trial.permutation.{'yes' if str(own.at[place, 'as_far']) == 'True' else 'no'}"),
        ]
        for place in own.index
    ]
    return blocks.table("", [], columns, rows)
