"""What a report prints, declared over the finest cross-classification of a cohort.

A classification names the dimensions (arm, office, measured at 24 months, outcome at 24 months, matched, subgroup) and
their categories. A `Cell` is a box in it: the persons whose category is among those named, in each dimension named. A
published `Number` says which cells it is made of, where it stands, and how it is shown. Nothing is computed here: the
equations that a reader gets are in `analysis.disclosure.equations`.

Dimensions of the same name mean the same in every release of a cohort. A new way to delimit the population or to divide
the offices is a new dimension; which pairs of old and new categories cannot meet is told by `impossible` cells.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from analysis.disclosure.shown import DERIVED, HIDDEN, ROUNDED, Shown

COUNT, SHARE, MEAN, SUM, EFFECT = "count", "share", "mean", "sum", "effect"
MINIMUM, MAXIMUM, MODEL = "minimum", "maximum", "model"
KINDS = (COUNT, SHARE, MEAN, SUM, EFFECT, MINIMUM, MAXIMUM, MODEL)
OF_AMOUNTS = (MEAN, SUM, MINIMUM, MAXIMUM)
# Where a number can stand; a margin, a point of a figure and a box of the flow are numbers like any other.
MEDIA = ("table", "margin", "figure", "text", "alt", "attrition", "sheet")


@dataclass(frozen=True, order=True)
class Cell:
    """A box: dimension names with the categories meant, by name; no parts means every person. Made by `cell`."""

    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{name} = {' eller '.join(categories)}" for name, categories in self.parts) or "alle"


def cell(named: Mapping[str, str | Iterable[str]] | None = None, **more: str | Iterable[str]) -> Cell:
    """The persons with these categories: ``cell(office="0101", arm=("a", "b"))``; names that are no Python words go in
    a mapping. Order and repetition do not matter."""
    parts = {**(named or {}), **more}
    chosen = {name: (what,) if isinstance(what, str) else tuple(what) for name, what in parts.items()}
    if not all(chosen.values()):
        raise ValueError("a cell names at least one category of each dimension that it mentions")
    return Cell(tuple(sorted((name, tuple(sorted(set(what)))) for name, what in chosen.items())))


@dataclass(frozen=True)
class Dimension:
    """One way to divide the persons; each person has one category. `outcome` marks what is learnt about a person, such
    as work at 24 months, against what a reader may know beforehand, such as the office."""

    name: str
    categories: tuple[str, ...]
    outcome: bool = False

    def __post_init__(self) -> None:
        if not self.categories or len(set(self.categories)) < len(self.categories):
            raise ValueError(f"dimension {self.name!r} needs categories, each of them once")


@dataclass(frozen=True)
class Measure:
    """An amount per person (kroner, months in work), and the lowest and highest that a reader knows to be possible."""

    name: str
    low: float | None = 0.0
    high: float | None = None


@dataclass(frozen=True)
class Classification:
    """Dimensions, amounts, and cells that nobody can be in, which a reader knows too."""

    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...] = ()
    impossible: tuple[Cell, ...] = ()

    @cached_property
    def _known(self) -> dict[str, frozenset[str]]:
        return {dimension.name: frozenset(dimension.categories) for dimension in self.dimensions}

    def canonical(self, chosen: Cell) -> Cell:
        """The same persons in one way of writing: a dimension of which every category is meant is left out.

        Raises ValueError for a dimension or category that the classification does not have.
        """
        known = self._known
        unknown = [name for name, what in chosen.parts if name not in known or not known[name].issuperset(what)]
        if unknown:
            raise ValueError(f"no such dimension, or no such category of it: {unknown}")
        return Cell(tuple((name, what) for name, what in chosen.parts if len(what) < len(known[name])))


@dataclass(frozen=True, order=True)
class Place:
    """Where a number is printed."""

    report: str
    table: str
    row: str = ""
    column: str = ""
    medium: str = "table"

    def __post_init__(self) -> None:
        if self.medium not in MEDIA:
            raise ValueError(f"unknown medium {self.medium!r}; one of {', '.join(MEDIA)}")

    def __str__(self) -> str:
        words = (("rapport", self.report), ("tabell", self.table), ("rad", self.row), ("kolonne", self.column))
        names = {
            "figure": "figur",
            "text": "tekst",
            "alt": "alternativ tekst",
            "attrition": "flytskjema",
            "sheet": "ark",
        }
        return ", ".join(
            f"{names.get(self.medium, word) if word == 'tabell' else word} «{name}»" for word, name in words if name
        )


@dataclass(frozen=True)
class Group:
    """The cells that a number sums over (a person in two of them counts twice), and those of its base."""

    cells: tuple[Cell, ...]
    base: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Truth:
    """What lies behind a number; stays in the restricted area. Missing where it is not known.

    value, base: count, sum or numerator of `Number.of`, and persons in its base; minus_value, minus_base: of the group
    subtracted. dominated: what `analysis.disclosure.dominance` says of the persons' amounts; at_extreme: persons who
    have the minimum or maximum; df: residual degrees of freedom.
    """

    value: float | None = None
    base: float | None = None
    minus_value: float | None = None
    minus_base: float | None = None
    dominated: bool | None = None
    at_extreme: int | None = None
    df: float | None = None


@dataclass(frozen=True)
class Number:
    """One published number.

    count: persons in `of.cells`. share: those over the persons in `of.base`. sum and mean: `measure` summed over
    `of.cells`, and that over the persons in `of.base` (the cells themselves when it is left out). effect: share or mean
    of `of` less that of `minus`. minimum, maximum: of `measure` among `of.cells`. model: a statistic of one group or of
    two that no linear equation gives (adjusted effect, standard error, interval, p-value, standardised difference,
    test); its groups say whom it is about, `truth.base` and `truth.minus_base` how many they are.
    """

    place: Place
    kind: str
    of: Group
    shown: Shown
    minus: Group | None = None
    measure: str = ""
    truth: Truth = field(default=Truth(), compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; one of {', '.join(KINDS)}")
        if bool(self.measure) != (self.kind in OF_AMOUNTS) and self.kind != EFFECT:
            raise ValueError(f"a number of kind {self.kind} needs a measure if it is of amounts, and only then")
        if (self.minus is not None) != (self.kind == EFFECT) and self.kind != MODEL:
            raise ValueError("an effect has a group that is subtracted, and nothing else has")
        if self.kind == SHARE and not self.of.base:
            raise ValueError("a share is declared by its numerator and its base")
        if self.kind in (EFFECT, MODEL) and self.shown.status == ROUNDED:
            raise ValueError("an effect or a statistic is shown with its decimals, derived or hidden")
        if self.kind not in (COUNT, SHARE, EFFECT) and self.shown.status == DERIVED:
            raise ValueError("counts, shares and effects can be derived from numbers beside them, and nothing else")

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups behind the number, each with a base; that of a sum or a mean is its cells when none is given."""
        found = (self.of,) if self.minus is None else (self.of, self.minus)
        return tuple(Group(group.cells, group.base or group.cells) for group in found)

    @property
    def silent(self) -> bool:
        """Whether the number tells a reader nothing that is not in the numbers beside it."""
        return self.shown.status in (HIDDEN, DERIVED)


@dataclass(frozen=True)
class Declared:
    """Every number of one release, each in a place of its own. A corrected report has the next version."""

    cohort: str
    report: str
    version: int
    classification: Classification
    numbers: tuple[Number, ...]

    def __post_init__(self) -> None:
        places = [number.place for number in self.numbers]
        if len(set(places)) < len(places):
            raise ValueError("two numbers have the same place")
        if any(place.report != self.report for place in places):
            raise ValueError("a number is in another report than its release")
        for item in (item for number in self.numbers for group in number.groups for item in group.cells + group.base):
            self.classification.canonical(item)
        unknown = (
            {number.measure for number in self.numbers} - {one.name for one in self.classification.measures} - {""}
        )
        if unknown:
            raise ValueError(f"amounts that the classification does not have: {sorted(unknown)}")

    def cells(self) -> list[Cell]:
        """Every cell that a number mentions, in canonical form, each once and in order."""
        mentioned = (item for number in self.numbers for group in number.groups for item in group.cells + group.base)
        return sorted({self.classification.canonical(item) for item in mentioned})
