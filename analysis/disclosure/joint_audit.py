"""Whether everything that is printed about a cohort, in all its reports, gives a small group of persons away.

The auditor reads every release as an outsider would (`analysis.disclosure.equations`) and bounds every group that could
be small (`analysis.disclosure.targets`) by linear programmes. A group is given away when its bounds break the guarantee
of the profile for what may be its true count. Sums of amounts, shares of 0 and 100 %, and rules about single numbers
are tried too.

What is refused, is disclosed: the programmes allow fractions of persons, so that a reader's interval is never wider
than the one found. It can be narrower than that in tables of three and more dimensions, where whole numbers say more
than fractions; a small release can be tried with `analysis.disclosure.attacker` besides.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.disclosure.amounts import narrow, published_sums
from analysis.disclosure.declared import Declared, Place
from analysis.disclosure.equations import Equations, equations
from analysis.disclosure.interval import Reader, whole
from analysis.disclosure.irreducible import Holds, irreducible
from analysis.disclosure.joined import bounds_of, joined, known_counts, label
from analysis.disclosure.precision import precise_shares
from analysis.disclosure.rules import broken_rules
from analysis.disclosure.search import Bounded, count_is_safe, may_be_small, somebody_possible, target_rows, unsettled
from analysis.disclosure.shares import misprinted
from analysis.disclosure.targets import Rule, Target, gives_away, same_outcomes, targets
from analysis.problems import Problem, stop_if_any

HEADING = "Utgivelsen er ikke godkjent: tallene røper for mye om få personer."
SMALL = "til sammen viser disse tallene for nøyaktig hvor få det er i gruppen {group}."
SAME = "til sammen viser disse tallene at alle i gruppen {group} har samme utfall."
AMOUNT = "til sammen viser disse tallene for nøyaktig hva noen få personer har: {group}."
MEND = "Rund av, skjul eller ta bort minst ett av tallene i den nye rapporten."
# Sets of numbers that are made as small as they can be; the rest are named with every number the bounds rest on.
MOST_REDUCED = 40


@dataclass(frozen=True, order=True)
class Finding:
    """What is given away (Norwegian, without the value), and by which numbers: none of `places` can be left out.

    `older`: what was released before gives it away just as much, so that the new release makes no difference; then
    `places` are all numbers that the bounds rest on.
    """

    places: tuple[Place, ...]
    what: str
    older: bool = False

    def problem(self) -> Problem:
        return Problem("; ".join(map(str, self.places)), self.what, MEND)


@dataclass(frozen=True)
class Audit:
    """`findings`, and how many groups were tried over how many printed numbers of how many releases."""

    findings: tuple[Finding, ...]
    groups: int
    numbers: int
    releases: int


def joint_audit(earlier: Iterable[Declared], new: Declared, rule: Rule) -> Audit:
    """Audit a new release together with all earlier ones of the same cohort; the answer when it may leave.

    Raises ProblemsFound, with the numbers that give a group away named by report, table, row and column, when the new
    release gives away more than the earlier ones did; and when the releases cannot be read together.
    """
    found = audit(earlier, new, rule)
    stop_if_any(HEADING, [finding.problem() for finding in found.findings if not finding.older])
    return found


def audit(earlier: Iterable[Declared], new: Declared, rule: Rule) -> Audit:
    """As `joint_audit`, with everything that is found as the answer, for the page that a person signs."""
    releases = joined([*earlier, new])
    numbers = sum(len(release.numbers) for release in releases)
    if rule.method == "none":
        return Audit((), 0, numbers, len(releases))
    alone = [Finding((number.place,), what) for number in new.numbers for what in broken_rules(number, rule)]
    alone += [Finding((number.place,), what) for number, what in misprinted(new)]
    alone += [Finding(places, what) for places, what in precise_shares(new, rule)]
    joint = _Joint(releases, new, rule)
    found = [*joint.small(), *joint.outcomes(), *joint.amounts()]
    return Audit(tuple(sorted({*alone, *found})), joint.tried, numbers, len(releases))


class _Joint:
    """One audit: what a reader knows, what the auditor knows, and the groups."""

    def __init__(self, releases: Sequence[Declared], new: Declared, rule: Rule):
        self.rule, self.releases = rule, releases
        self.system = equations(*releases)
        self.reader = Reader(self.system)
        # Raises when no table at all fits what is printed.
        self.reader.least(np.zeros(self.system.matrix.shape[1]))
        self.counts = known_counts(releases)
        cells = sorted({item for one in releases for item in one.cells()})
        self.groups = targets(releases[0].classification, cells, self.system.layout)
        self.tried = len(self.groups)
        self._truth = Reader(equations(*releases, truth=True))
        name = label(new)
        self._new = {place for place, number in enumerate(self.system.numbers) if number.place.report == name}
        self._found: set[tuple[str, tuple[Place, ...]]] = set()
        self._reduced = 0

    @cached_property
    def _before(self) -> Reader:
        """One who has not seen the new release."""
        return Reader(self.system.without(self._new))

    def small(self) -> Iterator[Finding]:
        """Groups of too few persons, counted too well."""
        low, high = bounds_of(self.counts, self.groups)
        open_to = np.flatnonzero(may_be_small(low, high, self.rule))
        groups, rows = _possible(self.system, [self.groups[place] for place in open_to])
        truth = bounds_of(self.counts, groups)
        for one in unsettled(self.reader, rows, count_is_safe(truth, self.rule), self.rule.threshold):
            group, row = groups[one.place], rows[[one.place]].toarray()[0]
            known = self._known(group, row, one, truth)
            if gives_away(one.bounds, known, self.rule):
                yield from self._finding(SMALL, group, one.rows, self._same_bounds(row, known), row)

    def outcomes(self) -> Iterator[Finding]:
        """Groups of which a reader knows that everybody has the same outcome."""
        boxes = [group.larger for group in self.groups if group.smaller is None]
        pairs = same_outcomes(self.releases[0].classification, boxes)
        # What is known to be true of the group cannot be shown to be otherwise.
        pairs = [pair for pair in pairs if self._least(pair.rest) == 0 and self._most(Target(pair.group)) >= 1]
        groups: dict[Target, list[Target]] = {}
        for pair in pairs:
            groups.setdefault(pair.rest, []).append(Target(pair.group))
        rests, rows = _possible(self.system, list(groups))
        for one in unsettled(self.reader, rows, somebody_possible, 1):
            if one.bounds[1] < 1:
                for group in groups[rests[one.place]]:
                    yield from self._same(group, rows[[one.place]].toarray()[0], one.rows)

    def _same(self, group: Target, rest: np.ndarray, rows: np.ndarray) -> Iterator[Finding]:
        """Nobody is in the rest of a group: a leak when a reader knows that there is somebody in the group."""
        inside = target_rows(self.system, [group]).toarray()[0]
        somebody = self.reader.least(inside)
        if whole(somebody.value, np.inf)[0] >= 1:
            used = np.concatenate([rows, somebody.rows])
            yield from self._finding(SAME, group, used, _all_the_same(rest, inside), rest)

    def amounts(self) -> Iterator[Finding]:
        """Sums over a few persons, known too well."""
        for asked, group in published_sums(self.releases):
            row = target_rows(self.system, [group]).toarray()[0]
            few = Bounded(0, (0.0, np.inf), np.array([], "int64"))
            low, high = self._known(group, row, few, bounds_of(self.counts, [group]))
            if max(low, 1) > min(high, self.rule.threshold - 1):
                continue
            used = narrow(self.reader, asked, self.rule.p_ratio)
            if used is not None:

                def holds(reader: Reader, asked=asked) -> bool:
                    return narrow(reader, asked, self.rule.p_ratio) is not None

                yield from self._finding(AMOUNT, f"{asked.measure} for {group}", used, holds, None)

    def _least(self, group: Target) -> float:
        return self.counts.get(group, (0.0, np.inf))[0]

    def _most(self, group: Target) -> float:
        return self.counts.get(group, (0.0, np.inf))[1]

    def _known(self, group: Target, row: np.ndarray, one: Bounded, truth: tuple) -> tuple[float, float]:
        """The true count of the group as far as the auditor can tell: from all true counts together if need be."""
        low, high = truth[0][one.place], truth[1][one.place]
        if low == high:
            return low, high
        found = whole(self._truth.least(row).value, self._truth.greatest(row).value)
        return max(low, found[0]), min(high, found[1])

    def _same_bounds(self, row: np.ndarray, known: tuple[float, float]) -> Holds:
        return lambda reader: gives_away(_bounds(reader, row), known, self.rule)

    def _finding(self, words: str, group: object, rows: np.ndarray, holds: Holds, row: object) -> Iterator[Finding]:
        """One finding per set of numbers; the same set about another group is the same leak."""
        used = self.system.behind(rows)
        older = self._older(used, holds, row)
        if not older and self._reduced < MOST_REDUCED:
            used = irreducible(self.system, used, holds)
            self._reduced += 1
        places = tuple(sorted(self.system.numbers[place].place for place in used))
        if (words, places) not in self._found:
            self._found.add((words, places))
            yield Finding(places, words.format(group=group), older)

    def _older(self, used: set[int], holds: Holds, row: np.ndarray | None) -> bool:
        """Whether the earlier releases alone give it away, and as narrowly."""
        if not used & self._new:
            return True
        before = self._before
        return holds(before) and (row is None or _bounds(before, row) == _bounds(self.reader, row))


def _possible(system: Equations, groups: Sequence[Target]) -> tuple[list[Target], object]:
    """The groups that somebody can be in, and their rows."""
    rows = target_rows(system, groups)
    somebody = np.flatnonzero((abs(rows) @ (system.most > 0)) > 0)
    return [groups[place] for place in somebody], rows[somebody]


def _bounds(reader: Reader, row: np.ndarray) -> tuple[float, float]:
    return whole(reader.least(row).value, reader.greatest(row).value)


def _least(reader: Reader, row: np.ndarray) -> float:
    return whole(reader.least(row).value, np.inf)[0]


def _all_the_same(rest: np.ndarray, group: np.ndarray) -> Holds:
    return lambda reader: _bounds(reader, rest)[1] < 1 and _least(reader, group) >= 1
