"""The cohorts of synthetic data: their cards tell the truth of their generators, and fit the files that these make."""

from functools import cache
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from analysis.card_rules import ESTIMATED_DESIGNS
from analysis.cards import read_card
from analysis.cohorts import find_cohorts
from analysis.estimate_did import estimate_did
from analysis.findings import findings_table, stop_at_errors
from analysis.intake import read_delivery
from analysis.match_persons import match_persons
from analysis.months import month_number
from analysis.panel import build_panel
from analysis.provenance import ROOT
from analysis.synthetic import generators, write, youth_teams
from analysis.synthetic.histories import event_states
from analysis.synthetic.spells import last_day

COHORTS = {name: card for name, card in find_cohorts(ROOT / "cohorts").items() if card.synthetic is not None}
# Effects stand in the card with four decimals.
ROUNDING = 0.00005


@cache
def delivery(cohort):
    return import_module(f"analysis.synthetic.{COHORTS[cohort].synthetic.generator}").generate()


def truth(cohort):
    return delivery(cohort).truth


def effects(cohort):
    """The card's true effects by outcome, time and group."""
    found = COHORTS[cohort].synthetic.effects
    times = [effect.month if effect.horizon is None else effect.horizon for effect in found]
    return {(e.outcome, time, e.group): e.value for e, time in zip(found, times, strict=True)}


def test_every_generator_has_one_cohort_with_its_name():
    assert sorted(COHORTS) == [f"{name}_synthetic" for name in generators()]
    assert all(f"{card.synthetic.generator}_synthetic" == cohort for cohort, card in COHORTS.items())


@pytest.mark.parametrize("cohort", COHORTS)
def test_a_cohort_of_synthetic_data_says_so_and_the_designs_that_can_be_are_estimated(cohort):
    card = COHORTS[cohort]
    assert (card.data_kind, card.disclosure.profile) == ("synthetic", "open")
    assert (card.analysis == "estimate") == (card.design in ESTIMATED_DESIGNS)
    published = ROOT / "cohorts" / card.intervention / "cohort.yaml"
    assert not published.is_file() or read_card(published).intervention == card.intervention


@pytest.mark.parametrize("cohort", COHORTS)
def test_files_are_described_as_they_are_written(cohort):
    made = delivery(cohort)
    for file in COHORTS[cohort].files:
        form = made.formats[file.path]
        assert (file.encoding, file.delimiter, file.decimal) == (form.encoding, form.delimiter, form.decimal)
        assert {"iso": "yyyy-mm-dd"}.get(file.dates, file.dates) == form.dates
        assert file.missing == [form.missing]
        assert file.rows == made.files[file.path].count(form.line_end.encode()) - 1


@pytest.mark.parametrize("cohort", COHORTS)
def test_every_source_column_that_the_card_names_stands_in_its_file(cohort):
    made = delivery(cohort)
    for file in COHORTS[cohort].files:
        named = [name for column in file.columns.values() for name in (column.column, *(column.earliest or ()))]
        named += [outcome.column for outcome in file.outcomes] + list(file.keep)
        assert {name for name in named if name is not None} <= set(made.formats[file.path].columns)


def test_the_effects_of_hpmt_are_the_differences_of_the_sample():
    outcomes = {
        "in_work_last_day": "in_paid_work",
        "full_time_last_day": "full_time",
        "part_time_last_day": "part_time",
        "self_sufficient_last_day": "self_sufficient",
    }
    months = {18: "2012-11", 24: "2013-05", 30: "2013-11"}
    expected = {
        (outcome, horizon, None): truth("hpmt_synthetic")["months"][name][month]["difference"]
        for outcome, name in outcomes.items()
        for horizon, month in months.items()
    }
    assert effects("hpmt_synthetic") == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("cohort", ["supported_employment_synthetic", "mentor_hybrid_synthetic"])
def test_the_effects_of_matched_cohorts_are_those_on_the_participants(cohort):
    att = truth(cohort)["att"]
    told = effects(cohort)
    assert {horizon for outcome, horizon, _ in told if outcome == "ordinary_work_last_day"} == set(
        COHORTS[cohort].horizons
    )
    assert told == pytest.approx({key: att[str(key[1])] for key in told}, abs=ROUNDING)


def test_the_effects_of_the_offer_are_those_of_all_who_were_drawn():
    made = truth("klar_synthetic")
    told = effects("klar_synthetic")
    assert told.pop(("months_in_work", 36, None)) == pytest.approx(made["months_36"], abs=ROUNDING)
    assert {horizon for outcome, horizon, _ in told if outcome == "ordinary_work_last_day"} == set(
        COHORTS["klar_synthetic"].horizons
    )
    assert told == pytest.approx({key: made["effect"][str(key[1])] for key in told}, abs=ROUNDING)


def test_the_effect_on_all_paid_work_is_that_on_ordinary_work():
    """Subsidised jobs are as many with the intervention as without: the potential outcomes differ in nothing else."""
    known = delivery("supported_employment_synthetic").latent
    treated = known["treated"]
    subsidised = (known["states"] > 0) & (known["work"] == 0)
    assert not (subsidised & (known["untreated"] > 0))[treated].any()


def test_the_effects_of_the_campaign_are_those_of_the_county_and_the_office():
    made = truth("aap_youth_synthetic")
    office = made["office"]
    expected = {
        ("only_medical_in_plan", month, made["county"]): made["effect"][month]
        for month in ("2021-04", "2021-05", "2021-12")
    }
    lowered = (office["count"] - office["untreated_count"]) / office["recipients"]
    expected["only_medical_in_plan", office["month"], f"kontor {office['number']}"] = lowered
    assert effects("aap_youth_synthetic") == pytest.approx(expected, abs=ROUNDING)


def test_the_effects_of_youth_teams_are_those_of_each_adoption_group_at_each_horizon():
    made = truth("youth_teams_synthetic")
    groups = made["att_group"] | {"innført fra 2010": made["att_simple"]}
    expected = {
        ("in_work_or_education_last_day", int(horizon), group): scale * value
        for horizon, scale in made["horizon_scale"].items()
        for group, value in groups.items()
    }
    assert effects("youth_teams_synthetic") == pytest.approx(expected, abs=ROUNDING)


# Through intake and panel


@pytest.fixture(scope="module")
def through(tmp_path_factory):
    """Delivery and panel of a cohort, as the pipeline makes them from the files; everybody stays in the panel."""

    @cache
    def made(cohort):
        card, folder = COHORTS[cohort], tmp_path_factory.mktemp(cohort)
        write(card.synthetic.generator, folder / "data")
        found = read_delivery(card, folder / "data", cohort=cohort, spells=folder / "spells.parquet")
        everyone = card.model_copy(update={"analysis": "describe"})
        return found, build_panel(everyone, found) if len(found.persons) else None

    return made


def at(panel, persons, **when):
    """Rows of a panel at a month or an event time, with the arm of each person."""
    ((column, value),) = when.items()
    rows = panel.months[panel.months[column] == value]
    return rows.merge(persons[["person_id", "arm"]], on="person_id", validate="1:1")


def counts(rows, outcome, arm):
    """Persons with the outcome, and persons in whom it is known."""
    values = rows.loc[rows["arm"] == arm, outcome]
    return int(values.sum()), int(values.notna().sum())


@pytest.mark.parametrize("cohort", COHORTS)
def test_nothing_is_wrong_with_a_delivery_that_the_card_describes(through, cohort):
    found, _ = through(cohort)
    table = findings_table(found.findings, COHORTS[cohort])
    assert "FATAL" not in set(table["severity"])
    stop_at_errors(table)


def test_what_is_accepted_is_found_and_told_with_the_reason(through):
    found, _ = through("mentor_hybrid_synthetic")
    table = findings_table(found.findings, COHORTS["mentor_hybrid_synthetic"])
    (error,) = table[table["severity"] == "ERROR"].to_dict("records")
    assert error["rule"] == "treated_comparison"
    assert error["accepted"].startswith("Mentor er også et ordinært tiltak")


HPMT_COUNTS = {
    "in_work_last_day": {"2011-05": (44, 30), "2012-11": (109, 59), "2013-05": (113, 61), "2013-11": (119, 62)},
    "full_time_last_day": {"2011-05": (12, 8), "2012-11": (40, 27), "2013-05": (44, 29), "2013-11": (47, 31)},
    "part_time_last_day": {"2011-05": (32, 22), "2012-11": (69, 32), "2013-05": (69, 32), "2013-11": (72, 31)},
    "self_sufficient_last_day": {"2011-05": (0, 0), "2012-11": (66, 38), "2013-05": (77, 41), "2013-11": (91, 42)},
}


@pytest.mark.parametrize("outcome", HPMT_COUNTS)
@pytest.mark.parametrize("month", ["2011-05", "2012-11", "2013-05", "2013-11"])
def test_the_panel_of_hpmt_has_the_margins_to_the_person(through, outcome, month):
    found, panel = through("hpmt_synthetic")
    rows = at(panel, found.persons, month=month_number(month))
    treated, control = HPMT_COUNTS[outcome][month]
    left = (4, 2) if month == "2013-11" else (0, 0)
    assert counts(rows, outcome, "hpmt") == (treated, 367 - left[0])
    assert counts(rows, outcome, "control") == (control, 250 - left[1])


def test_the_offices_of_hpmt_are_nine_and_nine(through):
    found, _ = through("hpmt_synthetic")
    assert found.persons.groupby("arm")["office_id"].nunique().to_dict() == {"control": 9, "hpmt": 9}
    assert len(found.offices) == 18


def expected_work(cohort, horizon, first, treated):
    """Persons in ordinary work and persons followed, `horizon` months after the start, by the generator itself."""
    known = delivery(cohort).latent
    start = known["people"].start
    followed = event_followed(known.get("left"), first + start + horizon)
    working = event_states(known["work"], start, horizon, horizon)[:, 0] == 1
    return {group: (int((working & followed & mask).sum()), int((followed & mask).sum())) for group, mask in treated}


def event_followed(left, months):
    """Who is followed through the last day of their month."""
    return np.isnat(left) | (left > last_day(months))


@pytest.mark.parametrize("horizon", [0, 6, 12, 18, 24, 36])
def test_the_panel_of_supported_employment_has_the_work_that_the_generator_drew(through, horizon):
    found, panel = through("supported_employment_synthetic")
    treated = delivery("supported_employment_synthetic").latent["treated"]
    expected = expected_work(
        "supported_employment_synthetic", horizon, month_number("2012-01"), [("se", treated), ("ordinary", ~treated)]
    )
    rows = at(panel, found.persons, event_time=horizon)
    assert {arm: counts(rows, "ordinary_work_last_day", arm) for arm in expected} == expected


def test_the_raw_difference_of_supported_employment_is_near_that_of_the_guide(through):
    found, panel = through("supported_employment_synthetic")
    rows = at(panel, found.persons, event_time=12)
    shares = rows.groupby("arm")["ordinary_work_last_day"].mean()
    assert shares["se"] - shares["ordinary"] == pytest.approx(0.113, abs=0.005)


@pytest.mark.parametrize("horizon", [6, 12, 36, 60])
def test_the_panel_of_the_lots_has_the_work_that_the_generator_drew(through, horizon):
    found, panel = through("klar_synthetic")
    treated = delivery("klar_synthetic").latent["treated"]
    groups = [("se", treated), ("ordinary", ~treated)]
    expected = expected_work("klar_synthetic", horizon, month_number("2011-01"), groups)
    rows = at(panel, found.persons, event_time=horizon)
    assert {arm: counts(rows, "ordinary_work_last_day", arm) for arm in expected} == expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("hired", 36), ("hired_or_apprentice", 38), ("hired_apprentice_or_education", 40)],
)
def test_the_projects_report_36_of_49_and_nothing_of_the_others(through, outcome, expected):
    found, panel = through("mentor_hybrid_synthetic")
    rows = at(panel, found.persons, month=month_number("2020-12"))
    assert counts(rows, outcome, "participants") == (expected, 49)
    assert counts(rows, outcome, "register") == (0, 0)


@pytest.mark.parametrize("horizon", [12, 24, 36])
def test_the_panel_of_mentors_has_the_work_of_the_49(through, horizon):
    found, panel = through("mentor_hybrid_synthetic")
    rows = at(panel, found.persons, event_time=horizon)
    in_work = delivery("mentor_hybrid_synthetic").truth["in_work"][str(horizon)]
    assert counts(rows, "ordinary_work_last_day", "participants") == (in_work, 49)


def test_the_counts_of_the_county_are_62_and_52_per_cent_and_14_of_50(through):
    found, _ = through("aap_youth_synthetic")
    rows = found.aggregates.merge(found.offices, left_on="unit_id", right_on="office_id", validate="m:1")
    county = rows[rows["arm"] == "campaign"].groupby("month")[["numerator", "denominator"]].sum()
    share = county["numerator"] / county["denominator"]
    assert f"{share[month_number('2020-10')]:.1%}" == "62.0%"
    assert f"{share[month_number('2021-05')]:.1%}" == "52.0%"
    office = rows[(rows["unit_id"] == "9360") & (rows["month"] == month_number("2021-04"))]
    assert office[["numerator", "denominator"]].to_numpy().tolist() == [[14, 50]]
    assert set(rows.loc[rows["arm"] == "campaign", "county"]) == {"Troms og Finnmark"}
    assert len(found.persons) == 0


@pytest.mark.parametrize("horizon", [6, 12, 24])
def test_the_panel_of_youth_teams_has_the_states_that_the_generator_drew(through, horizon):
    found, panel = through("youth_teams_synthetic")
    known = delivery("youth_teams_synthetic").latent
    seekers = known["seekers"]
    group = youth_teams.groups()[seekers.office]
    adopted = np.array([10**6 if name == youth_teams.NEVER else month_number(name) for name in group.tolist()])
    treated = adopted <= youth_teams.FIRST + seekers.month
    rows = at(panel, found.persons, event_time=horizon)
    inside = seekers.month + horizon < youth_teams.MONTHS
    gone = int((pd.to_datetime(found.persons["left_on"]).notna()).sum())
    for arm, mask in (("team", treated), ("no_team", ~treated)):
        working, followed = counts(rows, "in_work_or_education_last_day", arm)
        there = mask & inside
        assert int(there.sum()) - gone <= followed <= int(there.sum())
        share = known["happens"][horizon][there].mean()
        assert working / followed == pytest.approx(share, abs=0.005)


# From the panel to an estimate


@pytest.fixture(scope="module")
def estimated(through):
    """Matching and estimates of a cohort, under its main specification and the rows named."""

    @cache
    def made(cohort, *names):
        card = COHORTS[cohort]
        card = card.model_copy(update={"sensitivity": [row for row in card.sensitivity if row.name in names]})
        found, _ = through(cohort)
        panel = build_panel(card, found)
        matched = match_persons(card, panel, found.offices)
        who = {"cohort": cohort, "plan_hash": "0" * 64, "run_id": "0" * 12}
        return matched, estimate_did(card, panel, matched, **who).estimates

    return made


def differences(estimates, estimator, spec="main"):
    """Estimate and standard error of ordinary work by horizon."""
    rows = estimates[(estimates["estimator"] == estimator) & (estimates["spec"] == spec)]
    rows = rows[rows["outcome"].eq("ordinary_work_last_day") & rows["term"].ne("placebo")]
    return rows[rows["inference"].isin(["cluster", "m_estimation", "hc2"])].set_index("horizon_months")


SE = "supported_employment_synthetic"


@pytest.mark.parametrize("spec", ["main", "same_office", "entropy"])
@pytest.mark.parametrize("estimator", ["matched_did_2x2", "matched_difference"])
def test_matching_finds_the_effect_that_was_put_into_supported_employment(estimated, spec, estimator):
    _, estimates = estimated(SE, "same_office", "entropy")
    rows = differences(estimates, estimator, spec)
    for horizon in (6, 12, 18, 24, 36):
        truth = effects(SE)["ordinary_work_last_day", horizon, None]
        assert abs(rows.loc[horizon, "estimate"] - truth) < 3 * rows.loc[horizon, "std_error"]
        assert rows.loc[horizon, "std_error"] < 0.025


def test_without_matching_the_change_is_far_from_the_effect_and_farther_from_the_month_before_the_start(
    estimated, through
):
    """The fall before the start: whoever counts from its bottom takes the recovery for an effect."""
    _, estimates = estimated(SE, "same_office", "entropy")
    truth = effects(SE)["ordinary_work_last_day", 12, None]
    assert differences(estimates, "did_2x2").loc[12, "estimate"] - truth < -0.05
    found, panel = through(SE)
    before, after = (at(panel, found.persons, event_time=time).set_index("person_id") for time in (-1, 12))
    change = after["ordinary_work_last_day"] - before["ordinary_work_last_day"]
    means = change.groupby(after["arm"]).mean()
    assert means["se"] - means["ordinary"] - truth > 0.08


def test_the_groups_of_supported_employment_are_alike_after_matching_and_nobody_is_lost(estimated):
    matched, estimates = estimated(SE, "same_office", "entropy")
    main = matched.summary.set_index("spec").loc["main"]
    assert main["max_abs_smd"] < 0.1
    assert main["share_treated_lost"] == 0
    placebos = estimates[(estimates["term"] == "placebo") & (estimates["outcome"] == "ordinary_work_last_day")]
    assert placebos["spec"].tolist() == ["placebo_-24", "placebo_-18"]
    assert (placebos["conf_low"] < 0).all()
    assert (placebos["conf_high"] > 0).all()
    assert set(matched.cluster_balance["n_offices"]) == {24}


def test_the_external_comparison_of_mentors_holds_the_effect_and_the_reports_stay_a_description(estimated):
    _, estimates = estimated("mentor_hybrid_synthetic")
    rows = differences(estimates, "matched_did_2x2")
    for horizon in (12, 24, 36):
        truth = effects("mentor_hybrid_synthetic")["ordinary_work_last_day", horizon, None]
        assert abs(rows.loc[horizon, "estimate"] - truth) < 3 * rows.loc[horizon, "std_error"]
        assert rows.loc[horizon, "n_treated"] == 49
    hired = estimates[estimates["outcome"] == "hired"]
    assert hired.loc[hired["status"] == "not_estimated", "reason"].tolist() == ["measured_in_one_group"]
    told = hired[hired["group"] == "matched:participants"].iloc[0]
    assert (told["estimate"], told["n_treated"], told["inference"]) == (36 / 49, 49, "wilson")
    assert (told["conf_low"], told["conf_high"]) == pytest.approx((0.597, 0.838), abs=5e-4)
