"""Numbers, dates and intervals as the glossary writes them, in each language."""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report.language import Language, nice_ticks

NB, NN, EN = (Language(*names) for names in (("nb", "nb_NO"), ("nn", "nn_NO"), ("en", "en_GB")))
NBSP, MINUS = "\u00a0", "\u2212"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (1794.34, 0, "1794"),
        (9999.5, 0, f"10{NBSP}000"),
        (15992, 0, f"15{NBSP}992"),
        (1234567, 0, f"1{NBSP}234{NBSP}567"),
        (-8497.516, 0, f"{MINUS}8498"),
        (-0.04, 1, "0,0"),
        (0.125, 2, "0,13"),
        (2.675, 2, "2,68"),
        (-0.5, 0, f"{MINUS}1"),
        (1e-9, 2, "0,00"),
    ],
)
def test_numbers_have_a_decimal_comma_a_free_thousand_mark_and_round_half_up(value, decimals, text):
    assert NB.number(value, decimals) == text


def test_a_plus_sign_stands_only_before_what_is_above_zero_after_rounding():
    assert NB.number(0.061, 1, sign=True) == "+0,1"
    assert NB.number(0.0, 1, sign=True) == "0,0"
    assert NB.number(0.004, 1, sign=True) == "0,0"
    assert NB.number(-0.2, 1, sign=True) == f"{MINUS}0,2"


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e9, 1e9, allow_nan=False), st.integers(0, 4))
def test_a_printed_number_reads_back_as_the_value_rounded_half_up(value, decimals):
    text = NB.number(value, decimals)
    assert re.fullmatch(rf"{MINUS}?\d{{1,4}}(?:,\d+)?|{MINUS}?\d{{1,3}}(?:{NBSP}\d{{3}})+(?:,\d+)?", text)
    back = Decimal(text.replace(NBSP, "").replace(MINUS, "-").replace(",", "."))
    assert back == Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    assert "-" not in text
    assert not re.fullmatch(rf"{MINUS}[0,]+", text)


@pytest.mark.parametrize(
    ("share", "base", "text"),
    [
        (0.297, None, f"29,7{NBSP}%"),
        (0.7347, 49, f"73{NBSP}%"),
        (0.7347, 99, f"73{NBSP}%"),
        (0.7347, 100, f"73,5{NBSP}%"),
        (1.0, 250, f"100,0{NBSP}%"),
    ],
)
def test_shares_have_one_decimal_and_none_below_a_base_of_100(share, base, text):
    assert NB.percent(share, base) == text


def test_english_has_a_point_and_no_space_before_the_sign():
    assert EN.percent(0.297) == "29.7%"
    assert EN.number(15992) == "15,992"
    assert EN.number(-1.25, 1) == f"{MINUS}1.3"


def test_points_are_a_hundred_times_the_difference_with_one_decimal():
    assert NB.points(0.061003) == "6,1"
    assert NB.points(-0.00864, sign=True) == f"{MINUS}0,9"
    assert NB.points(0.063902, sign=True) == "+6,4"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0947, f"={NBSP}0,09"),
        (0.205, f"={NBSP}0,21"),
        (0.0095, f"={NBSP}0,01"),
        (0.0094, f"={NBSP}0,009"),
        (0.001, f"={NBSP}0,001"),
        (0.0009999, f"<{NBSP}0,001"),
        (0.0, f"<{NBSP}0,001"),
        (1.0, f"={NBSP}1,00"),
    ],
)
def test_p_values_are_never_zero(p, text):
    assert NB.p_value(p) == text


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 1))
def test_no_p_value_is_printed_as_zero(p):
    assert not re.search(r"= ?\u00a00,0+$", NB.p_value(p))


def test_dates_and_months_are_written_out():
    assert NB.date(dt.date(2011, 3, 1)) == "1. mars 2011"
    assert NB.month("2012-11") == "november 2012"
    assert NN.month("2013-05") == "mai 2013"
    assert EN.date(dt.date(2026, 11, 21)) == "21 November 2026"


@settings(max_examples=100, deadline=None)
@given(st.floats(-1000, 1000), st.floats(0.001, 2000))
def test_ticks_cover_the_range_in_even_steps_with_zero_when_it_lies_inside(low, width):
    ticks = nice_ticks(low, low + width)
    assert ticks[0] <= low + 1e-6 * width
    assert ticks[-1] >= low + width - 1e-6 * width
    assert 2 <= len(ticks) <= 11
    steps = {round(b - a, 9) for a, b in zip(ticks, ticks[1:], strict=False)}
    assert max(steps) - min(steps) <= 1e-6 * max(steps)
    if low < 0 < low + width:
        assert any(abs(tick) < 1e-9 for tick in ticks)
