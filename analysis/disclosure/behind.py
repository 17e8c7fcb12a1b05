"""What the rules of a release know: published counts by arm, the roles of arms, and the cells as they were."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.disclosure.effect_forms import Form, Told
from analysis.disclosure.profiles import Profile
from analysis.disclosure.published_counts import Counts
from analysis.tables import TO_THE_MEAN

SLUG = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Behind:
    """`counts` by arm; `roles`: the arm of each role that one arm has; `cells` as they were, with the column
    `binary` (an outcome of yes and no), and `dominated` where the delivery could tell (cells of amounts); `told`: the
    same of yes and no, for effects; `levels`: the decimals of each effect that is linear in them (None: hidden)."""

    counts: Mapping[str, Counts]
    roles: Mapping[str, str]
    cells: pd.DataFrame
    profile: Profile
    told: Told = Told({}, {}, ())
    levels: Mapping[Form, int | None] = field(default_factory=dict)

    @cached_property
    def by_time(self) -> dict[tuple[str, int], list[Any]]:
        """The rows of `cells` of the arms that have a role, by outcome and time since the start."""
        found: dict[tuple[str, int], list[Any]] = {}
        own = self.cells[self.cells["arm"].isin(list(self.roles.values())) & self.cells["event_time"].notna()]
        for row in own.itertuples():
            found.setdefault((row.outcome, int(row.event_time)), []).append(row)
        return found

    @cached_property
    def amounts(self) -> set[str]:
        """Outcomes that are no yes and no."""
        return set(self.cells.loc[~self.cells["binary"].astype(bool), "outcome"])


def published_size(behind: Behind, arm: str | None, count: Any) -> float:
    """The size of a group of the arm as published; nan where it is hidden, missing, or of no arm."""
    known = not pd.isna(count) and arm is not None and arm in behind.counts
    return behind.counts[arm].size(int(count)) if known else math.nan


def whole_numbers(values: list[float]) -> pd.Series:
    """A column of counts, missing where nan."""
    return pd.Series(values, dtype="float64").astype("Int64")


def slug(text: Any) -> str | None:
    """A name of a text; a sentence could hold a number."""
    return text if isinstance(text, str) and SLUG.fullmatch(text) else None


def whole_rows(estimates: pd.DataFrame) -> pd.Series:
    """Rows about the same groups as the headline: an effect in a part of them is about groups that add up to it."""
    primary = estimates.loc[estimates["role"].eq("primary"), "group"].unique()
    alike = estimates["group"].isin(primary) | (estimates["group"].isna() & pd.isna(primary).any())
    return alike & estimates["event_time"].isna()


def event_rows(estimates: pd.DataFrame) -> pd.Series:
    """Rows about both groups, and no part of them by name, at one time since the start; not the steps of a reckoning
    about one group (regression to the mean)."""
    primary = estimates.loc[estimates["role"].eq("primary"), "group"].unique()
    alike = estimates["group"].isna() | estimates["group"].isin(primary)
    both = estimates[["n_treated", "n_comparison"]].notna().all(axis=1)
    one_arm = estimates["estimator"].eq(TO_THE_MEAN)
    return alike & both & estimates["event_time"].notna() & ~one_arm
