"""Innsatsgruppe on a common scale: joined where needed, never divided."""

import pandas as pd
import pytest

from analysis.effort_group import SCALES, effort_codes, effort_group
from analysis.problems import ProblemsFound


@pytest.mark.parametrize(
    ("arena", "decision", "new_name", "group"),
    [
        ("IKVAL", "STANDARD_INNSATS", "GODE_MULIGHETER", "standard"),
        ("BFORM", "SITUASJONSBESTEMT_INNSATS", "TRENGER_VEILEDNING", "situational"),
        ("BATT", "SPESIELT_TILPASSET_INNSATS", "TRENGER_VEILEDNING_NEDSATT_ARBEIDSEVNE", "adapted"),
        ("VARIG", "VARIG_TILPASSET_INNSATS", "LITEN_MULIGHET_TIL_A_JOBBE", "permanent"),
        ("VARIG", "GRADERT_VARIG_TILPASSET_INNSATS", "JOBBE_DELVIS", "permanent"),
    ],
)
def test_the_three_code_sets_meet_on_four_groups(arena, decision, new_name, group):
    assert effort_group(pd.Series([arena, decision, new_name])).tolist() == [group] * 3


def test_the_two_later_code_sets_keep_five_groups():
    codes = pd.Series(["GRADERT_VARIG_TILPASSET_INNSATS", "JOBBE_DELVIS", "VARIG_TILPASSET_INNSATS", "IKVAL"])
    found = effort_group(codes, scale="five_groups")
    assert found.tolist() == ["graded_permanent", "graded_permanent", "permanent", "standard"]


def test_the_one_code_of_arena_is_not_divided_in_two():
    with pytest.raises(ProblemsFound) as caught:
        effort_group(pd.Series(["VARIG", "IKVAL", "VARIG", "FEIL", "12345678901"]), scale="five_groups")
    text = str(caught.value)
    assert "innsatsgruppe VARIG: antall rader: 2." in text
    assert "fire grupper" in text
    assert "ukjent kode: 2 (2 ulike)" in text
    assert "FEIL" not in text
    assert "12345678901" not in text


@pytest.mark.parametrize("code", ["BKART", "IVURD", "KAP11", "OPPFI", "VURDI", "VURDU"])
def test_who_is_not_assessed_is_in_no_group_and_not_missing(code):
    assert effort_group(pd.Series([code])).tolist() == ["not_assessed"]


def test_missing_stays_missing_and_the_groups_are_ordered():
    found = effort_group(pd.Series([None, "BATT", "IKVAL"]))
    assert found.isna().tolist() == [True, False, False]
    assert found.cat.categories.tolist() == list(SCALES["four_groups"])
    assert found.min() == "standard"


def test_five_groups_joined_are_the_four():
    codes = effort_codes()
    joined = codes["five_groups"].replace({"graded_permanent": "permanent"}).dropna()
    assert joined.equals(codes["four_groups"][joined.index])
    assert set(codes["code_set"]) == {"arena", "section_14a", "new_names"}


def test_an_unknown_scale_is_a_programming_error():
    with pytest.raises(ValueError, match="unknown scale"):
        effort_group(pd.Series(["IKVAL"]), scale="three_groups")
