"""Offices that never adopted made to look as if they had: quiet where nothing moves them, loud where they drift."""

import control_reports
import numpy as np
import pandas as pd
import pytest
import restricted_cohorts as rc
import stages

from analysis.checks.placebo_offices import placebo_offices as check_of
from analysis.months import month_number
from analysis.placebo_offices import placebo_offices, untreated
from analysis.tables import OFFICE_CELLS

FIRST = month_number("2010-01")
CARD = stages.changed(stages.card(rc.STAGGERED), checks__placebo_office_draws=25)


def cells(*, adopting: int = 6, never: int = 14, seed: int = 1) -> pd.DataFrame:
    """Offices and months; those that adopt gain half, which no placebo may see."""
    draw, rows = np.random.default_rng(seed), []
    for office in range(adopting + never):
        adopted = FIRST + 12 + office % 3 if office < adopting else None
        for month in range(FIRST, FIRST + 24):
            share = 0.3 + (0.5 if adopted is not None and month >= adopted else 0.0)
            rows.append((f"{office:02d}", adopted, month, 400.0, float(draw.binomial(400, share))))
    table = pd.DataFrame(rows, columns=["office_id", "adoption_month", "month", "n", "sum_y"])
    y, n = table["sum_y"], table["n"]
    sums = {"sum_y2": y, "sum_w": n, "sum_wy": y, "sum_w2": n, "sum_w2y": y, "sum_w2y2": y}
    made = table.assign(outcome=CARD.outcomes.primary, horizon_months=12, county="x", **sums)
    return made.astype({"adoption_month": "Int16", "month": "Int16", "horizon_months": "Int16"})[list(OFFICE_CELLS)]


def test_offices_where_nothing_happened_give_about_as_many_findings_as_chance():
    drawn = placebo_offices(CARD, cells())
    check = check_of(CARD, drawn)
    assert check.verdict == "passed"
    assert abs(drawn["estimate"]).max() < 0.1  # the half that adopters gain is nowhere in it
    assert check.values["pretended"] <= 6


def test_intervals_that_find_something_in_every_other_draw_fail_the_check():
    check = check_of(CARD, control_reports.pretended(20))
    assert (check.verdict, check.value, check.threshold, check.downgrade) == ("failed", 0.5, 0.15, 1)


def test_the_same_plan_gives_the_same_draws():
    few = stages.changed(CARD, checks__placebo_office_draws=4)
    pd.testing.assert_frame_equal(placebo_offices(few, cells()), placebo_offices(few, cells()))


def test_later_adopters_stand_in_before_they_adopt():
    table = cells(adopting=12, never=2)
    left = untreated(table, "office_id")
    assert left["office_id"].nunique() == 14
    assert left["month"].max() < FIRST + 12
    few = untreated(cells(adopting=3, never=12), "office_id")
    assert (few["office_id"].nunique(), few["month"].max()) == (12, FIRST + 23)


@pytest.mark.parametrize(("adopting", "never"), [(1, 12), (6, 0)])
def test_one_treated_office_or_none_untreated_gives_no_draws(adopting, never):
    table = cells(adopting=adopting, never=never)
    if never == 0:
        table = table[table["month"] >= FIRST + 14]
    assert placebo_offices(CARD, table).empty
    assert check_of(CARD, placebo_offices(CARD, table)) is None


def test_draws_that_are_too_few_are_not_judged():
    assert check_of(CARD, control_reports.pretended(0, draws=19)) is None
    assert check_of(CARD, control_reports.pretended(2, draws=20)).verdict == "passed"
