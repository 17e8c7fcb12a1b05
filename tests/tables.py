"""A small delivery with every table, as texts by file, and its card. Tests change what they are about."""

from copy import deepcopy
from typing import Any

import pandas as pd
from cards import minimal_card

from analysis.cards import Card
from analysis.intake import Delivery, read_delivery

FILES: dict[str, dict[str, Any]] = {
    "offices": {
        "office_id": "kontor",
        "county": "fylke",
        "municipality": "kommune",
        "valid_from": "fra",
        "valid_to": "til",
        "successor": "etter",
        "caseload": {"column": "saker", "type": "number"},
    },
    "persons": {
        "person_id": "pid",
        "arm": {"column": "gruppe", "values": {"T": "treated", "S": "comparison"}},
        "time_zero": "start",
        "left_on": {"earliest": ["utvandret", "dod"]},
        "age": {"column": "alder", "range": [0, 120]},
    },
    "memberships": {"person_id": "pid", "office_id": "kontor", "from_date": "fra", "to_date": "til"},
    "outcomes": {"person_id": "pid"},
    "spells": {
        "person_id": "pid",
        "type": {"column": "slag", "values": {"ARB": "work", "AAP": "aap", "UFO": "disability_benefit", "SE": "se"}},
        "from_date": "fra",
        "to_date": "til",
        "share": "andel",
    },
    "amounts": {"person_id": "pid", "month": "maaned", "amount": "lonn"},
    "aggregates": {
        "unit_id": "kontor",
        "month": "maaned",
        "group": "alder",
        "outcome": {"constant": "medical_only"},
        "numerator": "teller",
        "denominator": "nevner",
    },
}
REGISTERS = {
    "first": "2018-01",
    "last": "2022-12",
    "drawn": "2022-12-31",
    "exclusive": [["aap", "disability_benefit"]],
    "participation": ["se"],
    "links": [{"attribute": "subsidised", "types": ["work"], "by": ["se"]}],
}
OUTCOMES = [{"outcome": "annual_earnings_usd", "month": "2021-12", "column": "inntekt", "values": None}]


def card_of(tables: tuple[str, ...] = tuple(FILES), **changes: Any) -> Card:
    """The card of these tables. Keys ``table__column`` change a column, others the card."""
    files = []
    for table in tables:
        file = {"name": table, "table": table, "path": f"{table}.csv", "format": "csv"}
        files.append(
            file | {"columns": deepcopy(FILES[table])} | ({"outcomes": OUTCOMES} if table == "outcomes" else {})
        )
    own = {key: value for key, value in changes.items() if "__" not in key}
    for key, value in changes.items():
        if "__" in key:
            table, part = key.split("__")
            file = next(file for file in files if file["name"] == table)
            if part in ("keep", "missing", "dates", "format", "path", "rows", "sheet"):
                file[part] = value
            elif value is None:
                del file["columns"][part]
            else:
                file["columns"][part] = value
    covariates = [{"name": "age", "label": "Alder"}]
    return Card.model_validate(minimal_card(files=files, **{"covariates": covariates, "registers": REGISTERS} | own))


def frames() -> dict[str, pd.DataFrame]:
    """Twelve persons at three offices, treated and others by turns, and nothing wrong."""
    people = [f"p{number:02d}" for number in range(12)]
    offices = ["0301", "0302", "0303"]
    nothing = [""] * 12
    persons = {"pid": people, "gruppe": ["T", "S"] * 6, "start": ["2020-12-15"] * 12, "alder": ["30,5"] * 12}
    spells = [(pid, "ARB", "2020-01-01", "2021-03-31", "0,5") for pid in people]
    spells += [(pid, "AAP", "2019-01-01", "2020-06-30", "") for pid in people]
    spells += [(pid, "UFO", "2020-07-01", "", "") for pid in people[6:]]
    spells += [(pid, "SE", "2021-01-01", "2021-06-30", "") for pid in people[::2]]
    return {
        "offices": pd.DataFrame(
            {
                "kontor": offices,
                "fylke": ["Oslo"] * 3,
                "kommune": ["0301"] * 3,
                "fra": ["2010-01-01"] * 3,
                "til": [""] * 3,
                "etter": [""] * 3,
                "saker": ["20,5", "18", ""],
            }
        ),
        "persons": pd.DataFrame(
            persons | {"utvandret": ["2022-05-01", *nothing[1:]], "dod": ["2022-03-01", *nothing[1:]]}
        ),
        "memberships": pd.DataFrame({"pid": people, "kontor": offices * 4, "fra": ["2019-01-01"] * 12, "til": nothing}),
        "outcomes": pd.DataFrame({"pid": people, "inntekt": [*(f"{row},5" for row in range(11)), ""]}),
        "spells": pd.DataFrame(spells, columns=["pid", "slag", "fra", "til", "andel"]),
        "amounts": pd.DataFrame(
            {"pid": people * 2, "maaned": ["2020-11"] * 12 + ["2020-12"] * 12, "lonn": ["100,25"] * 24}
        ),
        "aggregates": pd.DataFrame(
            {
                "kontor": offices * 2,
                "maaned": ["2020-11"] * 3 + ["2020-12"] * 3,
                "alder": "18-29",
                "teller": "3",
                "nevner": "9",
            }
        ),
    }


def write(folder, delivered: dict[str, pd.DataFrame]) -> None:
    """The tables as files in the folder."""
    for table, frame in delivered.items():
        frame.to_csv(folder / f"{table}.csv", index=False, sep=";")


def read(
    folder, delivered: dict[str, pd.DataFrame] | None = None, card: Card | None = None, **options: Any
) -> Delivery:
    """The delivery of these tables, with its spells beside them."""
    write(folder, frames() if delivered is None else delivered)
    return read_delivery(card or card_of(), folder, spells=folder / "spells.parquet", **options)
