"""A seeded sample of the long study of series (`make soak` draws 1000 times)."""

from benchmarks.soak_series import BIAS, LEAST, lines, rest_coverage, series_coverage


def test_the_change_of_a_series_is_found_and_restricted_likelihood_covers_best():
    found = series_coverage(36, 22, 0.6, 40)
    assert all(abs(one.bias) < BIAS for one in found.values())
    assert found["ar1_reml"].covered > found["newey_west"].covered


def test_the_rest_of_a_county_chosen_for_its_bad_month_holds_zero():
    found = rest_coverage(11, 25)
    assert found.covered >= LEAST
    assert abs(found.bias) < BIAS


def test_the_study_prints_a_line_for_every_case():
    told = [line for line, _ in lines(3)]
    assert len(told) == 2 + 6 + 2 + 2
