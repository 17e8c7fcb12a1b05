"""Counts of one outcome as arrays: units × months, those that began something marked, and the month it can first show.

The units are what began it, counties or offices. One office is never compared with the county that contains it:
`office_units` leaves the whole of its county out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.months import month_text
from analysis.problems import Problem, ProblemsFound, stop_if_any

HEADING = "Tidsserien kan ikke analyseres:"
FEWEST_BEFORE, FEWEST_AFTER, FEWEST_COMPARED = 12, 3, 2


@dataclass(frozen=True)
class Units:
    """`names` (U,); `months` (T,) consecutive month numbers; `n`, `y` (U, T) how many there are, and with the outcome;
    `treated` (U,); `start` index of the first month that can show what began."""

    names: np.ndarray
    months: np.ndarray
    n: np.ndarray
    y: np.ndarray
    treated: np.ndarray
    start: int

    @property
    def shares(self) -> np.ndarray:
        """Shares (U, T), 0–1."""
        return self.y / self.n

    def pooled(self, mask: np.ndarray) -> np.ndarray:
        """Share (T,) of all persons in the units of `mask` together."""
        return self.y[mask].sum(axis=0) / self.n[mask].sum(axis=0)

    def at(self, month: int) -> int:
        """Index of a month; ProblemsFound where the series does not have it."""
        place = month - int(self.months[0])
        if not 0 <= place < len(self.months):
            what = f"serien har ikke {month_text(month)}."
            raise ProblemsFound(HEADING, [Problem("series", what, "Velg en måned som er i leveransen.")])
        return place


def units_of(cells: pd.DataFrame, outcome: str, *, unit: str) -> Units:
    """Units of `cells` (OFFICE_CELLS, counts: no horizon); `unit` county or office. Raises ProblemsFound, all at once,
    for holes, several dates of adoption, and too few units or months."""
    own = cells[cells["outcome"].eq(outcome)]
    name = "county" if unit == "county" else "office_id"
    return _units(own, own[name].astype("str"))


def office_units(cells: pd.DataFrame, outcome: str, office: str) -> Units:
    """One office as the treated unit and the offices of other counties beside it; offices with holes are left out.

    The county of the office is excluded: its figures hold the office's own, and what the county did reached it too.
    Raises ProblemsFound where the office has no counts or never began anything.
    """
    own = cells[cells["outcome"].eq(outcome)]
    mine = own["office_id"].eq(office)
    if not mine.any():
        what, mend = f"kontoret {office} har ingen tall.", "Rett kontornummeret i series.offices."
        raise ProblemsFound(HEADING, [Problem("series.offices", what, mend)])
    others = ~own["county"].isin(own.loc[mine, "county"].unique()) & own["adoption_month"].isna()
    whole = own.groupby("office_id")["month"].transform("nunique").eq(own["month"].nunique())
    kept = own[mine | (others & whole)]
    return _units(kept, kept["office_id"].astype("str"))


def _units(cells: pd.DataFrame, names: pd.Series) -> Units:
    summed = cells.assign(unit=names).groupby(["unit", "month"])[["n", "sum_y"]].sum().unstack("month")
    n, y = (summed[name].to_numpy("float64") for name in ("n", "sum_y"))
    months = summed["n"].columns.to_numpy("int64")
    adopted = cells["adoption_month"].groupby(names).min().reindex(summed.index)
    begun = np.sort(adopted.dropna().unique()).astype("int64")
    stop_if_any(HEADING, _problems(n, months, begun, int(adopted.isna().sum())))
    treated = adopted.notna().to_numpy(bool)
    return Units(summed.index.to_numpy("str"), months, n, y, treated, int(begun[0] - months[0]))


def _problems(n: np.ndarray, months: np.ndarray, begun: np.ndarray, compared: int) -> list[Problem]:
    found = []
    if np.isnan(n).any() or (np.diff(months) != 1).any():
        found.append(Problem("series", "serien har hull.", "Lever alle månedene for alle enhetene."))
    if len(begun) != 1:
        what = f"enhetene begynte på {len(begun)} ulike tidspunkter, og analysen trenger ett."
        found.append(Problem("adoption_month", what, "Fjern series fra kortet."))
    elif (begun - months[0])[0] < FEWEST_BEFORE or (months[-1] - begun + 1)[0] < FEWEST_AFTER:
        what = f"det trengs minst {FEWEST_BEFORE} måneder før og {FEWEST_AFTER} etter."
        found.append(Problem("series", what, "Lever en lengre serie, eller fjern series fra kortet."))
    if compared < FEWEST_COMPARED:
        what = f"{compared} enheter er uten tiltaket, og det trengs minst {FEWEST_COMPARED}."
        found.append(Problem("series", what, "Lever tall fra flere enheter."))
    return found
