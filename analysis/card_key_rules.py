"""A key of the card that belongs to some designs: needed where they are estimated, refused where nothing reads it.

See `card_rules` for how rules are written.
"""

from collections.abc import Iterator
from typing import Any

from analysis.strict import Finding


def is_estimated_as(data: dict[str, Any], designs: tuple[str, ...]) -> bool:
    """Whether the card's design is one of `designs` and is estimated from a delivery."""
    delivered = data.get("data_kind") != "published"
    return data.get("design") in designs and data.get("analysis") != "describe" and delivered


def stands_where_it_is_read(data: dict[str, Any], key: str, designs: tuple[str, ...], when: str) -> Iterator[Finding]:
    """`key` is needed where one of `designs` is estimated, and refused elsewhere. `when` it is used, in words."""
    if is_estimated_as(data, designs):
        if data.get(key) is None:
            what = f"mangler, men designet {data['design']} bruker den når {when}."
            yield (key,), what, f"Fyll inn {key}, eller skriv analysis: describe."
    elif data.get(key) is not None and data.get("design") is not None:
        mend = f"Fjern {key}, eller bruk analysis: estimate med ett av designene {', '.join(designs)}."
        yield (key,), "ingenting leser denne nøkkelen her.", mend
