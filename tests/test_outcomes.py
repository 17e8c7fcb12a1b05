"""The outcome library: one file, one class, every outcome told in three languages, and timings that never mix."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import outcomes as module
from analysis.outcomes import (
    FUNCTIONS,
    above_zero,
    attribute_kinds,
    load_breaks,
    load_outcomes,
    outcome_with,
    rules_of,
    sources,
    with_derived,
)
from analysis.spell_rules import InState, Spells, State, read_rule, read_spells

ROOT = Path(__file__).resolve().parents[1]
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
        for words in (outcome.label, outcome.phrase, outcome.definition, outcome.unit, outcome.register):
            assert words is None or set(words) == {"nb", "nn", "en"}, name
            assert words is None or all(text.strip() and "{" not in text for text in words.values()), name


def test_amounts_have_a_unit_shares_have_none_and_sources_exist():
    library = load_outcomes()
    for outcome in library.values():
        assert (outcome.unit is not None) == (outcome.kind == "amount"), outcome.name
        assert outcome.source is None or outcome.source in library
        assert (outcome.source is None) == (outcome.function is None)
        assert outcome.source is None or outcome.rule is None


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


def entry(folder, text, timing="point"):
    path = folder / f"{len(list(folder.iterdir()))}.yaml"
    path.write_text(f"x:{ENTRY.replace('point', timing)}  {text}\n", encoding="utf-8")
    return path


def test_outcomes_with_a_rule_have_its_timing_and_kind_and_name_their_register():
    ruled = [outcome for outcome in load_outcomes().values() if outcome.rule is not None]
    assert len(ruled) == 23
    for outcome in ruled:
        assert (outcome.timing, outcome.kind) == (outcome.rule.timing, outcome.rule.kind), outcome.name
        assert outcome.register is not None
        assert outcome.breaks
    assert {outcome.timing for outcome in ruled} == {"point", "cumulative"}


def test_ever_point_and_cumulative_never_share_a_column(tmp_path):
    library = load_outcomes()
    for outcome in library.values():
        assert outcome.source is None or library[outcome.source].timing == outcome.timing
    with pytest.raises(ValueError, match="timing and kind"):
        load_outcomes(entry(tmp_path, "register: {nb: x}\n  rule: {name: ever, counted: any_day, types: [work]}"))
    with pytest.raises(ValueError, match="timing and kind"):
        load_outcomes(entry(tmp_path, "register: {nb: x}\n  rule: {name: last_day, types: [work]}", timing="ever"))
    made = f"from: {{outcome: y, function: above_zero}}\ny:{ENTRY.replace('point', 'ever')}"
    with pytest.raises(ValueError, match="x: timing differs from that of y"):
        load_outcomes(entry(tmp_path, made))


def test_an_outcome_comes_from_one_place(tmp_path):
    rule = "rule: {name: last_day, types: [work]}"
    both = f"register: {{nb: x}}\n  from: {{outcome: x, function: above_zero}}\n  {rule}"
    with pytest.raises(ValueError, match="not both"):
        load_outcomes(entry(tmp_path, both))
    with pytest.raises(ValueError, match="needs a register"):
        load_outcomes(entry(tmp_path, rule))
    with pytest.raises(ValueError, match="no break flood_2019"):
        load_outcomes(entry(tmp_path, "breaks: [flood_2019]"))


def test_work_or_education_counts_either_and_is_one_state():
    rule = load_outcomes()["in_work_or_education_last_day"].rule
    assert rule == InState(State("last_day", Spells(("work", "education"))))


def test_other_parameters_of_a_rule_change_its_texts():
    outcome = outcome_with("earnings_above_g", multiple=2.5)
    assert (outcome.label["nb"], outcome.label["en"]) == ("arbeidsinntekt over 2,5 G", "earnings above 2.5 G")
    assert outcome.rule.multiple == 2.5
    assert load_outcomes()["earnings_above_g"].rule.multiple == 1


def test_breaks_are_dated_and_told_in_three_languages():
    for key, told in load_breaks().items():
        assert set(told) == {"date", "nb", "nn", "en"}, key
        assert date.fromisoformat(told["date"])


def test_rules_and_sources_share_out_what_outcomes_need():
    names = ["in_work_last_day", "any_earnings_in_year", "work_days", "hired"]
    assert sources(names) == ["annual_earnings_usd", "hired"]
    assert rules_of(names) == {name: load_outcomes()[name].rule for name in ("in_work_last_day", "work_days")}
    assert rules_of(["hired"]) == {}


def test_attributes_are_of_the_kind_that_rules_hold_them_against():
    assert attribute_kinds() == {"subsidised": "boolean", "share": "number", "plan": "text"}


def test_an_attribute_of_two_kinds_stops_the_program(monkeypatch):
    texts = {"label": {}, "phrase": {}, "definition": {}, "kind": "share", "timing": "point", "role": "work"}
    rules = {name: read_rule({"name": "last_day", "types": ["work"], "where": {"share": name}}) for name in ("1", "2")}
    rules["2"] = InState(State("last_day", read_spells(["work"], {"share": 1})))
    library = {name: module.Outcome(name=name, **texts, rule=rule) for name, rule in rules.items()}
    monkeypatch.setattr(module, "load_outcomes", lambda: library)
    with pytest.raises(ValueError, match="share: rules hold it against a text and a number"):
        attribute_kinds.__wrapped__()


def test_the_library_is_read_without_the_engines_that_carry_out_its_rules():
    check = "import sys, analysis.outcomes; print({'duckdb', 'pyarrow.parquet', 'scipy'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "set()"


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
