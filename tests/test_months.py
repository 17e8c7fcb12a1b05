import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.months import month_number, month_numbers, month_text


def test_a_month_is_twelve_times_the_year_and_the_months_before_it():
    assert month_number("2012-11") == 24154
    assert month_text(24154) == "2012-11"
    assert month_number("2013-01") - month_number("2012-12") == 1


@given(st.integers(1000, 2700), st.integers(1, 12))
def test_text_and_number_are_each_others_inverse_and_fit_in_sixteen_bits(year, month):
    text = f"{year}-{month:02d}"
    assert month_text(month_number(text)) == text
    assert 0 < month_number(text) < 2**15


@pytest.mark.parametrize("text", ["", "2012", "2012-1", "2012-13", "2012-00", "2012-11-01", " 2012-11", "2012-11\n"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError, match="not a month"):
        month_number(text)


def test_a_column_keeps_what_is_missing_and_its_index():
    numbers = month_numbers(pd.Series(["2012-11", None, "2013-01"], index=[5, 6, 7], dtype="str"))
    assert numbers.dtype == "Int16"
    assert numbers.index.tolist() == [5, 6, 7]
    assert numbers.isna().tolist() == [False, True, False]
    assert numbers.dropna().tolist() == [24154, 24156]
