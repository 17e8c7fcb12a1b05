"""One row of monthly shares per unit, office or county: what synthetic controls are made from.

A unit is a unit however many persons stand behind it: shares are fitted unweighted, as in Abadie, Diamond and
Hainmueller (2010); the numbers of persons are kept, for averages over treated units and for the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import CellArrays, selected_offices, within_window
from analysis.staggered.design import NEVER, Design

HEADING = "Syntetisk kontroll kan ikke beregnes:"
GAPS = "months_missing"
FEWEST_DONORS = 2


@dataclass(frozen=True)
class UnitPanel:
    """Shares or means `y` (U, T) with `n` (U, T) persons behind, of units `names` (U,) in consecutive `months` (T,).

    `adoption` (U,): the first month that can show the measure, NEVER without. `county` (U,): the county of each unit,
    its own name for a county, empty where not known.
    """

    names: np.ndarray
    months: np.ndarray
    y: np.ndarray
    n: np.ndarray
    adoption: np.ndarray
    county: np.ndarray

    def __post_init__(self) -> None:
        shape = (len(self.names), len(self.months))
        if self.y.shape != shape or self.n.shape != shape or not np.isfinite(self.y).all():
            raise ValueError(f"y and n must be {shape}, and y known in every month")

    def donors(self, unit: int, *, neighbours: bool = True) -> np.ndarray:
        """Indices of the units that never adopt and can stand in for `unit`; without `neighbours`, of other counties.

        An office is never held against the county that contains it, nor a county against its own offices.
        """
        never = self.adoption == NEVER
        never[unit] = False
        known = (self.county != "") & (self.county[unit] != "")
        same = known & (self.county == self.county[unit])
        whole = self.county == self.names
        return np.flatnonzero(never & ~(same & (whole | whole[unit] | (not neighbours))))

    def of_months(self, keep: np.ndarray) -> "UnitPanel":
        """The panel in some months only; `keep` is a mask (T,)."""
        return replace(self, months=self.months[keep], y=self.y[:, keep], n=self.n[:, keep])


def unit_panel(
    arrays: CellArrays, design: Design, *, county: Mapping[str, str] | None = None
) -> tuple[UnitPanel, pd.DataFrame]:
    """The panel of `arrays`, one row per office (or county) there, and a ledger: reason, group, persons, offices.

    `county`: of each unit, where known. Left out with a reason: units that adopted before the window, and units without
    persons in some month, of which no path can be made. Raises ProblemsFound for units with several adoption months,
    nobody treated, and fewer than two units that never adopt.
    """
    inside, ledger = within_window(arrays, design)
    present = (inside.n > 0).any(axis=2)
    several = present.sum(axis=1) > 1
    whole = (inside.w.sum(axis=1) > 0).all(axis=1)
    kept = selected_offices(inside, whole)
    adoption = inside.cohorts[present.argmax(axis=1)]
    problems = _problems(int(several.sum()), adoption[whole])
    stop_if_any(HEADING, problems)
    names = kept.offices.astype("str")
    panel = UnitPanel(
        names=names,
        months=kept.months,
        y=kept.wy.sum(axis=1) / kept.w.sum(axis=1) + kept.centre,
        n=kept.n.sum(axis=1),
        adoption=adoption[whole],
        county=np.array([(county or {}).get(name, "") for name in names], dtype="str"),
    )
    return panel, pd.concat([ledger, _gaps(inside, adoption, ~whole)], ignore_index=True)


def spread(y: np.ndarray) -> float:
    """How much units (U, T) differ: the standard deviation around each month's mean over the units."""
    if len(y) < 2 or not y.shape[1]:
        return 0.0
    apart = y - y.mean(axis=0)
    return float(np.sqrt((apart**2).sum() / ((len(y) - 1) * y.shape[1])))


def _problems(several: int, adoption: np.ndarray) -> list[Problem]:
    found, never = [], int((adoption == NEVER).sum())
    if several:
        what = f"{several} enheter har personer med ulike oppstartsmåneder."
        found.append(Problem("adoption_month", what, "Bruk enhetens oppstartsmåned for alle personene der."))
    if never == len(adoption):
        what = "ingen enhet med tiltaket har tall i alle månedene og minst én måned før oppstart."
        found.append(Problem("adoption_month", what, "Lever en lengre serie, eller fjern metoden fra kortet."))
    if never < FEWEST_DONORS:
        what = f"{never} enheter er uten tiltaket hele perioden, og det trengs minst {FEWEST_DONORS}."
        found.append(Problem("enheter", what, "Lever tall fra flere enheter."))
    return found


def _gaps(arrays: CellArrays, adoption: np.ndarray, gone: np.ndarray) -> pd.DataFrame:
    """Ledger rows of units with holes; `group` is missing for those that never adopt."""
    people = arrays.n.max(axis=2).sum(axis=1)
    rows = [
        (GAPS, pd.NA if group == NEVER else int(group), int(people[chosen].sum()), int(chosen.sum()))
        for group in np.unique(adoption[gone])
        for chosen in [gone & (adoption == group)]
    ]
    return pd.DataFrame(rows, columns=["reason", "group", "persons", "offices"])
