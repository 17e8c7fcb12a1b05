"""The line that stands in every report: from the decisive row, whichever design gave it."""

import math

import pandas as pd
import printed
import pytest
import stages
from scipy.stats import nct, t

from analysis.check_cohort import check_described
from analysis.checks.detectable import NAME, detectable_difference
from analysis.headline import decisive_row


def found(cohort, **card_changes):
    return detectable_difference(stages.changed(stages.card(cohort), **card_changes), stages.estimates(cohort))


def test_offices_of_the_published_trial_are_taken_into_account():
    row = decisive_row(stages.card(stages.HPMT), stages.estimates(stages.HPMT))
    check = found(stages.HPMT)
    power = nct.sf(t.ppf(0.975, row["df"]), row["df"], 0.05 / row["std_error"])
    assert row["df"] == 16
    assert check.values["power"] == pytest.approx(power, rel=1e-9)
    assert check.values["tenths"] == 2
    assert (check.verdict, check.downgrade) == ("noted", 0)


def test_the_planned_difference_is_the_cards():
    wide = found(stages.HPMT, certify__effect=0.1)
    assert wide.values["power"] > found(stages.HPMT).values["power"]
    assert wide.value == found(stages.HPMT).value


def test_the_estimate_itself_moves_nothing():
    card, frame = stages.card(stages.NSW), stages.estimates(stages.NSW)
    moved = frame.assign(estimate=frame["estimate"] + 0.3)
    assert detectable_difference(card, moved).values == detectable_difference(card, frame).values


@pytest.mark.parametrize(
    ("cohort", "word"),
    [("mentor_hybrid", "one_share"), ("ips_seed", "two_shares"), ("aap_youth", "no_error"), ("youth_teams", "none")],
)
def test_published_figures_say_what_they_can(cohort, word):
    assert found(cohort).text_id == f"check.{NAME}.{word}"


def test_a_cohort_that_is_described_sees_nothing():
    check = next(check for check in check_described(stages.card("hpmt_synthetic")).checks if check.name == NAME)
    assert check.text_id == f"check.{NAME}.none"


@pytest.mark.parametrize(("assignments", "word"), [(11, "rank_never"), (20, "rank_never"), (21, "rank_floor")])
def test_a_rank_is_as_fine_as_its_assignments(assignments, word):
    card = stages.card("aap_youth_synthetic")
    main = {"outcome": card.outcomes.primary, "term": "simple", "spec": "main", "estimator": "callaway_santanna"}
    main |= {"horizon_months": None, "scale": "difference", "status": "estimated"}
    main |= {"estimate": -0.07, "std_error": math.nan}
    rows = [
        main | {"role": "primary", "inference": "jackknife", "df": 10.0},
        main | {"role": "sensitivity", "inference": "placebo_rank", "df": float(assignments)},
    ]
    check = detectable_difference(card, pd.DataFrame(rows).assign(base_rate=0.5, n_treated=9, n_comparison=9))
    assert check.text_id == f"check.{NAME}.{word}"
    assert check.value == pytest.approx(1 / assignments)


@pytest.mark.parametrize("cohort", [*stages.ALL, *stages.STATED])
def test_the_line_stands_once_in_every_report(cohort):
    report = stages.report_of(stages.material(cohort))
    text = printed.section_text(report, "usikkerhet")
    assert text.count("undersøkelse som denne oppdager") == 1
