"""Differences of a trial over outcomes and horizons, every inference beside the others, and how alike offices are."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row, estimate
from analysis.report.trial_numbers import BLANK, DEFAULTS, Numbers, freedom
from analysis.report.writer import capital
from analysis.tables import FEW_OFFICES, MAIN

MODELS = ("office_means", "mixed_model", "gee")
# Rows of these kinds are told elsewhere.
APART = ("icc", "design_effect", "delivery")


def differences(m: Numbers) -> Iterator[Block]:
    """Every outcome at every horizon, with the test by the draw, alone and counted together with the others."""
    holm = m.card.trial.multiplicity == "holm"
    columns = [m.column("outcome", right=False, width=2.0), m.column("estimate"), m.column("interval", width=1.2)]
    columns += [m.column("test"), *([m.column("holm")] if holm else []), m.column("persons")]
    places = [(outcome, horizon) for outcome in m.card.outcome_names() for horizon in m.card.horizons]
    rows = [_difference(m, *place, holm=holm) for place in places]
    missing = any(m.effect(*place) is None for place in places)
    caption, note = m.say("trial.differences_caption"), m.say("trial.differences_note", holm=holm, missing=missing)
    yield blocks.table("tab-anslag", caption, columns, rows, note)


def _difference(m: Numbers, outcome: str, horizon: int, *, holm: bool) -> list[Runs]:
    row = m.effect(outcome, horizon)
    main = outcome == m.primary and horizon == m.horizon
    label = m.word("trial.main_row" if main else "trial.row", label=m.row_label(outcome, horizon))
    adjusted = [m.p(m.holm(outcome, horizon))] if holm else []
    people = BLANK if row is None else m.word("trial.people", row=row)
    return m.cells([label, *m.difference(row, outcome), m.p(m.test(outcome, horizon)), *adjusted, people])


def inferences(m: Numbers) -> Iterator[Block]:
    """The main difference under every inference and model, and why common defaults are not used."""
    found = m.rows(m.primary, m.horizon)
    found = found[~found["term"].isin(APART) & ~found["inference"].eq("holm") & found["spec"].ne("delivery")]
    estimated = found[found["status"].eq("estimated")]
    if _few(m):
        yield m.paragraph("trial.few", row=m.decisive())
    yield m.paragraph("trial.inferences", bad=estimated["spec"].isin(DEFAULTS).any())
    columns = [m.column("analysis", right=False, width=2.4), m.column("estimate"), m.column("std_error")]
    columns += [m.column("interval", width=1.2), m.column("df"), m.column("p")]
    order = estimated["spec"].isin(DEFAULTS)
    rows = [_inference(m, estimate(row)) for _, row in estimated[~order].iterrows()]
    rows += [_inference(m, estimate(row)) for _, row in estimated[order].iterrows()]
    unbounded = estimated["reason"].eq("nothing_is_ruled_out").any()
    missing = len(estimated) < len(found)
    note = m.say("trial.inferences_note", unbounded=unbounded, missing=missing)
    yield blocks.table("tab-usikkerhet", m.say("trial.inferences_caption", when=m.when(m.horizon)), columns, rows, note)


def _few(m: Numbers) -> bool:
    return m.decisive().text("reason") == FEW_OFFICES


def _inference(m: Numbers, row: Row) -> list[Runs]:
    what, how = m.word(f"trial.analyses.{_analysis(m, row)}"), m.word(f"trial.inference.{row.text('inference')}")
    label = capital(m.word("trial.analysis_row", what=what, how=how))
    error, df = row.std_error, freedom(row)
    value, interval = m.difference(row, m.primary)
    spread = m.w.book.points(error) if error else BLANK
    return m.cells([label, value, spread, interval, m.w.book.number(df, 1) if df else BLANK, m.p(row)])


def _analysis(m: Numbers, row: Row) -> str:
    """What a row averages over, or the model that it is."""
    spec, estimator = row.text("spec"), row.text("estimator")
    if estimator in MODELS:
        return estimator
    usual = f"{m.average().removesuffix('s')}_average"
    return {MAIN: usual, "adjusted": f"{usual}_adjusted"}.get(spec, spec)


def correlation(m: Numbers) -> Iterator[Block]:
    """How much alike persons of one office are, and what it costs."""
    icc, effect = m.icc("icc"), m.icc("design_effect")
    if icc is None or effect is None:
        return
    other = m.icc("icc", "fleiss_cuzick")
    keys = ["trial.icc", *(["trial.icc_other"] if other is not None else [])]
    yield m.paragraph(*keys, icc=icc, effect=effect, other=other)


def delivery(m: Numbers) -> Iterator[Block]:
    """The effect of getting it, with the draw as instrument; nothing where the card names no such column."""
    rows = {str(row["term"]): estimate(row) for _, row in m.rows(m.primary, m.horizon, spec="delivery").iterrows()}
    moved = rows.pop("delivery", None)
    if moved is None:
        return
    (row,) = rows.values()
    shape = "interval" if row.conf_low else "unbounded"
    yield m.paragraph("trial.delivery.intro", f"trial.delivery.{shape}", "trial.delivery.advice", row=row, moved=moved)
