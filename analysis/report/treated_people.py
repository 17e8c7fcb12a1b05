"""Who the treated numbers are about: the flow of each group, every way to match, and who is left of the treated."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.treated_numbers import HIDDEN, Shown, rows_of
from analysis.report.writer import capital
from analysis.tables import MAIN

# Columns of a flow diagram at most.
MOST_ARMS = 3


def flow(s: Shown) -> dict[str, Any]:
    """Every step of each group, with a dash where the number is hidden."""
    table = s.table("attrition").sort_values("step", kind="stable")
    arms = [[_box(s, row) for _, row in table.iterrows() if row["arm"] == arm.id] for arm in s.card.arms]
    return {"common": [], "arms": [own for own in arms if own][:MOST_ARMS], "aside": {}}


def _box(s: Shown, row: pd.Series) -> str:
    ref = Ref(row["persons"], "attrition", f"{row['reason']}/{row['arm']}", "persons")
    step = s.w.word(f"flow.steps.{row['reason']}")
    return s.w.word("treated.box", label=capital(s.labels[row["arm"]]), step=step, persons=ref)


def who_is_left(s: Shown) -> Iterator[Block]:
    """Each way to match with how many it uses, and those in the estimate against all of the treated."""
    rows = [row for row in rows_of("matching", s.table("matching"), "spec") if row.text("status") == "estimated"]
    if any(_known(row) for row in rows):
        names = ("analysis", "matched_treated", "matched_comparison", "worst")
        columns = s.columns(names, ("analysis", "worst"), analysis=2.4, worst=1.8)
        told = [_way(s, row) for row in rows]
        yield blocks.table("tab-varianter", s.say("ways"), columns, told, s.say("dash"))
    yield from _profile(s)


def _known(row: Row) -> bool:
    return bool(row.n_treated_matched or row.n_comparison_matched or row.max_abs_smd)


def _way(s: Shown, row: Row) -> list[Runs]:
    titles = {MAIN: s.label("main"), **{item.name: s.w.text(item.title) for item in s.card.sensitivity}}
    name = titles.get(row.text("spec"), s.w.book.literal(str(row.text("spec")).replace("_", " ")))
    worst = HIDDEN
    if row.max_abs_smd:
        covariate = row.text("worst_covariate")
        known = s.w.covariates().get(covariate, covariate)
        worst = s.number(row.max_abs_smd, 2) + (f" ({known})" if isinstance(known, str) else "")
    counts = [s.count(row.n_treated_matched), s.count(row.n_comparison_matched)]
    return s.cells([capital(name), *counts, worst])


def _profile(s: Shown) -> Iterator[Block]:
    """How far the treated in the estimate are from all of them, where enough were lost to tell."""
    shown = [row for row in rows_of("profile", s.table("profile"), "covariate") if row.smd]
    if not shown:
        return
    columns = s.columns(("covariate", "smd"), ("covariate",), covariate=2.0)
    rows = [s.cells([_covariate(s, row), s.number(row.smd, 2)]) for row in shown]
    yield blocks.table("tab-hvem", s.say("left"), columns, rows, s.say("dash"))


def _covariate(s: Shown, row: Row) -> str:
    name = row.text("covariate")
    return capital(s.w.covariates().get(name, name))
