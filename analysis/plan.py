"""The plan: the part of a card that fixes the analysis, its hash, and the lock that freezes it."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.cards import ANALYSIS_KEYS, LATER_KEYS, Card, analysis_part
from analysis.files import read_json, write_json
from analysis.nationalid import reads_as_id
from analysis.problems import Problem, ProblemsFound
from analysis.provenance import canonical_digest

# Data on persons, Norwegian or not, are not analysed before the plan is fixed.
LOCKED_KINDS = ("restricted", "open")


def plan_hash(card: Card) -> str:
    """SHA-256 over the analysis part of the card, defaults included."""
    return canonical_digest(analysis_part(card))


def seed_of(card: Card) -> int:
    """The seed of all that is drawn, from the plan: another plan, another seed.

    The first 8 hex digits of its hash; or the next number that nobody can take for a national identity number.
    """
    first = int(plan_hash(card)[:8], 16)
    return next(seed for seed in itertools.count(first) if not reads_as_id(str(seed)))


def lock_path(card_path: str | Path) -> Path:
    """``plan.lock`` beside the card."""
    return Path(card_path).parent / "plan.lock"


def write_lock(card: Card, path: str | Path, *, date: str, version: str) -> None:
    """Freeze the plan: its hash, the date (YYYY-MM-DD), the version of the pipeline, and the plan in full."""
    plan = analysis_part(card)
    write_json(path, {"plan_hash": canonical_digest(plan), "locked": date, "version": version, "plan": plan})


def read_lock(card: Card, path: str | Path | None, *, cohort: str = "...") -> dict[str, Any] | None:
    """The lock of a cohort, or None where none is needed and none is there; an empty `path` means there is none.

    Raises ProblemsFound as `require_lock` does.
    """
    lock = read_json(path) if path and Path(path).is_file() else None
    require_lock(card, lock, cohort=cohort)
    return lock


def require_lock(card: Card, lock: dict[str, Any] | None, *, cohort: str = "...") -> None:
    """Stop before outcomes of persons are matched, described or estimated while the plan is not fixed.

    `cohort` stands in the command that mends it. Raises ProblemsFound for data on persons without a lock.
    """
    if lock is None and card.data_kind in LOCKED_KINDS:
        what = "planen er ikke låst, og ingenting anslås før den er det."
        mend = f"Kjør: make plan-lock COHORT={cohort} (eller prøv alt med skjult fordeling: make blind COHORT={cohort})"
        raise ProblemsFound("Analyseplanen mangler lås.", [Problem("plan.lock", what, mend)])


def deviations(card: Card, lock: dict[str, Any] | None) -> list[str]:
    """Names of the keys that differ from the locked plan; empty without a lock or without changes."""
    if lock is None or lock["plan_hash"] == plan_hash(card):
        return []
    now, then = analysis_part(card), lock["plan"]
    # A key that only the lock has counts too: the pipeline may have lost it since.
    return [key for key in {**now, **then} if now.get(key) != then.get(key)]


def planned_card(card: Card, lock: dict[str, Any]) -> Card:
    """The card with the analysis that was locked; keys that the plan does not mention are at their default.

    Raises pydantic's ValidationError where the locked plan is no longer one that a card can hold.
    """
    whole = card.model_dump(mode="json")
    rest = {key: value for key, value in whole.items() if key not in (*ANALYSIS_KEYS, *LATER_KEYS)}
    return Card.model_validate(rest | lock["plan"])


def deviating(cards: Mapping[str, Card], folder: str | Path) -> list[str]:
    """Cohorts under `folder` whose card differs from its lock: those whose planned analysis is run beside."""
    found = []
    for name, card in cards.items():
        path = lock_path(Path(folder) / name / "cohort.yaml")
        if path.is_file() and deviations(card, read_json(path)):
            found.append(name)
    return found
