"""What the card wants of each file: the columns of the table, their kinds, and the rules that single values keep."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from analysis.cards import Card, Column, File
from analysis.outcomes import attribute_kinds, load_outcomes
from analysis.table_contracts import OPEN_TABLES, TABLES

MONTH_WORDS = {
    "iso": "skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD).",
    "dd.mm.yyyy": "skal være en dato (dd.mm.åååå).",
}
DATE_WORDS = MONTH_WORDS | {"iso": "skal være en dato (ÅÅÅÅ-MM-DD)."}
FILL_ALL = "Kolonnen skal være fylt ut i alle rader."
FILL_COVARIATES = "Bakgrunnskjennetegn skal være fylt ut."
SHARE_LIMITS = (0.0, 2.0)
OUTCOME = "@"
"""Between the outcome and its month in the name of a staged column; in no name of a card."""


@dataclass(frozen=True)
class Target:
    """One column of a table from one file. `limits`: rule, lowest and highest value; dates after `last` are told."""

    name: str
    kind: str
    column: Column
    required: bool = False
    mend: str = FILL_ALL
    limits: tuple[str, float, float] | None = None
    last: date | None = None

    def sources(self) -> list[str]:
        """Source columns that the target is made from."""
        return list(self.column.earliest or ([self.column.column] if self.column.column else []))


def arm_is_derived(card: Card, file: File) -> bool:
    """Whether the groups of a persons file follow from when their offices began."""
    return card.design == "staggered_did" and file.table == "persons" and "arm" not in file.columns


def targets(card: Card, file: File) -> list[Target]:
    """The columns of the contract that the file has, then the card's own, then outcomes that stand in columns."""
    contract = TABLES[file.table]
    known = [_contracted(card, file, name) for name in contract if name in file.columns]
    own = [name for name in file.columns if name not in contract] if file.table in OPEN_TABLES else []
    return [*known, *(_own(file, name) for name in own), *_wide(file)]


def _contracted(card: Card, file: File, name: str) -> Target:
    field, column = TABLES[file.table][name], file.columns[name]
    required = field.required or (file.table == "persons" and name == "arm")
    if name == "time_zero" and arm_is_derived(card, file):
        required = card.time_zero.month is None
    kind = "slug" if (file.table, name) == ("spells", "type") else field.kind
    drawn = card.registers.drawn if card.registers is not None and name == "from_date" else None
    limits = _range(column)
    if limits is None and (file.table, name) == ("amounts", "amount"):
        limits = ("negative_amount", 0.0, float("inf"))
    return Target(name, kind, column, required, limits=limits, last=drawn)


def _own(file: File, name: str) -> Target:
    column = file.columns[name]
    if file.table == "persons":
        return Target(name, "number", column, True, FILL_COVARIATES, _range(column))
    kind = attribute_kinds().get(name, "text") if file.table == "spells" else column.type
    limits = _range(column)
    if limits is None and file.table == "spells" and name == "share":
        limits = ("unlikely_share", *SHARE_LIMITS)
    return Target(name, kind, column, limits=limits)


def _range(column: Column) -> tuple[str, float, float] | None:
    return None if column.range is None else ("outside_range", *column.range)


def _wide(file: File) -> Iterator[Target]:
    for outcome in file.outcomes:
        values = {text: repr(number) for text, number in (outcome.values or {}).items()}
        column = Column(column=outcome.column, values=values or None)
        limits = ("unlikely_share", *SHARE_LIMITS) if _is_share(outcome.outcome) else None
        yield Target(f"{outcome.outcome}{OUTCOME}{outcome.month}", "number", column, limits=limits)


def _is_share(outcome: str) -> bool:
    known = load_outcomes().get(outcome)
    return known is not None and known.kind == "share"
