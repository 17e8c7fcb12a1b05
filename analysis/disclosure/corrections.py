"""A corrected report: which of the numbers that left before are taken back, and which corrections tell too much.

A number of an earlier version of the same report is taken back where the new version prints another truth in the same
place. A reader then holds it to be wrong, so that it no longer stands beside the others; kept, the two would contradict
one another and no correction could ever leave. How far a printed number moved is itself about few persons where it is
fewer than the threshold, such as one who has withdrawn, and both stand exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from analysis.disclosure.declared import COUNT, Declared, Number, Place
from analysis.disclosure.shown import EXACT
from analysis.disclosure.targets import Rule
from analysis.problems import Problem

FEW = "er rettet med så få personer at forskjellen mellom versjonene røper dem."
MEND = "Vis tallet avrundet eller skjult i den nye versjonen."


def standing(earlier: Iterable[Declared], new: Declared) -> list[Declared]:
    """The earlier releases without what the new one takes back."""
    return [_without_corrected(release, new) for release in earlier]


def telling_corrections(earlier: Sequence[Declared], new: Declared, rule: Rule) -> list[Problem]:
    """Counts that both versions print exactly, fewer than `rule.threshold` persons apart; by place, without values."""
    places = [
        number.place
        for release in earlier
        for number, other in _corrected(release, new)
        if number.kind == COUNT and _exact(number, other) and abs(_moved(number, other)) < rule.threshold
    ]
    return [Problem(str(place), FEW, MEND) for place in sorted(set(places))] if rule.method != "none" else []


def _without_corrected(release: Declared, new: Declared) -> Declared:
    gone = {number.place for number, _ in _corrected(release, new)}
    return replace(release, numbers=tuple(number for number in release.numbers if number.place not in gone))


def _corrected(release: Declared, new: Declared) -> list[tuple[Number, Number]]:
    """Pairs of an earlier version's number and the one that takes its place; none of another report."""
    if release.report != new.report or release.version >= new.version:
        return []
    after: dict[Place, Number] = {number.place: number for number in new.numbers}
    pairs = [(number, after[number.place]) for number in release.numbers if number.place in after]
    return [(number, other) for number, other in pairs if number.truth != other.truth]


def _exact(*numbers: Number) -> bool:
    return all(number.shown.status == EXACT for number in numbers)


def _moved(number: Number, other: Number) -> float:
    return (other.truth.value or 0.0) - (number.truth.value or 0.0)
