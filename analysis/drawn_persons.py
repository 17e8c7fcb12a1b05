"""Who was drawn in a trial of persons: arm, stratum and characteristics at time zero, and their outcomes by month.

By intention to treat: arm and stratum are those of the draw, whatever was given and wherever the person moved.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.problems import Problem, stop_if_any
from analysis.staggered.covariates import covariate_columns

HEADING = "Forsøket kan ikke analyseres:"


@dataclass(frozen=True)
class DrawnPersons:
    """n persons in the order of `person_id`.

    treated (n,); strata (n,): labels, one for all where lots were drawn among everybody; covariates (n, k) or None
    without a formula; months: the panel's rows of these persons.
    """

    person_id: np.ndarray
    treated: np.ndarray
    strata: np.ndarray
    covariates: pd.DataFrame | None
    months: pd.DataFrame

    def outcomes(self, outcome: str, first: int, last: int) -> np.ndarray:
        """The outcome by event month `first` to `last` (n, T); nan where it is not known."""
        event = self.months["event_time"].to_numpy("float64", na_value=np.nan)
        inside = (event >= first) & (event <= last)
        found = np.full((len(self.person_id), last - first + 1), np.nan)
        rows = np.searchsorted(self.person_id, self.months["person_id"].to_numpy()[inside])
        found[rows, (event[inside] - first).astype(np.int64)] = self.months[outcome].to_numpy("float64")[inside]
        return found


def drawn_persons(card: Card, baseline: pd.DataFrame, months: pd.DataFrame) -> DrawnPersons:
    """The persons of both groups. Raises ProblemsFound for persons without a stratum and covariates that cannot be
    used."""
    arms = [card.arm("treated").id, card.arm("comparison").id]
    people = baseline[baseline["arm"].isin(arms)].sort_values("person_id", ignore_index=True)
    columns, problems = covariate_columns(people, card.trial.adjustment)
    stop_if_any(HEADING, [*_without_stratum(card, people), *problems])
    own = months[months["person_id"].isin(people["person_id"])]
    adjusted = None if card.trial.adjustment is None else pd.DataFrame(columns.values[:, 1:], columns=columns.names[1:])
    return DrawnPersons(
        person_id=people["person_id"].to_numpy(),
        treated=(people["arm"] == arms[0]).to_numpy(bool),
        strata=_strata(card, people),
        covariates=adjusted,
        months=own,
    )


def _strata(card: Card, people: pd.DataFrame) -> np.ndarray:
    if card.trial.strata is None:
        return np.full(len(people), "alle")
    return people[card.trial.strata].astype("str").to_numpy()


def _without_stratum(card: Card, people: pd.DataFrame) -> Iterator[Problem]:
    name = card.trial.strata
    missing = 0 if name is None else int(people[name].isna().sum())
    if missing:
        what = f"antall personer uten verdi: {missing}."
        yield Problem(name, what, "Gi alle et stratum, det loddet ble trukket innenfor.")
