"""Simulated staggered adoption where persons are needed: panels, and covariates.

The cohort's offices, adoption dates, persons by month and who is seen when; characteristics by a Gaussian copula among
those whose office adopts and among the others; outcomes follow month, office, characteristics, and in a panel the
person's own luck, kept from a month to the next.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.certify.characteristics import Group, Line, group_of, line_of, numbers
from analysis.certify.draws import Drawn
from analysis.certify.staggered import HEADING, LEAST, StaggeredStructure, headline, levels, structure_of
from analysis.office_cells import (
    arrays_of,
    design_of,
    is_panel,
    office_cells,
    people_at,
    people_by_month,
    with_county,
)
from analysis.problems import Problem, ProblemsFound
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.covariates import used_columns
from analysis.staggered.guards import checked_panel
from analysis.staggered.result import cell_result
from analysis.staggered_adjusted import adjusted_result
from analysis.staggered_analysis import Source, estimated, main_horizon


@dataclass(frozen=True)
class PersonsStructure:
    """`frame`: a row per person, or per person and month, with office, county, adoption and month; `seen` (rows,):
    whether the outcome is known; `cells`: shares and spread of offices; `groups`: characteristics of those whose office
    adopts (True) and the others; `line`: the outcome on them; `persistence`: lag-one correlation of a person's luck;
    `few_offices`: whether the planned error is the jackknife."""

    frame: pd.DataFrame
    seen: np.ndarray
    cells: StaggeredStructure
    groups: Mapping[bool, Group]
    line: Line | None
    persistence: float
    few_offices: bool

    def told(self) -> dict[str, float]:
        """Plain data for the certificate."""
        seen = {"measured": float(self.seen.mean()), "persistence": self.persistence}
        return self.cells.told() | {"rows": len(self.frame)} | seen


def needs_persons(card: Card) -> bool:
    """Whether sums per office and month do not say all that the analysis reads."""
    return is_panel(card) or card.staggered.method != "none"


def structure(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame) -> PersonsStructure:
    """From the persons of the main outcome at the main horizon, months before adoption only."""
    outcome, panel = card.outcomes.primary, is_panel(card)
    people = people_by_month(card, baseline, months) if panel else people_at(card, baseline, months, main_horizon(card))
    people = with_county(people, offices).sort_values(["person_id", "month"], ignore_index=True)
    y = people[outcome].to_numpy("float64", na_value=np.nan)
    seen, clean = np.isfinite(y), (people["month"] < people["adoption_month"]).fillna(True).to_numpy(bool)
    if not np.isin(y[seen], (0, 1)).all() or not (seen & clean).any():
        raise ProblemsFound(HEADING, [Problem(outcome, "utfallet er ikke ja eller nei.")])
    persistence = _persistence(people, np.where(clean, y, np.nan)) if panel else 0.0
    names = used_columns(people, card.staggered.formula)
    adopts = people["adoption_month"].notna().to_numpy()
    arrays = _arrays(card, people[seen])
    return PersonsStructure(
        frame=people.drop(columns=outcome),
        seen=seen,
        cells=structure_of(arrays, persistence),
        groups={kind: group_of(people.loc[adopts == kind, names]) for kind in np.unique(adopts) if names},
        line=line_of(numbers(people.loc[seen & clean, names]), y[seen & clean]) if names else None,
        persistence=persistence,
        few_offices=_few_offices(card, arrays),
    )


def _arrays(card: Card, people: pd.DataFrame) -> CellArrays:
    """Cells of the main outcome with offices as units, from the persons themselves."""
    empty = pd.DataFrame()
    cells = office_cells(card, empty, empty, empty, empty, {card.outcomes.primary: people})
    return arrays_of(cells, card.outcomes.primary, None)


def _few_offices(card: Card, arrays: CellArrays) -> bool:
    """Asked of the numbers of offices alone: every outcome is put to nought."""
    blank, design = replace(arrays, wy=0 * arrays.wy), design_of(card)
    made = cell_result(cell_effects(blank, design), design, outcome=card.outcomes.primary, seed=0)
    return made.few_offices


def _persistence(people: pd.DataFrame, y: np.ndarray) -> float:
    """Correlation of a person's outcome with that of the row before, what the month's share leaves, in [0, 0.95]."""
    left = y - pd.Series(y).groupby(people["month"].to_numpy()).transform("mean").to_numpy()
    same = people["person_id"].eq(people["person_id"].shift()).to_numpy()[1:]
    both = same & np.isfinite(left[1:]) & np.isfinite(left[:-1])
    if both.sum() < 2 or min(np.ptp(left[1:][both]), np.ptp(left[:-1][both])) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(left[1:][both], left[:-1][both])[0, 1], 0, 0.95))


def study(card: Card, made: PersonsStructure, effect: float, rng: np.random.Generator) -> list[Drawn]:
    """One study with the same `effect` in every month after adoption, analysed as the headline is."""
    people, outcome = simulated(made, card.outcomes.primary, effect, rng), card.outcomes.primary
    design = replace(design_of(card), aggregates=("simple",))
    try:
        if card.staggered.method != "none":
            return [headline(card, adjusted_result(card, people, few_offices=made.few_offices))]
        panel, empty = checked_panel(people, design, outcome=outcome).panel, pd.DataFrame()
        source = Source(office_cells(card, empty, empty, empty, empty, {outcome: panel}), {outcome: panel})
        return [headline(card, *estimated(card, source, outcome, None, unit=card.staggered.unit, design=design))]
    except ProblemsFound:
        return [Drawn(math.nan)]


def simulated(made: PersonsStructure, outcome: str, effect: float, rng: np.random.Generator) -> pd.DataFrame:
    """The cohort's rows with made-up characteristics and outcomes, nan where nobody was seen."""
    people, arrays = made.frame.copy(), made.cells.arrays
    chance = levels(made.cells, rng) + made.cells.by_month
    office = pd.Index(arrays.offices).get_indexer(people["office_id"])
    at = people["month"].to_numpy("int64") - arrays.months[0]
    chance = chance[office, np.clip(at, 0, len(arrays.months) - 1)]
    if made.line is not None:
        x = _characteristics(made, people, rng)
        people[x.columns] = x
        chance = chance + made.line.values(numbers(x)) - made.line.coefficients[0]
    after = (people["month"] >= people["adoption_month"]).fillna(False).to_numpy(bool)
    chance = np.clip(chance, LEAST, 1 - LEAST - effect) + effect * after
    y = (_luck(made, rng) < chance).astype(float)
    return people.assign(**{outcome: np.where(made.seen & (office >= 0), y, np.nan)})


def _characteristics(made: PersonsStructure, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One draw for each person, the same in all months."""
    person, first = np.unique(people["person_id"].to_numpy(), return_index=True)
    adopts = people["adoption_month"].notna().to_numpy()[first]
    drawn = [
        group.drawn(rng, int((adopts == kind).sum())).set_index(person[adopts == kind])
        for kind, group in made.groups.items()
    ]
    return pd.concat(drawn).loc[people["person_id"]].set_index(people.index)


def _luck(made: PersonsStructure, rng: np.random.Generator) -> np.ndarray:
    """Uniform in each row, and that of the person's row before with the chance of `persistence`."""
    person = made.frame["person_id"].to_numpy()
    anew = rng.random(len(person)) >= made.persistence
    anew[0], anew[1:] = True, anew[1:] | (person[1:] != person[:-1])
    return rng.random(len(person))[np.maximum.accumulate(np.where(anew, np.arange(len(person)), 0))]
