"""Releases of one cohort read together: one classification, and what the auditor knows of each cell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from analysis.disclosure.declared import MODEL, Cell, Classification, Declared, Dimension, Measure, Number
from analysis.disclosure.shown import count_bounds
from analysis.disclosure.targets import Target, difference, nested
from analysis.problems import Problem, stop_if_any

Known = dict[Target, tuple[float, float]]


def joined(releases: Sequence[Declared]) -> list[Declared]:
    """The releases with one classification, that of all of them, and in an order of their own: names, not time.

    Raises ProblemsFound when a dimension or an amount means something else in another release, and when the releases
    are not of one cohort.
    """
    problems = [*_other_cohorts(releases), *_redefined(releases), *_twice(releases)]
    stop_if_any("Utgivelsene kan ikke leses sammen.", problems)
    dimensions = {one.name: one for release in releases for one in release.classification.dimensions}
    measures = {one.name: one for release in releases for one in release.classification.measures}
    impossible = {item for release in releases for item in release.classification.impossible}
    together = Classification(
        tuple(replace(dimensions[name], categories=_sorted(dimensions[name])) for name in sorted(dimensions)),
        tuple(measures[name] for name in sorted(measures)),
        tuple(sorted(impossible)),
    )
    ordered = sorted(releases, key=lambda release: (release.report, release.version))
    return [_renamed(release, together) for release in ordered]


def label(release: Declared) -> str:
    """How a release is called in messages."""
    return release.report if release.version == 1 else f"{release.report}, versjon {release.version}"


def _renamed(release: Declared, together: Classification) -> Declared:
    """The release under the classification of all, its numbers in order of place and told apart from other versions."""
    name = label(release)
    numbers = (replace(number, place=replace(number.place, report=name)) for number in release.numbers)
    ordered = tuple(sorted(numbers, key=lambda number: number.place))
    return replace(release, report=name, classification=together, numbers=ordered)


def _sorted(dimension: Dimension) -> tuple[str, ...]:
    return tuple(sorted(dimension.categories))


def _other_cohorts(releases: Sequence[Declared]) -> list[Problem]:
    cohorts = sorted({release.cohort for release in releases})
    what = f"utgivelsene gjelder flere kohorter: {', '.join(cohorts)}."
    return [Problem("kohort", what, "Prøv hver kohort for seg.")] if len(cohorts) > 1 else []


def _twice(releases: Sequence[Declared]) -> list[Problem]:
    names = [label(release) for release in releases]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [Problem(f"rapport «{name}»", "finnes to ganger.", "Gi den nye et nytt versjonsnummer.") for name in twice]


def _redefined(releases: Sequence[Declared]) -> Iterable[Problem]:
    seen: dict[str, tuple[object, str]] = {}
    for release in releases:
        parts: Iterable[Dimension | Measure] = (*release.classification.dimensions, *release.classification.measures)
        for part in parts:
            content = (_sorted(part), part.outcome) if isinstance(part, Dimension) else part
            first, report = seen.setdefault(part.name, (content, release.report))
            if first != content:
                mend = (
                    "Gi den nye inndelingen et eget navn, og oppgi hvilke par av gamle og nye kategorier som ikke"
                    " finnes (impossible)."
                )
                what = f"betyr noe annet i rapport «{release.report}» enn i rapport «{report}»."
                yield Problem(f"«{part.name}»", what, mend)


def known_counts(releases: Sequence[Declared]) -> Known:
    """What the auditor knows at once: the true count of a declared cell, or else what is printed of it, and of a group
    between two cells with known counts their difference."""
    classification = releases[0].classification
    known: dict[Cell, tuple[float, float]] = {}
    for number in (number for release in releases for number in release.numbers):
        known |= {classification.canonical(item): (count, count) for item, count in true_counts(number)}
        if number.kind == "count" and not number.silent and len(number.of.cells) == 1:
            known.setdefault(classification.canonical(number.of.cells[0]), count_bounds(number.shown))
    found = {Target(item): bounds for item, bounds in known.items()}
    sure = [item for item, (low, high) in known.items() if low == high]
    for larger, smaller in nested(classification, sure) if sure else ():
        between = known[larger][0] - known[smaller][0]
        found.setdefault(difference(classification, larger, smaller), (between, between))
    return found


def true_counts(number: Number) -> Iterator[tuple[Cell, float]]:
    """The cells that a number rests on, each with its true count where the number tells it."""
    if number.kind == MODEL:
        # How many persons a model rests on is no count of the cells that it is about.
        return
    pairs = ((number.truth.value, number.truth.base), (number.truth.minus_value, number.truth.minus_base))
    for group, (value, base) in zip(number.groups, pairs, strict=False):
        for cells, count in ((group.cells, None if number.measure else value), (group.base, base)):
            if count is not None and len(cells) == 1:
                yield cells[0], count


def bounds_of(known: Known, groups: Sequence[Target]) -> tuple[np.ndarray, np.ndarray]:
    """What the auditor knows of each group: the least and the greatest true count, (groups,) each."""
    found = [known.get(group, (0.0, np.inf)) for group in groups]
    return np.array([low for low, _ in found], dtype="float64"), np.array([high for _, high in found], dtype="float64")
