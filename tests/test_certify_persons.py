"""Certification where persons are drawn one by one: trials of persons, panels, and covariates."""

import numpy as np
import pandas as pd
import pytest
import stages

from analysis.certify import (
    certificate,
    characteristics,
    one_at_a_time,
    persons_trial,
    staggered_persons,
    summarised,
)
from analysis.power import two_shares_power

START = 24_000


def drawn(made, study, card, effect, number):
    return [one for seed in range(number) for one in study(card, made, effect, np.random.default_rng(seed))]


@pytest.fixture(scope="module")
def persons_card():
    return stages.card("klar_synthetic")


def lottery(*, strata=4, size=60, slope=0.8, known=1.0, office_sd=0.0):
    """Persons in offices that are strata, half of them treated; work before the draw tells work after."""
    n, rng = strata * size, np.random.default_rng(6)
    office = np.repeat(np.arange(strata), size)
    before = (rng.random(n) < 0.4).astype(float)
    line = characteristics.line_of(before[:, None], 0.1 + slope * before)
    return persons_trial.PersonsStructure(
        strata=office.astype(str),
        treated=np.arange(n) % 2 == 0,
        office=office,
        group=characteristics.group_of(pd.DataFrame({"before": before})),
        outcome=line,
        measured=characteristics.line_of(before[:, None], np.full(n, known)),
        office_sd=office_sd,
    )


def test_a_trial_of_persons_is_unbiased_and_what_came_before_makes_it_more_precise(persons_card):
    made = lottery(known=0.9, office_sd=0.05)
    study = one_at_a_time(lambda effect, rng: persons_trial.study(persons_card, made, effect, rng))
    found = certificate(persons_card, "invented", study, made.told(), draws=100)
    assert (found.verdict, len(found.results)) == ("passed", 4)
    plain, adjusted = found.results[1], found.results[3]
    assert (plain["analysis"], adjusted["analysis"]) == ("main", "adjusted")
    assert adjusted["sd"] < 0.92 * plain["sd"]
    assert adjusted["test_rejections"] is None


def test_a_trial_of_persons_has_the_power_of_the_closed_form(persons_card):
    made = lottery(slope=0.0)
    share = float(made.outcome.coefficients[0])
    kept = [one for one in drawn(made, persons_trial.study, persons_card, 0.15, 100) if one.analysis == "main"]
    found = summarised(kept, effect=0.15, level=0.95)
    exact = two_shares_power(share + 0.15, share, 120, 120)
    assert abs(found["interval_rejections"] - exact) < 3 * found["interval_rejections_mc"] + 0.02


def panel_cohort(*, missing="drop_person", method="none"):
    """24 offices of 12 persons, the same every month; half adopt half way, and luck stays with a person."""
    rng = np.random.default_rng(8)
    staggered_keys = {"sampling": "panel", "missing": missing, "permutations": 100, "method": method}
    staggered_keys |= {} if method == "none" else {"formula": "woman"}
    base = stages.card("youth_teams_synthetic").staggered.model_dump(mode="json")
    card = stages.changed(stages.card("youth_teams_synthetic"), staggered={**base, **staggered_keys})
    people = pd.DataFrame({"person_id": np.arange(288), "office_id": [f"k{i // 12:02d}" for i in range(288)]})
    office = np.arange(288) // 12
    people["adoption_month"] = pd.array(np.where(office < 12, START + 4, np.nan), dtype="Int16")
    people["woman"] = (rng.random(288) < 0.5).astype(float)
    months = people[["person_id"]].merge(pd.DataFrame({"month": np.arange(START, START + 8)}), how="cross")
    keep = rng.random((288, 8)) < 0.7
    luck = rng.random((288, 8))
    for t in range(1, 8):
        luck[keep[:, t], t] = luck[keep[:, t], t - 1]
    for name in card.outcome_names():
        months[name] = (luck < 0.4).astype(float).ravel()
        months.loc[months["person_id"].lt(6) & months["month"].eq(START + 2), name] = np.nan
    offices = pd.DataFrame({"office_id": sorted(people["office_id"].unique()), "county": "f1"})
    return card, people, months, offices


@pytest.mark.parametrize(("missing", "method"), [("drop_person", "none"), ("pairwise", "none"), ("drop_person", "dr")])
def test_a_panel_is_simulated_with_the_luck_of_its_persons(missing, method):
    card, *tables = panel_cohort(missing=missing, method=method)
    made = staggered_persons.structure(card, *tables)
    assert made.persistence == pytest.approx(0.7, abs=0.05)
    assert made.told()["measured"] == pytest.approx(1 - 6 / (288 * 8))
    number = 3 if method == "dr" else 12
    found = summarised(drawn(made, staggered_persons.study, card, 0.1, number), effect=0.1, level=0.95)
    assert found["estimated"] == number
    assert abs(found["bias"]) < 4 * found["bias_mc"]


def test_new_persons_with_covariates_are_simulated_and_estimated_with_them():
    card, people, _, offices = panel_cohort(method="dr")
    card = stages.changed(card, staggered__sampling="cross_section")
    rng = np.random.default_rng(9)
    baseline = pd.concat([people.assign(time_zero=month) for month in range(START, START + 8)], ignore_index=True)
    baseline["person_id"] = np.arange(len(baseline))
    months = pd.DataFrame({"person_id": baseline["person_id"], "event_time": card.horizons[0]})
    for name in card.outcome_names():
        months[name] = (rng.random(len(baseline)) < 0.3 + 0.3 * baseline["woman"]).astype(float)
    made = staggered_persons.structure(card, baseline, months, offices)
    assert made.line.coefficients[1] > 0.05
    found = summarised(drawn(made, staggered_persons.study, card, 0.1, 3), effect=0.1, level=0.95)
    assert found["estimated"] == 3
    assert abs(found["bias"]) < 4 * found["bias_mc"]
