"""Effects of a treated cohort: the headline beside the planned one, every outcome, other analyses, and controls."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row, estimate
from analysis.report.charts import forest_data, forest_row
from analysis.report.treated_names import PLACEBO, analysis_name, control_name
from analysis.report.treated_numbers import DIFFERENCES, HIDDEN, MONTHS, Shown, bounded
from analysis.report.trial_numbers import DEFAULTS
from analysis.report.writer import capital
from analysis.results import estimate_id
from analysis.tables import FAMILY_SPEC, MAIN, NEGATIVE_CONTROL, SPILL_OVER, STATIC, TO_THE_MEAN

CONTROLS = (NEGATIVE_CONTROL, SPILL_OVER, PLACEBO)
# Rows that repeat an effect with another p-value alone.
REPEATED = ("holm",)
APART, OF_ONE_UNIT = (FAMILY_SPEC, STATIC), ";unit="
WORDS = ("outcome", "time", "analysis")


def results(s: Shown) -> Iterator[Block]:
    """Every effect that the plan asks for, the same headline by other analyses, and what should show nothing."""
    effects = _effects(s)
    told = [row for row in effects if row.text("term") not in MONTHS]
    gone = _hidden_outcomes(s, told)
    yield _outcomes(s, [row for row in told if row.text("outcome") not in gone])
    if gone:
        names = [s.w.text(s.w.outcome(name).label) for name in gone]
        yield s.w.paragraph("treated.outcomes_hidden", names=names)
    yield from _months(s, [row for row in effects if row.text("term") in MONTHS])
    others = _others(s)
    shown = [row for row in others if row.estimate or row.p_value]
    if shown:
        yield _beside(s, others)
        figure = _forest(s, [row for row in shown if bounded(row)])
        if figure is not None:
            yield figure
    elif others:
        yield s.w.paragraph("treated.others_hidden", n=Ref(len(others), "estimates", "sensitivity", "spec"))
    yield from _controls(s)


def _hidden_outcomes(s: Shown, effects: list[Row]) -> list[str]:
    """Outcomes beside the main one of which no effect is shown."""
    shown = {row.text("outcome") for row in effects if row.estimate} | {s.card.outcomes.primary}
    return [name for name in dict.fromkeys(row.text("outcome") for row in effects) if name not in shown]


def _outcomes(s: Shown, effects: list[Row]) -> Block:
    names = ("outcome", "time", "difference", "interval", "persons")
    columns = s.columns(names, WORDS, outcome=2.2, time=1.6, persons=1.1)
    rows = [(_label(s, row), row) for row in effects]
    # After the headline, which is the first where there is one.
    rows[1:1] = [(s.label("planned"), row) for row in _planned(s)]
    told = [s.cells([label, s.when(row), *s.effect(row), s.people(row)]) for label, row in rows]
    return blocks.table("tab-anslag", s.say("results"), columns, told, s.say("results_note"))


def _months(s: Shown, effects: list[Row]) -> Iterator[Block]:
    """Months with the main outcome that a difference over the whole time adds up to."""
    rows = [row for row in effects if row.text("outcome") == s.card.outcomes.primary]
    if any(row.estimate for row in rows):
        columns = s.columns(("time", "months", "interval", "persons"), ("time",), time=1.6, persons=1.2)
        told = [s.cells([capital(s.when(row)), *s.effect(row), s.people(row)]) for row in rows]
        yield blocks.table("tab-maneder", s.say("months"), columns, told, s.say("dash"))


def _effects(s: Shown) -> list[Row]:
    """The headline, then the other outcomes and times in the order of the card."""
    frame = s.whole(spec=MAIN)
    frame = frame[frame["term"].isin([s.primary.text("term"), *DIFFERENCES, *MONTHS])]
    usual = frame[
        frame["estimator"].eq(s.primary.text("estimator")) & frame["inference"].eq(s.primary.text("inference"))
    ]
    names = s.card.outcome_names()
    # Outcomes that the headline's estimator is not for have one of their own.
    rest = frame[frame["outcome"].isin([name for name in names if name not in set(usual["outcome"])])]
    rest = rest[rest["status"].eq("estimated")].drop_duplicates(["outcome", "horizon_months", "term"])
    both = pd.concat([usual, rest])
    both = both[both["outcome"].isin(names)]
    order = [both["role"].ne("primary"), both["outcome"].map(names.index), both["horizon_months"].astype("float64")]
    placed = both.assign(_first=order[0], _outcome=order[1], _time=order[2])
    placed = placed.sort_values(["_first", "_outcome", "_time"], kind="stable")
    return [estimate(row) for _, row in placed.drop(columns=["_first", "_outcome", "_time"]).iterrows()]


def _label(s: Shown, row: Row) -> str:
    label = capital(s.w.text(s.w.outcome(row.text("outcome")).label))
    return s.w.word("treated.outcome_row", label=label, main=row.text("role") == "primary")


def _planned(s: Shown) -> list[Row]:
    """The headline of the locked plan, where the card has changed since."""
    table = s.table("planned")
    return [Row("planned", estimate_id(row), row) for _, row in table.iterrows() if row["status"] == "estimated"][:1]


def _others(s: Shown) -> list[Row]:
    """The headline's outcome and time by other ways, each once."""
    frame = s.same_time(s.whole(outcome=s.card.outcomes.primary, status="estimated"))
    frame = frame[frame["term"].isin([s.primary.text("term"), *DIFFERENCES]) & frame["estimator"].ne(TO_THE_MEAN)]
    frame = frame[frame["role"].isin(["sensitivity", "secondary"]) & ~frame["inference"].isin(REPEATED)]
    # Other estimators of staggered adoption have a table of their own.
    frame = frame[~frame["spec"].isin(APART) & ~frame["spec"].str.contains(OF_ONE_UNIT, regex=False)]
    usual = frame["estimator"].eq(s.primary.text("estimator"))
    # A way to match has the level beside the change; one of them is enough.
    own = frame["spec"].isin(set(frame.loc[usual, "spec"])) & frame["spec"].ne(MAIN)
    frame = frame[usual | ~own].drop_duplicates(["spec", "estimator", "inference"])
    # The first row of a way that the card names has the error that is the way's own.
    named = frame["spec"].isin([item.name for item in s.card.sensitivity])
    frame = frame[~(named & frame.duplicated(["spec", "estimator"]))]
    last = frame["spec"].isin(DEFAULTS)
    rows = [estimate(row) for _, row in pd.concat([frame[~last], frame[last]]).iterrows()]
    return [row for row in rows if not _repeats(s, row)]


def _repeats(s: Shown, row: Row) -> bool:
    """Whether a row says nothing but the headline's estimate again."""
    same = row.text("spec") == MAIN and row.text("estimator") == s.primary.text("estimator")
    return same and bool(row.estimate) and not bounded(row) and not (_tests(s) and row.p_value)


def _tests(s: Shown) -> bool:
    """Whether p-values are told: those of a draw, which hold however few were drawn."""
    return s.card.trial is not None


def _beside(s: Shown, others: list[Row]) -> Block:
    tested = _tests(s)
    names = ("analysis", "difference", "interval", *(["p"] if tested else []))
    columns = s.columns(names, WORDS, analysis=3.0, interval=1.3)
    rows = [_other(s, row, tested=tested) for row in others]
    return blocks.table("tab-andre-analyser", s.say("others"), columns, rows, s.say("dash"))


def _other(s: Shown, row: Row, *, tested: bool) -> list[Runs]:
    p = s.w.book.p_value(row.p_value, bare=True) if row.p_value else HIDDEN
    return s.cells([analysis_name(s, row), *s.effect(row), *([p] if tested else [])])


def _forest(s: Shown, others: list[Row]) -> Block | None:
    """The headline and the other analyses with their intervals; None where fewer than two have one."""
    main = s.decisive()
    lines = [] if main is None else [(s.label("main"), main, 0)]
    lines += [(analysis_name(s, row), row, 1) for row in others if s.is_share(row)]
    if len(lines) < 2 or not s.is_share(lines[0][1]):
        return None
    rows = [forest_row(s.w, label, "", row, style=style) for label, row, style in lines]
    columns = s.columns(("analysis", "difference", "interval"), WORDS, analysis=3.0)
    body = [s.cells([label, *s.effect(row)]) for label, row, _ in lines]
    low, high = (end([row for _, row, _ in lines], key=lambda row: row.text("estimate")) for end in (min, max))
    caption, alt = s.say("forest"), s.say("forest_alt", n=_counted(lines), low=low, high=high)
    data = forest_data(s.w, rows, s.label("columns.analysis"))
    return blocks.figure("fig-analyser-vist", "forest", caption, alt, data, blocks.table("", [], columns, body))


def _counted(lines: list[Any]) -> Ref:
    return Ref(len(lines), "estimates", "shown", "spec")


def _controls(s: Shown) -> Iterator[Block]:
    """Where nothing should show, marked as such."""
    frame = s.w.material.estimates
    found = frame[frame["term"].isin(CONTROLS) & frame["status"].eq("estimated")]
    rows = [estimate(row) for _, row in found.drop_duplicates(["spec", "outcome", "event_time"]).iterrows()]
    rows = [row for row in rows if s.w.unit(row.text("outcome"))["share"]]
    if not rows:
        return
    if not any(row.estimate for row in rows):
        yield s.w.paragraph("treated.controls_hidden", n=Ref(len(rows), "estimates", "controls", "spec"))
        return
    columns = s.columns(("control", "difference", "interval"), ("control",), control=3.0)
    told = [s.cells([control_name(s, row), *s.effect(row)]) for row in rows]
    yield blocks.table("tab-kontrollutfall", s.say("controls"), columns, told, s.say("controls_note"))
