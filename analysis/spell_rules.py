"""Rules of outcomes made from spells, as plain data; config/outcomes.yaml says which outcome has which.

A rule says which spells count (types, and conditions on their attributes) and what is asked of them in a month. The
same rules are carried out on a whole panel by analysis/spells.py and at single horizons by analysis/spell_baseline.py.
A condition on an attribute that is missing is neither met nor broken: where the answer depends on it, it is missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from analysis.basic_amount import Basis

When = Literal["last_day", "any_day"]
Timing = Literal["point", "ever", "cumulative"]
WHENS = ("last_day", "any_day")
TESTS = ("is", "is_not", "at_least", "below")


@dataclass(frozen=True)
class Condition:
    """A demand on one attribute of a spell: `column` is, is not, is at least or is below `value`."""

    column: str
    test: Literal["is", "is_not", "at_least", "below"]
    value: bool | float | str

    def __post_init__(self):
        if self.test not in TESTS:
            raise ValueError(f"unknown test {self.test!r}; known: {', '.join(TESTS)}")

    def opposite(self) -> "Condition":
        """The condition that holds exactly when this one does not."""
        other = {"is": "is_not", "is_not": "is", "at_least": "below", "below": "at_least"}
        return Condition(self.column, other[self.test], self.value)


@dataclass(frozen=True)
class Spells:
    """Which spells count: any of the `types` that meets every condition in `where`."""

    types: tuple[str, ...]
    where: tuple[Condition, ...] = ()

    def __post_init__(self):
        if not self.types:
            raise ValueError("a rule must name at least one type of spell")


@dataclass(frozen=True)
class State:
    """Being in such a spell on the last day of a month, or on at least one day of it."""

    when: When
    spells: Spells

    def __post_init__(self):
        if self.when not in WHENS:
            raise ValueError(f"unknown when {self.when!r}; known: {', '.join(WHENS)}")


@dataclass(frozen=True)
class InState:
    """1 in months with `state` and none of `without`, else 0."""

    timing: ClassVar[Timing] = "point"
    kind: ClassVar[str] = "share"
    state: State
    without: tuple[State, ...] = ()


@dataclass(frozen=True)
class DaysInMonth:
    """Days of the month in such a spell; a day in several counts once."""

    timing: ClassVar[Timing] = "point"
    kind: ClassVar[str] = "amount"
    spells: Spells


@dataclass(frozen=True)
class MonthsSoFar:
    """Number of months with `state` from the month after time zero to this one: 0 at time zero, h at most after h."""

    timing: ClassVar[Timing] = "cumulative"
    kind: ClassVar[str] = "amount"
    state: State


@dataclass(frozen=True)
class EverSoFar:
    """1 once there has been a month with `state` after the month of time zero, else 0."""

    timing: ClassVar[Timing] = "ever"
    kind: ClassVar[str] = "share"
    state: State


@dataclass(frozen=True)
class AmountAboveG:
    """1 when the amounts of the `months` months that end with this one exceed `multiple` G for as long, else 0.

    With 12 months and the year's mean this is, in December, the year's amount against the year's mean G.
    """

    timing: ClassVar[Timing] = "point"
    kind: ClassVar[str] = "share"
    multiple: float
    months: int = 12
    basis: Basis = "year_mean"

    def __post_init__(self):
        if not self.multiple > 0 or not isinstance(self.months, int) or self.months < 1:
            raise ValueError("multiple must be above 0 and months a whole number of 1 or more")


Rule = InState | DaysInMonth | MonthsSoFar | EverSoFar | AmountAboveG


def spells_of(rule: Rule) -> tuple[Spells, ...]:
    """Every selection of spells that a rule reads; none for a rule on amounts."""
    if isinstance(rule, AmountAboveG):
        return ()
    if isinstance(rule, DaysInMonth):
        return (rule.spells,)
    without = rule.without if isinstance(rule, InState) else ()
    return (rule.state.spells, *(state.spells for state in without))


def needed_types(rules: Mapping[str, Rule]) -> set[str]:
    """Types of spells that the delivery must cover for `rules`."""
    return {kind for rule in rules.values() for spells in spells_of(rule) for kind in spells.types}


def needed_attributes(rules: Mapping[str, Rule]) -> set[str]:
    """Attribute columns of the spells that `rules` read."""
    return {demand.column for rule in rules.values() for spells in spells_of(rule) for demand in spells.where}


def read_rule(entry: Mapping[str, Any]) -> Rule:
    """The rule of an entry ``{name: …, parameters}``. A malformed entry raises ValueError."""
    parameters = dict(entry)
    name = parameters.pop("name", None)
    if name not in RULES:
        raise ValueError(f"unknown rule {name!r}; known: {', '.join(RULES)}")
    try:
        return RULES[name](**parameters)
    except TypeError as error:
        raise ValueError(f"rule {name}: {error}") from None


def read_spells(types: list[str], where: Mapping[str, Any] | None = None) -> Spells:
    """``{share: {at_least: 0.5}, plan: medical}`` as conditions; a plain value means `is`."""
    demands = []
    for column, demand in (where or {}).items():
        tests = demand if isinstance(demand, Mapping) else {"is": demand}
        demands += [Condition(column, test, value) for test, value in tests.items()]
    return Spells(tuple(types), tuple(demands))


def _in_state(when: When) -> Callable[..., InState]:
    def build(types: list[str], where: Mapping | None = None, without: list[Mapping] | None = None) -> InState:
        return InState(State(when, read_spells(types, where)), tuple(_read_state(**state) for state in without or ()))

    return build


def _read_state(when: When, types: list[str], where: Mapping | None = None) -> State:
    return State(when, read_spells(types, where))


def _only_last_day(types: list[str], where: Mapping) -> InState:
    """Such a spell on the last day, and no spell of the same types that is otherwise."""
    wanted = read_spells(types, where)
    others = (Spells(wanted.types, (demand.opposite(),)) for demand in wanted.where)
    return InState(State("last_day", wanted), tuple(State("last_day", other) for other in others))


RULES: dict[str, Callable[..., Rule]] = {
    "last_day": _in_state("last_day"),
    "any_day": _in_state("any_day"),
    "only_last_day": _only_last_day,
    "days": lambda types, where=None: DaysInMonth(read_spells(types, where)),
    "months_so_far": lambda counted, types, where=None: MonthsSoFar(_read_state(counted, types, where)),
    "ever": lambda counted, types, where=None: EverSoFar(_read_state(counted, types, where)),
    "amount_above_g": AmountAboveG,
}
