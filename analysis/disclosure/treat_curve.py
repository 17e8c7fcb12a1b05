"""Rules of the curve of all declared analyses.

An analysis stands, with no more decimals than the headline, where it is of the headline's persons and counts: weighed
or adjusted otherwise. One that is linear in published counts stands only where it is among the estimates, whose digits
are tried together. Another outcome or horizon has the effect rule of its own, by the counts of the groups at that time;
a row that stands among the estimates has the rule that it has there. Other ways to find partners choose other persons,
of whom no count is known: they are hidden. The rank of a hidden one would say which two numbers it lies between, and so
would its place in the table: hidden rows stand last, by name, without rank and band.

The tests are of all analyses together: hidden with the headline, else p-values with two digits.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.card_grid import SENSITIVITY
from analysis.disclosure.behind import slug, whole_rows
from analysis.disclosure.treat_given import ROLES, Given, two_digits

# Choices that leave persons, outcome and time as they are.
ALIKE = ("average", "adjusted", "weighting", "estimator")
NUMBERS = ("estimate", "band_low", "band_median", "band_high")


def treated_specifications(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Every analysis that the card declares, what is hidden last; the index is that of `table`."""
    main = table.loc[table["is_main"].fillna(False).astype(bool), "choices"]
    usual = _choices(main.iloc[0]) if len(main) else {}
    decimals = [_decimals(row, usual, given) for row in table.itertuples()]
    numbers = {
        name: [
            np.nan if many is None else round(value, many) for value, many in zip(table[name], decimals, strict=True)
        ]
        for name in NUMBERS
    }
    shown = pd.Series([many is not None for many in decimals], index=table.index, dtype=bool)
    made = table.assign(**numbers, rank=table["rank"].where(shown), reason=[slug(text) for text in table["reason"]])
    return pd.concat([made[shown].sort_values("rank"), made[~shown].sort_values("spec")])


def _choices(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in str(text).split(";"))


def _decimals(row: Any, usual: dict[str, str], given: Given) -> int | None:
    if pd.isna(row.estimate) or given.decimals is None:
        return None
    own = _choices(row.choices)
    apart = {axis for axis, value in own.items() if usual.get(axis) != value}
    if SENSITIVITY in apart:
        return _as_estimate(row, given)
    if apart - {*ALIKE, "outcome", "horizon"}:
        return None
    if not apart & {"outcome", "horizon"}:
        return given.decimals_like(row.estimate)
    places = {"outcome": own.get("outcome", given.headline.outcome)}
    places["horizon_months"] = int(own.get("horizon", given.headline.horizon_months))
    return given.decimals_like(row.estimate, **places, **_fewest(*places.values(), given))


def _fewest(outcome: str, horizon: int, given: Given) -> dict[str, Any]:
    """The fewest persons that a cell of that outcome and time has in each group."""
    cells = given.behind.cells
    at = cells[cells["outcome"].eq(outcome) & cells["event_time"].eq(horizon).fillna(False)]
    return {f"n_{role}": at.loc[at["arm"].eq(given.behind.roles.get(role)), "n"].min() for role in ROLES}


def _as_estimate(row: Any, given: Given) -> int | None:
    """By the rule of the same number among the estimates."""
    table = given.found["estimates"]
    same = table["spec"].eq(row.spec) & np.isclose(table["estimate"].astype("float64"), row.estimate, atol=1e-12)
    own = table[same & whole_rows(table)]
    found = [given.decimals_of(one) for one in own.itertuples()]
    return None if not found or None in found else min(found)


def treated_specification_tests(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The tests of all analyses at once."""
    if given.decimals is None:
        return table.assign(value=np.nan, p_value=np.nan)
    values = table["value"].astype("float64").round(given.decimals)
    return table.assign(value=values, p_value=two_digits(table["p_value"]))
