"""A change of the plan that the card tells of must be a change of something in the plan."""

import pytest
import stages

from analysis.cards import ANALYSIS_KEYS, LATER_KEYS, read_card
from analysis.problems import ProblemsFound

SOURCE = (stages.COHORTS / stages.NSW / "cohort.yaml").read_text(encoding="utf-8")


def card_with(folder, *keys):
    told = "".join(f"\n  - {{date: 2026-11-02, key: {key}, reason: {{nb: prøvd}}}}" for key in keys)
    path = folder / "cohort.yaml"
    path.write_text(SOURCE.replace("\nsources:", f"\ndeviations:{told}\nsources:"), encoding="utf-8")
    return read_card(path)


def test_every_key_of_the_plan_may_be_told_of(tmp_path):
    found = card_with(tmp_path, *ANALYSIS_KEYS, *LATER_KEYS)
    assert [item.key for item in found.deviations] == [*ANALYSIS_KEYS, *LATER_KEYS]


@pytest.mark.parametrize("key", ["title", "matchin", "report", "limitations"])
def test_another_key_is_refused_with_those_that_are_allowed(tmp_path, key):
    with pytest.raises(ProblemsFound) as error:
        card_with(tmp_path, "matching", key)
    (problem,) = error.value.problems
    assert "deviations" in problem.where
    assert f"«{key}» er ikke en nøkkel i planen" in problem.what
    assert "matching" in problem.mend
    assert "certify" in problem.mend
