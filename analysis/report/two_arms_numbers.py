"""Numbers of a report on two groups of which a source prints rounded shares: rows, dates and what is known."""

from functools import cached_property
from typing import Any

from analysis.months import FROM_START, month_number
from analysis.report.book import Ref, Row
from analysis.report.writer import Writer
from analysis.tables import cluster_spec


class TwoArmNumbers:
    """Rows and references; `dates` are the follow-ups in the order of the source.

    A date is a calendar month (``2012-11``) or months from each person's own start (``start+12``).
    """

    def __init__(self, writer: Writer):
        self.w = writer
        self.card = writer.material.card
        self.plan = self.card.published.two_arms
        self.icc = Ref(self.plan.icc_in_text, "cohort", "published.two_arms", "icc_in_text")

    @cached_property
    def dates(self) -> list[str]:
        """Dates of the follow-ups."""
        visits = self.stated["follow_ups"]
        return [visit["month"] or f"{FROM_START}{visit['horizon']}" for visit in visits]

    @property
    def stated(self) -> dict[str, Any]:
        """Which facts are calculated on."""
        return self.w.material.figures["two_arms"]

    def moment(self, date: str) -> str:
        """``november 2012``, or ``målingen etter 12 måneder``."""
        if not date.startswith(FROM_START):
            return self.w.book.language.month(date)
        return self.w.word("two_arms.moment", months=self._months(date))

    def when(self, date: str) -> str:
        """``i november 2012``, or ``etter 12 måneder``."""
        if not date.startswith(FROM_START):
            return self.w.word("two_arms.when_month", month=self.w.book.language.month(date))
        return self.w.word("two_arms.when", months=self._months(date))

    def _months(self, date: str) -> Ref:
        return Ref(self._horizon(date), "estimates", date, "horizon_months")

    @property
    def unique(self) -> bool:
        """Does exactly one table of whole numbers fit?"""
        return not self.w.rows(status="not_estimated").shape[0]

    def at(self, month: str) -> dict[str, Any]:
        """Main difference, both shares and the difference with offices, at one date."""
        horizon = self._horizon(month)
        shares = {role: self.card.arm(role).id for role in ("treated", "comparison")}
        return {
            "month": month,
            "when": self.when(month),
            "moment": self.moment(month),
            "main": self.w.row(horizon_months=horizon, inference="newcombe"),
            **{role: self.w.row(horizon_months=horizon, term="share", group=arm) for role, arm in shares.items()},
            "clustered": self.scenario(horizon, self.plan.icc_in_text, 0.0),
            "icc": self.icc,
        }

    def scenario(self, horizon: int, icc: float, size_cv: float) -> Row | None:
        """The difference with offices taken into account; None when the card has no offices."""
        spec = cluster_spec(icc, size_cv)
        found = self.w.rows(horizon_months=horizon, spec=spec)
        return None if found.empty else self.w.row(horizon_months=horizon, spec=spec)

    def total(self) -> Ref:
        """Persons in both groups together, as the source states them."""
        return self.count(self.stated["total"])

    def count(self, name: str) -> Ref:
        """A whole number that the source states."""
        fact = next(fact for fact in self.w.material.facts if fact["id"] == name)
        return Ref(int(fact["value"]), "facts", name, "value")

    def odds(self) -> dict[str, Ref]:
        """The printed odds ratio of the first date with its interval; nothing if there is none."""
        stated = self.stated["follow_ups"][0]["odds_ratio"] or {}
        values = {fact["id"]: fact["value"] for fact in self.w.material.facts}
        return {key: Ref(float(values[name]), "facts", name, "value") for key, name in stated.items()}

    def notes(self, month: str) -> str:
        """Notes of interpreted facts at a date, each once: an uncertain figure is never used without its note."""
        found = [
            self.w.text(fact["note"])
            for fact in self.w.material.facts
            if fact["time"] == month and fact["certainty"] == "inferred" and fact["note"]
        ]
        return " ".join(dict.fromkeys(found))

    def fitting(self, scope: str, month: str) -> Ref:
        """How many tables of whole numbers fit."""
        ranges = self.w.material.tables["ranges"]
        found = ranges[(ranges["scope"] == scope) & (ranges["month"] == month)]["n_fitting"]
        return Ref(0 if found.empty else int(found.iloc[0]), "ranges", f"{scope}/{month}", "n_fitting")

    @property
    def listed(self) -> bool:
        """Are all tables that fit in the list?"""
        return not (self.w.material.tables["ranges"]["listed"] == "ends").any()

    def _offices(self) -> list[Ref]:
        """Offices in the treated and in the comparison group."""
        names = ("offices_treated", "offices_comparison")
        return [Ref(getattr(self.card.assignment, name), "cohort", "assignment", name) for name in names]

    def _horizon(self, month: str) -> int:
        if month.startswith(FROM_START):
            return int(month.removeprefix(FROM_START))
        return month_number(month) - month_number(self.card.time_zero.month)

    def _clustered(self) -> bool:
        """Are offices taken into account, with the number of them known?"""
        ranges = self.w.material.tables["ranges"]
        return bool((ranges["inference"].eq("cluster_t") & ranges["offices"].isna()).any())

    def _range(self, month: str, inference: str, quantity: str, icc: float | None = None) -> Row | None:
        ranges = self.w.material.tables["ranges"]
        found = ranges[
            (ranges["scope"] == "each_date_alone")
            & (ranges["month"] == month)
            & (ranges["inference"] == inference)
            & (ranges["quantity"] == quantity)
        ]
        if icc is not None:
            found = found[(found["icc"] == icc) & (found["size_cv"] == 0)]
        if found.empty:
            return None
        return Row("ranges", f"{month}/{inference}/{quantity}", found.iloc[0])
