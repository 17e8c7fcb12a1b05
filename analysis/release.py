"""From restricted numbers to numbers that may be shown: one treatment per disclosure profile.

The profile `open` passes published figures, openly licensed microdata and synthetic data unchanged, with its reason.
Cards of restricted data cannot choose it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.files import read_parquet, write_csv, write_json
from analysis.findings import stop_at_errors
from analysis.plan import deviations, plan_hash
from analysis.problems import Problem, ProblemsFound
from analysis.provenance import run_id
from analysis.tables import RELEASED

OPEN_KINDS = ("published", "open", "synthetic")


@dataclass(frozen=True)
class Released:
    """Treated tables by name, and the ledger entry: profile, reason, and what was done to each table."""

    tables: dict[str, pd.DataFrame]
    ledger: dict[str, Any]


def release(card: Card, tables: Mapping[str, pd.DataFrame]) -> Released:
    """Treat every table of a cohort by its card's profile; a table holds the columns of its contract and no others.

    Raises ProblemsFound where the profile may not be used, and where the delivery has an error that the card does not
    accept (`findings`, as `findings_table` gives it).
    """
    if card.data_kind not in OPEN_KINDS:
        what = f"profilen {card.disclosure.profile} gjelder ikke for data av typen {card.data_kind}."
        raise ProblemsFound("Ingenting er frigitt.", [Problem("disclosure.profile", what, "Velg en annen profil.")])
    if "findings" in tables:
        stop_at_errors(tables["findings"])
    treated = {name: _columns(tables.get(name), columns) for name, columns in RELEASED.items()}
    actions = {name: {"rows": len(frame), "changed": 0, "hidden": 0} for name, frame in treated.items()}
    reason = card.disclosure.reason.model_dump(exclude_none=True)
    return Released(treated, {"profile": card.disclosure.profile, "reason": reason, "tables": actions})


def unreleased(tables: Mapping[str, pd.DataFrame]) -> Released:
    """The tables as they would be released, with nothing done to them: for a rehearsal that never leaves its folder."""
    return Released({name: _columns(tables.get(name), columns) for name, columns in RELEASED.items()}, {})


def _columns(table: pd.DataFrame | None, columns: tuple[str, ...]) -> pd.DataFrame:
    """These columns of a table, or a table of no rows; a text of no letters is missing."""
    if table is None:
        return pd.DataFrame(columns=list(columns))
    found = table[list(columns)]
    return found.assign(**{name: found[name].replace("", None) for name in found.select_dtypes("str")})


def read_tables(paths: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The restricted tables among `paths` that are released, by name."""
    return {name: read_parquet(paths[name]) for name in RELEASED if name in paths.keys()}  # noqa: SIM118 - Snakemake's


def provenance(
    card: Card,
    released: Released,
    inputs: Mapping[str, str],
    lock: Mapping[str, Any] | None,
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """Where the numbers come from: run, plan, its lock and deviations, input and code digests, and the ledger entry."""
    runs = list(released.tables["estimates"]["run_id"].unique())
    if not runs and {"estimated", "lock"} <= digests.keys():
        # Nothing was estimated that could carry the stamp; it is made of the same parts.
        runs = [run_id(inputs=inputs, plan=plan_hash(card), code=digests["estimated"], lock=digests["lock"])]
    return {
        "run_id": str(runs[0]) if runs else None,
        "plan_hash": plan_hash(card),
        "plan_locked": None if lock is None else lock["locked"],
        "deviations": deviations(card, lock),
        "inputs": dict(inputs),
        "digests": dict(digests),
        "disclosure": released.ledger,
    }


def write_release(
    folder: Path, card: Card, released: Released, checks: Any, origin: Mapping[str, Any], figures: Mapping[str, Any]
) -> None:
    """Write a cohort's treated numbers and what a report needs to word them."""
    for name, frame in released.tables.items():
        write_csv(frame, folder / f"{name}.csv")
    write_json(folder / "cohort.json", {"card": card.model_dump(mode="json"), "figures": dict(figures)})
    write_json(folder / "checks.json", checks)
    write_json(folder / "provenance.json", origin)
