"""Known answers of the published cohorts (design.md, section 5), and what happens when the print does not fix one."""

import math

import numpy as np
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from analysis.estimate_published import estimate_published
from analysis.tables import FEW_OFFICES

NOV, MAY = 18, 24
CARD, FIGURES = stages.card(stages.HPMT), stages.figures(stages.HPMT)


def hpmt(**wanted):
    frame = stages.estimates(stages.HPMT)
    for column, value in wanted.items():
        frame = frame[frame[column].eq(value)]
    assert len(frame) == 1
    return frame.iloc[0]


def mentor(**wanted):
    frame = stages.estimates(stages.MENTOR)
    for column, value in wanted.items():
        frame = frame[frame[column].eq(value)]
    assert len(frame) == 1
    return frame.iloc[0]


@pytest.mark.parametrize(
    ("horizon", "k", "points"),
    [(NOV, (109, 59), 6.1003), (MAY, (113, 61), 6.3902)],
)
def test_one_integer_table_fits_both_dates_and_gives_the_known_difference(horizon, k, points):
    row = hpmt(horizon_months=horizon, inference="newcombe")
    assert (row["n_treated"], row["n_comparison"]) == (367, 250)
    assert row["estimate"] == k[0] / 367 - k[1] / 250
    assert 100 * row["estimate"] == pytest.approx(points, abs=5e-5)
    assert row["base_rate"] == k[1] / 250


@pytest.mark.parametrize(
    ("horizon", "inference", "low", "high"),
    [
        (NOV, "newcombe", -1.08, 12.96),
        (NOV, "miettinen_nurminen", -1.08, 13.02),
        (MAY, "newcombe", -0.86, 13.33),
        (MAY, "miettinen_nurminen", -0.86, 13.38),
    ],
)
def test_intervals_without_offices_are_the_known_ones(horizon, inference, low, high):
    row = hpmt(horizon_months=horizon, inference=inference)
    assert 100 * row["conf_low"] == pytest.approx(low, abs=5e-3)
    assert 100 * row["conf_high"] == pytest.approx(high, abs=5e-3)


@pytest.mark.parametrize(
    ("horizon", "inference", "p"),
    [(NOV, "pooled_z", 0.0947), (NOV, "fisher", 0.0982), (MAY, "pooled_z", 0.0833), (MAY, "fisher", 0.0845)],
)
def test_p_values_without_offices_are_the_known_ones(horizon, inference, p):
    assert hpmt(horizon_months=horizon, inference=inference)["p_value"] == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize(("icc", "p"), [(0, 0.109), (0.01, 0.160), (0.02, 0.205), (0.05, 0.310), (0.1, 0.422)])
def test_p_values_with_nine_and_nine_offices_are_the_known_ones(icc, p):
    row = hpmt(horizon_months=NOV, spec=f"icc={icc:g};size_cv=0")
    assert row["p_value"] == pytest.approx(p, abs=5e-4)
    assert row["df"] == 16
    assert row["cluster_level"] == "office"


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(CARD.published.two_arms.icc), st.sampled_from(CARD.published.two_arms.size_cv))
def test_the_standard_error_with_offices_is_the_formula_of_the_design_effect(icc, size_cv):
    row = hpmt(horizon_months=NOV, spec=f"icc={icc:g};size_cv={size_cv:g}")
    square = 0.0
    for k, n in ((109, 367), (59, 250)):
        p, size = k / n, (1 + size_cv**2) * n / 9
        square += p * (1 - p) / n * (1 + (size - 1) * icc)
    assert row["std_error"] == pytest.approx(math.sqrt(square), rel=1e-12)
    assert row["p_value"] == pytest.approx(2 * student_t.sf(row["estimate"] / math.sqrt(square), 16), rel=1e-10)


def test_the_primary_number_is_the_first_date_and_the_other_is_secondary():
    frame = stages.estimates(stages.HPMT)
    primary = frame[frame["role"] == "primary"]
    assert primary["horizon_months"].tolist() == [NOV]
    assert hpmt(horizon_months=MAY, inference="newcombe")["role"] == "secondary"


@pytest.mark.parametrize(("month", "tables"), [("2012-11", 36), ("2013-05", 39)])
def test_each_date_alone_is_fitted_by_many_tables(month, tables):
    scenarios = stages.published(stages.HPMT).scenarios
    own = scenarios[(scenarios["scope"] == "each_date_alone") & (scenarios["month"] == month)]
    assert own["table"].nunique() == tables
    joint = scenarios[scenarios["scope"] == "as_assumed"]
    assert joint["table"].nunique() == 1


@pytest.mark.parametrize(("inference", "low", "high"), [("wilson", 59.7, 83.8), ("clopper_pearson", 58.9, 85.1)])
def test_36_of_49_has_the_known_intervals(inference, low, high):
    row = mentor(outcome="hired", inference=inference)
    assert row["estimate"] == 36 / 49
    assert row["estimate"] == pytest.approx(0.7347, abs=5e-5)
    assert 100 * row["conf_low"] == pytest.approx(low, abs=0.05)
    assert 100 * row["conf_high"] == pytest.approx(high, abs=0.05)


@pytest.mark.parametrize("offices", [3, 5, 7, 10])
@pytest.mark.parametrize("icc", [0.02, 0.05, 0.1])
def test_hidden_offices_give_wilson_on_the_effective_number(offices, icc):
    row = mentor(outcome="hired", spec=f"offices={offices};icc={icc:g}")
    n = 49 / (1 + (49 / offices - 1) * icc)
    p, z = 36 / 49, 1.959963984540054
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert row["conf_low"] == pytest.approx(middle - reach, abs=1e-12)
    assert row["conf_high"] == pytest.approx(middle + reach, abs=1e-12)


def test_other_outcomes_of_one_arm_are_sums_of_stated_counts():
    for outcome, k in (("hired", 36), ("hired_or_apprentice", 38), ("hired_apprentice_or_education", 40)):
        assert mentor(outcome=outcome, inference="wilson")["estimate"] == k / 49


def test_one_arm_has_no_differences_and_no_p_value():
    frame = stages.estimates(stages.MENTOR)
    assert set(frame["scale"]) == {"share", "count"}
    assert set(frame.loc[frame["scale"] == "count", "estimator"]) == {"tipping_point"}
    assert frame["p_value"].isna().all()


def test_several_fitting_tables_leave_one_empty_row_per_date_with_the_reason():
    card = stages.changed(CARD, published__two_arms__same_persons=False)
    result = estimate_published(card, FIGURES, **stages.who("x"))
    assert result.estimates["status"].tolist() == ["not_estimated", "not_estimated"]
    assert result.estimates["reason"].tolist() == ["several_tables_fit", "several_tables_fit"]
    assert result.estimates["role"].tolist() == ["primary", "secondary"]
    assert result.estimates["estimate"].isna().all()
    assert result.attrition["persons"].isna().all()


def test_no_fitting_table_leaves_empty_rows_with_that_reason():
    figures = stages.changed(FIGURES, facts__3__value="29.75")
    result = estimate_published(CARD, figures, **stages.who("x"))
    assert set(result.estimates["reason"]) == {"no_table_fits"}
    assert result.estimates["estimate"].isna().all()
    assert (result.scenarios["scope"] == "each_date_alone").all()


def test_few_treated_offices_leave_no_p_value_anywhere():
    card = stages.changed(CARD, assignment__offices_treated=5)
    result = estimate_published(card, FIGURES, **stages.who("x"))
    differences = result.estimates[result.estimates["scale"] == "difference"]
    assert differences["p_value"].isna().all()
    assert differences["statistic"].isna().all()
    assert set(differences["reason"]) == {FEW_OFFICES}
    assert result.scenarios["p_value"].isna().all()
    assert differences.loc[differences["inference"] == "cluster_t", "conf_low"].notna().all()


def test_six_treated_offices_or_persons_assigned_keep_the_p_value():
    for change in (
        {"assignment__offices_treated": 6},
        {"assignment__offices_treated": 5, "assignment__unit": "person"},
    ):
        result = estimate_published(stages.changed(CARD, **change), FIGURES, **stages.who("x"))
        row = result.estimates.query("inference == 'pooled_z' and horizon_months == 18").iloc[0]
        assert row["p_value"] == pytest.approx(0.0947, abs=5e-5)


def test_unknown_offices_leave_the_intervals_without_them():
    card = stages.changed(CARD, assignment__offices_treated=None, assignment__offices_comparison=None)
    found = estimate_published(card, FIGURES, **stages.who("x")).estimates
    assert not found["inference"].eq("cluster_t").any()
    assert found.query("inference == 'newcombe'")["estimate"].notna().all()


def test_the_order_of_the_facts_changes_nothing():
    backwards = stages.changed(FIGURES, facts=[fact.model_dump(mode="json") for fact in reversed(FIGURES.facts)])
    found = estimate_published(CARD, backwards, **stages.who(stages.HPMT)).estimates
    assert found.equals(stages.estimates(stages.HPMT))


@settings(max_examples=6, deadline=None)
@given(st.integers(20, 180), st.integers(20, 180), st.data())
def test_the_table_behind_a_print_is_always_among_the_tables_found(n1, n2, data):
    counts = [(data.draw(st.integers(1, n1 - 1)), data.draw(st.integers(1, n2 - 1))) for _ in range(2)]

    def printed(k, n):
        return f"{(2000 * k + n) // (2 * n) / 10:.1f}"

    values = {3: printed(counts[0][0], n1), 4: printed(counts[0][1], n2)}
    values |= {5: printed(counts[1][0], n1), 6: printed(counts[1][1], n2), 1: str(n1 + n2)}
    figures = stages.changed(FIGURES, **{f"facts__{place}__value": value for place, value in values.items()})
    result = estimate_published(CARD, figures, **stages.who("x"))
    first = result.scenarios.query("scope == 'as_assumed' and month == '2012-11'")
    truth = first.query(f"n_treated == {n1} and k_treated == {counts[0][0]} and k_comparison == {counts[0][1]}")
    assert len(truth) > 0
    row = result.estimates.iloc[0]
    if row["status"] == "estimated":
        assert row["estimate"] == pytest.approx(counts[0][0] / n1 - counts[0][1] / n2, abs=1e-12)
    else:
        assert row["reason"] == "several_tables_fit"
        assert np.isnan(row["estimate"])
