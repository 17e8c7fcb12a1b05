"""Problems that a person can mend: collected, then told all at once, in Norwegian."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake: where it stands, what is wrong, and how to mend it. Never holds a value of a person."""

    where: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"  {self.where}: {self.what}" + (f" {self.mend}" if self.mend else "")


class ProblemsFound(Exception):
    """Raised once with every problem of a card, a delivery or a release."""

    def __init__(self, heading: str, problems: Iterable[Problem]):
        self.heading = heading
        self.problems = tuple(problems)
        super().__init__(heading)

    def __str__(self) -> str:
        return "\n".join([self.heading, *map(str, self.problems)])


def stop_if_any(heading: str, problems: Iterable[Problem]) -> None:
    """Raise `ProblemsFound` when there is at least one problem."""
    found = tuple(problems)
    if found:
        raise ProblemsFound(heading, found)
