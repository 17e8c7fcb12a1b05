"""Published cells as sums over atoms, the finest groups of persons: which atoms a table, its margins or a list sum.

A set of cells is a sparse matrix of 0 and 1 with a row for each cell and a column for each atom; the counts of the
cells are ``members @ counts``. A table is the product of its dimensions, each a matrix of its own that lists the
categories and the totals over them. Stack several tables of the same atoms to get linked tables.
"""

from collections.abc import Sequence

import numpy as np
import scipy

Members = scipy.sparse.csr_array


def with_total(size: int) -> Members:
    """A dimension of `size` categories and their total: (size + 1, size)."""
    return scipy.sparse.csr_array(np.vstack([np.eye(size, dtype="int64"), np.ones((1, size), "int64")]))


def with_groups(groups: Sequence[object]) -> Members:
    """A dimension of categories that lie in groups (offices in regions): the categories, the groups in order of their
    first category, and the total: (size + number of groups + 1, size)."""
    names = list(dict.fromkeys(groups))
    inside = np.array([[group == name for group in groups] for name in names], dtype="int64")
    size = len(groups)
    return scipy.sparse.csr_array(np.vstack([np.eye(size, dtype="int64"), inside, np.ones((1, size), "int64")]))


def without_total(size: int) -> Members:
    """A dimension of which no total is published: (size, size)."""
    return scipy.sparse.csr_array(np.eye(size, dtype="int64"))


def crossed(*dimensions: Members) -> Members:
    """The table of these dimensions, cells and atoms in C order of the arrays that hold them."""
    found = dimensions[0]
    for dimension in dimensions[1:]:
        found = scipy.sparse.kron(found, dimension, format="csr")
    return scipy.sparse.csr_array(found)


def table_cells(shape: Sequence[int]) -> Members:
    """Every cell and margin of a table of counts: (product of shape + 1, product of shape); the last place of each
    axis is the total."""
    return crossed(*(with_total(size) for size in shape))


def linked(*tables: Members) -> Members:
    """The cells of several tables of the same atoms, one table after another."""
    return scipy.sparse.csr_array(scipy.sparse.vstack(tables, format="csr"))
