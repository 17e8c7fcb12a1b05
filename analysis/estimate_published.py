"""Estimates from published figures: every integer table that fits the print, and what each of them would give."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cards import Card, SingleArm, TwoArms
from analysis.enumeration import FIGURES, FollowUp, ranges, table_inference, two_arm_tables
from analysis.months import month_number
from analysis.proportions import clopper_pearson, jeffreys, wilson, wilson_effective
from analysis.published import Figures, stated_attrition
from analysis.results import estimates
from analysis.tables import FEW_OFFICES, MAIN, RANGES, SCENARIOS, cluster_spec


@dataclass(frozen=True)
class PublishedResult:
    """`estimates` per design.md; `scenarios`: a row per table, month and inference; `ranges`: their spread."""

    estimates: pd.DataFrame
    scenarios: pd.DataFrame
    ranges: pd.DataFrame
    attrition: pd.DataFrame


def estimate_published(card: Card, figures: Figures, **identity: str) -> PublishedResult:
    """Everything that the published figures of a cohort carry. `identity` holds cohort, plan_hash and run_id."""
    common = {
        **identity,
        "data_kind": card.data_kind,
        "design": card.design,
        "estimand": card.estimand.quantity,
        "conf_level": card.inference.level,
        "n_offices_treated": card.assignment.offices_treated,
        "n_offices_comparison": card.assignment.offices_comparison,
    }
    if figures.two_arms is not None:
        return _two_arms(card, figures, common)
    return _single_arm(card, figures, common)


def _two_arms(card: Card, figures: Figures, common: dict[str, Any]) -> PublishedResult:
    plan, stated = card.published.two_arms, figures.two_arms
    total = int(figures.value(stated.total))
    follow_ups = [
        FollowUp(visit.month, figures.value(visit.treated), figures.value(visit.comparison))
        for visit in stated.follow_ups
    ]
    offices = (card.assignment.offices_treated, card.assignment.offices_comparison)
    # An office has at least one person, so an arm is no smaller than its offices.
    options = {"rounding": plan.rounding, "min_arm": max(count or 1 for count in offices)}
    joint = two_arm_tables(total, follow_ups, same_persons=plan.same_persons, **options)
    alone = two_arm_tables(total, follow_ups, same_persons=False, **options)
    both = {
        scope: _inference(card, tables, plan, offices)
        for scope, tables in (("as_assumed", joint), ("each_date_alone", alone))
    }
    spread = [ranges(frame).assign(scope=scope) for scope, frame in both.items()]
    rows = list(_two_arm_rows(card, figures, both["as_assumed"]))
    return PublishedResult(
        estimates(rows, **common),
        _scenarios(both),
        pd.concat(spread, ignore_index=True)[list(RANGES)].astype(RANGES),
        stated_attrition(card, figures, _arm_sizes(card, joint)),
    )


def _inference(card: Card, tables: pd.DataFrame, plan: TwoArms, offices: tuple[int | None, int | None]) -> pd.DataFrame:
    """Every inference on every table; without p-values when few offices were given the intervention.

    A p-value that ignores offices would then stand alone, and one that counts them rests on a handful of them.
    """
    clustered = None not in offices and len(plan.icc) > 0
    found = table_inference(
        tables,
        level=card.inference.level,
        offices_treated=offices[0] if clustered else None,
        offices_comparison=offices[1] if clustered else None,
        iccs=plan.icc if clustered else (),
        size_cvs=plan.size_cv,
    )
    return found.assign(statistic=float("nan"), p_value=float("nan")) if _few_offices(card) else found


def _few_offices(card: Card) -> bool:
    offices = card.assignment.offices_treated
    return card.assignment.unit != "person" and offices is not None and offices < card.checks.few_treated_offices


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


def _two_arm_rows(card: Card, figures: Figures, inference: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of the estimates table: per date, the difference by each inference, and the share of each arm."""
    start = month_number(card.time_zero.month) if card.time_zero.month else None
    for place, visit in enumerate(figures.two_arms.follow_ups):
        at = inference[inference["month"] == visit.month]
        horizon = month_number(visit.month) - start if start is not None else None
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
        "spec": cluster_spec(row["icc"], row["size_cv"]) if clustered else MAIN,
        "reason": FEW_OFFICES if _few_offices(card) else None,
    }


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


def _single_arm(card: Card, figures: Figures, common: dict[str, Any]) -> PublishedResult:
    n = int(figures.value(figures.single_arm.denominator))
    rows = []
    for outcome in figures.single_arm.outcomes:
        k = sum(int(figures.value(name)) for name in outcome.numerators)
        main = "primary" if outcome.outcome == card.outcomes.primary else "secondary"
        rows += [{**row, "outcome": outcome.outcome} for row in _share_variants(card, k, n, main=main)]
    scenarios, spread = (pd.DataFrame(columns=list(kinds)).astype(kinds) for kinds in (SCENARIOS, RANGES))
    sizes = {card.arm("treated").id: n}
    return PublishedResult(estimates(rows, **common), scenarios, spread, stated_attrition(card, figures, sizes))


def _share_variants(card: Card, k: int, n: int, *, main: str) -> Iterator[dict[str, Any]]:
    """Wilson as the headline, two other exact and Bayesian intervals, and Wilson on the effective n per assumption."""
    plan, level = card.published.single_arm, card.inference.level
    base = {
        "estimator": "share",
        "group": card.arm("treated").id,
        "scale": "share",
        "term": "share",
        "estimate": k / n,
        "n_treated": n,
        "cluster_level": "none",
        "spec": MAIN,
    }
    for name, function in (("wilson", wilson), ("clopper_pearson", clopper_pearson), ("jeffreys", jeffreys)):
        interval = function(k, n, level=level)
        role = main if name == "wilson" else "sensitivity"
        yield {**base, "inference": name, "role": role, "conf_low": interval.low, "conf_high": interval.high}
    yield from _hidden_office_rows(plan, base, k, n, level)


def _hidden_office_rows(
    plan: SingleArm, base: dict[str, Any], k: int, n: int, level: float
) -> Iterator[dict[str, Any]]:
    for offices in plan.hidden_offices:
        for icc in plan.icc:
            interval = wilson_effective(k, n, offices=offices, icc=icc, level=level)
            yield {
                **base,
                "inference": "wilson_effective_n",
                "cluster_level": "office",
                "convention": "n/(1+(n/K-1)ICC)",
                "role": "sensitivity",
                "spec": f"offices={offices};icc={icc:g}",
                "conf_low": interval.low,
                "conf_high": interval.high,
            }
