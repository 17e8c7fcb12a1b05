"""Rows of the estimates table from figures that carry no comparison: two dates, shares of other studies, or nothing."""

from collections.abc import Iterator
from typing import Any

from analysis.cards import Card
from analysis.consistency import printed_bounds
from analysis.enumeration import count_range
from analysis.proportions import wilson
from analysis.published import Figures
from analysis.series.two_points import TwoPoints, two_points
from analysis.tables import MAIN

# Why a cohort has no estimate, by the part of published.yaml; the row is kept, and the reason is told.
REASONS = {"exposures": "exposures_only", "no_figures": "no_figures", "benchmarks": "benchmarks_only"}
CHANGE = {"estimator": "printed_change", "scale": "change", "term": "change_in_share", "group": "all"}


def empty_rows(card: Card, figures: Figures) -> list[dict[str, Any]]:
    """The one row of a cohort without an estimate: no number, and the reason."""
    outcome = figures.no_figures.outcome if figures.no_figures is not None else None
    return [
        {
            "outcome": outcome,
            "scale": card.estimand.scale,
            "role": "primary",
            "status": "not_estimated",
            "reason": REASONS[figures.part],
        }
    ]


def two_point_rows(card: Card, figures: Figures) -> list[dict[str, Any]]:
    """The printed shares, their difference, how far rounding moves it, and what numbers behind them would give."""
    stated = figures.two_points
    printed = {"before": figures.value(stated.before), "after": figures.value(stated.after)}
    shares = {name: float(text) / 100 for name, text in printed.items()}
    decimals = min(len(text.partition(".")[2]) for text in printed.values())
    found = two_points(shares["before"], shares["after"], level=card.inference.level, printed_decimals=decimals)
    others = {f"other_{place}": figures.value(other.share) for place, other in enumerate(stated.others)}
    rows = [_share_row(name, float(text) / 100) for name, text in (printed | others).items()]
    rows += [
        {**CHANGE, "estimate": found.difference, "inference": "none", "role": "primary", "spec": MAIN},
        {**_bounds(found.difference, found.low, found.high), "conf_level": None},
        *_sizes(found),
    ]
    return [{**row, "outcome": stated.outcome, "cluster_level": "none"} for row in rows]


def _share_row(group: str, share: float) -> dict[str, Any]:
    base = {"estimator": "printed_share", "group": group, "scale": "share", "term": "share"}
    return {**base, "estimate": share, "inference": "none", "role": "secondary", "spec": MAIN}


def _bounds(difference: float, low: float, high: float) -> dict[str, Any]:
    """What rounding of the print leaves open; no confidence interval."""
    ends = {"conf_low": low, "conf_high": high}
    return {**CHANGE, "estimate": difference, **ends, "inference": "rounding", "role": "sensitivity", "spec": MAIN}


def _sizes(found: TwoPoints) -> Iterator[dict[str, Any]]:
    """The interval that each number of persons per date would give, and the number from which it excludes zero."""
    base = {**CHANGE, "estimate": found.difference, "inference": "newcombe_paired", "role": "sensitivity"}
    for row in found.table.itertuples():
        spec = f"{row.scenario};n={row.n}"
        yield {**base, "spec": spec, "n_treated": row.n, "conf_low": row.low, "conf_high": row.high}
    for scenario, n in found.needed_n.items():
        yield {**base, "spec": f"{scenario};needed", "n_treated": n}


def benchmark_rows(card: Card, figures: Figures) -> list[dict[str, Any]]:
    """One row per share of another study, with Wilson's interval where the persons behind it are known."""
    return [
        *empty_rows(card, figures),
        *(_benchmark_row(card, figures, place) for place in range(len(figures.benchmarks))),
    ]


def _benchmark_row(card: Card, figures: Figures, place: int) -> dict[str, Any]:
    stated = figures.benchmarks[place]
    percent = figures.value(stated.share)
    low, high = printed_bounds(percent, "percent")
    row = {
        "estimator": "printed_share",
        "group": stated.id,
        "scale": "share",
        "term": "share",
        "estimate": float((low + high) / 200),
        "inference": "none",
        "role": "benchmark",
        "spec": MAIN,
    }
    if stated.persons is None:
        return row
    n = int(figures.value(stated.persons))
    fewest, most = count_range(n, percent)
    if fewest > most:
        return {**row, "n_treated": n, "reason": "no_table_fits"}
    ends = [wilson(k, n, level=card.inference.level) for k in (fewest, most)]
    return {**row, "n_treated": n, "inference": "wilson", "conf_low": ends[0].low, "conf_high": ends[1].high}
