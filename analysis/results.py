"""The one table of estimates: a row per number, whatever the design.

Shares are 0–1, amounts in the outcome's own unit, months relative to time zero. A number that could not be
estimated keeps its row, with `status` and `reason`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

TEXT, NUMBER, COUNT = "str", "float64", "Int64"

COLUMNS: dict[str, str] = {
    "cohort": TEXT,
    "data_kind": TEXT,
    "design": TEXT,
    "estimand": TEXT,
    "estimator": TEXT,
    "outcome": TEXT,
    "horizon_months": COUNT,
    "group": TEXT,
    "event_time": COUNT,
    "scale": TEXT,
    "term": TEXT,
    "estimate": NUMBER,
    "std_error": NUMBER,
    "df": NUMBER,
    "statistic": NUMBER,
    "p_value": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "conf_level": NUMBER,
    "inference": TEXT,
    "cluster_level": TEXT,
    "convention": TEXT,
    "base_rate": NUMBER,
    "n_treated": COUNT,
    "n_comparison": COUNT,
    "n_offices_treated": COUNT,
    "n_offices_comparison": COUNT,
    "role": TEXT,
    "spec": TEXT,
    "status": TEXT,
    "reason": TEXT,
    "plan_hash": TEXT,
    "run_id": TEXT,
}
IDENTITY = (
    "cohort",
    "estimand",
    "estimator",
    "outcome",
    "horizon_months",
    "group",
    "event_time",
    "scale",
    "term",
    "inference",
    "convention",
    "role",
    "spec",
)
ROLES = ("primary", "secondary", "sensitivity", "benchmark")
STATUSES = ("estimated", "not_estimated")
TEXT_COLUMNS = tuple(name for name, kind in COLUMNS.items() if kind == TEXT)


def estimates(rows: Iterable[Mapping[str, Any]], **common: Any) -> pd.DataFrame:
    """Build the table from rows; `common` fills columns that are the same in all of them.

    Unknown columns, unknown roles and two rows with the same identity are programming errors and raise
    ValueError.
    """
    frame = pd.DataFrame([{"status": "estimated", **common, **row} for row in rows])
    unknown = sorted(set(frame.columns) - set(COLUMNS))
    if unknown:
        raise ValueError(f"unknown estimate columns: {unknown}")
    frame = frame.reindex(columns=list(COLUMNS)).astype(COLUMNS)
    _refuse(set(frame["role"].dropna()) - set(ROLES), "role")
    _refuse(set(frame["status"].dropna()) - set(STATUSES), "status")
    twice = frame.duplicated(list(IDENTITY), keep=False)
    if twice.any():
        raise ValueError(
            f"estimate rows with the same identity: {frame.loc[twice, list(IDENTITY)].to_dict('records')[:2]}"
        )
    return frame


def _refuse(values: set, column: str) -> None:
    if values:
        raise ValueError(f"unknown {column}: {sorted(values)}")


def estimate_id(row: Mapping[str, Any]) -> str:
    """Ten hex digits that name a row by what it is, not by where it stands or what it is worth."""
    parts = ["" if pd.isna(row[name]) else str(row[name]) for name in IDENTITY]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]
