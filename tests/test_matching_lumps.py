"""Nearest neighbours where many have exactly the same score: docs/decisions/0011, with assignments drawn by lot."""

from functools import cache

import numpy as np
import pandas as pd

from analysis.matching import MatchingSpec, match
from analysis.scores import fit_scores

PERSONS, TREATED, DRAWS = 4_000, 150, 40
SPECS = {
    "nearest": MatchingSpec(caliper=0.2, ratio=3),
    "near_history": MatchingSpec(caliper=0.2, ratio=3, covariate_calipers={"days": 60.0}),
}


def people(*, exact_age: bool):
    """Two in five without a day in work; birth in whole years, or to the day."""
    rng = np.random.default_rng(7)
    idle = rng.random(PERSONS) < 0.4
    born = rng.integers(1950, 1990, PERSONS) + (rng.random(PERSONS) if exact_age else 0.0)
    days = np.where(idle, 0.0, np.round(rng.uniform(1, 730, PERSONS), 3))
    return pd.DataFrame({"school": rng.integers(0, 6, PERSONS) * 1.0, "born": born, "days": days})


@cache
def history_gap(name: str, exact_age: bool):
    """Days in work among the treated, whom lots picked, minus those among partners, in standard deviations: the mean
    over draws and its error."""
    frame = people(exact_age=exact_age)
    days, rng, found = frame["days"].to_numpy(), np.random.default_rng(11), []
    for _ in range(DRAWS):
        treated = np.zeros(PERSONS, dtype=bool)
        treated[rng.choice(PERSONS, TREATED, replace=False)] = True
        scores = fit_scores(frame, "school + born + days", treated)
        weights = match(scores, treated, SPECS[name], covariates=frame).weights
        means = [np.average(days, weights=weights * group) for group in (treated, ~treated)]
        found.append((means[0] - means[1]) / days.std())
    return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(DRAWS))


def test_those_who_share_a_score_are_chosen_too_often():
    """Who stands in a lump gets all partners from it; who stands between lumps gets some of theirs from them too."""
    gap, error = history_gap("nearest", False)
    assert gap > 0.06
    assert gap > 5 * error


def test_without_equal_scores_nobody_is_chosen_too_often():
    gap, error = history_gap("nearest", True)
    assert abs(gap) < 3 * error
    assert error < 0.01


def test_partners_of_like_history_leave_a_tenth_of_it_at_most():
    """Some of those with a few weeks in work still get partners without any."""
    gap, error = history_gap("near_history", False)
    assert abs(gap) + 3 * error < history_gap("nearest", False)[0] / 10
