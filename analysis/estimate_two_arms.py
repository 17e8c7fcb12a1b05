"""Estimates from rounded shares of two groups: every integer table that fits the print, and what each would give."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card, TwoArms
from analysis.enumeration import COUNTS, FIGURES, FollowUp, ranges, table_inference
from analysis.exact_difference import chan_zhang
from analysis.fitting_tables import LISTED, Fitting, PrintedOdds, fitting_tables, known_arm_tables, odds_ratio_tables
from analysis.months import month_number
from analysis.proportions import wilson
from analysis.published import Figures
from analysis.tables import FEW_OFFICES, MAIN, RANGES, SCENARIOS, cluster_spec

# The exact interval takes a tenth of a second for two arms of 40 and minutes for two of a thousand, where the score
# interval is as good.
EXACT_CELLS = 25_000
EXACT_TABLES = 5
GROUPS = ("month", "inference", "icc", "size_cv", "offices")


@dataclass(frozen=True)
class TwoArmResult:
    """Rows of the estimates table, inference per listed table, its spread, and persons per arm where one split fits."""

    rows: list[dict[str, Any]]
    scenarios: pd.DataFrame
    ranges: pd.DataFrame
    arm_sizes: dict[str, int]


def two_arm_result(card: Card, figures: Figures) -> TwoArmResult:
    """Everything that rounded shares of two groups carry, under the card's assumption and with each date alone."""
    plan, listed = card.published.two_arms, {}
    for scope, same_persons in (("as_assumed", plan.same_persons), ("each_date_alone", False)):
        listed[scope] = _fitting(card, figures, same_persons=same_persons)
    both = {scope: _inference(card, found.tables, plan) for scope, found in listed.items()}
    spread = [_spread(both[scope], found).assign(scope=scope) for scope, found in listed.items()]
    return TwoArmResult(
        list(_rows(card, figures, both["as_assumed"])),
        _scenarios(both),
        pd.concat(spread, ignore_index=True)[list(RANGES)].astype(RANGES),
        _arm_sizes(card, listed["as_assumed"].tables),
    )


def _fitting(card: Card, figures: Figures, *, same_persons: bool) -> Fitting:
    """The tables that fit what the source prints: the total alone, the size of each group, or an odds ratio too."""
    plan, stated = card.published.two_arms, figures.two_arms
    visits = [
        FollowUp(visit.date, figures.value(visit.treated), figures.value(visit.comparison))
        for visit in stated.follow_ups
    ]
    total = int(figures.value(stated.total))
    if stated.arms is None:
        return _fitting_total(card, total, visits, same_persons=same_persons, counted=stated.counted)
    sizes = [int(figures.value(name)) for name in (stated.arms.treated, stated.arms.comparison)]
    if stated.counted == "all":
        return known_arm_tables(*sizes, visits, rounding=plan.rounding)
    return _together([_fitting_most(sizes, visit, figures, place, plan.rounding) for place, visit in enumerate(visits)])


def _fitting_total(card: Card, total: int, visits: list[FollowUp], *, same_persons: bool, counted: str) -> Fitting:
    """Tables of the total, or of every number from the card's least part of it up to all of it."""
    plan = card.published.two_arms
    offices = (card.assignment.offices_treated, card.assignment.offices_comparison, *plan.hidden_offices)
    fewest = total if counted == "all" else int(np.ceil(plan.min_counted_share * total))
    found = []
    for number in range(fewest, total + 1):
        # An office has at least one person, so an arm is no smaller than its offices.
        least = max(*(count or 1 for count in offices), int(np.ceil(plan.min_arm_share * number)))
        options = {"rounding": plan.rounding, "min_arm": least, "same_persons": same_persons}
        found.append(fitting_tables(number, visits, **options))
    return found[0] if len(found) == 1 else _together(found)


def _fitting_most(sizes: list[int], visit: FollowUp, figures: Figures, place: int, rounding: str) -> Fitting:
    """Tables of at most these sizes at one date; a printed odds ratio must fit too."""
    stated = figures.two_arms.follow_ups[place].odds_ratio
    if stated is None:
        pairs = [(n1, n2) for n1 in range(1, sizes[0] + 1) for n2 in range(1, sizes[1] + 1)]
        return _together([known_arm_tables(n1, n2, [visit], rounding=rounding) for n1, n2 in pairs])
    odds = PrintedOdds(*(figures.value(name) for name in (stated.estimate, stated.low, stated.high)))
    return odds_ratio_tables(*sizes, visit, odds, rounding=rounding)


def _together(found: list[Fitting]) -> Fitting:
    """Several lists of tables as one, numbered anew in their order; a month's tables are those of all lists."""
    count: dict[str, int] = {}
    frames, last = [], 0
    for fitting in found:
        for month, number in fitting.count.items():
            count[month] = count.get(month, 0) + number
        frames.append(fitting.tables.assign(table=fitting.tables["table"] + last))
        last += int(fitting.tables["table"].max()) if len(fitting.tables) else 0
    tables = pd.concat(frames, ignore_index=True)
    complete = all(fitting.complete for fitting in found) and sum(count.values()) <= LISTED
    return Fitting(count, tables, complete)


def _inference(card: Card, tables: pd.DataFrame, plan: TwoArms) -> pd.DataFrame:
    """Every inference on every table; without p-values when few offices were given the intervention.

    A p-value that ignores offices would stand alone, and one that counts them rests on a handful of them. Where the
    source has no number of offices, those that the card assumes take their place, each beside the other.
    """
    known = (card.assignment.offices_treated, card.assignment.offices_comparison)
    clustered = None not in known and len(plan.icc) > 0
    level = card.inference.level
    found = table_inference(
        tables,
        level=level,
        offices_treated=known[0] if clustered else None,
        offices_comparison=known[1] if clustered else None,
        iccs=plan.icc if clustered else (),
        size_cvs=plan.size_cv,
    ).assign(offices=pd.NA)
    assumed = [] if clustered else [_assumed_offices(tables, plan, count, level) for count in plan.hidden_offices]
    found = pd.concat([found, *assumed, _exact(tables, level)], ignore_index=True)
    found = found.sort_values(["table", "month"], kind="stable", ignore_index=True)
    return found.assign(statistic=float("nan"), p_value=float("nan")) if _few_offices(card) else found


def _assumed_offices(tables: pd.DataFrame, plan: TwoArms, count: int, level: float) -> pd.DataFrame:
    """The intervals and p-values if each group belonged to `count` equally large offices."""
    offices = {"offices_treated": count, "offices_comparison": count}
    found = table_inference(tables, level=level, iccs=plan.icc, **offices)
    return found[found["inference"] == "cluster_t"].assign(offices=count)


def _exact(tables: pd.DataFrame, level: float) -> pd.DataFrame:
    """Chan and Zhang's exact interval of each table, where the groups are small and the tables few."""
    distinct = tables[list(COUNTS)].drop_duplicates()
    cells = (distinct["n_treated"] + 1) * (distinct["n_comparison"] + 1)
    if len(distinct) > EXACT_TABLES or (cells > EXACT_CELLS).any():
        return pd.DataFrame()
    rows = []
    for row in distinct.itertuples():
        found = chan_zhang(row.k_treated, row.n_treated, row.k_comparison, row.n_comparison, level=level)
        ends = {"estimate": found.estimate, "conf_low": found.low, "conf_high": found.high}
        rows.append({**{name: getattr(row, name) for name in COUNTS}, **ends, "inference": found.method})
    return tables.merge(pd.DataFrame(rows, columns=[*COUNTS, "estimate", "conf_low", "conf_high", "inference"]))


def _spread(inference: pd.DataFrame, found: Fitting) -> pd.DataFrame:
    """How far each quantity moves over the listed tables, and how many fit in all."""
    frame = ranges(inference, by=GROUPS)
    return frame.assign(n_fitting=frame["month"].map(found.count), listed="all" if found.complete else "ends")


def _scenarios(both: dict[str, pd.DataFrame]) -> pd.DataFrame:
    frames = [frame.assign(scope=scope) for scope, frame in both.items()]
    whole = pd.concat(frames, ignore_index=True)
    return whole.reindex(columns=list(SCENARIOS)).astype(SCENARIOS)


def _arm_sizes(card: Card, tables: pd.DataFrame) -> dict[str, int]:
    """Persons per arm if only one split fits the print; nobody knows them otherwise."""
    splits = tables[["n_treated", "n_comparison"]].drop_duplicates()
    if len(splits) != 1:
        return {}
    treated, comparison = splits.iloc[0]
    return {card.arm("treated").id: int(treated), card.arm("comparison").id: int(comparison)}


def _few_offices(card: Card) -> bool:
    offices = card.assignment.offices_treated
    return card.assignment.unit != "person" and offices is not None and offices < card.checks.few_treated_offices


def _rows(card: Card, figures: Figures, inference: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of the estimates table: per date, the difference by each inference, and the share of each arm."""
    start = month_number(card.time_zero.month) if card.time_zero.month else None
    for place, visit in enumerate(figures.two_arms.follow_ups):
        at = inference[inference["month"] == visit.date]
        horizon = visit.horizon if visit.month is None else month_number(visit.month) - (start or 0)
        base = {"outcome": figures.two_arms.outcome, "horizon_months": horizon}
        if at["table"].nunique() != 1:
            yield {**base, **_not_unique(at, "secondary" if place else "primary")}
            continue
        for _, row in at.iterrows():
            yield {**base, **_difference_row(card, row, main="secondary" if place else "primary")}
        yield from ({**base, **row} for row in _share_rows(card, at.iloc[0]))


def _not_unique(at: pd.DataFrame, role: str) -> dict[str, Any]:
    """No or several tables fit: the number keeps its row, and says why it is empty."""
    reason = "several_tables_fit" if len(at) else "no_table_fits"
    return {
        "estimator": "difference_in_shares",
        "scale": "difference",
        "term": "risk_difference",
        "role": role,
        "status": "not_estimated",
        "reason": reason,
    }


def _difference_row(card: Card, row: pd.Series, *, main: str) -> dict[str, Any]:
    """One inference on the one table. Newcombe's interval needs no assumption on offices and carries the headline."""
    clustered = row["inference"] == "cluster_t"
    return {
        "estimator": "difference_in_shares",
        "group": "all",
        "scale": "difference",
        "term": "risk_difference",
        **{name: row[name] for name in FIGURES},
        "inference": row["inference"],
        "cluster_level": "office" if clustered else "none",
        "convention": _convention(row) if clustered else None,
        "base_rate": row["k_comparison"] / row["n_comparison"],
        "n_treated": row["n_treated"],
        "n_comparison": row["n_comparison"],
        "role": main if row["inference"] == "newcombe" else "sensitivity",
        "spec": _spec(row) if clustered else MAIN,
        "reason": FEW_OFFICES if _few_offices(card) else None,
    }


def _spec(row: pd.Series) -> str:
    """Name of a scenario with offices; the number of them stands in it only where it is assumed."""
    named = cluster_spec(row["icc"], row["size_cv"])
    return named if pd.isna(row["offices"]) else f"offices={row['offices']};{named}"


def _convention(row: pd.Series) -> str:
    return f"design effect 1+((1+cv^2)n/offices-1)ICC per arm, unpooled, t({row['df']:.0f})"


def _share_rows(card: Card, row: pd.Series) -> Iterator[dict[str, Any]]:
    """The share of each arm with Wilson's interval."""
    for role in ("treated", "comparison"):
        interval = wilson(int(row[f"k_{role}"]), int(row[f"n_{role}"]), level=card.inference.level)
        yield {
            "estimator": "share",
            "group": card.arm(role).id,
            "scale": "share",
            "term": "share",
            "estimate": interval.estimate,
            "conf_low": interval.low,
            "conf_high": interval.high,
            "inference": "wilson",
            "cluster_level": "none",
            "role": "secondary",
            "spec": MAIN,
            f"n_{role}": row[f"n_{role}"],
        }
