"""One thing that a cohort lacks, and how a list of them is told."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Lack:
    """What is missing, why it matters, and what to do or order, in Norwegian; without `blocks` the effect is estimated
    all the same, with less trust in it."""

    what: str
    why: str
    mend: str
    blocks: bool = True


def lack_lines(lacks: Iterable[Lack]) -> list[str]:
    """A numbered list."""
    lines = []
    for number, lack in enumerate(lacks, start=1):
        lines += [f"  {number}. {lack.what}", f"     Hvorfor: {lack.why}", f"     Gjør dette: {lack.mend}"]
    return lines
