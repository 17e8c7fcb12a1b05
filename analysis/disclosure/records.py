"""The canonical record of a release: what is printed where, without a value, and the values beside it.

The definitions can lie in the open: they hold dimensions, cells, places, kinds, decimals and how a number is shown, and
none of the numbers. They are the same, and so is their SHA-256, whatever the order in which numbers, cells, dimensions
and categories were given. The values (what was printed, and the truth behind it) are kept in the restricted area, in
the order of the definitions.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.disclosure.declared import Cell, Classification, Declared, Dimension, Group, Measure, Number, Place, Truth
from analysis.disclosure.shown import Shown

SCHEMA = 1
SHOWN = ("status", "multiple", "below", "above", "scale", "least", "most", "decimals")
PLACE = ("report", "table", "row", "column", "medium")
TRUTH = ("value", "base", "minus_value", "minus_base", "dominated", "at_extreme", "df")
Record = dict[str, Any]


def definition(declared: Declared) -> Record:
    """The definitions of a release as JSON content: none of the values, printed or true."""
    classification = declared.classification
    return {
        "schema": SCHEMA,
        "cohort": declared.cohort,
        "report": declared.report,
        "version": declared.version,
        "dimensions": {
            one.name: {"categories": sorted(one.categories), "outcome": one.outcome}
            for one in classification.dimensions
        },
        "measures": {one.name: {"low": _plain(one.low), "high": _plain(one.high)} for one in classification.measures},
        "impossible": _cells(classification, classification.impossible),
        "numbers": [_number(classification, number) for number in _ordered(declared)],
    }


def values(declared: Declared) -> list[Record]:
    """The printed text and the truth of each number, in the order of `definition`. Restricted."""
    return [
        {"text": number.shown.text} | {name: _plain(getattr(number.truth, name)) for name in TRUTH}
        for number in _ordered(declared)
    ]


def digest(content: Any) -> str:
    """SHA-256 of JSON content in one way of writing: sorted keys, no spaces, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def restored(defined: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> Declared:
    """The release that `definition` and `values` were made of. Raises ValueError for another schema."""
    if defined["schema"] != SCHEMA:
        raise ValueError(f"records of schema {SCHEMA} can be read, not {defined['schema']}")
    dimensions = tuple(
        Dimension(name, tuple(one["categories"]), one["outcome"]) for name, one in defined["dimensions"].items()
    )
    measures = tuple(Measure(name, one["low"], one["high"]) for name, one in defined["measures"].items())
    classification = Classification(dimensions, measures, _read_cells(defined["impossible"]))
    numbers = tuple(_read_number(one, value) for one, value in zip(defined["numbers"], kept, strict=True))
    return Declared(defined["cohort"], defined["report"], defined["version"], classification, numbers)


def _ordered(declared: Declared) -> list[Number]:
    return sorted(declared.numbers, key=lambda number: number.place)


def _number(classification: Classification, number: Number) -> Record:
    minus = None if number.minus is None else _group(classification, number.minus)
    return {
        "place": {name: getattr(number.place, name) for name in PLACE},
        "kind": number.kind,
        "measure": number.measure,
        "of": _group(classification, number.of),
        "minus": minus,
        "shown": {name: _plain(getattr(number.shown, name)) for name in SHOWN},
    }


def _plain(value: Any) -> Any:
    """A number as JSON writes it, the same for 3, 3.0 and numpy's: whole ones as int."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    return int(value) if float(value).is_integer() else float(value)


def _group(classification: Classification, group: Group) -> Record:
    return {"cells": _cells(classification, group.cells), "base": _cells(classification, group.base)}


def _cells(classification: Classification, cells: Sequence[Cell]) -> list[Record]:
    canonical = sorted(map(classification.canonical, cells))
    return [{name: list(categories) for name, categories in item.parts} for item in canonical]


def _read_cells(written: Sequence[Mapping[str, Sequence[str]]]) -> tuple[Cell, ...]:
    return tuple(Cell(tuple(sorted((name, tuple(what)) for name, what in item.items()))) for item in written)


def _read_group(written: Mapping[str, Any]) -> Group:
    return Group(_read_cells(written["cells"]), _read_cells(written["base"]))


def _read_number(written: Mapping[str, Any], kept: Mapping[str, Any]) -> Number:
    shown = {name: value for name, value in written["shown"].items() if name != "decimals"}
    return Number(
        Place(**written["place"]),
        written["kind"],
        _read_group(written["of"]),
        Shown(text=kept["text"], **shown),
        None if written["minus"] is None else _read_group(written["minus"]),
        written["measure"],
        Truth(**{name: kept[name] for name in TRUTH}),
    )
