"""Profiles of disclosure control: their numbers, what each published value stands for, and how they are read."""

import numpy as np
import pytest
from workspace import ROOT

from analysis.disclosure.dominance import dominated, enough_df, enough_persons
from analysis.disclosure.preimages import full_preimages
from analysis.disclosure.profiles import DEFAULT_PROFILE, Profile, profile, profile_problems, read_profiles
from analysis.disclosure.redaction import redact_and_round
from analysis.problems import ProblemsFound

PROFILES = read_profiles(ROOT / "config" / "disclosure.yaml")
WRITTEN = (ROOT / "config" / "disclosure.yaml").read_text(encoding="utf-8")


def changed(tmp_path, old: str, new: str):
    assert old in WRITTEN
    path = tmp_path / "disclosure.yaml"
    path.write_text(WRITTEN.replace(old, new), encoding="utf-8")
    return path


def told(path) -> str:
    with pytest.raises(ProblemsFound) as found:
        read_profiles(path)
    return str(found.value)


def preimages(of: Profile, most: int = 60) -> dict[int, list[int]]:
    """Every true count that one published value can come from, by the rule of the method in words."""
    found: dict[int, list[int]] = {}
    base = of.base or 1
    for count in range(most):
        around = {count // base * base, -(-count // base) * base}
        if of.method == "redact_and_round":
            around = set() if count < of.threshold else {min(around, key=lambda value: abs(value - count))}
        for value in around:
            found.setdefault(value, []).append(count)
    return found


def test_the_numbers_are_those_of_the_sources():
    told = {key: (one.threshold, one.base, one.sign, one.zeros_hidden) for key, one in PROFILES.items()}
    assert told == {
        "public": (5, 3, ":", False),
        "nav": (4, None, "*", True),
        "ssb": (3, 3, ":", False),
        "research": (10, None, ":", True),
        "opensafely": (8, 5, "[REDACTED]", True),
        "open": (1, None, ":", False),
    }
    assert DEFAULT_PROFILE in PROFILES
    assert PROFILES["research"].residual_df == 10
    assert all(one.persons_per_arm == 10 for key, one in PROFILES.items() if key != "open")
    assert all(one.sources and one.zeros_words for one in PROFILES.values())


@pytest.mark.parametrize(("key", "method"), [("public", "rounding"), ("ssb", "rounding"), ("opensafely", None)])
def test_every_published_value_stands_for_at_least_base_counts(key, method):
    by = profile(PROFILES, key, method=method)
    assert by.base
    for value, counts in preimages(by).items():
        if value < 50:
            assert len(counts) >= by.base
            assert by.stands_for(value) == (counts[0], counts[-1])


def test_rounding_leaves_three_counts_behind_zero_and_five_behind_every_other_value():
    found = preimages(PROFILES["public"])
    assert [found[value] for value in (0, 3, 6)] == [[0, 1, 2], [1, 2, 3, 4, 5], [4, 5, 6, 7, 8]]


def test_redacting_seven_and_rounding_to_five_gives_full_values_and_redacting_five_does_not():
    assert preimages(PROFILES["opensafely"])[10] == [8, 9, 10, 11, 12]
    assert PROFILES["opensafely"].stands_for(None) == (0, 7)
    assert full_preimages(7, 5)
    assert not full_preimages(5, 5)
    with pytest.raises(ValueError, match="fewer than 5"):
        redact_and_round(np.array([6, 9]), limit=5, base=5)


def test_redacted_margins_are_sums_of_what_is_shown():
    found = redact_and_round(np.array([[7, 8], [3, 23]]), limit=7, base=5)
    assert found.hidden.tolist() == [[True, False, False], [True, False, False], [True, False, False]]
    assert found.cells[:, 1:].tolist() == [[10, 10], [25, 25], [35, 35]]
    assert np.isnan(found.cells[:, 0]).all()


def test_a_profile_can_be_used_by_another_of_its_methods_and_no_other():
    assert PROFILES["ssb"].method == "suppression"
    assert profile(PROFILES, "ssb", method="rounding").method == "rounding"
    with pytest.raises(ProblemsFound, match="Personvernprofilen kan ikke brukes"):
        profile(PROFILES, "nav", method="rounding")
    with pytest.raises(ProblemsFound, match="Personvernprofilen"):
        profile(PROFILES, "nave")


def test_restricted_data_need_a_threshold_of_three_and_a_treatment(tmp_path):
    weak = read_profiles(changed(tmp_path, "threshold: 3", "threshold: 2"))["ssb"]
    (problem,) = profile_problems("restricted", weak)
    assert "minst 3" in str(problem)
    assert profile_problems("synthetic", weak) == []
    (problem,) = profile_problems("restricted", PROFILES["open"])
    assert "uendret" in str(problem)
    assert profile_problems("published", PROFILES["open"]) == []
    assert [profile_problems("restricted", one) for key, one in PROFILES.items() if key != "open"] == [[]] * 5


def test_all_mistakes_are_told_at_once_with_key_and_way_out(tmp_path):
    path = changed(tmp_path, "threshold: 8\n    base: 5", "threshold: 6\n    base: 5\n    limit: 3")
    path.write_text(
        path.read_text(encoding="utf-8").replace("threshold: 5\n    base: 3", "threshold: fem\n    base: null")
    )
    words = told(path)
    for part in ("profiles.opensafely.threshold", "færre enn 5", "profiles.opensafely.limit", "nøkkelen er ukjent"):
        assert part in words
    for part in ("profiles.public.threshold", "«fem»", "profiles.public.base", "mangler for en profil som runder av"):
        assert part in words


def test_zeros_are_small_only_where_the_profile_hides_them():
    assert [PROFILES["nav"].small(count) for count in (0, 1, 3, 4)] == [True, True, True, False]
    assert [PROFILES["public"].small(count) for count in (0, 1, 4, 5)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("amounts", "stands_out"),
    [
        ([], False),
        ([0, 0], False),
        ([10] * 12, False),
        ([50, 41, 5, 4], True),  # two have 91 per cent
        ([50, 40, 6, 4], False),  # exactly 90 per cent
        ([60, 30, 3, 2], True),
        ([-50, 41, 5, 4], True),
    ],
)
def test_an_amount_is_hidden_where_two_contributors_stand_for_most_of_it(amounts, stands_out):
    assert dominated(np.array(amounts), PROFILES["public"]) is stands_out


def test_the_p_ratio_hides_what_the_second_largest_could_work_out():
    only_ratio = Profile(**{**vars(PROFILES["public"]), "dominance": None})
    assert dominated(np.array([100, 50, 9]), only_ratio)
    assert not dominated(np.array([100, 50, 10]), only_ratio)
    with pytest.raises(ValueError, match="missing"):
        dominated(np.array([1.0, np.nan]), only_ratio)


def test_effects_need_ten_persons_in_each_arm_and_research_ten_degrees_of_freedom():
    assert enough_persons(PROFILES["public"], 10, 25)
    assert not enough_persons(PROFILES["public"], 10, 9)
    assert enough_df(PROFILES["research"], 10)
    assert not enough_df(PROFILES["research"], 9.5)
    assert not enough_df(PROFILES["research"], float("nan"))
