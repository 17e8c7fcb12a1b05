"""Tables of a cohort treated by a profile: what may leave, what was done to each, and every count as it is declared.

Five tables have a rule: attrition, cells, estimates, matching and balance. Every other one is withheld: released with
its columns and no rows, and the ledger says so. The rules, besides those of counts (published_counts.py):

* a share with its base stands as the published counts give it; nothing is printed of squares, smallest or largest;
* an effect in a part of the groups (office, month of adoption, time since) is hidden, with its sizes;
* amounts (kroner, months) are hidden, with effects on them: who dominates a sum is not known from sums;
* an effect stands where both groups have `persons_per_arm` as published and no group with or without the outcome, at
  the horizon or the start, has a published count that could stand for a small one. Which effects are hidden is thus
  decided by published numbers alone and tells nothing more;
* a share's effect has three decimals, or two where a group is smaller than `MANY`; its standard error two digits. What
  tells the size of a group another way (df, statistic, convention, base rate) is hidden.

Each effect is seen alone: what all of them say together about counts above the threshold is not worked out.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.disclosure.declared import Declared
from analysis.disclosure.profiles import Profile
from analysis.disclosure.published_counts import Counts, Part, published_counts
from analysis.disclosure.release_declared import declared_counts
from analysis.tables import RELEASED

TREATED_TABLES = ("attrition", "cells", "estimates", "matching", "balance")
# Of the row: what stands is exact or rounded, or something that had a value is hidden.
EXACT, ROUNDED, HIDDEN = "exact", "rounded", "hidden"
# From this size on an effect has three decimals.
MANY = 100
SLUG = re.compile(r"[a-z][a-z0-9_]*")
_SUMS = ["sum_y", "sum_y2", "sum_w", "sum_wy", "sum_w2", "sum_w2y", "sum_w2y2"]
_OF_EFFECTS = ["estimate", "std_error", "p_value", "conf_low", "conf_high"]
_SIZES_TOLD = ["df", "statistic", "base_rate"]


@dataclass(frozen=True)
class Treated:
    """`tables` by name, with the column `status` (or `disclosure_status`, where `status` is something else); `actions`:
    rows, changed, hidden and withheld of each; `declared`: the published counts."""

    tables: dict[str, pd.DataFrame]
    actions: dict[str, dict[str, Any]]
    declared: Declared


@dataclass(frozen=True)
class _Behind:
    """What the rules need: the published counts by arm, the roles of arms, and the cells as they were."""

    counts: Mapping[str, Counts]
    roles: Mapping[str, str]
    cells: pd.DataFrame
    profile: Profile


def treated(card: Card, tables: Mapping[str, pd.DataFrame], profile: Profile, *, key: bytes) -> Treated:
    """Every table of RELEASED treated by `profile`; `key` is the secret that decides which way counts are rounded.

    Raises ValueError for the profile that changes nothing.
    """
    if profile.method == "none":
        raise ValueError("the profile treats nothing")
    found = {name: _known(tables.get(name), columns) for name, columns in RELEASED.items()}
    behind = _behind(card, found, profile, key)
    rules = {"attrition": _attrition, "cells": _cells, "estimates": _estimates}
    rules |= {"matching": _matching, "balance": _balance}
    made = {name: rules[name](found[name], behind) if name in rules else found[name].iloc[:0] for name in found}
    actions = {name: _action(found[name], made[name], withheld=name not in rules) for name in found}
    made = {name: _with_status(found[name], made[name], profile) for name in made}
    declared = declared_counts(card, found, behind.counts, profile)
    return Treated(made, actions, declared)


def _known(table: pd.DataFrame | None, columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns)) if table is None else table[list(columns)].reset_index(drop=True)


def _behind(card: Card, found: Mapping[str, pd.DataFrame], profile: Profile, key: bytes) -> _Behind:
    roles = {arm.role: arm.id for arm in card.arms if _only(card, arm.role)}
    cells = found["cells"].assign(binary=_binary(found["cells"]))
    arms = list(dict.fromkeys([*(arm.id for arm in card.arms), *found["attrition"]["arm"], *cells["arm"]]))
    counts = {}
    for arm in arms:
        sizes, own = _sizes(arm, found, roles), cells[cells["arm"].eq(arm) & cells["binary"]]
        parts = [
            Part((row.outcome, row.event_time, row.sample), int(row.n), round(row.sum_y)) for row in own.itertuples()
        ]
        counts[arm] = published_counts(sizes, parts, profile, key=key)
    return _Behind(counts, roles, cells, profile)


def _only(card: Card, role: str) -> bool:
    return sum(arm.role == role for arm in card.arms) == 1


def _sizes(arm: str, found: Mapping[str, pd.DataFrame], roles: Mapping[str, str]) -> list[int]:
    """Every size of a group of this arm that a table gives, the most important first."""
    chosen = [found["attrition"].loc[found["attrition"]["arm"].eq(arm), "persons"]]
    chosen += [found["cells"].loc[found["cells"]["arm"].eq(arm), "n"]]
    for role in ("treated", "comparison"):
        if roles.get(role) == arm:
            chosen += [found["estimates"].loc[_whole_rows(found["estimates"]), f"n_{role}"]]
            chosen += [found["matching"][name] for name in (f"n_{role}", f"n_{role}_matched")]
    return [int(count) for column in chosen for count in column.dropna()]


def _whole_rows(estimates: pd.DataFrame) -> pd.Series:
    """Rows about the same groups as the headline: an effect in a part of them is about groups that add up to it."""
    primary = estimates.loc[estimates["role"].eq("primary"), "group"].unique()
    alike = estimates["group"].isin(primary) | (estimates["group"].isna() & pd.isna(primary).any())
    return alike & estimates["event_time"].isna()


def _binary(cells: pd.DataFrame) -> pd.Series:
    """Whether the outcome of a cell is yes or no: whole sums that squaring leaves, in every cell of it."""
    sums = cells["sum_y"].astype("float64")
    plain = sums.eq(sums.round()) & sums.eq(cells["sum_y2"].astype("float64"))
    return plain.groupby(cells["outcome"]).transform("all").astype(bool)


def _attrition(table: pd.DataFrame, behind: _Behind) -> pd.DataFrame:
    persons = [_size(behind, arm, count) for arm, count in zip(table["arm"], table["persons"], strict=True)]
    return table.assign(persons=_whole(persons))


def _size(behind: _Behind, arm: str, count: Any) -> float:
    return math.nan if pd.isna(count) else behind.counts[arm].size(int(count))


def _whole(values: list[float]) -> pd.Series:
    return pd.Series(values, dtype="float64").astype("Int64")


def _cells(table: pd.DataFrame, behind: _Behind) -> pd.DataFrame:
    """Counts as published; sums follow from them where every weight is 1, and are hidden elsewhere."""
    sizes, sums = [], []
    for row in behind.cells.itertuples():
        n = _size(behind, row.arm, row.n)
        yes = behind.counts[row.arm].yes(int(row.n), round(row.sum_y)) if row.binary else math.nan
        alike = row.sum_w == row.n and row.sum_w2 == row.n
        sizes.append(n)
        told = yes if alike else math.nan
        base = n if alike else math.nan
        sums.append([yes, yes, base, told, base, told, told])
    return table.assign(n=_whole(sizes)).assign(**dict(zip(_SUMS, np.reshape(sums, (-1, 7)).T, strict=True)))


def _estimates(table: pd.DataFrame, behind: _Behind) -> pd.DataFrame:
    numbers = table.astype(dict.fromkeys([*_OF_EFFECTS, *_SIZES_TOLD], "float64"))
    sizes = {
        name: [
            _size(behind, behind.roles.get(name), n) if name in behind.roles else math.nan for n in table[f"n_{name}"]
        ]
        for name in ("treated", "comparison")
    }
    whole = _whole_rows(table)
    sizes = {
        name: [size if here else math.nan for size, here in zip(found, whole, strict=True)]
        for name, found in sizes.items()
    }
    rows = zip(table.itertuples(), *sizes.values(), strict=True)
    decimals = [_decimals(row, least, behind) for row, *least in rows]
    for place, shown in enumerate(decimals):
        numbers.loc[place, _OF_EFFECTS] = _effect(numbers.loc[place, _OF_EFFECTS], shown)
    words = {"convention": None, "reason": [_slug(text) for text in table["reason"]]}
    hidden = dict.fromkeys(_SIZES_TOLD, np.nan)
    return numbers.assign(**hidden, **words, **{f"n_{name}": _whole(found) for name, found in sizes.items()})


def _slug(text: Any) -> str | None:
    """A name of a text; a sentence could hold a number."""
    return text if isinstance(text, str) and SLUG.fullmatch(text) else None


def _decimals(row: Any, sizes: list[float], behind: _Behind) -> int | None:
    """How many decimals an effect may have; None: it is hidden."""
    least = min(sizes)
    # A comparison that is False where the number is missing.
    if not least >= max(behind.profile.persons_per_arm, 2 * behind.profile.threshold):
        return None
    if pd.notna(row.df) and row.df < behind.profile.residual_df:
        return None
    times = [row.event_time if pd.isna(row.horizon_months) else row.horizon_months, 0]
    return None if not _outcome_may(row.outcome, times, behind) else (3 if least >= MANY else 2)


def _outcome_may(outcome: str, times: list[Any], behind: _Behind) -> bool:
    """Whether the published counts behind an effect could stand for no small one; the last of `times` is the start,
    which not every design has."""
    cells, arms = behind.cells, [behind.roles[name] for name in ("treated", "comparison")]
    own = cells[cells["outcome"].eq(outcome) & cells["arm"].isin(arms) & cells["event_time"].isin(times)]
    at = own[own["event_time"].eq(times[0]).fillna(False).astype(bool)]
    if set(at["arm"]) != set(arms):
        return False
    return all(row.binary and _far(row, behind) for row in own.itertuples())


def _far(row: Any, behind: _Behind) -> bool:
    """Whether neither those with the outcome nor those without could be few, by what is published."""
    counts, profile = behind.counts[row.arm], behind.profile
    size, yes = counts.size(int(row.n)), counts.yes(int(row.n), round(row.sum_y))
    margin = profile.threshold - 1 + 2 * ((profile.base or 1) - 1)
    return bool(yes > margin and size - yes > margin)


def _effect(values: pd.Series, decimals: int | None) -> np.ndarray:
    """Estimate, standard error, p-value and interval as they may stand."""
    if decimals is None:
        return np.full(len(values), np.nan)
    made = {
        name: _digits(value) if name in ("std_error", "p_value") else round(value, decimals)
        for name, value in values.items()
    }
    return np.array([made[name] for name in values.index])


def _digits(value: float, digits: int = 2) -> float:
    return float(f"{value:.{digits}g}") if math.isfinite(value) else math.nan


def _matching(table: pd.DataFrame, behind: _Behind) -> pd.DataFrame:
    made = table.copy()
    for role in ("treated", "comparison"):
        arm = behind.roles.get(role)
        for name in (f"n_{role}", f"n_{role}_matched"):
            made[name] = _whole([math.nan if arm is None else _size(behind, arm, count) for count in table[name]])
    kept = made["n_treated_matched"].astype("float64") / made["n_treated"].astype("float64")
    told = ["ess_comparison", "ess_treated", "share_treated_outside", "n_sets", "share_tied", "caliper_width"]
    made = made.assign(**dict.fromkeys(told, np.nan), share_treated_lost=(1 - kept).clip(lower=0).round(3))
    smd = table["max_abs_smd"].astype("float64").round(2).where(_large(made, behind))
    return made.assign(max_abs_smd=smd, conventions=None, reason=[_slug(text) for text in table["reason"]])


def _large(made: pd.DataFrame, behind: _Behind) -> pd.Series:
    sizes = made[["n_treated_matched", "n_comparison_matched"]].astype("float64")
    return sizes.min(axis=1, skipna=False) >= behind.profile.persons_per_arm


def _balance(table: pd.DataFrame, behind: _Behind) -> pd.DataFrame:
    """Standardised differences with two decimals, where each arm is large from the beginning to the end."""
    told = ["spec", "covariate", "kind", "sample"]
    hidden = {name: np.nan for name in table.columns if name not in told}
    large = all(
        all(size >= behind.profile.persons_per_arm for size in counts.sizes.values())
        for arm, counts in behind.counts.items()
        if arm in behind.roles.values()
    )
    smd = table["smd"].astype("float64").round(2)
    return table.assign(**{**hidden, "smd": smd if large else np.nan})


def _action(before: pd.DataFrame, after: pd.DataFrame, *, withheld: bool) -> dict[str, Any]:
    """Rows as they are published, and how many values were changed and hidden; nothing of a withheld table."""
    if withheld:
        return {"rows": 0, "changed": 0, "hidden": 0, "withheld": not before.empty}
    hidden = before.notna() & after.isna()
    changed = after.notna() & _differ(before, after)
    return {
        "rows": len(after),
        "changed": int(changed.sum().sum()),
        "hidden": int(hidden.sum().sum()),
        "withheld": False,
    }


def _differ(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    # Text against text, so that a column of whole numbers and one of decimals can be held against one another.
    return pd.DataFrame(
        {name: [not _same(a, b) for a, b in zip(before[name], after[name], strict=True)] for name in before},
        index=before.index,
    )


def _same(one: Any, other: Any) -> bool:
    return bool(pd.isna(one) and pd.isna(other)) or bool(pd.notna(one) and pd.notna(other) and one == other)


def _with_status(before: pd.DataFrame, after: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The table with whether each row stands as it was, rounded, or with something hidden (never why)."""
    name = "disclosure_status" if "status" in after.columns else "status"
    shown = ROUNDED if profile.base and profile.method != "suppression" else EXACT
    hidden = (before.loc[after.index].notna() & after.isna()).any(axis=1)
    return after.assign(**{name: pd.Series(np.where(hidden, HIDDEN, shown), index=after.index, dtype="str")})
