"""The grade starts from the design and only goes down; the words follow from the design and its checks."""

import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.checks import Check
from analysis.grade import DID_GATE, EXTERNAL_GATE, GRADES, STABLE, UNGRADED, VERB_LEVELS, grade, ungraded, verb_level

HPMT, NSW, MENTOR = (stages.card(name) for name in (stages.HPMT, stages.NSW, stages.MENTOR))
CHECKS = st.lists(
    st.builds(
        Check,
        name=st.sampled_from([*DID_GATE["matched_did"], "spread", "imprecision"]),
        verdict=st.sampled_from(["passed", "failed", "noted"]),
        text_id=st.just("x"),
        downgrade=st.integers(0, 2),
    ),
    max_size=6,
    unique_by=lambda check: check.name,
)


def passed(*names):
    return [Check(name, "passed", "x") for name in names]


def failed(name, down=1):
    return Check(name, "failed", "x", downgrade=down)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([HPMT, NSW, MENTOR]), CHECKS)
def test_the_grade_is_the_start_minus_the_failed_steps_and_never_below_the_lowest(card, checks):
    found = grade(card, checks)
    down = sum(check.downgrade for check in checks if check.verdict == "failed")
    assert found.start == ("high" if card is HPMT else "low")
    assert found.grade == GRADES[max(0, GRADES.index(found.start) - down)]
    assert sum(step.down for step in found.steps) == down
    assert found.verbs in VERB_LEVELS


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([HPMT, NSW, MENTOR]), CHECKS, st.integers(1, 2))
def test_one_more_failed_check_never_raises_the_grade_or_the_words(card, checks, down):
    worse = [*checks, failed("another", down)]
    assert GRADES.index(grade(card, worse).grade) <= GRADES.index(grade(card, checks).grade)
    assert VERB_LEVELS.index(verb_level(card, worse)) >= VERB_LEVELS.index(verb_level(card, checks))


@settings(max_examples=30, deadline=None)
@given(CHECKS, st.randoms())
def test_the_order_of_the_checks_changes_neither_grade_nor_words(checks, random):
    other = random.sample(checks, len(checks))
    for card in (HPMT, NSW, MENTOR):
        assert grade(card, other).grade == grade(card, checks).grade
        assert verb_level(card, other) == verb_level(card, checks)


def test_a_matched_did_is_worded_as_one_only_when_every_check_of_the_gate_was_made_and_holds():
    gate = DID_GATE["matched_did"]
    assert verb_level(NSW, passed(*gate)) == "did_checked"
    for name in gate:
        others = passed(*(other for other in gate if other != name))
        assert verb_level(NSW, others) == "adjusted"
        assert verb_level(NSW, [*others, failed(name)]) == "adjusted"
    assert verb_level(NSW, []) == "adjusted"


@pytest.mark.parametrize(
    ("design", "level"),
    [
        ("cluster_randomised", "randomised"),
        ("individually_randomised", "randomised"),
        ("matched_did", "adjusted"),
        ("staggered_did", "adjusted"),
        ("single_arm", "description"),
        ("aggregated_series", "description"),
        ("exposures", "exposures"),
    ],
)
def test_every_design_has_its_words(design, level):
    assert verb_level(stages.changed(HPMT, design=design), []) == level


def test_one_group_with_others_from_outside_is_a_description_until_every_check_of_its_gate_was_made_and_holds():
    card = stages.changed(NSW, design="single_arm")
    assert verb_level(card, passed(*EXTERNAL_GATE)) == "adjusted"
    assert verb_level(card, [*passed(*EXTERNAL_GATE, "placebo"), failed("spread")]) == "adjusted"
    for name in EXTERNAL_GATE:
        others = passed(*(other for other in EXTERNAL_GATE if other != name))
        assert verb_level(card, others) == "description"
        assert verb_level(card, [*others, failed(name)]) == "description"
    assert verb_level(MENTOR, []) == "description"


def test_where_no_effect_is_estimated_there_is_no_grade_and_no_step_down():
    found = ungraded()
    assert (found.grade, found.start, found.steps, found.verbs) == (UNGRADED, UNGRADED, (), "description")
    assert UNGRADED not in GRADES
    empty = {"grade": "none", "start": "none", "steps": [], "verbs": "description"}
    assert found.record() == {**empty, "maryland": None, "held_back": []}


def test_a_staggered_did_needs_its_placebo():
    assert verb_level(stages.changed(HPMT, design="staggered_did"), passed("placebo")) == "did_checked"


@pytest.mark.parametrize(
    ("cohort", "expected", "steps"),
    [
        (stages.HPMT, "low", {"imprecision": 1, "limitation_attrition_unknown": 1}),
        (stages.MENTOR, "very_low", {"limitation_no_comparison": 1, "limitation_selection": 1}),
        (
            stages.NSW,
            "very_low",
            {"balance": 1, "lost_treated": 1, "imprecision": 1, "spread": 1, "limitation_not_norwegian": 1},
        ),
    ],
)
def test_the_shipped_cohorts_have_the_grades_of_the_design(cohort, expected, steps):
    found = stages.material(cohort).grade
    assert found["grade"] == expected
    assert {step["check"]: step["down"] for step in found["steps"]} == steps


def test_the_size_of_the_estimate_plays_no_part():
    made = {name: frame.copy() for name, frame in stages.tables(stages.NSW).items()}
    made["estimates"].loc[made["estimates"]["scale"] == "difference", "base_rate"] = 0.9
    assert stages.verdicts(NSW, made).grade == stages.verdicts(NSW, stages.tables(stages.NSW)).grade


@pytest.mark.parametrize("name", STABLE)
def test_an_answer_that_moves_with_a_choice_is_not_worded_as_an_effect(name):
    gate = passed(*DID_GATE["matched_did"])
    assert verb_level(NSW, [*gate, Check(name, "passed", "x", downgrade=1)]) == "did_checked"
    found = grade(NSW, [*gate, failed(name)])
    assert (found.verbs, found.held_back, found.grade) == ("adjusted", (name, "very_low"), "very_low")
    assert verb_level(NSW, [*gate, failed(name, 0)]) == "adjusted"


def test_a_very_low_grade_takes_the_words_of_an_effect_away_even_when_the_gate_is_passed():
    gate = passed(*DID_GATE["matched_did"])
    found = grade(NSW, [*gate, failed("imprecision")])
    assert (found.grade, found.verbs, found.held_back) == ("very_low", "adjusted", ("very_low",))
    assert grade(NSW, gate).held_back == ()


def test_every_step_says_what_it_is_about():
    checks = [failed("imprecision"), failed("balance"), failed("limitation_not_norwegian")]
    found = {step.check: step.domain for step in grade(NSW, checks).steps}
    assert found == {"imprecision": "imprecision", "balance": "execution", "limitation_not_norwegian": "indirectness"}


@pytest.mark.parametrize(
    ("card", "checks", "expected"),
    [
        (HPMT, [], (5, 5)),
        (HPMT, [failed("imprecision")], (5, 5)),
        (HPMT, [failed("attrition")], (4, 5)),
        (HPMT, [failed("attrition", 2), failed("balance", 2)], (3, 5)),
        (NSW, passed(*DID_GATE["matched_did"]), (3, 3)),
        (NSW, passed(*DID_GATE["matched_did"][1:]), (2, 3)),
        (NSW, [*passed(*DID_GATE["matched_did"]), failed("spread")], (2, 3)),
        (stages.changed(NSW, design="single_arm"), passed(*EXTERNAL_GATE), (2, 2)),
        (stages.changed(NSW, design="single_arm"), [], (1, 2)),
        (MENTOR, [], (1, 1)),
        (stages.changed(HPMT, design="aggregated_series"), [], (1, 1)),
        (stages.changed(HPMT, design="exposures"), [], (0, 0)),
    ],
)
def test_the_maryland_level_follows_from_design_and_execution_alone(card, checks, expected):
    found = grade(card, checks).maryland
    assert (found.score, found.design) == expected


def test_hpmt_is_a_trial_whose_attrition_is_not_known():
    assert stages.material(stages.HPMT).grade["maryland"] == {"score": 4, "design": 5}
