"""Each check says what it found: the verdict turns where the card's limit is, and the sentence turns with it."""

import itertools

import pandas as pd
import pytest
import stages

from analysis.check_cohort import check_described, check_matched, check_published, decisive_row
from analysis.checks import Check, as_records, from_records
from analysis.checks.balance import balance
from analysis.checks.benchmark import benchmark
from analysis.checks.limitations import limitations
from analysis.checks.offices import few_treated_offices
from analysis.checks.overlap import common_support, effective_sample, lost_treated
from analysis.checks.placebo import placebo
from analysis.checks.precision import imprecision, no_estimate
from analysis.checks.spread import spread
from analysis.estimate_published import estimate_published

CARD, HPMT = stages.card(stages.NSW), stages.card(stages.HPMT)
WORK = CARD.outcomes.primary


def with_smd(worst):
    """The balance table with every difference after matching 0, and one of `worst`."""
    table = stages.matched().balance.copy()
    adjusted = table["sample"].eq("adjusted") & table["spec"].eq("main")
    table.loc[adjusted, "smd"] = 0.0
    table.loc[table.index[adjusted][3], "smd"] = worst
    return table


def with_summary(**values):
    """The summary of the matching with other numbers for the main specification."""
    table = stages.matched().summary.copy()
    for name, value in values.items():
        table.loc[table["spec"] == "main", name] = value
    return table


def with_estimates(where, **values):
    """The estimates with other numbers in the rows that a query finds."""
    frame = stages.did().estimates.copy()
    rows = frame.query(where).index
    assert len(rows)
    for name, value in values.items():
        frame.loc[rows, name] = value
    return frame


@pytest.mark.parametrize(
    ("worst", "verdict", "down"),
    [(0.0, "passed", 1), (0.1, "passed", 1), (-0.11, "failed", 1), (0.25, "failed", 1), (-0.26, "failed", 2)],
)
def test_balance_turns_at_the_cards_limit_and_weighs_double_above_a_quarter(worst, verdict, down):
    check = balance(CARD, with_smd(worst))
    assert (check.verdict, check.text_id) == (verdict, f"check.balance.{verdict}")
    assert check.value == abs(worst)
    assert check.downgrade == down
    assert check.values["n_above"] == len(check.table) == (verdict == "failed")


def test_balance_follows_the_limit_of_the_card():
    assert balance(stages.changed(CARD, checks__smd_limit=0.05), with_smd(0.08)).verdict == "failed"


@pytest.mark.parametrize(
    ("matched", "verdict", "text"), [(185, "passed", "none"), (148, "passed", "passed"), (147, "failed", "failed")]
)
def test_lost_treated_turns_at_a_fifth_and_has_a_sentence_of_its_own_for_nobody(matched, verdict, text):
    check = lost_treated(CARD, with_summary(n_treated_matched=matched, share_treated_lost=1 - matched / 185))
    assert (check.verdict, check.text_id) == (verdict, f"check.lost_treated.{text}")
    assert check.values == {"matched": matched, "treated": 185}


@pytest.mark.parametrize(
    ("share", "verdict", "text"), [(0, "passed", "none"), (0.1, "passed", "passed"), (0.11, "failed", "failed")]
)
def test_common_support_turns_at_a_tenth_and_says_so_when_nobody_is_outside(share, verdict, text):
    check = common_support(CARD, with_summary(share_treated_outside=share))
    assert (check.verdict, check.text_id) == (verdict, f"check.common_support.{text}")


def test_common_support_is_not_judged_without_a_score():
    assert common_support(CARD, with_summary(share_treated_outside=float("nan"))) is None


@pytest.mark.parametrize(("size", "verdict"), [(50.0, "passed"), (49.9, "failed")])
def test_the_effective_sample_turns_at_the_cards_floor(size, verdict):
    check = effective_sample(CARD, with_summary(ess_comparison=size))
    assert (check.verdict, check.text_id) == (verdict, f"check.effective_sample.{verdict}")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.1, 0.1, "passed"), (0.0, 0.1, "passed"), (0.01, 0.1, "failed"), (-0.2, -0.1, "failed")],
)
def test_the_placebo_fails_only_when_its_interval_excludes_zero(low, high, verdict):
    estimates = with_estimates(
        f"term == 'placebo' and outcome == '{WORK}'", conf_low=low, conf_high=high, estimate=(low + high) / 2
    )
    check = placebo(CARD, estimates)
    assert (check.verdict, check.text_id) == (verdict, f"check.placebo.{verdict}")
    assert check.values == {"conf_low": low, "conf_high": high}


def test_the_placebo_needs_no_statistic_because_few_offices_leave_none():
    estimates = with_estimates("term == 'placebo'", statistic=float("nan"), p_value=float("nan"))
    assert placebo(CARD, estimates) == placebo(CARD, stages.did().estimates)


def test_no_month_before_the_base_gives_no_placebo():
    frame = stages.did().estimates
    assert placebo(CARD, frame[frame["term"] != "placebo"]) is None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.1, "passed"),
        (-0.1, -0.01, "passed"),
        (0.0, 0.1, "failed"),
        (-0.1, 0.0, "failed"),
        (-0.1, 0.1, "failed"),
    ],
)
def test_imprecision_fails_when_the_interval_holds_zero(low, high, verdict):
    row = {
        "scale": "difference",
        "status": "estimated",
        "estimate": (low + high) / 2,
        "conf_low": low,
        "conf_high": high,
    }
    check = imprecision(pd.Series({**row, "conf_low": low, "conf_high": high}))
    assert (check.verdict, check.text_id) == (verdict, f"check.imprecision.{verdict}")


def test_imprecision_says_nothing_of_a_share_or_of_no_number():
    assert imprecision(None) is None
    assert imprecision(pd.Series({"scale": "share", "status": "estimated"})) is None


def test_a_main_number_that_could_not_be_worked_out_fails_by_two_steps():
    card = stages.changed(HPMT, published__two_arms__same_persons=False)
    estimates = estimate_published(card, stages.figures(stages.HPMT), **stages.who("x")).estimates
    verdicts = check_published(card, estimates)
    check = next(check for check in verdicts.checks if check.name == "no_estimate")
    assert (check.verdict, check.downgrade) == ("failed", 2)
    assert verdicts.grade.grade == "very_low"
    assert no_estimate(stages.estimates(stages.HPMT)) is None
    assert no_estimate(stages.estimates(stages.MENTOR)) is None


@pytest.mark.parametrize(("limit", "verdict"), [(1.0, "failed"), (1.6, "passed")])
def test_spread_holds_the_range_over_choices_against_the_cards_limit(limit, verdict):
    check = spread(stages.changed(CARD, checks__spread_limit=limit), stages.did().estimates)
    assert (check.verdict, check.text_id) == (verdict, f"check.spread.{verdict}")
    rows = stages.did().estimates.query(
        f"outcome == '{WORK}' and estimator == 'matched_did_2x2' and term != 'placebo' and group == 'matched'"
    )
    width = (rows["estimate"].max() - rows["estimate"].min()) / rows.query("spec == 'main'")["std_error"].item()
    assert check.value == pytest.approx(width, rel=1e-12)
    assert check.values["n_specs"] == 1 + len(CARD.sensitivity)


def test_spread_leaves_out_rows_that_could_not_be_estimated_and_is_silent_without_any():
    rows = "spec == 'no_caliper'"
    fewer = with_estimates(rows, status="not_estimated", estimate=float("nan"))
    assert spread(CARD, fewer).values["n_specs"] == len(CARD.sensitivity)
    frame = stages.did().estimates
    assert spread(CARD, frame[frame["role"] != "sensitivity"]) is None


@pytest.mark.parametrize(
    ("shift", "text", "verdict"),
    [(0.0, "near", "passed"), (0.1, "far", "passed"), (0.6, "apart", "failed"), (-0.6, "apart", "failed")],
)
def test_the_benchmark_sentence_follows_the_distance_to_the_trial(shift, text, verdict):
    where = f"outcome == '{WORK}' and spec == 'main' and estimator == 'matched_did_2x2' and term != 'placebo'"
    value = 0.025988 + shift
    estimates = with_estimates(where, estimate=value, conf_low=value - 0.1, conf_high=value + 0.1)
    check = next(check for check in benchmark(CARD, estimates) if check.name == f"benchmark_{WORK}")
    assert (check.verdict, check.text_id) == (verdict, f"check.benchmark.{text}")
    assert check.value == pytest.approx(shift, abs=1e-6)
    assert check.downgrade == 0


def test_like_is_held_against_like_and_every_trial_figure_is_in_the_table():
    check = benchmark(CARD, stages.did().estimates)[0]
    assert check.values["trial_did"] == pytest.approx(0.0260, abs=5e-5)
    assert check.values["trial_level"] == pytest.approx(0.1106, abs=5e-5)
    assert [row["estimator"] for row in check.table] == ["difference_in_means", "adjusted_difference", "did_2x2"]


@pytest.mark.parametrize(("offices", "verdict"), [(6, "passed"), (5, "failed")])
def test_few_treated_offices_turns_at_six(offices, verdict):
    check = few_treated_offices(stages.changed(HPMT, assignment__offices_treated=offices))
    assert (check.verdict, check.text_id) == (verdict, f"check.few_treated_offices.{verdict}")


def test_offices_are_not_counted_where_they_are_unknown_or_persons_were_assigned():
    assert few_treated_offices(stages.changed(HPMT, assignment__offices_treated=None)) is None
    assert few_treated_offices(stages.changed(HPMT, assignment__unit="person")) is None


def test_a_limitation_counts_as_failed_only_when_the_card_lowers_the_grade_for_it():
    found = {check.name: check for check in limitations(HPMT)}
    assert found["limitation_attrition_unknown"].verdict == "failed"
    assert found["limitation_training_time"].verdict == "noted"
    assert found["limitation_training_time"].passed


def test_the_decisive_row_of_offices_drawn_by_lot_counts_the_offices():
    row = decisive_row(HPMT, stages.estimates(stages.HPMT))
    assert row["spec"] == "icc=0.02;size_cv=0"
    unknown = stages.changed(HPMT, assignment__offices_treated=None)
    estimates = estimate_published(unknown, stages.figures(stages.HPMT), **stages.who("x")).estimates
    assert decisive_row(unknown, estimates)["inference"] == "newcombe"


def test_checks_survive_being_written_and_read():
    matched = stages.matched()
    checks = check_matched(CARD, stages.did().estimates, matched.balance, matched.summary).checks
    assert from_records(as_records(checks)) == checks


def test_names_are_unique_and_a_verdict_is_one_of_three_words():
    for cohort in stages.ALL:
        checks = stages.material(cohort).checks
        assert len({check.name for check in checks}) == len(checks)
        assert {check.verdict for check in checks} <= {"passed", "failed", "noted"}
        assert all(check.downgrade == 0 or check.verdict != "noted" for check in checks)


def test_a_check_passes_unless_it_failed():
    for verdict, downgrade in itertools.product(("passed", "failed", "noted"), (0, 1)):
        assert Check("x", verdict, "x", downgrade=downgrade).passed == (verdict != "failed")


def test_a_described_cohort_is_checked_for_what_its_design_cannot_carry_and_is_not_graded():
    limits = [{"id": "few", "text": {"nb": "Få."}, "downgrade": 2, "short": {"nb": "få"}}]
    changes = {"published": None, "analysis": "describe", "assignment__offices_treated": 3, "limitations": limits}
    found = check_described(stages.changed(HPMT, **changes))
    names = ["few_treated_offices", "detectable_difference", "limitation_few"]
    assert [check.name for check in found.checks] == names
    assert [check.verdict for check in found.checks] == ["failed", "noted", "failed"]
    empty = {"grade": "none", "start": "none", "steps": [], "verbs": "description"}
    assert found.grade.record() == {**empty, "maryland": None, "held_back": []}
