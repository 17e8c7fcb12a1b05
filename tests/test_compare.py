"""Cohorts side by side: ordered by how strong the design is, and held together only where every question says yes."""

import random

import pandas as pd
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.compare import DESIGN_ORDER, CohortResult, comparability, comparison
from analysis.results import estimates

BASE = stages.changed(stages.card(stages.HPMT), published=None)
GRADE = {"grade": "low", "verbs": "adjusted"}
NAMES = [f"c{letter}" for letter in "abcdefgh"]


def row(**values):
    base = {"outcome": "in_paid_work", "horizon_months": 12, "scale": "difference", "role": "primary", "estimate": 0.1}
    return {**base, "conf_low": 0.0, "conf_high": 0.2, "data_kind": "published", **values}


def result(card=BASE, **values):
    return CohortResult(card, estimates([row(**values)]), GRADE)


def with_design(design, **values):
    return result(stages.changed(BASE, design=design), **values)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(DESIGN_ORDER), min_size=1, max_size=len(NAMES)),
    st.lists(st.floats(-1, 1), min_size=len(NAMES), max_size=len(NAMES)),
    st.integers(0, 1000),
)
def test_rows_are_ordered_by_design_and_name_and_never_by_effect(designs, effects, seed):
    pairs = list(zip(NAMES, designs, strict=False))
    random.Random(seed).shuffle(pairs)
    found = comparison({name: with_design(design, estimate=effects[NAMES.index(name)]) for name, design in pairs})
    expected = sorted(pairs, key=lambda pair: (DESIGN_ORDER.index(pair[1]), pair[0]))
    assert found["cohort"].tolist() == [name for name, _ in expected]


def test_every_design_of_the_card_has_a_place():
    from typing import get_args

    from analysis.cards import Design

    assert set(DESIGN_ORDER) == set(get_args(Design))


def test_a_cohort_without_a_number_keeps_its_row():
    empty = CohortResult(BASE, estimates([row(role="secondary")]), GRADE)
    found = comparison({"a": empty}).iloc[0]
    assert (found["status"], found["reason"]) == ("not_estimated", "no_figures")
    assert pd.isna(found["estimate"])


def test_a_headline_that_the_profile_hides_is_told_from_one_that_could_not_be_estimated():
    number = {"estimate": None, "conf_low": None, "conf_high": None}
    hidden = comparison({"a": result(**number)}).iloc[0]
    assert (hidden["status"], hidden["reason"], hidden["outcome"]) == ("not_estimated", "hidden", "in_paid_work")
    without = comparison({"a": result(**number, status="not_estimated", reason="too_few")}).iloc[0]
    assert (without["status"], without["reason"]) == ("not_estimated", "too_few")
    answers = comparability({"a": result(**number), "b": result()}).iloc[0]
    assert (answers["comparable"], answers["reasons"]) == (False, "scale")


def test_a_cohort_that_is_only_described_says_what_it_describes_and_may_not_be_compared():
    card = stages.changed(BASE, analysis="describe", horizons=[12, 24])
    empty = CohortResult(card, estimates([]), {"grade": "none", "verbs": "description"})
    found = comparison({"a": empty}).iloc[0]
    assert (found["status"], found["reason"], found["grade"]) == ("not_estimated", "described", "none")
    assert (found["outcome"], found["horizon_months"]) == (card.outcomes.primary, 12)
    assert pd.isna(found["estimate"])
    pair = comparability({"a": empty, "b": empty}).iloc[0]
    assert (pair["comparable"], pair["reasons"]) == (False, "scale")


def test_cohorts_alike_in_every_question_may_be_compared():
    found = comparability({"a": result(), "b": result(estimate=0.4)}).iloc[0]
    assert found["comparable"]
    assert found["reasons"] == ""


@pytest.mark.parametrize(
    ("reason", "other"),
    [
        ("population", lambda: result(stages.changed(BASE, population__description={"nb": "andre"}))),
        ("usual_care", lambda: result(stages.changed(BASE, content__usual_care={"nb": "annet"}))),
        ("outcome", lambda: result(outcome="hired")),
        ("horizon_months", lambda: result(horizon_months=24)),
        ("horizon_months", lambda: result(horizon_months=None)),
        ("data_kind", lambda: result(stages.changed(BASE, data_kind="synthetic"))),
    ],
)
def test_each_question_says_no_by_itself_and_names_itself(reason, other):
    found = comparability({"a": result(), "b": other()}).iloc[0]
    assert not found["comparable"]
    assert found["reasons"] == reason


def test_shares_without_a_comparison_group_are_never_comparable():
    """A share of one group is no difference, not even beside another share."""
    shares = [result(scale="share"), result(scale="share")]
    found = comparability(dict(zip("ab", shares, strict=True))).iloc[0]
    assert not found["comparable"]
    assert found["reasons"] == "scale"


def test_all_reasons_are_told_and_every_pair_once():
    results = {name: stages_result(name) for name in stages.ALL}
    found = comparability(results)
    assert len(found) == 3
    assert not found["comparable"].any()
    pair = found.query("cohort_a == 'hpmt' and cohort_b == 'nsw_supported_work'").iloc[0]
    assert pair["reasons"].split(";") == ["population", "usual_care", "outcome", "horizon_months", "data_kind"]


def stages_result(cohort):
    return CohortResult(stages.card(cohort), stages.estimates(cohort), stages.material(cohort).grade)


def test_the_shipped_cohorts_stand_in_the_order_of_their_designs():
    found = comparison({name: stages_result(name) for name in stages.ALL})
    assert found["cohort"].tolist() == ["hpmt", "nsw_supported_work", "mentor_hybrid"]
    assert found.set_index("cohort").loc["mentor_hybrid", "estimate"] == 36 / 49


def test_the_comparison_does_not_depend_on_the_order_of_the_cohorts():
    one, other = ({name: stages_result(name) for name in names} for names in (stages.ALL, reversed(stages.ALL)))
    pd.testing.assert_frame_equal(comparison(one), comparison(other))
    pd.testing.assert_frame_equal(comparability(one), comparability(other))
