"""Fine strata of the main specification's score, within which outcomes may change places."""

import numpy as np

from analysis.cards import Card
from analysis.match_methods import People
from analysis.problems import ProblemsFound
from analysis.scores import Scores

# Treated persons per stratum, and the most strata: 20 quantiles already take away nearly all that five leave.
PER_STRATUM, MOST = 10, 50


def fine_strata(card: Card, people: People, scores: Scores | ProblemsFound) -> np.ndarray:
    """A number for each person (n,): the quantile of the treated persons' scores that the person's own lies in, with
    those below and above them apart; within the same county or office where the card looks for partners there.

    Raises ProblemsFound where the score could not be fitted.
    """
    if isinstance(scores, ProblemsFound):
        raise scores
    probability = scores.probability
    bins = min(MOST, max(1, int(people.treated.sum()) // PER_STRATUM))
    edges = np.unique(np.quantile(probability[people.treated], np.linspace(0, 1, bins + 1)))
    found = np.searchsorted(edges[:-1], probability, side="right") + (probability > edges[-1])
    unit = card.matching.within and card.matching.within.unit
    if not unit or unit not in people.places:
        return found
    place = np.unique(people.places[unit], return_inverse=True)[1]
    return np.unique(found * (place.max() + 1) + place, return_inverse=True)[1]
