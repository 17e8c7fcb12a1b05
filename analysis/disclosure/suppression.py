"""Secondary suppression: hide small counts, and as little else as needed so that none of them can be worked out.

A cell is primary where its true count is below the threshold (zeros only where the profile hides them). An attacker
knows every cell that is shown and that all counts are >= 0. With y the tables that fit what is shown, the guarantee is

    level «threshold»   max y_p >= threshold                           and min y_p <= a_p - 1 where a_p > 0
    level «one»         max y_p >= a_p + 1                              and min y_p <= a_p - 1 where a_p > 0

for every primary cell p: nobody can show that it is below the threshold, or (the weaker level) that it is what it is.
The pattern of least cost is found by cutting planes (Fischetti and Salazar-González 1999): least sum of (count + 1)
over hidden cells, margins too, at level «threshold»; least number of persons in hidden cells, and among those the
fewest cells, at level «one». Zeros that are not primary may be hidden besides.

Two dimensions with margins, groups within a dimension included: the attacker's bounds are whole numbers, the guarantee
and the optimum exact (`exact`). Three dimensions and linked tables: the guarantee is on the bounds of the attacker's
linear programme, and one who uses that persons are whole may come closer; `exact` is then False, and the report is to
say so.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy

from analysis.disclosure.cells import Members, table_cells
from analysis.disclosure.order import content_order
from analysis.disclosure.reach import Network, Reach, cheapest_move, network
from analysis.problems import Problem, ProblemsFound

Level = Literal["threshold", "one"]
TOLERANCE = 1e-6
# Limits on work, not on time: the same table must give the same answer on a slow machine. Two-way tables take some
# three rounds; three-way tables could go on for hundreds. After these, what is still unprotected is mended one by one.
ROUNDS, NODES = 30, 100_000


@dataclass(frozen=True)
class Suppressed:
    """`hidden` and `primary` in the shape of the cells; `cost` in the measure of the level, and the `bound` below which
    no cost can be; `optimal`: they are equal, so that the cost is proved to be the least; `exact`: the guarantee holds
    in whole persons; `cuts` and `rounds` it took. The guarantee holds whether or not the cost is the least."""

    hidden: np.ndarray
    primary: np.ndarray
    cost: float
    bound: float
    optimal: bool
    exact: bool
    cuts: int
    rounds: int


def suppress_table(
    counts: np.ndarray, threshold: int, *, level: Level = "threshold", hide_zeros: bool = False
) -> Suppressed:
    """Suppress a table of counts with every margin, of one dimension (a list and its total) or more.

    `hidden` and `primary` have the shape of `counts` plus one in each axis, totals last.
    """
    counts = np.asarray(counts)
    found = suppress_cells(
        counts.ravel(),
        table_cells(counts.shape),
        threshold,
        level=level,
        hide_zeros=hide_zeros,
        exact=counts.ndim <= 2,
    )
    shape = [size + 1 for size in counts.shape]
    hidden, primary = found.hidden.reshape(shape), found.primary.reshape(shape)
    return replace(found, hidden=hidden, primary=primary)


def suppress_cells(
    counts: np.ndarray,
    members: Members,
    threshold: int,
    *,
    level: Level = "threshold",
    hide_zeros: bool = False,
    targets: Members | None = None,
    shown_before: np.ndarray | None = None,
    exact: bool = False,
) -> Suppressed:
    """Suppress the cells ``members @ counts``: `counts` (n,) whole persons of the atoms, `members` (m, n).

    `targets` (t, n) are sums that nobody publishes and that are to be protected all the same: the difference between
    two tables, say. Cells of `shown_before` (m,) are out already and cannot be hidden. `exact` is for a caller who
    knows that the cells are a table of two dimensions. Raises ProblemsFound where what is out gives a count away,
    ValueError for counts or a threshold that cannot be.
    """
    counts = np.asarray(counts)
    if threshold < 2 or counts.size != members.shape[1] or (counts < 0).any() or (counts != np.round(counts)).any():
        raise ValueError("counts must be whole numbers >= 0, one for each atom, and the threshold at least 2")
    targets = scipy.sparse.csr_array((0, counts.size), dtype="int64") if targets is None else targets
    out = np.zeros(members.shape[0], dtype=bool) if shown_before is None else np.asarray(shown_before, dtype=bool)
    marks = np.concatenate([1 + out, np.zeros(targets.shape[0], dtype="int64")])
    order = content_order(counts, scipy.sparse.vstack([members, targets], format="csr"), marks)
    rows = order.cells[order.cells < members.shape[0]]
    aims = order.cells[order.cells >= members.shape[0]] - members.shape[0]
    system = network(
        counts[order.atoms].astype("int64"), members[rows][:, order.atoms], targets[aims][:, order.atoms], threshold
    )
    found = _Search(system, out[rows], threshold, level, hide_zeros).found()
    back = np.empty(members.shape[0], dtype="int64")
    back[rows] = system.places
    return replace(found, hidden=found.hidden[back], primary=found.primary[back], exact=exact)


class _Search:
    """The search for the pattern of least cost, over the variables of a network."""

    def __init__(self, system: Network, out: np.ndarray, threshold: int, level: Level, hide_zeros: bool):
        values, cell = system.values, np.zeros(len(system.values), dtype=bool)
        cell[system.places] = True
        self._system = system
        self._cell = cell
        protected = cell.copy()
        protected[system.targets] = True
        self._primary = protected & (values < threshold) & ((values > 0) | hide_zeros)
        up = threshold - values if level == "threshold" else np.ones(len(values))
        self._needs = {1: np.where(self._primary, up, 0.0), -1: np.where(self._primary, np.minimum(values, 1), 0.0)}
        self._weights = np.where(cell, values + (1.0 if level == "threshold" else 1.0 / (cell.sum() + 1)), 0.0)
        self._cost_of = values + 1 if level == "threshold" else values
        # What is no cell is never shown; a primary cell must be hidden.
        self._must = ~cell | self._primary
        may = np.ones(len(values), dtype=bool)
        may[system.places[out]] = False
        self._may = may
        self._cuts: list[np.ndarray] = []
        self._limits: list[float] = []

    def found(self) -> Suppressed:
        if (self._must & ~self._may).any():
            raise ProblemsFound(HEADING, [_given_away(int((self._must & ~self._may).sum()))])
        hidden, rounds, bound = self._must, 1, self._cost(self._must)
        while self._add_cuts(hidden):
            if (hidden == self._may).all():
                raise ProblemsFound(HEADING, [_given_away(int(self._primary.sum()))])
            if rounds == ROUNDS:
                hidden = self._repaired(hidden)
                break
            rounds += 1
            chosen, proved = self._cheapest()
            bound = max(bound, self._cost(chosen)) if proved else bound
            # The same pattern again can only be for want of digits; hiding everything is always safe.
            hidden = self._may if (chosen == hidden).all() else chosen
        cost = self._cost(hidden)
        return Suppressed(hidden, self._primary, cost, bound, cost <= bound, False, len(self._cuts), rounds)

    def _repaired(self, hidden: np.ndarray) -> np.ndarray:
        """The pattern and, for every cell that it leaves unprotected, the cheapest moves that protect it."""
        for sign, needs in self._needs.items():
            for place in np.flatnonzero(needs > 0):
                move, _ = Reach(self._system, hidden).furthest(int(place), sign)
                if sign * move[place] < needs[place] - TOLERANCE:
                    allowed = self._may | hidden
                    moved = cheapest_move(self._system, hidden, allowed, self._weights, int(place), sign * needs[place])
                    if moved is None:
                        raise ProblemsFound(HEADING, [_given_away(int(self._primary.sum()))])
                    hidden = hidden | moved
        return hidden

    def _cost(self, hidden: np.ndarray) -> float:
        return float(self._cost_of[hidden & self._cell].sum())

    def _add_cuts(self, hidden: np.ndarray) -> int:
        """Inequalities that this pattern breaks; how many there are."""
        attacker, before = Reach(self._system, hidden), len(self._cuts)
        left = {sign: needs > 0 for sign, needs in self._needs.items()}
        for sign, needs in self._needs.items():
            while left[sign].any():
                place = int(np.argmax(left[sign]))
                move, coefficients = attacker.furthest(place, sign)
                if sign * move[place] < needs[place] - TOLERANCE:
                    self._cuts.append(np.minimum(coefficients, needs[place]))
                    self._limits.append(float(needs[place]))
                left[sign][place] = False
                # One move often shows that other cells are free too.
                for way, still in left.items():
                    still &= way * move < self._needs[way] - TOLERANCE
        return len(self._cuts) - before

    def _cheapest(self) -> tuple[np.ndarray, bool]:
        """The cheapest pattern that keeps every inequality so far, and whether it is proved to be; everything, where
        none was found within the limit on work."""
        cuts = scipy.optimize.LinearConstraint(
            scipy.sparse.csr_array(np.array(self._cuts)), np.array(self._limits), np.inf
        )
        found = scipy.optimize.milp(
            self._weights,
            integrality=np.ones(len(self._weights)),
            bounds=scipy.optimize.Bounds(self._must.astype("float64"), self._may.astype("float64")),
            constraints=cuts,
            options={"mip_rel_gap": 0.0, "node_limit": NODES},
        )
        if found.status == 2:
            raise ProblemsFound(HEADING, [_given_away(int(self._primary.sum()))])
        return (self._may if found.x is None else found.x > 0.5), found.status == 0


HEADING = "Tabellen kan ikke vernes ved å skjule tall:"


def _given_away(number: int) -> Problem:
    what = f"det som er frigitt før, lar minst ett av {number} små tall regnes ut."
    return Problem("tidligere frigitte tall", what, "Ta ut tabellen, slå sammen grupper, eller bruk avrunding.")
