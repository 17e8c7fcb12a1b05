"""Were the groups alike: love plot, table of means, and balance office by office."""

from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.group_means import decimals
from analysis.report.matched_numbers import Numbers
from analysis.report.matched_overlap import overlap
from analysis.tables import MAIN

SAMPLES = ("unadjusted", "adjusted")
ABSENT = "–"


def balance(m: Numbers) -> Iterator[Block]:
    """The check's sentence, love plot with its table, means of both groups, offices, and the overlap of the scores."""
    table = m.w.material.tables["balance"]
    table = table[table["spec"].eq(MAIN)]
    wide = table.pivot(index="covariate", columns="sample", values="smd")
    order = wide["unadjusted"].abs().sort_values(ascending=False).index
    cells = table.set_index(["covariate", "sample"])
    yield blocks.paragraph(m.w.say_check(m.check("balance")))
    yield _love_plot(m, wide.loc[order], cells)
    yield _means_table(m, order, cells)
    yield from _offices(m)
    yield from overlap(m)


def covariate(m: Numbers, name: str) -> str:
    """A background characteristic in words; a column that the card does not name keeps its own."""
    return m.w.covariates().get(name, name)


def _love_plot(m: Numbers, wide: pd.DataFrame, cells: pd.DataFrame) -> Block:
    """Standardised differences before and after, the largest before on top, with the limit of the card."""
    limit = Ref(m.card.checks.smd_limit, "cohort", "checks", "smd_limit")
    rows = [
        {"label": covariate(m, name), "before": abs(row["unadjusted"]), "after": abs(row["adjusted"])}
        for name, row in wide.iterrows()
    ]
    data = {
        "x_label": m.w.label("matched.balance_axis"),
        "x_ticks": m.w.ticks(0, max(max(row["before"], row["after"]) for row in rows)),
        "threshold": {"value": limit.value, "label": m.w.label("matched.balance_limit", limit=limit)},
        "before_label": m.w.label("matched.balance_before"),
        "after_label": m.w.label("matched.balance_after"),
        "rows": rows,
    }
    caption = m.say("matched.balance_caption", limit=limit)
    alt = _love_alt(m, wide, limit)
    return blocks.figure("fig-balanse", "balance", caption, alt, data, _difference_table(m, wide, cells))


def _love_alt(m: Numbers, wide: pd.DataFrame, limit: Ref) -> Runs:
    check, before = m.check("balance"), wide["unadjusted"].abs()
    return m.say(
        "matched.balance_alt",
        n=Ref(len(wide), "balance", MAIN, "covariate"),
        before=Ref(float(before.max()), "balance", before.idxmax(), "smd"),
        after=Ref(check.value, "checks", "balance", "value"),
        covariate=covariate(m, check.values["covariate"]),
        n_above=Ref(check.values["n_above"], "checks", "balance", "n_above"),
        limit=limit,
    )


def _difference_table(m: Numbers, wide: pd.DataFrame, cells: pd.DataFrame) -> Block:
    """What the love plot draws, with sign, and shares in percentage points beside."""
    names = ("smd_before", "smd_after", "points_before", "points_after")
    columns = [m.column("covariate", right=False), *(m.column(name) for name in names)]
    rows = []
    for name in wide.index:
        smds = [m.w.book.number(_ref(cells, name, sample, "smd"), 2) for sample in SAMPLES]
        rows.append([m.w.runs(text) for text in (covariate(m, name), *smds, *_points(m, cells, name))])
    return blocks.table("", [], columns, rows)


def _points(m: Numbers, cells: pd.DataFrame, name: str) -> Iterator[str]:
    """The difference in percentage points before and after; nothing for what is not a share."""
    for sample in SAMPLES:
        ref = _ref(cells, name, sample, "pp_difference")
        yield m.w.book.number(ref, 1, sign=True) if ref else ABSENT


def _ref(cells: pd.DataFrame, name: str, sample: str, column: str) -> Ref:
    return Ref(float(cells.loc[(name, sample), column]), "balance", name, column)


def _means_table(m: Numbers, order: pd.Index, cells: pd.DataFrame) -> Block:
    """Means per group before and after matching."""
    names = ("treated", "before", "after", "smd_before", "smd_after", "points_after")
    columns = [m.column("covariate", right=False, width=1.6), *(m.column(name) for name in names)]
    rows = [[m.w.runs(text) for text in (covariate(m, name), *_mean_cells(m, cells, name))] for name in order]
    caption, note = m.say("matched.balance_table"), m.say("matched.balance_note", estimand=m.card.matching.estimand)
    return blocks.table("tab-balanse", caption, columns, rows, note)


def _mean_cells(m: Numbers, cells: pd.DataFrame, name: str) -> Iterator[str]:
    means = (("unadjusted", "mean_treated"), ("unadjusted", "mean_comparison"), ("adjusted", "mean_comparison"))
    for sample, column in means:
        yield mean_text(m, _ref(cells, name, sample, column), cells.loc[(name, sample), "kind"])
    for sample in SAMPLES:
        yield m.w.book.number(_ref(cells, name, sample, "smd"), 2)
    yield list(_points(m, cells, name))[-1]


def mean_text(m: Numbers, ref: Ref, kind: str) -> str:
    """A mean of a background characteristic: shares in per cent."""
    if not ref:
        return ABSENT
    return m.w.book.percent(ref) if kind == "binary" else m.w.book.number(ref, decimals(ref.value))


def _offices(m: Numbers) -> Iterator[Block]:
    """How far the standardised differences range when each office is seen by itself."""
    table = m.w.material.tables["cluster_balance"]
    after = table[table["sample"].eq("adjusted")].dropna(subset=["maximum"])
    if after.empty:
        return
    worst = after.loc[after["maximum"].idxmax()]
    values = {name: _office_ref(worst, name) for name in ("minimum", "mean", "maximum", "n_offices")}
    yield m.paragraph("matched.offices", covariate=covariate(m, worst["covariate"]), **values)
    names = ("minimum", "mean", "maximum", "n_offices")
    columns = [m.column("covariate", right=False, width=1.6), *(m.column(f"office_{name}") for name in names)]
    rows = [_office_row(m, row) for _, row in after.iterrows()]
    yield blocks.table("tab-kontorbalanse", m.say("matched.offices_table"), columns, rows)


def _office_row(m: Numbers, row: pd.Series) -> list[Runs]:
    texts = [m.w.book.number(_office_ref(row, name), 2) for name in ("minimum", "mean", "maximum")]
    texts.append(m.w.book.number(_office_ref(row, "n_offices")))
    return [m.w.runs(text) for text in (covariate(m, row["covariate"]), *texts)]


def _office_ref(row: pd.Series, column: str) -> Ref:
    return Ref(row[column], "cluster_balance", f"{row['covariate']}/{row['sample']}", column)
