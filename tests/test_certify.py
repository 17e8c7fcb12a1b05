"""Certification: studies whose answers are known, structures with planted spread, and the commands."""

import math

import numpy as np
import pandas as pd
import pytest
import stages

from analysis.certify import (
    Drawn,
    certificate,
    certificate_words,
    characteristics,
    matched,
    one_at_a_time,
    staggered,
    summarised,
    trial,
)
from analysis.certify.cohort import certified
from analysis.cli import main
from analysis.event_values import EventValues
from analysis.files import read_json
from analysis.power import binary_power, even_offices
from analysis.problems import ProblemsFound
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.design import NEVER

START = 24_000


@pytest.fixture(scope="module")
def trial_card():
    return stages.card("hpmt_synthetic")


@pytest.fixture(scope="module")
def staggered_card():
    return stages.changed(stages.card("youth_teams_synthetic"), staggered__permutations=1000)


def cells(*, offices=18, months=10, size=60, treated=9):
    """Offices of one size; the first `treated` adopt half way."""
    cohorts = np.array([START + months // 2, NEVER])
    n = np.zeros((offices, 2, months))
    n[:treated, 0], n[treated:, 1] = size, size
    names = np.array([f"k{o:02d}" for o in range(offices)])
    return CellArrays(names, cohorts, START + np.arange(months), n, n.copy(), 0 * n, 0.4, n.sum(axis=2))


def drawn(made, study, card, effect, number):
    return [one for seed in range(number) for one in study(card, made, effect, np.random.default_rng(seed))]


def test_a_trial_has_the_power_of_the_closed_form(trial_card):
    made = trial.even(10, 40, share=0.4, icc=0.03)
    found = summarised(drawn(made, trial.study, trial_card, 0.15, 150), effect=0.15, level=0.95)
    exact = binary_power(0.55, 0.4, even_offices(10, persons=40, icc=0.03))
    # Each study draws lots, and CR2 has somewhat fewer degrees of freedom than the formula's 18.
    assert abs(found["interval_rejections"] - exact) < 3 * found["interval_rejections_mc"] + 0.02
    assert abs(found["test_rejections"] - exact) < 3 * found["test_rejections_mc"] + 0.02
    assert found["faults"] == []


def test_a_trial_with_no_effect_keeps_its_level(trial_card):
    made = trial.even(8, 30, share=0.3, icc=0.05)
    found = summarised(drawn(made, trial.study, trial_card, 0.0, 150), effect=0.0, level=0.95)
    assert found["coverage"] == pytest.approx(1 - found["interval_rejections"])
    assert (found["faults"], found["test_rejections"] < 0.05 + 3 * found["test_rejections_mc"]) == ([], True)


def test_errors_that_ignore_offices_are_found_out(trial_card):
    made = trial.even(30, 60, share=0.4, icc=0.2)

    def naive(effect, rng):
        people = trial._people(made, effect, rng)
        one, other = people.y[people.arm], people.y[~people.arm]
        error = math.sqrt(one.var() / len(one) + other.var() / len(other))
        middle = one.mean() - other.mean()
        return [Drawn(middle, middle - 1.96 * error, middle + 1.96 * error)]

    found = certificate(trial_card, "invented", one_at_a_time(naive), made.told(), draws=80)
    assert found.faults == ["coverage", "interval"]
    assert "Planen holder ikke" in certificate_words(found)[-1]
    assert found.record()["verdict"] == "failed"


def test_a_biased_estimator_is_found_out():
    rng = np.random.default_rng(1)
    off = [Drawn(value + 0.5, value - 2, value + 3) for value in rng.normal(size=200)]
    assert summarised(off, effect=0.0, level=0.95)["faults"] == ["bias"]
    assert summarised([Drawn(math.nan)] * 5, effect=0.0, level=0.95)["faults"] == ["estimate"]


def test_staggered_studies_are_unbiased_and_cover(staggered_card):
    blank = cells()
    made = staggered.StaggeredStructure(blank, np.linspace(0.35, 0.45, 10), 0.04, 0.02, 0.4)
    found = summarised(drawn(made, staggered.study, staggered_card, 0.05, 40), effect=0.05, level=0.95)
    assert found["faults"] == []
    assert abs(found["bias"]) < 3 * found["bias_mc"]


def test_the_structure_of_cells_is_found_again():
    made = staggered.StaggeredStructure(
        cells(offices=200, months=40, size=150, treated=0), np.full(40, 0.4), 0.06, 0.04, 0.6
    )
    found = staggered.structure_of(staggered.simulated(made, 0.0, np.random.default_rng(3)))
    assert found.office_sd == pytest.approx(0.06, abs=0.008)
    assert found.month_sd == pytest.approx(0.04, abs=0.005)
    assert found.serial == pytest.approx(0.6, abs=0.1)
    assert found.by_month.mean() == pytest.approx(0.4, abs=0.01)


def test_one_county_gives_a_rank_and_no_interval():
    card = stages.changed(stages.card("aap_youth_synthetic"), staggered__permutations=1000)
    made = staggered.StaggeredStructure(cells(offices=11, treated=1), np.full(10, 0.5), 0.05, 0.01, 0.0)
    (one,) = staggered.study(card, made, 0.0, np.random.default_rng(5))
    assert math.isnan(one.low)
    assert one.p_value * 11 == pytest.approx(round(one.p_value * 11))


def matched_card(formula):
    names = [{"name": name, "label": {"nb": name}} for name in ("age", "woman")]
    keys = {"matching__formula": formula, "covariates": names, "sensitivity": [], "benchmark": None}
    return stages.changed(stages.card(stages.NSW), **keys)


@pytest.fixture(scope="module")
def matched_cohort():
    """800 persons with one characteristic that sorts them; the older fare better later, as they did not before."""
    rng = np.random.default_rng(2)
    n, card = 800, matched_card("age + woman")
    treated = np.arange(n) < 120
    age = np.where(treated, rng.normal(28, 4, n), rng.normal(34, 5, n)).round()
    columns = {"person_id": np.arange(n, dtype="int32"), "office_id": "k1", "treated": treated, "age": age}
    people = pd.DataFrame({**columns, "woman": (rng.random(n) < 0.5).astype(float)})
    people["arm"] = np.where(treated, card.arm("treated").id, card.arm("comparison").id)
    later = np.clip(0.4 + 0.03 * (age - 32), 0.05, 0.95)
    at = {time: (rng.random(n) < share).astype(float) for time, share in ((-1, 0.4), (0, later))}
    at[0][:30] = np.nan
    known = {time: pd.Series(values, index=people["person_id"]) for time, values in at.items()}
    outcome, horizon = card.outcomes.primary, card.horizons[0]
    values = {(outcome, -1): known[-1], (outcome, horizon): known[0]}
    return matched.structure(card, people, EventValues(-1, values, None))


def certified_matched(made, formula, draws):
    card = matched_card(formula)
    study = lambda effects, rng: matched.study(card, made, effects, rng)  # noqa: E731 - shorter than a function
    return certificate(card, "invented", study, made.told(), draws=draws, repeats=matched.REPEATS)


def test_matched_studies_are_unbiased_where_trends_are_parallel(matched_cohort):
    made = certified_matched(matched_cohort, "age + woman", 200)
    assert made.structure["measured_treated"] == pytest.approx(0.75)
    assert [result["estimated"] for result in made.results] == [200, 200]
    assert (made.faults, made.verdict) == ([], "passed")


def test_a_matched_plan_that_leaves_out_what_matters_is_found_out(matched_cohort):
    made = certified_matched(matched_cohort, "woman", 100)
    assert made.verdict == "failed"
    assert {"bias", "coverage"} <= set(made.faults)
    # The treated are six years younger, and the ridge keeps four fifths of the 0.03 a year.
    assert -0.2 < made.results[0]["bias"] < -0.07


def test_studies_of_the_same_persons_count_together_in_the_error():
    rng = np.random.default_rng(3)
    lots = np.repeat(rng.normal(size=50), 20)
    found = summarised([Drawn(value) for value in lots], effect=0.0, level=0.95, sets=np.repeat(np.arange(50), 20))
    assert found["bias_mc"] == pytest.approx(lots[::20].std(ddof=1) / math.sqrt(50), rel=1e-12)
    alone = summarised([Drawn(value) for value in lots[::20]], effect=0.0, level=0.95)
    assert alone["bias_mc"] == pytest.approx(found["bias_mc"], rel=1e-12)


def test_made_up_characteristics_have_the_marginals_and_correlations_of_the_group():
    rng = np.random.default_rng(4)
    age = rng.gamma(4, 8, 4000).round()
    own = pd.DataFrame({"age": age, "ill": (rng.random(4000) < age / 100).astype(float), "same": 1.0})
    made = characteristics.group_of(own).drawn(rng, 4000)
    assert made["age"].mean() == pytest.approx(age.mean(), abs=1)
    assert made["ill"].mean() == pytest.approx(own["ill"].mean(), abs=0.03)
    assert made[["age", "ill"]].corr().iloc[0, 1] == pytest.approx(own[["age", "ill"]].corr().iloc[0, 1], abs=0.1)
    assert made["same"].eq(1).all()


def test_an_outcome_or_an_estimator_without_a_simulation_is_told_and_no_fault(matched_cohort):
    panel, offices = stages.panel(), pd.DataFrame()
    card = stages.changed(stages.card(stages.NSW), outcomes={"primary": "annual_earnings_usd"})
    made = certified(card, stages.NSW, panel, offices, offices)
    assert (made.verdict, made.results, made.table().empty) == ("not_made", [], True)
    assert "ja eller nei" in certificate_words(made)[0]
    other = stages.changed(stages.card("youth_teams_synthetic"), staggered__estimator="imputation")
    assert "imputation" in certified(other, "x", panel, offices, offices).reason


def test_the_same_seed_gives_the_same_certificate(trial_card):
    made = trial.even(5, 20, share=0.4, icc=0.02)
    study = one_at_a_time(lambda effect, rng: trial.study(trial_card, made, effect, rng))
    one, other = (certificate(trial_card, "invented", study, made.told(), draws=5).record() for _ in range(2))
    assert one == other
    assert [result["effect"] for result in one["results"]] == [0.0, trial_card.certify.effect]


def test_no_room_for_the_effect_is_said(trial_card):
    with pytest.raises(ProblemsFound, match="simuleres"):
        trial.study(trial_card, trial.even(5, 20, share=0.98, icc=0.02), 0.05, np.random.default_rng(0))


def test_the_command_writes_a_certificate_that_holds_no_person(tmp_path, monkeypatch, capsys):
    (tmp_path / "cohorts").symlink_to(stages.COHORTS)
    monkeypatch.chdir(tmp_path)
    assert main(["certify", "hpmt_synthetic", "--draws", "4"]) == 0
    made = read_json(tmp_path / "results" / "restricted" / "hpmt_synthetic" / "certify.json")
    assert made["structure"]["persons"] == 617
    assert "sann" in capsys.readouterr().out.lower()


def test_published_figures_and_unlocked_persons_cannot_be_certified(tmp_path, monkeypatch, capsys):
    (tmp_path / "cohorts" / stages.NSW).mkdir(parents=True)
    source = (stages.COHORTS / stages.NSW / "cohort.yaml").read_text(encoding="utf-8")
    (tmp_path / "cohorts" / stages.NSW / "cohort.yaml").write_text(source, encoding="utf-8")
    (tmp_path / "cohorts" / "hpmt").symlink_to(stages.COHORTS / "hpmt")
    monkeypatch.chdir(tmp_path)
    assert main(["certify", stages.NSW]) == 1
    assert "ikke låst" in capsys.readouterr().err
    assert main(["certify", "hpmt"]) == 1
    assert "publiserte tall" in capsys.readouterr().err


def test_power_is_printed_in_norwegian(capsys):
    assert main(["power", "--design", "did", "--base", "0,3", "--icc", "0,05"]) == 0
    assert "prosentpoeng oppdages i" in capsys.readouterr().out
    assert main(["power", "--design", "magic"]) == 1
    assert "finnes ikke" in capsys.readouterr().err
