"""What those whose outcome is not known could have made of a staggered headline: the worst case in both directions.

The overall average is a weighted sum of the means of adoption groups in months, with weights that depend on the persons
and not on their outcomes. It is largest when those not known had the outcome where the weight is positive and lacked
it where it is negative. Lee's trimming needs two groups at one time and has no such form (docs/methods.md).
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.card_staggered import HEADLINE
from analysis.cards import Card
from analysis.cells import cells
from analysis.office_cells import KEYS, arrays_of, design_of, is_panel, with_county
from analysis.outcomes import load_outcomes
from analysis.problems import ProblemsFound
from analysis.sensitivity.lee_bounds import imbens_manski
from analysis.staggered.cell_effects import CellEffects, cell_effects, effects
from analysis.staggered.parameters import parameters
from analysis.staggered.permutation import office_cohorts
from analysis.staggered.result import cell_result
from analysis.tables import MISSING

# Less than this is rounding.
TINY = 1e-12


class _Found(NamedTuple):
    estimate: float
    std_error: float
    df: float


def staggered_missing(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame) -> pd.DataFrame:
    """The worst case of the overall average at each horizon (contract MISSING).

    Of all whose entry month has somebody with a known outcome. No rows for counts, panels (`missing` of the card says
    what is done there), amounts, another estimator than Callaway and Sant'Anna's from cells, a horizon where nobody is
    missing, or where the average cannot be estimated.
    """
    share = load_outcomes()[card.outcomes.primary].kind == "share"
    plain = card.staggered.estimator == HEADLINE and card.staggered.method == "none"
    if card.design != "staggered_did" or is_panel(card) or not share or not plain:
        return pd.DataFrame(columns=list(MISSING))
    rows = [row for horizon in card.horizons for row in _rows(card, baseline, months, offices, horizon)]
    return pd.DataFrame(rows, columns=list(MISSING))


def _rows(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame, horizon: int) -> list[dict]:
    people = _people(card, baseline, months, offices, horizon)
    missing = people["y"].isna().to_numpy()
    if not missing.any() or missing.all():
        return []
    try:
        raises = _positive(card, _effects(card, people.assign(y=people["y"].fillna(0.0))), people)
        low, high = (
            _found(card, people.assign(y=people["y"].where(~missing, fill.astype("float64"))))
            for fill in (~raises, raises)
        )
    except ProblemsFound:
        return []
    # Equal but for rounding where those not known stand behind nothing.
    return [_row(card, people, horizon, low, high._replace(estimate=max(low.estimate, high.estimate)))]


def _people(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame, horizon: int
) -> pd.DataFrame:
    """Persons with `y`, missing where not known, of the entry months in which somebody's is."""
    at = months[months["event_time"].eq(horizon).to_numpy(bool, na_value=False)].set_index("person_id")
    y = at[card.outcomes.primary].reindex(baseline["person_id"]).to_numpy("float64", na_value=np.nan)
    people = baseline.assign(
        y=y,
        month=baseline["time_zero"].astype("Int16"),
        adoption_month=baseline["adoption_month"].astype("Int16") + card.staggered.lag,
    )
    return with_county(people[people["y"].notna().groupby(people["month"]).transform("any")], offices)


def _effects(card: Card, people: pd.DataFrame) -> CellEffects:
    made = cells(people, outcomes=["y"], by=KEYS, weight=card.staggered.weight).assign(horizon_months=pd.NA)
    return cell_effects(arrays_of(made, "y", None, card.staggered.unit), _design(card))


def _design(card: Card) -> Any:
    return replace(design_of(card), aggregates=("simple",))


def _positive(card: Card, found: CellEffects, people: pd.DataFrame) -> np.ndarray:
    """Whether a person's outcome raises the overall average: (n,), False for those outside it."""
    arrays, listed = found.arrays, parameters(found.group_time, _design(card), cells=found)
    w, wy = arrays.w.sum(axis=0), arrays.wy.sum(axis=0)
    size = w.size
    moved = wy + np.eye(size).reshape(size, *w.shape)
    shares = np.array(list(found.group_time.groups.values()))
    average = lambda sums: listed.of_sample(effects(sums, w, found.plan), shares)[..., -1]  # noqa: E731
    slope = (average(moved) - average(wy)).reshape(w.shape)
    unit = "county" if card.staggered.unit == "county" else "office_id"
    cohort = dict(zip(arrays.offices.astype(str), office_cohorts(arrays).tolist(), strict=True))
    at = people["month"].to_numpy("int64") - int(arrays.months[0])
    inside = people[unit].astype(str).isin(cohort).to_numpy() & (at >= 0) & (at < w.shape[1])
    rows = people[unit].astype(str).map(cohort).fillna(0).to_numpy("int64")
    return inside & (slope[rows, np.clip(at, 0, w.shape[1] - 1)] > TINY)


def _found(card: Card, people: pd.DataFrame) -> _Found:
    made = cell_result(_effects(card, people), _design(card), outcome="y", seed=0, level=card.inference.level)
    (row,) = np.flatnonzero(made.table["term"].eq("simple").to_numpy(bool))
    told = made.uncertainty()
    return _Found(float(made.table["estimate"].iloc[row]), float(told.std_error[row]), float(told.df))


def _row(card: Card, people: pd.DataFrame, horizon: int, low: _Found, high: _Found) -> dict[str, Any]:
    known, adopting = people["y"].notna(), people["adoption_month"].notna()
    level = card.inference.level
    ends: tuple[float, float] = (np.nan, np.nan)
    if np.isfinite([low.std_error, high.std_error]).all():
        ends = imbens_manski(low.estimate, high.estimate, low.std_error, high.std_error, level=level, df=low.df)
    return {
        "horizon_months": horizon,
        "method": "worst_case",
        "low": low.estimate,
        "high": high.estimate,
        "conf_low": ends[0],
        "conf_high": ends[1],
        "level": level,
        "observed_treated": float(known[adopting].mean()),
        "observed_control": float(known[~adopting].mean()) if (~adopting).any() else np.nan,
        "trimmed": 0.0,
    }
