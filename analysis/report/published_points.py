"""What a report says of one share at two dates: how it changed, what that is about, and what it cannot show."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.stated import Stated, fact_time
from analysis.series.scenarios import SCENARIOS


class TwoPoints(Stated):
    """Sections of a report on two printed shares without the numbers behind them."""

    @property
    def stated(self) -> dict[str, Any]:
        """Which facts are calculated on."""
        return self.w.material.figures["two_points"]

    def share(self, group: str) -> Row:
        """A printed share: before, after, or that of another place."""
        return self.w.row(term="share", group=group)

    def change(self, inference: str = "none") -> Row:
        """The change, alone or with how far rounding moves it."""
        return self.w.row(term="change_in_share", inference=inference)

    def decimals(self, name: str) -> int:
        """Decimals of a printed fact."""
        return len(self.facts()[name]["value"].partition(".")[2])

    def summary(self) -> Iterator[Block]:
        """The change, with what it is about, that nothing stands beside it, and how sure the dates are."""
        role = self.w.outcome(self.stated["outcome"]).role
        shares = {name: self.share(name) for name in ("before", "after")}
        text = self.w.word(
            "two_points.summary",
            place=self.w.text(self.stated["place"]),
            change=self.change(),
            points=self.points(),
            decimals=max(self.decimals(self.stated[name]) for name in shares),
            outcome_words=self.w.word(f"two_points.{role}_words"),
            **shares,
        )
        yield blocks.paragraph(self.w.runs(text), "lead")
        yield blocks.paragraph(self.w.runs(" ".join([*self.notes(), self.rounding()])))
        if role == "process":
            yield blocks.callout(self.w.label("two_points.process_title"), self.w.say("two_points.process"))
        yield blocks.callout(self.w.label("two_points.regression_title"), self.w.say("two_points.regression"))

    def points(self) -> str:
        """The change in percentage points, as precise as the print and without its sign."""
        ref = self.change().estimate
        decimals = max(self.decimals(self.stated[name]) for name in ("before", "after"))
        return self.w.book.mark(ref, self.w.book.language.number(abs(100 * ref.value), decimals), "percentage_points")

    def notes(self) -> list[str]:
        """Notes of the interpreted facts, each once: an uncertain date is never used without its note."""
        names = [self.stated["before"], self.stated["after"], *(other["share"] for other in self.stated["others"])]
        facts = [self.facts()[name] for name in names]
        return list(dict.fromkeys(self.w.text(fact["note"]) for fact in facts if fact["note"]))

    def rounding(self) -> str:
        """What the rounding of the print leaves open."""
        return self.w.word("two_points.rounding", rounding=self.change("rounding"))

    def data(self) -> Iterator[Block]:
        """Why there is no uncertainty."""
        yield self.w.paragraph("two_points.data")

    def results(self) -> Iterator[Block]:
        """The printed shares, and the interval that each number of persons would give."""
        yield self.shares_table()
        yield self.sizes_table()
        needed = {
            name: self._needed(scenario)
            for name, scenario in (("independent", "independent"), ("same", "same_persons"))
        }
        if all(needed.values()):
            yield self.w.paragraph("two_points.needed", **needed)

    def _needed(self, scenario: str) -> Ref:
        return self.w.row(term="change_in_share", spec=f"{scenario};needed").n_treated

    def shares_table(self) -> Block:
        """Place, date as the source has it, and share."""
        columns = [
            blocks.column(self.w.label(f"two_points.columns.{name}"), right=name == "share", width=width)
            for name, width in (("place", 1.2), ("time", 1.6), ("share", 0.8))
        ]
        lines = [
            ("before", self.stated["place"], self.stated["before"]),
            ("after", self.stated["place"], self.stated["after"]),
        ]
        lines += [(f"other_{nth}", other["place"], other["share"]) for nth, other in enumerate(self.stated["others"])]
        rows = [self._share_row(*line) for line in lines]
        caption, note = self.w.say("two_points.caption_shares"), self.w.runs(" ".join(self.notes()))
        return blocks.table("tab-resultat", caption, columns, rows, note if self.notes() else None)

    def _share_row(self, group: str, place: Any, fact: str) -> list[Runs]:
        time = fact_time(self.w, self.facts()[fact])
        share = self.w.book.percent(self.share(group).estimate, decimals=self.decimals(fact))
        return [self.w.runs(cell) for cell in (self.w.text(place), time, share)]

    def sizes_table(self) -> Block:
        """Interval of the change by number of persons and by how alike the two populations are."""
        columns = [blocks.column(self.w.label("two_points.columns.n"))]
        columns += [blocks.column(self.w.label(f"two_points.columns.{name}"), right=True) for name in SCENARIOS]
        rows = []
        for n in self._sizes():
            found = [self.w.row(term="change_in_share", spec=f"{name};n={n}") for name in SCENARIOS]
            cells = [self.w.book.number(found[0].n_treated), *(self.w.book.points_interval(row) for row in found)]
            rows.append([self.w.runs(cell) for cell in cells])
        caption = self.w.say("two_points.caption_sizes")
        return blocks.table("tab-antall", caption, columns, rows, self.w.say("two_points.note_sizes"))

    def _sizes(self) -> list[int]:
        rows = self.w.rows(term="change_in_share", inference="newcombe_paired")
        rows = rows[~rows["spec"].str.endswith(";needed")]
        return rows["n_treated"].astype(int).drop_duplicates().tolist()

    def over_time(self) -> Iterator[Block]:
        """Why there is no curve."""
        yield self.w.paragraph("two_points.no_time")

    def flow(self) -> dict[str, Any]:
        """Nobody says how many."""
        return self.flow_of(self.w.word("flow.unknown_numbers"))
