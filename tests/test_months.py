import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.months import month_number, month_text


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
