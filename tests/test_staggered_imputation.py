"""Imputation and two stages from cells: stored values, regressions on persons, and rules for every sample."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from staggered_cases import START, answers, arrays_of, mpdta, staggered_panel
from staggered_rules import (
    assert_an_office_left_out_is_not_there,
    assert_estimates_scale,
    assert_weights_give_the_overall_number,
    renamed_offices,
)

from analysis.problems import ProblemsFound
from analysis.staggered.design import Design
from analysis.staggered.imputation import imputation
from analysis.staggered.two_stage import two_stage

STORED = answers("mpdta_fixest_twfe_sunab_bjs.json")
BOTH = {"imputation": imputation, "two_stage": two_stage}
LEVELS = ("office", "cohort")


def by_term(found, term):
    """Estimates of a term with the error of the authors, without a factor."""
    raw = found.table.assign(se=np.sqrt((found.sums**2).sum(axis=0)))
    return raw[raw["term"] == term]


@pytest.mark.parametrize("levels", LEVELS)
def test_county_employment_has_the_stored_values(levels):
    found = imputation(arrays_of(mpdta(), "lemp"), Design(), levels=levels)
    simple, dynamic = by_term(found, "simple"), by_term(found, "dynamic").set_index("event_time")
    assert simple[["estimate", "se"]].to_numpy()[0] == pytest.approx(STORED["bjs"]["overall"], abs=1e-10)
    for event, pair in STORED["bjs"]["event"].items():
        assert dynamic.loc[int(event), ["estimate", "se"]].to_numpy(float) == pytest.approx(pair, abs=1e-10)
    assert found.overall() == pytest.approx(STORED["etwfe_not_yet"][0], abs=1e-9)


def first_stage(panel, level, anticipation=0):
    """Weighted regression on dummies of untreated persons: design of everybody, of the untreated, and what is left."""
    untreated = ~(panel["month"] >= panel["adoption_month"] - anticipation).to_numpy()
    x = np.hstack([pd.get_dummies(panel[name].astype(str)).to_numpy(float) for name in (level, "month")])
    x0 = x * untreated[:, None]
    w = panel["w"].to_numpy()
    inverse = np.linalg.pinv((x0 * w[:, None]).T @ x0, rcond=1e-10)
    left = panel["y"].to_numpy() - x @ (inverse @ (x0.T @ (w * panel["y"].to_numpy())))
    return x, x0, inverse, left, untreated


def by_office(panel, values):
    return np.bincount(pd.factorize(panel["office_id"], sort=True)[0], weights=values)


def authors_influence(panel, level, chosen, *, two_stages):
    """Estimate of the mean effect of the rows `chosen`, and influence by office; nothing from cells."""
    x, x0, inverse, left, untreated = first_stage(panel, level)
    w = panel["w"].to_numpy()
    p = w * chosen / (w * chosen).sum()
    estimate = float(p @ left)
    if two_stages:
        centre = np.full(len(panel), estimate)
    else:
        table = panel.assign(v=p, vt=p * left)
        keys = ["adoption_month", "month"]
        sums = table[chosen].groupby([*keys, "office_id"])[["v", "vt"]].sum()
        top = (sums["v"] * sums["vt"]).groupby(keys).sum() / (sums["v"] ** 2).groupby(keys).sum()
        centre = pd.MultiIndex.from_frame(panel[keys]).map(top.to_dict()).to_numpy(dtype=float)
    own = np.where(chosen, p * (left - np.nan_to_num(centre)), 0.0)
    moved = w * untreated * (x0 @ (inverse @ (x.T @ p))) * left
    return estimate, by_office(panel, own - moved)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("level", ["person_id", "office_id"])
def test_cells_equal_regressions_on_persons(kind, level):
    """Levels per person of the same persons, and per office and group of persons who come and go."""
    panel = staggered_panel(4, persons=6)
    if level == "office_id":
        panel = panel.sample(frac=0.7, random_state=2).reset_index(drop=True)
    found = BOTH[kind](arrays_of(panel, "y", weight="w"), Design())
    effects = found.table[found.table["term"] == "att_gt"]
    for r in (0, 2, len(effects) - 1):
        group, month = effects["group"].iloc[r], effects["month"].iloc[r]
        chosen = ((panel["adoption_month"] == group) & (panel["month"] == month)).to_numpy()
        estimate, influence = authors_influence(panel, level, chosen, two_stages=kind == "two_stage")
        assert effects["estimate"].iloc[r] == pytest.approx(estimate, abs=1e-10)
        assert found.sums[:, r] == pytest.approx(influence, abs=1e-10)
    if level == "person_id":
        treated = (panel["month"] >= panel["adoption_month"]).to_numpy()
        estimate, influence = authors_influence(panel, level, treated, two_stages=kind == "two_stage")
        row = int(np.flatnonzero(found.table["term"] == "simple")[0])
        assert found.overall() == pytest.approx(estimate, abs=1e-10)
        assert found.sums[:, row] == pytest.approx(influence, abs=1e-10)


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("share", [1.0, 0.7])
def test_leaving_an_office_out_equals_estimating_without_it(levels, share):
    assert_an_office_left_out_is_not_there(partial(imputation, levels=levels), share=share)


def test_an_estimate_that_rests_on_one_office_is_undefined_without_it():
    panel = staggered_panel(5, offices=6).query("office_id != 'k05'")
    found = imputation(arrays_of(panel, "y"), Design())
    without = found.left_out[1]
    late = (found.table["group"] == START + 5).fillna(False).to_numpy(bool)
    assert np.isnan(without[late]).all()
    assert np.isfinite(without[(found.table["term"] == "simple").to_numpy()]).all()


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("kind", BOTH)
def test_without_noise_the_truth_comes_back(levels, kind):
    found = BOTH[kind](arrays_of(staggered_panel(1, noise=0.0), "y"), Design(), levels=levels)
    effects = found.table[found.table["event_time"].notna()]
    assert effects["estimate"].to_numpy() == pytest.approx(1.0 + effects["event_time"].to_numpy(float), abs=1e-11)
    assert (effects["event_time"] >= 0).all()


def test_persons_who_come_and_go_leave_the_truth_when_levels_are_offices():
    panel = staggered_panel(1, noise=0.0)
    panel["y"] -= panel.groupby("person_id")["y"].transform("first")
    uneven = panel.sample(frac=0.6, random_state=3)
    uneven["y"] += pd.factorize(uneven["office_id"])[0]
    found = imputation(arrays_of(uneven, "y"), Design())
    effects = found.table[found.table["term"] == "att_gt"]
    assert effects["estimate"].to_numpy() == pytest.approx(1.0 + effects["event_time"].to_numpy(float), abs=1e-10)


def test_with_anticipation_the_months_ahead_are_effects_too():
    panel = staggered_panel(1, noise=0.0)
    panel.loc[panel["month"] == panel["adoption_month"] - 1, "y"] += 0.5
    found = imputation(arrays_of(panel, "y"), Design(anticipation=1))
    dynamic = found.table[found.table["term"] == "dynamic"].set_index("event_time")["estimate"]
    assert dynamic.loc[-1] == pytest.approx(0.5, abs=1e-11)
    assert dynamic.loc[0] == pytest.approx(1.0, abs=1e-11)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(sorted(BOTH)), st.sampled_from([1.0, 0.7]), st.floats(0.01, 100))
def test_order_names_and_units_do_not_matter(seed, kind, share, factor):
    estimator = partial(BOTH[kind], design=Design())
    panel = staggered_panel(seed, persons=6).sample(frac=share, random_state=seed)
    plain = estimator(arrays_of(panel, "y"))
    names = renamed_offices(panel, seed)
    other = panel.sample(frac=1, random_state=seed).assign(
        y=lambda p: factor * p["y"] + 7, office_id=lambda p: p["office_id"].map(names)
    )
    assert_estimates_scale(estimator(arrays_of(other, "y")), plain, factor)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.7]))
def test_data_twice_give_the_same(seed, share):
    panel = staggered_panel(seed, persons=6).sample(frac=share, random_state=seed)
    once, twice = (imputation(arrays_of(one, "y"), Design()) for one in (panel, pd.concat([panel, panel])))
    assert twice.table["estimate"].to_numpy() == pytest.approx(once.table["estimate"].to_numpy(), abs=1e-9)
    assert twice.sums == pytest.approx(once.sums, abs=1e-9)
    assert twice.left_out == pytest.approx(once.left_out, abs=1e-9, nan_ok=True)


def test_weights_give_the_overall_number_from_mean_outcomes():
    assert_weights_give_the_overall_number(imputation)


def test_months_without_anybody_untreated_are_told_and_left_out():
    panel = staggered_panel(1)
    found = imputation(arrays_of(panel[panel["adoption_month"].notna()], "y"), Design())
    assert found.table.loc[found.table["term"] == "att_gt", "month"].max() == START + 4
    assert set(found.omitted["reason"]) == {"no_comparison"}
    assert len(found.omitted) == 6


def test_offices_that_are_only_seen_treated_are_left_out_with_their_reason():
    panel = staggered_panel(1)
    cut = panel[~((panel["office_id"] == "k00") & (panel["month"] < START + 3))]
    found = imputation(arrays_of(cut, "y"), Design())
    row = found.ledger.iloc[-1]
    assert row.tolist() == ["no_untreated_months", START + 3, 12, 1]
    without = imputation(arrays_of(panel[panel["office_id"] != "k00"], "y"), Design())
    assert found.overall() == pytest.approx(without.overall(), abs=1e-10)


def test_nobody_to_compare_with_is_refused():
    panel = staggered_panel(1)
    with pytest.raises(ProblemsFound, match="ingen"):
        imputation(arrays_of(panel[panel["adoption_month"] == START + 3], "y"), Design())
    with pytest.raises(ValueError, match="levels"):
        imputation(arrays_of(panel, "y"), Design(), levels="person")


def test_untreated_months_that_do_not_hang_together_are_refused():
    panel = staggered_panel(1)
    late = panel["office_id"].isin(["k02", "k06"])
    apart = panel[~late & (panel["month"] < START + 3) | late & (panel["month"] >= START + 3)]
    apart = pd.concat([apart, panel[(panel["office_id"] == "k00") & (panel["month"] >= START + 3)]])
    with pytest.raises(ProblemsFound, match="henger ikke sammen"):
        imputation(arrays_of(apart, "y"), Design())
