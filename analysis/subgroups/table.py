"""The table of subgroups: each group's own estimate, the one drawn towards the mean, and the test that all are one."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import scipy

from analysis.card_subgroups import Subgroup
from analysis.cards import Card
from analysis.outcomes import load_outcomes
from analysis.sensitivity.shrinkage import Subgroups, shrunk_subgroups
from analysis.subgroups.effects import GroupEffects
from analysis.subgroups.names import DIFFERENCE, GROUP, INTERACTION, MEAN, UNPLACED
from analysis.tables import FEW_OFFICES, SUBGROUPS
from analysis.trials.multiplicity import holm

ONE_GROUP = "fewer_than_two_groups"
SINGULAR = "differences_without_variance"
ROUNDING = 1e-12


def subgroup_table(
    card: Card,
    found: Mapping[str, GroupEffects],
    unplaced: Mapping[str, Mapping[str, int]],
    exploratory: Collection[str] = (),
) -> pd.DataFrame:
    """SUBGROUPS: the rows of every subgrouping of the card, by its name in `found`.

    `unplaced`: persons of each arm in none of the groups. Holm's p-values are of the interaction tests that were stated
    beforehand; those that were not stand outside the family, and their p-values hold for nothing but themselves.
    """
    rows = [
        {**row, "name": item.name, "exploratory": item.name in exploratory}
        for item in card.subgroups
        for row in _rows(card, item, found[item.name], unplaced[item.name])
    ]
    common = {"outcome": card.outcomes.primary, "horizon_months": card.horizons[0], "status": "estimated"}
    common["conf_level"] = card.inference.level
    table = pd.DataFrame([{**common, **{key: row[key] for key in SUBGROUPS if key in row}} for row in rows])
    return _with_holm(table.reindex(columns=list(SUBGROUPS)).astype(SUBGROUPS))


def _with_holm(table: pd.DataFrame) -> pd.DataFrame:
    family = (table["kind"].eq(INTERACTION) & ~table["exploratory"]).to_numpy(bool)
    table.loc[family, "p_holm"] = holm(table.loc[family, "p_value"])
    return table


def _rows(card: Card, item: Subgroup, found: GroupEffects, unplaced: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    together = _together(card, found)
    shrunk = {} if together is None else {effect.name: effect for effect in together.effects}
    for part in item.groups:
        row = {**found.rows[part.id], "kind": GROUP, "group": part.id}
        if part.id in shrunk:
            own = shrunk[part.id]
            row |= {"shrunk": own.shrunk, "shrunk_low": own.low, "shrunk_high": own.high, "weight": own.weight}
        yield row
    yield {"kind": UNPLACED, **unplaced, "status": "not_estimated"}
    if together is None:
        reason = ONE_GROUP if len(found.compared) < 2 else SINGULAR
        yield {"kind": INTERACTION, "status": "not_estimated", "reason": reason}
        return
    error = together.mean_error
    yield {"kind": MEAN, **_interval(card, together.mean, error, found.df), "spread": together.spread}
    few = _few_treated(card, found)
    yield from _differences(card, found, few)
    test = together.interaction
    row = {"kind": INTERACTION, "df": found.df, "df_between": test.df, "convention": found.convention}
    own = {"reason": FEW_OFFICES} if few else {"statistic": test.statistic, "p_value": test.p_value}
    yield row | own | _offices(found)


def _together(card: Card, found: GroupEffects) -> Subgroups | None:
    """The groups drawn towards their mean, and their test; None where there is nothing to compare."""
    if len(found.compared) < 2:
        return None
    v, k = found.covariance, len(found.compared)
    contrast = np.column_stack([np.eye(k - 1), -np.ones(k - 1)])
    apart = contrast @ v @ contrast.T
    if np.linalg.eigvalsh(apart).min() <= ROUNDING * np.trace(apart):
        return None
    share = load_outcomes()[card.outcomes.primary].kind == "share"
    measure = "risk_difference" if share else "mean_difference"
    options = {"measure": measure, "level": card.inference.level, "df_residual": found.df}
    return shrunk_subgroups(found.compared, found.estimates, v, **options)


def _few_treated(card: Card, found: GroupEffects) -> bool:
    """Whether too few treated offices are behind one of the groups for an asymptotic p-value (design.md 4)."""
    offices = _offices(found).get("n_offices_treated")
    return card.assignment.unit != "person" and offices is not None and offices < card.checks.few_treated_offices


def _offices(found: GroupEffects) -> dict[str, int]:
    """Treated offices behind the group that has fewest."""
    known = [found.rows[name].get("n_offices_treated") for name in found.compared]
    return {} if None in known else {"n_offices_treated": min(known)}


def _differences(card: Card, found: GroupEffects, few: bool) -> Iterator[dict[str, Any]]:
    """Every group against the first that is compared."""
    b, v = found.estimates, found.covariance
    for place in range(1, len(b)):
        error = float(np.sqrt(v[0, 0] + v[place, place] - 2 * v[0, place]))
        difference = float(b[place] - b[0])
        own = {"kind": DIFFERENCE, "group": found.compared[place], "convention": found.convention}
        statistic = difference / error
        test = {"statistic": statistic, "p_value": float(2 * scipy.stats.t.sf(abs(statistic), found.df))}
        yield own | _interval(card, difference, error, found.df) | ({"reason": FEW_OFFICES} if few else test)


def _interval(card: Card, estimate: float, error: float, df: float) -> dict[str, float]:
    reach = float(scipy.stats.t.ppf(0.5 + card.inference.level / 2, df)) * error
    ends = {"conf_low": estimate - reach, "conf_high": estimate + reach}
    return {"estimate": estimate, "std_error": error, "df": df, **ends}
