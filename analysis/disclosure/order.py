"""An order of atoms and cells that does not depend on how a table was sorted or labelled.

Colour refinement (Weisfeiler and Leman 1968) on the graph of cells and the atoms they sum: everything starts with a
colour made of its count, and takes on the colours around it until no more differ. Sorted by colour, the same table
gives the same problem to the solver, and so the same answer, whatever the order of its rows and columns. Rows that
are equal in every respect keep the order they came in; which of them is which then makes no other difference.
"""

from dataclasses import dataclass

import numpy as np

from analysis.disclosure.cells import Members

_STEP, _FIRST, _SECOND = (np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True)
class Order:
    """Positions of atoms (n,) and cells (m,) in the order to work in, and the colours (uint64) that made it."""

    atoms: np.ndarray
    cells: np.ndarray
    atom_colours: np.ndarray
    cell_colours: np.ndarray


def mixed(numbers: np.ndarray) -> np.ndarray:
    """A good mixing of 64-bit numbers (splitmix64, Steele, Lea and Flood 2014)."""
    found = numbers.astype("uint64") + _STEP
    found = (found ^ (found >> np.uint64(30))) * _FIRST
    found = (found ^ (found >> np.uint64(27))) * _SECOND
    return found ^ (found >> np.uint64(31))


def content_order(counts: np.ndarray, members: Members, marks: np.ndarray | None = None) -> Order:
    """The order by content. `counts` (n,) of atoms, `members` (m, n), and `marks` (m,) whole numbers that tell cells
    apart besides (what must be kept, say)."""
    cell, atom = members.nonzero()
    shape = members.shape
    own = mixed(np.zeros(shape[0]) if marks is None else np.asarray(marks, "int64").view("uint64"))
    cells, atoms = own, mixed(np.asarray(counts, "int64"))
    different = -1
    while different < (number := len(np.unique(cells)) + len(np.unique(atoms))):
        different = number
        cells = mixed(cells + _sums(mixed(atoms), atom, cell, shape[0]))
        atoms = mixed(atoms + _sums(mixed(cells ^ _STEP), cell, atom, shape[1]))
    return Order(np.argsort(atoms, kind="stable"), np.argsort(cells, kind="stable"), atoms, cells)


def _sums(values: np.ndarray, source: np.ndarray, target: np.ndarray, size: int) -> np.ndarray:
    """Of each target, the sum modulo 2^64 of the values that point at it: the same in any order."""
    found = np.zeros(size, "uint64")
    np.add.at(found, target, values[source])
    return found
