"""Weights on the simplex against other optimisers, on cases with a known answer, and what must not matter."""

import numpy as np
import pytest
import synthetic_units
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis.staggered.simplex import simplex_weights

SHAPES = [(30, 8), (12, 40), (25, 25)]
RIDGES = [0.0, 0.5]


def drawn(seed, months, donors, *, apart=1.0):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(months, donors))
    return columns, columns @ rng.dirichlet(np.full(donors, 0.3)) + apart * rng.normal(size=months)


def objective(weights, columns, target, ridge):
    return ((columns @ weights - target) ** 2).sum() + ridge * (weights**2).sum()


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize(("months", "donors"), SHAPES)
def test_projected_gradients_find_the_same_weights_and_objective(months, donors, ridge):
    for seed in range(5):
        columns, target = drawn(seed, months, donors)
        found = simplex_weights(columns, target, ridge=ridge)
        other = synthetic_units.by_gradients(columns, target, ridge)
        assert found.weights == pytest.approx(other, abs=1e-9)
        assert found.objective == pytest.approx(objective(other, columns, target, ridge), rel=1e-10)
        assert found.weights.min() >= 0
        assert found.weights.sum() == pytest.approx(1, abs=1e-14)


def test_sequential_quadratic_programming_comes_no_lower_and_lands_on_the_same_weights():
    for seed in range(6):
        columns, target = drawn(seed, 30, 8)
        found = simplex_weights(columns, target, ridge=0.1)
        other = minimize(
            objective,
            np.full(8, 1 / 8),
            args=(columns, target, 0.1),
            jac=lambda w, x, t, r: 2 * (x.T @ (x @ w - t) + r * w),
            method="SLSQP",
            bounds=[(0, 1)] * 8,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(8)},
            options={"ftol": 1e-15, "maxiter": 500},
        )
        assert found.weights == pytest.approx(other.x, abs=1e-6)
        assert found.objective <= other.fun + 1e-9
        assert found.objective == pytest.approx(other.fun, abs=1e-6)


def test_the_dual_bounds_the_objective_from_below_at_the_answer():
    # min ‖Dw‖² over the simplex = max over y of 2·min_j(d_j·y) − ‖y‖², reached at y = Dw.
    for seed in range(5):
        columns, target = drawn(seed, 12, 40)
        found = simplex_weights(columns, target)
        apart = columns - target[:, None]
        y = apart @ found.weights
        assert 2 * (apart.T @ y).min() - y @ y == pytest.approx(found.objective, abs=1e-9)


def test_the_conditions_of_karush_kuhn_and_tucker_hold():
    columns, target = drawn(7, 25, 25)
    found = simplex_weights(columns, target, ridge=0.2)
    gradient = columns.T @ (columns @ found.weights - target) + 0.2 * found.weights
    least = gradient.min()
    assert gradient[found.weights > 0] == pytest.approx(np.full((found.weights > 0).sum(), least), abs=1e-10)
    assert found.gap < 1e-10


def test_a_target_that_is_a_mixture_is_met_exactly():
    columns = np.random.default_rng(3).normal(size=(10, 4))
    found = simplex_weights(columns, columns @ [0.5, 0.0, 0.2, 0.3])
    assert found.weights == pytest.approx([0.5, 0.0, 0.2, 0.3], abs=1e-12)
    assert found.objective == pytest.approx(0, abs=1e-20)
    assert found.unique


def test_a_donor_that_is_alike_shares_the_weight_and_the_answer_says_that_it_is_one_of_many():
    columns, target = drawn(1, 12, 5)
    alone = simplex_weights(columns, target)
    most = int(alone.weights.argmax())
    twice = simplex_weights(np.column_stack([columns, columns[:, most]]), target)
    assert alone.unique
    assert not twice.unique
    assert twice.weights[[most, 5]] == pytest.approx(np.full(2, alone.weights[most] / 2), abs=1e-9)


def test_of_many_perfect_fits_the_one_with_the_least_squares_is_taken():
    rng = np.random.default_rng(5)
    columns = rng.normal(size=(6, 30))
    target = columns @ np.full(30, 1 / 30)
    found = simplex_weights(columns, target)
    assert not found.unique
    # Equal weights have the least Σw² of all.
    assert found.weights == pytest.approx(np.full(30, 1 / 30), abs=1e-9)


def test_an_intercept_is_what_is_left_of_the_level():
    columns, target = drawn(2, 30, 6)
    plain, moved = (simplex_weights(columns, target + shift, intercept=True) for shift in (0.0, 100.0))
    assert moved.weights == pytest.approx(plain.weights, abs=1e-9)
    assert moved.intercept - plain.intercept == pytest.approx(100, abs=1e-9)
    rest = target - plain.intercept - columns @ plain.weights
    assert rest.mean() == pytest.approx(0, abs=1e-12)


def test_importance_is_repetition():
    columns, target = drawn(4, 10, 6)
    times = np.array([1, 2, 3, 1, 1, 2, 1, 1, 4, 1])
    for intercept in (False, True):
        weighed = simplex_weights(columns, target, importance=times, intercept=intercept)
        again = simplex_weights(np.repeat(columns, times, axis=0), np.repeat(target, times), intercept=intercept)
        assert weighed.weights == pytest.approx(again.weights, abs=1e-10)
        assert weighed.intercept == pytest.approx(again.intercept, abs=1e-10)


def test_a_heavy_penalty_makes_weights_equal_and_a_single_donor_has_all():
    columns, target = drawn(6, 20, 7)
    assert simplex_weights(columns, target, ridge=1e9).weights == pytest.approx(np.full(7, 1 / 7), abs=1e-6)
    assert simplex_weights(columns[:, :1], target).weights == pytest.approx([1.0])


def test_donors_that_all_equal_the_target_weigh_alike():
    found = simplex_weights(np.ones((5, 3)), np.ones(5))
    assert found.weights == pytest.approx(np.full(3, 1 / 3))
    assert not found.unique


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_missing_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        simplex_weights(np.array([[1.0, bad], [0.0, 1.0]]), np.ones(2))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.sampled_from(SHAPES),
    scale=st.sampled_from([1e-6, 1e-3, 10.0, 1e6]),
    apart=st.sampled_from([0.0, 0.3, 2.0]),
)
def test_neither_order_nor_unit_nor_level_nor_donors_without_weight_matter(seed, shape, scale, apart):
    columns, target = drawn(seed, *shape, apart=apart)
    plain = simplex_weights(columns, target)
    order = np.random.default_rng(seed + 1).permutation(shape[1])
    assert simplex_weights(columns[:, order], target).weights == pytest.approx(plain.weights[order], abs=1e-7)
    assert simplex_weights(scale * columns, scale * target).weights == pytest.approx(plain.weights, abs=1e-7)
    assert simplex_weights(columns + 5, target + 5).weights == pytest.approx(plain.weights, abs=1e-7)
    kept = plain.weights > 0
    assert simplex_weights(columns[:, kept], target).weights == pytest.approx(plain.weights[kept], abs=1e-7)
