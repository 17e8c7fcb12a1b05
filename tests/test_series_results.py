"""The series of the synthetic cohort from counts to rows: the truth of its generator, and who stands behind what."""

import numpy as np
import pandas as pd
import pytest
import series_reports
import stages

from analysis.check_cohort import check_staggered
from analysis.problems import ProblemsFound
from analysis.release import release
from analysis.series.composition import FLOWS
from analysis.series.units import office_units, units_of
from analysis.synthetic import aap_youth as made_up
from analysis.tables import FEW_OFFICES, FUNNEL, SERIES

COUNTY, OFFICE = "Troms og Finnmark", "9360"
TRUTH = made_up.generate().truth
ESTIMATORS = {
    "interrupted_series",
    "quasi_binomial_did",
    "unit_change",
    "regression_to_the_mean",
    "before_after",
    "composition",
    "funnel",
}


def rows(**wanted):
    found = series_reports.estimated().estimates
    for column, value in wanted.items():
        found = found[found[column].isna() if value is None else found[column].eq(value).fillna(False)]
    return found


def only(**wanted):
    found = rows(**wanted)
    assert len(found) == 1
    return found.iloc[0]


def test_the_headline_stays_the_staggered_difference_and_the_series_stands_beside():
    primary = only(role="primary")
    assert (primary["estimator"], primary["term"]) == ("callaway_santanna", "simple")
    made = series_reports.estimated().estimates
    beside = made[made["estimator"].isin(ESTIMATORS)]
    assert set(beside["estimator"]) == ESTIMATORS
    assert set(beside["role"]) == {"secondary", "sensitivity"}
    # The single offices that the series names are given synthetic controls of their own.
    same, plain = (
        found[~found["estimator"].isin(ESTIMATORS) & ~found["spec"].str.contains("unit=")]
        for found in (series_reports.estimated().estimates, series_reports.estimated(series=None).estimates)
    )
    # Drawn assignments have the seed of the plan, and another plan has another.
    drawn = [~found["convention"].str.contains("drawn").fillna(False) for found in (same, plain)]
    same, plain = (found[kept].reset_index(drop=True) for found, kept in zip((same, plain), drawn, strict=True))
    pd.testing.assert_frame_equal(same, plain)


def test_one_county_has_no_p_value_in_any_row_of_the_series():
    beside = rows(estimator="interrupted_series")
    assert beside["p_value"].isna().all()
    assert set(beside.loc[beside["inference"].ne("rank_interval"), "reason"]) == {FEW_OFFICES}
    assert rows(estimator="quasi_binomial_did")["p_value"].isna().all()


@pytest.mark.parametrize("horizon", [6, 7, 14])
def test_what_is_left_after_regression_to_the_mean_holds_the_effect_that_was_put_in(horizon):
    month = {6: "2021-04", 7: "2021-05", 14: "2021-12"}[horizon]
    parts = rows(estimator="regression_to_the_mean", horizon_months=horizon).set_index("term")
    assert parts.loc["rest", "conf_low"] < TRUTH["effect"][month] < parts.loc["rest", "conf_high"]
    total = parts.loc[["elsewhere", "expected", "rest"], "estimate"].sum()
    assert total == pytest.approx(parts.loc["change", "estimate"], abs=1e-12)
    observed = TRUTH["observed_share"]
    assert parts.loc["change", "estimate"] == pytest.approx(observed[month] - observed["2020-10"], abs=1e-12)


def test_most_of_the_fall_to_may_was_to_be_expected_as_the_generator_knows():
    parts = rows(estimator="regression_to_the_mean", horizon_months=7).set_index("term")["estimate"]
    known = TRUTH["fall_2020-10_to_2021-05"]
    assert parts["elsewhere"] == pytest.approx(known["national_trend"], abs=0.005)
    assert parts["expected"] == pytest.approx(known["regression_to_the_mean"], abs=0.02)
    assert parts["elsewhere"] + parts["expected"] < 0.5 * parts["change"]


def test_the_county_fell_most_and_the_interval_of_its_rank_counts_those_that_can_be_told_from_it():
    own = only(estimator="unit_change", term="rank", group=COUNTY)
    assert (own["estimate"], own["df"], own["conf_low"]) == (1, 11, 1)
    assert own["conf_high"] == 11 - own["statistic"]
    assert 1 < own["conf_high"] < 11
    counties = rows(estimator="unit_change", term="rank", spec="main")
    assert sorted(counties["estimate"]) == list(range(1, 12))
    assert (counties["cluster_level"] == "county").all()


def test_the_office_stands_beside_offices_of_other_counties_and_not_of_its_own():
    cells = series_reports.estimated().office_cells
    units = office_units(cells, series_reports.OUTCOME, OFFICE)
    own = set(cells.loc[cells["county"].eq(COUNTY), "office_id"])
    assert set(units.names) & own == {OFFICE}
    assert len(units.names) == 53
    assert units.names[units.treated].tolist() == [OFFICE]
    moved = cells.assign(sum_y=cells["sum_y"].where(~cells["office_id"].isin(own - {OFFICE}), 1.0))
    again = office_units(moved, series_reports.OUTCOME, OFFICE)
    assert np.array_equal(units.y, again.y)
    rank = only(spec=f"office_{OFFICE}", estimator="unit_change", term="rank", horizon_months=6)
    assert (rank["n_offices_treated"], rank["n_offices_comparison"], rank["df"]) == (1, 52, 53)


def test_the_series_of_the_office_holds_the_effect_that_was_put_in():
    found = only(
        spec=f"office_{OFFICE}", estimator="interrupted_series", term="after", horizon_months=6, inference="ar1_reml"
    )
    assert found["conf_low"] < -0.08 < found["conf_high"]


def test_the_two_dates_have_their_shares_and_the_change_moves_with_the_dates():
    shares = {row["spec"]: row["estimate"] for _, row in rows(estimator="before_after", term="share").iterrows()}
    assert {name: f"{share:.1%}" for name, share in shares.items()} == {"before": "62.0%", "after": "52.0%"}
    change = only(estimator="before_after", inference="dates")
    observed = TRUTH["observed_share"]
    found = [
        observed[b] - observed[a] for a in ("2020-09", "2020-10", "2020-11") for b in ("2021-04", "2021-05", "2021-06")
    ]
    assert (change["conf_low"], change["conf_high"]) == pytest.approx((min(found), max(found)), abs=1e-12)


def test_entry_exit_and_stayers_sum_to_the_change_and_nothing_is_told_without_flows():
    for group, before, after in (("treated", 0.620055, 0.519671),):
        parts = rows(estimator="composition", group=group).set_index("term")["estimate"]
        assert parts[["entry", "exit", "stayers"]].sum() == pytest.approx(parts["total"], abs=1e-12)
        assert parts["total"] == pytest.approx(after - before, abs=1e-5)
        # Those who come have more often only medical treatment, by construction.
        assert parts["entry"] > 0
    without = series_reports.estimated(flows=False).estimates
    assert "composition" not in set(without["estimator"])


def test_the_flows_of_the_delivery_lead_from_stock_to_stock_at_every_office():
    known = series_reports.latent()
    stocks, counts = known["recipients"], known["counts"]
    assert (stocks[:, 1:] == stocks[:, :-1] + known["entered"] - known["left"]).all()
    assert all((known[name] >= 0).all() for name in ("entered", "left", "entered_with", "left_with"))
    assert (known["entered_with"] <= np.minimum(known["entered"], counts[:, 1:])).all()
    assert (known["left_with"] <= np.minimum(known["left"], counts[:, :-1])).all()
    stayed = stocks[:, 1:] - known["entered"]
    for kept in (counts[:, 1:] - known["entered_with"], counts[:, :-1] - known["left_with"]):
        assert ((kept >= 0) & (kept <= stayed)).all()
    assert set(FLOWS) <= set(series_reports.delivered()["aggregates"])


def test_the_series_and_the_funnel_are_released_with_their_columns():
    card, made = series_reports.card(), series_reports.estimated()
    tables = {"estimates": made.estimates, "series": made.series.series, "funnel": made.series.funnel}
    released = release(card, tables).tables
    assert list(released["series"]) == list(SERIES)
    assert list(released["funnel"]) == list(FUNNEL)
    assert set(released["series"]["unit"]) == {COUNTY, OFFICE}
    offices = released["funnel"].query("kind == 'office'")
    assert (len(offices), int((offices["arm"] == "treated").sum())) == (60, 8)


def test_the_checks_are_what_they_were_without_the_series():
    with_it, without = (
        check_staggered(card, made.estimates).record()
        for card, made in (
            (series_reports.card(), series_reports.estimated()),
            (series_reports.card(series=None), series_reports.estimated(series=None)),
        )
    )
    assert with_it == without


def test_a_series_with_holes_an_unknown_office_and_several_starts_are_refused():
    cells = series_reports.estimated().office_cells
    holes = cells[~(cells["county"].eq("Oslo") & cells["month"].eq(cells["month"].min()))]
    with pytest.raises(ProblemsFound, match="serien har hull"):
        units_of(holes, series_reports.OUTCOME, unit="county")
    with pytest.raises(ProblemsFound, match="kontoret 0000 har ingen tall"):
        office_units(cells, series_reports.OUTCOME, "0000")
    late = cells.assign(adoption_month=cells["adoption_month"].mask(cells["county"].eq("Oslo"), cells["month"].max()))
    with pytest.raises(ProblemsFound, match="2 ulike tidspunkter"):
        units_of(late, series_reports.OUTCOME, unit="county")
    short = cells[cells["month"] > cells["month"].min() + 12]
    with pytest.raises(ProblemsFound, match="minst 12 måneder før"):
        units_of(short, series_reports.OUTCOME, unit="county")


def test_the_order_of_the_rows_and_the_run_change_nothing():
    card, tables = series_reports.card(), series_reports.delivered()
    mixed = {name: frame.sample(frac=1, random_state=3) for name, frame in tables.items()}
    again = series_reports.estimate_staggered(
        card, series_reports.NOBODY, series_reports.NOBODY, **mixed, **stages.who(series_reports.COHORT)
    )
    pd.testing.assert_frame_equal(again.series.series, series_reports.estimated().series.series)
    pd.testing.assert_frame_equal(again.estimates, series_reports.estimated().estimates, rtol=1e-9, atol=1e-12)
