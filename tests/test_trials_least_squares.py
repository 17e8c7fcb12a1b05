"""Least squares by cluster: coefficients, sums by cluster, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from least_squares_cases import answers, small, trial, two_way

from analysis.problems import ProblemsFound
from analysis.trials.cluster_robust import cluster_robust
from analysis.trials.least_squares import PART, dummies, least_squares


@pytest.mark.parametrize("key", ["ols", "ols_cov"])
def test_coefficients_are_those_of_r(key):
    assert trial(key).beta == pytest.approx(answers("i_crt18_a")[key]["CR0"]["beta"], rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_sums_by_cluster_are_those_of_the_rows(weighted):
    given_rows = small(1, weighted=weighted)
    fit = least_squares(**given_rows)
    w = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    z = fit.x @ fit.root
    assert fit.bread == pytest.approx(np.linalg.inv(fit.x.T @ (fit.x * w[:, None])), rel=1e-9, abs=1e-12)
    assert (z.T @ (z * w[:, None])).ravel() == pytest.approx(np.eye(3).ravel(), abs=1e-12)
    for code, rows in enumerate(fit.members()):
        assert (given_rows["clusters"][rows] == fit.labels[code]).all()
        assert fit.grams[code] == pytest.approx(z[rows].T @ (z[rows] * w[rows, None]), abs=1e-12)
        assert fit.scores[code] == pytest.approx(z[rows].T @ (w[rows] * fit.residuals[rows]), abs=1e-12)


def test_more_rows_than_one_part_give_the_same_in_any_order():
    rng = np.random.default_rng(3)
    n = PART + 5000
    x = pd.DataFrame({"constant": 1.0, "a": rng.normal(size=n), "b": rng.normal(size=n)})
    y, office = rng.normal(size=n), rng.integers(0, 7, n)
    mixed, sorted_rows = least_squares(y, x, office), np.argsort(office, kind="stable")
    in_order = least_squares(y[sorted_rows], x.iloc[sorted_rows], office[sorted_rows])
    assert mixed.beta == pytest.approx(np.linalg.lstsq(x.to_numpy(), y, rcond=None)[0], abs=1e-12)
    assert in_order.beta == pytest.approx(mixed.beta, abs=1e-12)
    assert in_order.scores == pytest.approx(mixed.scores, abs=1e-9)
    assert mixed.residuals[sorted_rows] == pytest.approx(in_order.residuals, abs=1e-12)


def test_a_calendar_year_and_its_square_cost_no_digits():
    rng = np.random.default_rng(5)
    year, office = rng.integers(2009, 2014, 400), np.arange(400) % 10
    treated = (office % 2) * 1.0
    y = rng.normal(size=400) + 0.1 * (year - 2011) ** 2
    for_years = [
        least_squares(y, pd.DataFrame({"c": 1.0, "t": treated, "a": since, "b": since**2}), office)
        for since in (year.astype("float64"), year - 2011.0)
    ]
    near, far = (cluster_robust(fit, "t") for fit in reversed(for_years))
    assert far.estimate == pytest.approx(near.estimate, rel=1e-9)
    assert far.std_error == pytest.approx(near.std_error, rel=1e-9)
    assert far.df == pytest.approx(near.df, rel=1e-9)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), weighted=st.booleans(), unit=st.sampled_from([1e-6, 0.01, 12.0, 1e7]))
def test_row_order_names_of_offices_and_units_change_nothing(seed, weighted, unit):
    rows = small(seed, weighted=weighted)
    found = cluster_robust(least_squares(**rows), "treated")
    order = np.random.default_rng(seed).permutation(len(rows["y"]))
    moved = least_squares(
        unit * rows["y"][order],
        rows["x"].iloc[order].assign(age=lambda x: x["age"] * unit + 5 * unit),
        np.array([f"office {9 - code}" for code in rows["clusters"]])[order],
        weights=None if rows["weights"] is None else 3 * rows["weights"][order],
    )
    again = cluster_robust(moved, "treated")
    assert again.estimate / unit == pytest.approx(found.estimate, rel=1e-8, abs=1e-10)
    assert again.std_error / unit == pytest.approx(found.std_error, rel=1e-8)
    assert again.df == pytest.approx(found.df, rel=1e-8)


def test_every_column_that_follows_from_others_is_named():
    rows = small(1)
    rows["x"] = rows["x"].assign(twice=2 * rows["x"]["age"] + 1, same=4.0, fine=rows["x"]["age"] ** 2, zero=0.0)
    with pytest.raises(ProblemsFound) as raised:
        least_squares(**rows)
    told = str(raised.value)
    assert "«twice»: kan regnes ut av «age»" in told
    assert "«same»: har samme verdi i alle rader" in told
    assert "«zero»: har samme verdi i alle rader" in told
    assert "fine" not in told
    without = rows["x"][["treated", "age"]].assign(zero=0.0)
    with pytest.raises(ProblemsFound, match="«zero»: er null i alle rader") as raised:
        least_squares(rows["y"], without, rows["clusters"])
    assert len(raised.value.problems) == 1


def test_fixed_effects_stand_among_the_columns():
    fit = two_way(False)
    assert fit.coefficient("d") == pytest.approx(answers("i_did24_a")["twfe"]["CR2"]["beta"], rel=1e-9)
    assert list(dummies(["b", "a", "c", "a"], "office").columns) == ["office b", "office c"]
    assert dummies(["b", "a", "c", "a"], "office")["office b"].tolist() == [1, 0, 0, 0]


def test_one_office_and_more_coefficients_than_rows_are_refused():
    rows = small(1)
    with pytest.raises(ProblemsFound, match="samme kontor"):
        least_squares(rows["y"], rows["x"], np.zeros(len(rows["y"])))
    with pytest.raises(ProblemsFound, match="3 rader er for få til 3"):
        least_squares(rows["y"][:3], rows["x"][:3], [1, 2, 3])


def test_missing_values_and_wrong_shapes_are_programming_errors():
    rows = small(1)
    y, x, clusters = rows["y"], rows["x"], rows["clusters"]
    hole = np.where(np.arange(len(y)) == 3, np.nan, y)
    for wrong in (
        lambda: least_squares(hole, x, clusters),
        lambda: least_squares(y, x.assign(age=hole), clusters),
        lambda: least_squares(y, x, np.where(np.arange(len(y)) == 3, np.nan, clusters)),
        lambda: least_squares(y, x, clusters, weights=np.zeros(len(y))),
        lambda: least_squares(y, x.assign(age="old"), clusters),
        lambda: least_squares(y, (["a", "a"], x.to_numpy()[:, :2]), clusters),
        lambda: least_squares(y[1:], x, clusters),
        lambda: least_squares(y, x, clusters[1:]),
        lambda: least_squares(y, x, clusters).coefficient("unknown"),
    ):
        with pytest.raises(ValueError, match="missing|above 0|numeric|distinct|rows|no column"):
            wrong()
