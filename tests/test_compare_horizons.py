"""One column per time: an effect on being in work at that time stands there, and nothing else takes its place."""

import pandas as pd
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.compare import CohortResult
from analysis.compare_horizons import COLUMNS, MONTHS, horizons
from analysis.results import estimates

BASE = stages.changed(stages.card(stages.HPMT), published=None)
GRADE = {"grade": "low", "verbs": "adjusted"}


def row(**values):
    base = {"outcome": "in_paid_work", "horizon_months": 12, "scale": "difference", "role": "primary", "estimate": 0.1}
    return {**base, "conf_low": 0.0, "conf_high": 0.2, "base_rate": 0.2, "spec": "main", **values}


def table(*rows, card=BASE):
    found = horizons({"a": CohortResult(card, estimates(list(rows)), GRADE)})
    return found.set_index("months")


def shipped(cohort):
    result = CohortResult(stages.card(cohort), stages.estimates(cohort), stages.material(cohort).grade)
    return horizons({cohort: result}).set_index("months")


def test_hpmt_stands_at_18_and_24_months_with_the_interval_of_its_text():
    found = shipped(stages.HPMT)
    assert found.loc[[18, 24], "estimate"].round(3).tolist() == [0.061, 0.064]
    assert found.loc[18, ["conf_low", "conf_high"]].astype("float64").round(3).tolist() == [-0.037, 0.159]
    assert found.loc[18, "assumed_icc"] == 0.02
    assert found.loc[18, "ratio"] == pytest.approx(0.297003 / 0.236, abs=1e-5)
    assert found["reason"].tolist()[:2] == ["not_measured", "not_measured"]
    assert found.loc[36, "reason"] == "follow_up_too_short"


@pytest.mark.parametrize(
    ("cohort", "reason"),
    [
        ("mentor_hybrid", "other_outcome"),
        ("aap_youth", "other_outcome"),
        ("ips_seed", "other_outcome"),
        ("supported_employment", "no_figures"),
        ("youth_teams", "exposures_only"),
        ("nav_benchmarks", "benchmarks_only"),
        ("ips_trial", "several_tables_fit"),
    ],
)
def test_what_is_no_effect_on_work_at_a_time_has_no_number_in_any_column(cohort, reason):
    found = shipped(cohort)
    assert found["reason"].tolist() == [reason] * len(MONTHS)
    assert found[["estimate", "conf_low", "conf_high", "ratio"]].isna().all(axis=None)


def test_nothing_is_carried_forward_to_a_later_column():
    found = table(row(), row(horizon_months=18, role="secondary", estimate=0.3))
    assert found["estimate"].dropna().to_dict() == {12: 0.1, 18: 0.3}
    assert found["reason"].dropna().to_dict() == {
        6: "not_measured",
        24: "follow_up_too_short",
        36: "follow_up_too_short",
    }


@pytest.mark.parametrize("other", [{"outcome": "any_earnings_in_year"}, {"spec": "caliper"}, {"inference": "cr2"}])
def test_another_analysis_at_another_time_does_not_stand_beside_the_headline(other):
    found = table(row(), row(horizon_months=18, role="secondary", estimate=0.3, **other))
    assert pd.isna(found.loc[18, "estimate"])


def test_a_share_of_one_group_is_no_effect():
    assert set(table(row(scale="share"))["reason"]) == {"no_comparison_group"}


def test_a_headline_without_a_time_stands_in_no_column():
    assert set(table(row(horizon_months=None))["reason"]) == {"time_unknown"}


def test_a_hidden_headline_says_why_and_leaves_every_column_empty():
    found = table(row(estimate=None, status="not_estimated", reason="few_persons"))
    assert set(found["reason"]) == {"few_persons"}
    assert found["estimate"].isna().all()


def test_a_number_that_may_not_be_shown_is_said_to_be_hidden_and_not_to_be_unmeasured():
    found = table(row(), row(horizon_months=18, role="secondary", estimate=None))
    assert found["reason"].dropna().to_dict()[18] == "hidden"
    assert set(table(row(estimate=None))["reason"]) == {"hidden"}


def test_a_cohort_that_is_only_described_says_so_in_every_column():
    card = stages.changed(BASE, analysis="describe", horizons=[12])
    assert set(table(card=card)["reason"]) == {"described"}


def test_without_a_known_base_rate_there_is_no_relative_effect():
    assert pd.isna(table(row(base_rate=None)).loc[12, "ratio"])
    assert pd.isna(table(row(base_rate=0.0)).loc[12, "ratio"])


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)), st.lists(st.floats(-0.5, 0.5), min_size=4, max_size=4))
def test_row_order_changes_nothing_and_effects_do_not_order_cohorts(order, effects):
    rows = [
        row(horizon_months=months, estimate=effect, role="primary" if months == 12 else "secondary")
        for months, effect in zip((12, 18, 24, 36), effects, strict=True)
    ]
    found = table(*rows)
    pd.testing.assert_frame_equal(found, table(*(rows[place] for place in order)))
    names = ("b", "a", "c")
    several = horizons({name: CohortResult(BASE, estimates([row(estimate=effects[0])]), GRADE) for name in names})
    assert several["cohort"].drop_duplicates().tolist() == ["a", "b", "c"]


def test_every_cohort_has_a_row_for_every_column_and_the_columns_of_the_contract():
    found = horizons(
        {"a": CohortResult(BASE, estimates([]), GRADE), "b": CohortResult(BASE, estimates([row()]), GRADE)}
    )
    assert tuple(found.columns) == COLUMNS
    assert found.groupby("cohort")["months"].apply(tuple).to_dict() == {"a": MONTHS, "b": MONTHS}
