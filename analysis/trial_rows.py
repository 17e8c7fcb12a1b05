"""Rows of the estimates table for a trial that drew offices: what stands in each, whatever inference it has."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.outcomes import load_outcomes
from analysis.problems import ProblemsFound
from analysis.tables import FEW_OFFICES
from analysis.trial_people import People
from analysis.trials.found import Found
from analysis.trials.icc import Icc
from analysis.trials.instrument import InstrumentFound
from analysis.trials.permutation import PermutationFound

# Tests by the draw itself: they hold however few offices there are (design.md 4).
BY_LOT = ("permutation", "anderson_rubin", "holm")
CLUSTER = "office"
NO_BOUND = "nothing_is_ruled_out"


def common(card: Card, people: People, outcome: str, horizon: int) -> dict[str, Any]:
    """What all rows of one outcome at one horizon share."""
    share = load_outcomes()[outcome].kind == "share"
    arm = people.arm
    return {
        "estimand": card.estimand.quantity,
        "outcome": outcome,
        "horizon_months": horizon,
        "scale": "difference",
        "term": "risk_difference" if share else "mean_difference",
        "cluster_level": CLUSTER,
        "base_rate": float(people.y[~arm].mean()) if (~arm).any() else None,
        **people.counts(),
    }


def found_row(shared: Mapping[str, Any], found: Found, **named: Any) -> dict[str, Any]:
    """The row of one inference; `named` holds estimator, spec and role."""
    numbers = {name: _or_none(getattr(found, name)) for name in ("estimate", "std_error", "statistic", "p_value")}
    low, high = _or_none(found.low), _or_none(found.high)
    row = {**shared, **numbers, "conf_low": low, "conf_high": high, "inference": found.inference}
    # Degrees of freedom may be infinite (normal); a bound that is, rules nothing out and is none.
    told = f"G={found.clusters}"
    convention = found.convention if told in found.convention else f"{found.convention}, {told}"
    row |= {"df": None if np.isnan(found.df) else found.df, "convention": convention}
    if np.isinf([found.low, found.high]).any():
        row |= {"conf_low": None, "conf_high": None, "reason": NO_BOUND}
    if isinstance(found, PermutationFound | InstrumentFound):
        row["df"] = found.n_allocations
    return row | named


def instrument_rows(shared: Mapping[str, Any], found: InstrumentFound) -> Iterator[dict[str, Any]]:
    """The effect of getting it, and how far the draw moved who got it. Both are secondary: they rest on more."""
    named = {"estimator": "instrument", "spec": "delivery", "role": "secondary"}
    row = found_row(shared, found, **named, estimand="cace")
    if found.shape != "interval":
        row |= {"conf_low": None, "conf_high": None, "reason": f"set_{found.shape}"}
    yield row
    moved = {"estimate": found.delivery, "p_value": found.delivery_p, "conf_low": None, "conf_high": None}
    convention, df = row["convention"], row["df"]
    base = {**shared, **moved, "base_rate": None, "inference": "permutation", "convention": convention, "df": df}
    yield base | {**named, "term": "delivery"}


def icc_rows(shared: Mapping[str, Any], found: Icc) -> Iterator[dict[str, Any]]:
    """The intraclass correlation with its interval, and the design effect that follows."""
    base = {**shared, "estimand": "icc", "estimator": found.method, "spec": "main", "role": "secondary"}
    base |= {"base_rate": None, "convention": f"within arms, G={found.clusters}"}
    bounds = {"conf_low": _or_none(found.low), "conf_high": _or_none(found.high), "inference": found.interval}
    value = {"estimate": _or_none(found.value), "scale": "correlation", "term": "icc", **bounds}
    effect = {"estimate": _or_none(found.design_effect), "scale": "ratio", "term": "design_effect", "inference": "none"}
    for row in (value, effect):
        missing = {"status": "not_estimated", "reason": "too_little_to_tell"} if row["estimate"] is None else {}
        yield base | row | missing


def holm_rows(rows: Iterable[Mapping[str, Any]], adjusted: np.ndarray) -> Iterator[dict[str, Any]]:
    """The permutation rows of the family with adjusted p-values."""
    rows = list(rows)
    for row, p in zip(rows, adjusted, strict=True):
        own = {"inference": "holm", "p_value": _or_none(p), "conf_low": None, "conf_high": None}
        yield {**row, **own, "convention": f"Holm over {len(rows)} permutation tests", "role": "secondary"}


def missing_row(shared: Mapping[str, Any], reason: str, **named: Any) -> dict[str, Any]:
    """The row of a number that could not be worked out."""
    return {**shared, **named, "status": "not_estimated", "reason": reason}


def reason_of(error: ProblemsFound) -> str:
    """What is wrong, in a line."""
    return "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)


def without_asymptotics(card: Card, rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """With fewer treated offices than the card's limit only the draw itself gives a p-value (design.md 4)."""
    for row in rows:
        few = row.get("n_offices_treated", 0) < card.checks.few_treated_offices
        blank = few and row.get("p_value") is not None and row["inference"] not in BY_LOT
        yield {**row, **({"p_value": None, "statistic": None, "reason": FEW_OFFICES} if blank else {})}


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
