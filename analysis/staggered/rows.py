"""Rows of the table of estimates (design.md, contracts) from the result of a staggered analysis."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.months import month_text
from analysis.staggered.inference import FEW_TREATED, ONE_OFFICE, Uncertainty
from analysis.staggered.parameters import ATT_GT, COUNTS
from analysis.staggered.regressions import Regression, convention_rows
from analysis.staggered.result import StaggeredResult
from analysis.tables import FEW_OFFICES

ESTIMATOR = "callaway_santanna"


def to_rows(result: StaggeredResult, *, primary: str | None = "simple", spec: str = "main") -> Iterator[dict[str, Any]]:
    """A row per estimate under the headline inference, and per aggregate under every other one.

    `primary` names the term whose headline row has the role primary. `group` is the adoption month, or the month of
    a calendar aggregate; the base month stands in `convention`. Effects that could not be estimated have a row too.
    """
    for name in result.names():
        found = result.uncertainty(name)
        for r, estimated in enumerate(result.table.to_dict("records")):
            if name == result.headline or estimated["term"] != ATT_GT:
                yield {
                    **_identity(result, estimated, spec),
                    **uncertain(found, r),
                    "cluster_level": found.cluster_level,
                    "convention": found.convention + _base(estimated),
                    "role": _role(result, estimated, name, primary),
                }
    yield from _resampled_rows(result, spec)
    yield from _omitted_rows(result, spec)


def regression_rows(found: Regression, *, outcome: str, level: float = 0.95, spec: str = "main") -> Iterator[dict]:
    """Rows of a two-way fixed effects regression, a benchmark under each convention."""
    for row in convention_rows(found, level=level).to_dict("records"):
        dynamic = found.event_times is not None
        base = f"; base month {found.reference}" if dynamic else ""
        yield {
            **row,
            "convention": row["convention"] + base,
            "estimand": "none",
            "estimator": "twfe_event_study" if dynamic else "twfe_static",
            "outcome": outcome,
            "scale": "difference",
            "term": "dynamic" if dynamic else "coefficient",
            "conf_level": level,
            "cluster_level": "office",
            "role": "benchmark",
            "spec": spec,
        }


def _identity(result: StaggeredResult, estimated: dict[str, Any], spec: str) -> dict[str, Any]:
    month = estimated["month"] if estimated["term"] == "calendar" else estimated["group"]
    return {
        "estimand": "att",
        "estimator": ESTIMATOR,
        "outcome": result.outcome,
        "group": None if pd.isna(month) else month_text(int(month)),
        "event_time": estimated["event_time"],
        "scale": "difference",
        "term": estimated["term"],
        "estimate": estimated["estimate"],
        "base_rate": estimated["base_rate"],
        **{name: estimated[name] for name in COUNTS},
        "spec": spec,
    }


def uncertain(found: Uncertainty, r: int) -> dict[str, Any]:
    """The columns of a row that tell how sure its estimate, number `r`, is."""
    return {
        "std_error": found.std_error[r],
        "df": found.df,
        "statistic": found.statistic[r],
        "p_value": found.p_value[r],
        "conf_low": found.conf_low[r],
        "conf_high": found.conf_high[r],
        "conf_level": found.conf_level,
        "inference": found.inference,
        "reason": found.reason[r] or None,
    }


def _base(estimated: dict[str, Any]) -> str:
    event = estimated["base_event_time"]
    return "" if pd.isna(event) else f"; base month {int(event)}"


def _role(result: StaggeredResult, estimated: dict[str, Any], name: str, primary: str | None) -> str:
    if name != result.headline:
        return "sensitivity"
    return "primary" if estimated["term"] == primary else "secondary"


def _resampled_rows(result: StaggeredResult, spec: str) -> Iterator[dict[str, Any]]:
    """Rows of aggregates; group-time effects have the permutation where they have no asymptotic p-value."""
    reasons = result.uncertainty().reason
    for r, estimated in enumerate(result.table.to_dict("records")):
        # The base month itself is 0 by construction, so nothing can be resampled.
        if not result.sums[:, r].any():
            continue
        makers = (_permuted,) if reasons[r] == ONE_OFFICE else (_permuted, _flipped, _banded)
        if estimated["term"] == ATT_GT:
            makers = (_permuted,) if reasons[r] else ()
        for found in (make(result, r) for make in makers):
            if found is not None:
                found["convention"] += _base(estimated)
                yield {**_identity(result, estimated, spec), **found, "role": "sensitivity", "cluster_level": "office"}


def _permuted(result: StaggeredResult, r: int) -> dict[str, Any] | None:
    """A p-value when adoption was drawn by lot; otherwise the rank, of `df` assignments, and no p-value."""
    found = result.permutation
    if found is None or np.isnan(found.share[r]):
        return None
    how = "all assignments of dates to offices" if found.enumerated else f"drawn assignments, seed {found.seed}"
    row = {"inference": found.name, "statistic": found.rank[r], "df": float(found.n)}
    row["convention"] = f"rank among {found.n}, {how}"
    return row | ({"p_value": found.share[r]} if found.name == "permutation" else {})


def _flipped(result: StaggeredResult, r: int) -> dict[str, Any] | None:
    found = result.sign_flip
    if found is None or np.isnan(found.p_value[r]):
        return None
    how = "all" if found.enumerated else f"drawn, seed {found.seed}"
    offices = result.table["n_offices_treated"].iloc[r]
    row = {"inference": "sign_flip", "convention": f"score sign flips, {found.flips} {how}, G={len(result.offices)}"}
    few = not pd.isna(offices) and offices < FEW_TREATED
    return row | ({"reason": FEW_OFFICES} if few else {"p_value": found.p_value[r]})


def _banded(result: StaggeredResult, r: int) -> dict[str, Any] | None:
    found = result.bands
    if found is None or np.isnan(found.std_error[r]):
        return None
    return {
        "inference": "multiplier_band",
        "std_error": found.std_error[r],
        "conf_low": found.conf_low[r],
        "conf_high": found.conf_high[r],
        "conf_level": found.conf_level,
        "convention": f"{found.multipliers}, {found.draws} draws, seed {found.seed}, {found.critical[r]:.4f} se",
    }


def _omitted_rows(result: StaggeredResult, spec: str) -> Iterator[dict[str, Any]]:
    for lost in result.omitted.to_dict("records"):
        yield {
            "estimand": "att",
            "estimator": ESTIMATOR,
            "outcome": result.outcome,
            "group": month_text(int(lost["group"])),
            "event_time": int(lost["month"]) - int(lost["group"]),
            "scale": "difference",
            "term": ATT_GT,
            "role": "secondary",
            "spec": spec,
            "status": "not_estimated",
            "reason": lost["reason"],
        }
