"""How wide the columns of a table stand in Word, where no word should be broken that can stand whole."""

import re
from collections.abc import Sequence

from analysis.report.canvas import drawing, text_width

PADDING = 9.0  # points on both sides of a cell together
BREAKS = re.compile("[ \u00ad-]")
# So many of a column's longest words are measured: the one with most letters is not always the widest.
LONGEST = 3


def widths(block: dict, room: float, size: float) -> list[float]:
    """Return the width of each column in points, `room` in all.

    They are in proportion to those of the model, but none is narrower than its longest word in letters of `size`
    points, as long as there is room.
    """
    wanted = [column["width"] for column in block["columns"]]
    with drawing():
        needed = [_needed(block, index, size) for index in range(len(wanted))]
    if sum(needed) > room:
        return [room * part / sum(wanted) for part in wanted]
    narrow: set[int] = set()
    while True:
        free = room - sum(needed[index] for index in narrow)
        total = sum(part for index, part in enumerate(wanted) if index not in narrow)
        found = [needed[n] if n in narrow else free * part / total for n, part in enumerate(wanted)]
        more = {index for index, width in enumerate(found) if width < needed[index] and index not in narrow}
        if not more:
            return found
        narrow |= more


def _needed(block: dict, index: int, size: float) -> float:
    cells = [block["columns"][index]["label"]]
    cells += ["".join(run["text"] for run in row[index]) for row in block["rows"]]
    return PADDING + max(text_width(word, size=size, weight="semibold") for word in _longest(cells))


def _longest(cells: Sequence[str]) -> list[str]:
    found = {word for cell in cells for word in BREAKS.split(cell)}
    return sorted(found, key=lambda word: (-len(word), word))[:LONGEST]
