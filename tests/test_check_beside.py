"""Checks beside the main ones: one office, who is missing, hidden bias, how far and on how many the numbers reach."""

import numpy as np
import pandas as pd
import pytest
from beside_reports import headline, lost, sets, without
from matched_starts import card as starts_card

from analysis.card_matching import Matching
from analysis.checks import hidden_bias, missing
from analysis.checks.followed import horizon_reached, small_counts
from analysis.checks.influence import one_office
from analysis.influence import office_average_without_each, without_each_office
from analysis.matched_effects import Sample
from analysis.matched_sets import set_patterns
from analysis.missing_outcomes import missing_bounds
from analysis.sensitivity.rosenbaum import binary_pairs

CARD = starts_card()
Y = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
TREATED = np.array([True, True, True, False, False, False])
OFFICES = ["a", "a", "b", "c", "c", "d"]


def test_the_difference_without_each_office_is_that_of_the_others():
    found = without_each_office(Y, TREATED, OFFICES).set_index("office_id")["estimate"]
    assert found["a"] == pytest.approx(1 - 1 / 3)
    assert found["b"] == pytest.approx(1 / 2 - 1 / 3)
    assert found["c"] == pytest.approx(2 / 3)
    assert found["d"] == pytest.approx(2 / 3 - 1 / 2)


def test_a_group_that_is_one_office_cannot_be_left_out():
    found = without_each_office(Y, TREATED, ["a", "a", "a", "c", "c", "d"]).set_index("office_id")["estimate"]
    assert np.isnan(found["a"])
    assert found[["c", "d"]].notna().all()


def test_offices_that_count_one_each_are_averaged_as_offices():
    found = office_average_without_each(Y, TREATED, OFFICES).set_index("office_id")["estimate"]
    assert found["a"] == pytest.approx(1 - 0.25)
    assert found["d"] == pytest.approx(0.75 - 0.5)


def test_weights_of_matched_persons_are_kept():
    doubled = without_each_office(np.append(Y, 0.0), np.append(TREATED, True), [*OFFICES, "b"])
    weighted = without_each_office(Y, TREATED, OFFICES, np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0]))
    assert doubled.set_index("office_id")["estimate"]["c"] == pytest.approx(2 / 4)
    assert weighted["estimate"].tolist() == without_each_office(Y, TREATED, OFFICES)["estimate"].tolist()


@pytest.mark.parametrize(("left", "verdict", "turning"), [((0.1, 0.3), "passed", 0), ((-0.1, 0.3), "failed", 1)])
def test_one_office_that_turns_the_sign_fails_the_check_and_is_not_named(left, verdict, turning):
    check = one_office(headline(), without(*left))
    assert (check.verdict, check.value, check.downgrade) == (verdict, turning, 1)
    assert (check.values["low"], check.values["high"]) == (min(left), max(left))
    assert "k0" not in str(check)


def test_nothing_is_said_of_offices_when_fewer_than_two_can_be_left_out():
    assert one_office(headline(), without(0.1, float("nan"))) is None


def test_a_sign_that_those_not_measured_could_turn_is_told_as_open():
    assert missing.bounds(lost(-0.01)).text_id == "check.missing_outcomes.open"
    assert missing.bounds(lost(0.01)).text_id == "check.missing_outcomes.holds"
    assert missing.bounds(lost(0.01).iloc[:0]) is None


def test_bounds_of_persons_who_are_not_measured_are_the_worst_case_by_hand():
    people = pd.DataFrame({"person_id": range(6), "arm": ["deltakere"] * 3 + ["andre"] * 3, "office_id": "k"})
    y = [1.0, 0.0, np.nan, 1.0, 0.0, 0.0]
    months = pd.DataFrame({"person_id": range(6), "event_time": 12, CARD.outcomes.primary: y})
    found = missing_bounds(CARD, people, months).set_index("method")
    assert found.loc["worst_case", ["low", "high"]].tolist() == pytest.approx([1 / 3 - 1 / 3, 2 / 3 - 1 / 3])
    assert found.loc["lee", "observed_treated"] == pytest.approx(2 / 3)
    assert missing_bounds(CARD, people, months.fillna(0.0)).empty


def sample(method="nearest", **changes):
    spec = Matching(formula="age", method=method, **changes)
    number = np.arange(7)
    return Sample(
        people=pd.DataFrame({"person_id": number}),
        treated=number % 2 == 0,
        weight=np.where(number < 6, 1.0, 0.0),
        sets=np.array([0, 0, 1, 1, 2, 2, -1]),
        spec=spec,
    )


def test_patterns_of_pairs_count_who_had_the_outcome_on_each_side():
    after = np.array([1.0, 0.0, 1.0, 0.0, 0.0, np.nan, 1.0])
    found = set_patterns(sample(), after)
    assert found.to_dict("records") == [
        {"n_treated": 1, "n_comparison": 1, "hits_treated": 1, "hits_comparison": 0, "sets": 2}
    ]
    assert set_patterns(sample(replace=True), after).empty
    assert set_patterns(sample(), after * 5).empty


def test_the_limit_of_pairs_is_that_of_mcnemars_test():
    check = hidden_bias.rosenbaum_bounds(CARD, headline(), sets(40, 10))
    assert check.value == pytest.approx(binary_pairs(40, 10, alpha=0.025).gamma_limit, rel=1e-6)
    assert check.values == {"informative": 50, "alpha": pytest.approx(0.025)}
    turned = hidden_bias.rosenbaum_bounds(CARD, headline(-0.2), sets(10, 40))
    assert turned.value == pytest.approx(check.value, rel=1e-6)


def test_the_e_value_is_that_of_the_ratio_of_the_shares():
    check = hidden_bias.e_value(CARD, headline(0.3, base_rate=0.3))
    assert check.value == pytest.approx(2 + np.sqrt(2), rel=1e-12)


def test_nothing_found_leaves_nothing_to_explain_away():
    nothing = headline(0.05, reach=0.1)
    assert hidden_bias.e_value(CARD, nothing) is None
    assert hidden_bias.rosenbaum_bounds(CARD, nothing, sets(40, 10)) is None


@pytest.mark.parametrize(("size", "verdict"), [(200, "passed"), (20, "failed")])
def test_few_behind_a_share_are_told(size, verdict):
    about = {"outcome": CARD.outcomes.primary, "n_treated": size, "n_comparison": size}
    check = small_counts(CARD, headline(**about))
    assert (check.verdict, check.value) == (verdict, round(0.3 * size))


def test_a_horizon_without_a_number_fails_and_takes_no_step():
    about = {"outcome": CARD.outcomes.primary, "horizon_months": 12}
    short = headline(**{**about, "horizon_months": 24}, status="not_estimated")
    check = horizon_reached(CARD, pd.concat([headline(**about), short], ignore_index=True))
    assert (check.verdict, check.downgrade, check.table) == ("failed", 0, [{"horizon_months": 24}])
