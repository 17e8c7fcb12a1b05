"""Parts of a card as plain data that may be misshapen: what is not of the right shape counts as not there."""

import re
from typing import Any

MONTH = re.compile(r"(19|20)\d{2}-(0[1-9]|1[0-2])")
DATE = re.compile(r"(19|20)\d{2}-\d{2}-\d{2}")


def mapping(value: Any) -> dict[str, Any]:
    """The keys and values, or none."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The entries of a list, each as `mapping` has it, so that places stay the same."""
    return [mapping(item) for item in value] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """The text, or an empty one."""
    return value if isinstance(value, str) else ""


def month(value: Any) -> str | None:
    """The month as YYYY-MM. Months in this form are in the order of time when they are in the order of text."""
    return value if isinstance(value, str) and MONTH.fullmatch(value) else None


def date(value: Any) -> str | None:
    """The date as YYYY-MM-DD."""
    return value if isinstance(value, str) and DATE.fullmatch(value) else None


def chosen_outcomes(data: dict[str, Any]) -> list[str]:
    """Primary and secondary outcomes of the card."""
    wanted = mapping(data.get("outcomes"))
    return [*texts([wanted.get("primary")]), *texts(wanted.get("secondary"))]


def measured_outcomes(data: dict[str, Any]) -> list[str]:
    """Those, and the negative controls, each once."""
    controls = texts([control.get("outcome") for control in mappings(data.get("negative_controls"))])
    return list(dict.fromkeys([*chosen_outcomes(data), *controls]))


def table_of(file: dict[str, Any]) -> str:
    """What the rows of a file are."""
    return text(file.get("table", "persons"))


def files_of(data: dict[str, Any], *tables: str) -> list[tuple[int, dict[str, Any]]]:
    """Place and content of each file whose rows are of one of the tables."""
    return [(place, file) for place, file in enumerate(mappings(data.get("files"))) if table_of(file) in tables]


def is_delivered(covariate: dict[str, Any]) -> bool:
    """Whether a covariate stands in a column of its own: it is made neither from an outcome nor from the registers."""
    return covariate.get("outcome") is None and covariate.get("history") is None
