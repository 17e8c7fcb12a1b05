import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.outcomes import FUNCTIONS, above_zero, load_outcomes, sources, with_derived

ENTRY = """
  label: {nb: arbeid}
  phrase: {nb: i arbeid}
  definition: {nb: I arbeid.}
  kind: share
  timing: point
  role: work
"""


def test_the_library_loads_and_every_outcome_has_words_in_three_languages():
    library = load_outcomes()
    assert {"in_paid_work", "hired", "annual_earnings_usd", "any_earnings_in_year"} <= set(library)
    for name, outcome in library.items():
        assert outcome.name == name
        for words in (outcome.label, outcome.phrase, outcome.definition, outcome.unit or outcome.label):
            assert set(words) == {"nb", "nn", "en"}, name
            assert all(words.values()), name


def test_amounts_have_a_unit_shares_have_none_and_sources_exist():
    library = load_outcomes()
    for outcome in library.values():
        assert (outcome.unit is not None) == (outcome.kind == "amount"), outcome.name
        assert outcome.source is None or outcome.source in library
        assert (outcome.source is None) == (outcome.function is None)


@given(st.lists(st.floats(-1e9, 1e9) | st.none(), max_size=30))
def test_above_zero_is_one_zero_or_missing(numbers):
    values = pd.Series(numbers, dtype="float64")
    made = above_zero(values)
    assert made.dtype == "float64"
    assert made.isna().tolist() == values.isna().tolist()
    assert made.dropna().tolist() == [float(number > 0) for number in numbers if number is not None]


def test_a_derived_outcome_is_made_from_its_source_and_the_source_stays():
    panel = pd.DataFrame({"annual_earnings_usd": [0.0, 0.01, None]})
    made = with_derived(panel, ["any_earnings_in_year", "annual_earnings_usd"])
    assert made["any_earnings_in_year"].fillna(-1).tolist() == [0.0, 1.0, -1.0]
    pd.testing.assert_series_equal(made["annual_earnings_usd"], panel["annual_earnings_usd"])
    assert list(panel.columns) == ["annual_earnings_usd"]


def test_sources_are_what_must_be_delivered_each_once():
    assert sources(["any_earnings_in_year", "annual_earnings_usd"]) == ["annual_earnings_usd"]
    assert sources(["in_paid_work", "any_earnings_in_year"]) == ["in_paid_work", "annual_earnings_usd"]


def test_an_unknown_function_or_key_in_the_library_stops_the_program(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(f"x:{ENTRY}  from: {{outcome: y, function: guess}}\n", encoding="utf-8")
    with pytest.raises(KeyError, match="no function guess"):
        load_outcomes(path)
    path = tmp_path / "b.yaml"
    path.write_text(f"x:{ENTRY}  colour: red\n", encoding="utf-8")
    with pytest.raises(TypeError, match="colour"):
        load_outcomes(path)
    assert set(FUNCTIONS) == {"above_zero"}
