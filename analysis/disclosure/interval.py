"""What a reader can conclude about a sum of persons: its least and greatest value under the equations.

    least, greatest of c'x   subject to   low <= A x <= high,   least <= x <= most

by linear programmes (HiGHS). A fraction of a person is allowed, so that the true interval in whole persons can be
narrower than the one found, never wider; `analysis.disclosure.joint_audit` says what that means.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.disclosure.equations import Equations
from analysis.problems import Problem, ProblemsFound

TOLERANCE = 1e-6
INFEASIBLE, UNBOUNDED = 2, 3


@dataclass(frozen=True)
class Extreme:
    """The extreme `value` of a sum, a solution `x` (n,) that has it, None where there is no bound, and the `rows` of
    the equations that it rests on: those whose dual value is not zero."""

    value: float
    x: np.ndarray | None
    rows: np.ndarray


class Reader:
    """One who knows these equations. Solves the same programme for many sums."""

    def __init__(self, known: Equations):
        self.known = known
        same = known.low == known.high
        upper, lower = ~same & np.isfinite(known.high), ~same & np.isfinite(known.low)
        self._equal, self._upper, self._lower = (np.flatnonzero(rows) for rows in (same, upper, lower))
        matrix = known.matrix
        self._constraints = {
            "A_eq": matrix[self._equal],
            "b_eq": known.low[self._equal],
            "A_ub": scipy.sparse.csr_array(
                scipy.sparse.vstack([matrix[self._upper], -matrix[self._lower]], format="csr")
            ),
            "b_ub": np.concatenate([known.high[self._upper], -known.low[self._lower]]),
            "bounds": np.column_stack([known.least, known.most]),
        }

    def least(self, row: np.ndarray) -> Extreme:
        """The least value of row @ x; -inf where there is none. Raises ProblemsFound when nothing fits at all."""
        found = scipy.optimize.linprog(row, method="highs", **self._constraints)
        if found.status == UNBOUNDED:
            return Extreme(-np.inf, None, np.array([], "int64"))
        _solved(found)
        equal, other = found.eqlin.marginals, found.ineqlin.marginals
        rows = np.concatenate([self._equal, self._upper, self._lower])
        used = np.abs(np.concatenate([equal, other])) > 1e-9
        return Extreme(float(found.fun), found.x, np.unique(rows[used]))

    def spread(self, rows: "scipy.sparse.csr_array", enough: float) -> np.ndarray:
        """A solution in which as many as possible of these sums (groups, n) are `enough`: greatest Σ min(sum, enough).

        Raises as `least`.
        """
        given, groups = self._constraints, rows.shape[0]
        least, most = given["bounds"].T
        # A variable per group besides, of at most `enough`, and no more than the sum.
        wider = {
            "A_eq": scipy.sparse.hstack(
                [given["A_eq"], scipy.sparse.csr_array((len(self._equal), groups))], format="csr"
            ),
            "b_eq": given["b_eq"],
            "A_ub": scipy.sparse.block_array(
                [[given["A_ub"], None], [-rows, scipy.sparse.eye_array(groups)]], format="csr"
            ),
            "b_ub": np.concatenate([given["b_ub"], np.zeros(groups)]),
            "bounds": np.column_stack(
                [np.concatenate([least, np.full(groups, -np.inf)]), np.concatenate([most, np.full(groups, enough)])]
            ),
        }
        reward = np.concatenate([np.zeros(rows.shape[1]), -np.ones(groups)])
        return _solved(scipy.optimize.linprog(reward, method="highs", **wider)).x[: rows.shape[1]]

    def greatest(self, row: np.ndarray) -> Extreme:
        """The greatest value of row @ x; inf where there is none. Raises as `least`."""
        found = self.least(-row)
        return Extreme(-found.value, found.x, found.rows)


def _solved(found: "scipy.optimize.OptimizeResult") -> "scipy.optimize.OptimizeResult":
    if found.status == INFEASIBLE:
        raise ProblemsFound("Utgivelsen kan ikke prøves.", [_contradiction()])
    if found.status != 0:
        raise RuntimeError(f"the linear programme was not solved: status {found.status}")
    return found


def whole(low: float, high: float) -> tuple[float, float]:
    """The whole numbers in an interval of counts: the first and the last, from 0."""
    return max(np.ceil(low - TOLERANCE), 0.0), float(np.floor(high + TOLERANCE))


def _contradiction() -> Problem:
    return Problem(
        "tallene",
        "kan ikke stemme samtidig, heller ikke når avrunding er regnet med.",
        "Se etter en definisjon som er endret mellom rapportene uten å få et nytt navn, eller et tall som er avrundet"
        " på en annen måte enn oppgitt.",
    )
