"""What those whose outcome is not known could have made of a difference: Lee's bounds and the worst case."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.outcomes import load_outcomes
from analysis.sensitivity.lee_bounds import EffectBounds, lee_bounds, worst_case_bounds
from analysis.tables import MISSING


def missing_bounds(card: Card, baseline: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Bounds of the main outcome at each horizon where somebody is known in both groups (contract MISSING).

    Of all in `baseline` in the two groups, by the office drawn where offices were, t(G − 1). No rows for amounts, whose
    range is not known, and none at a horizon where nobody is missing.
    """
    if load_outcomes()[card.outcomes.primary].kind != "share":
        return pd.DataFrame(columns=list(MISSING))
    people = baseline[baseline["arm"].isin([card.arm("treated").id, card.arm("comparison").id])]
    rows = [row for horizon in card.horizons for row in _rows(card, people, months, horizon)]
    return pd.DataFrame(rows, columns=list(MISSING))


def _rows(card: Card, people: pd.DataFrame, months: pd.DataFrame, horizon: int) -> list[dict]:
    at = months[(months["event_time"] == horizon).to_numpy(bool, na_value=False)].set_index("person_id")
    y = at[card.outcomes.primary].reindex(people["person_id"]).to_numpy("float64", na_value=np.nan)
    treated = people["arm"].eq(card.arm("treated").id).to_numpy(bool)
    options = {"level": card.inference.level}
    if card.assignment.unit != "person":
        options["clusters"] = people["office_id"].to_numpy(dtype=object)
    return bound_rows(horizon, y, treated, smallest=0.0, largest=1.0, **options)


def bound_rows(horizon: int, y: np.ndarray, treated: np.ndarray, *, smallest, largest, **options) -> list[dict]:
    """Rows of Lee's bounds and the worst case of `y` (n,), NaN where not known, with the `options` of `lee_bounds`.

    t(G − 1) where clusters are given. None where all or nobody of a group is known.
    """
    known = np.isfinite(y)
    if known.all() or not (known & treated).any() or not (known & ~treated).any():
        return []
    if "clusters" in options:
        options["df"] = float(len(set(options["clusters"])) - 1)
    found = {"lee": lee_bounds(y, treated, **options)}
    found["worst_case"] = worst_case_bounds(y, treated, smallest=smallest, largest=largest, **options)
    return [_row(horizon, method, bounds) for method, bounds in found.items()]


def _row(horizon: int, method: str, bounds: EffectBounds) -> dict:
    named = {key: value for key, value in asdict(bounds).items() if key in MISSING}
    return {"horizon_months": horizon, "method": method, **named}
