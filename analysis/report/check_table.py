"""All checks of a report in one table: what was found, what was asked for, and what follows for the grade."""

from collections.abc import Sequence

from analysis.checks import Check
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.writer import Writer

COLUMNS = {"check": 1.9, "verdict": 1.1, "found": 1.4, "wanted": 1.5, "grade": 1.0}
# Checks with one of these names before an underscore are about one relation, or one outcome, each.
FAMILIES = ("consistency", "benchmark")
BLANK = "–"


def check_table(w: Writer, checks: Sequence[Check]) -> Block:
    """A row per check. The verdict is a sign and a word, never a colour alone."""
    columns = [blocks.column(w.label(f"check_table.columns.{name}"), width=width) for name, width in COLUMNS.items()]
    rows = [
        [
            w.runs(check_name(w, check)),
            w.say(f"check_table.verdicts.{check.verdict}"),
            _cell(w, check, "found"),
            _cell(w, check, "wanted"),
            _consequence(w, check),
        ]
        for check in checks
    ]
    noted = any(check.verdict == "noted" for check in checks)
    held = any(check.name in w.material.grade["held_back"] for check in checks)
    points = any("| points" in text for check in checks for text in _texts(w, check).values())
    note = w.say("check_table.note", points=points, noted=noted, held=held)
    return blocks.table("tab-kontroller", w.say("check_table.caption"), columns, rows, note)


def check_name(w: Writer, check: Check) -> str:
    """What a check is called in the table and before its sentence."""
    return w.word(f"check_table.rows.{_key(check)}.label", **w.check_context(check))


def _key(check: Check) -> str:
    """The check's name, or that of its family."""
    family = check.name.partition("_")[0]
    return family if family in FAMILIES else check.name


def _texts(w: Writer, check: Check) -> dict[str, str]:
    """What the catalogue says of a check in the table."""
    return w.book.catalogue["check_table"]["rows"][_key(check)]


def _cell(w: Writer, check: Check, name: str) -> Runs:
    """What was found, or asked for; a dash where the check has no such thing."""
    texts = _texts(w, check)
    empty = [key for key in ("value", "threshold") if getattr(check, key) is None]
    if name not in texts or any(f"{key} |" in texts[name] for key in empty):
        return w.runs(BLANK)
    return w.say(f"check_table.rows.{_key(check)}.{name}", **w.check_context(check))


def _consequence(w: Writer, check: Check) -> Runs:
    """Steps down, and whether the check holds the words back."""
    grade = w.material.grade
    down = next((step["down"] for step in grade["steps"] if step["check"] == check.name), None)
    if down is None:
        return w.runs(BLANK)
    steps = w.book.number(Ref(down, "checks", check.name, "downgrade"))
    return w.say("check_table.down", steps=steps, held=check.name in grade["held_back"])
