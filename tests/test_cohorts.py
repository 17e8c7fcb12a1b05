import pytest
from cards import minimal_card, write_cohort

from analysis.cohorts import RESERVED, find_cohorts
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT


def test_a_folder_with_a_card_is_a_cohort_and_other_folders_are_not(tmp_path):
    write_cohort(tmp_path / "b_cohort", minimal_card(title="B"))
    write_cohort(tmp_path / "a_cohort", minimal_card(title="A"))
    (tmp_path / "notes").mkdir()
    (tmp_path / "cohort.yaml").write_text("not: a cohort\n", encoding="utf-8")
    cards = find_cohorts(tmp_path)
    assert list(cards) == ["a_cohort", "b_cohort"]
    assert cards["b_cohort"].title.nb == "B"


def test_the_shipped_cohorts_are_found():
    assert {"hpmt", "mentor_hybrid", "nsw_supported_work"} <= set(find_cohorts(ROOT / "cohorts"))


def test_the_mistakes_of_all_cards_are_told_at_once(tmp_path):
    write_cohort(tmp_path / "good", minimal_card())
    write_cohort(tmp_path / "first", minimal_card(design="guess", horizons=[]))
    write_cohort(tmp_path / "second", minimal_card(matching=None))
    with pytest.raises(ProblemsFound) as caught:
        find_cohorts(tmp_path)
    places = [problem.where for problem in caught.value.problems]
    assert sum("first/cohort.yaml" in place for place in places) == 2
    assert sum("second/cohort.yaml" in place for place in places) == 1
    assert "Kortene har feil (3)" in caught.value.heading
    assert "tidligere resultater er urørt" in caught.value.heading


@pytest.mark.parametrize("name", [*RESERVED, "Æble", "Store", "1ste", "med mellomrom", "bind-strek", "punk.tum"])
def test_a_name_that_is_taken_or_no_name_is_told_with_what_is_allowed(tmp_path, name):
    write_cohort(tmp_path / name, minimal_card())
    with pytest.raises(ProblemsFound) as caught:
        find_cohorts(tmp_path)
    (problem,) = caught.value.problems
    assert problem.where == str(tmp_path / name)
    assert problem.mend


def test_a_folder_without_cohorts_is_told(tmp_path):
    with pytest.raises(ProblemsFound, match="Fant ingen kohorter"):
        find_cohorts(tmp_path)
