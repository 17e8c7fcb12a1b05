"""How sure we are, and which words that allows.

The grade starts from the design (GRADE: randomised high, others low) and goes down a step for each failed check, never
below very low. Each step is about execution, indirectness or imprecision. The level of the verb gate follows from the
design, its checks and the grade, not from the number.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from analysis.cards import Card
from analysis.checks import Check
from analysis.maryland import Maryland, maryland

GRADES = ("very_low", "low", "moderate", "high")
# A cohort that estimates no effect has no evidence to grade.
UNGRADED = "none"
RANDOMISED = ("cluster_randomised", "individually_randomised")
# What a step down is about, in the order of the report. A limitation says it itself; other checks are about execution.
DOMAINS = ("execution", "indirectness", "imprecision")
ABOUT_PRECISION = ("imprecision", "no_estimate", "few_treated_offices", "effective_sample", "permutation")
# A difference-in-differences may be worded as one only if these were made and hold; a check nobody made is not passed.
DID_GATE = {
    "matched_did": ("balance", "lost_treated", "effective_sample", "placebo"),
    "staggered_did": ("placebo",),
}
# Where these fail, groups that adopted at different times moved apart for other reasons: what is left is to describe.
TRENDS = ("placebo", "pre_trends")
# Nor if the answer moves with a choice that could have been made otherwise.
STABLE = ("spread", "choices", "family")
# What a series of counts needs to be more than before and after beside others.
SERIES_GATE = ("placebo",)
# One group compared with others that were found for it: adjusted at best, and only if all of these were made and hold.
EXTERNAL_GATE = ("balance", "lost_treated", "effective_sample", "common_support")
VERB_LEVELS = ("randomised", "did_checked", "adjusted", "description", "exposures")


@dataclass(frozen=True)
class Step:
    """A failed check, the steps down that it takes, and what it is about (DOMAINS)."""

    check: str
    down: int
    domain: str


@dataclass(frozen=True)
class Grade:
    """`grade` of GRADES or UNGRADED, `start` before any step, `steps` down, `verbs` of VERB_LEVELS.

    `held_back`: what keeps a difference-in-differences from being worded as one: checks of its gate, or `very_low`.
    """

    grade: str
    start: str
    steps: tuple[Step, ...]
    verbs: str
    maryland: Maryland | None = None
    held_back: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "steps": [asdict(step) for step in self.steps], "held_back": list(self.held_back)}


def grade(card: Card, checks: Iterable[Check]) -> Grade:
    """Evidence grade, Maryland level and verb level of a cohort from its design and checks."""
    checks = list(checks)
    found, missing = _place(card, checks), gate_missing(card, checks)
    steps = _steps(card, checks)
    execution = sum(step.down for step in steps if step.domain == "execution")
    return Grade(
        grade=found,
        start=_start(card),
        steps=steps,
        verbs=verb_level(card, checks),
        maryland=maryland(card, execution_steps=execution, gate_missing=missing),
        held_back=_held_back(found, missing) if card.design in DID_GATE else (),
    )


def ungraded(verbs: str = "description") -> Grade:
    """What stands in the place of a grade where no effect was estimated; the words are those of a description."""
    return Grade(UNGRADED, UNGRADED, (), verbs)


def execution_steps(card: Card, checks: Iterable[Check]) -> int:
    """Steps down that the checks take for execution."""
    return sum(step.down for step in _steps(card, checks) if step.domain == "execution")


def verb_level(card: Card, checks: Iterable[Check]) -> str:
    """Which row of the glossary's verb gate applies."""
    checks = list(checks)
    if card.design in RANDOMISED:
        return "randomised"
    missing = gate_missing(card, checks)
    if card.design == "single_arm":
        return "description" if missing else "adjusted"
    if card.design == "staggered_did" and any(check.name in TRENDS and not check.passed for check in checks):
        return "description"
    if card.design in DID_GATE:
        return "adjusted" if _held_back(_place(card, checks), missing) else "did_checked"
    return "exposures" if card.design == "exposures" else "description"


def gate_missing(card: Card, checks: Iterable[Check]) -> tuple[str, ...]:
    """Checks of the design's gate that were not made or do not hold, and choices that the answer depends on."""
    checks = list(checks)
    held = {check.name for check in checks if check.passed}
    if card.design == "single_arm":
        return tuple(name for name in EXTERNAL_GATE if name not in held)
    gate = SERIES_GATE if card.design == "aggregated_series" else DID_GATE.get(card.design, ())
    moves = tuple(check.name for check in checks if check.name in STABLE and not check.passed)
    return (*(name for name in gate if name not in held), *(moves if card.design in DID_GATE else ()))


def _held_back(found: str, missing: tuple[str, ...]) -> tuple[str, ...]:
    return (*missing, "very_low") if found == "very_low" else missing


def _start(card: Card) -> str:
    return "high" if card.design in RANDOMISED else "low"


def _place(card: Card, checks: Iterable[Check]) -> str:
    return GRADES[max(0, GRADES.index(_start(card)) - sum(step.down for step in _steps(card, checks)))]


def _steps(card: Card, checks: Iterable[Check]) -> tuple[Step, ...]:
    failed = (check for check in checks if not check.passed and check.downgrade)
    return tuple(Step(check.name, check.downgrade, _domain(card, check.name)) for check in failed)


def _domain(card: Card, name: str) -> str:
    if name.startswith("limitation_"):
        wanted = name.removeprefix("limitation_")
        return next(item.domain for item in card.limitations if item.id == wanted)
    return "imprecision" if name in ABOUT_PRECISION else "execution"
