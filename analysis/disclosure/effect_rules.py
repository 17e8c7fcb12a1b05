"""The rule of effects: which of them may leave, and with how many decimals.

* An effect in a part of the groups (office, month of adoption) is hidden, with its sizes.
* An effect stands where both groups have `persons_per_arm` as published and no group with or without the outcome, at
  the horizon or the start, has a published count that could stand for a small one, and where the residual degrees of
  freedom are those of the profile.
* An effect that is linear in published counts has three decimals, two or none, by the whole numbers that fit
  everything printed (effect_precision.py). Others have no more than the linear ones of the same outcome and month, and
  two where a group is smaller than `MANY`.
* Effects at one time since the start, for both groups whole, stand by the same rule. Their sizes are never printed, so
  that theirs alone is decided by the true ones: what a reader learns is that there are ten or more in each.
* An effect on an amount stands where no one or two persons stand out in the cells behind it, with the decimals that
  give its standard error two digits.
* What the offer did to receiving it, and the effect of having received, count those who received: hidden.
* Beside the estimate: its standard error with two digits; the ends of its interval as far from the printed estimate as
  from the true one, rounded alike; and a p-value worked out from what is printed where one follows from estimate,
  error and degrees of freedom. Several intervals about one estimate, each rounded by itself, would close in on it.
* What tells the size of a group another way (df, statistic, convention, base rate) is hidden.

What hides an effect is published counts, but for the sizes of effects in time, the degrees of freedom, and dominance.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import scipy

from analysis.cards import Card
from analysis.disclosure.behind import Behind, event_rows, published_size, slug, whole_numbers, whole_rows
from analysis.disclosure.effect_forms import ROLES, form_levels, form_of, time_of, told
from analysis.months import month_number

# From this size on an effect has three decimals.
MANY = 100
OF_EFFECTS = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
SIZES_TOLD = ("df", "statistic", "base_rate")
# What counts those who received the offer.
RECEIVED = {"estimand": "cace", "term": "delivery"}
IMPORTANT = {"primary": 0, "secondary": 1}
SIGNIFICANT = 0.05


def with_levels(behind: Behind, tables: Mapping[str, pd.DataFrame], card: Card) -> Behind:
    """The same with what is known of the counts behind effects, and the decimals of each that is linear in them."""
    tied = _tied(tables["matching"])
    known = replace(behind, told=told(behind.cells, behind.counts, behind.roles, tied, _start(behind.cells, card)))
    table = tables["estimates"]
    asked = table[(whole_rows(table) | event_rows(table)) & table["estimate"].notna()]
    order = asked["role"].map(IMPORTANT).fillna(len(IMPORTANT)).argsort(kind="stable")
    rows = [(row, form_of(row, known.told)) for row in asked.iloc[order].itertuples() if _may(row, known)]
    return replace(known, levels=form_levels([(row, form) for row, form in rows if form], known.told, behind.profile))


def _start(cells: pd.DataFrame, card: Card) -> int:
    """The time that changes count from."""
    if card.base_month is not None:
        at = cells.loc[cells["month"].eq(month_number(card.base_month)), "event_time"].dropna()
        return int(at.iloc[0]) if len(at) else 0
    return card.base_period or 0


def _tied(matching: pd.DataFrame) -> frozenset[int]:
    """Sizes that both arms have because each treated person has one partner."""
    same = matching["n_treated_matched"].eq(matching["n_comparison_matched"]).fillna(False).astype(bool)
    return frozenset(int(size) for size in matching.loc[same & matching["ratio"].eq(1), "n_treated_matched"])


def treated_estimates(table: pd.DataFrame, behind: Behind) -> pd.DataFrame:
    """The table of estimates with each effect as it may stand, and sizes of whole groups as published."""
    numbers = table.astype(dict.fromkeys([*OF_EFFECTS, *SIZES_TOLD], "float64"))
    whole, events = whole_rows(table), event_rows(table)
    sizes = {}
    for name in ROLES:
        arm = behind.roles.get(name)
        found = [published_size(behind, arm, n) for n in table[f"n_{name}"]]
        sizes[f"n_{name}"] = whole_numbers([n if here else math.nan for n, here in zip(found, whole, strict=True)])
    effects = numbers[list(OF_EFFECTS)].to_dict("records")
    rows = zip(table.itertuples(), effects, whole | events, strict=True)
    shown = [shown_effect(one, effect_decimals(row, behind) if here else None, row.df) for row, one, here in rows]
    numbers[list(OF_EFFECTS)] = np.reshape(shown, (-1, len(OF_EFFECTS)))
    words = {"convention": None, "reason": [slug(text) for text in table["reason"]]}
    return numbers.assign(**dict.fromkeys(SIZES_TOLD, np.nan), **words, **sizes)


def effect_decimals(row: Any, behind: Behind) -> int | None:
    """How many decimals an effect on the whole groups may have; None: it is hidden. Negative: tens, hundreds (amounts).

    `row` has the estimate, n_treated and n_comparison as they are, the outcome, the horizon (months) or time since the
    start, df, and for amounts the standard error.
    """
    if not _may(row, behind):
        return None
    if _amount(row, behind):
        return _amount_decimals(row)
    form = form_of(row, behind.told)
    if form is not None:
        most = behind.levels.get(form)
        return None if most is None else min(most, _by_size(row))
    beside = [level for one, level in behind.levels.items() if (one.outcome, one.time) == (row.outcome, time_of(row))]
    return min([2 if level is None else level for level in beside] + [_by_size(row)])


def _by_size(row: Any) -> int:
    return 3 if min(getattr(row, f"n_{name}") for name in ROLES) >= MANY else 2


def _may(row: Any, behind: Behind) -> bool:
    """Whether an effect may stand at all."""
    if any(getattr(row, name, None) == what for name, what in RECEIVED.items()):
        return False
    true = [getattr(row, f"n_{name}") for name in ROLES]
    in_time = pd.notna(getattr(row, "event_time", pd.NA))
    arms = [behind.roles.get(name) for name in ROLES]
    sizes = true if in_time else [published_size(behind, arm, n) for arm, n in zip(arms, true, strict=True)]
    # A comparison that is False where the number is missing.
    if any(pd.isna(sizes)) or not min(sizes) >= max(behind.profile.persons_per_arm, 2 * behind.profile.threshold):
        return False
    df = getattr(row, "df", math.nan)
    if pd.notna(df) and df < behind.profile.residual_df:
        return False
    return _outcome_may(row.outcome, [time_of(row), 0, behind.told.start], behind)


def _outcome_may(outcome: str, times: list[Any], behind: Behind) -> bool:
    """Whether the published counts behind an effect could stand for no small one; the first of `times` is that of the
    effect; the start and month zero are not in every design."""
    if pd.isna(times[0]) or any(name not in behind.roles for name in ROLES):
        return False
    arms = {behind.roles[name] for name in ROLES}
    found = {time: [row for row in behind.by_time.get((outcome, int(time)), []) if row.arm in arms] for time in times}
    if {row.arm for row in found[times[0]]} != arms:
        return False
    rows = [row for own in found.values() for row in own]
    return all(_far(row, behind) if row.binary else _nobody_stands_out(row) for row in rows)


def _far(row: Any, behind: Behind) -> bool:
    """Whether neither those with the outcome nor those without could be few, by what is published."""
    counts, profile = behind.counts[row.arm], behind.profile
    size, yes = counts.size(int(row.n)), counts.yes(int(row.n), round(row.sum_y))
    margin = profile.threshold - 1 + 2 * ((profile.base or 1) - 1)
    return bool(yes > margin and size - yes > margin)


def _nobody_stands_out(row: Any) -> bool:
    """A delivery that does not say so keeps its amounts to itself."""
    said = getattr(row, "dominated", None)
    return said is not None and not pd.isna(said) and not said


def _amount(row: Any, behind: Behind) -> bool:
    return row.outcome in behind.amounts


def _amount_decimals(row: Any) -> int | None:
    """Decimals by which the standard error has two digits; without an error nothing says how exact the amount is."""
    error = getattr(row, "std_error", math.nan)
    return None if pd.isna(error) or not 0 < error < math.inf else 1 - math.floor(math.log10(error))


def shown_effect(values: Mapping[str, float], decimals: int | None, df: float = math.nan) -> np.ndarray:
    """Estimate, standard error, p-value and interval (by those names, of the same effect) as they may stand."""
    if decimals is None:
        return np.full(len(values), np.nan)
    true = {name: float(values.get(name, math.nan)) for name in OF_EFFECTS}
    estimate, error = round(true["estimate"], decimals), _digits(true["std_error"])
    made = {"estimate": estimate, "std_error": error, "p_value": _p_value(true, estimate, error, df)}
    for name, sign in (("conf_low", -1), ("conf_high", 1)):
        # Equal distances are rounded alike, whatever their last digits.
        distance = round(round(sign * (true[name] - true["estimate"]), 9), decimals)
        made[name] = _same_side(round(estimate + sign * distance, decimals), true[name], 10.0**-decimals)
    return np.array([made[name] for name in values.keys()])  # noqa: SIM118 - a row of a table iterates over values


def _same_side(end: float, true: float, unit: float) -> float:
    """The end of an interval on the side of zero on which it is: which side is what the verdicts say anyway."""
    return end if not math.isfinite(true) or true == 0 or end * true > 0 else math.copysign(unit, true)


def _p_value(true: Mapping[str, float], estimate: float, error: float, df: float) -> float:
    """From what is printed, where it follows from that; on the true side of the usual limit, as the verdicts are."""
    p = true["p_value"]
    if not math.isfinite(p) or not error > 0 or pd.isna(df) or not df > 0:
        return _digits(p)
    if abs(_two_sided(true["estimate"] / true["std_error"], df) - p) > 1e-6:
        return _digits(p)
    found = _digits(_two_sided(estimate / error, df))
    return found if (found < SIGNIFICANT) == (p < SIGNIFICANT) else (0.049 if p < SIGNIFICANT else SIGNIFICANT)


def _two_sided(ratio: float, df: float) -> float:
    tail = scipy.stats.norm.sf(abs(ratio)) if math.isinf(df) else scipy.stats.t.sf(abs(ratio), df)
    return float(2 * tail)


def _digits(value: float, digits: int = 2) -> float:
    return float(f"{value:.{digits}g}") if math.isfinite(value) else math.nan
