"""Regression to the mean of matched persons: chosen when low, without and with an effect, and the rows it gives."""

import control_reports
import matched_starts
import numpy as np
import pytest
import stages

from analysis.checks.to_the_mean import regression_to_the_mean
from analysis.estimate_did import estimate_did
from analysis.match_persons import match_persons
from analysis.matched_to_the_mean import expected_change

TIMES, LATER = 4, 2


def chosen_when_low(seed, *, persons=20_000, effect=0.0, low=-1.0):
    """Persons with a lasting trait and shocks that fade (AR 1, 0.6 a step); those below `low` at the last time before
    are the participants, and gain `effect`. What they and the pool have before, and after."""
    draw = np.random.default_rng(seed)
    trait, shock = draw.normal(0, 0.7, persons), draw.normal(0, 1.25, persons)
    y = np.empty((persons, TIMES + LATER))
    for step in range(TIMES + LATER):
        y[:, step] = trait + shock
        shock = 0.6 * shock + draw.normal(0, 1, persons)
    chosen = (y[:, TIMES - 1] < low) & (draw.random(persons) < 0.5)
    later = y[:, -1] + effect * chosen
    return y[~chosen, :TIMES], later[~chosen], y[chosen, :TIMES], later[chosen]


@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_the_whole_gain_of_those_chosen_when_low_is_expected_but_for_the_effect(effect):
    pool, pool_later, own, own_later = chosen_when_low(1, effect=effect)
    found = expected_change(pool, pool_later, own, own_later, pool.mean(axis=0), 0.0)
    gain = own_later.mean() - own[:, -1].mean()
    assert found.change.estimate == pytest.approx(gain)
    assert gain - effect > 0.8  # much comes back by itself
    assert found.expected.estimate > 0.8
    assert found.rest.estimate == pytest.approx(effect, abs=0.06)
    parts = found.elsewhere.estimate + found.expected.estimate + found.rest.estimate
    assert parts == pytest.approx(found.change.estimate, abs=1e-12)


def test_the_interval_of_the_rest_holds_the_effect_about_as_often_as_it_says():
    held = 0
    for seed in range(200):
        found = expected_change(*_parts(seed), np.zeros(TIMES), 0.0)
        held += abs(found.rest.estimate - 0.3) <= 1.96 * found.rest.std_error
    assert 180 <= held <= 198


def _parts(seed):
    return chosen_when_low(seed, persons=1_200, effect=0.3)


def test_one_earlier_time_is_the_shrinkage_of_a_correlation():
    pool, pool_later, own, own_later = chosen_when_low(2)
    one = expected_change(pool[:, -1:], pool_later, own[:, -1:], own_later, pool[:, -1:].mean(axis=0), 0.0)
    slope = np.cov(pool[:, -1], pool_later)[0, 1] / np.var(pool[:, -1], ddof=1)
    deviation = own[:, -1].mean() - pool[:, -1].mean()
    assert one.expected.estimate == pytest.approx((slope - 1) * deviation, rel=1e-9)


def test_partners_with_the_same_history_leave_nothing_to_expect_of_the_difference():
    pool, pool_later, own, own_later = chosen_when_low(3)
    found = expected_change(pool, pool_later, own, own_later, own.mean(axis=0), 0.0)
    assert found.left.estimate == pytest.approx(0.0, abs=1e-12)


def test_a_pool_smaller_than_its_coefficients_is_refused():
    with pytest.raises(ValueError, match="more persons"):
        expected_change(np.zeros((3, 4)), np.zeros(3), np.zeros((2, 4)), np.zeros(2), np.zeros(4), 0.0)


def test_the_rows_of_a_cohort_are_told_by_the_check_and_move_no_grade():
    card = stages.changed(matched_starts.card(), sensitivity=[])
    panel = matched_starts.panel()
    found = estimate_did(card, panel, match_persons(card, panel), **stages.who("x")).estimates
    rows = found[found["estimator"] == "regression_to_the_mean"].set_index("term")
    parts = rows["estimate"]
    assert parts["change"] == pytest.approx(parts["elsewhere"] + parts["expected"] + parts["rest"], abs=1e-12)
    assert parts["rest"] == pytest.approx(0.4, abs=0.15)  # put in at month 12
    assert set(rows["event_time"]) == {-1}
    check = regression_to_the_mean(found)
    assert (check.verdict, check.downgrade, len(check.table)) == ("noted", 0, 5)


@pytest.mark.parametrize(("expected", "word"), [(0.08, "up"), (-0.02, "down")])
def test_the_sentence_says_which_way_they_would_have_gone(expected, word):
    check = regression_to_the_mean(control_reports.returning(expected))
    assert check.text_id == f"check.regression_to_the_mean.{word}"


def test_nothing_measured_before_gives_no_check():
    assert regression_to_the_mean(control_reports.returning(0.1).iloc[:2]) is None
