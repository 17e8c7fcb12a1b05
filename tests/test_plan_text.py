import pytest
import stages

from analysis.cards import analysis_part
from analysis.cli import main
from analysis.cohorts import find_cohorts
from analysis.plan import plan_hash
from analysis.plan_text import plan_text

CARDS = find_cohorts(stages.COHORTS)
PARTS = ("Hvem", "Inklusjon", "Tiltaket", "Det vanlige", "Grupper", "Tildeling", "Starttidspunkt", "Oppfølging")


@pytest.mark.parametrize("cohort", sorted(CARDS))
def test_every_cohort_has_a_readable_plan_with_its_target_trial(cohort):
    card = CARDS[cohort]
    text = plan_text(card, cohort)
    for part in (*PARTS, "Primært utfall", "Det som skal anslås", "Analyse"):
        assert text.count(f"\n| {part} | ") == 1, part
    for heading in ("Antakelser", "Utfall", "Analysen i detalj", "Regler for rapporteringen", "Kilder"):
        assert f"\n## {heading}\n" in text
    assert plan_hash(card) in text
    assert "None" not in text
    assert "planen er ikke låst" in text.lower()


def test_the_plan_tells_when_it_was_locked_and_what_has_changed_since():
    card = CARDS[stages.NSW]
    lock = {"plan_hash": plan_hash(card), "locked": "2026-11-01", "version": "1.0", "plan": analysis_part(card)}
    assert "låst 2026-11-01 med versjon 1.0. Ikke endret siden." in plan_text(card, stages.NSW, lock)
    strayed = stages.changed(card, inference__level=0.9)
    assert "Endret siden: inference." in plan_text(strayed, stages.NSW, lock)


def test_what_the_study_can_detect_stands_in_the_plan_where_it_is_known():
    text = plan_text(CARDS[stages.NSW], stages.NSW, power="Undersøkelsen oppdager mye.")
    assert "## Hva undersøkelsen kan oppdage\n\nUndersøkelsen oppdager mye." in text


def test_the_command_prints_the_plan_and_writes_it_to_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(stages.ROOT)
    assert main(["plan", stages.NSW, "--out", str(tmp_path / "plan.md")]) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "plan.md").read_text(encoding="utf-8")
    assert "Planen ble låst" in printed


def test_a_plan_of_a_cohort_that_is_not_there_names_those_that_are(monkeypatch, capsys):
    monkeypatch.chdir(stages.ROOT)
    assert main(["plan", "finnes_ikke"]) == 1
    assert stages.NSW in capsys.readouterr().err


def test_with_a_lock_it_is_the_locked_plan_that_is_printed_and_changes_are_told_with_both_values():
    card = CARDS[stages.NSW]
    lock = {"plan_hash": plan_hash(card), "locked": "2026-11-01", "version": "1.0", "plan": analysis_part(card)}
    strayed = stages.changed(card, inference__level=0.9, horizons=[36, 24], title={"nb": "Ny tittel"})
    text = plan_text(strayed, stages.NSW, lock)
    assert f"Planens avtrykk: `{plan_hash(card)}`" in text
    assert "- `inference.level`: `0.9` (låst: `0.95`)" in text
    assert "- `horizons`: `[36, 24]` (låst: `[36]`)" in text
    assert "level: 0.95" in text
    assert "95 prosent konfidensintervall" in text
    assert "deretter 24" not in text
    assert text.startswith("# Analyseplan: Ny tittel")


def test_a_locked_plan_that_no_card_can_hold_any_more_is_printed_key_by_key():
    card = CARDS[stages.NSW]
    plan = {**analysis_part(card), "inference": {"level": 2.0, "cluster": "pair"}}
    lock = {"plan_hash": "0" * 64, "locked": "2026-11-01", "version": "1.0", "plan": plan}
    text = plan_text(card, stages.NSW, lock)
    assert "Et kort kan ikke lenger se ut slik planen ble låst." in text
    assert "level: 2.0" in text
