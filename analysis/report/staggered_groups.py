"""Adoption groups: who adopted when, and an estimate for each."""

from collections.abc import Iterator

import pandas as pd

from analysis.months import month_number, month_text
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.charts import forest_data, forest_row, points_columns
from analysis.report.staggered_numbers import Numbers, bounded
from analysis.report.writer import capital


def adoption(m: Numbers) -> Block | None:
    """How many offices and persons adopted when, and which of them the estimates are about; None without cells."""
    cells = _main_cells(m)
    if cells.empty:
        return None
    estimated = {month_number(month) for month, _ in m.groups()}
    columns = [m.column("group", right=False, width=1.6), m.column("offices"), m.column("persons")]
    columns.append(m.column("used", right=False, width=1.8))
    found = [
        (None if pd.isna(month) else int(month), own) for month, own in cells.groupby("adoption_month", dropna=False)
    ]
    used = {month: _use(month, estimated) for month, _ in found}
    rows = [_adoption_row(m, month, own, used[month]) for month, own in found]
    caption = m.say("staggered.adoption_caption")
    note = m.say("staggered.adoption_note", early="early" in used.values())
    return blocks.table("tab-innforing", caption, columns, rows, note)


def _main_cells(m: Numbers) -> pd.DataFrame:
    """Sums of the main outcome at the main horizon."""
    cells = m.w.material.tables["office_cells"]
    months = cells["horizon_months"]
    return cells[cells["outcome"].eq(m.primary) & (months.isna() | months.eq(m.horizon))]


def _use(month: int | None, estimated: set[int]) -> str:
    """What a group is used for: it has an estimate, adopted too early for one, or is compared with only."""
    if month is None:
        return "never"
    if month in estimated:
        return "effect"
    return "early" if month < min(estimated, default=month) else "late"


def _adoption_row(m: Numbers, month: int | None, own: pd.DataFrame, used: str) -> list[Runs]:
    label = m.word("staggered.never_row") if month is None else capital(m.month(month_text(month)))
    place = f"{m.primary}/{'never' if month is None else month_text(month)}"
    unit = {"office": "office_id", "county": "county"}[m.design.unit]
    # The same persons stand in every month of a panel.
    n = own.groupby("month")["n"].sum().max() if m.design.sampling == "panel" else own["n"].sum()
    numbers = {unit: own[unit].nunique(), "n": int(n)}
    refs = [Ref(value, "office_cells", place, name) for name, value in numbers.items()]
    texts = (label, *(m.w.book.number(ref) for ref in refs), m.word(f"staggered.used.{used}"))
    return [m.w.runs(text) for text in texts]


def groups(m: Numbers) -> Iterator[Block]:
    """The estimate of each adoption group as a table and as a forest plot; nothing with one group only."""
    found = m.groups()
    if not m.several:
        return
    yield m.paragraph("staggered.groups")
    columns = [m.column("group", right=False, width=1.4), m.column("estimate"), m.column("interval")]
    columns += [m.column("offices"), m.column("persons")]
    rows = [
        [m.w.runs(capital(m.month(month))), *m.points(row), *m.counts(row, "n_offices_treated", "n_treated")]
        for month, row in found
    ]
    caption, note = m.say("staggered.groups_caption"), _missing_note(m, found)
    yield blocks.table("tab-kull", caption, columns, rows, note)
    if (figure := _forest(m, [(month, row) for month, row in found if bounded(row)])) is not None:
        yield figure


def _missing_note(m: Numbers, found: list[tuple[str, Row]]) -> Runs | None:
    """Why a group has no interval, if one has none."""
    return None if all(bounded(row) for _, row in found) else m.say("staggered.one_office")


def _forest(m: Numbers, found: list[tuple[str, Row]]) -> Block | None:
    if not found:
        return None
    headings = m.w.book.catalogue["staggered"]["forest_groups"]
    lines = [(capital(m.month(month)), headings["groups"], row, 1) for month, row in found]
    main = m.decisive()
    if bounded(main):
        lines.append((m.word("staggered.forest_all"), headings["all"], main, 0))
    rows = [forest_row(m.w, label, group, row, style=style) for label, group, row, style in lines]
    data = forest_data(m.w, rows, m.label("staggered.columns.group"))
    source = [[m.w.runs(label), *m.points(row)] for label, _, row, _ in lines]
    table = blocks.table("", [], [m.column("group", right=False), *points_columns(m.w)], source)
    ends = [row for _, row in found]
    low, high = (end(ends, key=lambda row: row.text("estimate")) for end in (min, max))
    alt = m.say("staggered.forest_alt", low=low, high=high, main=main)
    return blocks.figure("fig-kull", "forest", m.say("staggered.forest_caption"), alt, data, table)
