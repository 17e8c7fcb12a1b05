"""Matching at scale: the quick searches choose as a plain search through everyone does, and large cohorts fit."""

import resource
import sys
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.special import expit

from analysis.balance_summary import balance_of
from analysis.matching import MatchingSpec, match_distance, searchers
from analysis.matching.line_caliper import pairs_within
from analysis.matching.metric import whitened
from analysis.problems import ProblemsFound
from analysis.scores import fit_scores


@st.composite
def cohorts(draw):
    """Covariates that overlap well or poorly, some persons equal, and a score that follows from them or does not."""
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    treated = rng.permutation(np.arange(draw(st.integers(150, 500))) < draw(st.integers(20, 140)))
    values = rng.normal(size=(len(treated), draw(st.integers(1, 4))))
    values += draw(st.sampled_from([0.0, 0.5, 1.5])) * treated[:, None]
    if draw(st.booleans()):
        values = values[rng.integers(0, len(values) // 2, len(values))]
    noise = draw(st.sampled_from([0.0, 1.0])) * rng.normal(size=len(values))
    frame = pd.DataFrame(values, columns=[f"x{place}" for place in range(values.shape[1])])
    return frame.assign(group=rng.integers(0, 3, len(values))), treated, expit(values.sum(axis=1) + noise)


def slow_pairs(frame, treated, score, spec):
    """One after the other, looking at everyone: {treated: partners in the order in which they were found}."""
    at = whitened(frame[list(spec.distance_columns)], treated, spec.metric)
    far = ((at[:, None] - at[None, :]) ** 2).sum(axis=2)
    far[np.abs(score[:, None] - score[None, :]) > spec.caliper * np.std(score, ddof=1)] = np.inf
    for name in spec.exact:
        codes = frame[name].to_numpy()
        far[codes[:, None] != codes[None, :]] = np.inf
    rows = np.flatnonzero(treated)
    free, found = ~treated, {}
    for _ in range(int(spec.ratio)):
        for row in rows[np.argsort(-score[rows], kind="stable")]:
            open_to_me = free.copy()
            open_to_me[found.get(row, [])] = False
            distance = np.where(open_to_me, far[row], np.inf)
            if distance.min() < np.inf:
                # Equal persons can differ in the last bit here; the first row of those is meant.
                partner = int(np.flatnonzero(distance <= distance.min() * (1 + 1e-9))[0])
                found.setdefault(int(row), []).append(partner)
                free[partner] &= spec.replace
    return found


@settings(max_examples=40, deadline=None)
@given(
    cohort=cohorts(),
    caliper=st.sampled_from([0.02, 0.2, 1.0]),
    ratio=st.integers(1, 2),
    replace=st.booleans(),
    exact=st.sampled_from([(), ("group",)]),
)
def test_score_bands_do_not_change_who_is_chosen(cohort, caliper, ratio, replace, exact):
    frame, treated, score = cohort
    columns = tuple(name for name in frame if name != "group")
    options = {"caliper": caliper, "ratio": ratio, "replace": replace, "exact": exact}
    spec = MatchingSpec(method="mahalanobis", distance_columns=columns, **options)
    try:
        pairs = match_distance(score, treated, spec, covariates=frame).pairs
        found = {int(row): list(rows) for row, rows in pairs.groupby("treated_row")["comparison_row"]}
    except ProblemsFound:
        found = {}
    assert found == slow_pairs(frame, treated, score, spec)


def test_neither_the_size_of_a_look_nor_that_of_a_list_changes_who_is_chosen(monkeypatch):
    rng = np.random.default_rng(5)
    treated = np.arange(3_000) < 700
    frame = pd.DataFrame(rng.normal(size=(3_000, 3)) + treated[:, None], columns=["x", "y", "z"])
    score = expit(frame.sum(axis=1).to_numpy())
    spec = MatchingSpec(method="mahalanobis", distance_columns=("x", "y", "z"))
    plain = match_distance(score, treated, spec, covariates=frame).pairs
    for name, value in {"MANY": 3, "FIRST_WITH_RULES": 2, "SLOW": 0, "PLANTING": 1}.items():
        monkeypatch.setattr(searchers, name, value)
        pd.testing.assert_frame_equal(match_distance(score, treated, spec, covariates=frame).pairs, plain)


def test_five_hundred_lines_with_a_caliper_equal_the_assignment_problem():
    rng = np.random.default_rng(12)
    for case in range(500):
        n = int(rng.integers(2, 40))
        score = np.sort(rng.normal(size=n) if case % 2 else rng.integers(0, rng.integers(1, 15), n) / 8.0)
        treated = rng.random(n) < rng.uniform(0.1, 0.9)
        treated[rng.choice(n, 2, replace=False)] = [True, False]
        # Gaps of exactly the caliper belong to it; eighths make them common.
        width = float(rng.integers(0, 9) / 8 if case % 2 == 0 else rng.uniform(0, 1.5))
        own, partner = pairs_within(score, treated, width)
        distance = np.abs(score[own] - score[partner])
        assert (distance <= width).all()
        gaps = np.abs(score[treated][:, None] - score[~treated])
        skip = np.full((len(gaps), len(gaps)), 1e6)
        np.fill_diagonal(skip, 1000.0)
        row, column = linear_sum_assignment(np.hstack([np.where(gaps <= width, gaps, 1e6), skip]))
        real = column < gaps.shape[1]
        assert len(own) == real.sum()
        assert distance.sum() == pytest.approx(gaps[row[real], column[real]].sum(), abs=1e-9)


def test_a_hundred_thousand_with_poor_overlap_and_a_caliper_have_an_exact_optimum_in_seconds():
    rng = np.random.default_rng(3)
    treated = rng.permutation(np.arange(110_000) < 10_000)
    score = expit(2.2 * np.where(treated, rng.normal(1.8, 0.6, 110_000), rng.normal(size=110_000)) - 3.5)
    order = np.argsort(score, kind="stable")
    width = 0.2 * score.std(ddof=1)
    before = time.process_time()
    own, partner = pairs_within(score[order], treated[order], width)
    assert time.process_time() - before < 5  # without numba about 0.1 s; a list of pairs would hold a hundred million
    assert len(np.unique(partner)) == len(own) == most_pairs(score[treated], score[~treated], width)


def most_pairs(treated, comparison, width):
    """Largest number of pairs: the first of each group who is left goes with the first of the other within reach."""
    own, other, count, free = np.sort(treated), np.sort(comparison), 0, 0
    for value in own:
        while free < len(other) and other[free] < value and value - other[free] > width:
            free += 1
        if free < len(other) and abs(other[free] - value) <= width:
            free, count = free + 1, count + 1
    return count


def test_a_hundred_thousand_with_twenty_covariates_pass_the_whole_stage_in_little_memory():
    rng = np.random.default_rng(2)
    treated = rng.permutation(np.arange(100_000) < 10_000)
    values = rng.normal(size=(100_000, 20)) + 0.15 * treated[:, None]
    frame = pd.DataFrame(values, columns=[f"x{place}" for place in range(20)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scores = fit_scores(frame, " + ".join(frame), treated)
    found = match_distance(scores.probability, treated, MatchingSpec())
    balance = balance_of(frame, treated, found.weights, scores=scores.probability, pairs=found.pairs)
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage counts kilobytes, on macOS bytes
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    assert grown < 300e6  # the 1e6 × 20 of benchmarks/bench_matching.py takes ten times as much
    assert balance.worst("unadjusted")[1] > 0.1
    assert balance.worst()[1] < 0.05
    assert found.pairs["comparison_row"].is_unique
