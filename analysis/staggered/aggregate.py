"""Averages of group-time effects: simple, by group, by calendar month, and by months since adoption.

A recipe says which effects go into each row and how they weigh; it gives estimates for any number of samples at once,
and the gradient that carries uncertainty from effects and estimated shares to the averages.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.staggered.design import AGGREGATES
from analysis.staggered.group_time import GroupTime


@dataclass(frozen=True)
class Recipe:
    """How an aggregate is made. Row 0 is the overall average, the others are its parts.

    `labels` (R − 1,): group, month or event time of each part. `members` (R − 1, K): 1 where an effect belongs to a
    part. `inner_shares`: effects of a part weigh by their group's share, else equally. `outer` (R − 1,): 1 where a part
    belongs to the overall average; `outer_group` (R − 1,): index of the group whose share weighs it, None for equal
    weights. `group_of` (K,): index of each effect's group.
    """

    kind: str
    labels: np.ndarray
    members: np.ndarray
    inner_shares: bool
    outer: np.ndarray
    outer_group: np.ndarray | None
    group_of: np.ndarray


@dataclass(frozen=True)
class Aggregate:
    """Estimates (R,) of a recipe with their gradients by effect (R, K) and by share (R, G)."""

    recipe: Recipe
    estimate: np.ndarray
    by_effect: np.ndarray
    by_share: np.ndarray

    def influence(self, found: GroupTime) -> np.ndarray:
        """Influence (units, R), with what the estimation of the shares adds."""
        return found.influence @ self.by_effect.T + found.share_influence @ self.by_share.T


def recipe(kind: str, found: GroupTime, *, balance: int | None = None) -> Recipe:
    """The recipe of an aggregate over the effects of `found`, as in Callaway and Sant'Anna (2021), section 3.

    simple: all effects from adoption on, by share (their θ_W^O). group: θ_sel, a group's months equally, groups by
    share. calendar: θ_c, groups by share, months equally. dynamic: θ_es, groups by share, event times from 0 on
    equally; with `balance`, only groups seen that many months after adoption, and no event time beyond it.
    """
    if kind not in AGGREGATES:
        raise ValueError(f"unknown aggregate {kind!r}; known: {', '.join(AGGREGATES)}")
    table, groups = found.table, np.array(list(found.groups), dtype=np.int64)
    group_of = np.searchsorted(groups, table["group"])
    after = table["event_time"].to_numpy() >= 0
    if kind == "dynamic":
        used = np.ones(len(table), dtype=bool) if balance is None else _balanced(table, balance)
        return _recipe(kind, table["event_time"], used, group_of, outer_from=0)
    if kind == "simple":
        members = after[None, :].astype("float64")
        return Recipe(kind, np.array([0]), members, True, np.ones(1), None, group_of)
    if kind == "calendar":
        return _recipe(kind, table["month"], after, group_of)
    made = _recipe(kind, table["group"], after, group_of)
    outer_group = np.searchsorted(groups, made.labels)
    return Recipe(kind, made.labels, made.members, False, made.outer, outer_group, group_of)


def _recipe(kind: str, key: pd.Series, used: np.ndarray, group_of: np.ndarray, outer_from: int | None = None) -> Recipe:
    labels = np.unique(key[used])
    members = ((key.to_numpy() == labels[:, None]) & used).astype("float64")
    outer = np.ones(len(labels)) if outer_from is None else (labels >= outer_from).astype("float64")
    return Recipe(kind, labels, members, True, outer, None, group_of)


def _balanced(table: pd.DataFrame, balance: int) -> np.ndarray:
    months, event = table["month"], table["event_time"]
    first = min(int(months.min()), int(table["base"].min()))
    followed = months.max() - table["group"] >= balance
    return (followed & (event <= balance) & (event >= balance - (months.max() - first))).to_numpy()


def averages(made: Recipe, att: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Averages (…, R) of effects (…, K) with shares (…, G); an effect of a group with share 0 counts for nothing."""
    weight = shares[..., made.group_of]
    known = ~np.isnan(att) & (weight > 0)
    # A group that is not in the sample leaves averages by share as they are, and averages without shares undefined.
    lost = np.isnan(att) & (weight > 0)
    own = np.where(known, weight if made.inner_shares else 1.0, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = (own * np.where(known, att, 0.0)) @ made.members.T / (own @ made.members.T)
        parts = np.where((lost.astype("float64") @ made.members.T) > 0, np.nan, parts)
        return np.concatenate([_overall(made, parts, shares)[..., None], parts], axis=-1)


def _overall(made: Recipe, parts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    if made.outer_group is None:
        used = parts[..., made.outer > 0]
        return used.mean(axis=-1) if used.shape[-1] else np.full(used.shape[:-1], np.nan)
    weight = shares[..., made.outer_group] * made.outer
    return np.where(weight > 0, weight * parts, 0.0).sum(axis=-1) / weight.sum(axis=-1)


def aggregate(found: GroupTime, kind: str, *, balance: int | None = None) -> Aggregate:
    """An aggregate of `found` with its gradients; the overall average is NaN when no month lies after adoption."""
    made = recipe(kind, found, balance=balance)
    att, shares = found.table["att"].to_numpy(), np.array(list(found.groups.values()))
    estimate = averages(made, att, shares)
    parts, part_by_share = _part_gradients(made, att, shares, estimate[1:])
    overall, overall_by_share = _outer_gradient(made, shares, estimate)
    by_effect = np.vstack([overall @ parts, parts])
    by_share = np.vstack([overall @ part_by_share + overall_by_share, part_by_share])
    return Aggregate(made, estimate, by_effect, by_share)


def _part_gradients(
    made: Recipe, att: np.ndarray, shares: np.ndarray, estimate: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """∂part/∂effect (R − 1, K) and ∂part/∂share (R − 1, G): (att − part) over the sum of shares, for each effect."""
    weight = made.members * (shares[made.group_of] if made.inner_shares else 1.0)
    total = weight.sum(axis=1, keepdims=True)
    group = np.arange(len(shares)) == made.group_of[:, None]
    pull = made.members * (att - estimate[:, None]) / total if made.inner_shares else np.zeros_like(made.members)
    return weight / total, pull @ group.astype("float64")


def _outer_gradient(made: Recipe, shares: np.ndarray, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """∂overall/∂part (R − 1,) and the direct ∂overall/∂share (G,)."""
    by_share = np.zeros(len(shares))
    if made.outer_group is None:
        n = made.outer.sum()
        return made.outer / n if n else np.full(len(made.outer), np.nan), by_share
    weight = shares[made.outer_group] * made.outer
    np.add.at(by_share, made.outer_group, made.outer * (estimate[1:] - estimate[0]) / weight.sum())
    return weight / weight.sum(), by_share
