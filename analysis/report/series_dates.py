"""The two dates that a series is told by, what kind of outcome it is, and who came and left between them."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import estimate
from analysis.report.series_numbers import SeriesNumbers
from analysis.report.writer import capital

GROUPS = ("treated", "comparison")
PARTS = ("entry", "exit", "stayers", "total")


def badge(s: SeriesNumbers) -> Iterator[Block]:
    """That the outcome is what a plan or a process holds, and not what it is for."""
    outcome = s.w.outcome(s.m.primary)
    if outcome.role == "process":
        yield blocks.callout(s.label("process.title"), s.say("process.text"))


def told(s: SeriesNumbers) -> Block:
    """The shares at the two dates, their difference, and how sure the dates are."""
    before, after = (s.row("before_after", "share", spec=name) for name in ("before", "after"))
    change, dates = (s.row("before_after", "change", spec="change", inference=name) for name in ("newcombe", "dates"))
    months = {"first": s.month(before.text("group")), "last": s.month(after.text("group"))}
    spread = _uncertain(s)
    return s.paragraph("dates.told", before=before, after=after, change=change, dates=dates, spread=spread, **months)


def _uncertain(s: SeriesNumbers) -> bool:
    return any(first != last for first, last in (s.chosen.before.span(), s.chosen.after.span()))


def dates(s: SeriesNumbers) -> Iterator[Block]:
    """Each date with the months that it can be, how we know it, and its share."""
    columns = [s.column("date", right=False), s.column("span", right=False, width=1.4)]
    columns += [s.column("known", right=False, width=1.6), s.column("share"), s.column("interval"), s.column("n")]
    rows = [_date_row(s, name) for name in ("before", "after")]
    yield blocks.table("tab-tidspunkter", s.say("dates.caption"), columns, rows, s.say("dates.note"))


def _date_row(s: SeriesNumbers, name: str) -> list[Runs]:
    row, date = s.row("before_after", "share", spec=name), getattr(s.chosen, name)
    first, last = date.span()
    span = s.month(first) if first == last else s.word("dates.span", first=s.month(first), last=s.month(last))
    known = s.w.word(f"certainties.{date.certainty}")
    known += "" if date.note is None else f" ({s.w.text(date.note)})"
    cells = (
        capital(s.month(row.text("group"))),
        span,
        known,
        s.book.percent(row.estimate, row.n_treated),
        s.book.percent_interval(row, row.n_treated),
        s.book.number(row.n_treated),
    )
    return [s.w.runs(cell) for cell in cells]


def composition(s: SeriesNumbers) -> Iterator[Block]:
    """Entry, exit and those who stayed; says so where the delivery does not tell who came and left."""
    found = s.table("composition")
    if found.empty:
        yield s.paragraph("composition.none")
        return
    by = {(row["group"], row["term"]): estimate(row) for _, row in found.iterrows()}
    yield s.paragraph("composition.told", **{term: by["treated", term] for term in (*PARTS, "entered", "left")})
    columns = [s.column("part", right=False, width=1.8)]
    columns += [blocks.column(capital(s.w.text(s.m.card.arm(group).label)), right=True) for group in GROUPS]
    rows = [
        [s.say(f"composition.parts.{term}"), *(s.w.runs(s.book.points(by[group, term].estimate)) for group in GROUPS)]
        for term in PARTS
    ]
    rows += [
        [s.say(f"composition.parts.{term}"), *(s.w.runs(s.book.number(by[group, term].estimate)) for group in GROUPS)]
        for term in ("entered", "left")
    ]
    yield blocks.table("tab-sammensetning", s.say("composition.caption"), columns, rows, s.say("composition.note"))
