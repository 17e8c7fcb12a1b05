"""Checks decide what a number may be called. One file per check; a check is an object, and a list of them a table."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["passed", "failed", "noted"]


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and what follows.

    `value` is held against `threshold`; `text_id` names the sentence in the message catalogue and `values` the
    numbers in it; `table` holds rows behind the verdict. A failed check lowers the evidence grade by `downgrade`
    steps; "noted" is told without a verdict.
    """

    name: str
    verdict: Verdict
    text_id: str
    value: float | None = None
    threshold: float | None = None
    downgrade: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    table: list[dict[str, Any]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """False only for a failed check."""
        return self.verdict != "failed"


def verdict(passed: bool) -> Verdict:
    """The word for a yes or no."""
    return "passed" if passed else "failed"


def as_records(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Plain data for JSON, in the order of the checks."""
    return [asdict(check) for check in checks]


def from_records(records: Iterable[dict[str, Any]]) -> list[Check]:
    """Checks from what `as_records` gave."""
    return [Check(**record) for record in records]
