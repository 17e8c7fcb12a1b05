"""The programmes behind controlled rounding: how many steps of the base each atom gets.

In steps of the base, with sums = members @ atoms: atoms >= 0, low <= sums <= high, low and high the two multiples
around a count (one, where the count is a multiple or was published before), and least cost. Variables are the atoms
and then the sums. See analysis/disclosure/rounding.py for what a solution guarantees.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.disclosure.cells import Members

TOLERANCE = 1e-6
# A limit on work, not on time: the same table must give the same answer on a slow machine.
NODES = 20_000
# Beside costs between -1 and 1, what a step beyond the base costs.
STEP_COST = 1e3


@dataclass(frozen=True)
class Steps:
    """In steps of the base: sums = members @ atoms, low <= sums <= high; `residuals` (m,) counts modulo the base;
    `single` (m,) cells of one atom."""

    members: Members
    low: np.ndarray
    high: np.ndarray
    residuals: np.ndarray
    single: np.ndarray
    kept: np.ndarray


def rounding_steps(counts: np.ndarray, members: Members, base: int, kept: np.ndarray) -> Steps:
    sums = members @ counts
    low, high = sums // base, -(-sums // base)
    fixed = kept >= 0
    low, high = np.where(fixed, kept // base, low), np.where(fixed, kept // base, high)
    single = np.asarray(members.sum(axis=1)).ravel() == 1
    return Steps(members, low, high, sums % base, single, fixed)


def _equations(steps: Steps) -> "scipy.sparse.csr_array":
    """members @ atoms - sums = 0, of the variables (atoms, sums)."""
    eye = scipy.sparse.eye_array(len(steps.low))
    return scipy.sparse.csr_array(scipy.sparse.hstack([steps.members, -eye], format="csr"))


def linear_steps(steps: Steps, costs: np.ndarray) -> np.ndarray | None:
    """Atoms at a vertex of the linear programme, where it is whole."""
    cells, atoms = steps.members.shape
    bounds = np.vstack([np.tile([0, np.inf], (atoms, 1)), np.c_[steps.low, steps.high]])
    found = scipy.optimize.linprog(
        np.r_[np.zeros(atoms), costs],
        A_eq=_equations(steps),
        b_eq=np.zeros(cells),
        bounds=bounds,
        method="highs-ds",
    )
    if found.status != 0 or np.abs(found.x - np.round(found.x)).max() > TOLERANCE:
        return None
    return np.round(found.x[:atoms]).astype("int64")


def whole_steps(steps: Steps, costs: np.ndarray) -> np.ndarray | None:
    cells, atoms = steps.members.shape
    bounds = scipy.optimize.Bounds(np.r_[np.zeros(atoms), steps.low], np.r_[np.full(atoms, np.inf), steps.high])
    rows = scipy.optimize.LinearConstraint(_equations(steps), 0, 0)
    return _solved(np.r_[np.zeros(atoms), costs], bounds, rows, atoms)


def relaxed_steps(steps: Steps, costs: np.ndarray) -> np.ndarray | None:
    """Sums of several atoms may leave their interval, at a cost for every step; zeros and kept values stay."""
    cells, atoms = steps.members.shape
    loose = ~steps.single & ~steps.kept & (steps.high > 0)
    room = scipy.sparse.csr_array(scipy.sparse.diags_array(loose.astype("float64")))
    own = scipy.sparse.hstack([scipy.sparse.csr_array((cells, atoms)), scipy.sparse.eye_array(cells)], format="csr")
    equal = scipy.sparse.hstack([_equations(steps), scipy.sparse.csr_array((cells, cells))], format="csr")
    above = scipy.sparse.hstack([own, -room], format="csr")
    below = scipy.sparse.hstack([own, room], format="csr")
    rows = scipy.optimize.LinearConstraint(
        scipy.sparse.vstack([equal, above, below], format="csr"),
        np.r_[np.zeros(cells), np.full(cells, -np.inf), steps.low],
        np.r_[np.zeros(cells), steps.high, np.full(cells, np.inf)],
    )
    bounds = scipy.optimize.Bounds(np.zeros(atoms + 2 * cells), np.inf)
    return _solved(np.r_[np.zeros(atoms), costs, np.full(cells, STEP_COST)], bounds, rows, atoms)


def _solved(
    costs: np.ndarray, bounds: "scipy.optimize.Bounds", rows: "scipy.optimize.LinearConstraint", atoms: int
) -> np.ndarray | None:
    whole = np.ones(len(costs))
    found = scipy.optimize.milp(
        costs, integrality=whole, bounds=bounds, constraints=rows, options={"node_limit": NODES}
    )
    return None if found.x is None else np.round(found.x[:atoms]).astype("int64")
