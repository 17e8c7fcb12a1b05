import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.sensitivity.lee_bounds import imbens_manski, lee_bounds, worst_case_bounds

NAN = np.nan


def test_ten_against_eight_observed_by_hand():
    # Treated 1..10 all observed, eight of ten controls: a fifth is trimmed, 1..8 or 3..10 left; controls average 4.
    y = [*range(1, 11), 1, 2, 3, 4, 5, 6, 7, 4, NAN, NAN]
    found = lee_bounds(y, [1] * 10 + [0] * 10)
    assert [found.low, found.high] == pytest.approx([4.5 - 4, 6.5 - 4])
    assert [found.observed_treated, found.observed_control, found.trimmed] == pytest.approx([1, 0.8, 0.2])
    assert found.trimmed_group == "treated"


def test_the_group_with_more_observed_is_trimmed_whichever_it_is():
    y = [*range(1, 11), 1, 2, 3, 4, 5, 6, 7, 4, NAN, NAN]
    found, turned = lee_bounds(y, [1] * 10 + [0] * 10), lee_bounds(y, [0] * 10 + [1] * 10)
    assert turned.trimmed_group == "control"
    assert [turned.low, turned.high] == pytest.approx([-found.high, -found.low])
    assert [turned.conf_low, turned.conf_high] == pytest.approx([-found.conf_high, -found.conf_low])
    assert [turned.se_low, turned.se_high] == pytest.approx([found.se_high, found.se_low])


def test_shares_are_bounded_by_trimming_a_fraction_of_those_alike():
    # 60 of 100 treated observed have the outcome, a quarter is trimmed: 35/75 to 60/75; of 75 controls 30/75.
    y = [1] * 60 + [0] * 40 + [1] * 30 + [0] * 45 + [NAN] * 25
    found = lee_bounds(y, [1] * 100 + [0] * 100)
    assert [found.low, found.high] == pytest.approx([35 / 75 - 30 / 75, 60 / 75 - 30 / 75])
    # A third of one person stays where the cut falls inside a person.
    part = lee_bounds([1, 2, 3, 4, 1, 2, 3, NAN, 0, 5, NAN, NAN], [1] * 4 + [0] * 8)
    assert part.trimmed == pytest.approx(3 / 8)
    assert part.low == pytest.approx((1 + 2 + 0.5 * 3) / 2.5 - 11 / 5)


def test_the_errors_are_those_of_proposition_three_of_lee():
    rng = np.random.default_rng(2009)
    n = 3000
    d = np.arange(n) < n // 2
    s = rng.random(n) < np.where(d, 0.9, 0.7)
    y = np.where(s, rng.normal(d * 0.3, 1), NAN)
    found = lee_bounds(y, d.astype(int))
    a1, a0, share = s[d].mean(), s[~d].mean(), d.mean()
    p, x = 1 - a0 / a1, np.sort(y[d & s])
    kept = x[: round((1 - p) * len(x))]
    cut, mean = kept[-1], kept.mean()
    spread = kept.var() / (s[d].mean() * share * (1 - p)) + (cut - mean) ** 2 * p / (share * a1 * (1 - p))
    of_share = (1 - a1) / (share * a1) + (1 - a0) / ((1 - share) * a0)
    variance = spread + ((cut - mean) / (1 - p)) ** 2 * (1 - p) ** 2 * of_share + np.nanvar(y[~d]) / (a0 * (1 - share))
    assert found.se_low == pytest.approx(np.sqrt(variance / n), rel=2e-3)


def test_nothing_missing_is_the_difference_in_means_with_its_interval():
    y, d = np.array([1.0, 4, 2, 8, 3, 3, 9, 0]), np.repeat([1, 0], 4)
    found = lee_bounds(y, d)
    difference = y[:4].mean() - y[4:].mean()
    error = np.sqrt(8 / 7 * sum(part.var() / 4 for part in (y[:4], y[4:])))
    assert [found.low, found.high, found.se_low, found.se_high] == pytest.approx([difference, difference, error, error])
    assert found.conf_high - difference == pytest.approx(1.959964 * error, rel=1e-6)
    assert found.trimmed_group == "none"
    same = worst_case_bounds(y, d, smallest=0, largest=9)
    assert [same.low, same.conf_low] == pytest.approx([found.low, found.conf_low])


def test_the_worst_case_by_hand():
    # 3 of 4 treated known (1, 1, 0), 2 of 4 controls (1, 0): means 0.5 to 0.75 and 0.25 to 0.75.
    found = worst_case_bounds([1, 1, 0, NAN, 1, 0, NAN, NAN], [1] * 4 + [0] * 4, smallest=0, largest=1)
    assert [found.low, found.high] == pytest.approx([-0.25, 0.5])
    assert [found.observed_treated, found.observed_control] == [0.75, 0.5]


def test_the_interval_of_imbens_and_manski_goes_from_two_sided_to_one_sided():
    assert imbens_manski(0.0, 0.0, 1.0, 1.0) == pytest.approx((-1.959964, 1.959964), abs=1e-6)
    assert imbens_manski(0.0, 50.0, 1.0, 2.0) == pytest.approx((-1.644854, 50 + 2 * 1.644854), abs=1e-6)
    low, high = imbens_manski(0.0, 1.0, 0.8, 1.0)
    c = high - 1
    assert low == pytest.approx(-0.8 * c)
    assert stats.norm.cdf(c + 1) - stats.norm.cdf(-c) == pytest.approx(0.95, abs=1e-12)
    assert imbens_manski(0.0, 0.0, 1.0, 1.0, df=8)[1] == pytest.approx(stats.t.ppf(0.975, 8))
    assert imbens_manski(0.0, 1.0, 0.0, 0.0) == (0.0, 1.0)


def people(rng, n=600, effect=0.15):
    """Everybody's two outcomes and whether they are observed either way; being treated only ever adds observed."""
    weak = rng.normal(size=n)
    always, sometimes = weak > -0.4, weak > -0.9
    d = rng.permutation(np.arange(n) < n // 2)
    y0 = (rng.normal(size=n) + weak > 0).astype(float)
    y1 = np.maximum(y0, rng.random(n) < effect)
    seen = np.where(d, sometimes, always)
    return np.where(seen, np.where(d, y1, y0), NAN), d.astype(int), (y1 - y0)[always].mean(), (y1 - y0).mean()


def test_the_effect_of_those_always_observed_is_covered_where_the_difference_of_the_observed_is_biased():
    rng, draws = np.random.default_rng(20090701), 250
    inside, held, worst, naive = 0, 0, 0, []
    for _ in range(draws):
        y, d, always, everybody = people(rng)
        found = lee_bounds(y, d)
        inside += found.low <= always <= found.high
        held += found.conf_low <= always <= found.conf_high
        wide = worst_case_bounds(y, d, smallest=0, largest=1)
        worst += wide.conf_low <= everybody <= wide.conf_high
        naive.append(np.nanmean(y[d == 1]) - np.nanmean(y[d == 0]) - always)
    assert np.mean(naive) < -0.02
    assert held / draws >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / draws)
    assert worst / draws >= 0.95
    assert inside / draws > 0.6


def test_offices_that_are_alike_inside_make_the_interval_wider():
    rng = np.random.default_rng(3)
    office = np.repeat(np.arange(20), 30)
    d = (office % 2).astype(int)
    y = rng.normal(size=20)[office] + rng.normal(size=600)
    y[rng.random(600) < np.where(d, 0.1, 0.2)] = NAN
    persons, offices = lee_bounds(y, d), lee_bounds(y, d, clusters=office, df=18)
    assert [offices.low, offices.high] == [persons.low, persons.high]
    assert offices.se_low > 2 * persons.se_low
    again = lee_bounds(y, d, clusters=np.arange(600))
    assert again == persons


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: lee_bounds([NAN, 1.0], [1, 0]),
        lambda: lee_bounds([1.0, 1.0], [1, 2]),
        lambda: lee_bounds([1.0, np.inf], [1, 0]),
        lambda: lee_bounds([1.0, 2.0], [1, 0], clusters=[1]),
        lambda: worst_case_bounds([1.0, 2.0], [1, 0], smallest=0, largest=1),
        lambda: imbens_manski(1.0, 0.0, 1.0, 1.0),
    ],
)
def test_what_cannot_be_bounded_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        wrong()


ROWS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=8, max_size=60)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_the_bounds_hold_the_plain_difference_and_lie_within_the_worst_case(rows):
    y, d, seen = (np.array(part) for part in zip(*rows, strict=True))
    y = np.where(seen, y.astype(float), NAN)
    if not (seen & d).any() or not (seen & ~d).any():
        return
    found = lee_bounds(y, d.astype(int))
    plain = np.nanmean(y[d]) - np.nanmean(y[~d])
    assert found.low - 1e-9 <= plain <= found.high + 1e-9
    assert found.conf_low <= found.low <= found.high <= found.conf_high
    wide = worst_case_bounds(y, d.astype(int), smallest=0, largest=5)
    assert wide.low - 1e-9 <= plain <= wide.high + 1e-9
    missing = (1 - found.observed_treated) + (1 - found.observed_control)
    assert wide.high - wide.low == pytest.approx(5 * missing, abs=1e-9)
    moved = lee_bounds(2 * y + 7, d.astype(int))
    assert [moved.low, moved.se_high] == pytest.approx([2 * found.low, 2 * found.se_high], abs=1e-9)
