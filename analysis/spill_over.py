"""Did those who were compared with get something of it too? Untreated near the intervention against untreated far away.

Matched: comparison persons at offices that had participants against those at offices that had none; by county where
every office had some. Staggered: offices that never adopted, in counties where others did, against those in counties
where nobody did, as if the first had adopted when the county's first office did. One row, term `spill_over`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.control_rows import reason_of
from analysis.did import difference
from analysis.did_rows import not_estimated, numbers_of, row_of
from analysis.event_values import EventValues, has_a_change
from analysis.match_methods import People
from analysis.matched_effects import Sample
from analysis.office_cells import is_panel
from analysis.problems import ProblemsFound
from analysis.scores import formula_covariates
from analysis.staggered.rows import to_rows
from analysis.staggered_analysis import Source, analysed, main_horizon, placed_row
from analysis.tables import SPILL_OVER

FEWEST = 2


def matched_spill_over(card: Card, values: EventValues, people: People, sample: Sample) -> Iterator[dict[str, Any]]:
    """The main change of matched comparison persons, near less far, by their weights and adjusted for the covariates of
    the matching; clusters are the offices or counties. No row where the data hold only one kind, or no change."""
    outcome, horizon = card.outcomes.primary, card.horizons[0]
    if not has_a_change(outcome):
        return
    y = values.change(sample.people, outcome, horizon)
    used = ~sample.treated & (sample.weight > 0) & np.isfinite(y)
    for unit, places in people.places.items():
        near = pd.Series(places).isin(places[sample.treated]).to_numpy(bool)
        sides = [len(set(places[used & side])) for side in (near, ~near)]
        if min(sides) < FEWEST:
            continue
        row = row_of(card, outcome, "matched_did_2x2", "sensitivity", SPILL_OVER) | {"term": SPILL_OVER}
        row |= {"n_offices_treated": sides[0], "n_offices_comparison": sides[1]}
        options = {"weights": sample.weight[used], "clusters": places[used], "level": card.inference.level}
        try:
            covariates = formula_covariates(sample.people[used].reset_index(drop=True), card.matching.formula)
            effect = difference(y[used], near[used], covariates=covariates, inference="cluster", **options)
        except ProblemsFound as error:
            yield not_estimated(row, reason_of(error))
            return
        marked = sample.people[used].assign(treated=near[used])
        figures = numbers_of(card, effect, marked) | {"cluster_level": unit, "base_rate": None}
        yield {**row, **figures, "n_offices_treated": sides[0], "n_offices_comparison": sides[1]} | _few(card, sides)
        return


def _few(card: Card, sides: list[int]) -> dict[str, Any]:
    few = min(sides) < card.checks.few_treated_offices
    return {"p_value": None, "statistic": None} if few else {}


def staggered_spill_over(card: Card, source: Source) -> Iterator[dict[str, Any]]:
    """The overall average of the main outcome, by county. No row where no untreated office has adopting neighbours, or
    all have, and where whole counties adopted."""
    cells = _untreated(source.cells)
    near = cells.dropna(subset=["adoption_month"])["county"].nunique()
    if is_panel(card) or min(near, cells["county"].nunique() - near) < FEWEST:
        return
    outcome, horizon = card.outcomes.primary, main_horizon(card)
    try:
        found = analysed(card, Source(cells, {}), outcome, horizon, unit="county", aggregates=("simple",))
    except ProblemsFound:
        return
    for row in to_rows(found.result, primary="simple", spec=SPILL_OVER):
        if row["role"] == "primary":
            yield placed_row(row, horizon, "county") | {"role": "sensitivity", "term": SPILL_OVER}


def _untreated(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of offices that never adopted, with the month in which the first office of their county did."""
    first = cells.dropna(subset=["adoption_month"]).groupby("county")["adoption_month"].min()
    adopting = set(cells.loc[cells["adoption_month"].notna(), "office_id"])
    left = cells[~cells["office_id"].isin(adopting)]
    return left.assign(adoption_month=left["county"].map(first).astype("Int16"))
