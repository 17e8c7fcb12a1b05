"""The equations and bounds that a reader gets from everything that is printed about a cohort.

Every number is linear in the counts x of the atoms (`analysis.disclosure.cliques`) and in the sums s of each amount
over them: ``low ≤ A x ≤ high`` and ``x ≥ 0``.

* count v: Σ x within the whole numbers that print as v.
* share U units of 1/K over a base: (2U − 1)·Σ base ≤ 2K·Σ numerator ≤ (2U + 1)·Σ base − 1, exactly half up for whole
  numbers; with a base that is printed too also the whole numerators that fit. Of rounded counts, each is widened by
  what rounding can have moved.
* mean m ± h: (m − h)·Σ x ≤ Σ s ≤ (m + h)·Σ x. Sum: Σ s within its interval. Each s between the least and the greatest
  possible amount times x.
* effect d ± h: of means over bases that the auditor knows, Σ s₁/n₁ − Σ s₀/n₀ within it. The attacker is taken to know
  those bases, because most reports print them.

Complements, what is left outside a matched group, and differences between tables and reports need no equations of their
own: they follow from these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.disclosure.cliques import Layout, layout
from analysis.disclosure.declared import Cell, Classification, Declared, Number
from analysis.disclosure.number_rows import INF, NOTHING, Row, Variables, printed_bases, printed_rows, true_rows


@dataclass(frozen=True)
class Equations:
    """`matrix` (m, n) with `low`, `high` (m,), and variables from 0 (amounts that may be negative: from `least`) to
    `most` (n,). `number`, `beside` (m,): which of `numbers` a row comes from, and another that it rests on (the base of
    a share); −1 for none. The first `layout.size` variables count persons; those of each of `measures` follow."""

    matrix: "scipy.sparse.csr_array"
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    most: np.ndarray
    number: np.ndarray
    beside: np.ndarray
    numbers: tuple[Number, ...]
    variables: Variables

    @property
    def layout(self) -> Layout:
        return self.variables.layout

    @property
    def classification(self) -> Classification:
        return self.variables.classification

    def row(self, cells: Sequence[Cell], measure: str = "") -> np.ndarray:
        """The coefficients (n,) of the persons in these cells, or of the sum of an amount over them."""
        found = np.zeros(self.matrix.shape[1])
        for variable, coefficient in self.variables.summed(cells, measure).items():
            found[variable] = coefficient
        return found

    def without(self, numbers: set[int]) -> "Equations":
        """What a reader gets who has not seen these numbers (their places in `numbers`)."""
        keep = ~(np.isin(self.number, list(numbers)) | np.isin(self.beside, list(numbers)))
        rows = {name: getattr(self, name)[keep] for name in ("matrix", "low", "high", "number", "beside")}
        return Equations(**{**self.__dict__, **rows})

    def behind(self, rows: np.ndarray) -> set[int]:
        """The places in `numbers` of those that these rows come from."""
        return {int(place) for place in np.concatenate([self.number[rows], self.beside[rows]]) if place != NOTHING}


def equations(*declared: Declared, truth: bool = False) -> Equations:
    """What is printed in these releases of one cohort, as a reader gets it; with `truth` what the auditor knows
    instead: every count behind a number.

    Raises ValueError when the classifications are not the same (`ledger.joined` makes them so) and ProblemsFound when
    they are too large.
    """
    classification = declared[0].classification
    if any(one.classification != classification for one in declared):
        raise ValueError("releases that are read together need the same classification")
    numbers = tuple(number for one in declared for number in one.numbers)
    cells = {item for one in declared for item in one.cells()}
    measures = tuple(sorted({number.measure for number in numbers} - {""}))
    variables = Variables(classification, layout(classification, sorted(cells)), measures)
    bases = printed_bases(classification, numbers)
    source = [
        (row, place)
        for place, number in enumerate(numbers)
        for row in (true_rows(variables, number) if truth else printed_rows(variables, number, bases))
    ]
    return _stacked(_with_amounts(_nothing(variables, numbers)), source)


def _nothing(variables: Variables, numbers: tuple[Number, ...]) -> Equations:
    """The variables with what holds anyway: cliques agree, and nobody is in a cell that is impossible."""
    atoms, copies = variables.layout.size, 1 + len(variables.measures)
    agreement = scipy.sparse.csr_array(scipy.sparse.block_diag([variables.layout.agreement] * copies, format="csr"))
    zero, none = np.zeros(agreement.shape[0]), np.full(agreement.shape[0], NOTHING)
    least, most = np.zeros(variables.size), np.full(variables.size, INF)
    least[atoms:] = -INF
    for item in variables.classification.impossible:
        nobody = variables.layout.atoms(variables.classification.canonical(item))
        for start in range(0, variables.size, atoms):
            least[start + nobody] = most[start + nobody] = 0.0
    return Equations(agreement, zero, zero, least, most, none, none, numbers, variables)


def _with_amounts(empty: Equations) -> Equations:
    """Each sum of an amount lies between its least and its greatest value times the persons."""
    size, known = empty.layout.size, {measure.name: measure for measure in empty.classification.measures}
    persons, rows, low, high = scipy.sparse.eye_array(size, format="csr"), [empty.matrix], [empty.low], [empty.high]
    for place, name in enumerate(empty.variables.measures):
        measure = known[name]
        for bound, sign in ((measure.low, 1.0), (measure.high, -1.0)):
            if bound is None:
                continue
            blocks = [scipy.sparse.csr_array((size, size))] * len(empty.variables.measures)
            blocks[place] = sign * persons
            rows.append(scipy.sparse.hstack([-sign * bound * persons, *blocks], format="csr"))
            low.append(np.zeros(size))
            high.append(np.full(size, INF))
    bounds = {"low": np.concatenate(low), "high": np.concatenate(high)}
    matrix = scipy.sparse.csr_array(scipy.sparse.vstack(rows, format="csr"))
    none = np.full(matrix.shape[0], NOTHING)
    return Equations(**{**empty.__dict__, **bounds, "matrix": matrix, "number": none, "beside": none})


def _stacked(empty: Equations, source: Sequence[tuple[Row, int]]) -> Equations:
    rows = [row for row, _ in source]
    pointers = np.concatenate([[0], np.cumsum([len(row[0]) for row in rows], dtype="int64")])
    columns = np.array([variable for row in rows for variable in row[0]], dtype="int64")
    values = np.array([value for row in rows for value in row[0].values()], dtype="float64")
    printed = scipy.sparse.csr_array((values, columns, pointers), shape=(len(rows), empty.matrix.shape[1]))
    stacked = {
        "matrix": scipy.sparse.csr_array(scipy.sparse.vstack([empty.matrix, printed], format="csr")),
        "low": np.concatenate([empty.low, [row[1] for row in rows]]),
        "high": np.concatenate([empty.high, [row[2] for row in rows]]),
        "number": np.concatenate([empty.number, [place for _, place in source]]).astype("int64"),
        "beside": np.concatenate([empty.beside, [row[3] for row in rows]]).astype("int64"),
    }
    return Equations(**{**empty.__dict__, **stacked})
