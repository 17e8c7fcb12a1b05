"""Every analysis that the card declares in one figure, one test of them all, and what such a figure does not show."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref, Row
from analysis.report.specification_words import Choices
from analysis.report.writer import Writer, capital

CODE = "specifications"


def specifications(w: Writer) -> Iterator[Block]:
    """How far the estimate moves, the joint test, and the figure; nothing where no test of them all was made."""
    curve = _Curve(w)
    if not curve.there:
        return
    yield blocks.paragraph(w.runs(" ".join(curve.told())))
    caption = w.say("specifications.caption", n=curve.count)
    yield blocks.figure("fig-analyser", "curve", caption, curve.alt(), curve.data(), curve.source())


def left_out(w: Writer) -> Iterator[Block]:
    """Why combinations were left out, with how many; nothing where none was."""
    curve = _Curve(w)
    if not curve.there or curve.gone.empty:
        return
    columns = [blocks.column(w.label("specifications.columns.reason"), width=3.0)]
    columns.append(blocks.column(w.label("specifications.columns.count"), right=True))
    rows = [
        [
            w.runs(w.book.literal(capital(str(reason)))),
            w.runs(w.book.number(Ref(count, CODE, f"left_out/{place}", "reason"))),
        ]
        for place, (reason, count) in enumerate(curve.gone["reason"].value_counts(sort=False).items())
    ]
    yield blocks.table("tab-utelatte-analyser", w.say("specifications.left_out"), columns, rows)


class _Curve:
    """The released curve of one cohort."""

    def __init__(self, w: Writer):
        self.w = w
        table, tests = w.material.tables[CODE], w.material.tables["specification_tests"]
        made = table["status"].eq("estimated").to_numpy(bool)
        self.made, self.gone = table[made].sort_values("rank", ignore_index=True), table[~made]
        self.rows = [Row(CODE, str(row["spec"]), row) for _, row in self.made.iterrows()]
        self.there = not tests.empty
        if self.there:
            self.test = Row("specification_tests", "median", tests.set_index("statistic").loc["median"])
            (self.main,) = (row for row in self.rows if row.text("spec") == "main")
            self.count = Ref(len(self.rows), CODE, "estimated", "rank")
            self.choices = Choices(w, self.made["choices"], str(self.main.text("choices")))

    def told(self) -> Iterator[str]:
        """The sentences above the figure."""
        card = self.w.material.card
        common = {"n": self.count, "main": self.main, "low": self.rows[0], "high": self.rows[-1]}
        gone = Ref(len(self.gone), CODE, "left_out", "reason")
        yield self._word("declared" if card.grid else "rows", **common, gone=gone if len(self.gone) else None)
        yield self._word("joint", test=self.test)
        level = str(self.test.text("permuted"))
        within = card.matching.within.unit if card.matching and card.matching.within else None
        county = card.staggered is not None and card.staggered.unit == "county"
        office = card.inference.cluster == "office"
        options = {"within": within, "county": county, "office": office, "drawn": card.assignment.randomised}
        yield self._word(f"permuted.{level}", test=self.test, **options)
        yield self._word("not_evidence")

    def _word(self, key: str, **values: Any) -> str:
        return self.w.word(f"specifications.{key}", **values)

    def alt(self) -> list[dict[str, Any]]:
        """The figure in words."""
        return self.w.say("specifications.alt", n=self.count, main=self.main, low=self.rows[0], high=self.rows[-1])

    def data(self) -> dict[str, Any]:
        """What the figure draws."""
        numbers = self.made[["estimate", "band_low", "band_median", "band_high"]].astype("float64")
        low, high = min(0.0, numbers.min().min()), max(0.0, numbers.max().max())
        main = int(self.main.text("rank"))
        ends = sorted({1, main, len(self.rows)})
        # Labels of neighbours would run into each other.
        room = max(1, len(self.rows) // 12)
        ends = [end for end in ends if end == main or abs(end - main) >= room]
        return {
            "y_label": self.w.label("axis.points"),
            "x_label": self.w.label("specifications.axis"),
            "y_ticks": self.w.ticks(low, high, points=True),
            "x_ticks": [{"value": end, "label": self.w.book.language.number(end)} for end in ends],
            "points": [{"estimate": row.text("estimate"), "main": row is self.main} for row in self.rows],
            "band": {
                "low": numbers["band_low"].tolist(),
                "middle": numbers["band_median"].tolist(),
                "high": numbers["band_high"].tolist(),
            },
            "labels": {
                name: self.w.label(f"specifications.legend.{name}") for name in ("main", "other", "band", "middle")
            },
            "groups": self.choices.groups(),
        }

    def source(self) -> Block:
        """The numbers of the figure."""
        names = ("number", "analysis", "estimate", "band")
        columns = [
            blocks.column(self.w.label(f"specifications.columns.{name}"), right=name != "analysis", width=width)
            for name, width in zip(names, (0.5, 3.0, 1.0, 1.3), strict=True)
        ]
        return blocks.table("", [], columns, [self._cells(row) for row in self.rows])

    def _cells(self, row: Row) -> list[list[dict[str, Any]]]:
        book = self.w.book
        band = pd.Series({"conf_low": row.text("band_low"), "conf_high": row.text("band_high")})
        texts = (
            book.number(row.rank),
            self.choices.differs(int(row.text("rank")) - 1),
            book.points(row.estimate, sign=True),
            book.points_interval(Row(CODE, str(row.text("spec")), band)),
        )
        return [self.w.runs(text) for text in texts]
