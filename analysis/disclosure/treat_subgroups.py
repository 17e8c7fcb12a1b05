"""Rules of subgroups: their sizes as counts, their effects by the rule of effects, and what compares them.

Sizes. The groups of a subgrouping divide the persons behind the headline, whose number in each arm is published: a list
with a total (treat_lists.py). Of subgroupings by the same characteristic, whose groups may be or hold one another, only
the first has sizes. Who is in none of the groups is not counted: that is told of all at the start, not of those
measured. Where offices adopt in turn, an office is on both sides and the groups add up to nothing: no sizes.

Effects. Those of a subgrouping stand together or not at all. Each tells how the counts of the outcome in two groups of
persons hang together; with the counts of the arms they are as many equations as unknowns, and what is left over is that
of the persons without an effect. So both sizes of every group must pass the rule as published, the outcome of the whole
arms too, and neither in any group nor among those left over, where somebody is, may those with or without the outcome
be few. Means, tests and estimates drawn towards the mean are made of them and stand with them.

What is estimated tells whether a group has as many persons as the card asks. Where a size is hidden, or as published
could be on either side of that limit, the subgrouping keeps its sizes and no other number, status, or row that only
some groups have.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.disclosure.behind import Behind, slug, whole_numbers
from analysis.disclosure.effect_rules import OF_EFFECTS, shown_effect
from analysis.disclosure.published_counts import Counts
from analysis.disclosure.treat_given import ROLES, Given, ends_about, margin, two_digits
from analysis.disclosure.treat_lists import listed
from analysis.subgroups.names import DIFFERENCE, GROUP, MEAN

ENDS = ("estimate", "conf_low", "conf_high")
SHRUNK = ("shrunk", "shrunk_low", "shrunk_high")
P_VALUES = ("p_value", "p_holm")
NUMBERS = (*ENDS, *SHRUNK, *P_VALUES, "std_error", "spread", "max_abs_smd")
KEPT = ("name", "kind", "group", "outcome", "horizon_months", "conf_level", "inference", "cluster_level", "exploratory")


def treated_subgroups(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The table of subgroups; rows that may not be there are left out, the index is that of `table`."""
    sizes = group_sizes(table, given)
    hidden = {name: None for name in table if name not in (*KEPT, *NUMBERS, "status")}
    told = {name: whole_numbers(list(sizes[name])).set_axis(table.index) for name in sizes}
    words = {"reason": [slug(text) for text in table["reason"]], "worst_covariate": table["worst_covariate"]}
    made = table.astype(dict.fromkeys(NUMBERS, "float64")).assign(**{**hidden, **told, **words})
    pieces = [
        _subgrouping(own, table.loc[own.index], sizes.loc[own.index], given)
        for _, own in made.groupby("name", sort=False)
    ]
    return pd.concat(pieces)[list(table.columns)].sort_index()


def group_sizes(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """n_treated and n_comparison as published (float64, nan: hidden), with the index of `table`."""
    names = [f"n_{role}" for role in ROLES]
    found = pd.DataFrame(np.nan, index=table.index, columns=names)
    groups = table[table["kind"].eq(GROUP)]
    if given.headline is None or given.card.staggered is not None:
        return found
    for role, name in zip(ROLES, names, strict=True):
        own = {which: groups.loc[groups["name"].eq(which), name] for which in _first_of_each(given)}
        for part in _arm(own, role, given):
            found.loc[part.index, name] = part
    return found


def _first_of_each(given: Given) -> list[str]:
    """The first subgrouping by each characteristic."""
    return list({item.by: item.name for item in reversed(given.card.subgroups)}.values())


def _arm(own: Mapping[str, pd.Series], role: str, given: Given) -> list[pd.Series]:
    """Published sizes of the groups of every subgrouping that an arm can have them of."""
    whole = getattr(given.headline, f"n_{role}")
    if pd.isna(whole) or math.isnan(shown := given.size(role, whole)):
        return []
    found = []
    for name, sizes in own.items():
        if _known(sizes):
            # Whether the groups are everybody is known when it is so in the other arm too.
            options = {"key": given.key, "open_rest": open_rest(name, given)}
            values = listed(sizes.astype(int).tolist(), int(whole), shown, given.profile, **options)
            found.append(pd.Series(values, index=sizes.index))
    return found


def _known(sizes: pd.Series) -> bool:
    return len(sizes) > 0 and bool(sizes.notna().all())


def open_rest(name: str, given: Given) -> bool:
    """Whether somebody in one of the arms is in none of the groups of a subgrouping."""
    table = given.found["subgroups"]
    own = table[table["kind"].eq(GROUP) & table["name"].eq(name)]
    wholes = [getattr(given.headline, f"n_{role}") for role in ROLES]
    placed = [own[f"n_{role}"].sum() for role in ROLES]
    return any(pd.isna(whole) or whole != sum_ for whole, sum_ in zip(wholes, placed, strict=True))


def _subgrouping(made: pd.DataFrame, true: pd.DataFrame, sizes: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The rows of one subgrouping."""
    groups = true["kind"].eq(GROUP)
    if _tells_of_sizes(sizes[groups], given):
        kept = made[~made["kind"].isin((MEAN, DIFFERENCE))]
        return kept.assign(**dict.fromkeys(NUMBERS, np.nan), status=None, reason=None, worst_covariate=None)
    estimated = true[groups & true["estimate"].notna()]
    decimals = _decimals(estimated, sizes, given)
    for place in made.index:
        df = true.loc[place, "df"]
        made.loc[place, list(NUMBERS)] = _shown(
            made.loc[place, list(NUMBERS)], math.nan if pd.isna(df) else df, decimals
        )
    return made if decimals is not None else made.assign(worst_covariate=None)


def _tells_of_sizes(sizes: pd.DataFrame, given: Given) -> bool:
    """Whether what is estimated would say more of a size than its published value."""
    limit, values = given.card.checks.subgroup_persons, sizes.to_numpy().ravel()
    if np.isnan(values).any():
        return True
    windows = [given.profile.stands_for(int(value)) for value in values]
    return any(low < limit <= high for low, high in windows)


def _decimals(estimated: pd.DataFrame, sizes: pd.DataFrame, given: Given) -> int | None:
    """How many decimals the effects of a subgrouping may have; None: they are hidden."""
    found = [
        given.decimals_of(row, _with_sizes(row, sizes.loc[place], given.behind)) for place, row in estimated.iterrows()
    ]
    many = all(_many_either_way(estimated, role, given) for role in ROLES) if found and None not in found else False
    return min(found) if many else None


def _with_sizes(row: pd.Series, shown: pd.Series, behind: Behind) -> Behind:
    """What the rules know, with the sizes of a group among the sizes of its arms."""
    counts = dict(behind.counts)
    for role in ROLES:
        arm, name = behind.roles.get(role), f"n_{role}"
        counts[arm] = Counts({**counts[arm].sizes, int(row[name]): float(shown[name])}, counts[arm].parts)
    return replace(behind, counts=counts)


def _many_either_way(estimated: pd.DataFrame, role: str, given: Given) -> bool:
    """Whether those with and without the outcome are many in each group of an arm, and among those left over.

    By the rates of the estimates; where they are weighed, about as many.
    """
    sizes = estimated[f"n_{role}"].astype("float64")
    yes = sizes * (estimated["base_rate"] + (estimated["estimate"] if role == "treated" else 0))
    whole = getattr(given.headline, f"n_{role}")
    left = whole - sizes.sum()
    if left:
        own = _cells_of(given, role, whole)
        sizes, yes = [*sizes, left], [*yes, own - sum(yes)]
    # A comparison that is False where a number is missing.
    return all(min(one, size - one) > margin(given.profile) for one, size in zip(yes, sizes, strict=True))


def _cells_of(given: Given, role: str, whole: int) -> float:
    """Persons of an arm with the outcome of the headline; nan where no cell holds just those."""
    cells, main = given.behind.cells, given.headline
    own = cells[cells["arm"].eq(given.behind.roles.get(role)) & cells["outcome"].eq(main.outcome)]
    own = own[own["event_time"].eq(main.horizon_months).fillna(False) & own["n"].eq(whole)]
    return float(own["sum_y"].iloc[0]) if len(own) else math.nan


def _shown(row: pd.Series, df: float, decimals: int | None) -> pd.Series:
    """The numbers of a row as they may stand."""
    made = row.astype("float64")
    if decimals is None:
        return made * np.nan
    own, drawn = [name for name in OF_EFFECTS if name in made.index], ["shrunk_low", "shrunk_high"]
    made[own] = shown_effect(made[own], decimals, df)
    made["p_holm"] = two_digits(made[["p_holm"]])["p_holm"]
    printed = made[["shrunk", "spread"]].round(decimals)
    made[drawn] = ends_about(printed["shrunk"], made["shrunk"], made[drawn], decimals)
    made[["shrunk", "spread"]], made["max_abs_smd"] = printed, round(made["max_abs_smd"], 2)
    return made
