"""Characteristics of offices as a table that any cohort can join: how many units a source counts in each category.

A source that interviewed offices tells how many had which characteristic, never which office had it together with what
became of its users. The table is therefore counts alone (`MODERATORS` of `analysis.tables`), and joins onto a delivered
offices table by the name of the column and of the category, or by the range that a number falls in.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.published import Breakdown, Figures
from analysis.tables import MODERATORS

DELIVERED = "delivered"


def published_moderators(figures: Figures) -> pd.DataFrame:
    """One row per category of each breakdown of published exposures; no rows for other published figures."""
    exposures = figures.exposures
    rows = [] if exposures is None else [row for part in exposures.breakdowns for row in _rows(figures, part)]
    frame = pd.DataFrame(rows, columns=list(MODERATORS)).astype(MODERATORS)
    return frame if exposures is None else frame.assign(unit=exposures.unit).astype(MODERATORS)


def office_moderators(offices: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The same table counted from an offices table (one row per office) for its text columns `names`.

    Offices without a value are left out; source is `DELIVERED`. Raises ValueError for a column that is not there.
    """
    names = list(names)
    missing = sorted(set(names) - set(offices.columns))
    if missing:
        raise ValueError(f"the offices table lacks columns: {missing}")
    rows = [
        {"unit": "office", "moderator": name, "category": str(category), "n_offices": count}
        for name in names
        for category, count in offices[name].value_counts().sort_index().items()
    ]
    frame = pd.DataFrame(rows, columns=list(MODERATORS))
    return frame.assign(source=DELIVERED, certainty="stated").astype(MODERATORS)


def with_moderators(offices: pd.DataFrame, moderators: pd.DataFrame) -> pd.DataFrame:
    """`offices` with two columns per moderator that it has: ``<name>_category`` and ``<name>_n_offices``.

    A text column is matched by the names of the categories, a column of numbers by the range of each category (both
    ends belong to it). An office in none of them is missing in both: a source's ranges may have gaps. Columns that the
    moderators do not name are left as they are.
    """
    found = offices
    for name, categories in moderators.groupby("moderator", sort=False):
        if name not in offices:
            continue
        category = _category(offices[name], categories)
        counts = dict(zip(categories["category"], categories["n_offices"], strict=True))
        found = found.assign(
            **{f"{name}_category": category, f"{name}_n_offices": category.map(counts).astype("Int64")}
        )
    return found


def _rows(figures: Figures, breakdown: Breakdown) -> Iterable[dict]:
    for part in breakdown.parts:
        fact = figures.fact(part.fact)
        low, high = part.range or (None, None)
        yield {
            "moderator": breakdown.id,
            "category": part.name,
            "n_offices": int(str(fact.value)),
            "low": low,
            "high": high,
            "source": fact.source,
            "certainty": fact.certainty,
        }


def _category(values: pd.Series, categories: pd.DataFrame) -> pd.Series:
    """The category of each office, missing where none fits."""
    if not pd.api.types.is_numeric_dtype(values):
        return values.where(values.isin(categories["category"])).astype("str")
    found = pd.Series(np.nan, index=values.index, dtype="object")
    for _, row in categories.dropna(subset=["low", "high"]).iterrows():
        found = found.mask(values.between(row["low"], row["high"]), row["category"])
    return found.astype("str")
