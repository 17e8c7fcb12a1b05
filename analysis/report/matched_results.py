"""Results of a matched cohort: a table per outcome, the forest plot, and what equally good partners would give."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row, estimate
from analysis.report.charts import forest_data, forest_row, points_cells, points_columns
from analysis.report.matched_numbers import ABADIE_IMBENS, CHANGE, LEVEL, TRIAL_ROWS, Numbers
from analysis.report.matched_specifications import specification_table
from analysis.report.specifications import specifications
from analysis.report.writer import capital
from analysis.tables import MAIN

DOUBLY_ROBUST = "matched_dr_did"
TIES = ("low", "high", "averaged")


def results(m: Numbers) -> Iterator[Block]:
    """A table per outcome, the forest plot of the main one, every way to match, and ties."""
    for outcome in m.compared():
        yield _outcome_table(m, outcome)
    yield from _one_group(m)
    yield _forest(m)
    if m.card.sensitivity:
        yield specification_table(m)
        if m.check("spread") is not None:
            yield blocks.paragraph(m.w.say_check(m.check("spread")))
    yield from specifications(m.w)
    yield from _replaced(m)
    yield from _adjusted(m)
    yield from _ties(m)


def _outcome_rows(m: Numbers, outcome: str) -> list[tuple[str, Row]]:
    """Label and estimate: the trial, without matching, matched, and every other choice."""
    named = [(name, m.plain(outcome, name)) for name in TRIAL_ROWS]
    rows = [(m.word(f"matched.rows.{name}"), row) for name, row in named if row is not None]
    rows.append((m.word("matched.rows.matched_level"), m.estimate(outcome, estimator=LEVEL)))
    if m.estimator(outcome) == CHANGE:
        rows.append((m.word("matched.rows.matched_did"), m.estimate(outcome)))
    others = m.sensitivity(outcome)
    key = "matched.rows.sensitivity" if m.estimator(outcome) == CHANGE else "matched.rows.sensitivity_level"
    return rows + [(m.word(key, title=title), row) for _, title, row in others]


def _outcome_table(m: Numbers, outcome: str) -> Block:
    """Every estimate of one outcome."""
    unit = m.w.unit(outcome)
    columns = [m.column("analysis", width=2.2, right=False)]
    columns += [m.column(name, **unit) for name in ("estimate", "interval", "n", "m")]
    rows = [
        [m.w.runs(label), *m.difference_cells(row, outcome), *_counts(m, row)]
        for label, row in _outcome_rows(m, outcome)
    ]
    caption = m.say("matched.caption_results", trial=m.card.benchmark is not None, **unit)
    return blocks.table(f"tab-{outcome.replace('_', '-')}", caption, columns, rows, _classical(m, outcome, unit))


def _counts(m: Numbers, row: Row) -> list[Runs]:
    return [m.w.runs(m.w.book.number(ref)) for ref in (row.n_treated, row.n_comparison)]


def _one_group(m: Numbers) -> Iterator[Block]:
    """What is known of one group only, as it was told: nothing to compare with."""
    alone = [name for name in m.card.outcome_names() if m.estimator(name) is None]
    rows = [row for outcome in alone for row in _alone_rows(m, outcome)]
    if rows:
        columns = [m.column("outcome", right=False, width=1.6), m.column("group", right=False, width=1.4)]
        columns += [m.column("mean"), m.column("persons")]
        yield blocks.table("tab-en-gruppe", m.say("matched.one_group"), columns, rows, m.say("matched.one_group_note"))


def _alone_rows(m: Numbers, outcome: str) -> Iterator[list[Runs]]:
    unit = m.w.unit(outcome)
    for arm in m.card.arms:
        found = m.w.rows(estimator="group_mean", group=f"unmatched:{arm.id}", outcome=outcome)
        for _, cell in found[found["event_time"].isna()].iterrows():
            mean = estimate(cell)
            n = mean.n_treated if arm.role == "treated" else mean.n_comparison
            value = m.w.book.percent(mean.estimate, n) if unit["share"] else m.w.book.number(mean.estimate, 1)
            texts = (capital(unit["label"]), capital(m.w.text(arm.label)), value, m.w.book.number(n))
            yield [m.w.runs(text) for text in texts]


def _classical(m: Numbers, outcome: str, unit: dict[str, Any]) -> Runs | None:
    """The trial's classical standard errors, for readers who know them from the literature."""
    if m.card.benchmark is None:
        return None
    names = {"level_row": "difference_in_means", "adjusted": "adjusted_difference", "did": "did_2x2"}
    wanted = {"outcome": outcome, "group": "trial", "inference": "classical", "horizon_months": m.horizon}
    rows = {key: m.w.row(estimator=estimator, **wanted) for key, estimator in names.items()}
    return m.w.say("matched.classical", **rows, **unit)


def _forest(m: Numbers) -> Block:
    """The trial, the matched main analysis, and other choices."""
    lines = _forest_lines(m)
    trial = m.plain(m.primary, "trial_did")
    reference = (
        () if trial is None else ({"value": trial.text("estimate"), "label": m.w.word("matched.trial_reference")},)
    )
    rows = [forest_row(m.w, label, group, row, style=style) for label, group, row, style in lines]
    columns = [blocks.column(m.w.label("axis.analysis")), *points_columns(m.w)]
    source = [[m.w.runs(f"{group}: {label}"), *points_cells(m.w, row)] for label, group, row, _ in lines]
    data = forest_data(m.w, rows, m.w.label("axis.analysis"), reference)
    numbers = blocks.table("", [], columns, source)
    return blocks.figure(
        "fig-skogplott", "forest", m.say("matched.forest_caption"), _forest_alt(m, trial), data, numbers
    )


def _forest_lines(m: Numbers) -> list[tuple[str, str, Row, int]]:
    """Label, group, estimate and pen of each line."""
    groups = m.w.book.catalogue["matched"]["groups_in_figure"]
    lines: list[tuple[str, str, Row, int]] = []
    if m.card.benchmark is not None:
        for name in ("trial_level", "trial_did"):
            label = m.word(f"matched.forest_rows.{name}")
            lines.append((label, groups["trial"], m.plain(m.primary, name), 0))
    lines.append((m.word("matched.forest_rows.trial_did"), groups["matched"], m.decisive(), 1))
    adjusted = doubly_robust(m)
    if adjusted is not None:
        lines.append((m.word("matched.forest_rows.doubly_robust"), groups["adjusted"], adjusted, 2))
    return lines + [(title, groups["sensitivity"], row, 2) for _, title, row in m.sensitivity(m.primary)]


def doubly_robust(m: Numbers) -> Row | None:
    """The main estimate with what matching left of differences taken out; None where it could not be estimated."""
    wanted = {"outcome": m.primary, "spec": MAIN, "horizon_months": m.horizon, "status": "estimated"}
    found = m.w.rows(estimator=DOUBLY_ROBUST, **wanted)
    return None if found.empty else estimate(found.iloc[0])


def _adjusted(m: Numbers) -> Iterator[Block]:
    """The same persons with a regression on top of the matching."""
    row = doubly_robust(m)
    if row is not None:
        yield m.paragraph("matched.doubly_robust", row=row, main=m.decisive())


def _forest_alt(m: Numbers, trial: Row | None) -> Runs:
    if m.check("spread") is None:
        return m.say("matched.forest_alt_plain", main=m.decisive())
    ends = m.check_refs("spread", low="low", high="high")
    return m.say("matched.forest_alt", main=m.decisive(), trial=trial, **ends)


def _replaced(m: Numbers) -> Iterator[Block]:
    """The interval of Abadie and Imbens beside the main one, when persons may be used several times."""
    wanted = {"outcome": m.primary, "spec": MAIN, "estimator": CHANGE, "horizon_months": m.horizon}
    found = m.w.rows(inference=ABADIE_IMBENS, **wanted)
    if len(found):
        yield m.paragraph("matched.abadie_imbens", row=estimate(found.iloc[0]))


def _ties(m: Numbers) -> Iterator[Block]:
    """Where the estimate lies when equally good comparison persons are drawn anew."""
    rows = {name: m.w.rows(outcome=m.primary, spec=f"ties_{name}") for name in TIES}
    if len(rows["low"]) and len(rows["high"]):
        told = {name: estimate(found.iloc[0]) if len(found) else None for name, found in rows.items()}
        yield m.paragraph("matched.ties", **told)
