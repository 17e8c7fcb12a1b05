"""Rules about the columns of a delivery: those of each table, where they come from, and what is put in their place.

See `card_rules` for how rules are written, and `table_contracts` for the tables.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from analysis.card_library import attribute_kinds
from analysis.card_parts import files_of, is_delivered, mapping, mappings, month, table_of, text, texts
from analysis.strict import Finding
from analysis.table_contracts import OPEN_TABLES, TABLES

Key = tuple[str | int, ...]
ORIGINS = ("column", "constant", "row_number", "earliest")
# Where columns of each kind may come from. Ids of persons may also be made from row numbers.
ALLOWED: dict[str, tuple[str, ...]] = {
    "id": ("column",),
    "text": ("column", "constant"),
    "arm": ("column", "constant"),
    "month": ("column", "constant"),
    "date": ("column", "earliest"),
    "number": ("column", "constant"),
    "count": ("column",),
    "boolean": ("column",),
}
# Kinds whose values are translated, or stand in the place of a missing one.
TRANSLATED = ("text", "arm", "number", "boolean")
NUMBERS = ("number", "count")
SLUG = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class ColumnEntry:
    """A column that is described with more than the name of a source column; `kind` is None if nobody uses it."""

    key: Key
    table: str
    name: str
    kind: str | None
    content: dict[str, Any]

    @property
    def origins(self) -> list[str]:
        """Where the column is said to come from."""
        return [origin for origin in ORIGINS if self.content.get(origin) is not None]


def column_entries(data: dict[str, Any]) -> Iterator[ColumnEntry]:
    """Every such column of every file."""
    for place, file in files_of(data, *TABLES):
        for name, content in mapping(file.get("columns")).items():
            if isinstance(content, dict) and isinstance(name, str):
                table = table_of(file)
                kind = _kind(table, name, content, data)
                yield ColumnEntry(("files", place, "columns", name), table, name, kind, content)


def delivered_covariates(data: dict[str, Any]) -> list[str]:
    """Covariates that stand in columns of the persons."""
    return texts([covariate.get("name") for covariate in mappings(data.get("covariates")) if is_delivered(covariate)])


def _kind(table: str, name: str, content: dict[str, Any], data: dict[str, Any]) -> str | None:
    if name in TABLES[table]:
        return TABLES[table][name].kind
    if table == "persons":
        return "number" if name in delivered_covariates(data) else None
    if table == "offices":
        return "number" if content.get("type") == "number" else "text"
    return attribute_kinds().get(name) if table == "spells" else None


def columns_fit_the_contract(data: dict[str, Any]) -> Iterator[Finding]:
    """Every file maps the required columns of its table, and nothing that nobody uses."""
    covariates = delivered_covariates(data)
    for place, file in files_of(data, *TABLES):
        table, columns = table_of(file), mapping(file.get("columns"))
        required = [name for name, field in TABLES[table].items() if field.required]
        further = covariates if table == "persons" else []
        for name in [*required, *further]:
            if name not in columns:
                yield ("files", place, "columns"), f"kolonnen {name} er ikke koblet til filen.", f"Legg til {name}."
        for name in columns:
            if _is_unused(table, name, covariates):
                yield ("files", place, "columns", name), "kolonnen brukes ikke til noe.", _allowed_words(table)


def _is_unused(table: str, name: Any, covariates: list[str]) -> bool:
    further = {"persons": covariates, "spells": list(attribute_kinds()), "offices": [name]}
    return name not in TABLES[table] and name not in (further[table] if table in OPEN_TABLES else [])


def _allowed_words(table: str) -> str:
    if table == "persons":
        return "Legg den til under covariates, eller fjern den."
    further = list(attribute_kinds()) if table == "spells" else []
    return f"Fjern den. Lovlig i {table}: {', '.join([*TABLES[table], *further])}."


def columns_have_one_origin(data: dict[str, Any]) -> Iterator[Finding]:
    """A column comes from one place, of a kind that suits it."""
    for entry in column_entries(data):
        if entry.kind is None:
            continue
        allowed = ALLOWED[entry.kind]
        if (entry.table, entry.name) == ("persons", "person_id"):
            allowed = (*allowed, "row_number")
        given = entry.origins
        if len(given) != 1 or given[0] not in allowed:
            found = " og ".join(given) or "ingenting"
            yield entry.key, f"fant {found}.", f"Oppgi nøyaktig én av: {', '.join(allowed)}."


def values_suit_the_column(data: dict[str, Any]) -> Iterator[Finding]:
    """`values` and `missing` belong to columns of some kinds, and give what the column holds; so does `constant`."""
    for entry in column_entries(data):
        if entry.kind is None:
            continue
        for option in ("values", "missing"):
            usable = entry.kind in TRANSLATED and entry.origins == ["column"]
            if entry.content.get(option) is not None and not usable:
                what = "brukes bare for en kolonne med tekst, gruppe, tall eller ja/nei."
                yield (*entry.key, option), what, f"Fjern {option}."
        for part, value in _given_values(entry):
            mend = _value_words(entry)
            if mend and not _is_value(entry, value):
                yield (*entry.key, *part), f"fant «{value}».", mend


def _given_values(entry: ColumnEntry) -> Iterator[tuple[Key, str]]:
    """What the card itself puts into the column; texts only, for others are told of by their own key."""
    given = {("constant",): entry.content.get("constant"), ("missing",): entry.content.get("missing")}
    given |= {("values", source): value for source, value in mapping(entry.content.get("values")).items()}
    yield from ((part, value) for part, value in given.items() if isinstance(value, str))


def _value_words(entry: ColumnEntry) -> str:
    """What a value of the column may be; empty when any text may stand there. Groups have a rule of their own."""
    if (entry.table, entry.name) == ("spells", "type"):
        return "Skriv typen med små bokstaver a–z, tall og understrek."
    return {
        "month": "Skriv en måned som ÅÅÅÅ-MM, fra 1900 til 2099.",
        "number": "Skriv et tall med desimalpunktum, i anførselstegn.",
        "boolean": 'Lovlig: "true" og "false".',
    }.get(str(entry.kind), "")


def _is_value(entry: ColumnEntry, value: str) -> bool:
    if entry.kind == "month":
        return month(value) is not None
    if entry.kind == "boolean":
        return value in ("true", "false")
    return _is_number(value) if entry.kind == "number" else SLUG.fullmatch(value) is not None


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value)) and "_" not in value
    except ValueError:
        return False


def ranges_and_types_suit_the_column(data: dict[str, Any]) -> Iterator[Finding]:
    """`range` belongs to numbers and runs upwards; `type` belongs to what an office is like."""
    for entry in column_entries(data):
        bounds = entry.content.get("range")
        if bounds is not None and entry.kind not in (*NUMBERS, None):
            yield (*entry.key, "range"), "brukes bare for tall.", "Fjern range."
        numbers = [bound for bound in bounds if isinstance(bound, int | float)] if isinstance(bounds, list) else []
        if len(numbers) == 2 and numbers[0] > numbers[1]:
            yield (*entry.key, "range"), "den laveste verdien er større enn den høyeste.", "Bytt om på dem."
        characteristic = entry.table == "offices" and entry.name not in TABLES["offices"]
        if text(entry.content.get("type")) not in ("", "text") and not characteristic:
            yield (*entry.key, "type"), "brukes bare for kjennetegn ved kontorer.", "Fjern type."


def files_name_known_arms(data: dict[str, Any]) -> Iterator[Finding]:
    """Groups that files are translated to stand under `arms`."""
    known = texts([arm.get("id") for arm in mappings(data.get("arms"))])
    for entry in column_entries(data):
        if entry.kind == "arm" and known:
            for part, arm in _given_values(entry):
                if arm not in known:
                    yield (*entry.key, *part), f"gruppen «{arm}» finnes ikke.", f"Lovlig: {', '.join(known)}."


COLUMN_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    columns_fit_the_contract,
    columns_have_one_origin,
    values_suit_the_column,
    ranges_and_types_suit_the_column,
    files_name_known_arms,
)
