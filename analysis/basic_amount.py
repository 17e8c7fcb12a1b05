"""The National Insurance basic amount (grunnbeløpet, G), month by month.

G changes on 1 May. The table in config/codes/grunnbelop.csv holds the amount from 1 May and the mean over the calendar
year (four months of the old amount and eight of the new), as set each year under folketrygdloven § 1-4 and published by
Nav. A year that is not in the table is refused, never guessed.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from analysis.problems import Problem, ProblemsFound

TABLE = Path(__file__).resolve().parent.parent / "config" / "codes" / "grunnbelop.csv"
MAY = 4  # months count from 0
Basis = Literal["year_mean", "in_force"]


@cache
def basic_amounts(path: Path = TABLE) -> pd.DataFrame:
    """The table: year, from_date, amount (kroner from 1 May), year_mean (kroner, rounded as published)."""
    return pd.read_csv(path, dtype={"year": "int64", "from_date": "str", "amount": "int64", "year_mean": "int64"})


def basic_amount_by_month(months: np.ndarray, basis: Basis = "year_mean") -> np.ndarray:
    """G in kroner a year (int64) for each month number: the mean of its calendar year, or the amount then in force.

    A month that the table does not reach raises ProblemsFound with the years that are missing.
    """
    if basis not in ("year_mean", "in_force"):
        raise ValueError(f"unknown basis {basis!r}; known: year_mean, in_force")
    year, month = np.divmod(np.asarray(months, dtype="int64"), 12)
    column = "year_mean"
    if basis == "in_force":
        year, column = year - (month < MAY), "amount"
    known = basic_amounts().set_index("year")[column]
    _stop_at_unknown_years(sorted(set(year.tolist()) - set(known.index)), known.index)
    return known.loc[year].to_numpy()


def _stop_at_unknown_years(missing: list[int], known: pd.Index) -> None:
    if missing:
        years = ", ".join(map(str, missing))
        raise ProblemsFound(
            "Inntekt kan ikke måles i grunnbeløp:",
            [
                Problem(
                    "config/codes/grunnbelop.csv",
                    f"mangler grunnbeløpet for {years}; tabellen dekker {known.min()} til {known.max()}.",
                    "Legg til året med kilde, eller velg en periode som tabellen dekker.",
                )
            ],
        )
