"""Tables of a cohort treated by a profile: what may leave, what was done to each, and every count as it is declared.

Every table has a rule, here or in a module treat_<what>.py, or is WITHHELD: released with its columns and no rows, and
the ledger says why. The rules, besides those of counts (published_counts.py):

* a share with its base stands as the published counts give it; nothing is printed of squares, smallest or largest;
* sums of amounts (kroner, months) are hidden;
* effects by effect_rules.py.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.disclosure.behind import Behind, published_size, slug, whole_numbers, whole_rows
from analysis.disclosure.declared import Declared
from analysis.disclosure.effect_rules import treated_estimates, with_levels
from analysis.disclosure.profiles import Profile
from analysis.disclosure.published_counts import Part, published_counts
from analysis.disclosure.release_declared import declared_counts
from analysis.disclosure.release_numbers import with_numbers
from analysis.disclosure.treat_declared import with_lists
from analysis.disclosure.treat_given import Given
from analysis.disclosure.treat_rules import RULES
from analysis.tables import RELEASED

# Tables that no rule makes fit to leave, each with the name of the reason: `why` in the ledger entry.
WITHHELD = {
    # Numbers of one office at a time, or the smallest and the largest of them.
    **dict.fromkeys(("office_cells", "series", "funnel", "office_sizes", "cluster_balance"), "offices"),
    **dict.fromkeys(("synthetic_paths", "synthetic_fit", "donors"), "offices"),
    # Exact counts of other draws of the same offices are equations on what each office has.
    "permutation": "draws",
    # What an average weighs its parts by are their sizes.
    "family_weights": "weights",
    # Effects of one group that adopted against another.
    "bacon": "adoption_groups",
    # Of published figures, which no cohort of restricted data has.
    **dict.fromkeys(("scenarios", "ranges", "moderators"), "published_figures"),
}
TREATED_TABLES = tuple(name for name in RELEASED if name not in WITHHELD)
# Tables of counts alone.
COUNTS = ("attrition", "cells")
# Of the row: what stands is exact or rounded, or something that had a value is hidden.
EXACT, ROUNDED, HIDDEN = "exact", "rounded", "hidden"
_SUMS = ["sum_y", "sum_y2", "sum_w", "sum_wy", "sum_w2", "sum_w2y", "sum_w2y2"]


@dataclass(frozen=True)
class Treated:
    """`tables` by name, with the column `status` (or `disclosure_status`, where `status` is something else); `actions`:
    rows, withheld and why of each; `declared`: the published counts."""

    tables: dict[str, pd.DataFrame]
    actions: dict[str, dict[str, Any]]
    declared: Declared


def treated(
    card: Card, tables: Mapping[str, pd.DataFrame], profile: Profile, *, key: bytes, cohort: str | None = None
) -> Treated:
    """Every table of RELEASED treated by `profile`; `key` is the secret that decides which way counts are rounded.

    `cohort`: the name of its folder, which the ledger knows it by; a rehearsal without one is named after its
    intervention. Raises ValueError for the profile that changes nothing.
    """
    if profile.method == "none":
        raise ValueError("the profile treats nothing")
    found = {name: _known(tables.get(name), columns) for name, columns in RELEASED.items()}
    # With the column that tells who stands out in a sum, which no released table has.
    cells = tables.get("cells", found["cells"]).reset_index(drop=True)
    behind = _behind(card, found, cells, profile, key)
    given = Given(card, found, behind, key)
    made = {name: _by_rule(name, found[name], given) for name in found}
    actions = {name: _action(found[name], made[name], WITHHELD.get(name)) for name in found}
    declared = with_lists(declared_counts(cohort or card.intervention, found, behind.counts, profile), made, given)
    declared = with_numbers(declared, made, given)
    made = {name: _with_status(found[name], made[name], profile, counts=name in COUNTS) for name in made}
    return Treated(made, actions, declared)


def _by_rule(name: str, table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """A table by its rule; without rows where it has none. Rows keep their index."""
    if name in _RULES:
        return _RULES[name](table, given.behind)
    return RULES[name](table, given) if name in RULES and not table.empty else table.iloc[:0]


def _known(table: pd.DataFrame | None, columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns)) if table is None else table[list(columns)].reset_index(drop=True)


def _behind(card: Card, found: Mapping[str, pd.DataFrame], cells: pd.DataFrame, profile: Profile, key: bytes) -> Behind:
    roles = {arm.role: arm.id for arm in card.arms if _only(card, arm.role)}
    cells = cells.assign(binary=_binary(cells))
    arms = list(dict.fromkeys([*(arm.id for arm in card.arms), *found["attrition"]["arm"], *cells["arm"]]))
    counts = {}
    for arm in arms:
        sizes, own = _sizes(arm, found, roles), cells[cells["arm"].eq(arm) & cells["binary"]]
        parts = [
            Part((row.outcome, str(row.event_time), row.sample), int(row.n), round(row.sum_y))
            for row in own.itertuples()
        ]
        counts[arm] = published_counts(sizes, parts, profile, key=key)
    return with_levels(Behind(counts, roles, cells, profile), found, card)


def _only(card: Card, role: str) -> bool:
    return sum(arm.role == role for arm in card.arms) == 1


def _sizes(arm: str, found: Mapping[str, pd.DataFrame], roles: Mapping[str, str]) -> list[int]:
    """Every size of a group of this arm that a table gives, the most important first."""
    chosen = [found["attrition"].loc[found["attrition"]["arm"].eq(arm), "persons"]]
    chosen += [found["cells"].loc[found["cells"]["arm"].eq(arm), "n"]]
    for role in ("treated", "comparison"):
        if roles.get(role) == arm:
            chosen += [found["estimates"].loc[whole_rows(found["estimates"]), f"n_{role}"]]
            chosen += [found["matching"][name] for name in (f"n_{role}", f"n_{role}_matched")]
            chosen += [found["planned"][f"n_{role}"]]
    return [int(count) for column in chosen for count in column.dropna()]


def _binary(cells: pd.DataFrame) -> pd.Series:
    """Whether the outcome of a cell is yes or no: whole sums that squaring leaves, in every cell of it."""
    sums = cells["sum_y"].astype("float64")
    plain = sums.eq(sums.round()) & sums.eq(cells["sum_y2"].astype("float64"))
    return plain.groupby(cells["outcome"]).transform("all").astype(bool)


def _attrition(table: pd.DataFrame, behind: Behind) -> pd.DataFrame:
    persons = [published_size(behind, arm, count) for arm, count in zip(table["arm"], table["persons"], strict=True)]
    return table.assign(persons=whole_numbers(persons))


def _cells(table: pd.DataFrame, behind: Behind) -> pd.DataFrame:
    """Counts as published; sums follow from them where every weight is 1, and are hidden elsewhere."""
    sizes, sums = [], []
    for row in behind.cells.itertuples():
        n = published_size(behind, row.arm, row.n)
        yes = behind.counts[row.arm].yes(int(row.n), round(row.sum_y)) if row.binary else math.nan
        alike = row.sum_w == row.n and row.sum_w2 == row.n
        sizes.append(n)
        told = yes if alike else math.nan
        base = n if alike else math.nan
        sums.append([yes, yes, base, told, base, told, told])
    return table.assign(n=whole_numbers(sizes)).assign(**dict(zip(_SUMS, np.reshape(sums, (-1, 7)).T, strict=True)))


def _matching(table: pd.DataFrame, behind: Behind) -> pd.DataFrame:
    made = table.copy()
    for role in ("treated", "comparison"):
        arm = behind.roles.get(role)
        for name in (f"n_{role}", f"n_{role}_matched"):
            made[name] = whole_numbers([published_size(behind, arm, count) for count in table[name]])
    kept = made["n_treated_matched"].astype("float64") / made["n_treated"].astype("float64")
    told = ["ess_comparison", "ess_treated", "share_treated_outside", "n_sets", "share_tied", "caliper_width"]
    made = made.assign(**dict.fromkeys(told, np.nan), share_treated_lost=(1 - kept).clip(lower=0).round(3))
    smd = table["max_abs_smd"].astype("float64").round(2).where(_large(made, behind))
    return made.assign(max_abs_smd=smd, conventions=None, reason=[slug(text) for text in table["reason"]])


def _large(made: pd.DataFrame, behind: Behind) -> pd.Series:
    sizes = made[["n_treated_matched", "n_comparison_matched"]].astype("float64")
    return sizes.min(axis=1, skipna=False) >= behind.profile.persons_per_arm


def _balance(table: pd.DataFrame, behind: Behind) -> pd.DataFrame:
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


def _action(before: pd.DataFrame, after: pd.DataFrame, why: str | None) -> dict[str, Any]:
    """Rows as they are published; of a withheld table nothing but that it is (`why`: a name of WITHHELD, where there
    was something to withhold). How many values were changed would tell that none was, and how many are hidden that rows
    are left out: neither leaves."""
    withheld = why is not None and not before.empty
    return {"rows": 0 if why else len(after), "withheld": withheld, "why": why if withheld else None}


def _with_status(before: pd.DataFrame, after: pd.DataFrame, profile: Profile, *, counts: bool) -> pd.DataFrame:
    """The table with whether each row stands as it was, rounded, or with something hidden (never why).

    Counts stand as they were where the others are hidden; statistics are always rounded, and one that happens to be its
    own rounded value is not told apart from the others.
    """
    name = "disclosure_status" if "status" in after.columns else "status"
    own = before.loc[after.index]
    hidden = (own.notna() & after.isna()).any(axis=1)
    shown = EXACT if counts and (profile.method == "suppression" or not profile.base) else ROUNDED
    status = pd.Series(np.where(hidden, HIDDEN, shown), index=after.index, dtype="str")
    return after.assign(**{name: status}).reset_index(drop=True)


# By what is published of each arm; and by other tables too.
_RULES = {
    "attrition": _attrition,
    "cells": _cells,
    "estimates": treated_estimates,
    "matching": _matching,
    "balance": _balance,
}
