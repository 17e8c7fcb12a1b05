"""What is known beforehand, held against the estimate: a trial, or what was put into made-up data."""

from collections.abc import Iterator

from analysis.card_delivery import Effect
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row
from analysis.report.matched_numbers import Numbers
from analysis.report.matched_summary import benchmark_answer
from analysis.report.truth import truth_cells, truth_columns, truth_note

# What must be said of why the matched answer is near the trial's, or not.
REASONS = ("balance", "lost_treated", "spread")
COLUMNS = {"outcome": 1.4, "time": 1.3, "value": 1.3}


def benchmark(m: Numbers) -> Iterator[Block]:
    """How near the known answer the matched one comes in each outcome, and why."""
    if m.card.benchmark is not None:
        yield from _trial(m)
    if m.card.synthetic is not None:
        yield from _truth(m)


def _trial(m: Numbers) -> Iterator[Block]:
    yield blocks.paragraph(benchmark_answer(m))
    for outcome in m.card.outcome_names():
        yield blocks.paragraph([*_amounts(m, outcome), *m.w.say_check(m.check(f"benchmark_{outcome}"))])
    near = m.check(f"benchmark_{m.primary}").text_id.endswith("near")
    yield m.paragraph("matched.benchmark.why_near" if near else "matched.benchmark.why")
    yield blocks.bullets(m.w.say_check(m.check(name)) for name in REASONS if m.check(name) is not None)


def _amounts(m: Numbers, outcome: str) -> Runs:
    """The trial's figures for an outcome that is not a share."""
    unit = m.w.unit(outcome)
    if unit["share"]:
        return []
    rows = {name: m.plain(outcome, name) for name in ("trial_level", "trial_adjusted", "trial_did")}
    raw = m.plain(outcome, "raw_level")
    return [*m.say("matched.benchmark.amounts", raw=raw, **rows, **unit), {"text": " "}]


def _truth(m: Numbers) -> Iterator[Block]:
    """What was put in beside what was found, and whether the interval holds it."""
    yield m.paragraph("matched.truth.intro")
    columns = truth_columns(m.w, COLUMNS)
    columns += [m.column("found"), m.column("interval"), m.column("covers", right=False)]
    rows = [_truth_row(m, effect) for effect in m.card.synthetic.effects]
    yield blocks.table("tab-fasit", m.say("matched.truth.caption"), columns, rows, m.say("matched.truth.note"))
    yield from truth_note(m.w)


def _truth_row(m: Numbers, effect: Effect) -> list[Runs]:
    outcome, _, time, value = truth_cells(m.w, effect)
    row = _estimate_of(m, effect)
    if row is None:
        return [outcome, time, value, *(m.w.runs("–") for _ in range(2)), m.say("matched.truth.no_estimate")]
    holds = row.text("conf_low") <= effect.value <= row.text("conf_high")
    answer = m.say("matched.truth.covers" if holds else "matched.truth.misses")
    return [outcome, time, value, *m.difference_cells(row, effect.outcome), answer]


def _estimate_of(m: Numbers, effect: Effect) -> Row | None:
    """The main estimate of the same outcome at the same time, for everybody; None where there is none."""
    same = effect.outcome in m.compared() and effect.horizon in m.card.horizons and effect.group is None
    return m.estimate(effect.outcome, horizon=effect.horizon) if same else None
