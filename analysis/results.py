"""The one table of estimates: a row per number, whatever the design.

Shares are 0–1, amounts in the outcome's own unit, months relative to time zero. A number that could not be
estimated keeps its row, with `status` and `reason`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from analysis.tables import COUNT, ESTIMATES, TEXT

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
TEXT_COLUMNS = tuple(name for name, kind in ESTIMATES.items() if kind == TEXT)


def estimates(rows: Iterable[Mapping[str, Any]], **common: Any) -> pd.DataFrame:
    """Build the table from rows; `common` fills columns that are the same in all of them.

    Unknown columns, unknown roles and two rows with the same identity are programming errors and raise
    ValueError.
    """
    frame = pd.DataFrame([{"status": "estimated", **common, **row} for row in rows])
    unknown = sorted(set(frame.columns) - set(ESTIMATES))
    if unknown:
        raise ValueError(f"unknown estimate columns: {unknown}")
    frame = frame.reindex(columns=list(ESTIMATES)).astype(ESTIMATES)
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
    """Ten hex digits that name a row by what it is, not by where it stands or what it is worth.

    The same for a row in memory and for that row read back from a file, where a count may have become a float.
    """
    parts = [_identity_part(name, row[name]) for name in IDENTITY]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def _identity_part(name: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    return str(int(value)) if ESTIMATES[name] == COUNT else str(value)
