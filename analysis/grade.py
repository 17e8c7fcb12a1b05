"""How sure we are, and which words that allows.

The grade starts from the design (GRADE: randomised high, others low) and goes down a step for each failed check,
never below very low. The level of the verb gate follows from the design and its checks, not from the number.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from analysis.cards import Card
from analysis.checks import Check

GRADES = ("very_low", "low", "moderate", "high")
# A cohort that estimates no effect has no evidence to grade.
UNGRADED = "none"
RANDOMISED = ("cluster_randomised", "individually_randomised")
# A difference-in-differences may be worded as one only if these were made and hold; a check nobody made is not passed.
DID_GATE = {
    "matched_did": ("balance", "lost_treated", "effective_sample", "placebo"),
    "staggered_did": ("placebo",),
}
# One group compared with others that were found for it: adjusted at best, and only if all of these were made and hold.
EXTERNAL_GATE = ("balance", "lost_treated", "effective_sample", "common_support")
VERB_LEVELS = ("randomised", "did_checked", "adjusted", "description", "exposures")


@dataclass(frozen=True)
class Grade:
    """`grade` of GRADES or UNGRADED, `start` before any step, `steps` (check, steps down), `verbs` of VERB_LEVELS."""

    grade: str
    start: str
    steps: tuple[tuple[str, int], ...]
    verbs: str

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        steps = [{"check": name, "down": down} for name, down in self.steps]
        return {"grade": self.grade, "start": self.start, "steps": steps, "verbs": self.verbs}


def grade(card: Card, checks: Iterable[Check]) -> Grade:
    """Evidence grade and verb level of a cohort from its design and checks."""
    checks = list(checks)
    start = "high" if card.design in RANDOMISED else "low"
    steps = tuple((check.name, check.downgrade) for check in checks if not check.passed and check.downgrade)
    place = max(0, GRADES.index(start) - sum(down for _, down in steps))
    return Grade(GRADES[place], start, steps, verb_level(card, checks))


def ungraded(verbs: str = "description") -> Grade:
    """What stands in the place of a grade where no effect was estimated; the words are those of a description."""
    return Grade(UNGRADED, UNGRADED, (), verbs)


def verb_level(card: Card, checks: Iterable[Check]) -> str:
    """Which row of the glossary's verb gate applies."""
    if card.design in RANDOMISED:
        return "randomised"
    held = {check.name for check in checks if check.passed}
    if card.design == "single_arm" and held.issuperset(EXTERNAL_GATE):
        return "adjusted"
    if card.design in DID_GATE:
        return "did_checked" if held.issuperset(DID_GATE[card.design]) else "adjusted"
    return "exposures" if card.design == "exposures" else "description"
