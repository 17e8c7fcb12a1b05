"""Everything a staggered analysis estimates, in one list: each group and month, and each aggregate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.staggered.aggregate import Aggregate, Recipe, aggregate, averages
from analysis.staggered.cell_effects import CellEffects
from analysis.staggered.design import NEVER, Design
from analysis.staggered.group_time import GroupTime

ATT_GT = "att_gt"
COUNTS = ("n_treated", "n_comparison", "n_offices_treated", "n_offices_comparison")
COLUMNS = ("term", "group", "month", "base", "event_time", "base_event_time", "estimate", "base_rate", *COUNTS)
KEYS = ("group", "month", "base", "event_time", "base_event_time")


@dataclass(frozen=True)
class Parameters:
    """`table`, a row per estimate (R): COLUMNS. Months are numbers, missing where they do not apply; `term` is att_gt,
    the name of an aggregate for its parts, and with _overall for its average (simple has only that, and is so named).
    `base_event_time` is the month that is subtracted, counted from adoption: the base period beside each estimate.
    `by_effect` (R, K) and `by_share` (R, G) are gradients; `recipes` make the aggregates of other samples.
    """

    table: pd.DataFrame
    by_effect: np.ndarray
    by_share: np.ndarray
    recipes: tuple[Recipe, ...]

    def influence(self, found: GroupTime) -> np.ndarray:
        """Influence (units, R)."""
        return found.influence @ self.by_effect.T + found.share_influence @ self.by_share.T

    def covariance(self, joint: np.ndarray) -> np.ndarray:
        """Covariance (R, R) from that of effects and shares (K + G, K + G)."""
        gradient = np.hstack([self.by_effect, self.by_share])
        return gradient @ joint @ gradient.T

    def of_sample(self, att: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """All estimates (…, R) of samples with effects (…, K) and shares (…, G)."""
        parts = [averages(made, att, shares)[..., : _height(made)] for made in self.recipes]
        return np.concatenate([att, *parts], axis=-1)


def parameters(found: GroupTime, design: Design, *, cells: CellEffects | None = None) -> Parameters:
    """The list for `found`. `cells` (the same effects from cells) gives numbers of offices, and of persons behind
    aggregates; they are missing without. ValueError when the cells hold other effects."""
    keys = ["group", "month", "base"]
    if cells is not None and not cells.group_time.table[keys].equals(found.table[keys].astype("int64")):
        raise ValueError("the cells hold other effects than those to be listed")
    made = [aggregate(found, kind, balance=design.balance if kind == "dynamic" else None) for kind in design.aggregates]
    tables = [_effect_rows(found, cells), *(_aggregate_rows(found, one, design, cells) for one in made)]
    k, g = len(found.table), len(found.groups)
    effect = [np.eye(k), *(one.by_effect[: _height(one.recipe)] for one in made)]
    share = [np.zeros((k, g)), *(one.by_share[: _height(one.recipe)] for one in made)]
    table = pd.concat(tables, ignore_index=True)[list(COLUMNS)]
    table = table.astype(dict.fromkeys((*KEYS, *COUNTS), "Int64") | {"estimate": "float64", "base_rate": "float64"})
    return Parameters(table, np.vstack(effect), np.vstack(share), tuple(one.recipe for one in made))


def _height(made: Recipe) -> int:
    """Rows of an aggregate; simple has no parts beside its average."""
    return 1 if made.kind == "simple" else 1 + len(made.labels)


def aligned(found: GroupTime, other: GroupTime) -> tuple[np.ndarray, np.ndarray]:
    """Effects (K,) and shares (G,) of another sample in the order of `found`: NaN and 0 for what it does not have."""
    att = other.table.set_index(["group", "month"])["att"]
    wanted = pd.MultiIndex.from_frame(found.table[["group", "month"]])
    return att.reindex(wanted).to_numpy(), np.array([other.groups.get(group, 0.0) for group in found.groups])


def _effect_rows(found: GroupTime, cells: CellEffects | None) -> pd.DataFrame:
    table = found.table.rename(columns={"att": "estimate"}).assign(term=ATT_GT)
    table = table.assign(base_event_time=table["base"] - table["group"], base_rate=_base_rate(found))
    if cells is not None:
        offices = ["n_offices_treated", "n_offices_comparison"]
        table[offices] = cells.group_time.table[offices].to_numpy()
    return table.reindex(columns=list(COLUMNS))


def _base_rate(found: GroupTime) -> np.ndarray:
    """Mean of the treated without the treatment, by the estimate; NaN when the means are not known."""
    if "treated_mean" not in found.table.columns:
        return np.full(len(found.table), np.nan)
    return (found.table["treated_mean"] - found.table["att"]).to_numpy()


def _aggregate_rows(found: GroupTime, one: Aggregate, design: Design, cells: CellEffects | None) -> pd.DataFrame:
    kind, height = one.recipe.kind, _height(one.recipe)
    key = {"group": "group", "calendar": "month", "dynamic": "event_time"}.get(kind)
    table = pd.DataFrame(
        {
            "term": ["simple"] if height == 1 else [f"{kind}_overall", *[kind] * (height - 1)],
            "estimate": one.estimate[:height],
            "base_rate": one.by_effect[:height] @ _base_rate(found),
        }
    ).reindex(columns=list(COLUMNS))
    if key is not None and height > 1:
        table[key] = np.array([np.nan, *one.recipe.labels])
    if kind == "dynamic":
        table["base_event_time"] = [np.nan, *_base_events(one.recipe.labels, design)]
    if cells is not None:
        table[list(COUNTS)] = _counts(one.by_effect[:height] != 0, cells)
    return table


def _base_events(labels: np.ndarray, design: Design) -> np.ndarray:
    fixed = -1 - design.anticipation
    return np.full(len(labels), fixed) if design.base == "universal" else np.where(labels > fixed, fixed, labels - 1)


def _counts(used: np.ndarray, cells: CellEffects) -> np.ndarray:
    """COUNTS (R, 4) of the persons and offices behind each row of `used` (R, K), each counted once."""
    arrays, plan = cells.arrays, cells.plan
    n_cohorts = len(arrays.cohorts)
    own = (plan.own[:, None] == np.arange(n_cohorts)).astype("float64")
    treated = (used @ own > 0) & (arrays.cohorts < NEVER)
    compared = used @ plan.comparison(n_cohorts).astype("float64") > 0
    persons, present = arrays.n.max(axis=2), (arrays.n > 0).any(axis=2).astype("float64")
    return np.column_stack(
        [
            treated @ persons.sum(axis=0),
            compared @ persons.sum(axis=0),
            (treated @ present.T > 0).sum(axis=1),
            (compared @ present.T > 0).sum(axis=1),
        ]
    )
