"""What a calculation gives for one released row, in the form that is held against it.

A row holds `id` (`results.estimate_id`) and what of QUANTITIES was worked out. Besides, where they apply: `least` and
`largest`, what the estimate can be given rounded counts; `reason`, why the estimate is not the same calculation on the
same persons, or could not be worked out (reasons.py); and `interval`, the same of all but the estimate.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.bundle.reasons import PERSONS
from analysis.results import IDENTITY, estimate_id, estimates

QUANTITIES = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
BOUNDS = ("least", "largest")
REASONS = ("reason", "interval")


def whole_rows(rows: Iterable[Mapping[str, Any]], **common: Any) -> Iterator[dict[str, Any]]:
    """Rows of the table of estimates, of which every quantity was worked out; `common` as for `results.estimates`."""
    for row in estimates(rows, **common).to_dict("records"):
        yield {"id": estimate_id(row), **{name: row[name] for name in QUANTITIES}}


def complete(rows: Iterable[Mapping[str, Any]], owed: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The rows, and one without any number for each of `owed` that is not among them: a calculation that gives a whole
    table, and no longer gives a released number, does not agree with it."""
    given = set()
    for row in rows:
        given.add(row["id"])
        yield row
    yield from ({"id": name} for name in owed if name not in given)


def ids(released: pd.DataFrame) -> list[str]:
    """The names of released rows."""
    return [estimate_id(row) for row in released[list(IDENTITY)].to_dict("records")]


def in_order(names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows in the order of the released ones; what no calculation gives needs persons."""
    found = {row["id"]: row for row in rows}
    made = [found.get(name, {"id": name, "reason": PERSONS}) for name in names]
    table = pd.DataFrame(made).reindex(columns=["id", *QUANTITIES, *BOUNDS, *REASONS])
    return table.astype({**dict.fromkeys((*QUANTITIES, *BOUNDS), "float64"), **dict.fromkeys(REASONS, "object")})
