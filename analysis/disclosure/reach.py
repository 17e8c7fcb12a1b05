"""How far an attacker can move a hidden cell, and the inequality that says which cells would let it move further.

Variables y (v,) are the atoms, the cells of several atoms and the targets that nobody publishes; M y = 0 says that
cells and targets are the sums of their atoms. With a the true values, x in {0, 1}^v what is hidden and d = y - a,

    reach of p = max sign * d_p   subject to   M d = 0,   -a x <= d <= (u - a) x.

For any multipliers pi and r = c - M'pi (c = -sign e_p), weak duality gives for every x

    reach of p <= sum_j x_j [ max(r_j, 0) a_j + max(-r_j, 0) (u_j - a_j) ],

so that "reach >= need" implies the same sum with coefficients clipped at `need` to be at least `need`: the cut of
Fischetti and Salazar-González (1999, Mathematical Programming 84, 283-312). The multipliers of the attacker's linear
programme make it the tightest. With two dimensions M is totally unimodular and the reach is that in whole persons.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.disclosure.cells import Members

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Network:
    """`equations` (e, v) M, in columns; `values` (v,) a; `room` (v,) u - a; `atom_cells` (n,) atoms that are cells;
    `places` (m,) the variable of each cell; `targets` the variables of the targets."""

    equations: "scipy.sparse.csc_array"
    values: np.ndarray
    room: np.ndarray
    atom_cells: np.ndarray
    places: np.ndarray
    targets: np.ndarray


def network(counts: np.ndarray, members: Members, targets: Members, spare: int) -> Network:
    """Of atoms `counts` (n,), cells `members` (m, n), unpublished `targets` (t, n); `spare` persons more than there are
    is the most that an attacker would believe of any cell. Cells of the same single atom share a variable."""
    atoms = len(counts)
    alone = np.asarray(members.sum(axis=1)).ravel() == 1
    sums = scipy.sparse.csr_array(scipy.sparse.vstack([members[np.flatnonzero(~alone)], targets], format="csr"))
    places = np.empty(members.shape[0], dtype="int64")
    places[alone] = members[np.flatnonzero(alone)].indices
    places[~alone] = atoms + np.arange((~alone).sum())
    atom_cells = np.zeros(atoms, dtype=bool)
    atom_cells[places[alone]] = True
    eye = scipy.sparse.eye_array(sums.shape[0])
    values = np.concatenate([counts, sums @ counts]).astype("float64")
    return Network(
        scipy.sparse.csc_array(scipy.sparse.hstack([sums, -eye], format="csc")),
        values,
        counts.sum() + spare - values,
        atom_cells,
        places,
        np.arange(atoms + (~alone).sum(), atoms + sums.shape[0]),
    )


class Reach:
    """The attacker of one pattern of hidden cells. `hidden` (v,) bool."""

    def __init__(self, system: Network, hidden: np.ndarray):
        self._system = system
        self._free = np.flatnonzero(hidden)
        self._equations = system.equations[:, self._free]
        self._bounds = np.c_[-system.values, system.room][self._free]

    def furthest(self, place: int, sign: int) -> tuple[np.ndarray, np.ndarray]:
        """The move (v,) that takes a hidden variable furthest up (sign 1) or down (-1), and the coefficients (v,) of
        its inequality, not yet clipped."""
        cost = np.zeros(len(self._free))
        cost[np.searchsorted(self._free, place)] = -sign
        zeros = np.zeros(self._equations.shape[0])
        found = scipy.optimize.linprog(cost, A_eq=self._equations, b_eq=zeros, bounds=self._bounds, method="highs")
        if found.status != 0:
            raise ArithmeticError(f"the attacker's programme was not solved: {found.message}")
        move = np.zeros(len(self._system.values))
        move[self._free] = found.x
        return move, self._coefficients(found.eqlin.marginals, place, sign)

    def _coefficients(self, multipliers: np.ndarray, place: int, sign: int) -> np.ndarray:
        left = -(self._system.equations.T @ multipliers)
        left[place] -= sign
        left[np.abs(left) < TOLERANCE] = 0.0
        found = np.maximum(left, 0) * self._system.values + np.maximum(-left, 0) * self._system.room
        # Whole where they should be, so that the solver of the inequalities need not tell 1 from 0.9999999.
        whole = np.round(found)
        return np.where(np.abs(found - whole) < TOLERANCE, whole, found)


def cheapest_move(
    system: Network, hidden: np.ndarray, allowed: np.ndarray, weights: np.ndarray, place: int, distance: float
) -> np.ndarray | None:
    """The variables (v,) bool that change when one moves by `distance` and the others follow as cheaply as can be.

    Each change of what is not hidden costs its weight for every person; only what is `allowed` may change. None where
    nothing can be moved. A heuristic: the cost of hiding a cell does not depend on how far it moves.
    """
    equations = scipy.sparse.hstack([system.equations, -system.equations], format="csc")
    up, down = np.where(allowed, system.room, 0.0), np.where(allowed, system.values, 0.0)
    bounds = np.c_[np.zeros(2 * len(up)), np.concatenate([up, down])]
    bounds[place] = max(distance, 0.0)
    bounds[len(up) + place] = max(-distance, 0.0)
    cost = np.where(hidden, 0.0, weights)
    zeros = np.zeros(equations.shape[0])
    found = scipy.optimize.linprog(np.tile(cost, 2), A_eq=equations, b_eq=zeros, bounds=bounds, method="highs")
    if found.status != 0:
        return None
    return np.abs(found.x[: len(up)] - found.x[len(up) :]) > TOLERANCE
