"""What was put into made-up data, group by group and month by month, beside what was found."""

import re
from collections.abc import Iterator

from analysis.card_delivery import Effect
from analysis.months import month_number
from analysis.report import blocks, series
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row
from analysis.report.staggered_numbers import BLANK, Numbers, bounded
from analysis.report.truth import truth_cells, truth_columns, truth_note
from analysis.report.writer import capital

COLUMNS = {"outcome": 1.5, "group": 1.3, "time": 1.2, "value": 1.2}
MONTH = re.compile(r"\d{4}-\d{2}")
# Everybody who adopted in a year or later, as cards name them.
SINCE = re.compile(r"innført fra (\d{4})")


def truth(m: Numbers) -> Iterator[Block]:
    """The table, and what the card adds; nothing for a cohort of real persons."""
    if m.card.synthetic is None:
        return
    yield m.paragraph("matched.truth.intro")
    columns = truth_columns(m.w, COLUMNS)
    columns += [m.column("estimate"), m.column("interval"), m.column("covers", right=False)]
    rows = [_row(m, effect) for effect in m.card.synthetic.effects]
    yield blocks.table("tab-fasit", m.say("matched.truth.caption"), columns, rows, m.say("matched.truth.note"))
    yield from truth_note(m.w)


def _row(m: Numbers, effect: Effect) -> list[Runs]:
    cells = truth_cells(m.w, effect)
    if effect.group is not None and MONTH.fullmatch(effect.group):
        cells[1] = m.w.runs(capital(m.word("staggered.truth_group", month=m.month(effect.group))))
    row = found(m, effect)
    if row is None or not bounded(row):
        missing = [m.w.runs(BLANK)] * 2 if row is None else m.points(row)
        return [*cells, *missing, m.say("matched.truth.no_estimate" if row is None else "staggered.no_interval")]
    holds = row.text("conf_low") <= effect.value <= row.text("conf_high")
    return [*cells, *m.points(row), m.say("matched.truth.covers" if holds else "matched.truth.misses")]


def found(m: Numbers, effect: Effect) -> Row | None:
    """The estimate of the same thing; None where nothing was estimated of it."""
    horizon = effect.horizon
    if effect.outcome not in m.outcomes() or horizon not in (None, *m.horizons(effect.outcome)):
        return None
    if effect.group is not None and MONTH.fullmatch(effect.group):
        return dict(m.groups(effect.outcome, horizon=horizon)).get(effect.group)
    if not is_everybody(m, effect):
        return series.office_truth(m, effect)
    return m.overall(effect.outcome, horizon=horizon) if effect.month is None else _at(m, effect)


def is_everybody(m: Numbers, effect: Effect) -> bool:
    """Whether an effect is that of all who adopted."""
    if effect.group is None or effect.group == m.card.arm("treated").label.nb:
        return True
    since = SINCE.fullmatch(effect.group)
    return since is not None and all(month >= since[1] for month, _ in m.groups(effect.outcome))


def _at(m: Numbers, effect: Effect) -> Row | None:
    """The estimate in a calendar month, where everybody adopted at the same time."""
    groups = m.groups(effect.outcome)
    if len(groups) != 1 or effect.outcome != m.primary:
        return None
    return dict(m.dynamic()).get(month_number(effect.month) - month_number(groups[0][0]))
