"""Rules of tables that hold effects beside the estimates: the planned headline, the family, robust intervals.

* planned: as an estimate, and only where both groups are, as published, those whose counts the effect rule tried: of
  persons chosen by another plan nobody knows how many have the outcome.
* family: effects on the whole groups, with no more decimals than the headline. Hidden are rows of one office,
  differences between those affected and others (groups of whom no count is tried), and synthetic controls: a weighted
  few offices stand for all who are compared. Ranks and degrees of freedom tell of single offices.
* honest: estimate and intervals likewise, the ends as far from the printed estimate as from the true one; what is put
  in (bound, level) is the card's.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.card_staggered import SYNTHETIC, TRIPLE
from analysis.disclosure.behind import slug
from analysis.disclosure.effect_rules import OF_EFFECTS, shown_effect, treated_estimates
from analysis.disclosure.treat_given import ROLES, Given, ends_about, two_digits
from analysis.tables import FAMILY_SPEC, MAIN, STATIC

OF_FAMILY = ["estimate", "std_error", "conf_low", "conf_high"]


def treated_planned(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The headline of the locked plan."""
    # The rule looks at rows about the same groups as the headline, which this row was by its own plan.
    made = treated_estimates(table.assign(role="primary"), given.behind).assign(role=table["role"])
    tried = [_is_tried(row, given) for row in table.itertuples()]
    effects = {name: made[name].astype("float64").where(tried) for name in OF_EFFECTS}
    return made.assign(**effects)


def _is_tried(row: Any, given: Given) -> bool:
    """Whether the row's groups are, as published, groups that have counts of the outcome at that time."""
    cells = given.behind.cells
    own = cells[cells["outcome"].eq(row.outcome) & cells["event_time"].eq(row.horizon_months).fillna(False)]
    for role in ROLES:
        alike = own.loc[own["arm"].eq(given.behind.roles.get(role)), "n"]
        if given.size(role, getattr(row, f"n_{role}")) not in {given.size(role, count) for count in alike}:
            return False
    return True


def treated_family(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The overall average by each estimator."""
    whole = table["spec"].isin((MAIN, FAMILY_SPEC, STATIC)) & ~table["estimator"].isin((*SYNTHETIC, TRIPLE))
    numbers = table.astype(dict.fromkeys([*OF_FAMILY, "df", "rank", "assignments"], "float64"))
    for place, row in numbers.iterrows():
        decimals = given.decimals_like(row["estimate"]) if whole[place] else None
        numbers.loc[place, OF_FAMILY] = shown_effect(row[OF_FAMILY], decimals, row["df"])
    hidden = dict.fromkeys(("df", "rank", "assignments"), np.nan)
    return numbers.assign(**hidden, reason=[slug(text) for text in table["reason"]])


def treated_honest(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Intervals that hold when trends are not parallel."""
    names = ["conf_low", "conf_high", "identified_low", "identified_high"]
    made = table.astype(dict.fromkeys([*names, "estimate"], "float64"))
    for place, row in made.iterrows():
        decimals = given.decimals_like(row["estimate"])
        printed = np.nan if decimals is None else round(row["estimate"], decimals)
        ends = row[names] * np.nan if decimals is None else ends_about(printed, row["estimate"], row[names], decimals)
        made.loc[place, ["estimate", *names]] = [printed, *ends]
    return made.assign(breakdown=two_digits(table["breakdown"], shown=given.decimals is not None))
