"""Simulated trials that draw persons: the cohort's strata and offices, lots drawn again, persons and history made up.

The history before the draw is among the characteristics that the card adjusts for, and the outcome follows them as it
does in all persons together, whatever their arm.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.certify.characteristics import Group, Line, group_of, line_of, numbers
from analysis.certify.draws import Drawn
from analysis.certify.trial import HEADING
from analysis.drawn_persons import drawn_persons
from analysis.plan import seed_of
from analysis.problems import Problem, ProblemsFound
from analysis.trials.icc import icc
from analysis.trials.person_permutation import person_permutation
from analysis.trials.stratified import stratified_difference

ADJUSTED = "adjusted"


@dataclass(frozen=True)
class PersonsStructure:
    """n persons drawn: `strata` (n,) labels, `treated` (n,), `office` (n,) codes; `group`: their characteristics, None
    without any; `outcome` and `measured`: lines of both on the characteristics; `office_sd`: spread of offices."""

    strata: np.ndarray
    treated: np.ndarray
    office: np.ndarray
    group: Group | None
    outcome: Line
    measured: Line
    office_sd: float

    def told(self) -> dict[str, float]:
        """Plain data for the certificate."""
        return {
            "persons_treated": int(self.treated.sum()),
            "persons_comparison": int((~self.treated).sum()),
            "strata": len(np.unique(self.strata)),
            "offices": int(self.office.max() + 1),
            "share": float(self.outcome.coefficients[0]),
            "measured": float(self.measured.coefficients[0]),
            "office_sd": self.office_sd,
        }


def structure(card: Card, baseline: pd.DataFrame, months: pd.DataFrame) -> PersonsStructure:
    """From everybody drawn, and the main outcome at the main horizon of those in whom it is known."""
    people, horizon = drawn_persons(card, baseline, months), card.horizons[0]
    y = people.outcomes(card.outcomes.primary, horizon, horizon)[:, 0]
    known = np.isfinite(y)
    if known.sum() < 2 or np.ptp(y[known]) == 0 or not np.isin(y[known], (0, 1)).all():
        raise ProblemsFound(HEADING, [Problem(card.outcomes.primary, "utfallet er ikke ja eller nei.")])
    x = np.empty((len(y), 0)) if people.covariates is None else numbers(people.covariates)
    office = baseline.set_index("person_id")["office_id"].reindex(people.person_id)
    code, _ = pd.factorize(office.fillna("").astype("str"))
    line = line_of(x[known], y[known])
    return PersonsStructure(
        strata=people.strata,
        treated=people.treated,
        office=code,
        group=None if people.covariates is None else group_of(people.covariates),
        outcome=line,
        measured=line_of(x, known.astype(float)),
        office_sd=_office_sd(y[known] - line.values(x[known]), code[known]),
    )


def _office_sd(left: np.ndarray, office: np.ndarray) -> float:
    """√(ICC · variance) of what the characteristics leave of the outcome, at least 0."""
    alike = icc(left, office).value if len(np.unique(office)) > 1 else math.nan
    return math.sqrt(max(alike, 0.0) * float(left.var())) if math.isfinite(alike) else 0.0


def study(card: Card, made: PersonsStructure, effect: float, rng: np.random.Generator) -> list[Drawn]:
    """One trial with the true difference `effect`: the planned interval and test by the draw, and adjusted beside."""
    treated = _drawn_again(made, rng)
    people = None if made.group is None else made.group.drawn(rng, len(treated))
    x = np.empty((len(treated), 0)) if people is None else numbers(people)
    level = rng.normal(0, made.office_sd, made.office.max() + 1)[made.office]
    chance = np.clip(made.outcome.chances(x, below=effect) + level, 0, 1 - effect) + effect * treated
    y = (rng.random(len(treated)) < chance).astype(float)
    known = rng.random(len(treated)) < made.measured.values(x)
    seen = (y[known], treated[known], made.strata[known])
    return list(_analysed(card, seen, None if people is None else people[known]))


def _analysed(card: Card, seen: tuple[np.ndarray, ...], covariates: pd.DataFrame | None) -> Iterator[Drawn]:
    level = card.inference.level
    try:
        found = stratified_difference(*seen, level=level)
        test = person_permutation(*seen, draws=card.trial.draws, seed=seed_of(card))
        yield Drawn(found.estimate, found.low, found.high, test.p_value)
    except ProblemsFound:
        yield Drawn(math.nan)
    if covariates is None:
        return
    try:
        found = stratified_difference(*seen, covariates=covariates, level=level)
        yield Drawn(found.estimate, found.low, found.high, analysis=ADJUSTED)
    except ProblemsFound:
        yield Drawn(math.nan, analysis=ADJUSTED)


def _drawn_again(made: PersonsStructure, rng: np.random.Generator) -> np.ndarray:
    """Lots drawn anew within strata."""
    treated = made.treated.copy()
    for stratum in np.unique(made.strata):
        place = np.flatnonzero(made.strata == stratum)
        treated[place] = rng.permutation(treated[place])
    return treated
