"""Averages of a staggered analysis, what a plain regression gives instead, and how the uncertainty was reckoned."""

import math
from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row, estimate
from analysis.report.staggered_numbers import BLANK, SIMPLE, STATIC, Numbers, bounded
from analysis.report.writer import capital
from analysis.tables import FEW_OFFICES, MAIN

# Draws and ranks: what they say stands in a sentence, not in the table of errors.
TOLD_APART = ("placebo_rank", "permutation")


def averages(m: Numbers) -> Iterator[Block]:
    """The average of each outcome at each horizon, and with other choices in the analysis."""
    columns = [m.column("analysis", right=False, width=2.2), m.column("estimate"), m.column("interval")]
    columns += [m.column("offices"), m.column("compared")]
    rows = [
        [m.w.runs(label), *m.points(row), *m.counts(row, "n_offices_treated", "n_offices_comparison")]
        for label, row in [*_averages(m), *((capital(title), row) for title, row in m.specs())]
    ]
    yield blocks.table(
        "tab-anslag", m.say("staggered.averages_caption"), columns, rows, m.say("staggered.averages_note")
    )


def _averages(m: Numbers) -> Iterator[tuple[str, Row]]:
    for outcome in m.outcomes():
        for horizon in m.horizons(outcome):
            row = m.overall(outcome, horizon=horizon)
            if row is not None and m.w.unit(outcome)["share"]:
                main = outcome == m.primary and horizon == m.horizon
                yield m.word("staggered.average_row", label=m.w.unit(outcome)["label"], row=row, main=main), row


def regression(m: Numbers) -> Iterator[Block]:
    """The two-way fixed effects coefficient beside the average, and why the two differ."""
    static, main = m.static(), m.decisive()
    if static is None or not bounded(static):
        return
    if not m.several:
        yield m.paragraph("staggered.regression_one_group", static=static, main=main)
        return
    yield m.paragraph("staggered.regression", static=static, main=main)


def uncertainty(m: Numbers) -> Iterator[Block]:
    """What the interval rests on, where the estimate stands among moved adoptions, and every other convention.

    No table where a single unit adopted: then no convention gives an interval.
    """
    yield blocks.paragraph(m.w.runs(" ".join(_told(m))))
    rows = list(_conventions(m))
    if not any(bounded(row) for row in rows):
        return
    columns = [m.column("convention", right=False, width=2.2), m.column("std_error"), m.column("interval")]
    columns += [m.column("clusters"), m.column("df"), m.column("p")]
    caption, note = m.say("staggered.conventions_caption"), m.say("staggered.conventions_note")
    yield blocks.table("tab-usikkerhet", caption, columns, [_convention(m, row) for row in rows], note)


def _told(m: Numbers) -> Iterator[str]:
    main, placed = m.decisive(), m.placed()
    names = m.w.book.catalogue["staggered"]["errors"]
    if not bounded(main):
        yield m.word("staggered.alone")
    elif main.text("inference") in names:
        yield m.word(f"staggered.errors.{main.text('inference')}", g=m.clusters(main), df=main.df)
    if bounded(main) and main.text("reason") == FEW_OFFICES:
        yield m.word("staggered.few", row=main)
    if placed is not None:
        yield m.word(f"staggered.placed.{placed.text('inference')}", row=placed)


def _conventions(m: Numbers) -> Iterator[Row]:
    """The main estimate under every inference, the headline first, then the regression under each convention."""
    found = m.rows(m.primary, estimator=m.estimator, term=SIMPLE, spec=MAIN, status="estimated")
    found = found[~found["inference"].isin(TOLD_APART)]
    ordered = found.assign(_last=found["inference"].ne(m.headline)).sort_values("_last", kind="stable")
    yield from (estimate(row) for _, row in ordered.iterrows())
    found = m.rows(m.primary, estimator=STATIC, status="estimated")
    yield from (estimate(row) for _, row in found.iterrows())


def _convention(m: Numbers, row: Row) -> list[Runs]:
    book, name = m.w.book, str(row.text("inference"))
    # The rule of few treated offices holds for the regression too, whose rows do not know of it.
    few = m.decisive().text("reason") == FEW_OFFICES
    known = m.w.book.catalogue["staggered"]["inferences"]
    label = m.word(f"staggered.inferences.{name}") if name in known else book.literal(name)
    error = book.points(row.std_error) if row.std_error else BLANK
    clusters = m.clusters(row)
    texts = (
        capital(label),
        error,
        book.points_interval(row) if bounded(row) else BLANK,
        book.number(clusters) if clusters else BLANK,
        _freedom(m, row),
        book.p_value(row.p_value, bare=True) if row.p_value and not few else BLANK,
    )
    return [m.w.runs(text) for text in texts]


def _freedom(m: Numbers, row: Row) -> str:
    """Degrees of freedom; the normal distribution where there are infinitely many."""
    if not row.df:
        return BLANK
    return m.word("staggered.normal") if math.isinf(row.text("df")) else m.w.book.number(row.df)
