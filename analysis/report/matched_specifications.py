"""Every way to match in one table: the method, how many it uses, how alike the groups became, and what it gives."""

from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.matched_numbers import Numbers
from analysis.report.writer import capital
from analysis.tables import MAIN

COLUMNS = {"variant": 2.5, "n": 0.9, "m": 0.9, "counts_as": 0.8, "worst": 1.7, "estimate": 1.0, "interval": 1.3}


def specification_table(m: Numbers) -> Block:
    """A row per specification, the main one first; what could not be estimated says why."""
    unit = m.w.unit(m.primary)
    columns = [
        m.column(name, width=width, right=name not in ("variant", "worst"), **unit) for name, width in COLUMNS.items()
    ]
    named = {MAIN: m.word("matched.main_row"), **{item.name: m.w.text(item.title) for item in m.card.sensitivity}}
    rows = [_row(m, name, title) for name, title in named.items()]
    caption, note = m.say("matched.specifications"), m.say("matched.specifications_note")
    return blocks.table("tab-varianter", caption, columns, rows, note)


def _row(m: Numbers, name: str, title: str) -> list[Runs]:
    found = m.specification(name)
    if m.rows(m.primary, name).empty:
        reason = m.w.book.literal(m.reason(m.primary, name))
        label = m.word("matched.failed_row", title=capital(title), reason=reason)
        return [m.w.runs(text) for text in (label, *["–"] * (len(COLUMNS) - 1))]
    method = [words for words in _method(m, name) if words not in title]
    label = m.word("matched.variant_row", title=capital(title), method=", ".join(method))
    counts = [_count(m, name, column) for column in ("n_treated_matched", "n_comparison_matched", "ess_comparison")]
    difference = m.difference_cells(m.estimate(m.primary, name), m.primary)
    return [m.w.runs(label), *counts, _worst(m, found), *difference]


def _method(m: Numbers, name: str) -> Iterator[str]:
    """The method in words, then the keys that a sensitivity row changes."""
    changes = next((item.matching.changes() for item in m.card.sensitivity if item.name == name), {})
    yield m.word(f"matched.methods.{changes.get('method', m.card.matching.method)}")
    yield from (m.word(f"matched.keys.{key}") for key in changes if key != "method")


def _count(m: Numbers, name: str, column: str) -> Runs:
    ref = m.matching_ref(column, name)
    return m.w.runs(m.w.book.number(ref) if ref else "–")


def _worst(m: Numbers, found: pd.Series) -> Runs:
    """The covariate furthest out of balance."""
    ref = Ref(found["max_abs_smd"], "matching", str(found.name), "max_abs_smd")
    label = m.w.covariates().get(found["worst_covariate"], found["worst_covariate"])
    return m.w.runs(f"{m.w.book.number(ref, 2)} ({label})")
