"""The choices of many analyses in words: the name of each axis, of each value on it, and what one analysis changed."""

from typing import Any

import pandas as pd

from analysis.card_grid import NONE, OWN, SENSITIVITY, UNUSED, word
from analysis.report.writer import Writer, capital

# Axes whose values are names of texts, and those that are numbers.
NAMED = ("replace", "within", "estimator", "control", "weighting", "average", "adjusted")
COUNTED = ("ratio", "horizon", "base_period", "anticipation")


class Choices:
    """`written` (S): ``axis=value`` of each analysis in the order of the figure, parted by semicolons; `main`: those of
    the main one."""

    def __init__(self, w: Writer, written: pd.Series, main: str):
        self.w = w
        self.of_each, self.usual = [parsed(text) for text in written], parsed(main)

    def groups(self) -> list[dict[str, Any]]:
        """Axes with the analyses (counted from 1) that have each value, in the order they are met in the card."""
        names = dict.fromkeys(axis for one in self.of_each for axis in one)
        return [{"label": self.axis(name), "rows": self._rows(name)} for name in names]

    def _rows(self, axis: str) -> list[dict[str, Any]]:
        chosen = [one.get(axis, UNUSED) for one in self.of_each]
        found = sorted(
            (value for value in dict.fromkeys(chosen) if value != UNUSED), key=lambda value: self._order(axis, value)
        )
        places = {value: [place for place, own in enumerate(chosen, 1) if own == value] for value in found}
        return [{"label": capital(self.value(axis, value)), "at": at} for value, at in places.items()]

    def _order(self, axis: str, value: str) -> int:
        """Where a value stands on its axis: as the card has it, what it has chosen itself first."""
        card = self.w.material.card
        if axis == SENSITIVITY:
            return [OWN, *(row.name for row in card.sensitivity)].index(value)
        listed = [self.usual[axis], *(word(getattr(item, "name", item)) for item in getattr(card.grid, axis))]
        return listed.index(value) if value in listed else len(listed)

    def axis(self, name: str) -> str:
        """The name of an axis."""
        alone = self.w.material.card.grid is None
        return self.w.label(f"specifications.axes.{name}", alone=alone)

    def value(self, axis: str, value: str) -> str:
        """A value in words."""
        w, card = self.w, self.w.material.card
        if axis == "method":
            return w.label(f"matched.methods.{value}")
        if axis == "outcome":
            return w.text(w.outcome(value).label)
        if axis == "base_month":
            return w.book.language.month(value)
        titles = {row.name: w.text(row.title) for row in [*card.sensitivity, *(card.grid.formula if card.grid else [])]}
        if axis in (SENSITIVITY, "formula"):
            return titles[value] if value != OWN else w.label("specifications.own", formula=axis == "formula")
        if axis in NAMED:
            return w.label(f"specifications.values.{axis}.{value}")
        return w.label(
            f"specifications.values.{axis}", value=None if value == NONE else self._number(axis, float(value))
        )

    def _number(self, axis: str, number: float) -> str:
        decimals = 0 if axis in COUNTED else len(f"{number:g}".partition(".")[2])
        return self.w.book.language.number(abs(number), decimals)

    def differs(self, place: int) -> str:
        """What the analysis at a place in the order (from 0) chose otherwise than the main one, in words."""
        own = self.of_each[place].items()
        changed = [(axis, value) for axis, value in own if value not in (self.usual.get(axis, OWN), UNUSED)]
        if not changed:
            return self.w.label("specifications.own", formula=False)
        return "; ".join(self._told(axis, value) for axis, value in changed)

    def _told(self, axis: str, value: str) -> str:
        words = self.value(axis, value)
        return capital(words) if axis == SENSITIVITY else f"{self.axis(axis)}: {words}"


def parsed(text: str) -> dict[str, str]:
    """``method=ipw;caliper=0.1`` by axis."""
    return dict(part.split("=", 1) for part in text.split(";"))
