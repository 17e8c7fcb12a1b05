"""The curve of a trial that drew offices: averages over persons and offices, adjusted and not, outcomes and horizons.

The offices are drawn again within their strata, the same draws for every analysis. By Frisch and Waugh the coefficient
of the drawn offices a (G,) in weighted least squares is a'r / a'Qa, with r = Z'WMy and Q = Z'WMZ, Z the persons'
offices and M what is left after the constant, the strata and the covariates: two products for all draws.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.plan import seed_of
from analysis.specifications.ways import Found, Way, combinations, own_value, permutations_of
from analysis.trial_people import TREATED, People, people_of
from analysis.trials.allocations import Allocation, allocations

OTHER_OFFICES = "andre kontorer har kjente utfall enn i hovedanalysen, så trekningen er ikke den samme."
NOT_ALWAYS = "analysen lar seg ikke gjøre under alle trekningene."
NOTHING_TO_COMPARE = "utfallet er ikke kjent, eller det er likt for alle."
# Part of the offices' own spread that covariates must leave; with less they tell who was drawn.
LEAST = 1e-9


@dataclass(frozen=True)
class _Measured:
    """Persons with one outcome known at one horizon, and the names of their offices in order."""

    people: People
    offices: list[str]


def trial_specifications(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame) -> Found:
    """Every combination of the grid.

    Raises ProblemsFound where no comparison is possible (`trial_people.people_of`).
    """
    chosen = {way: tuple(_value(card, way, axis) for axis in ("outcome", "horizon")) for way in combinations(card)}
    measured = {key: _measured(card, baseline, months, offices, *key) for key in dict.fromkeys(chosen.values())}
    main = next(iter(measured.values()))
    rows = _draws(card, main.people)
    kept: list[tuple[Way, float, np.ndarray]] = []
    left_out = []
    for way, key in chosen.items():
        own = measured[key]
        reason = _reason(own, main)
        if reason is None:
            options = {"average": _value(card, way, "average"), "adjusted": bool(_value(card, way, "adjusted"))}
            (seen,) = coefficients(own.people, own.people.treated[None, :], **options)
            drawn = coefficients(own.people, rows, **options)
            reason = None if np.isfinite(seen) and np.isfinite(drawn).all() else NOT_ALWAYS
        if reason is None:
            kept.append((way, float(seen), drawn))
        else:
            left_out.append((way, reason))
    ways, seen, drawn = zip(*kept, strict=True) if kept else ((), (), ())
    return Found(
        ways, np.array(seen), np.column_stack(drawn) if kept else np.empty((len(rows), 0)), left_out, "offices"
    )


def _value(card: Card, way: Way, axis: str):
    return way.values.get(axis, own_value(card, axis))


def _measured(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame, outcome: str, horizon: int
) -> _Measured:
    people = people_of(card, baseline, months, offices, outcome, horizon)
    at = months[(months["event_time"] == horizon).to_numpy(bool, na_value=False) & months[outcome].notna()]
    arms = [card.arm("treated").id, card.arm("comparison").id]
    known = baseline["person_id"].isin(at["person_id"]) & baseline["arm"].isin(arms)
    return _Measured(people, sorted(baseline.loc[known, "office_id"].unique()))


def _reason(own: _Measured, main: _Measured) -> str | None:
    if own.people.reason() is not None:
        return NOTHING_TO_COMPARE
    return None if own.offices == main.offices else OTHER_OFFICES


def _draws(card: Card, people: People) -> np.ndarray:
    """The other draws (B, G): all of them where they are few."""
    draws = permutations_of(card)
    drawn = Allocation(people.treated, people.strata)
    found = allocations(drawn, limit=draws + 1, draws=draws, seed=seed_of(card))
    if not found.exact:  # the observed one is the first
        return found.treated[1:]
    return found.treated[(found.treated != people.treated).any(axis=1)]


def coefficients(people: People, rows: np.ndarray, *, average: str, adjusted: bool) -> np.ndarray:
    """Coefficient of the drawn offices in least squares (B,), had the draws been `rows` (B, G).

    Each person weighs one, or with `average` offices each office. NaN where the rest tells who was drawn.
    """
    weight = np.ones(len(people.y)) if average == "persons" else 1 / people.sizes[people.office]
    root = np.sqrt(weight)
    rest = people.design(adjusted=adjusted).drop(columns=TREATED).to_numpy("float64")
    basis = _basis(rest * root[:, None])
    places = np.zeros((len(people.y), len(people.treated)))
    places[np.arange(len(people.y)), people.office] = root
    left = places - basis @ (basis.T @ places)
    r, q, whole = left.T @ (people.y * root), places.T @ left, (places**2).sum(axis=0)
    a = rows.astype("float64")
    below = np.einsum("bg,gh,bh->b", a, q, a, optimize=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > LEAST * (a @ whole), (a @ r) / below, np.nan)


def _basis(columns: np.ndarray) -> np.ndarray:
    """Orthonormal columns (n, rank) that span those given."""
    scaled = columns / np.maximum(np.linalg.norm(columns, axis=0), np.finfo(float).tiny)
    left, size, _ = np.linalg.svd(scaled, full_matrices=False)
    return left[:, size > LEAST * size.max()]
