"""Cells as arrays: offices × cohorts × months, which is what every estimator from cells is computed on."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.months import month_text
from analysis.problems import Problem, stop_if_any
from analysis.staggered.design import NEVER, Design

SUMMED = ("n", "w", "wy", "sizes")
HEADING = "De trinnvise effektene kan ikke beregnes fra cellene:"


@dataclass(frozen=True)
class CellArrays:
    """Sums of one outcome: `n`, `w` and `wy` (O, C, T), the number of persons, Σw and Σw·(y − centre).

    `offices` (O,) labels, `cohorts` (C,) adoption months in order with NEVER last, `months` (T,) consecutive.
    `centre` is about the mean outcome; taking it out first keeps digits, and changes no effect. `sizes` (O, C): how
    much each office and cohort weighs among the treated; Σw over the months unless persons were counted.
    """

    offices: np.ndarray
    cohorts: np.ndarray
    months: np.ndarray
    n: np.ndarray
    w: np.ndarray
    wy: np.ndarray
    centre: float
    sizes: np.ndarray

    @property
    def balanced(self) -> bool:
        """Whether each office and cohort weighs the same in every month, as the same persons do."""
        return bool(np.allclose(self.w, self.w[:, :, :1], rtol=1e-12, atol=0))


def cell_arrays(
    cells: pd.DataFrame,
    *,
    outcome: str | None = None,
    office: str = "office_id",
    adoption: str = "adoption_month",
    month: str = "month",
    persons: pd.DataFrame | None = None,
) -> CellArrays:
    """Arrays of the cells of `analysis.cells` (columns n, sum_w, sum_wy); a missing adoption month is never.

    Cells of subgroups are added up. `persons` (`office`, `adoption`, size): how many there are, or their weights, when
    they come and go and shares are to be of persons. Raises ProblemsFound for missing months, a missing office and no
    cells, ValueError when the cells hold several outcomes and none is named.
    """
    own = _one_outcome(cells, outcome)
    _refuse_unusable(own, office, month)
    o, offices = pd.factorize(own[office], sort=True)
    cohorts, c = np.unique(adoption_numbers(own[adoption]), return_inverse=True)
    months, t = np.unique(own[month].to_numpy(dtype=np.int64), return_inverse=True)
    shape = (len(offices), len(cohorts), len(months))
    place = np.ravel_multi_index((o, c, t), shape)
    n, w, wy = (
        np.bincount(place, weights=own[name].to_numpy(dtype="float64"), minlength=int(np.prod(shape))).reshape(shape)
        for name in ("n", "sum_w", "sum_wy")
    )
    centre = float(wy.sum() / w.sum())
    sizes = w.sum(axis=2) if persons is None else _sizes(persons, offices, cohorts, office, adoption)
    return CellArrays(np.asarray(offices), cohorts, months, n, w, wy - centre * w, centre, sizes)


def adoption_numbers(adoption: pd.Series) -> np.ndarray:
    """Adoption months as int64, NEVER where they are missing."""
    adopted = adoption.to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isnan(adopted), NEVER, adopted).astype(np.int64)


def within_window(arrays: CellArrays, design: Design) -> tuple[CellArrays, pd.DataFrame]:
    """The arrays with each cohort in its place, and a ledger: reason, group, persons, offices.

    Cohorts without a base month in the window are left out: no month shows them untreated. Cohorts that are
    still clean in the last month are never-treated, as far as the window reaches.
    """
    treated = arrays.cohorts < NEVER
    early = treated & (arrays.cohorts - design.anticipation - 1 < arrays.months[0])
    late = treated & (arrays.cohorts > arrays.months[-1] + design.anticipation)
    persons, present = arrays.n.max(axis=2), (arrays.n > 0).any(axis=2)
    rows = [
        (reason, int(arrays.cohorts[c]), int(persons[:, c].sum()), int(present[:, c].sum()))
        for reason, chosen in (("adopted_before_window", early), ("adopts_after_window", late))
        for c in np.flatnonzero(chosen)
    ]
    ledger = pd.DataFrame(rows, columns=["reason", "group", "persons", "offices"])
    labels = np.where(late, NEVER, arrays.cohorts)[~early]
    return _merged(arrays, ~early, labels), ledger


def selected_offices(arrays: CellArrays, keep: np.ndarray) -> CellArrays:
    """The arrays of some offices only; `keep` is a mask or indices."""
    return replace(arrays, offices=arrays.offices[keep], **{name: getattr(arrays, name)[keep] for name in SUMMED})


def _merged(arrays: CellArrays, kept: np.ndarray, labels: np.ndarray) -> CellArrays:
    cohorts, place = np.unique(labels, return_inverse=True)
    sums = {}
    for name in SUMMED:
        source = getattr(arrays, name)[:, kept]
        target = np.zeros((source.shape[0], len(cohorts), *source.shape[2:]))
        np.add.at(target, (slice(None), place), source)
        sums[name] = target
    somebody = (sums["n"] > 0).any(axis=(1, 2))
    sums = {name: values[somebody] for name, values in sums.items()}
    return replace(arrays, cohorts=cohorts, offices=arrays.offices[somebody], **sums)


def _sizes(persons: pd.DataFrame, offices, cohorts: np.ndarray, office: str, adoption: str) -> np.ndarray:
    o = pd.Index(offices).get_indexer(persons[office])
    c = pd.Index(cohorts).get_indexer(adoption_numbers(persons[adoption]))
    if (o < 0).any() or (c < 0).any():
        raise ValueError("persons name an office or an adoption month that no cell has")
    sizes = np.zeros((len(offices), len(cohorts)))
    np.add.at(sizes, (o, c), persons["size"].to_numpy(dtype="float64"))
    return sizes


def _one_outcome(cells: pd.DataFrame, outcome: str | None) -> pd.DataFrame:
    if outcome is not None:
        return cells[cells["outcome"] == outcome]
    if "outcome" in cells.columns and cells["outcome"].nunique() > 1:
        raise ValueError("the cells hold several outcomes; name one")
    return cells


def _refuse_unusable(own: pd.DataFrame, office: str, month: str) -> None:
    problems = []
    if own.empty:
        stop_if_any(HEADING, [Problem("celler", "det er ingen celler for utfallet.", "Se etter feil i navnet.")])
    if own[office].isna().any():
        mend = "Gi alle personer et kontor, eller ta dem ut og før dem i frafallet."
        problems.append(Problem(f"kolonnen «{office}»", "noen celler mangler kontor.", mend))
    present = own[month].unique()
    absent = np.setdiff1d(np.arange(present.min(), present.max() + 1), present)
    if len(absent):
        what = f"{len(absent)} måneder midt i perioden har ingen celler, den første er {month_text(int(absent[0]))}."
        problems.append(Problem(f"kolonnen «{month}»", what, "Lever månedene, eller avgrens perioden i kortet."))
    stop_if_any(HEADING, problems)
