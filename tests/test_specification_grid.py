"""All declared analyses of a cohort: each as if it were alone, the test of them all, and what is left out and why."""

from dataclasses import replace
from functools import cache
from itertools import permutations

import described
import matched_starts
import numpy as np
import pandas as pd
import pytest
import staggered_reports
import trial_reports
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.card_grid import READ
from analysis.card_staggered import Staggered
from analysis.estimate_did import estimate_did
from analysis.match_persons import match_persons, matched_tables
from analysis.office_cells import design_of
from analysis.plan import seed_of
from analysis.problems import ProblemsFound
from analysis.specification_grid import specification_grid
from analysis.specifications.curve import curve_tables
from analysis.specifications.matched import matched_specifications
from analysis.specifications.staggered import staggered_specifications
from analysis.specifications.trial import trial_specifications
from analysis.specifications.ways import Found, Way, combinations
from analysis.specifications.weighted import permuted_differences
from analysis.staggered.parameters import parameters
from analysis.staggered_analysis import effects_from_cells
from analysis.tables import MAIN, OFFICE_CELLS, SPECIFICATION_TESTS, SPECIFICATIONS
from analysis.trial_people import TREATED, people_of
from analysis.trials.least_squares import least_squares
from analysis.trials.permutation import permutation_test
from tests import stages

FEW = {"permutations": 99}
GRID = {"method": ["ipw", "entropy"], "caliper": [0.05], "estimator": ["level"], "base_period": [-12], **FEW}
TRIAL_GRID = {"average": ["offices"], "adjusted": [True], "horizon": [18], **FEW}
TEAM_GRID = {"control": ["never"], "anticipation": [1], "weighting": ["group", "dynamic", "calendar"], **FEW}


def starts(**changes):
    return stages.changed(matched_starts.card(), **changes)


@cache
def started():
    card = starts(grid=GRID)
    return card, match_persons(card, matched_starts.panel(), matched_starts.offices())


@cache
def of_persons():
    card, matched = started()
    offices = matched_starts.offices()
    return matched_specifications(card, matched_starts.panel(), offices, matched.weights, matched.summary)


def trial(**changes):
    card = stages.changed(trial_reports.card(), **{"grid": TRIAL_GRID, **changes})
    baseline, months = trial_reports.people()
    return card, (baseline, months, trial_reports.offices())


@cache
def of_offices():
    card, tables = trial()
    return trial_specifications(card, *tables)


def team(**changes):
    ground = described.material("stepwise").card
    card = ground.model_copy(update={"analysis": "estimate", "staggered": Staggered()})
    cells = staggered_reports.cells("team").assign(outcome=ground.outcomes.primary, horizon_months=12)
    return stages.changed(card, **{"grid": TEAM_GRID, **changes}), cells.reindex(columns=OFFICE_CELLS)


@cache
def of_dates():
    return staggered_specifications(*team())


def by_choices(found):
    return {way.choices: value for way, value in zip(found.ways, found.estimates, strict=True)}


def test_every_row_of_the_card_has_the_estimate_that_the_run_gives_it():
    card, matched = started()
    rows = estimate_did(card, matched_starts.panel(), matched, **stages.who("starts")).estimates
    rows = rows.query(f"outcome == '{matched_starts.WORK}' and horizon_months == 12 and term != 'placebo'")
    named = {way.name: value for way, value in zip(of_persons().ways, of_persons().estimates, strict=True)}
    for spec in (MAIN, "full", "narrow", "alike"):
        own = rows.query(f"spec == '{spec}' and estimator == 'matched_did_2x2' and status == 'estimated'")
        assert len(own) == (spec in named)
        if spec in named:
            assert named[spec] == pytest.approx(own["estimate"].iloc[0], abs=1e-12), spec
    level = rows.query("spec == 'main' and estimator == 'matched_difference'")["estimate"].iloc[0]
    told = by_choices(of_persons())
    assert told["method=nearest;caliper=0.2;estimator=level;base_period=unused"] == pytest.approx(level, abs=1e-12)


def test_a_row_that_is_also_a_combination_counts_once_and_the_others_have_an_axis_of_their_own():
    found = of_persons()
    told = {way.name: way.choices for way in found.ways}
    assert told["narrow"] == "method=nearest;caliper=0.05;estimator=did;base_period=-6"
    assert told["full"] == "method=full;caliper=0.2;estimator=did;base_period=-6;sensitivity=full"
    assert len(set(told.values())) == len(found.ways)


def test_combinations_that_no_analysis_can_have_are_left_out_with_the_reason():
    found = of_persons()
    told = pd.Series([reason for _, reason in found.left_out]).value_counts()
    # Of 3 x 2 x 2 x 2: two methods without a caliper (8), and the level from another month (two calipers and two).
    assert told["metoden ipw bruker ikke caliper."] == told["metoden entropy bruker ikke caliper."] == 4
    assert told["nivået etterpå regnes ikke fra noen tidligere måned."] == 4
    # The row of the card that nobody can be weighted by keeps the reason of the run.
    assert "trimmed" in {way.name for way, _ in found.left_out}
    made = [way for way in found.ways if "sensitivity" not in way.values]
    gone = [way for way, _ in found.left_out if "sensitivity" not in way.values]
    assert len(made) + len(gone) == len(list(combinations(started()[0]))) == 24


def test_an_estimate_of_another_base_is_the_difference_in_that_change():
    card, _ = started()
    other = starts(base_period=-12, sensitivity=[])
    matched = match_persons(other, matched_starts.panel(), matched_starts.offices())
    rows = estimate_did(other, matched_starts.panel(), matched, **stages.who("starts")).estimates
    own = rows.query(f"role == 'primary' and outcome == '{matched_starts.WORK}'")["estimate"].iloc[0]
    assert by_choices(of_persons())["method=nearest;caliper=0.2;estimator=did;base_period=-12"] == pytest.approx(own)


def test_permuted_differences_are_those_of_every_order_written_out():
    rng = np.random.default_rng(1)
    weights, treated = rng.random((3, 6)), np.array([True, True, False, False, True, False])
    values, strata = rng.normal(size=(6, 2)), np.array([0, 0, 0, 1, 1, 1])
    values[1, 1] = np.nan
    columns = [0, 1, 1]

    def difference(spec, place):
        y = values[place, columns[spec]]
        sides = [np.flatnonzero(np.isfinite(y) & side) for side in (treated, ~treated)]
        means = [np.average(y[side], weights=weights[spec][side]) for side in sides]
        return means[0] - means[1]

    possible = {
        tuple(np.round([difference(spec, np.array(first + second)) for spec in range(3)], 10))
        for first in permutations((0, 1, 2))
        for second in permutations((3, 4, 5))
    }
    seen, drawn = permuted_differences(weights, treated, values, columns, strata, draws=400, seed=2)
    assert tuple(np.round(seen, 10)) == tuple(np.round([difference(spec, np.arange(6)) for spec in range(3)], 10))
    assert {tuple(row) for row in np.round(drawn, 10)} == possible


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(0.1, 5))
def test_a_level_moves_no_difference_and_a_unit_scales_them_all(seed, level, unit):
    rng = np.random.default_rng(seed)
    weights, treated = rng.random((4, 30)), np.arange(30) < 12
    values, strata = rng.normal(size=(30, 1)), rng.integers(0, 4, 30)
    arguments = {"columns": [0] * 4, "strata": strata, "draws": 5, "seed": seed}
    plain = permuted_differences(weights, treated, values, **arguments)
    moved = permuted_differences(weights, treated, level + unit * values, **arguments)
    larger = permuted_differences(7 * weights, treated, values, **arguments)
    for one, other, same in zip(plain, moved, larger, strict=True):
        assert other == pytest.approx(unit * one, abs=1e-9)
        assert same == pytest.approx(one, abs=1e-12)


def test_outcomes_stay_in_their_stratum_and_in_the_county_where_partners_are_looked_for():
    rng = np.random.default_rng(3)
    strata = rng.integers(0, 3, 50)
    values = strata[:, None] + np.zeros((50, 1))
    _, drawn = permuted_differences(rng.random((1, 50)), np.arange(50) < 20, values, [0], strata, draws=20, seed=1)
    assert np.ptp(drawn) < 1e-12


@pytest.mark.parametrize(
    ("average", "adjusted"), [("persons", False), ("persons", True), ("offices", False), ("offices", True)]
)
def test_a_trial_analysis_is_the_least_squares_of_the_run(average, adjusted):
    card, tables = trial()
    people = people_of(card, *tables, trial_reports.PRIMARY, 18)
    weights = None if average == "persons" else 1 / people.sizes[people.office]
    fit = least_squares(people.y, people.design(adjusted=adjusted), people.office, weights=weights)
    place = fit.names.index(TREATED)
    told = by_choices(of_offices())[f"average={average};adjusted={str(adjusted).lower()};horizon=18"]
    assert told == pytest.approx(float(fit.beta[place]), abs=1e-10)


def test_with_all_draws_tried_one_analysis_has_the_p_value_of_the_run():
    card, (baseline, months, offices) = trial(grid={"adjusted": [True], "permutations": 999})
    found = trial_specifications(card, baseline, months, offices)
    people = people_of(card, baseline, months, offices, trial_reports.PRIMARY, 12)
    test = permutation_test(people.sums(people.y), people.sizes, people.treated)
    assert len(found.permuted) == test.n_allocations - 1
    alone = (1 + (np.abs(found.permuted[:, 0]) >= abs(found.estimates[0]) - 1e-12).sum()) / (1 + len(found.permuted))
    assert alone == pytest.approx(test.p_value)


def test_a_staggered_analysis_is_that_of_the_cells_with_the_same_choices():
    card, cells = team()
    for control, anticipation, kind in (("never", 0, "group"), ("not_yet", 1, "simple"), ("never", 1, "calendar")):
        effects = effects_from_cells(
            card, cells, staggered_reports.OUTCOME, 12, control=control, anticipation=anticipation
        )
        listed = parameters(effects.group_time, design(card, control, anticipation), cells=effects).table
        term = kind if kind == "simple" else f"{kind}_overall"
        own = listed.loc[listed["term"] == term, "estimate"].iloc[0]
        told = by_choices(of_dates())[f"control={control};anticipation={anticipation};weighting={kind}"]
        assert told == pytest.approx(own, abs=1e-12)


def design(card, control, anticipation):
    return replace(design_of(card), control=control, anticipation=anticipation)


@pytest.mark.parametrize(
    ("made", "level", "number"),
    [(of_persons, "persons", 99), (of_offices, "offices", 99), (of_dates, "adoption_dates", 99)],
)
def test_one_permutation_is_common_to_all_and_the_same_each_time(made, level, number):
    found = made()
    assert (found.level, found.permuted.shape) == (level, (number, len(found.ways)))
    made.cache_clear()
    assert (made().permuted == found.permuted).all()
    # The main analysis and the one most like it move together; with permutations of their own they would not.
    assert np.corrcoef(found.permuted, rowvar=False)[0, 1:].max() > 0.9


def test_another_plan_has_another_seed():
    assert seed_of(starts(grid=GRID)) != seed_of(starts(grid=GRID | {"caliper": [0.06]}))


def test_the_order_of_persons_moves_nothing():
    card, matched = started()
    panel = matched_starts.panel()
    mixed = replace(panel, baseline=panel.baseline.sample(frac=1, random_state=2), months=panel.months.iloc[::-1])
    found = matched_specifications(card, mixed, matched_starts.offices(), matched.weights, matched.summary)
    assert found.estimates == pytest.approx(of_persons().estimates, abs=1e-12)
    assert found.permuted == pytest.approx(of_persons().permuted, abs=1e-12)


def test_a_planted_difference_is_found():
    tables = curve_tables(of_persons())
    assert tables.tests.set_index("statistic").loc["median", "p_value"] == pytest.approx(0.01)
    card, tables = trial(grid={"average": ["offices"], "adjusted": [True], "permutations": 999})
    baseline, months, offices = tables
    treated = months["person_id"].isin(baseline.loc[baseline["arm"] == "treated", "person_id"])
    months = months.assign(**{trial_reports.PRIMARY: months[trial_reports.PRIMARY] + 2.0 * treated})
    told = curve_tables(trial_specifications(card, baseline, months, offices)).tests
    # Six of twelve offices: the opposite draw is as far from zero.
    assert told.loc[0, "p_value"] == pytest.approx(2 / 924)


def test_the_tables_hold_their_contract_in_rising_order_and_those_left_out_last():
    tables = curve_tables(of_persons())
    table, tests = tables.specifications, tables.tests
    assert (tuple(table.columns), tuple(tests.columns)) == (tuple(SPECIFICATIONS), tuple(SPECIFICATION_TESTS))
    made = table[table["status"] == "estimated"]
    assert made["rank"].tolist() == list(range(1, len(made) + 1))
    assert made["estimate"].is_monotonic_increasing
    assert (made["band_low"] <= made["band_median"]).all()
    assert (made["band_median"] <= made["band_high"]).all()
    assert made["is_main"].sum() == 1
    gone = table[len(made) :]
    assert gone[["rank", "estimate", "band_low"]].isna().all().all()
    assert gone["reason"].notna().all()
    assert tests["statistic"].tolist() == ["median", "same_sign"]
    assert (tests["permutations"] == 99).all()


def made_up(names, estimates):
    ways = [Way(name, {"sensitivity": name}) for name in names]
    return Found(ways, np.array(estimates), np.zeros((9, len(ways))), [], "persons")


@pytest.mark.parametrize("names", [("main", "other"), ("one", "two", "three")])
def test_two_analyses_or_none_that_is_the_main_one_are_no_curve(names):
    tables = curve_tables(made_up(names, np.arange(len(names)) / 10))
    assert tables.tests.empty
    assert tables.specifications["band_low"].isna().all()
    assert len(tables.specifications) == len(names)


def test_offices_that_are_known_at_one_horizon_only_leave_that_one_out():
    card, (baseline, months, offices) = trial(grid={"horizon": [18], "average": ["offices"], **FEW})
    gone = baseline.loc[baseline["office_id"] == baseline["office_id"].min(), "person_id"]
    lost = months["person_id"].isin(gone) & months["event_time"].eq(18)
    known = months.assign(**{trial_reports.PRIMARY: months[trial_reports.PRIMARY].mask(lost)})
    found = trial_specifications(card, baseline, known, offices)
    assert len(found.ways) == len(found.left_out) == 2
    assert all("andre kontorer" in reason for _, reason in found.left_out)


def test_dates_that_another_anticipation_leaves_out_are_told():
    found = staggered_specifications(*team(grid={"anticipation": [9], **FEW}))
    assert [way.values["anticipation"] for way in found.ways] == [0]
    ((_, reason),) = found.left_out
    assert "andre kontorer eller oppstartsmåneder" in reason


def test_the_entry_reads_the_tables_by_the_names_of_their_files():
    card, matched = started()
    panel = matched_starts.panel()
    tables = {"months": panel.months, "baseline": panel.baseline, "panel_attrition": panel.attrition}
    tables |= {"offices": matched_starts.offices(), **matched_tables(matched)}
    assert set(READ["matched"]) <= tables.keys()
    pd.testing.assert_frame_equal(
        specification_grid(card, tables).specifications, curve_tables(of_persons()).specifications
    )
    card, (baseline, months, offices) = trial()
    told = specification_grid(card, {"months": months, "baseline": baseline, "offices": offices})
    pd.testing.assert_frame_equal(told.tests, curve_tables(of_offices()).tests)
    card, cells = team()
    told = specification_grid(card, {"office_cells": cells})
    pd.testing.assert_frame_equal(told.tests, curve_tables(of_dates()).tests)


def test_offices_with_several_dates_stop_with_what_to_do():
    card, cells = team()
    mixed = cells.assign(
        office_id=cells["office_id"].replace(cells["office_id"].unique()[0], cells["office_id"].unique()[-1])
    )
    with pytest.raises(ProblemsFound) as caught:
        staggered_specifications(card, mixed)
    assert "kan ikke byttes mellom kontorer" in str(caught.value)
