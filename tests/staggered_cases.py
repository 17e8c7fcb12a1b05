"""Panels and stored answers of R's did for the tests of analysis/staggered."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.cells import cells
from analysis.staggered.cell_arrays import CellArrays, cell_arrays
from analysis.staggered.design import NEVER, Design

FOLDER = Path(__file__).parent / "reference" / "did"
BY = ["office_id", "adoption_month", "month"]
START = 24_000


@cache
def answers(name: str) -> dict:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def mpdta() -> pd.DataFrame:
    """County teen employment: a county is a person; office_id is the county, or the state on demand."""
    frame = pd.read_csv(FOLDER / "mpdta.csv").rename(columns={"year": "month", "countyreal": "person_id"})
    adoption = frame["first_treat"].where(frame["first_treat"] > 0)
    return frame.assign(adoption_month=adoption, office_id=frame["person_id"], state=frame["person_id"] // 1000)


@cache
def simulated(kind: str) -> pd.DataFrame:
    """The simulated offices: kind panel or unbalanced."""
    frame = pd.read_csv(FOLDER / f"sim_{kind}.csv").rename(
        columns={"id": "person_id", "t": "month", "office": "office_id"}
    )
    return frame.assign(adoption_month=frame["g"].where(frame["g"] > 0))


def arrays_of(panel: pd.DataFrame, outcome: str, *, weight: str | None = None, **options) -> CellArrays:
    return cell_arrays(cells(panel, outcomes=[outcome], by=BY, weight=weight), **options)


def plain_specs(name: str) -> dict[str, tuple[dict, Design, list[str]]]:
    """Specifications without covariates: the answer, the design, and the parts of the key."""
    found = {}
    for key, answer in answers(name)["specs"].items():
        parts = key.split("|")
        if "~1" in parts:
            control = "never" if "nevertreated" in parts else "not_yet"
            base = "universal" if "universal" in parts else "varying"
            found[key] = (answer, Design(control=control, base=base), parts)
    return found


def staggered_panel(
    seed: int, *, persons: int = 12, offices: int = 8, months: int = 8, noise: float = 1.0
) -> pd.DataFrame:
    """A balanced panel: whole offices adopt in months 3 and 5, every fourth never; effect 1 + months since."""
    rng = np.random.default_rng(seed)
    n = persons * offices
    office = np.repeat(np.arange(offices), persons)
    adoption = np.array([START + 3, START + 5, np.nan, START + 3])[office % 4]
    level = rng.normal(0, 1, n) + rng.normal(0, 0.3, offices)[office]
    frame = pd.DataFrame(
        {
            "person_id": np.repeat(np.arange(n), months),
            "office_id": np.repeat([f"k{o:02d}" for o in office], months),
            "adoption_month": np.repeat(adoption, months),
            "month": np.tile(START + np.arange(months), n),
            "w": np.repeat(rng.choice([0.5, 1.0, 2.0], n), months),
        }
    )
    since = (frame["month"] - frame["adoption_month"]).fillna(-NEVER)
    effect = np.where(since >= 0, 1.0 + since, 0.0)
    frame["y"] = np.repeat(level, months) + 0.1 * frame["month"] % 7 + effect + noise * rng.normal(size=len(frame))
    return frame
