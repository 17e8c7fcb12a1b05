"""Propensity scores: equal to R's, equal for equal persons, and clear about what cannot be fitted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbour_cases import frame as frame_of
from neighbour_cases import reference
from scipy.special import expit

from analysis import scores as module
from analysis.problems import ProblemsFound
from analysis.scores import as_float64, distinct_rows, fit_scores

REFERENCE = Path(__file__).parent / "reference" / "matching"
FORMULA = "age + educ + race + married + nodegree + re74 + re75"


@pytest.fixture(scope="module")
def lalonde():
    return pd.read_csv(REFERENCE / "lalonde.csv")


@pytest.fixture
def sample():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"a": rng.normal(size=400), "b": rng.integers(0, 3, 400).astype("int8")})
    return frame.assign(group=rng.choice(["x", "y", "z"], 400), treated=rng.random(400) < expit(frame["a"]))


def told(frame, formula, treated):
    with pytest.raises(ProblemsFound) as caught:
        fit_scores(frame, formula, treated)
    return str(caught.value)


@pytest.mark.parametrize(("data", "link"), [(d, k) for d in ("lalonde", "navsyn_a") for k in ("logit", "linear_logit")])
def test_scores_equal_those_of_r(data, link):
    # R's glm stops at a deviance change of 1e-8, which is what the tolerance reflects.
    meta = reference(data)["meta"]
    scores = fit_scores(frame_of(data), meta["formula"].split("~")[1], frame_of(data)[meta["treated"]])
    got = scores.probability if link == "logit" else scores.linear
    np.testing.assert_allclose(got, reference(data)["scores"][link], rtol=0, atol=1e-7)
    assert scores.converged


def test_scores_equal_those_of_statsmodels_and_sampling_weights_those_of_its_glm(sample):
    design = sm.add_constant(sample[["a", "b"]].astype(float))
    plain = sm.Logit(sample["treated"].astype(float), design).fit(disp=False, tol=1e-13, method="newton")
    scores = fit_scores(sample, "a + b", sample["treated"])
    np.testing.assert_allclose(scores.probability, plain.predict(), rtol=0, atol=1e-12)
    weights = np.random.default_rng(1).uniform(0.5, 4, 400)
    glm = sm.GLM(sample["treated"].astype(float), design, family=sm.families.Binomial(), freq_weights=weights)
    weighted = fit_scores(sample, "a + b", sample["treated"], sampling_weights=weights)
    expected = glm.fit(tol=1e-14, tol_criterion="params", maxiter=100)
    np.testing.assert_allclose(weighted.coefficients, expected.params, rtol=0, atol=1e-10)
    np.testing.assert_allclose(weighted.probability, expected.predict(), rtol=0, atol=1e-10)


def test_a_sampling_weight_of_three_is_three_persons(sample):
    times = np.random.default_rng(2).integers(1, 4, 400)
    weighted = fit_scores(sample, "a + C(group)", sample["treated"], sampling_weights=times.astype(float))
    copies = sample.loc[np.repeat(sample.index, times)]
    repeated = fit_scores(copies, "a + C(group)", copies["treated"])
    np.testing.assert_allclose(repeated.coefficients, weighted.coefficients, atol=1e-11)
    assert repeated.log_likelihood == pytest.approx(weighted.log_likelihood, rel=1e-12)


def test_scores_fitted_on_some_are_missing_for_the_others(sample):
    keep = (sample["a"] > -1).to_numpy()
    some = fit_scores(sample, "a + b", sample["treated"], keep=keep)
    alone = fit_scores(sample[keep], "a + b", sample.loc[keep, "treated"])
    np.testing.assert_array_equal(some.linear[keep], alone.linear)
    assert np.isnan(some.probability[~keep]).all()


def test_a_quarter_of_a_million_persons_get_the_scores_of_statsmodels():
    rng = np.random.default_rng(12)
    frame = pd.DataFrame(rng.normal(size=(250_000, 3)), columns=["a", "b", "c"]).round(2)
    treated = rng.random(250_000) < expit(-2 + frame["a"] - 0.5 * frame["b"])
    plain = sm.Logit(treated.astype(float), sm.add_constant(frame)).fit(disp=False, tol=1e-13, method="newton")
    scores = fit_scores(frame, "a + b + c", treated)
    np.testing.assert_allclose(scores.coefficients, plain.params, rtol=0, atol=1e-10)
    np.testing.assert_allclose(scores.linear, plain.fittedvalues, rtol=0, atol=1e-10)


def test_coefficients_are_in_the_units_of_the_frame_and_equal_statsmodels(lalonde):
    formula = "age + I(age**2) + educ + re74"
    fitted = fit_scores(lalonde, formula, lalonde["treat"])
    design = sm.add_constant(lalonde.eval("age2 = age ** 2")[["age", "age2", "educ", "re74"]].astype(float))
    plain = sm.Logit(lalonde["treat"], design).fit(disp=False, tol=1e-12)
    np.testing.assert_allclose(fitted.coefficients, plain.params, rtol=1e-7)
    assert fitted.log_likelihood == pytest.approx(plain.llf, rel=1e-12)


def test_the_mean_score_is_the_share_treated(sample):
    scores = fit_scores(sample, "a + b + C(group)", sample["treated"])
    assert scores.probability.mean() == pytest.approx(sample["treated"].mean(), abs=1e-12)


def test_a_known_model_is_recovered():
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"x": rng.normal(size=40_000), "u": rng.integers(0, 2, 40_000)})
    treated = rng.random(40_000) < expit(-1 + 0.5 * frame["x"] + 0.8 * frame["u"])
    coefficients = fit_scores(frame, "x + u", treated).coefficients
    # Three standard errors of a logit coefficient at this size are below 0.08.
    np.testing.assert_allclose(coefficients[["Intercept", "x", "u"]], [-1, 0.5, 0.8], atol=0.08)


def test_squares_of_small_integers_do_not_overflow():
    rng = np.random.default_rng(2)
    age = rng.integers(16, 60, 500)
    treated = rng.random(500) < 0.3
    small = fit_scores(pd.DataFrame({"age": age.astype("int8")}), "age + I(age**2)", treated)
    large = fit_scores(pd.DataFrame({"age": age.astype("int64")}), "age + I(age**2)", treated)
    np.testing.assert_array_equal(small.linear, large.linear)
    plain = sm.Logit(treated, np.column_stack([np.ones(500), age, age.astype(float) ** 2])).fit(disp=False, tol=1e-12)
    np.testing.assert_allclose(large.coefficients, plain.params, rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_equal_persons_get_equal_scores_to_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.integers(18, 25, 200), "income": rng.choice([0.1, 0.7, 1.3], 200)})
    treated = np.arange(200) % 3 == 0
    scores = fit_scores(frame, "poly(age, 2) + income + age:income", treated)
    spread = pd.Series(scores.linear).groupby([frame["age"], frame["income"]]).nunique()
    assert spread.eq(1).all()
    assert scores.n_distinct == len(spread)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_scores_do_not_depend_on_units_or_row_order(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"income": rng.gamma(2, 1e5, 300), "age": rng.integers(18, 66, 300)})
    treated = rng.random(300) < 0.4
    scores = fit_scores(frame, "income + age", treated).linear
    rescaled = fit_scores(frame.assign(income=frame["income"] / 1000), "income + age", treated).linear
    order = rng.permutation(300)
    shuffled = fit_scores(frame.iloc[order], "income + age", treated[order]).linear
    np.testing.assert_allclose(rescaled, scores, atol=1e-9)
    np.testing.assert_allclose(shuffled, scores[order], atol=1e-9)


def test_missing_values_are_told_for_every_column_at_once(sample):
    frame = sample.assign(c=pd.array([None, *[1] * 399], dtype="Int8"))
    frame.loc[3, "a"] = np.nan
    frame.loc[5, "group"] = None
    text = told(frame, "a + c + C(group)", sample["treated"])
    assert all(f"«{name}»" in text for name in ("a", "c", "group"))
    assert "«b»" not in text


def test_a_logarithm_of_zero_is_told_by_the_name_of_the_term(sample):
    text = told(sample, "log(b)", sample["treated"])
    assert "«log(b)»" in text


@pytest.mark.filterwarnings("error")
def test_groups_without_overlap_are_told(sample):
    assert "«a»" in told(sample, "a", sample["a"] > 0)


@pytest.mark.filterwarnings("error")
def test_a_rare_category_held_by_treated_only_is_named(sample):
    frame = sample.assign(rare=sample["treated"] & (sample["b"] == 2))
    text = told(frame, "a + rare", sample["treated"])
    assert "«rare»" in text
    assert "«a»" not in text


def test_a_strong_covariate_with_overlap_is_not_taken_for_separation(sample):
    # Two persons on the wrong side are enough for a finite answer.
    wrong = sample["a"].rank().isin([150, 250])
    almost = (sample["a"] > sample["a"].median()) ^ wrong
    assert fit_scores(sample, "a", almost).converged


def test_columns_that_follow_from_others_are_named(sample):
    text = told(sample.assign(c=2 * sample["a"] - sample["b"]), "a + b + c", sample["treated"])
    assert "«a», «b», «c»" in text


def test_a_column_that_is_the_same_for_all_is_named(sample):
    assert "«c»" in told(sample.assign(c=7), "a + c", sample["treated"])


def test_a_large_level_is_not_taken_for_collinearity(sample):
    shifted = fit_scores(sample.assign(a=sample["a"] + 1e6), "a + b", sample["treated"])
    np.testing.assert_allclose(shifted.linear, fit_scores(sample, "a + b", sample["treated"]).linear, atol=1e-8)


def test_unused_categories_do_no_harm(sample):
    group = pd.Categorical(sample["group"], categories=["w", "x", "y", "z"])
    plain = fit_scores(sample, "a + C(group)", sample["treated"])
    np.testing.assert_allclose(
        fit_scores(sample.assign(group=group), "a + C(group)", sample["treated"]).linear, plain.linear, atol=1e-12
    )


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a + nope", "«nope»"),
        ("__import__(a)", "«__import__»"),
        ("a + {a.size}", "tegnene"),
        ("a +", "kan ikke leses"),
        ("", "kan ikke leses"),
        ("0 + a", "konstantleddet"),
        ("treated ~ a", "tegnene"),
    ],
)
def test_formulas_that_cannot_be_used_are_refused(sample, formula, expected):
    assert expected in told(sample, formula, sample["treated"])


def test_an_empty_group_is_told(sample):
    assert "sammenligningsgruppen er tom" in told(sample, "a", np.ones(400))
    assert "tiltaksgruppen er tom" in told(sample, "a", np.zeros(400))


def test_wrong_calls_are_programming_errors(sample):
    with pytest.raises(ValueError, match="link"):
        fit_scores(sample, "a", sample["treated"], link="probit")
    with pytest.raises(ValueError, match="shape"):
        fit_scores(sample, "a", sample["treated"][:10])
    with pytest.raises(ValueError, match="0 and 1"):
        fit_scores(sample, "a", sample["b"])
    with pytest.raises(ValueError, match="sampling_weights"):
        fit_scores(sample, "a", sample["treated"], sampling_weights=np.zeros(400))
    with pytest.raises(ValueError, match="keep"):
        fit_scores(sample, "a", sample["treated"], keep=np.arange(400))


def test_casting_keeps_text_and_makes_numbers_float64():
    frame = pd.DataFrame({"n": pd.Series([1, 2], dtype="int8"), "t": ["x", "y"], "f": [True, False]})
    assert [str(kind) for kind in as_float64(frame).dtypes] == ["float64", "str", "float64"]


def test_distinct_rows_are_numbered_by_first_appearance():
    frame = pd.DataFrame({"x": [1.5, -0.0, 0.0, 1.5, 1.5], "t": ["b", "a", "a", "b", "c"]})
    row, first = distinct_rows(frame)
    assert row.tolist() == [0, 1, 1, 0, 2]
    assert first.tolist() == [0, 1, 4]


def test_rows_that_collide_in_the_hash_are_told_apart_all_the_same(monkeypatch):
    frame = pd.DataFrame({"x": [1.0, 2.0, 1.0, 3.0], "t": pd.Categorical(["a", "a", "a", "b"])})
    monkeypatch.setattr(module, "_row_hash", lambda frame: np.zeros(len(frame), dtype=np.uint64))
    assert distinct_rows(frame)[0].tolist() == [0, 1, 0, 2]
