"""The headline in each group of a subgrouping, with the covariance between the groups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card

# Reasons of groups without an estimate.
FEW_PERSONS, FEW_OFFICES_IN_GROUP = "fewer_persons_than_limit", "fewer_offices_than_limit"
INDEPENDENT = "independent persons, Welch-Satterthwaite df"


@dataclass(frozen=True)
class GroupEffects:
    """`rows`: columns of the table by group id, in the card's order; those not estimated have `status` and `reason`.

    `compared` (K): ids of the groups with an estimate and an error; `covariance` (K, K) between them with `df` degrees
    of freedom, reckoned as `convention` says.
    """

    rows: dict[str, dict[str, Any]]
    compared: tuple[str, ...]
    covariance: np.ndarray
    df: float
    convention: str

    @property
    def estimates(self) -> np.ndarray:
        """The estimates (K,) of the groups that are compared."""
        return np.array([self.rows[name]["estimate"] for name in self.compared])


def too_few(card: Card, persons: Iterable[int], offices: Iterable[int] = ()) -> str | None:
    """Why a group with so many persons, and offices, in its arms has no estimate by the card's limits; None where it
    has one."""
    if min(persons) < card.checks.subgroup_persons:
        return FEW_PERSONS
    by_office, limit = card.assignment.unit != "person", card.checks.subgroup_offices
    return FEW_OFFICES_IN_GROUP if by_office and min(offices, default=limit) < limit else None


def not_estimated(reason: str, **columns: Any) -> dict[str, Any]:
    """The row of a group without an estimate."""
    return {**columns, "status": "not_estimated", "reason": reason}


def has_error(row: Mapping[str, Any]) -> bool:
    """Whether a group can be compared with others: it has an estimate and an error above zero."""
    error = row.get("std_error")
    return row.get("status") is None and error is not None and bool(np.isfinite(error)) and error > 0


def from_left_out(rows: dict[str, dict[str, Any]], left_out: Mapping[str, pd.Series], what: str) -> GroupEffects:
    """`GroupEffects` with the covariance of leaving out one cluster at a time: (G − 1)/G · Σ (θ₋g − θ)(θ₋g − θ)′.

    `left_out`: by group, its estimate without each cluster, by the cluster's name. A group stays as it is without a
    cluster that it has no part in: G and the degrees of freedom G − 1 count the clusters of all groups together.
    Centred at the estimates, as `staggered.inference.jackknife`; groups that share clusters are correlated thereby.
    A group that cannot be estimated without one of the clusters is compared with nobody.
    """
    kept = tuple(group for group in left_out if has_error(rows[group]) and np.isfinite(left_out[group]).all())
    if not kept:
        return GroupEffects(rows, (), np.empty((0, 0)), np.nan, "none")
    estimates = pd.Series({group: rows[group]["estimate"] for group in kept})
    apart = (pd.DataFrame(dict(left_out))[list(kept)] - estimates).fillna(0.0).to_numpy()
    g = len(apart)
    convention = f"delete-one-{what} jackknife, (G-1)/G, t(G-1), G={g}"
    return GroupEffects(rows, kept, (g - 1) / g * (apart.T @ apart), float(g - 1), convention)


def independent(rows: dict[str, dict[str, Any]]) -> GroupEffects:
    """`GroupEffects` of groups of persons who were drawn one by one: no covariance.

    Degrees of freedom by Welch and Satterthwaite, (Σ v)²/Σ(v²/df).
    """
    kept = tuple(group for group in rows if has_error(rows[group]))
    v = np.array([rows[group]["std_error"] ** 2 for group in kept])
    df = np.array([rows[group]["df"] for group in kept])
    together = float(v.sum() ** 2 / (v**2 / df).sum()) if len(kept) else np.nan
    return GroupEffects(rows, kept, np.diag(v), together, INDEPENDENT)
