"""Atoms: the finest groups of persons that a set of cells can tell apart, in as few variables as say it exactly.

The full cross-classification of many dimensions is too large to write down, and mostly not needed: categories that no
cell tells apart are one, and dimensions that no cell crosses need not be crossed. Dimensions that meet in a cell are
neighbours in a graph; eliminating them one by one gives cliques that hang together as a tree with running intersection
(Lauritzen 1996, Graphical Models, 2.1). There is a variable per atom of each clique, and cliques that meet agree on
what they share. Counts that agree so are the margins of some table of whole numbers over all dimensions (glue the
cliques together along the tree, person by person), and of no table otherwise: nothing is lost.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from analysis.disclosure.declared import Cell, Classification
from analysis.problems import Problem, ProblemsFound

MOST_ATOMS = 400_000
Axes = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """`categories`: per dimension that is used, its categories merged into those that the cells tell apart.
    `cliques`: the dimensions of each clique; its atoms follow those of the clique before, in C order of the axes."""

    categories: Mapping[str, tuple[tuple[str, ...], ...]]
    cliques: tuple[Axes, ...]

    def shape(self, clique: int) -> tuple[int, ...]:
        return tuple(len(self.categories[name]) for name in self.cliques[clique])

    @cached_property
    def starts(self) -> np.ndarray:
        """First variable of each clique, and the number of variables last."""
        return np.concatenate([[0], np.cumsum(self._sizes, dtype="int64")])

    @property
    def size(self) -> int:
        return int(self.starts[-1])

    def atoms(self, chosen: Cell) -> np.ndarray:
        """The variables that a cell sums, in the smallest clique that has its dimensions. The cell must be canonical,
        and one of those that the layout was made for or a union of what it tells apart."""
        if chosen not in self._summed:
            self._summed[chosen] = self._atoms(chosen)
        return self._summed[chosen]

    @cached_property
    def _summed(self) -> dict[Cell, np.ndarray]:
        return {}

    @cached_property
    def _sizes(self) -> list[int]:
        return [math.prod(self.shape(clique)) for clique in range(len(self.cliques))]

    def _atoms(self, chosen: Cell) -> np.ndarray:
        parts = dict(chosen.parts)
        able = [number for number, axes in enumerate(self.cliques) if parts.keys() <= set(axes)]
        home = min(able, key=lambda number: (self._sizes[number], number))
        places = [self._places(name, parts.get(name)) for name in self.cliques[home]]
        if not places:
            return self.starts[home : home + 1]
        inside = np.ravel_multi_index(np.ix_(*places), self.shape(home))
        return self.starts[home] + inside.ravel()

    def _places(self, name: str, what: tuple[str, ...] | None) -> list[int]:
        merged = self.categories[name]
        return [place for place, group in enumerate(merged) if what is None or group[0] in what]

    def cell_of(self, variable: int) -> Cell:
        """The persons that a variable counts."""
        clique = int(np.searchsorted(self.starts, variable, side="right")) - 1
        places = np.unravel_index(variable - self.starts[clique], self.shape(clique)) if self.cliques[clique] else ()
        parts = zip(self.cliques[clique], places, strict=True)
        return Cell(tuple(sorted((name, tuple(sorted(self.categories[name][place]))) for name, place in parts)))

    @cached_property
    def agreement(self) -> "scipy.sparse.csr_array":
        """Rows of 1 and −1 that are zero: what two cliques next to each other in the tree count of the same persons."""
        rows = [block for one, other in self._edges() for block in self._shared(one, other)]
        empty = scipy.sparse.csr_array((0, self.size))
        return scipy.sparse.csr_array(scipy.sparse.vstack([empty, *rows], format="csr"))

    def _edges(self) -> list[tuple[int, int]]:
        """A spanning tree of most dimensions in common (Prim); for cliques of an elimination it is a junction tree."""
        inside, outside, found = [0], list(range(1, len(self.cliques))), []
        while outside:
            pairs = ((one, other) for one in inside for other in outside)
            edge = max(pairs, key=lambda pair: (len(set(self.cliques[pair[0]]) & set(self.cliques[pair[1]])), pair))
            found.append(edge)
            inside.append(edge[1])
            outside.remove(edge[1])
        return found

    def _shared(self, one: int, other: int) -> "list[scipy.sparse.csr_array]":
        common = [name for name in self.cliques[one] if name in self.cliques[other]]
        first, second = (self._margin(clique, common) for clique in (one, other))
        return [scipy.sparse.csr_array(first - second)]

    def _margin(self, clique: int, common: Sequence[str]) -> "scipy.sparse.csr_array":
        """A row per combination of the common dimensions, with 1 at the atoms of the clique that have it."""
        shape = self.shape(clique)
        places = np.indices(shape).reshape(len(shape), -1) if shape else np.zeros((0, 1), "int64")
        axes = [self.cliques[clique].index(name) for name in common]
        sizes = [shape[axis] for axis in axes]
        columns = self.starts[clique] + np.arange(places.shape[1])
        rows = np.ravel_multi_index(tuple(places[axes]), sizes) if axes else np.zeros(len(columns), "int64")
        return scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(math.prod(sizes), self.size))


def layout(classification: Classification, cells: Iterable[Cell]) -> Layout:
    """The atoms that these canonical cells tell apart, cells that nobody can be in included.

    Raises ProblemsFound when the dimensions are crossed so much that there are more than `MOST_ATOMS`.
    """
    cells = [*cells, *map(classification.canonical, classification.impossible)]
    categories = {
        dimension.name: merged
        for dimension in classification.dimensions
        if len(merged := _merged(dimension.name, dimension.categories, cells)) > 1
    }
    found = Layout(categories, _cliques(categories, {tuple(name for name, _ in item.parts) for item in cells}))
    if found.size > MOST_ATOMS:
        largest = max(range(len(found.cliques)), key=lambda clique: math.prod(found.shape(clique)))
        raise ProblemsFound("Utgivelsen kan ikke prøves.", [_too_many(found.cliques[largest])])
    return found


def _merged(name: str, categories: Sequence[str], cells: Iterable[Cell]) -> tuple[tuple[str, ...], ...]:
    """Categories that are in the same cells, together; each group in the order given, groups by their first one."""
    sets = sorted({what for item in cells for dimension, what in item.parts if dimension == name})
    groups: dict[tuple[bool, ...], list[str]] = {}
    members = [frozenset(what) for what in sets]
    for category in categories:
        groups.setdefault(tuple(category in what for what in members), []).append(category)
    return tuple(map(tuple, groups.values()))


def _cliques(categories: Mapping[str, Sequence], supports: Iterable[Axes]) -> tuple[Axes, ...]:
    """Cliques of an elimination that takes the dimension with the fewest atoms around it first."""
    around = {name: set() for name in categories}
    for support in supports:
        for name in support:
            around[name] |= set(support) - {name}
    found: list[set[str]] = []
    while around:
        name = min(around, key=lambda name: (_atoms(categories, {name} | around[name]), name))
        clique = {name} | around.pop(name)
        if not any(clique <= other for other in found):
            found.append(clique)
        for other in clique - {name}:
            around[other] = (around[other] | clique) - {name, other}
    return tuple(sorted(tuple(sorted(clique)) for clique in found)) or ((),)


def _atoms(categories: Mapping[str, Sequence], names: Iterable[str]) -> int:
    return math.prod(len(categories[name]) for name in names)


def _too_many(names: Axes) -> Problem:
    what = f"disse inndelingene krysses så mye at det ikke lar seg regne på: {', '.join(names)}."
    return Problem("klassifikasjonen", what, "Kryss færre av dem i samme tabell.")
