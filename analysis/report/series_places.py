"""Every unit's own change with the interval of its rank, and single offices held against offices of other counties."""

from collections.abc import Iterator

from analysis.card_delivery import Effect
from analysis.months import month_number
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row, estimate
from analysis.report.charts import forest_data, forest_row
from analysis.report.series_numbers import PREFERRED, SeriesNumbers
from analysis.tables import MAIN

# A figure and a table of more units than this would not be read.
MOST_UNITS = 30


def places(s: SeriesNumbers) -> Iterator[Block]:
    """How many can be told from the treated, as a table and a figure of every unit."""
    found = _changes(s)
    treated = s.treated()
    own = s.row("unit_change", "rank", group=treated)
    if own is None:
        return
    yield s.paragraph("places.told", rank=own, unit=treated)
    if len(found) > MOST_UNITS:
        return
    columns = [s.column("unit", right=False, width=1.6), s.column("n"), s.column("change"), s.column("interval")]
    columns += [s.column("rank_interval"), s.column("distinct")]
    rows = [_row(s, name, change, rank) for name, change, rank in found]
    yield blocks.table("tab-plassering", s.say("places.caption"), columns, rows, s.say("places.note"))
    yield _forest(s, found, treated)


def short(s: SeriesNumbers) -> Iterator[Block]:
    """The interval of the rank in one sentence."""
    own = s.row("unit_change", "rank", group=s.treated())
    if own is not None:
        yield s.paragraph("places.short", rank=own, unit=s.treated())


def _changes(s: SeriesNumbers) -> list[tuple[str, Row, Row]]:
    """Name, change and rank of every unit, the largest fall first."""
    found = s.table("unit_change", spec=MAIN, horizon=None)
    ranks = {row["group"]: estimate(row) for _, row in found[found["term"].eq("rank")].iterrows()}
    changes = found[found["term"].eq("change")].sort_values("estimate")
    return [(str(row["group"]), estimate(row), ranks[row["group"]]) for _, row in changes.iterrows()]


def _row(s: SeriesNumbers, name: str, change: Row, rank: Row) -> list[Runs]:
    between = s.word("places.between", rank=rank)
    cells = (s.book.literal(name), s.book.number(change.n_treated))
    ranked = (between, s.book.number(rank.statistic))
    return [*map(s.w.runs, cells), *s.points(change), *map(s.w.runs, ranked)]


def _forest(s: SeriesNumbers, found: list[tuple[str, Row, Row]], treated: str) -> Block:
    rows = [forest_row(s.w, name, "", change, style=int(name != treated)) for name, change, _ in found]
    data = forest_data(s.w, rows, s.label("columns.unit"))
    columns = [s.column("unit", right=False), s.column("change"), s.column("interval")]
    source = blocks.table("", [], columns, [[s.w.runs(name), *s.points(change)] for name, change, _ in found])
    first, last = found[0], found[-1]
    alt = s.say("places.alt", first=first[1], first_name=first[0], last=last[1], last_name=last[0])
    return blocks.figure("fig-fylker", "forest", s.say("places.figure"), alt, data, source)


def offices(s: SeriesNumbers) -> Iterator[Block]:
    """Each office that the card asks for, never with its own county beside it."""
    for asked in s.chosen.offices:
        spec = f"office_{asked.office}"
        change, rank = (s.row("unit_change", term, spec=spec, horizon=None) for term in ("change", "rank"))
        trend = s.row("interrupted_series", "mean", spec=spec, inference=PREFERRED)
        yield s.paragraph("offices.told", change=change, rank=rank, trend=trend, office=asked.office)
        if asked.month is not None:
            yield _at(s, spec, asked.office, s.month(asked.month))


def of_effect(s: SeriesNumbers, effect: Effect) -> Row | None:
    """The interrupted series of the office that an effect names, in its month; None where it was not analysed."""
    named = [asked.office for asked in s.chosen.offices if effect.group == f"kontor {asked.office}"]
    if not named or effect.month is None:
        return None
    horizon = month_number(effect.month) - month_number(s.m.card.time_zero.month)
    options = {"spec": f"office_{named[0]}", "inference": PREFERRED, "horizon": horizon}
    return s.row("interrupted_series", "after", **options)


def _at(s: SeriesNumbers, spec: str, office: str, month: str) -> Block:
    found = s.table("unit_change", spec=spec)
    found = found[found["horizon_months"].notna()]
    change, rank = (estimate(found[found["term"].eq(term)].iloc[0]) for term in ("change", "rank"))
    return s.paragraph("offices.singled", change=change, rank=rank, office=office, month=month)
