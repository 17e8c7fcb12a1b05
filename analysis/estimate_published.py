"""Estimates from published figures: what each part of published.yaml carries, and an empty row where nothing does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.estimate_single_arm import single_arm_rows
from analysis.estimate_stated import benchmark_rows, empty_rows, two_point_rows
from analysis.estimate_two_arms import two_arm_result
from analysis.moderators import published_moderators
from analysis.published import Figures, stated_attrition
from analysis.results import estimates
from analysis.tables import RANGES, SCENARIOS


@dataclass(frozen=True)
class PublishedResult:
    """`estimates` per design.md; `scenarios`: a row per table, month and inference; `ranges`: their spread.

    `attrition` is the flow as the source tells it, and `moderators` the counts of a source of exposures.
    """

    estimates: pd.DataFrame
    scenarios: pd.DataFrame
    ranges: pd.DataFrame
    attrition: pd.DataFrame
    moderators: pd.DataFrame


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
    moderators = published_moderators(figures)
    if figures.two_arms is not None:
        found = two_arm_result(card, figures)
        flow = stated_attrition(card, figures, found.arm_sizes)
        return PublishedResult(estimates(found.rows, **common), found.scenarios, found.ranges, flow, moderators)
    scenarios, spread = (pd.DataFrame(columns=list(kinds)).astype(kinds) for kinds in (SCENARIOS, RANGES))
    rows = ROWS[figures.part](card, figures)
    flow = stated_attrition(card, figures, *_stated_sizes(card, figures))
    return PublishedResult(estimates(rows, **common), scenarios, spread, flow, moderators)


def _stated_sizes(card: Card, figures: Figures) -> tuple[dict[str, int], dict[str, int]]:
    """Persons and offices by arm, as far as the source has them."""
    treated = card.arm("treated").id
    if figures.single_arm is not None:
        return {treated: int(figures.value(figures.single_arm.denominator))}, {}
    if figures.exposures is not None:
        count = {treated: int(figures.value(figures.exposures.total))}
        return (count, {}) if figures.exposures.unit == "person" else ({}, count)
    arms = figures.no_figures.persons if figures.no_figures is not None else None
    if arms is None:
        return {}, {}
    return {card.arm(role).id: int(figures.value(getattr(arms, role))) for role in ("treated", "comparison")}, {}


ROWS: dict[str, Callable[[Card, Figures], list[dict[str, Any]]]] = {
    "single_arm": single_arm_rows,
    "two_points": two_point_rows,
    "exposures": empty_rows,
    "no_figures": empty_rows,
    "benchmarks": benchmark_rows,
}
