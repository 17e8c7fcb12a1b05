"""The plan: the part of a card that fixes the analysis, its hash, and the lock that freezes it."""

from pathlib import Path
from typing import Any

from analysis.cards import Card, analysis_part
from analysis.files import read_json, write_json
from analysis.problems import Problem, ProblemsFound
from analysis.provenance import canonical_digest

# Data on persons, Norwegian or not, are not analysed before the plan is fixed.
LOCKED_KINDS = ("restricted", "open")


def plan_hash(card: Card) -> str:
    """SHA-256 over the analysis part of the card, defaults included."""
    return canonical_digest(analysis_part(card))


def lock_path(card_path: str | Path) -> Path:
    """``plan.lock`` beside the card."""
    return Path(card_path).parent / "plan.lock"


def write_lock(card: Card, path: str | Path, *, date: str, version: str) -> None:
    """Freeze the plan: its hash, the date (YYYY-MM-DD), the version of the pipeline, and the plan in full."""
    plan = analysis_part(card)
    write_json(path, {"plan_hash": canonical_digest(plan), "locked": date, "version": version, "plan": plan})


def read_lock(card: Card, path: str | Path | None) -> dict[str, Any] | None:
    """The lock of a cohort, or None where none is needed and none is there; an empty `path` means there is none.

    Raises ProblemsFound for data on persons without a lock: nothing is estimated before the plan is fixed.
    """
    if path and Path(path).is_file():
        return read_json(path)
    if card.data_kind in LOCKED_KINDS:
        what = "planen er ikke låst, og ingenting anslås før den er det."
        problem = Problem("plan.lock", what, "Kjør: make plan-lock COHORT=...")
        raise ProblemsFound("Analyseplanen mangler lås.", [problem])
    return None


def deviations(card: Card, lock: dict[str, Any] | None) -> list[str]:
    """Names of the keys that differ from the locked plan; empty without a lock or without changes."""
    if lock is None or lock["plan_hash"] == plan_hash(card):
        return []
    now, then = analysis_part(card), lock["plan"]
    # A key that only the lock has counts too: the pipeline may have lost it since.
    return [key for key in {**now, **then} if now.get(key) != then.get(key)]
