"""Checks 4, 10, 12, 16 and 18 of the evidence brief, section 5: each fails on a seeded violation.

Checks 9 and 11 are in tests/test_pooling.py.
"""

from dataclasses import replace

import matched_starts
import pandas as pd
import printed
import pytest
import stages
import variants
from beside_reports import with_checks

from analysis.check_cohort import MatchedTables, check_matched
from analysis.checks.balance import balance
from analysis.checks.before import matched_months, staggered_months
from analysis.checks.followed import horizon_reached
from analysis.checks.overlap import common_support, lost_treated
from analysis.estimate_did import estimate_did
from analysis.match_persons import match_persons
from analysis.outcomes import load_outcomes

STARTS = matched_starts.card()


def estimated(card, panel=None):
    """Estimates and checks of the small cohort in which everybody starts in a month of their own."""
    panel = matched_starts.panel() if panel is None else panel
    matched = match_persons(card, panel, matched_starts.offices())
    found = estimate_did(card, panel, matched, **stages.who("starts"))
    beside = MatchedTables(found.influence, found.sets, found.missing)
    return found.estimates, check_matched(card, found.estimates, matched.balance, matched.summary, beside)


def by_name(verdicts):
    return {check.name: check for check in verdicts.checks}


@pytest.fixture(scope="module")
def plain():
    return estimated(stages.changed(STARTS, sensitivity=[]))


@pytest.fixture(scope="module")
def ground():
    return matched_starts.material(sensitivity=[])


def seeded_course(ground, low, high):
    """The summary of a report in which the last horizon has this interval."""
    table = ground.estimates.copy()
    last = table["horizon_months"].eq(24) & table["estimator"].eq("matched_did_2x2") & table["spec"].eq("main")
    last &= table["outcome"].eq(STARTS.outcomes.primary)
    table.loc[last, ["estimate", "conf_low", "conf_high"]] = [(low + high) / 2, low, high]
    return printed.section_text(
        stages.report_of(replace(ground, tables={**ground.tables, "estimates": table})), "sammendrag"
    )


def test_check_4_the_summary_names_the_early_gain_and_its_end(ground):
    told = seeded_course(ground, -0.05, 0.05)
    assert "Forskjellen er størst 12 måneder etter start, 44,1 prosentpoeng" in told
    assert "ikke lenger klar 24 måneder etter start: 0,0 prosentpoeng (−5,0 til 5,0)" in told


def test_check_4_a_difference_that_is_still_clear_is_not_called_gone(ground):
    told = seeded_course(ground, 0.05, 0.15)
    assert "ikke lenger klar" not in told
    assert "10,0 prosentpoeng 24 måneder etter start (5,0 til 15,0)" in told


def test_check_10_a_horizon_that_nobody_is_followed_to_is_blank_with_a_reason(ground):
    """Nobody's last value is carried forward: 60 months were asked for, and 26 are known."""
    asked = stages.changed(ground.card, horizons=[12, 60])
    blank = ground.estimates[ground.estimates["role"].eq("primary")].assign(
        horizon_months=60, status="not_estimated", role="secondary", reason="not_measured"
    )
    blank[["estimate", "std_error", "conf_low", "conf_high"]] = float("nan")
    check = horizon_reached(asked, pd.concat([ground.estimates, blank], ignore_index=True))
    assert (check.verdict, check.values) == ("failed", {"first": 60, "missing": 1})


def test_check_12_work_in_ordinary_jobs_leaves_out_subsidised_ones_unless_the_card_asks_for_them():
    found = load_outcomes()["ordinary_work_last_day"]
    assert "uten lønnstilskudd" in str(found.definition)
    assert "subsidised" in str(found.rule)


@pytest.mark.parametrize("name", [name for name, one in load_outcomes().items() if one.rule is not None])
def test_check_12_who_works_for_themselves_is_said_not_to_be_seen_where_only_jobs_are_registered(name):
    found = load_outcomes()[name]
    if found.role == "work" and "a-ordningen" in str(found.register):
        assert "næring" in str(found.definition).lower()


@pytest.mark.parametrize(("months", "verdict"), [(12, "passed"), (11, "failed")])
def test_check_16_a_time_before_of_less_than_a_year_takes_a_step(plain, months, verdict):
    made, _ = plain
    treated = made["estimator"].eq("group_mean") & made["group"].eq("matched:deltakere")
    short = made[~(treated & made["event_time"].lt(-months))]
    assert matched_months(STARTS, short) == months
    panel = matched_starts.panel()
    cut = replace(panel, months=panel.months[panel.months["event_time"].ge(-months)])
    found, verdicts = estimated(stages.changed(STARTS, sensitivity=[]), cut)
    check = by_name(verdicts)["months_before"]
    assert (check.verdict, check.value) == (verdict, months)
    steps = {step.check: step.down for step in verdicts.grade.steps}
    assert steps.get("months_before", 0) == (verdict == "failed")


def test_check_16_the_adoption_group_with_fewest_months_before_decides():
    cells = pd.DataFrame({"outcome": STARTS.outcomes.primary, "month": [0, 5, 30], "adoption_month": [9, 20, 0]})
    assert staggered_months(STARTS, cells) == 9


def alike(smd):
    return balance(STARTS, pd.DataFrame({"sample": ["adjusted"], "spec": ["main"], "covariate": ["age"], "smd": [smd]}))


def kept(lost):
    counts = {"spec": ["main"], "share_treated_lost": [lost], "n_treated_matched": [70], "n_treated": [100]}
    return lost_treated(STARTS, pd.DataFrame(counts))


def supported(outside):
    return common_support(STARTS, pd.DataFrame({"spec": ["main"], "share_treated_outside": [outside]}))


SEEDED = {
    "balance": (alike(0.05), alike(0.26), 2, "Gruppene var fortsatt ulike"),
    "lost_treated": (kept(0.2), kept(0.21), 1, "Vi fant en sammenligningsperson for bare"),
    "common_support": (supported(0.1), supported(0.21), 1, "utenfor det som finnes i sammenligningsgruppen"),
}


@pytest.mark.parametrize("name", SEEDED)
def test_check_16_unlike_groups_and_lost_participants_lower_the_grade_and_the_report_says_so(ground, name):
    sound, hurt, down, said = SEEDED[name]
    base = replace(ground, checks=[])
    assert with_checks(base, [sound]).grade["steps"] == []
    told = with_checks(base, [*(check for check in ground.checks if check.name != name), hurt])
    assert {step["check"]: step["down"] for step in told.grade["steps"]}[name] == down
    assert said in printed.section_text(stages.report_of(told), "usikkerhet")


def test_check_16_fewer_than_six_treated_offices_lower_the_grade_and_the_report_says_so():
    five = variants.two_arms_from(assignment__offices_treated=5)
    assert {step["check"]: step["down"] for step in five.grade["steps"]}["few_treated_offices"] == 1
    assert "Bare 5 kontorer er i tiltaksgruppen" in printed.section_text(stages.report_of(five), "usikkerhet")
    six = variants.two_arms_from(assignment__offices_treated=6)
    assert "few_treated_offices" not in {step["check"] for step in six.grade["steps"]}


def test_check_18_a_date_that_was_inferred_is_explained_wherever_it_is_used():
    told = printed.whole_text(stages.report(stages.HPMT))
    assert "vi har tolket dette som mai 2013" in told
    uncertain = [fact for fact in stages.material(stages.HPMT).facts if fact["certainty"] != "stated"]
    assert uncertain
    for fact in uncertain:
        assert fact["certainty"] == "absent" or fact["note"] is None or fact["note"]["nb"] in told


def test_check_18_a_fact_made_uncertain_changes_what_the_report_says():
    seeded = variants.two_arms_from(facts__2__certainty="inferred")
    before = printed.whole_text(stages.report(stages.HPMT)).count("tolket")
    assert printed.whole_text(stages.report_of(seeded)).count("tolket") == before + 1
