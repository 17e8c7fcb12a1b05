"""The table of costs of one cohort, from its released estimates and the assumptions of its card.

It holds nothing that the released estimates do not: under a profile that treats numbers it is made of treated ones.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.card_cost import Cost
from analysis.cards import Card
from analysis.cost import (
    ACCOUNTS,
    CONSTANT,
    NO_EFFECT,
    PUBLIC,
    SOCIETY,
    Answer,
    Assumptions,
    Effect,
    account_at,
    account_of,
    break_even,
    discounted_months,
    further_cost,
    moved,
    participant_costs,
    per_million,
    per_person,
)
from analysis.files import read_csv, read_json, write_csv
from analysis.headline import decisive_row
from analysis.outcomes import load_outcomes
from analysis.results import TEXT_COLUMNS
from analysis.tables import COST, COST_TABLE

# Why no effect is used.
NO_ESTIMATE, NO_INTERVAL, OTHER_OUTCOME, NO_COMPARISON = (
    *("no_estimate", "no_interval"),
    *("other_outcome", "no_comparison_group"),
)
NOK, MONTHS, PERSONS, SHARE, COUNT, YEAR = "NOK", "months", "persons", "share", "count", "year"
UNITS = {
    **dict.fromkeys(("caseload_treated", "caseload_comparison"), "users_per_adviser"),
    **dict.fromkeys(("months_treated", "months_comparison", "effect_months", "half_life"), MONTHS),
    **dict.fromkeys(("tax_share", "leisure_share", "discount_rate", "tax_cost"), SHARE),
    **dict.fromkeys(("adviser_year", "other_treated", "other_comparison", "work_month", "benefit_month"), NOK),
}
# What a participant costs depends on these alone, and so does what a further person in work costs.
OF_PARTICIPANT = (
    *("adviser_year", "caseload_treated", "caseload_comparison"),
    *("months_treated", "months_comparison", "other_treated", "other_comparison"),
)
# Names of what the sensitivity is about, beside the accounts.
PARTICIPANT, PER_PERSON, EFFECT = "participant", "per_person", "effect"
ESTIMATE, LOW, HIGH = "estimate", "low", "high"
Row = dict[str, Any]


def cost_table(card: Card, estimates: pd.DataFrame) -> pd.DataFrame:
    """Columns COST; no rows for a card without `cost`."""
    rows = [] if card.cost is None else list(_rows(card, card.cost, estimates))
    return pd.DataFrame(rows, columns=list(COST)).astype(COST)


def write_cost(folder: str | Path) -> None:
    """Read a cohort's review folder and write its table of costs there."""
    folder = Path(folder)
    card = Card.model_validate(read_json(folder / "cohort.json")["card"])
    estimates = read_csv(folder / "estimates.csv", text=TEXT_COLUMNS)
    write_csv(cost_table(card, estimates), folder / f"{COST_TABLE}.csv")


def effect_of(card: Card, estimates: pd.DataFrame) -> tuple[Effect | None, str | None]:
    """The difference in the share in work that decides (`headline.decisive_row`), or why there is none to use."""
    row = decisive_row(card, estimates)
    if row is None:
        return None, NO_ESTIMATE
    if not load_outcomes()[row["outcome"]].is_share_in_work:
        return None, OTHER_OUTCOME
    if row["scale"] != "difference":
        return None, NO_COMPARISON
    if pd.isna(row["conf_low"]) or pd.isna(row["conf_high"]):
        return None, NO_INTERVAL
    return Effect(float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"])), None


def _rows(card: Card, cost: Cost, estimates: pd.DataFrame) -> Iterator[Row]:
    given = Assumptions(**{name: item.value for name, item in cost.assumptions().items()})
    effect, reason = effect_of(card, estimates)
    yield from _stated(cost)
    yield from _participant(given)
    if effect is None:
        yield {"quantity": PER_PERSON, "unit": NOK, "status": NO_EFFECT, "reason": reason}
    else:
        yield from _of_effect(given, effect)
    yield from _sensitivity(given, effect, _ranges(cost))


def _stated(cost: Cost) -> Iterator[Row]:
    """What the card assumes, and how much of it has a source."""
    found = cost.assumptions()
    yield {"quantity": "price_year", "value": cost.price_year, "unit": YEAR}
    sourced = sum(item.source is not None for item in found.values())
    for bound, value in (("sourced", sourced), ("all", len(found))):
        yield {"quantity": "assumptions", "bound": bound, "value": value, "unit": COUNT}
    for name, item in found.items():
        for bound, value in ((ESTIMATE, item.value), (LOW, item.low), (HIGH, item.high)):
            if value is not None:
                place = {"assumption": name, "bound": bound, "unit": UNITS[name], "status": item.certainty}
                yield {"quantity": "assumption", **place, "value": value}


def _participant(given: Assumptions) -> Iterator[Row]:
    treated, comparison = participant_costs(given)
    for group, value in (("treated", treated), ("comparison", comparison), ("difference", treated - comparison)):
        yield {"quantity": PARTICIPANT, "group": group, "value": value, "unit": NOK}


def _of_effect(given: Assumptions, effect: Effect) -> Iterator[Row]:
    """What the difference costs and is worth."""
    cost = further_cost(given)
    interval = {"value": effect.estimate, "conf_low": effect.low, "conf_high": effect.high}
    yield {"quantity": EFFECT, **interval, "unit": SHARE}
    yield {"quantity": PER_PERSON, "unit": NOK, **_told(per_person(cost, effect))}
    yield {"quantity": "per_million", "unit": PERSONS, **_told(per_million(cost, effect))}
    if given.work_month is None:
        return
    for variant in given.variants():
        months = discounted_months(given, given.effect_months, variant)
        ends = {"value": effect.estimate * months, "conf_low": effect.low * months, "conf_high": effect.high * months}
        yield {"quantity": "work_months", "variant": variant, **ends, "unit": MONTHS}
        for account in ACCOUNTS:
            place = {"quantity": "account", "account": account, "variant": variant}
            yield {**place, "unit": NOK, **_told(account_of(given, effect, account, variant))}
    for account in (SOCIETY, PUBLIC):
        for variant in given.variants():
            for bound, tau in ((ESTIMATE, effect.estimate), (LOW, effect.low), (HIGH, effect.high)):
                place = {"quantity": "break_even", "account": account, "variant": variant, "bound": bound}
                yield {**place, "unit": MONTHS, **_told(break_even(given, tau, account, variant))}


def _told(answer: Answer) -> Row:
    return {"value": answer.value, "conf_low": answer.low, "conf_high": answer.high, "status": answer.status}


def _ranges(cost: Cost) -> dict[str, tuple[float, float]]:
    return {name: (item.low, item.high) for name, item in cost.assumptions().items() if item.low is not None}


def _sensitivity(given: Assumptions, effect: Effect | None, ranges: dict[str, tuple[float, float]]) -> Iterator[Row]:
    """One assumption at a time at the ends of its range, the widest first: a participant's further cost, the cost per
    further person in work, and society's account with a difference that lasts unchanged, where the ends of the
    difference's own interval are set beside the assumptions."""
    own = {name: ends for name, ends in ranges.items() if name in OF_PARTICIPANT}
    found = {name: [further_cost(moved(given, name, end)) for end in ends] for name, ends in own.items()}
    yield from _by_span(PARTICIPANT, None, found)
    if effect is None:
        return
    for name in _widest_first(found):
        for bound, cost in zip((LOW, HIGH), found[name], strict=True):
            place = {"quantity": "sensitivity", "account": PER_PERSON, "assumption": name, "bound": bound}
            yield {**place, "unit": NOK, **_told(per_person(cost, effect))}
    if given.work_month is None:
        return
    society = {
        name: [account_at(moved(given, name, end), effect.estimate, SOCIETY, CONSTANT) for end in ends]
        for name, ends in ranges.items()
        if name != "half_life"
    }
    society[EFFECT] = [account_at(given, end, SOCIETY, CONSTANT) for end in (effect.low, effect.high)]
    yield from _by_span(SOCIETY, CONSTANT, society)


def _widest_first(found: dict[str, list[float]]) -> list[str]:
    """By span to the nearest øre, for what moves nothing differs in the last bits."""
    return sorted(found, key=lambda name: (-round(abs(found[name][1] - found[name][0]), 2), name))


def _by_span(account: str, variant: str | None, found: dict[str, list[float]]) -> Iterator[Row]:
    for name in _widest_first(found):
        for bound, value in zip((LOW, HIGH), found[name], strict=True):
            place = {"quantity": "sensitivity", "account": account, "variant": variant, "assumption": name}
            yield {**place, "bound": bound, "value": value, "unit": NOK}
