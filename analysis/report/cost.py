"""What it costs: a calculation with stated assumptions, in words that its interval and its evidence allow."""

from collections.abc import Iterator
from typing import Any

from analysis.cost import AT_ONCE, NEVER, NO_EFFECT, NOT_DEARER, PUBLIC, SOCIETY
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.cost_rows import Costs, is_sure, reason
from analysis.report.cost_tables import accounts_table, assumptions_table, moved_table, sensitivity_figure
from analysis.report.writer import Writer
from analysis.tables import COST_TABLE


def cost_sections(w: Writer) -> Iterator[dict[str, Any]]:
    """The section on cost; none where the card states no assumptions."""
    if w.material.card.cost is not None:
        yield blocks.section("kostnad", w.word("cost.heading"), _blocks(w, Costs(w.material.tables[COST_TABLE])))


def _blocks(w: Writer, costs: Costs) -> Iterator[Block | None]:
    yield w.paragraph("cost.intro", **costs.basis(), year=costs.row("price_year").value)
    yield blocks.paragraph(w.runs(" ".join(_participant(w, costs))))
    yield blocks.paragraph(w.runs(" ".join(_per_person(w, costs))))
    if costs.has("account"):
        yield w.paragraph("cost.assuming")
        yield accounts_table(w, costs)
        yield blocks.paragraph(w.runs(" ".join(_break_even(w, costs))))
    yield sensitivity_figure(w, costs)
    yield moved_table(w, costs)
    yield w.paragraph("cost.unpriced")
    yield assumptions_table(w, costs)


def _participant(w: Writer, costs: Costs) -> Iterator[str]:
    found = {group: costs.row("participant", group=group) for group in ("treated", "comparison", "difference")}
    value = found["difference"].text("value")
    yield w.word("cost.participant", **found)
    kind = "same" if value == 0 else "dearer" if value > 0 else "cheaper"
    yield w.word(f"cost.difference.{kind}", **found)


def _per_person(w: Writer, costs: Costs) -> Iterator[str]:
    """Cost per further person in work, and how many a million corresponds to."""
    row, grade = costs.row("per_person"), w.material.grade
    sure = is_sure(grade["verbs"], grade["grade"])
    status = row.text("status")
    if status != NO_EFFECT:
        yield w.word("cost.used", row=costs.row("effect"))
    yield w.word(f"cost.per_person.{status}", row=row, sure=sure, why=reason(w.book, row))
    if status not in (NO_EFFECT, NOT_DEARER):
        yield w.word("cost.per_million", row=costs.row("per_million"))
        yield w.word("cost.interval_note")


def _break_even(w: Writer, costs: Costs) -> Iterator[str]:
    """How long the difference must last, for society and for public budgets."""
    for variant in dict.fromkeys(row.text("variant") for row in costs.rows("account")):
        when = {account: _when(w, costs, account, variant) for account in (SOCIETY, PUBLIC)}
        yield w.word(f"cost.break_even.{variant}", **when)


def _when(w: Writer, costs: Costs, account: str, variant: str) -> str:
    """After how many months; no single number where the interval does not end."""
    place = {"account": account, "variant": variant}
    found = {bound: costs.row("break_even", **place, bound=bound) for bound in ("estimate", "low", "high")}
    status = {bound: row.text("status") for bound, row in found.items()}
    if status["high"] in (NEVER, AT_ONCE):
        return w.word(f"cost.break_even.{status['high']}")
    return w.word(f"cost.break_even.{'open' if status['low'] == NEVER else 'closed'}", **found)
