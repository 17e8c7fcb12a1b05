"""Doubly robust differences after matching: statsmodels by hand, derivatives, known truth, and the rows of NSW."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import stages
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.card_matching import Matching
from analysis.event_values import event_values
from analysis.match_methods import people_of
from analysis.match_weights import weight_model
from analysis.matched_dr import ATT_ONLY, adjusted_difference, doubly_robust_effect, doubly_robust_rows
from analysis.matched_effects import Sample, effects, samples
from analysis.problems import ProblemsFound
from analysis.results import estimates
from analysis.staggered.covariates import Columns, covariate_columns
from analysis.tables import MAIN, NO_CHANGE

CARD = stages.card(stages.NSW)
WORK, EARNINGS = "any_earnings_in_year", "annual_earnings_usd"


@cache
def nsw():
    """Values and the samples of every specification."""
    return event_values(CARD, stages.panel()), samples(CARD, people_of(CARD, stages.panel().baseline), stages.matched())


def card_with(cluster, level=0.95):
    return SimpleNamespace(inference=SimpleNamespace(cluster=cluster, level=level))


def by_hand(y, treated, w, x):
    """Sant'Anna and Zhao's estimator with statsmodels: a weighted logit, and a weighted regression among the others."""
    score = sm.GLM(treated * 1.0, x, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-14).fittedvalues
    own, other = w * treated, w * ~treated * score / (1 - score)
    fit = sm.WLS(y[~treated], x[~treated], weights=w[~treated]).fit()
    rest = y - x @ fit.params
    return np.average(rest, weights=own) - np.average(rest, weights=other)


def invented(seed, n=400, *, noise=1.0):
    """Persons with two covariates that decide treatment and change; the effect is 2."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    treated = rng.random(n) < 1 / (1 + np.exp(1.0 - x @ [0.8, -0.5] - 0.3 * x[:, 0] ** 2))
    frame = pd.DataFrame({"person_id": np.arange(n), "office_id": rng.integers(0, 20, n), "a": x[:, 0], "b": x[:, 1]})
    frame["treated"] = treated
    change = 1.0 + x @ [1.5, 2.0] + 2.0 * treated + noise * rng.normal(size=n)
    return frame, treated, change


def sample_of(frame, weight, *, sets=None, method="nearest", model=None, estimand="att", formula="a + b"):
    spec = Matching(formula=formula, method=method) if estimand == "att" else None
    spec = spec or Matching(formula=formula, method="ipw", estimand=estimand)
    sets = np.full(len(frame), -1) if sets is None else sets
    return Sample(frame, frame["treated"].to_numpy(), np.asarray(weight, dtype="float64"), sets, spec, model)


def columns_of(frame):
    return covariate_columns(frame, "a + b")[0]


@pytest.mark.parametrize("outcome", [WORK, EARNINGS])
def test_matched_supported_work_equals_the_estimator_by_hand(outcome):
    values, found = nsw()
    sample = found[MAIN]
    change = values.change(sample.people, outcome, CARD.horizons[0])
    used = sample.weight > 0
    x = covariate_columns(sample.people[used], sample.spec.formula)[0].values
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    x[:, 0] = 1.0
    expected = by_hand(change[used], sample.treated[used], sample.weight[used], x)
    effect = doubly_robust_effect(CARD, sample, change, values.at(sample.people, outcome, CARD.horizons[0]))
    assert effect.estimate == pytest.approx(expected, rel=1e-8)
    assert effect.inference == "cluster"
    assert effect.n_clusters == sample.sets[used].max() + 1


def test_the_error_is_the_sum_of_influences_by_set():
    frame, treated, change = invented(1)
    weight = np.random.default_rng(1).choice([0.0, 1.0, 2.0], len(frame))
    sets = np.where(weight > 0, np.arange(len(frame)) // 4, -1)
    effect = doubly_robust_effect(card_with("pair"), sample_of(frame, weight, sets=sets), change, change)
    used = weight > 0
    _, influence = adjusted_difference(change[used], treated[used], weight[used], columns_of(frame[used]))
    sums = pd.Series(influence).groupby(sets[used]).sum()
    g, n = len(sums), used.sum()
    assert effect.std_error == pytest.approx(np.sqrt(g / (g - 1) * (n - 1) / (n - 4) * (sums**2).sum()), rel=1e-12)
    assert effect.df == g - 1


def test_influence_is_the_derivative_by_how_much_a_person_counts():
    frame, treated, change = invented(2)
    weight = np.random.default_rng(2).choice([0.5, 1.0, 2.0], len(frame))
    columns = columns_of(frame)
    _, influence = adjusted_difference(change, treated, weight, columns)
    for person in (0, 7, int(np.flatnonzero(treated)[0])):
        moved = [
            adjusted_difference(
                change, treated, np.where(np.arange(len(frame)) == person, weight * f, weight), columns
            )[0]
            for f in (1 + 1e-4, 1 - 1e-4)
        ]
        assert influence[person] == pytest.approx((moved[0] - moved[1]) / 2e-4, abs=1e-8)
    assert influence.sum() == pytest.approx(0, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_with_a_change_linear_in_the_covariates_the_truth_comes_out_whatever_the_weights(seed, slope):
    frame, treated, _ = invented(seed)
    weight = np.random.default_rng(seed).choice([0.0, 1.0, 3.0], len(frame))
    change = 1.0 + slope * frame["a"].to_numpy() - frame["b"].to_numpy() + 2.0 * treated
    effect = doubly_robust_effect(card_with("office"), sample_of(frame, weight), change, change)
    assert effect.estimate == pytest.approx(2.0, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_between_exact_twins_it_is_the_matched_difference(seed):
    rng = np.random.default_rng(seed)
    half, _, _ = invented(seed, n=60)
    frame = pd.concat([half.assign(treated=True), half.assign(treated=False)], ignore_index=True)
    frame["person_id"] = np.arange(120)
    change, sets = rng.normal(size=120), np.tile(np.arange(60), 2)
    sample = sample_of(frame, np.ones(120), sets=sets)
    effect = doubly_robust_effect(card_with("pair"), sample, change, change)
    plain = next(effects(card_with("pair"), sample, change, change))
    assert effect.estimate == pytest.approx(plain.estimate, abs=1e-9)


def test_with_the_score_right_a_curved_change_does_not_mislead():
    """Nothing is matched: 20 000 persons, the change is curved, and treatment follows the logit."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 20_000))
    treated = rng.random(20_000) < 1 / (1 + np.exp(1.0 - 0.7 * a + 0.4 * b))
    change = np.exp(0.6 * a) - b + 2.0 * treated + rng.normal(size=20_000)
    frame = pd.DataFrame({"person_id": np.arange(20_000), "office_id": rng.integers(0, 50, 20_000), "a": a, "b": b})
    effect = doubly_robust_effect(
        card_with("person"), sample_of(frame.assign(treated=treated), np.ones(20_000)), change, change
    )
    assert abs(effect.estimate - 2.0) < 3 * effect.std_error < 0.1
    assert change[treated].mean() - change[~treated].mean() > 2.2


def test_errors_cover_the_truth():
    covered = 0
    for seed in range(120):
        frame, _, change = invented(seed, n=250)
        effect = doubly_robust_effect(card_with("person"), sample_of(frame, np.ones(250)), change, change)
        covered += effect.conf_low <= 2.0 <= effect.conf_high
    assert 0.91 <= covered / 120 <= 0.99


def test_sets_and_offices_are_clusters_together_where_the_card_says_office():
    frame, _, change = invented(3)
    sets = np.arange(400) // 2
    both = doubly_robust_effect(card_with("office"), sample_of(frame, np.ones(400), sets=sets), change, change)
    assert "two-way" in both.convention
    alone = doubly_robust_effect(card_with("office"), sample_of(frame, np.ones(400), method="cem"), change, change)
    assert alone.n_clusters == 20
    free = doubly_robust_effect(card_with("pair"), sample_of(frame, np.ones(400), method="cem"), change, change)
    assert (free.inference, free.n_clusters) == ("hc1", None)


@pytest.mark.parametrize("spec", ["score_weights", "entropy"])
def test_weights_that_were_estimated_are_carried_along(spec):
    values, found = nsw()
    sample = found[spec]
    change = values.change(sample.people, WORK, CARD.horizons[0])
    effect = doubly_robust_effect(CARD, sample, change, change)
    given = doubly_robust_effect(CARD, replace(sample, model=None), change, change)
    assert effect.inference == "m_estimation"
    assert effect.estimate == given.estimate
    assert effect.std_error == pytest.approx(given.std_error, rel=0.1)


def test_persons_whose_outcome_is_not_known_are_left_out():
    frame, treated, change = invented(4)
    gaps = np.where(np.arange(400) % 7 == 0, np.nan, change)
    some = np.isfinite(gaps)
    effect = doubly_robust_effect(card_with("person"), sample_of(frame, np.ones(400)), gaps, gaps)
    kept = doubly_robust_effect(
        card_with("person"), sample_of(frame[some], np.ones(some.sum())), change[some], change[some]
    )
    assert effect.estimate == pytest.approx(kept.estimate, abs=1e-12)
    assert effect.std_error == pytest.approx(kept.std_error, abs=1e-12)
    assert (effect.n_treated, effect.n_comparison) == (treated[some].sum(), (~treated[some]).sum())


def test_rows_fit_the_table_and_stand_beside_the_matched_difference():
    values, found = nsw()
    rows = list(doubly_robust_rows(CARD, values, found[MAIN], WORK))
    table = estimates(rows, **stages.who(stages.NSW), data_kind="open", design=CARD.design, conf_level=0.95)
    main = stages.did().estimates.query("estimator == 'matched_did_2x2' and outcome == @WORK and spec == 'main'")
    main = main[main["role"].isin(["primary", "secondary"])]
    assert list(table["horizon_months"]) == list(CARD.horizons)
    assert set(table["role"]) == {"sensitivity"}
    assert set(table["estimator"]) == {"matched_dr_did"}
    assert table["n_treated"].iloc[0] == main["n_treated"].iloc[0]
    assert abs(table["estimate"].iloc[0] - main["estimate"].iloc[0]) < 0.1
    assert np.isfinite(table[["estimate", "std_error", "p_value", "base_rate"]].to_numpy(dtype="float64")).all()


def test_what_cannot_be_estimated_keeps_its_row_with_the_reason(monkeypatch):
    values, found = nsw()
    sample = found[MAIN]
    whole = replace(sample, spec=Matching(formula="age", method="ipw", estimand="ate"))
    assert {row["reason"] for row in doubly_robust_rows(CARD, values, whole, WORK)} == {ATT_ONLY}
    treated_only = replace(sample, spec=Matching(formula="age + person_flag", method="nearest"))
    people = sample.people.assign(person_flag=sample.treated * 1.0)
    row = next(doubly_robust_rows(CARD, values, replace(treated_only, people=people), WORK))
    assert row["status"] == "not_estimated"
    assert "person_flag" in row["reason"]
    monkeypatch.setattr("analysis.matched_dr.has_a_change", lambda outcome: False)
    assert {row["reason"] for row in doubly_robust_rows(CARD, values, sample, WORK)} == {NO_CHANGE}


def test_columns_that_follow_from_others_and_tiny_arms_stop_it():
    frame, treated, change = invented(6)
    x = columns_of(frame)
    twice = Columns(np.column_stack([x.values, x.values[:, 1]]), (*x.names, "again"))
    with pytest.raises(ProblemsFound, match="again"):
        adjusted_difference(change, treated, np.ones(400), twice)
    weight = np.where(treated & (np.cumsum(treated) > 1), 0.0, 1.0)
    with pytest.raises(ProblemsFound, match="færre enn to"):
        doubly_robust_effect(card_with("person"), sample_of(frame, weight), change, change)


def test_weights_that_balance_the_same_columns_already_give_the_weighted_difference():
    frame, treated, change = invented(8)
    people = SimpleNamespace(frame=frame, treated=treated, columns=lambda chosen: frame[["a", "b"]])
    model = weight_model(Matching(formula="a + b", method="entropy"), people, None)
    sample = sample_of(frame, model.balance.weights, method="entropy", model=model)
    effect = doubly_robust_effect(card_with("person"), sample, change, change)
    plain = next(effects(card_with("person"), sample, change, change))
    assert effect.estimate == pytest.approx(plain.estimate, abs=1e-9)
    assert effect.std_error == pytest.approx(plain.std_error, rel=1e-6)
    linear = 1.0 + frame["a"].to_numpy() + 2.0 * treated
    exact = doubly_robust_effect(card_with("person"), sample, linear, linear)
    assert exact.estimate == pytest.approx(2.0, abs=1e-9)
    assert exact.std_error == pytest.approx(0, abs=1e-8)
