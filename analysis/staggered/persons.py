"""Persons by month, laid out for group-time effects: a balanced panel, or repeated cross-sections."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.covariates import Columns, constant_within, covariate_columns, used_columns
from analysis.staggered.design import NEVER

HEADING = "Effektene etter adopsjonsgruppe og måned kan ikke beregnes:"


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column of a frame of person-months is what.

    `adoption`: month of adoption, missing for the never-treated. `cluster`: the office at assignment; without it
    persons are independent. `person` None, for repeated cross-sections: every row is a person of its own.
    `covariates`: a formula (``age + C(county)``), or None.
    """

    outcome: str
    person: str | None = "person_id"
    month: str = "month"
    adoption: str = "adoption_month"
    cluster: str | None = None
    covariates: str | None = None


@dataclass(frozen=True)
class Persons:
    """A panel, ordered by cluster, then person.

    `months` (T,), `y` (T, n), NaN in months without an outcome; `adoption`, `weights`, `person` (labels) (n,);
    `cluster` (n,): number of the office in `offices`, or None; `columns`: one for all months, or one per month when
    covariates vary over time, of persons in order.
    """

    months: np.ndarray
    y: np.ndarray
    adoption: np.ndarray
    weights: np.ndarray
    person: np.ndarray
    cluster: np.ndarray | None
    offices: np.ndarray | None
    columns: tuple[Columns, ...]

    @cached_property
    def gaps(self) -> bool:
        """Whether anyone lacks an outcome in some month."""
        return bool(np.isnan(self.y).any())

    def columns_at(self, month: int) -> Columns:
        """The covariates in the month of that number."""
        return self.columns[month if len(self.columns) > 1 else 0]


@dataclass(frozen=True)
class CrossSections:
    """Observed person-months, ordered by month: rows `starts[t]` to `starts[t + 1]` are those of `months[t]`.

    `y`, `adoption`, `weights`, and `columns` have a row for each. `person` (rows,): number of the person in `labels`.
    `cluster` (rows,): number of the office in `offices`, or None.
    """

    months: np.ndarray
    starts: np.ndarray
    y: np.ndarray
    adoption: np.ndarray
    weights: np.ndarray
    person: np.ndarray
    labels: np.ndarray
    cluster: np.ndarray | None
    offices: np.ndarray | None
    columns: Columns


def panel_persons(frame: pd.DataFrame, roles: Roles, weight: str | None = None, *, gaps: bool = False) -> Persons:
    """The panel of `frame`, a row per person and month, with the column of sampling weights called `weight`.

    Raises `ProblemsFound`, all at once, unless every person has one row with an outcome in every month (with `gaps`: at
    most one), and one adoption month, office and weight; and for covariates that are missing or cannot be read.
    """
    frame = _with_weight(frame, weight)
    person, labels = pd.factorize(frame[roles.person], sort=True)
    months, at = _months(frame, roles)
    y = frame[roles.outcome].to_numpy(dtype="float64", na_value=np.nan)
    place, first = person * len(months) + at, _first_rows(person, len(labels))
    # Covariates that do not vary are made into columns once per person, not once per row.
    fixed = constant_within(frame, used_columns(frame, roles.covariates), person, first)
    columns, problems = covariate_columns(frame.iloc[first] if fixed else frame, roles.covariates)
    problems = [*problems, *_column_problems(frame, roles, weight)]
    problems += _uneven(place, len(labels) * len(months), 0 if gaps else int(np.isnan(y).sum()), gaps=gaps)
    problems += _varying(frame, [roles.adoption, roles.cluster, weight], person, first)
    stop_if_any(HEADING, problems)
    cluster, offices = _clusters(frame.iloc[first], roles)
    order = np.arange(len(labels)) if cluster is None else np.argsort(cluster, kind="stable")
    row = np.full(len(labels) * len(months), len(frame))
    row[place] = np.arange(len(frame))
    row = row.reshape(len(labels), len(months))[order].T
    return Persons(
        months=months,
        y=np.append(y, np.nan)[row],
        adoption=_adoption(frame.iloc[first[order]], roles),
        weights=_weights(frame.iloc[first[order]], weight),
        person=np.asarray(labels)[order],
        cluster=None if cluster is None else cluster[order],
        offices=offices,
        columns=_columns_of(columns, [order] if fixed else list(row)),
    )


def cross_sections(frame: pd.DataFrame, roles: Roles, weight: str | None = None) -> CrossSections:
    """The observed rows of `frame` month by month; a row without an outcome was not observed.

    Covariates are those of the row. Raises `ProblemsFound`, all at once, for a person who is in a month twice or has
    two adoption months or offices; and for covariates that are missing or cannot be read.
    """
    frame = _with_weight(frame[frame[roles.outcome].notna()], weight)
    alone = np.arange(len(frame))
    person, labels = (alone, alone) if roles.person is None else pd.factorize(frame[roles.person], sort=True)
    months, at = _months(frame, roles)
    columns, problems = covariate_columns(frame, roles.covariates)
    problems = [*problems, *_column_problems(frame, roles, weight)]
    problems += _uneven(person * len(months) + at, len(labels) * len(months), 0, gaps=True)
    problems += _varying(frame, [roles.adoption, roles.cluster], person, _first_rows(person, len(labels)))
    stop_if_any(HEADING, problems)
    cluster, offices = _clusters(frame, roles)
    order = np.lexsort((person, at) if cluster is None else (person, cluster, at))
    return CrossSections(
        months=months,
        starts=np.searchsorted(at[order], np.arange(len(months) + 1)),
        y=frame[roles.outcome].to_numpy(dtype="float64")[order],
        adoption=_adoption(frame, roles)[order],
        weights=_weights(frame, weight)[order],
        person=person[order],
        labels=np.asarray(labels),
        cluster=None if cluster is None else cluster[order],
        offices=offices,
        columns=Columns(columns.values[order], columns.names),
    )


def _months(frame: pd.DataFrame, roles: Roles) -> tuple[np.ndarray, np.ndarray]:
    """Every month from the first to the last, and the number of each row's month."""
    month = frame[roles.month].to_numpy(dtype=np.int64)
    months = np.arange(month.min(), month.max() + 1)
    return months, month - months[0]


def _first_rows(person: np.ndarray, n: int) -> np.ndarray:
    first = np.empty(n, dtype=np.int64)
    first[person[::-1]] = np.arange(len(person))[::-1]
    return first


def _adoption(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    adopted = frame[roles.adoption].to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isnan(adopted), NEVER, adopted).astype(np.int64)


def _with_weight(frame: pd.DataFrame, weight: str | None) -> pd.DataFrame:
    """The rows that count: persons of weight 0 (unmatched) stand behind no figure."""
    return frame if weight is None else frame[~(frame[weight] == 0)]


def _weights(frame: pd.DataFrame, weight: str | None) -> np.ndarray:
    return np.ones(len(frame)) if weight is None else frame[weight].to_numpy(dtype="float64", na_value=np.nan)


def _columns_of(columns: Columns, rows: list[np.ndarray]) -> tuple[Columns, ...]:
    """The covariates of the persons in each of the months; missing in months that a person has no row for."""
    values = columns.values
    if any(len(part) and part.max() == len(values) for part in rows):
        values = np.vstack([values, np.full(values.shape[1], np.nan)])
    return tuple(Columns(values[part], columns.names) for part in rows)


def _clusters(frame: pd.DataFrame, roles: Roles) -> tuple[np.ndarray | None, np.ndarray | None]:
    if roles.cluster is None:
        return None, None
    number, offices = pd.factorize(frame[roles.cluster], sort=True)
    return number, np.asarray(offices)


def _column_problems(frame: pd.DataFrame, roles: Roles, weight: str | None) -> list[Problem]:
    """Weights that are not numbers of 0 or more, and persons without an office."""
    problems, values = [], _weights(frame, weight)
    if unusable := int((~np.isfinite(values) | (values < 0)).sum()):
        what = f"{unusable} av {len(frame)} vekter mangler eller er negative."
        problems.append(Problem(f"kolonnen «{weight}»", what, "Gi personer utenfor analysen vekt 0."))
    if roles.cluster is not None and (count := int(frame[roles.cluster].isna().sum())):
        what = f"{count} av {len(frame)} rader mangler kontor."
        mend = "Gi alle personer et kontor, eller ta dem ut og før dem i frafallet."
        problems.append(Problem(f"kolonnen «{roles.cluster}»", what, mend))
    return problems


def _uneven(place: np.ndarray, size: int, without_outcome: int, *, gaps: bool) -> list[Problem]:
    """Person-months that are there twice, or, unless there may be `gaps`, not at all or without an outcome."""
    count = np.bincount(place, minlength=size)
    repeats, absent = len(place) - np.count_nonzero(count), int(size - np.count_nonzero(count))
    problems = []
    if repeats:
        what, mend = f"{repeats} personmåneder står mer enn én gang.", "Lever én rad per person og måned."
        problems.append(Problem("panelet", what, mend))
    if absent and not gaps:
        what = f"{absent} av {size} personmåneder mangler i panelet."
        problems.append(Problem("panelet", what, "Lever månedene, eller velg «pairwise» for manglende utfall."))
    if without_outcome:
        mend = "Ta ut personene («drop_person»), eller bruk månedene der utfallet er kjent («pairwise»)."
        problems.append(Problem("utfallet", f"{without_outcome} av {len(place)} personmåneder mangler utfall.", mend))
    return problems


def _varying(frame: pd.DataFrame, names: list[str | None], person: np.ndarray, first: np.ndarray) -> list[Problem]:
    """One problem for each of the columns in which a person has more than one value."""
    what, mend = "samme person har flere verdier over tid.", "Gi hver person én verdi."
    varying = [name for name in names if name is not None and not constant_within(frame, [name], person, first)]
    return [Problem(f"kolonnen «{name}»", what, mend) for name in varying]
