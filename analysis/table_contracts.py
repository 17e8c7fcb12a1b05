"""The tables that a delivery may hold, and what stands in the columns of each. See design.md, contracts."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "arm", "month", "date", "number", "count", "boolean"]


@dataclass(frozen=True)
class Field:
    """A column of a table: what it holds, and whether the card must say where it comes from and rows may lack it."""

    kind: Kind
    required: bool = False


# Dates are inclusive; a spell or an office without a last day is still open. `left_on` is the day of emigration or
# death: the person is followed through the day before. Months may be delivered as dates.
TABLES: dict[str, dict[str, Field]] = {
    "persons": {
        "person_id": Field("id", required=True),
        "arm": Field("arm"),
        "office_id": Field("text"),
        "time_zero": Field("month"),
        "adoption_month": Field("month"),
        "left_on": Field("date"),
        "municipality": Field("text"),
    },
    "outcomes": {"person_id": Field("id", required=True)},
    "offices": {
        "office_id": Field("text", required=True),
        "county": Field("text"),
        "municipality": Field("text"),
        "valid_from": Field("date"),
        "valid_to": Field("date"),
        "successor": Field("text"),
        "adoption_month": Field("month"),
        "arm": Field("arm"),
    },
    "memberships": {
        "person_id": Field("id", required=True),
        "office_id": Field("text", required=True),
        "from_date": Field("date", required=True),
        "to_date": Field("date"),
    },
    "spells": {
        "person_id": Field("id", required=True),
        "type": Field("text", required=True),
        "from_date": Field("date", required=True),
        "to_date": Field("date"),
    },
    "amounts": {
        "person_id": Field("id", required=True),
        "month": Field("month", required=True),
        "amount": Field("number", required=True),
    },
    "aggregates": {
        "unit_id": Field("text", required=True),
        "unit_type": Field("text"),
        "month": Field("month", required=True),
        "group": Field("text"),
        "outcome": Field("text", required=True),
        "numerator": Field("count", required=True),
        "denominator": Field("count", required=True),
        "entries": Field("count"),
        "entries_numerator": Field("count"),
        "exits": Field("count"),
        "exits_numerator": Field("count"),
    },
}
# Tables in which the card may name further columns: covariates, attributes that outcomes read, and characteristics.
OPEN_TABLES = ("persons", "spells", "offices")
