"""Negative controls: the rows that the cohort's own estimator makes of them, and the verdict they give."""

import cards
import control_reports
import matched_starts
import numpy as np
import pandas as pd
import persons_trial_reports
import pytest
import restricted_cohorts as rc
import stages
import trial_reports

from analysis.card_rules import cross_checks
from analysis.cards import Card, read_card
from analysis.checks.controls import negative_controls
from analysis.checks.nearest import nearest_placebo
from analysis.checks.placebo import placebo
from analysis.estimate_did import estimate_did
from analysis.estimate_persons_trial import estimate_persons_trial
from analysis.estimate_staggered import negative_control_rows
from analysis.match_persons import match_persons
from analysis.panel import Panel
from analysis.problems import ProblemsFound
from analysis.sensitivity.negative_controls import calibrate, empirical_null
from analysis.staggered_analysis import analysed, source_of
from analysis.tables import NEGATIVE_CONTROL

WORK, OTHER = "in_work_last_day", "in_education_last_day"
CARD = stages.card("supported_employment_synthetic")


def controlled(card: Card, *named: tuple[str, str]) -> Card:
    """The card with these outcomes and periods as negative controls."""
    listed = [{"outcome": name, "period": period, "reason": "Testen."} for name, period in named]
    return stages.changed(card, negative_controls=listed)


def of_controls(estimates: pd.DataFrame) -> pd.DataFrame:
    return estimates[estimates["term"] == NEGATIVE_CONTROL].set_index("spec")


def test_quiet_controls_pass_and_calibrate_by_the_published_formula():
    rows = control_reports.with_headline(control_reports.controls())
    check = negative_controls(CARD, rows)
    own = rows[rows["term"] == NEGATIVE_CONTROL]
    known = calibrate(0.2, 0.05, empirical_null(own["estimate"], own["std_error"]), known_null=False)
    assert check.verdict == "passed"
    assert check.values["calibrated"] == pytest.approx(known.estimate, abs=1e-12)
    assert (check.values["calibrated_low"], check.values["calibrated_high"]) == pytest.approx((known.low, known.high))
    assert (check.values["controls"], check.values["before"], len(check.table)) == (12, 2, 12)


@pytest.mark.parametrize(
    ("rows", "text", "verdict"),
    [
        (control_reports.with_headline(control_reports.controls(off=0.05)), "off", "failed"),
        (control_reports.with_headline(control_reports.controls(off=0.003), 0.2, 0.099), "turned", "failed"),
        (control_reports.with_headline(control_reports.controls(9)), "few", "noted"),
        (control_reports.with_headline(control_reports.controls(12), 0.2, np.nan), "no_error", "noted"),
    ],
)
def test_a_biased_design_fails_and_few_controls_are_only_told(rows, text, verdict):
    check = negative_controls(CARD, rows)
    assert (check.text_id, check.verdict) == (f"check.negative_controls.{text}", verdict)
    assert check.downgrade == 1


def test_the_check_fails_seldom_where_the_controls_are_quiet_and_nearly_always_where_they_are_not():
    draw, failed = np.random.default_rng(4), {0.0: 0, 0.03: 0}
    for off in failed:
        for _ in range(40):
            rows = control_reports.controls(15)
            rows["estimate"] = off + draw.normal(0, 0.01, 15)
            rows[["conf_low", "conf_high"]] = np.column_stack([rows["estimate"] - 0.02, rows["estimate"] + 0.02])
            failed[off] += negative_controls(CARD, control_reports.with_headline(rows, 0.5)).verdict == "failed"
    assert failed[0.0] <= 5
    assert failed[0.03] == 40


def test_no_controls_give_no_check():
    assert negative_controls(CARD, control_reports.with_headline(control_reports.controls(0))) is None
    silent = control_reports.controls().assign(std_error=0.0)
    assert negative_controls(CARD, control_reports.with_headline(silent)) is None


def panel_with_control(shift: float = 0.0) -> Panel:
    """The small matched cohort with one more outcome that time and treatment leave alone, but for `shift`."""
    panel = matched_starts.panel()
    months = panel.months
    treated = months["person_id"] < matched_starts.TREATED
    chance = 0.3 + shift * (treated & months["event_time"].gt(0).fillna(False))
    held = (np.random.default_rng(8).random(len(months)) < chance).astype("float64")
    return Panel(months.assign(**{OTHER: held}), panel.baseline, panel.attrition)


def matched_rows(shift: float) -> pd.DataFrame:
    card = controlled(matched_starts.card(), (OTHER, "after"), (WORK, "before"))
    card = card.model_copy(update={"sensitivity": []})
    panel = panel_with_control(shift)
    return estimate_did(card, panel, match_persons(card, panel), **stages.who("x")).estimates


def test_a_matched_control_is_estimated_as_the_main_outcome_and_finds_what_was_put_in():
    quiet, shifted = of_controls(matched_rows(0.0)), of_controls(matched_rows(0.4))
    assert list(quiet.index) == [f"control={OTHER}", f"control={WORK};time=-18", f"control={WORK};time=-12"]
    row = quiet.loc[f"control={OTHER}"]
    assert (row["estimator"], row["inference"], row["horizon_months"]) == ("matched_did_2x2", "cluster", 12)
    assert row["conf_low"] < 0 < row["conf_high"]
    assert shifted.loc[f"control={OTHER}", "conf_low"] > 0.1


def test_a_control_before_the_start_is_the_placebo_of_the_same_time():
    estimates = matched_rows(0.0)
    same = estimates[(estimates["term"] == "placebo") & (estimates["spec"] == "placebo_-18")].iloc[0]
    control = of_controls(estimates).loc[f"control={WORK};time=-18"]
    assert control["estimate"] == pytest.approx(same["estimate"], abs=1e-12)
    assert control["std_error"] == pytest.approx(same["std_error"], abs=1e-12)


def test_a_control_in_a_trial_of_offices_is_the_headline_of_a_card_with_it_as_main_outcome():
    card, other = trial_reports.card(), "full_time_last_day"
    own = controlled(stages.changed(card, outcomes__secondary=[]), (other, "after"))
    made = trial_reports.estimated(own).estimates
    alone = stages.changed(card, outcomes__primary=other, outcomes__secondary=[])
    main = trial_reports.estimated(alone).estimates.query("role == 'primary'").iloc[0]
    row = of_controls(made).loc[f"control={other}"]
    for column in ("estimate", "std_error", "conf_low", "n_treated", "estimator", "inference"):
        assert row[column] == main[column]


def test_a_control_in_a_trial_of_persons_goes_back_before_the_draw():
    card = controlled(persons_trial_reports.card(), (persons_trial_reports.card().outcomes.primary, "before"))
    delivered, panel = persons_trial_reports.delivered()
    few = card.model_copy(update={"trial": card.trial.model_copy(update={"draws": 19})})
    made = estimate_persons_trial(few, panel.baseline, panel.months, delivered.offices, **stages.who("x")).estimates
    rows = of_controls(made)
    assert len(rows) >= 1
    assert (rows["event_time"] < 0).all()
    assert rows["inference"].eq("hc2_bell_mccaffrey").all()
    assert (rows["conf_low"].le(0) & rows["conf_high"].ge(0)).all()


@pytest.mark.parametrize(
    ("control", "words"),
    [
        ({"outcome": "no_such_outcome"}, "utfallet «no_such_outcome» finnes ikke"),
        ({"outcome": "months_in_work"}, "teller fra start"),
        ({"outcome": "work_days"}, "samme enhet"),
        ({"outcome": "any_earnings_in_year"}, "er et av kortets utfall"),
    ],
)
def test_a_control_that_cannot_be_one_is_refused(control, words):
    found = list(cross_checks(cards.minimal_card(negative_controls=[{**control, "reason": "Testen."}])))
    assert any(key == ("negative_controls", 0, "outcome") and words in what for key, what, _ in found)


def test_controls_are_refused_where_nothing_reads_them():
    listed = [{"outcome": WORK, "reason": "Testen."}]
    found = cross_checks(cards.minimal_card(analysis="describe", negative_controls=listed))
    assert any(key == ("negative_controls",) and "ingenting leser" in what for key, what, _ in found)


def test_an_unknown_key_or_period_of_a_control_is_refused_in_norwegian(tmp_path):
    listed = [{"outcome": WORK, "period": "during", "reasons": "Testen."}]
    path = cards.write_cohort(tmp_path, cards.minimal_card(negative_controls=listed))
    with pytest.raises(ProblemsFound) as caught:
        read_card(path)
    for words in ("«during»", "Lovlig: 'after' eller 'before'".replace("'", ""), "reasons", "Mente du reason?"):
        assert words in str(caught.value)


def test_placebos_without_variance_give_no_verdict_and_stop_nothing():
    row = {"term": "placebo", "outcome": CARD.outcomes.primary, "status": "estimated", "estimate": 0.0}
    blank = pd.DataFrame(
        [{**row, "spec": f"placebo_{time}", "conf_low": np.nan, "conf_high": np.nan} for time in (1, 2)]
    )
    for error in (0.0, np.nan):
        rows = blank.assign(std_error=error)
        assert placebo(CARD, rows) is None
        assert nearest_placebo(CARD, rows, None) is None


def test_a_staggered_control_is_estimated_by_the_headlines_estimator():
    delivery = rc.staggered()
    card = stages.changed(stages.card(rc.STAGGERED), outcomes__secondary=[], subgroups=[], horizons=[12])
    card = controlled(card, (OTHER, "after"), (card.outcomes.primary, "before"))
    people = delivery.persons.assign(time_zero=pd.array(24110 + delivery.persons["person_id"] % 20, dtype="Int16"))
    months = people[["person_id", "time_zero"]].assign(
        month=lambda rows: rows["time_zero"] + 12, event_time=pd.array([12] * len(people), dtype="Int16")
    )
    draw = np.random.default_rng(2)
    for name in (card.outcomes.primary, OTHER):
        months[name] = (draw.random(len(months)) < 0.4).astype("float64")
    staggered = card.staggered.model_copy(update={"permutations": 50, "bands": False})
    card = card.model_copy(update={"staggered": staggered})
    rows = negative_control_rows(card, people, months, pd.DataFrame(), delivery.offices)
    made = of_controls(pd.DataFrame(rows))
    alone = card.model_copy(update={"outcomes": card.outcomes.model_copy(update={"primary": OTHER})})
    source = source_of(alone, people, months, pd.DataFrame(), delivery.offices)
    main = analysed(alone, source, OTHER, 12, aggregates=("simple",)).result
    simple = main.table.query("term == 'simple'")
    row = made.loc[f"control={OTHER}"]
    assert row["estimate"] == pytest.approx(simple["estimate"].item(), abs=1e-12)
    assert row["std_error"] == pytest.approx(main.uncertainty().std_error[simple.index[0]], abs=1e-12)
    early = made["event_time"].dropna()
    assert len(early) > 0
    assert (early < -1).all()


def test_the_card_that_is_shipped_has_ten_controls_after_the_start_and_two_times_before():
    periods = [control.period for control in CARD.negative_controls]
    assert (periods.count("after"), periods.count("before")) == (10, 1)
