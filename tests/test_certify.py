"""Certification: studies whose answers are known, structures with planted spread, and the commands."""

import math

import numpy as np
import pandas as pd
import pytest
import stages

from analysis.certify import Drawn, certificate, certificate_words, matched, staggered, summarised, trial
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
    return [study(card, made, effect, np.random.default_rng(seed)) for seed in range(number)]


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
        return Drawn(middle, middle - 1.96 * error, middle + 1.96 * error)

    found = certificate(trial_card, "invented", naive, made.told(), draws=80)
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
    one = staggered.study(card, made, 0.0, np.random.default_rng(5))
    assert math.isnan(one.low)
    assert one.p_value * 11 == pytest.approx(round(one.p_value * 11))


@pytest.fixture(scope="module")
def matched_cohort():
    """800 persons with one characteristic that sorts them, and a card that matches on it."""
    rng = np.random.default_rng(2)
    n = 800
    treated = np.arange(n) < 120
    age = np.where(treated, rng.normal(30, 4, n), rng.normal(32, 5, n)).round()
    woman = (rng.random(n) < 0.5).astype(float)
    columns = {"person_id": np.arange(n, dtype="int32"), "office_id": "k1", "treated": treated}
    people = pd.DataFrame({**columns, "arm": np.where(treated, "nsw", "cps"), "age": age, "woman": woman})
    names = [{"name": name, "label": {"nb": name}} for name in ("age", "woman")]
    keys = {"matching__formula": "age + woman", "covariates": names, "sensitivity": [], "benchmark": None}
    card = stages.card(stages.NSW)
    card = stages.changed(card, **keys)
    people["arm"] = np.where(treated, card.arm("treated").id, card.arm("comparison").id)
    at = {time: pd.Series((rng.random(n) < 0.4).astype(float), index=people["person_id"]) for time in (-1, 0)}
    base, horizon = -1, card.horizons[0]
    values = {(card.outcomes.primary, base): at[-1], (card.outcomes.primary, horizon): at[0]}
    return card, matched.structure(card, people, EventValues(base, values, None))


def test_matched_studies_are_unbiased_where_trends_are_parallel(matched_cohort):
    card, made = matched_cohort
    assert made.told()["persons_treated"] == 120
    found = summarised(drawn(made, matched.study, card, 0.1, 30), effect=0.1, level=0.95)
    assert found["estimated"] == 30
    assert abs(found["bias"]) < 3 * found["bias_mc"]


def test_the_same_seed_gives_the_same_certificate(trial_card):
    made = trial.even(5, 20, share=0.4, icc=0.02)
    study = lambda effect, rng: trial.study(trial_card, made, effect, rng)  # noqa: E731 - shorter than a function
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
    made = read_json(tmp_path / "results" / "restricted" / "hpmt_synthetic" / "certificate.json")
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
