"""A corrected report: which of the numbers that left before are taken back, and which corrections tell too much.

A number of an earlier version of the same report is taken back where the new version prints another truth in the same
place, and where it is about a group that the new version gives another size. A reader then holds it to be wrong, so
that it no longer stands beside the others; kept, the two would contradict one another and no correction could ever
leave. So is a cell that nobody could be in, where the new version does not say so too. How far a printed number moved
is itself about few persons where it is fewer than the threshold, such as one who has withdrawn, and both stand exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from analysis.disclosure.declared import COUNT, Cell, Classification, Declared, Number, Place
from analysis.disclosure.joined import true_counts
from analysis.disclosure.shown import EXACT
from analysis.disclosure.targets import Rule
from analysis.problems import Problem

FEW = "er rettet med så få personer at forskjellen mellom versjonene røper dem."
MEND = "Vis tallet avrundet eller skjult i den nye versjonen."


def standing(earlier: Iterable[Declared], new: Declared) -> list[Declared]:
    """The earlier releases without what the new one takes back: numbers, and cells that nobody could be in."""
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
    if not _is_earlier(release, new):
        return release
    gone = {number.place for number, _ in _corrected(release, new)}
    counts = {new.classification.canonical(item): count for one in new.numbers for item, count in true_counts(one)}
    numbers = tuple(
        number
        for number in release.numbers
        if number.place not in gone and not _is_of_others(number, counts, new.classification)
    )
    known = tuple(item for item in release.classification.impossible if item in new.classification.impossible)
    return replace(release, classification=replace(release.classification, impossible=known), numbers=numbers)


def _corrected(release: Declared, new: Declared) -> list[tuple[Number, Number]]:
    """Pairs of an earlier version's number and the one that takes its place; none of another report."""
    if not _is_earlier(release, new):
        return []
    after: dict[Place, Number] = {number.place: number for number in new.numbers}
    pairs = [(number, after[number.place]) for number in release.numbers if number.place in after]
    return [(number, other) for number, other in pairs if number.truth != other.truth]


def _is_of_others(number: Number, counts: Mapping[Cell, float], known: Classification) -> bool:
    """Whether a group that the number is about has another size in the new version."""
    categories = {dimension.name: frozenset(dimension.categories) for dimension in known.dimensions}
    return any(
        counts.get(known.canonical(item), count) != count
        for item, count in true_counts(number)
        if all(categories.get(name, frozenset()).issuperset(what) for name, what in item.parts)
    )


def _is_earlier(release: Declared, new: Declared) -> bool:
    return release.report == new.report and release.version < new.version


def _exact(*numbers: Number) -> bool:
    return all(number.shown.status == EXACT for number in numbers)


def _moved(number: Number, other: Number) -> float:
    return (other.truth.value or 0.0) - (number.truth.value or 0.0)
