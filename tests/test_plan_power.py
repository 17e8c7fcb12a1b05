"""The line in the plan on what the study could see, before any outcome is read."""

import numpy as np
import pandas as pd
import pytest
import stages

from analysis.cli import main
from analysis.intake import Delivery
from analysis.plan_power import power_of_card, power_of_sizes
from analysis.power import Offices, continuous_smallest

NOTHING = pd.DataFrame()


def smallest(text):
    return float(text.split("8 av 10 tilfeller, er ")[1].split()[0].replace(",", "."))


def test_a_trial_of_offices_is_reckoned_from_the_card_alone():
    card = stages.card("hpmt_synthetic")
    text = power_of_card(card)
    assert "Regnet av kortet alene: 9 kontorer med tiltaket og 9 uten" in text
    exact = continuous_smallest(0.5, Offices(9, 9, 617 / 18, 0.03))
    assert smallest(text) == pytest.approx(100 * exact, abs=0.05)
    assert power_of_card(stages.changed(card, assignment__offices_treated=None)) is None
    assert power_of_card(stages.card("klar_synthetic")) is None


def test_an_amount_has_no_percentage_points():
    card = stages.changed(stages.card(stages.NSW), outcomes={"primary": "annual_earnings_usd"})
    assert power_of_sizes(card, stages.delivery()) is None


def test_matched_persons_are_reckoned_from_sizes_and_no_outcome_is_read():
    delivery = stages.delivery()
    blind = Delivery(persons=delivery.persons, outcomes=NOTHING, offices=delivery.offices)
    text = power_of_sizes(stages.card(stages.NSW), blind)
    assert "185 personer med tiltaket, 185 å sammenligne med" in text
    assert text == power_of_sizes(stages.card(stages.NSW), delivery)


def adopting(treated):
    names = [f"k{number:02d}" for number in range(20)]
    month = pd.array([24_010 if number < treated else None for number in range(20)], dtype="Int16")
    offices = pd.DataFrame({"office_id": names, "county": "f", "adoption_month": month})
    persons = pd.DataFrame({"office_id": np.repeat(names, 200), "time_zero": np.tile(np.arange(24_000, 24_020), 200)})
    return Delivery(persons=persons, outcomes=NOTHING, offices=offices)


def test_staggered_adoption_is_reckoned_as_if_all_began_at_once_and_not_with_too_few():
    card = stages.card("youth_teams_synthetic")
    text = power_of_sizes(card, adopting(10))
    assert "10 kontorer med tiltaket og 10 uten, 10 personer i hvert per måned" in text
    assert smallest(text) < smallest(power_of_sizes(card, adopting(6)))
    assert power_of_sizes(card, adopting(3)) is None
    assert power_of_sizes(card, adopting(20)) is None


def test_the_command_prints_the_line_or_says_how_it_can_be_known(monkeypatch, capsys):
    monkeypatch.chdir(stages.ROOT)
    for cohort, told in (
        ("hpmt_synthetic", "Regnet av kortet alene"),
        (stages.HPMT, "Prøv antakelser med `make power`"),
    ):
        assert main(["plan", cohort]) == 0
        assert told in capsys.readouterr().out
