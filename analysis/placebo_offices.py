"""Placebo offices: offices without the intervention are made to look as if they had it, and the method is run on them.

Those that never adopted, and those that adopted later in the months before: half of them at most, and no more than
adopted in truth, get dates drawn by lot, and are compared with the others. Nothing happened there, so an interval at
95 % should exclude zero in one of twenty draws.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.card_staggered import HEADLINE
from analysis.cards import Card
from analysis.office_cells import arrays_of, design_of, is_panel
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.result import cell_result
from analysis.staggered_analysis import main_horizon

COLUMNS = {"estimate": "float64", "std_error": "float64", "conf_low": "float64", "conf_high": "float64"}
COLUMNS |= {"n_treated": "int64", "n_comparison": "int64"}
FEWEST = 2


def placebo_offices(card: Card, cells: pd.DataFrame) -> pd.DataFrame:
    """A row per draw (COLUMNS; units are those of the card): the overall average of the main outcome.

    `cells`: OFFICE_CELLS. As many draws as `checks.placebo_office_draws`, without those that cannot be estimated. No
    rows where another estimator or covariates make the headline, of a panel, with one treated unit (its place among the
    others is the placebo rank), or with fewer than two pretenders.
    """
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    plain = card.staggered.estimator == HEADLINE and card.staggered.method == "none"
    if not plain or is_panel(card):
        return empty
    outcome, horizon = card.outcomes.primary, main_horizon(card)
    same = cells["horizon_months"].isna() if horizon is None else cells["horizon_months"].eq(horizon).fillna(False)
    own = cells[cells["outcome"].eq(outcome) & same.astype(bool)]
    unit = "county" if card.staggered.unit == "county" else "office_id"
    adopting = own.loc[own["adoption_month"].notna(), unit].nunique()
    left = untreated(own, unit)
    units = np.sort(left[unit].unique())
    if adopting < FEWEST or len(units) // 2 < FEWEST:
        return empty
    rng, rows = np.random.default_rng(seed_of(card)), []
    for _ in range(card.checks.placebo_office_draws):
        given = _pretended(units, left["month"], min(adopting, len(units) // 2), rng)
        row = _row(card, left.assign(adoption_month=left[unit].map(given).astype("Int16")), outcome, horizon)
        rows += [] if row is None else [row]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS) if rows else empty


def untreated(cells: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The cells before a month, of the units (column `unit`) that had not adopted by then; the month that leaves most
    units times months."""
    dates = cells.groupby(unit)["adoption_month"].min()
    first, end = int(cells["month"].min()), int(cells["month"].max()) + 1
    cuts = sorted({end, *(int(date) for date in dates.dropna() if first < date < end)})
    cut = max(cuts, key=lambda month: ((dates >= month).fillna(True).sum() * (month - first), month))
    kept = dates.index[(dates >= cut).fillna(True)]
    return cells[cells[unit].isin(kept) & (cells["month"] < cut).to_numpy(bool)]


def _pretended(units: np.ndarray, months: pd.Series, count: int, rng: np.random.Generator) -> dict[str, int]:
    """Dates in the middle half of the months, for `count` of the units."""
    first, last = int(months.min()), int(months.max())
    quarter = (last - first + 1) // 4
    dates = rng.integers(first + quarter, last - quarter + 1, count)
    return dict(zip(rng.choice(units, count, replace=False), dates.tolist(), strict=True))


def _row(card: Card, cells: pd.DataFrame, outcome: str, horizon: int | None) -> dict | None:
    design = replace(design_of(card), aggregates=("simple",))
    try:
        found = cell_effects(arrays_of(cells, outcome, horizon, card.staggered.unit), design)
        made = cell_result(found, design, outcome=outcome, seed=0, level=card.inference.level)
    except ProblemsFound:
        return None
    (place,) = np.flatnonzero(made.table["term"].eq("simple").to_numpy(bool))
    told, row = made.uncertainty(), made.table.iloc[place]
    if not np.isfinite(told.conf_low[place]):
        return None
    return {
        "estimate": float(row["estimate"]),
        **{name: float(getattr(told, name)[place]) for name in ("std_error", "conf_low", "conf_high")},
        "n_treated": int(row["n_offices_treated"]),
        "n_comparison": int(row["n_offices_comparison"]),
    }
