"""Counts of subgroups and of bins of the score, declared with the dimensions that they need.

Each subgrouping is a dimension of those behind the headline; the histogram is one of bins, those kept in each and those
dropped. The size of the whole, which other tables print, is declared beside as a margin, so that an audit adds up.
Which counts are declared is told by the table as it was; how they are shown, by the table as it is published.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from analysis.disclosure.declared import Declared, Dimension, Number, Place, cell
from analysis.disclosure.release_declared import count_number
from analysis.disclosure.treat_given import ROLES, Given
from analysis.disclosure.treat_overlap import AFTER, BEFORE, total_of
from analysis.disclosure.treat_subgroups import open_rest
from analysis.subgroups.names import GROUP

NONE_OF_THEM, OUTSIDE = "ingen av gruppene", "ikke med"
KEPT, DROPPED = "med", "ute"


def subgroup_dimensions(given: Given) -> tuple[Dimension, ...]:
    """A dimension for each subgrouping with sizes; those behind the headline who are in no group, and all others."""
    found = []
    for name, groups in _subgroupings(given):
        rest = [NONE_OF_THEM] if open_rest(name, given) else []
        counted = {role: getattr(given.headline, f"n_{role}") for role in ROLES}
        found.append(Dimension(f"undergruppe {name}", (*groups, *rest, *_outside(counted, given))))
    return tuple(found)


def _outside(counted: Mapping[str, float], given: Given) -> list[str]:
    """A category for the others of the arms, where there are any: what is empty by design is nobody's secret."""
    flow = given.found["attrition"]
    every = {role: flow.loc[flow["arm"].eq(given.behind.roles[role]), "persons"].max() for role in counted}
    return [] if all(every[role] == count for role, count in counted.items()) else [OUTSIDE]


def declared_subgroups(report: str, after: pd.DataFrame, given: Given) -> Iterator[Number]:
    """The size of each group and arm as `after` (the treated table) has it, and the arm's as a margin."""
    before = given.found["subgroups"]
    for name, groups in _subgroupings(given):
        dimension, everybody = f"undergruppe {name}", [*groups, *([NONE_OF_THEM] if open_rest(name, given) else [])]
        own = before[before["name"].eq(name) & before["kind"].eq(GROUP)]
        for role in ROLES:
            arm, column = given.behind.roles[role], f"n_{role}"
            for place, row in own.dropna(subset=[column]).iterrows():
                where = Place(report, "subgroups", f"{name}/{row['group']}", column)
                value = after[column].get(place, pd.NA)
                yield count_number(
                    where, cell({"gruppe": arm, dimension: row["group"]}), value, row[column], given.profile
                )
            whole = getattr(given.headline, column)
            where = Place(report, "subgroups", f"{name}/{arm}", column, "margin")
            shown = given.size(role, whole)
            yield count_number(where, cell({"gruppe": arm, dimension: everybody}), shown, whole, given.profile)


def _subgroupings(given: Given) -> Iterator[tuple[str, list[str]]]:
    """Names and groups of those whose groups are persons behind the headline."""
    table = given.found["subgroups"]
    if table.empty or given.headline is None or given.card.staggered is not None:
        return
    for name, own in table[table["kind"].eq(GROUP)].groupby("name", sort=False):
        placed = [own[f"n_{role}"].sum() <= getattr(given.headline, f"n_{role}") for role in ROLES]
        if all(placed) and all(role in given.behind.roles for role in ROLES):
            yield str(name), [str(group) for group in own["group"]]


def overlap_dimensions(given: Given) -> tuple[Dimension, ...]:
    """One dimension: kept and dropped in each bin, and those without a score."""
    bins = [part for one in _bins(given) for part in one]
    counted = {role: total_of(role, BEFORE, given) for role in ROLES if role in given.behind.roles}
    return (Dimension("skår", (*bins, *_outside(counted, given))),) if bins else ()


def declared_overlap(report: str, after: pd.DataFrame, given: Given) -> Iterator[Number]:
    """The number in each bin, arm and sample as `after` (the treated table) has it, and the totals as margins."""
    table, bins = given.found["overlap"], _bins(given)
    for role in (role for role in ROLES if bins and role in given.behind.roles):
        arm = given.behind.roles[role]
        for sample, column in ((BEFORE, f"n_{role}"), (AFTER, f"n_{role}_matched")):
            own = table[table["arm"].eq(role) & table["sample"].eq(sample)]
            counted = [one if sample == BEFORE else one[:1] for one in bins]
            for (place, row), who in zip(own.iterrows(), counted, strict=True):
                where = Place(report, "overlap", f"{row['bin_low']:g}/{role}/{sample}", "n")
                yield count_number(
                    where, cell({"gruppe": arm, "skår": who}), after["n"][place], row["n"], given.profile
                )
            whole = total_of(role, sample, given)
            if whole == own["n"].sum():
                everybody = cell({"gruppe": arm, "skår": [part for one in counted for part in one]})
                where = Place(report, "overlap", f"{role}/{sample}", column, "margin")
                yield count_number(where, everybody, given.size(role, whole), whole, given.profile)


def _bins(given: Given) -> list[tuple[str, str]]:
    table = given.found["overlap"]
    names = [f"{low:g}–{high:g}" for low, high in table[["bin_low", "bin_high"]].drop_duplicates().to_numpy()]
    return [(f"{name} {KEPT}", f"{name} {DROPPED}") for name in names]


def with_lists(declared: Declared, made: Mapping[str, pd.DataFrame], given: Given) -> Declared:
    """A declaration with the counts of both tables as `made` (the treated tables by name) has them."""
    dimensions = (*declared.classification.dimensions, *subgroup_dimensions(given), *overlap_dimensions(given))
    numbers = (
        *declared.numbers,
        *declared_subgroups(declared.report, made["subgroups"], given),
        *declared_overlap(declared.report, made["overlap"], given),
    )
    return replace(declared, classification=replace(declared.classification, dimensions=dimensions), numbers=numbers)
