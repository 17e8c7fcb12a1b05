"""From restricted numbers to numbers that may be shown: one treatment per disclosure profile.

The profile `open` passes published figures, openly licensed microdata and synthetic data unchanged, with its reason.
Cards of restricted data cannot choose it. Under the others every table is treated or withheld
(analysis/disclosure/release_tables.py), and the verdicts of the checks stand without their numbers.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, from_records
from analysis.disclosure.behind import SLUG
from analysis.disclosure.declared import Declared
from analysis.disclosure.profiles import PROFILES_FILE, Profile, profile, profile_problems, read_profiles
from analysis.disclosure.release_tables import treated
from analysis.files import read_parquet, write_csv, write_json
from analysis.findings import stop_at_errors
from analysis.plan import deviations, plan_hash
from analysis.problems import Problem, ProblemsFound
from analysis.provenance import run_id
from analysis.release_cells import headline_from_cells
from analysis.tables import RELEASED

OPEN_KINDS = ("published", "open", "synthetic")
OPEN = "open"
KEY_FILE = "rounding.key"
# Verdicts without numbers, and those whose sentence stands in the card.
TREATED_TEXT, CARD_TEXT = "check.treated", "check.limitation"
# Less than any third decimal.
FINE = 1e-6


@dataclass(frozen=True)
class Released:
    """Treated tables by name, the ledger entry (profile, reason, and what was done to each table), and under a profile
    that treats them the published counts as declared."""

    tables: dict[str, pd.DataFrame]
    ledger: dict[str, Any]
    declared: Declared | None = None


def release(
    card: Card,
    tables: Mapping[str, pd.DataFrame],
    *,
    key: bytes | None = None,
    cohort: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
) -> Released:
    """Treat every table of a cohort by its card's profile; a table holds the columns of its contract and, where it is
    treated, one for what was done. `key`: the secret of the cohort (`rounding_key`), needed by a profile that treats;
    `cohort`: the name of its folder, by which the ledger of releases knows it; `profiles`: those of the configuration.

    Raises ProblemsFound where the profile may not be used, and where the delivery has an error that the card does not
    accept (`findings`, as `findings_table` gives it).
    """
    if card.disclosure.profile != OPEN:
        known = read_profiles(PROFILES_FILE) if profiles is None else profiles
        return _treated(card, tables, known, key=key, cohort=cohort)
    if card.data_kind not in OPEN_KINDS:
        what = f"profilen {card.disclosure.profile} gjelder ikke for data av typen {card.data_kind}."
        raise ProblemsFound("Ingenting er frigitt.", [Problem("disclosure.profile", what, "Velg en annen profil.")])
    if "findings" in tables:
        stop_at_errors(tables["findings"])
    treated = {name: _columns(tables.get(name), columns) for name, columns in RELEASED.items()}
    actions = {name: {"rows": len(frame), "changed": 0, "hidden": 0} for name, frame in treated.items()}
    reason = card.disclosure.reason.model_dump(exclude_none=True)
    return Released(treated, {"profile": card.disclosure.profile, "reason": reason, "tables": actions})


def _treated(
    card: Card,
    tables: Mapping[str, pd.DataFrame],
    profiles: Mapping[str, Profile],
    *,
    key: bytes | None,
    cohort: str | None,
) -> Released:
    chosen = profile(profiles, card.disclosure.profile, method=card.disclosure.method)
    problems = profile_problems(card.data_kind, chosen)
    if problems:
        raise ProblemsFound("Ingenting er frigitt.", problems)
    if not key:
        raise ValueError("a profile that treats needs the secret key of the cohort")
    if "findings" in tables:
        stop_at_errors(tables["findings"])
    found = treated(card, tables, chosen, key=key, cohort=cohort)
    clean = {name: _columns(frame, tuple(frame.columns)) for name, frame in found.tables.items()}
    rule = _rule(chosen, clean["estimates"])
    reason = card.disclosure.reason.model_dump(exclude_none=True)
    ledger = {"profile": chosen.key, "reason": reason, "tables": found.actions, "rule": rule}
    ledger["from_cells"] = headline_from_cells(card, clean)
    return Released(clean, ledger, found.declared)


def _rule(chosen: Profile, estimates: pd.DataFrame) -> dict[str, Any]:
    """What a reader is told of the profile, and how far a number of the headline can have been moved.

    The distance itself would tell the true number. The ends of an interval are as far from the printed estimate as from
    the true one, both rounded (analysis/disclosure/effect_rules.py), so that each is moved by two roundings at most.
    """
    primary = estimates.loc[estimates["role"].eq("primary"), ["estimate", "conf_low", "conf_high"]].astype("float64")
    # A third decimal that is 0 looks like a number of two: more than it was moved, never less.
    fine = (primary.sub(primary.round(2)).abs() > FINE).any(axis=None)
    unit = 0.001 if fine else 0.01
    told = ("method", "threshold", "base", "sign", "zeros_words")
    counts = {"rounding": (chosen.base or 1) - 1, "redact_and_round": (chosen.base or 1) // 2}.get(chosen.method, 0)
    moved = {"count": counts, "difference": unit / 2, "interval": unit}
    return {**{name: getattr(chosen, name) for name in told}, "moved": moved}


def rounding_key(folder: str | Path) -> bytes:
    """The secret of a cohort that decides which way counts are rounded; made once, in its restricted folder, and
    readable by its owner alone."""
    path = Path(folder) / KEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()


def treated_checks(record: Mapping[str, Any]) -> dict[str, Any]:
    """The verdicts without the numbers behind them: names, verdicts and steps down, and the card's own limitations."""
    return {**record, "checks": [asdict(_without_numbers(check)) for check in from_records(record["checks"])]}


def _without_numbers(check: Check) -> Check:
    names = {name: value for name, value in check.values.items() if isinstance(value, str) and SLUG.fullmatch(value)}
    text = check.text_id if check.text_id == CARD_TEXT else TREATED_TEXT
    return Check(check.name, check.verdict, text, downgrade=check.downgrade, values=names)


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
    digests: Mapping[str, Any],
) -> dict[str, Any]:
    """Where the numbers come from: run, plan, its lock and deviations, input and code digests, and the ledger entry.

    `digests`: of the code of release (`code`) and of estimates (`estimated`), of the `lock` of packages, and by name of
    each of the `modules` behind the numbers and of the `settings`.
    """
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
    folder: Path,
    card: Card,
    released: Released,
    checks: Any,
    origin: Mapping[str, Any],
    figures: Mapping[str, Any],
    translations: Mapping[str, Any] | None = None,
    checklist: Mapping[str, Any] | None = None,
) -> None:
    """Write a cohort's treated numbers and what a report needs to word them."""
    if "rule" in released.ledger:
        checks = treated_checks(checks)
    for name, frame in released.tables.items():
        write_csv(frame, folder / f"{name}.csv")
    beside = {"translations": dict(translations or {}), "checklist": dict(checklist or {})}
    about = {"card": card.model_dump(mode="json"), "figures": dict(figures), **beside}
    write_json(folder / "cohort.json", about)
    write_json(folder / "checks.json", checks)
    write_json(folder / "provenance.json", origin)
