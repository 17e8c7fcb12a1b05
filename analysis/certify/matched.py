"""Simulated matched cohorts: made-up persons with the groups' own characteristics, matched and compared as planned.

Characteristics are drawn for each group by a Gaussian copula: the group's marginals, and its correlations of ranks. The
outcome before and after depends on them by the comparison group's line, the same for both groups, so that the change
would have been the same without the intervention: what is tried is the method, not its assumption.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from analysis.cards import Card
from analysis.certify.draws import Drawn
from analysis.event_values import EventValues, has_a_change
from analysis.match_methods import fitted_scores, matched, matched_sets, people_of, scores_for
from analysis.match_weights import weight_model
from analysis.matched_effects import Sample, effects
from analysis.problems import Problem, ProblemsFound

HEADING = "Den matchede kohorten kan ikke simuleres:"
# Chances of yes stay this far from none and all.
LEAST = 0.02
# In variances of a characteristic.
RIDGE = 0.25


@dataclass(frozen=True)
class Group:
    """`persons` to draw; `marginals`: sorted values by characteristic; `factor` (k, k): Cholesky factor of the
    correlation of normal scores; `offices`: names to draw from."""

    persons: int
    marginals: Mapping[str, np.ndarray]
    factor: np.ndarray
    offices: np.ndarray


@dataclass(frozen=True)
class MatchedStructure:
    """`before` and `after` (k + 1,): lines of the outcome on the characteristics' numbers, constant first, fitted to
    the comparison group; `centre` and `scale` (k,) standardise those; `persistence` of a person's outcome; `offices`
    tells their counties, where matching keeps within them."""

    groups: Mapping[str, Group]
    before: np.ndarray
    after: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    persistence: float
    offices: pd.DataFrame | None = None

    def told(self) -> dict[str, float]:
        """Plain data for the certificate."""
        sizes = {f"persons_{role}": group.persons for role, group in self.groups.items()}
        shares = {"share_before": float(self.before[0]), "share_after": float(self.after[0])}
        return sizes | shares | {"persistence": self.persistence}


def structure(
    card: Card, baseline: pd.DataFrame, values: EventValues, offices: pd.DataFrame | None = None
) -> MatchedStructure:
    """From persons of both groups with known outcomes at the base and at the main horizon."""
    outcome, people = card.outcomes.primary, people_of(card, baseline)
    frame, x = people.frame, _numbers(people.covariates)
    before, after = (values.at(frame, outcome, time) for time in (values.base, card.horizons[0]))
    known = np.isfinite(before) & np.isfinite(after) & np.isfinite(x).all(axis=1)
    other = known & ~people.treated
    yes_no = np.isin(before[other], (0, 1)).all() and np.isin(after[other], (0, 1)).all()
    if not has_a_change(outcome) or not yes_no or other.sum() <= 2 * x.shape[1]:
        raise ProblemsFound(HEADING, [Problem(outcome, "utfallet er ikke ja eller nei både før og etter.")])
    centre, scale = x[other].mean(axis=0), x[other].std(axis=0)
    columns = _line_columns(x[other], centre, np.where(scale > 0, scale, 1.0))
    lines = [_line(columns, y[other]) for y in (before, after)]
    left = [y[other] - columns @ line for y, line in zip((before, after), lines, strict=True)]
    stable = float(np.clip(np.corrcoef(*left)[0, 1], 0, 0.95))
    chosen = {"treated": known & people.treated, "comparison": other}
    groups = {role: _group(frame[own], people.names, x[own]) for role, own in chosen.items()}
    return MatchedStructure(groups, *lines, centre, np.where(scale > 0, scale, 1.0), stable, offices)


def _numbers(covariates: pd.DataFrame) -> np.ndarray:
    """Characteristics as numbers (n, k); those in words by the order of their names."""
    found = [
        column.astype("float64") if pd.api.types.is_numeric_dtype(column) else pd.factorize(column, sort=True)[0]
        for _, column in covariates.items()
    ]
    return np.column_stack([np.asarray(values, dtype="float64") for values in found])


def _line_columns(x: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), (x - centre) / scale])


def _line(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ridge regression. Histories of overlapping months tell an outcome nearly exactly in the data, with large
    coefficients of both signs; in drawn persons, who have only their correlations, such a line leaves the scale."""
    penalty = np.diag([0.0, *[RIDGE] * (columns.shape[1] - 1)]) * len(y)
    return np.linalg.solve(columns.T @ columns + penalty, columns.T @ y)


def _group(frame: pd.DataFrame, names: tuple[str, ...], x: np.ndarray) -> Group:
    scores = ndtri((rankdata(x, axis=0) - 0.5) / len(x))
    varies = np.ptp(x, axis=0) > 0
    correlation = np.eye(x.shape[1])
    if varies.any():
        correlation[np.ix_(varies, varies)] = np.corrcoef(scores[:, varies], rowvar=False)
    # Characteristics that follow from each other leave the matrix without a root; a little noise gives it one.
    factor = np.linalg.cholesky(0.999 * correlation + 0.001 * np.eye(len(correlation)))
    order = np.argsort(x, axis=0, kind="stable")
    marginals = {name: frame[name].to_numpy()[order[:, k]] for k, name in enumerate(names)}
    return Group(len(frame), marginals, factor, frame["office_id"].to_numpy())


def study(card: Card, made: MatchedStructure, effect: float, rng: np.random.Generator) -> Drawn:
    """One cohort with the true effect `effect` on everyone treated, through the card's score and matching."""
    drawn = {role: _persons(group, rng) for role, group in made.groups.items()}
    frame = pd.concat(
        [people.assign(arm=card.arm(role).id, treated=role == "treated") for role, people in drawn.items()],
        ignore_index=True,
    )
    frame["person_id"] = rng.permutation(len(frame)).astype("int32")
    people = people_of(card, frame, made.offices)
    before, after = _outcomes(made, _numbers(people.covariates), people.treated, effect, rng)
    try:
        scores = scores_for(card.matching, fitted_scores(people, [card.matching.formula]))
        found = matched(card.matching, people, scores)
        sample = Sample(
            people=people.frame,
            treated=people.treated,
            weight=found.weights,
            sets=matched_sets(found),
            spec=card.matching,
            model=weight_model(card.matching, people, scores),
        )
        own = next(iter(effects(card, sample, after - before, after)))
    except ProblemsFound:
        return Drawn(math.nan)
    return Drawn(own.estimate, own.conf_low, own.conf_high)


def _persons(group: Group, rng: np.random.Generator) -> pd.DataFrame:
    normal = rng.standard_normal((group.persons, len(group.factor))) @ group.factor.T
    place = np.minimum((ndtr(normal) * group.persons).astype(int), group.persons - 1)
    columns = {name: values[place[:, k]] for k, (name, values) in enumerate(group.marginals.items())}
    return pd.DataFrame({**columns, "office_id": rng.choice(group.offices, group.persons)})


def _outcomes(
    made: MatchedStructure, x: np.ndarray, treated: np.ndarray, effect: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Outcome before and after: one draw of luck a person, kept with probability `persistence`."""
    columns = _line_columns(x, made.centre, made.scale)
    before = np.clip(columns @ made.before, LEAST, 1 - LEAST)
    after = np.clip(columns @ made.after, LEAST, 1 - LEAST - effect) + effect * treated
    luck = rng.random(len(x))
    later = np.where(rng.random(len(x)) < made.persistence, luck, rng.random(len(x)))
    return (luck < before).astype(float), (later < after).astype(float)
