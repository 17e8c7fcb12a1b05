"""Moving persons between the arms inside their stratum."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottery_people import STRATUM, TREATED
from scipy import stats

from analysis.trials import person_permutation as module
from analysis.trials.person_permutation import person_permutation
from analysis.trials.stratified import stratified_difference

RNG = np.random.default_rng(11)
Y = (RNG.random(268) < 0.2 + 0.12 * TREATED).astype(float)


def by_hand(y, treated, stratum):
    """Every allocation written out: share with a standardised difference at least as large."""
    rows = [np.flatnonzero(stratum == name) for name in np.unique(stratum)]
    parts = []
    for own in rows:
        chosen = combinations(range(len(own)), int(treated[own].sum()))
        parts.append([len(own) / len(y) * gap(y[own], np.isin(np.arange(len(own)), one)) for one in chosen])
    sums = np.array([sum(each) for each in product(*parts)])
    observed = sum(len(own) / len(y) * gap(y[own], treated[own]) for own in rows)
    return observed, float((np.abs(sums) >= abs(observed) - 1e-10).mean())


def gap(y, treated):
    return y[treated].mean() - y[~treated].mean()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_the_exact_p_value_is_that_of_all_allocations_written_out(seed):
    rng = np.random.default_rng(seed)
    stratum = np.repeat([0, 1], [6, 5])
    treated = np.r_[rng.permutation([1, 1, 1, 0, 0, 0]), rng.permutation([1, 1, 0, 0, 0])].astype(bool)
    y = rng.integers(0, 2, 11).astype(float)
    found = person_permutation(y, treated, stratum)
    assert (found.estimate, found.p_value) == pytest.approx(by_hand(y, treated, stratum), abs=1e-12)
    assert found.convention.startswith("exact")


def test_one_stratum_with_equal_arms_is_fishers_exact_test():
    y = np.r_[np.arange(20) < 12, np.arange(20) < 5].astype(float)
    treated = np.arange(40) < 20
    assert person_permutation(y, treated, np.zeros(40)).p_value == pytest.approx(
        stats.fisher_exact([[12, 8], [5, 15]]).pvalue, rel=1e-9
    )


def test_drawn_allocations_agree_with_the_exact_answer(monkeypatch):
    exact = person_permutation(Y, TREATED, STRATUM)
    monkeypatch.setattr(module, "ENUMERATED", 10)
    counted = person_permutation(Y, TREATED, STRATUM, draws=40_000, seed=1)
    moved = person_permutation(Y * 2, TREATED, STRATUM, draws=4_000, seed=1)
    assert "40000 allocations" in counted.convention
    assert counted.p_value == pytest.approx(exact.p_value, abs=0.008)
    assert moved.p_value == pytest.approx(exact.p_value, abs=0.02)
    assert moved.estimate == pytest.approx(2 * exact.estimate)


def test_covariates_are_taken_out_before_the_arms_move():
    x = pd.DataFrame({"trait": RNG.normal(size=268)})
    outcome = 5 * x["trait"].to_numpy() + 0.7 * TREATED + RNG.normal(size=268)
    plain = person_permutation(outcome, TREATED, STRATUM, draws=999, seed=2)
    freed = person_permutation(outcome, TREATED, STRATUM, covariates=x, draws=999, seed=2)
    assert freed.p_value == 0.001
    assert plain.p_value > freed.p_value
    asymptotic = stratified_difference(outcome, TREATED, STRATUM, covariates=x)
    assert freed.estimate == pytest.approx(asymptotic.estimate, abs=0.05)


def test_drawing_takes_a_seed_and_the_same_seed_gives_the_same_answer():
    with pytest.raises(ValueError, match="seed"):
        person_permutation(Y * 2, TREATED, STRATUM)
    first, second = (person_permutation(Y * 2, TREATED, STRATUM, draws=99, seed=5) for _ in range(2))
    assert first == second
    assert first.p_value >= 1 / 100


def test_nobody_with_the_outcome_is_a_p_value_of_one():
    assert person_permutation(0 * Y, TREATED, STRATUM).p_value == 1.0
