"""Innsatsgruppe (effort group) in Arena's codes, the codes of § 14 a decisions and the new names, on a common scale.

Arena has four groups and six codes for persons that are not yet assessed. The § 14 a decisions have five: what Arena
calls VARIG is there divided in GRADERT_VARIG_TILPASSET_INNSATS and VARIG_TILPASSET_INNSATS. Joining is always possible
and dividing never: the five groups are refused where a row has Arena's VARIG. Table: config/codes/innsatsgruppe.csv;
source and gaps: docs/koder.md.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from analysis.problems import Problem, stop_if_any

TABLE = Path(__file__).resolve().parent.parent / "config" / "codes" / "innsatsgruppe.csv"
Scale = Literal["four_groups", "five_groups"]
SCALES: dict[Scale, tuple[str, ...]] = {
    "four_groups": ("standard", "situational", "adapted", "permanent", "not_assessed"),
    "five_groups": ("standard", "situational", "adapted", "graded_permanent", "permanent", "not_assessed"),
}


@cache
def effort_codes(path: Path = TABLE) -> pd.DataFrame:
    """The table by code: code_set, name (nb), four_groups, five_groups, documented_from.

    documented_from is the year of the oldest source found, or missing. No code changes its meaning with the date, so
    nothing is decided by it.
    """
    return pd.read_csv(path, dtype="str").set_index("code")


def effort_group(codes: pd.Series, *, scale: Scale = "four_groups") -> pd.Series:
    """Group of each code as an ordered category; code sets may be mixed, and missing codes stay missing.

    Raises ProblemsFound with the number of rows when a code is unknown, and when `scale` would have to divide what a
    code set has as one group.
    """
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; known: {', '.join(SCALES)}")
    known = effort_codes()[scale]
    text = codes.astype("str").str.strip()
    stop_if_any("Innsatsgruppe kan ikke oversettes.", _problems(text.dropna(), known))
    return text.map(known).astype(pd.CategoricalDtype(SCALES[scale], ordered=True))


def _problems(codes: pd.Series, known: pd.Series) -> list[Problem]:
    """Unknown values are counted and not shown: the column may be the wrong one."""
    unknown = codes[~codes.isin(known.index)]
    problems = []
    if len(unknown):
        what = f"antall rader med ukjent kode: {len(unknown)} ({unknown.nunique()} ulike)."
        problems.append(Problem("innsatsgruppe", what, "Se config/codes/innsatsgruppe.csv for kodene som er kjent."))
    for code, rows in codes[codes.isin(known.index[known.isna()])].value_counts().sort_index().items():
        what = f"antall rader: {rows}. Koden dekker både gradert og full varig tilpasset innsats."
        problems.append(Problem(f"innsatsgruppe {code}", what, "Bruk skalaen med fire grupper."))
    return problems
