"""Simulated matched cohorts: made-up persons with the groups' own characteristics, matched and compared as planned.

Characteristics are drawn for each group by a Gaussian copula (`characteristics`). The outcome before and after depends
on them by the comparison group's line, the same for both groups, so that the change would have been the same without
the intervention: what is tried is the method, not its assumption. Matching never reads an outcome, so several outcomes
are drawn for the same made-up persons.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.certify.characteristics import Group, Line, group_of, line_of, numbers
from analysis.certify.draws import Drawn
from analysis.event_values import EventValues, has_a_change
from analysis.match_methods import People, fitted_scores, matched, matched_sets, people_of, scores_for
from analysis.match_weights import weight_model
from analysis.matched_effects import Sample, effects
from analysis.problems import Problem, ProblemsFound
from analysis.trials.icc import icc

HEADING = "Den matchede kohorten kan ikke simuleres:"
# Outcomes drawn for the same made-up persons: matching takes a third of a second, an outcome hundredths.
REPEATS = 10


@dataclass(frozen=True)
class MatchedStructure:
    """`groups` by role, their `offices` to draw from, and the share of each that is `measured` at both times; `before`
    and `after`: lines of the outcome, fitted to the comparison group; `persistence` of a person's luck; `office_sd`:
    spread of the change between offices; `places` tells the offices' counties, where matching keeps within them."""

    groups: Mapping[str, Group]
    offices: Mapping[str, np.ndarray]
    measured: Mapping[str, float]
    before: Line
    after: Line
    persistence: float
    office_sd: float
    places: pd.DataFrame | None = None

    def told(self) -> dict[str, float]:
        """Plain data for the certificate."""
        sizes = {f"persons_{role}": group.persons for role, group in self.groups.items()}
        measured = {f"measured_{role}": share for role, share in self.measured.items()}
        shares = {"share_before": float(self.before.coefficients[0]), "share_after": float(self.after.coefficients[0])}
        return sizes | measured | shares | {"persistence": self.persistence, "office_sd": self.office_sd}


def structure(
    card: Card, baseline: pd.DataFrame, values: EventValues, offices: pd.DataFrame | None = None
) -> MatchedStructure:
    """From persons of both groups, and the outcomes at the base and at the main horizon where both are known."""
    outcome, people = card.outcomes.primary, people_of(card, baseline)
    x = numbers(people.covariates)
    before, after = (values.at(people.frame, outcome, time) for time in (values.base, card.horizons[0]))
    whole, known = np.isfinite(x).all(axis=1), np.isfinite(before) & np.isfinite(after)
    roles = {"treated": whole & people.treated, "comparison": whole & ~people.treated}
    other = roles["comparison"] & known
    yes_no = np.isin(before[other], (0, 1)).all() and np.isin(after[other], (0, 1)).all()
    if not has_a_change(outcome) or not yes_no or other.sum() <= 2 * x.shape[1]:
        raise ProblemsFound(HEADING, [Problem(outcome, "utfallet er ikke ja eller nei både før og etter.")])
    lines = [line_of(x[other], y[other]) for y in (before, after)]
    left = [y[other] - line.values(x[other]) for y, line in zip((before, after), lines, strict=True)]
    office = people.frame["office_id"].to_numpy()
    return MatchedStructure(
        groups={role: group_of(people.covariates[own]) for role, own in roles.items()},
        offices={role: office[own] for role, own in roles.items()},
        measured={role: float(known[own].mean()) for role, own in roles.items()},
        before=lines[0],
        after=lines[1],
        persistence=float(np.clip(np.corrcoef(*left)[0, 1], 0, 0.95)),
        office_sd=_office_sd(left[1] - left[0], people.frame["office_id"][other]),
        places=offices,
    )


def _office_sd(change: np.ndarray, office: pd.Series) -> float:
    """Spread between offices of what the characteristics leave of a change: √(ICC · variance), at least 0."""
    if office.isna().any() or office.nunique() < 2:
        return 0.0
    alike = icc(change, pd.factorize(office)[0]).value
    return math.sqrt(max(alike, 0.0) * float(change.var())) if math.isfinite(alike) else 0.0


def study(card: Card, made: MatchedStructure, found: tuple[float, ...], rng: np.random.Generator) -> list[list[Drawn]]:
    """One cohort of made-up persons through the card's score and matching, and REPEATS outcomes of each effect."""
    people = _people(card, made, rng)
    try:
        sample = _matched(card, people)
    except ProblemsFound:
        return [[Drawn(math.nan)] * REPEATS for _ in found]
    streams = rng.spawn(REPEATS)
    states = [stream.bit_generator.state for stream in streams]
    drawn = []
    for effect in found:
        for stream, state in zip(streams, states, strict=True):
            stream.bit_generator.state = state
        drawn.append(list(_studies(card, made, sample, effect, streams)))
    return drawn


def _people(card: Card, made: MatchedStructure, rng: np.random.Generator) -> People:
    drawn = [
        group.drawn(rng).assign(
            arm=card.arm(role).id, treated=role == "treated", office_id=rng.choice(made.offices[role], group.persons)
        )
        for role, group in made.groups.items()
    ]
    frame = pd.concat(drawn, ignore_index=True)
    frame["person_id"] = rng.permutation(len(frame)).astype("int32")
    return people_of(card, frame, made.places)


def _matched(card: Card, people: People) -> Sample:
    """The sample of the card's main specification; of sets only those who are in one, which gives the same."""
    scores = scores_for(card.matching, fitted_scores(people, [card.matching.formula]))
    found = matched(card.matching, people, scores)
    model = weight_model(card.matching, people, scores)
    weight, sets = found.weights, matched_sets(found)
    kept = np.ones(len(weight), dtype=bool) if model is not None else weight > 0
    sample = Sample(
        people.frame[kept].reset_index(drop=True), people.treated[kept], weight[kept], sets[kept], card.matching
    )
    return replace(sample, model=model)


def _studies(
    card: Card, made: MatchedStructure, sample: Sample, effect: float, streams: list[np.random.Generator]
) -> Iterator[Drawn]:
    x = numbers(sample.people[[c.name for c in card.covariates]])
    office = pd.factorize(sample.people["office_id"])[0]
    before, after = made.before.chances(x), made.after.chances(x, below=effect) + effect * sample.treated
    measured = np.where(sample.treated, made.measured["treated"], made.measured["comparison"])
    for rng in streams:
        level = rng.normal(0, made.office_sd, office.max() + 2)[office]
        y = _outcomes(before, np.clip(after + level, 0, 1), made.persistence, rng)
        lost = rng.random(len(x)) >= measured
        try:
            own = next(iter(effects(card, sample, np.where(lost, np.nan, y[1] - y[0]), y[1])))
        except ProblemsFound:
            yield Drawn(math.nan)
            continue
        yield Drawn(own.estimate, own.conf_low, own.conf_high)


def _outcomes(
    before: np.ndarray, after: np.ndarray, persistence: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Outcome before and after: one draw of luck a person, kept with probability `persistence`."""
    luck = rng.random(len(before))
    later = np.where(rng.random(len(before)) < persistence, luck, rng.random(len(before)))
    return (luck < before).astype(float), (later < after).astype(float)
