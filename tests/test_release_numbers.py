"""Everything that a treated table prints is declared, and one who reads it all breaks no guarantee."""

from itertools import product

import pandas as pd
import pytest
import stages
from treated_reports import KLAR, MATCHED, TRIAL, released, study

from analysis.disclosure.declared import COUNT, EFFECT, MODEL
from analysis.disclosure.joint_audit import audit
from analysis.disclosure.profiles import read_profiles
from analysis.disclosure.published_counts import Part, published_counts
from analysis.disclosure.release_numbers import GIVEN, printed_numbers
from benchmarks.soak_effects import broken

PROFILES = read_profiles(stages.ROOT / "config" / "disclosure.yaml")
TREATING = ("public", "nav", "ssb", "research", "opensafely")
CASES = [*product((TRIAL, MATCHED), TREATING), (KLAR, "public")]


@pytest.mark.parametrize(("name", "key"), CASES)
def test_every_number_of_every_treated_table_is_declared_as_it_is_printed(name, key):
    found = released(name, key)
    declared = {(one.place.table, one.place.row, one.place.column): one for one in found.declared.numbers}
    walked = 0
    for table, frame in found.tables.items():
        for row, column, value, _ in printed_numbers(table, frame):
            number = declared[table, row, column]
            assert float(number.shown.text) == pytest.approx(float(value), abs=1e-9)
            walked += 1
    assert walked > 20


@pytest.mark.parametrize(("name", "key"), CASES)
def test_what_is_left_out_of_the_walk_is_what_was_asked_and_no_answer(name, key):
    for table, frame in released(name, key).tables.items():
        numeric = {
            column for column in frame if pd.api.types.is_numeric_dtype(frame[column]) and frame[column].notna().any()
        }
        walked = {column for _, column, _, _ in printed_numbers(table, frame)}
        assert numeric - walked <= GIVEN


@pytest.mark.parametrize(("name", "key"), CASES)
def test_a_hidden_count_is_declared_as_hidden_and_every_number_has_what_its_rule_asks(name, key):
    for number in released(name, key).declared.numbers:
        if number.kind == COUNT:
            assert number.truth.value is not None
        if number.kind in (EFFECT, MODEL):
            assert number.truth.base >= PROFILES[key].persons_per_arm


@pytest.mark.parametrize(("name", "key"), [*product((TRIAL, MATCHED), TREATING)])
def test_the_audit_of_everything_finds_nothing(name, key):
    assert audit([], released(name, key).declared, PROFILES[key]).findings == ()


@pytest.mark.parametrize("key", ["public", "opensafely"])
@pytest.mark.parametrize("name", [TRIAL, MATCHED])
def test_one_who_lists_what_fits_every_effect_breaks_no_guarantee(name, key):
    assert broken(released(name, key).declared, PROFILES[key]) == 0


def test_a_linear_effect_is_an_equation_and_an_adjusted_one_is_a_model():
    found, table = released(TRIAL, "public"), study(TRIAL)[1]["estimates"]
    kinds = {
        one.place.row: one.kind
        for one in found.declared.numbers
        if (one.place.table, one.place.column) == ("estimates", "estimate")
    }
    plain = table.index[table["estimator"].eq("difference_in_means") & found.tables["estimates"]["estimate"].notna()]
    adjusted = table.index[table["estimator"].eq("adjusted_difference") & found.tables["estimates"]["estimate"].notna()]
    assert {kinds[str(place)] for place in plain} == {EFFECT}
    assert {kinds[str(place)] for place in adjusted} == {MODEL}


def test_that_all_of_a_group_have_the_same_outcome_is_not_shown_where_counts_are_exact():
    parts = [Part(("work", "12", "all"), 100, 0), Part(("school", "24", "all"), 100, 100)]
    found = published_counts([100], parts, PROFILES["ssb"], key=b"secret")
    assert found.size(100) == 100
    assert pd.isna(found.yes(100, 0))
    assert pd.isna(found.yes(100, 100))
