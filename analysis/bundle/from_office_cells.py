"""Estimates of staggered adoption worked out from released cells of offices: effects, averages and their errors.

All but the ranks among moved adoption dates, which take long and are no part of an estimate. Nothing of a panel with
gaps, of covariates or of subgroups, which cells do not hold.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.bundle.reasons import HIDDEN_CELLS
from analysis.bundle.rows import complete, whole_rows
from analysis.card_staggered import HEADLINE, SYNTHETIC, TRIPLE
from analysis.cards import Card
from analysis.estimate_family import People, overall_rows
from analysis.office_cells import design_of, is_panel
from analysis.problems import ProblemsFound
from analysis.series.results import series_results
from analysis.staggered.rows import to_rows
from analysis.staggered_analysis import Source, estimated, main_horizon, placed_row

NOTHING = pd.DataFrame()
MONTHS = ("adoption_month", "month", "horizon_months")
# Averages that the other outcomes and horizons have.
OF_OTHERS = ("simple", "group")


def office_cell_rows(
    card: Card, released: pd.DataFrame, cells: pd.DataFrame, common: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """A row (rows.py) for each estimate that cells of offices give; `common` is what all rows of the cohort share.

    `released`: the released estimates with their `id`; `cells`: OFFICE_CELLS, without rows where they were withheld.
    """
    if cells.empty:
        yield from ({"id": name, "reason": HIDDEN_CELLS} for name in released["id"])
        return
    source, chosen = Source(cells.assign(**{name: _whole(cells[name]) for name in MONTHS}), {}), card.staggered
    if chosen.estimator != HEADLINE:
        yield from whole_rows(_of_another(card, released, source), **common)
    elif chosen.method == "none" and not (is_panel(card) and chosen.missing == "pairwise"):
        owed = released.loc[released["estimator"].eq(HEADLINE), "id"]
        yield from complete(whole_rows(_of_the_headline(card, source), **common), owed)
    beside = series_results(card, source.cells, NOTHING, NOTHING, outcome=card.outcomes.primary)
    yield from whole_rows(beside.rows, **common)


def _of_the_headline(card: Card, source: Source) -> Iterator[dict[str, Any]]:
    """Every effect and average of the main outcome at the main horizon; averages of the others."""
    main = (card.outcomes.primary, main_horizon(card))
    horizons = [None] if main[1] is None else card.horizons
    for one in ((outcome, horizon) for outcome in card.outcome_names() for horizon in horizons):
        design = design_of(card)
        try:
            result, _ = estimated(card, source, *one, unit=card.staggered.unit, design=design)
        except ProblemsFound:
            if one == main:
                raise
            continue
        for row in to_rows(result, primary="simple" if one == main else None):
            if row["inference"] == result.headline and (one == main or row["term"] in OF_OTHERS):
                yield placed_row(row, one[1], card.staggered.unit)


def _of_another(card: Card, released: pd.DataFrame, source: Source) -> Iterator[dict[str, Any]]:
    """The average that the conclusion rests on; what its effects weigh is told as in the released row."""
    if card.staggered.estimator in (TRIPLE, *SYNTHETIC):
        return
    estimand = released.loc[released["role"].eq("primary"), "estimand"].iloc[0]
    for row in overall_rows(card, source, People(NOTHING, NOTHING, NOTHING)):
        yield row | {"estimand": estimand}


def _whole(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column).astype("Int16")
