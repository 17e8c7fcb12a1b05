"""Simulated trials of offices: the cohort's offices and their sizes, lots drawn again, persons made up."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.certify.draws import Drawn
from analysis.problems import Problem, ProblemsFound
from analysis.staggered.covariates import Columns
from analysis.trial_analysis import Analysis
from analysis.trial_people import People, people_of
from analysis.trials.icc import icc
from analysis.trials.permutation import permutation_test

HEADING = "Forsøket kan ikke simuleres:"
# Other draws of lots that each simulated study is held against: enough to tell 0.05 from 0.07.
ALLOCATIONS = 999


@dataclass(frozen=True)
class TrialStructure:
    """`sizes` (G,): persons by office at time zero, `measured` (G,): the share of them whose outcome is known at the
    horizon; `treated` (G,): as drawn; `strata` (G,) or None; `share`: of all persons together, not by group; `icc`: in
    [0, 1)."""

    sizes: np.ndarray
    measured: np.ndarray
    treated: np.ndarray
    strata: np.ndarray | None
    share: float
    icc: float

    def told(self) -> dict[str, float]:
        """Plain data for the certificate."""
        return {
            "offices_treated": int(self.treated.sum()),
            "offices_comparison": int((~self.treated).sum()),
            "persons": int(self.sizes.sum()),
            "measured": float(np.average(self.measured, weights=self.sizes)),
            "share": self.share,
            "icc": self.icc,
        }


def structure(card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame) -> TrialStructure:
    """From persons at time zero, and those of them measured on the main outcome at the main horizon.

    The correlation is the planned one where the card has it, else the analysis of variance's, at least 0.
    """
    people = people_of(card, baseline, months, offices, card.outcomes.primary, card.horizons[0])
    if people.reason() is not None or not np.isin(people.y, (0, 1)).all():
        raise ProblemsFound(HEADING, [Problem(card.outcomes.primary, "utfallet er ikke ja eller nei.")])
    found = icc(people.y, people.office, arms=people.arm).value if card.trial.planned_icc is None else None
    correlation = card.trial.planned_icc if found is None else max(found, 0.0)
    share = float(people.y.mean())
    sizes = _sizes(card, baseline, months)
    return TrialStructure(sizes, people.sizes / sizes, people.treated, people.strata, share, float(correlation))


def _sizes(card: Card, baseline: pd.DataFrame, months: pd.DataFrame) -> np.ndarray:
    """Persons at time zero of each office where somebody was measured, in the order of the offices' names."""
    own = baseline[baseline["arm"].isin([card.arm("treated").id, card.arm("comparison").id])]
    at = (months["event_time"] == card.horizons[0]).to_numpy(bool, na_value=False)
    seen = own["person_id"].isin(months.loc[at & months[card.outcomes.primary].notna(), "person_id"])
    names = np.unique(own.loc[seen, "office_id"].astype("str"))
    return own["office_id"].astype("str").value_counts().reindex(names).to_numpy()


def study(card: Card, made: TrialStructure, effect: float, rng: np.random.Generator) -> list[Drawn]:
    """One trial with the true difference `effect`, analysed as the card plans: its interval, and the test by the draw.

    An office's share is beta with mean `share` (+ `effect`) and variance ICC·p(1 − p), so that two of its persons
    correlate by ICC exactly.
    """
    people = _people(made, effect, rng)
    if people.reason() is not None:
        return [Drawn(float("nan"))]
    analysis, average = Analysis(card, card.outcomes.primary, card.horizons[0], people), card.trial.average
    found = analysis.interval(analysis.fit(average, adjusted=False))
    test = permutation_test(
        people.sums(people.y),
        people.sizes,
        people.treated,
        strata=people.strata,
        statistic=average,
        limit=ALLOCATIONS + 1,
        draws=ALLOCATIONS,
        seed=int(rng.integers(2**32)),
        level=card.inference.level,
    )
    return [Drawn(found.estimate, found.low, found.high, test.p_value)]


def _people(made: TrialStructure, effect: float, rng: np.random.Generator) -> People:
    treated = _drawn_again(made, rng)
    mean = made.share + effect * treated
    if not ((mean > 0) & (mean < 1)).all():
        raise ProblemsFound(HEADING, [Problem("certify.effect", "det er ikke rom for effekten.")])
    shares = mean
    if made.icc > 0:
        spread = (1 - made.icc) / made.icc
        shares = rng.beta(mean * spread, (1 - mean) * spread)
    # An office where nobody was measured would leave the trial; lots were drawn for those that did not.
    office = np.repeat(np.arange(len(made.sizes)), np.maximum(rng.binomial(made.sizes, made.measured), 1))
    y = (rng.random(len(office)) < shares[office]).astype(float)
    alone = Columns(np.ones((len(y), 1)), ("constant",))
    return People(y, office, treated, made.strata, alone, None)


def _drawn_again(made: TrialStructure, rng: np.random.Generator) -> np.ndarray:
    """Lots drawn anew within strata."""
    treated = made.treated.copy()
    for stratum in [None] if made.strata is None else np.unique(made.strata):
        place = np.arange(len(treated)) if stratum is None else np.flatnonzero(made.strata == stratum)
        treated[place] = rng.permutation(treated[place])
    return treated


def even(offices: int, persons: int, *, share: float, icc: float) -> TrialStructure:
    """A trial of equal offices, half of them treated: what the closed form knows the answer to."""
    sizes = np.full(2 * offices, persons)
    blank = TrialStructure(sizes, np.ones(2 * offices), np.arange(2 * offices) < offices, None, share, 0.0)
    return replace(blank, icc=icc)
