"""What was put into made-up data, as cells of a table: shared by reports with and without an estimate."""

from collections.abc import Iterator
from typing import Any

from analysis.card_delivery import Effect
from analysis.report.blocks import Block, Runs, column, paragraph
from analysis.report.book import Ref
from analysis.report.group_means import decimals, time_words
from analysis.report.writer import Writer, capital


def truth_columns(w: Writer, widths: dict[str, float]) -> list[dict[str, Any]]:
    """Columns of what was put in, by name and width; its size last."""
    return [
        column(w.label(f"described.columns.{name}"), right=name == "value", width=width)
        for name, width in widths.items()
    ]


def truth_cells(w: Writer, effect: Effect) -> list[Runs]:
    """Outcome, group, time and size of one built-in effect."""
    unit = w.unit(effect.outcome)
    group = w.own(effect.group) if effect.group else w.text(w.material.card.arm("treated").label)
    cells = (capital(unit["label"]), capital(group), capital(_time(w, effect)), truth_size(w, effect, unit))
    return [w.runs(text) for text in cells]


def _time(w: Writer, effect: Effect) -> str:
    if effect.horizon is not None:
        return time_words(w, effect.horizon, "row")
    return w.word("described.any_time") if effect.month is None else w.book.language.month(effect.month)


def truth_size(w: Writer, effect: Effect, unit: dict[str, Any]) -> str:
    """The size with its unit."""
    ref = Ref(effect.value, "cohort", "synthetic", "effects")
    if unit["share"]:
        return f"{w.book.points(ref, sign=True)} {w.word('axis.points_word')}"
    return f"{w.book.number(ref, decimals(ref.value), sign=True)} {unit['unit']}"


def truth_note(w: Writer) -> Iterator[Block]:
    """What the card adds to the list, if it does."""
    note = w.material.card.synthetic.note
    if note is not None:
        yield paragraph(w.runs(w.text(note)))
