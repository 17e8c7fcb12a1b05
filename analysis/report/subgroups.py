"""Subgroups: the headline in each, whether they differ by more than chance, and a warning where nobody said so before.

A group's own interval is no answer to whether groups differ; only the test between them is, and only of what was
stated beforehand.
"""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref, Row
from analysis.report.subgroup_tables import (
    Divided,
    forest_figure,
    group_table,
    label_of,
    rows_of_tests,
    table_of_tests,
)
from analysis.report.writer import Writer, capital
from analysis.subgroups.effects import FEW_OFFICES_IN_GROUP, FEW_PERSONS
from analysis.subgroups.names import GROUP, INTERACTION, UNPLACED
from analysis.tables import FEW_OFFICES
from analysis.trial_tables import ALL_ALIKE, NOT_MEASURED

# Reasons that the catalogue words; another is a sentence already.
KNOWN_REASONS = (FEW_PERSONS, FEW_OFFICES_IN_GROUP, ALL_ALIKE, NOT_MEASURED)
MATCHED = ("matched_did", "single_arm")


def subgroup_sections(w: Writer) -> Iterator[dict[str, Any]]:
    """The subgroups that were stated beforehand, then those that were not; nothing where the card states none."""
    table = w.material.tables["subgroups"]
    found = [Divided(item, table[table["name"].eq(item.name)]) for item in w.material.card.subgroups]
    found = [one for one in found if len(one.rows)]
    for explored, name in ((False, "subgroups"), (True, "subgroups_exploratory")):
        own = [one for one in found if bool(one.rows["exploratory"].iloc[0]) == explored]
        if own:
            yield blocks.section(w.word(f"subgroups.ids.{name}"), w.heading(name), _blocks(w, own, explored), level=2)


def _blocks(w: Writer, found: list[Divided], explored: bool) -> Iterator[Block]:
    suffix = "-utforskende" if explored else ""
    if explored:
        yield blocks.callout(w.label("subgroups.warning.title"), w.say("subgroups.warning.text"))
    else:
        yield w.paragraph("subgroups.intro", how=w.word(f"subgroups.how.{_how(w)}"), many=len(found) > 1)
    yield blocks.bullets(w.runs(_reason(w, one)) for one in found)
    several = len(found) > 1 and not explored
    for one in found:
        yield blocks.paragraph(w.runs(" ".join(_told(w, one, explored, several=several))))
    yield group_table(w, found, f"tab-undergrupper{suffix}")
    figure = forest_figure(w, found, f"fig-undergrupper{suffix}")
    if figure is not None:
        yield figure
    tests = [row for one in found for row in rows_of_tests(w, one, several=several)]
    if tests:
        yield table_of_tests(w, tests, f"tab-gruppeforskjeller{suffix}", several=several)


def _how(w: Writer) -> str:
    card = w.material.card
    return "matched" if card.design in MATCHED else card.design


def _reason(w: Writer, one: Divided) -> str:
    """What the subgrouping is and why, with the group that was expected to gain more."""
    item = one.item
    expected = None if item.direction is None else label_of(w, one, item.direction)
    return w.word("subgroups.reason", what=capital(w.text(item.label)), why=w.text(item.reason), expected=expected)


def _told(w: Writer, one: Divided, explored: bool, *, several: bool) -> Iterator[str]:
    """What the test says, and who is not in it."""
    what, test = capital(w.text(one.item.label)), one.only(INTERACTION)
    yield w.word(f"subgroups.verdict.{_verdict(w, test, explored)}", what=what, row=test, several=several)
    if _verdict(w, test, explored) == "apart":
        yield _highest(w, one)
    for row in one.all(GROUP):
        if row.text("status") != "estimated":
            why = _why(w, row.text("reason"))
            yield w.word("subgroups.missing", group=label_of(w, one, row.text("group")), why=why)
    if any(row.adoption_left_out for row in one.all(GROUP)):
        left = next(row.text("adoption_left_out") for row in one.all(GROUP) if row.adoption_left_out)
        months = [w.book.language.month(month) for month in left.split(", ")]
        yield w.word("subgroups.left_out", months=", ".join(months))
    lost = one.only(UNPLACED)
    total = Ref(
        lost.text("n_treated") + lost.text("n_comparison"), "subgroups", lost.n_treated.row, "n_treated+n_comparison"
    )
    if total.value:
        yield w.word("subgroups.unplaced", total=total)


def _verdict(w: Writer, test: Row, explored: bool) -> str:
    """Which sentence the test allows: alike, apart, few offices, or that there was nothing to test."""
    if test.text("status") != "estimated":
        return "untested"
    if test.text("reason") == FEW_OFFICES:
        return "few"
    p = test.text("p_value" if explored else "p_holm")
    if p > 1 - w.material.card.inference.level:
        return "alike"
    return "apart_explored" if explored else "apart"


def _highest(w: Writer, one: Divided) -> str:
    """Which of the groups that were compared has the highest estimate, and whether that was expected."""
    rows = [row for row in one.all(GROUP) if row.shrunk]
    group = max(rows, key=lambda row: row.text("estimate")).text("group")
    expected = one.item.direction
    other = None if expected is None else label_of(w, one, expected)
    return w.word("subgroups.highest", group=label_of(w, one, group), expected=other, same=group == expected)


def _why(w: Writer, reason: str) -> str:
    names = {"persons": "subgroup_persons", "offices": "subgroup_offices"}
    refs = {name: Ref(getattr(w.material.card.checks, key), "cohort", "checks", key) for name, key in names.items()}
    return w.word(f"subgroups.reasons.{reason}", **refs) if reason in KNOWN_REASONS else w.book.literal(reason)
