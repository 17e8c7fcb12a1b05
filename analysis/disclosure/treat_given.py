"""What the rules of single tables ask: of the card, of the other tables, and of the headline as it may stand."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.disclosure.behind import Behind, published_size, whole_rows
from analysis.disclosure.effect_rules import effect_decimals
from analysis.disclosure.profiles import Profile

ROLES = ("treated", "comparison")


@dataclass(frozen=True)
class Given:
    """`found`: every table as it was, by name; `key`: the secret that decides which way counts are rounded."""

    card: Card
    found: Mapping[str, pd.DataFrame]
    behind: Behind
    key: bytes

    @property
    def profile(self) -> Profile:
        return self.behind.profile

    @cached_property
    def headline(self) -> Any | None:
        """The headline's row of the estimates; None where there is none about the whole groups."""
        table = self.found["estimates"]
        own = table[table["role"].eq("primary") & whole_rows(table)]
        return None if own.empty else next(own.itertuples())

    @cached_property
    def decimals(self) -> int | None:
        """How many decimals the headline has; None: it is hidden, and what is reckoned from it with it."""
        return None if self.headline is None else self.decimals_of(self.headline)

    def decimals_of(self, row: Any, behind: Behind | None = None) -> int | None:
        """`effect_decimals` of a row whose groups have a published size both; None for any other row."""
        behind = behind or self.behind
        sizes = [published_size(behind, behind.roles.get(role), getattr(row, f"n_{role}")) for role in ROLES]
        return None if any(math.isnan(size) for size in sizes) else effect_decimals(row, behind)

    def decimals_like(self, estimate: float, **changes: Any) -> int | None:
        """How many decimals another effect on the headline's groups may have, no more than the headline; `changes`:
        what else its row has otherwise."""
        if self.decimals is None:
            return None
        row = pd.Series({**self.headline._asdict(), "estimate": estimate, **changes})
        found = self.decimals_of(row)
        return None if found is None else min(found, self.decimals)

    def size(self, role: str, count: Any) -> float:
        """A size of the group of a role as published; nan where it is hidden."""
        return published_size(self.behind, self.behind.roles.get(role), count)


def margin(profile: Profile) -> int:
    """The largest published count, or difference of two, that could stand for a small one."""
    return profile.threshold - 1 + 2 * ((profile.base or 1) - 1)


def two_digits(values: pd.Series, *, shown: bool = True) -> pd.Series:
    """Errors and p-values with two digits that count; missing where they are not `shown`."""
    numbers = values.astype("float64")
    made = numbers.map(lambda value: float(f"{value:.2g}") if math.isfinite(value) else value)
    return made if shown else numbers * np.nan


def ends_about(printed: float, true: float, ends: pd.Series, decimals: int) -> pd.Series:
    """Ends of intervals as far from the printed number as from the true one, so that several of them about one number
    say no more of it than the first."""
    return (printed + (ends.astype("float64") - true).round(decimals)).round(decimals)


def rounded(values: pd.Series, decimals: int | None) -> pd.Series:
    """Numbers with so many decimals; missing for None."""
    return values.astype("float64").round(decimals) if decimals is not None else values.astype("float64") * np.nan


def kept_columns(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """The table with every other column hidden."""
    return table.assign(**{name: None for name in table.columns if name not in names})
