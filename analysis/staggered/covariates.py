"""Covariates of persons: from a formula to columns of numbers, once per person when they do not vary over time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.problems import Problem, ProblemsFound
from analysis.scores import CONSTANT, dependent_columns, formula_covariates, missing_values


@dataclass(frozen=True)
class Columns:
    """`values` (rows, k) float64, the constant first, and the name of each column."""

    values: np.ndarray
    names: tuple[str, ...]


def covariate_columns(frame: pd.DataFrame, formula: str | None) -> tuple[Columns, list[Problem]]:
    """The columns of `formula` (``age + I(age**2) + C(county)``) for every row, and what is wrong with them.

    Without a formula, or with problems, the constant alone.
    """
    alone = Columns(np.ones((len(frame), 1)), (CONSTANT,))
    if formula is None:
        return alone, []
    # Takes a quarter of a second, which no one without a formula shall wait for.
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    try:
        covariates = formula_covariates(frame, formula)
        with np.errstate(all="ignore"):  # a logarithm of zero is reported below, with the column's name
            design = pd.DataFrame(model_matrix(formula, covariates, na_action="ignore"))
    except ProblemsFound as found:
        return alone, list(found.problems)
    except FormulaicError:
        what = f"«{formula}» kan ikke leses."
        return alone, [Problem("formel", what, "Skriv for eksempel «alder + I(alder**2) + C(fylke)».")]
    design = design.astype("float64")
    if CONSTANT not in design.columns:
        return alone, [Problem("formel", "konstantleddet er tatt ut.", "Fjern «0 +» eller «- 1».")]
    if problems := missing_values(design):
        return alone, problems
    names = [CONSTANT, *(name for name in design.columns if name != CONSTANT)]
    return Columns(design[names].to_numpy(), tuple(names)), []


def used_columns(frame: pd.DataFrame, formula: str | None) -> list[str]:
    """Columns of `frame` that `formula` names, in the order of `frame`."""
    if formula is None:
        return []
    try:
        return list(formula_covariates(frame.iloc[:0], formula).columns)
    except ProblemsFound:
        return []


def constant_within(frame: pd.DataFrame, names: list[str], person: np.ndarray, first: np.ndarray) -> bool:
    """Whether every person has one value of each column; `person` (rows,) numbers, `first` the first row of each."""
    return all(_constant(frame[name], person, first) for name in names)


def _constant(column: pd.Series, person: np.ndarray, first: np.ndarray) -> bool:
    numeric = pd.api.types.is_numeric_dtype(column)
    values = column.to_numpy(dtype="float64", na_value=np.nan) if numeric else pd.factorize(column)[0]
    same = values == values[first][person]
    return bool(same.all() or (same | (values != values)).all())


def regression_problems(
    columns: Columns, members: np.ndarray, weights: np.ndarray, where: str, who: str
) -> list[Problem]:
    """Why least squares among the `members` (rows) cannot be solved: too few of them, or columns that follow.

    `who`: those persons, in Norwegian, for the message.
    """
    k = columns.values.shape[1]
    if len(members) <= k and k > 1:
        what = f"{who} er {len(members)} personer, for få til {k} koeffisienter."
        return [Problem(where, what, "Ta ut kovariater, eller slå sammen grupper.")]
    return dependent_problems(columns, members, weights, where, who)


def dependent_problems(
    columns: Columns, members: np.ndarray, weights: np.ndarray, where: str, who: str
) -> list[Problem]:
    """A problem when some columns can be computed from the others among the `members`, by name."""
    if columns.values.shape[1] == 1:
        return []
    found = dependent_columns(columns.values[members][:, 1:], weights[members], list(columns.names[1:]))
    return [Problem(where, f"blant {who}: {problem.where} {problem.what}", problem.mend) for problem in found]
