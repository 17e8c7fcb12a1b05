"""What was put into made-up data of a trial beside what was found."""

from collections.abc import Iterator

from analysis.card_delivery import Effect
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row
from analysis.report.trial_numbers import BLANK, Numbers, bounded
from analysis.report.truth import truth_cells, truth_columns, truth_note

COLUMNS = {"outcome": 1.5, "time": 1.2, "value": 1.2}


def truth(m: Numbers, intro: str = "trial.truth") -> Iterator[Block]:
    """The table, and what the card adds; nothing for a cohort of real persons. `intro`: the text above it."""
    if m.card.synthetic is None:
        return
    yield m.paragraph(intro)
    columns = truth_columns(m.w, COLUMNS)
    columns += [m.column("estimate"), m.column("interval", width=1.2), m.column("covers", right=False)]
    rows = [_row(m, effect) for effect in m.card.synthetic.effects]
    yield blocks.table("tab-fasit", m.say("matched.truth.caption"), columns, rows)
    yield from truth_note(m.w)


def _row(m: Numbers, effect: Effect) -> list[Runs]:
    outcome, _, time, value = truth_cells(m.w, effect)
    row = found(m, effect)
    if row is None or not bounded(row):
        return [outcome, time, value, *m.cells([BLANK, BLANK]), m.say("matched.truth.no_estimate")]
    holds = row.text("conf_low") <= effect.value <= row.text("conf_high")
    answer = m.say("matched.truth.covers" if holds else "matched.truth.misses")
    return [outcome, time, value, *m.cells(m.difference(row, effect.outcome)), answer]


def found(m: Numbers, effect: Effect) -> Row | None:
    """The estimate of the same outcome at the same time, for everybody; None where there is none."""
    same = effect.horizon in m.card.horizons and effect.group is None
    return m.effect(effect.outcome, effect.horizon) if same else None
