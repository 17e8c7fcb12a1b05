"""The report of numbers that are treated for disclosure: what may be shown, and a dash where a number may not.

The reports of the designs print every table of theirs; here most are withheld and any number can be hidden, so that
one short report serves every design.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row, estimate
from analysis.report.check_table import check_name
from analysis.report.conclusion import conclusion, meaning
from analysis.report.group_means import time_words
from analysis.report.writer import Writer, capital
from analysis.tables import MAIN

HIDDEN = "–"
SHARE = "sum_wy/sum_w"
# Numbers of the headline with the kind of step that each may have been moved by.
HEADLINE = {"estimate": "difference", "conf_low": "difference", "conf_high": "difference"}
HEADLINE |= {"n_treated": "count", "n_comparison": "count"}


def is_treated(w: Writer) -> bool:
    """Whether the numbers were rounded or hidden."""
    return "rule" in w.material.provenance["disclosure"]


class Treated:
    """Sections of a report of treated numbers."""

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.rule = writer.material.provenance["disclosure"]["rule"]
        found = writer.rows(role="primary")
        self.primary = None if found.empty else estimate(found.iloc[0])
        self.labels = {arm.id: writer.text(arm.label) for arm in self.card.arms}

    def decisive(self) -> Row | None:
        """The headline, where it may be shown."""
        shown = self.primary is not None and all(
            self.primary_ref(name) for name in ("estimate", "conf_low", "conf_high")
        )
        return self.primary if shown else None

    def primary_ref(self, name: str) -> Ref:
        return getattr(self.primary, name)

    def summary(self) -> Iterator[Block]:
        row = self.decisive()
        yield (
            self.w.paragraph("treated.hidden_headline")
            if row is None
            else blocks.paragraph(conclusion(self.w, row), "lead")
        )
        yield self.w.paragraph("treated.lead", profile=self.profile())

    def profile(self) -> str:
        return self.w.word(f"annex.profiles.{self.w.material.provenance['disclosure']['profile']}")

    def keyfigures(self) -> None:
        """None: each of them can be hidden."""
        return

    def data(self) -> Iterator[Block]:
        """The profile's rules, and the tables that are not shown."""
        yield self.w.paragraph("treated.rule", **self._rule())
        yield blocks.paragraph(self.w.runs(self.rule["zeros_words"]))
        actions = self.w.material.provenance["disclosure"]["tables"]
        gone = [self.w.word("treated.file", name=name) for name, action in actions.items() if action["withheld"]]
        if gone:
            yield self.w.paragraph("treated.withheld", names=", ".join(gone))

    def _rule(self) -> dict[str, Any]:
        refs = {name: Ref(self.rule[name], "provenance", "disclosure", name) for name in ("threshold", "base")}
        return {**refs, "method": self.rule["method"], "sign": self.w.book.literal(self.rule["sign"])}

    def results(self) -> Iterator[Block]:
        """The analyses like the headline, and how far the headline's numbers can have been moved."""
        if self.primary is None:
            yield self.w.paragraph("treated.no_analysis")
            return
        rows = self.w.rows(
            spec=MAIN, estimator=self.primary.text("estimator"), inference=self.primary.text("inference")
        )
        rows = rows[rows["horizon_months"].notna()]
        names = ("outcome", "time", "difference", "interval", "persons")
        columns = [blocks.column(self.w.label(f"treated.columns.{name}"), right=name in names[2:]) for name in names]
        told = [self._analysis(estimate(row)) for _, row in rows.iterrows()]
        yield blocks.table("tab-anslag", self.w.say("treated.results"), columns, told, self.w.say("treated.dash"))
        yield self._moved()

    def _analysis(self, row: Row) -> list[Runs]:
        label = capital(self.w.text(self.w.outcome(row.text("outcome")).label))
        whole = row.conf_low and row.conf_high
        cells = (
            label,
            time_words(self.w, int(row.text("horizon_months")), "row"),
            self._points(row.estimate),
            self.w.word("treated.interval", row=row) if whole else HIDDEN,
            self.w.word("treated.persons", treated=self._count(row.n_treated), beside=self._count(row.n_comparison)),
        )
        return [self.w.runs(text) for text in cells]

    def _points(self, ref: Ref) -> str:
        return self.w.book.points(ref, sign=True) if ref else HIDDEN

    def _count(self, ref: Ref) -> str:
        return self.w.book.number(ref) if ref else HIDDEN

    def _moved(self) -> Block:
        """The most that each number of the headline was moved; how far it was would tell the true number."""
        columns = [
            blocks.column(self.w.label(f"treated.moved.{name}"), right=name != "what")
            for name in ("what", "shown", "most")
        ]
        rows = []
        for name, kind in HEADLINE.items():
            ref, most = self.primary_ref(name), Ref(self.rule["moved"][kind], "provenance", "disclosure", kind)
            shown = self._count(ref) if kind == "count" else self._points(ref)
            told = self.w.word(f"treated.moved.{kind}", most=most) if ref else self.w.word("treated.moved.hidden")
            rows.append([self.w.runs(text) for text in (self.w.word(f"treated.moved.names.{name}"), shown, told)])
        return blocks.table("tab-behandlet", self.w.say("treated.moved.caption"), columns, rows)

    def over_time(self) -> Iterator[Block]:
        """The share with the main outcome in each group, as the published counts give it."""
        cells = self.w.material.tables["cells"]
        own = cells[cells["outcome"].eq(self.card.outcomes.primary) & cells["event_time"].notna()]
        if own.empty:
            return
        names = ("group", "time", "persons", "yes", "share")
        columns = [blocks.column(self.w.label(f"treated.columns.{name}"), right=name in names[2:]) for name in names]
        rows = [self._cell(row) for _, row in own.iterrows()]
        yield blocks.table("tab-grupper", self.w.say("treated.over_time"), columns, rows, self.w.say("treated.dash"))

    def _cell(self, row: pd.Series) -> list[Runs]:
        place = f"{row['sample']}/{row['arm']}/{row['event_time']}"
        n, yes = (Ref(row[name], "cells", place, name) for name in ("n", "sum_y"))
        share = Ref(row["sum_wy"] / row["sum_w"], "cells", place, SHARE)
        cells = (
            capital(self.labels[row["arm"]]),
            time_words(self.w, int(row["event_time"]), "row"),
            self._count(n),
            self._count(yes),
            self.w.book.percent(share, n) if share and n else HIDDEN,
        )
        return [self.w.runs(text) for text in cells]

    def balance(self) -> Iterator[Block]:
        """Standardised differences of the main analysis."""
        table = self.w.material.tables["balance"]
        own = table[table["spec"].eq(MAIN) & table["smd"].notna()]
        if own.empty:
            return
        labels = self.w.covariates()
        columns = [
            blocks.column(self.w.label(f"treated.columns.{name}"), right=name == "smd")
            for name in ("covariate", "sample", "smd")
        ]
        rows = [
            [
                self.w.runs(capital(labels.get(row["covariate"], row["covariate"]))),
                self.w.say(f"treated.samples.{'adjusted' if row['sample'] == 'adjusted' else 'unadjusted'}"),
                self.w.runs(
                    self.w.book.number(Ref(row["smd"], "balance", f"{row['covariate']}/{row['sample']}", "smd"), 2)
                ),
            ]
            for _, row in own.iterrows()
        ]
        yield blocks.table("tab-balanse", self.w.say("treated.balance"), columns, rows)

    def benchmark(self) -> Iterator[Block]:
        yield from ()

    def flow(self) -> dict[str, Any]:
        """Every step of each group, with a dash where the number is hidden."""
        table = self.w.material.tables["attrition"].sort_values("step", kind="stable")
        arms = [[self._box(row) for _, row in table.iterrows() if row["arm"] == arm.id] for arm in self.card.arms]
        return {"common": [], "arms": [own for own in arms if own], "aside": {}}

    def _box(self, row: pd.Series) -> str:
        ref = Ref(row["persons"], "attrition", f"{row['reason']}/{row['arm']}", "persons")
        step = self.w.word(f"flow.steps.{row['reason']}")
        return self.w.word("treated.box", label=capital(self.labels[row["arm"]]), step=step, persons=self._count(ref))

    def method(self) -> Iterator[Block]:
        yield self.w.paragraph("treated.method")


def treated_checks(w: Writer) -> Iterator[Block]:
    """The verdicts of the checks, whose numbers are not shown."""
    checks = [check for check in w.material.checks if check.text_id != "check.limitation" and check.verdict != "noted"]
    if not checks:
        yield w.paragraph("uncertainty.no_checks")
        return
    yield w.paragraph("check.treated")
    columns = [blocks.column(w.label(f"check_table.columns.{name}")) for name in ("check", "verdict")]
    rows = [[w.runs(_name(w, check)), w.say(f"check_table.verdicts.{check.verdict}")] for check in checks]
    yield blocks.table("tab-kontroller", w.say("check_table.caption"), columns, rows)


def _name(w: Writer, check: Any) -> str:
    return check_name(w, check)


def treated_meaning(w: Writer, row: Row | None) -> Runs:
    """What the result can be used for: nothing where the headline is hidden."""
    return w.say("treated.meaning") if row is None or w.material.card.benchmark is not None else meaning(w, row)
