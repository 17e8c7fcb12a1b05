"""What stands beside the share of one group: published shares of others, a tipping point, and what a prior makes of it.

Nothing is subtracted: the bands are drawn apart from the group, and the tipping point counts persons.
"""

from collections.abc import Iterator
from typing import Any

from analysis.card_single_arm import Band
from analysis.priors import JEFFREYS, Prior
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.writer import Writer, capital
from analysis.tables import MAIN, band_spec, prior_spec

PLAN = "published.single_arm"


class Bands:
    """Blocks about the benchmarks and priors of a single-arm card; `main` holds the main share and its count `k`."""

    def __init__(self, writer: Writer, main: dict[str, Any]):
        self.w = writer
        self.plan = writer.material.card.published.single_arm
        self.main = main

    def blocks(self) -> Iterator[Block]:
        """Figure and tipping points where the card has benchmarks; the posteriors always."""
        if self.plan.benchmarks:
            yield self.w.paragraph("single_arm.bands.intro")
            yield self.figure()
            first = self._row("wilson_bounds", band_spec(self.plan.benchmarks[0].id, "low"))
            yield self.w.paragraph("single_arm.tipping.intro", row=first, **self.main)
            yield self.tipping_table()
        yield self.w.paragraph("single_arm.prior.intro", sceptical=bool(self.plan.benchmarks), persons=self._weight())
        yield self.posterior_table()

    def figure(self) -> Block:
        """The group's interval in a group of its own, and each band below it."""
        groups = self.w.book.catalogue["single_arm"]["bands"]["groups"]
        share = self.main["main"]
        own = f"{self._percent(share.estimate)} ({self.w.book.percent_interval(share, share.n_treated)})"
        bounds = {"estimate": share.text("estimate"), "low": share.text("conf_low"), "high": share.text("conf_high")}
        lines = [(self._group_label(), groups["own"], own, {**bounds, "style": 0})]
        lines += [
            (self._label(band), groups["others"], self._printed(band), _drawn(band)) for band in self.plan.benchmarks
        ]
        plain = self.w.book.plain
        rows = [
            {"label": plain(label), "group": group, **drawn, "text": plain(text)} for label, group, text, drawn in lines
        ]
        columns = [blocks.column(self.w.label(f"single_arm.columns.{name}")) for name in ("who", "share")]
        source = [[self.w.runs(label), self.w.runs(text)] for label, _, text, _ in lines]
        data = {
            "header_left": self.w.label("single_arm.columns.who"),
            "header_right": self.w.label("axis.share"),
            "x_label": self.w.label("axis.percent"),
            "rows": rows,
            "references": [],
            "x_ticks": self.w.ticks(0, 1, percent=True),
        }
        caption, alt = (self.w.say(f"single_arm.bands.{name}", **self.main) for name in ("caption", "alt"))
        return blocks.figure(
            "fig-publiserte-andeler", "forest", caption, alt, data, blocks.table("", [], columns, source)
        )

    def tipping_table(self) -> Block:
        """Per published share: how many of those with the outcome must have had it anyway."""
        names = ("others", "share", "anyway", "anyway_range")
        columns = [
            blocks.column(
                self.w.label(f"single_arm.columns.{name}"),
                right=name != "others",
                width=2.2 if name == "others" else 1.0,
            )
            for name in names
        ]
        rows = [self._tipping_row(band, end) for band in self.plan.benchmarks for end in _ends(band)]
        note = self.w.say("single_arm.tipping.note")
        return blocks.table(
            "tab-vippepunkt", self.w.say("single_arm.tipping.caption", **self.main), columns, rows, note
        )

    def _tipping_row(self, band: Band, end: str) -> list[Runs]:
        row, book = self._row("wilson_bounds", band_spec(band.id, end)), self.w.book
        certainty = self.w.word(f"certainties.{band.certainty}")
        cells = (
            f"{self._label(band)} ({certainty}, {band.source})",
            book.percent(row.base_rate, decimals=0),
            book.number(row.estimate),
            book.number_interval(row),
        )
        return [self.w.runs(cell) for cell in cells]

    def posterior_table(self) -> Block:
        """Mean and interval of the share under each prior."""
        columns = [blocks.column(self.w.label("single_arm.columns.prior"), width=2.2)]
        columns += [
            blocks.column(self.w.label(f"single_arm.columns.{name}"), right=True) for name in ("mean", "posterior")
        ]
        named = [(MAIN, self._main_prior())]
        named += [
            (band.id, self.w.word("single_arm.prior.sceptical", who=self.w.text(band.label)))
            for band in self.plan.benchmarks
        ]
        rows = [self._posterior_row(name, label) for name, label in named]
        return blocks.table("tab-forventning", self.w.say("single_arm.prior.caption"), columns, rows)

    def _posterior_row(self, name: str, label: str) -> list[Runs]:
        row, base = self._row("beta_posterior", prior_spec(name)), self.main["main"].n_treated
        cells = (label, self.w.book.percent(row.estimate, base), self.w.book.percent_interval(row, base))
        return [self.w.runs(cell) for cell in cells]

    def _main_prior(self) -> str:
        prior = Prior(self.plan.prior.with_outcome, self.plan.prior.without_outcome)
        if prior == JEFFREYS:
            return self.w.word("single_arm.prior.jeffreys")
        counts = {"a": Ref(prior.a, "cohort", PLAN, "prior"), "b": Ref(prior.b, "cohort", PLAN, "prior")}
        return self.w.word("single_arm.prior.own", **counts)

    def _row(self, inference: str, spec: str) -> Row:
        return self.w.row(outcome=self.w.material.card.outcomes.primary, inference=inference, spec=spec)

    def _weight(self) -> Ref:
        return Ref(self.plan.sceptical_persons, "cohort", PLAN, "sceptical_persons")

    def _group_label(self) -> str:
        return capital(self.w.text(self.w.material.card.arm("treated").label))

    def _label(self, band: Band) -> str:
        return capital(self.w.text(band.label))

    def _percent(self, share: Ref) -> str:
        return self.w.book.percent(share, self.main["main"].n_treated)

    def _printed(self, band: Band) -> str:
        """The shares of a band as the source prints them."""
        ends = [Ref(getattr(band, end), "cohort", PLAN, "benchmarks") for end in _ends(band)]
        return self.w.book.catalogue["single_arm"]["bands"]["to"].join(
            self.w.book.percent(end, decimals=0, words=place < len(ends) - 1) for place, end in enumerate(ends)
        )


def _ends(band: Band) -> tuple[str, ...]:
    return ("low",) if band.low == band.high else ("low", "high")


def _drawn(band: Band) -> dict[str, Any]:
    """A line from end to end, or a point where there is one share."""
    if band.low == band.high:
        return {"estimate": band.low, "low": None, "high": None, "style": 2}
    return {"estimate": None, "low": band.low, "high": band.high, "style": 2}
