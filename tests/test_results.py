"""The table of estimates refuses rows that cannot be told apart, and a row has one name wherever it is read."""

import hashlib

import pandas as pd
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.files import read_csv, write_csv
from analysis.results import IDENTITY, TEXT_COLUMNS, estimate_id, estimates
from analysis.tables import ESTIMATES

ROW = {"cohort": "a", "estimator": "share", "horizon_months": 12, "scale": "share", "role": "primary", "spec": "main"}


def ids(frame):
    return [estimate_id(row) for _, row in frame.iterrows()]


def test_the_table_has_the_columns_and_types_of_the_contract():
    found = estimates([ROW], data_kind="published")
    assert list(found.columns) == list(ESTIMATES)
    assert found["horizon_months"].dtype == "Int64"
    assert found["estimate"].dtype == "float64"
    assert found.loc[0, ["status", "data_kind"]].tolist() == ["estimated", "published"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({**ROW, "colour": 1}, "unknown estimate columns: \\['colour'\\]"),
        ({**ROW, "role": "main"}, "unknown role: \\['main'\\]"),
        ({**ROW, "status": "maybe"}, "unknown status: \\['maybe'\\]"),
    ],
)
def test_unknown_columns_roles_and_statuses_are_refused(row, told):
    with pytest.raises(ValueError, match=told):
        estimates([row])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([name for name in IDENTITY if name in ("cohort", "group", "term", "inference", "convention")]))
def test_two_rows_with_the_same_identity_are_refused_and_one_difference_is_enough(column):
    with pytest.raises(ValueError, match="same identity"):
        estimates([ROW, {**ROW, "estimate": 0.5}])
    assert len(estimates([{**ROW, column: "one"}, {**ROW, column: "other"}])) == 2


@pytest.mark.parametrize("cohort", stages.ALL)
def test_no_shipped_cohort_has_two_rows_of_the_same_identity_or_name(cohort):
    frame = stages.estimates(cohort)
    assert not frame.duplicated(list(IDENTITY)).any()
    assert len(set(ids(frame))) == len(frame)


@pytest.mark.parametrize("cohort", stages.ALL)
def test_a_row_keeps_its_name_in_a_file(cohort, tmp_path):
    frame = stages.estimates(cohort)
    write_csv(frame, tmp_path / "estimates.csv")
    assert ids(read_csv(tmp_path / "estimates.csv", text=TEXT_COLUMNS)) == ids(frame)


@pytest.mark.parametrize("column", ["estimate", "std_error", "p_value", "conf_low", "n_treated", "reason", "run_id"])
def test_a_name_says_what_a_row_is_and_not_what_it_is_worth(column):
    other = {"reason": "few", "run_id": "f" * 12}.get(column, 7)
    assert ids(estimates([{**ROW, column: other}])) == ids(estimates([ROW]))


def test_a_name_is_ten_hex_digits_and_stays_the_same_over_versions():
    parts = ["a", "", "share", "", "12", "", "", "share", "", "", "", "primary", "main"]
    assert ids(estimates([ROW])) == [hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]]


@pytest.mark.parametrize("cohort", stages.ALL)
def test_a_number_that_could_not_be_estimated_keeps_its_row_with_a_reason(cohort):
    frame = stages.estimates(cohort)
    empty = frame[frame["status"] == "not_estimated"]
    assert empty["reason"].notna().all()
    assert frame.loc[frame["status"] == "estimated", "estimate"].notna().all()


@pytest.mark.parametrize("cohort", stages.ALL)
def test_shares_are_between_0_and_1_and_intervals_hold_their_estimate(cohort):
    frame = stages.estimates(cohort)
    shares = frame[frame["scale"] == "share"]
    assert shares[["estimate", "conf_low", "conf_high"]].stack().between(0, 1).all()
    bounded = frame[frame["conf_low"].notna()]
    assert (bounded["conf_low"] <= bounded["estimate"]).all()
    assert (bounded["estimate"] <= bounded["conf_high"]).all()


@pytest.mark.parametrize("cohort", stages.ALL)
def test_a_cohort_has_one_primary_number(cohort):
    frame = stages.estimates(cohort)
    assert (frame["role"] == "primary").sum() == 1
    assert pd.unique(frame["run_id"]).tolist() == [stages.DIGEST[:12]]
