"""Parts of a card as plain data that may be misshapen: what is not of the right shape counts as not there."""

from typing import Any


def mapping(value: Any) -> dict[str, Any]:
    """The keys and values, or none."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The entries of a list, each as `mapping` has it, so that places stay the same."""
    return [mapping(item) for item in value] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def chosen_outcomes(data: dict[str, Any]) -> list[str]:
    """Primary and secondary outcomes of the card."""
    wanted = mapping(data.get("outcomes"))
    return [*texts([wanted.get("primary")]), *texts(wanted.get("secondary"))]
