"""Rules on the changes that the card tells of since its plan was locked."""

from collections.abc import Iterator, Sequence
from typing import Any

from analysis.card_parts import mappings
from analysis.strict import Finding


def deviations_name_the_plan(data: dict[str, Any], keys: Sequence[str]) -> Iterator[Finding]:
    """A change is of one of the plan's `keys`: told under another name, the report would call it unexplained."""
    for place, item in enumerate(mappings(data.get("deviations"))):
        key = item.get("key")
        if isinstance(key, str) and key not in keys:
            yield (
                ("deviations", place, "key"),
                f"«{key}» er ikke en nøkkel i planen.",
                f"Skriv en av disse: {', '.join(keys)}.",
            )
