"""Synthetic control: California as published, a known truth, placebos, the gate, and what must not matter."""

from dataclasses import replace

import numpy as np
import pytest
import synthetic_units
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_units import START, factor_units, panel_of, states

from analysis.results import estimates
from analysis.staggered.block_averages import block_averages
from analysis.staggered.design import NEVER, Design
from analysis.staggered.estimated import EFFECT
from analysis.staggered.placebo_units import Slots, placebo_sets
from analysis.staggered.simplex import simplex_weights
from analysis.staggered.synthetic_control import DEMEANED, synthetic_control
from analysis.staggered.synthetic_fit import FEW_DONORS, POOR_FIT, SHORT, Choices
from analysis.staggered.synthetic_rows import IN_TIME, synthetic_control_rows
from analysis.tables import FEW_OFFICES

DESIGN = Design()
CALIFORNIA = synthetic_control(states(), DESIGN)
# Arkhangelsky et al. (2021), table 1 and their package: Frank and Wolfe's steps, stopped at 10 000.
PUBLISHED, PUBLISHED_DEMEANED = -19.61966, -11.10464
WHO = {"cohort": "c", "data_kind": "open", "design": "d", "plan_hash": "p", "run_id": "r"}


def donor(found, name):
    return found.donors.set_index("donor")["weight"].get(name, 0.0)


def before_and_after():
    wide = synthetic_units.packs()
    own, others = wide.loc["California"].to_numpy(), wide.drop(index="California").to_numpy()
    return own, others


def test_the_published_weights_give_the_published_effect_and_fit_no_better_than_ours():
    own, others = before_and_after()
    published = np.array(synthetic_units.answers()["default"]["omega_sc"])
    gap = own - published @ others
    assert gap[19:].mean() == pytest.approx(PUBLISHED, abs=5e-6)
    ours = CALIFORNIA.fit["rmspe_before"].iloc[0]
    assert ours < np.sqrt((gap[:19] ** 2).mean())
    assert ours == pytest.approx(np.sqrt((gap[:19] ** 2).mean()), abs=0.01)


def test_california_has_the_published_effect_but_for_the_steps_that_the_authors_did_not_take():
    assert CALIFORNIA.estimated.overall() == pytest.approx(PUBLISHED, abs=0.15)
    # Abadie, Diamond and Hainmueller (2010), table 2: the same states, matched on covariates too.
    assert CALIFORNIA.donors["donor"].tolist()[:4] == ["Utah", "Montana", "Nevada", "Connecticut"]
    assert donor(CALIFORNIA, "Utah") == pytest.approx(0.39, abs=0.06)
    assert CALIFORNIA.donors["weight"].sum() == pytest.approx(1, abs=1e-12)


def test_california_with_an_intercept_has_the_published_effect():
    found = synthetic_control(states(), DESIGN, Choices(intercept=True))
    assert found.estimated.name == DEMEANED
    assert found.estimated.overall() == pytest.approx(PUBLISHED_DEMEANED, abs=0.01)
    before = found.paths[found.paths["month"] < 1989]
    assert before["gap"].mean() == pytest.approx(0, abs=1e-10)


def test_california_by_an_optimiser_with_nothing_in_common_to_1e_6():
    own, others = before_and_after()
    weights = synthetic_units.by_gradients(others[:, :19].T, own[:19], steps=400_000)
    assert (own - weights @ others)[19:].mean() == pytest.approx(CALIFORNIA.estimated.overall(), abs=1e-6)
    ours = CALIFORNIA.donors.set_index("donor")["weight"].reindex(synthetic_units.answers()["donors"]).fillna(0)
    assert ours.to_numpy() == pytest.approx(weights, abs=1e-6)


def test_the_paths_are_what_was_seen_and_what_the_donors_give():
    paths = CALIFORNIA.paths.set_index("month")
    assert paths["observed"].to_numpy() == pytest.approx(synthetic_units.packs().loc["California"].to_numpy())
    synthetic = sum(
        row["weight"] * synthetic_units.packs().loc[row["donor"]] for row in CALIFORNIA.donors.to_dict("records")
    )
    assert paths["synthetic"].to_numpy() == pytest.approx(synthetic.to_numpy(), abs=1e-9)
    table = CALIFORNIA.estimated.table.set_index("event_time")
    assert table.loc[11, "estimate"] == pytest.approx(paths.loc[2000, "gap"], abs=1e-12)
    assert table.loc[11, "base_rate"] == pytest.approx(paths.loc[2000, "synthetic"], abs=1e-12)


def test_the_rank_is_among_all_states_and_never_below_one_over_their_number():
    rank, ratios = CALIFORNIA.rank, CALIFORNIA.placebos["ratio"].to_numpy()
    assert (rank.n, rank.name, rank.enumerated) == (39, "placebo_rank", True)
    own = CALIFORNIA.fit["ratio"].iloc[0]
    assert rank.rank[0] == 1 + (ratios >= own).sum()
    assert rank.share[0] == rank.rank[0] / 39
    strong = synthetic_control(factor_units(1, effect=50.0, donors=10), DESIGN, Choices(gate=np.inf))
    assert strong.rank.share[0] == 1 / 11


def test_in_the_place_of_a_donor_the_treated_unit_is_a_donor_itself():
    wide = synthetic_units.packs()
    rest = wide.drop(index="Utah").to_numpy()
    found = simplex_weights(rest[:, :19].T, wide.loc["Utah"].to_numpy()[:19])
    gap = wide.loc["Utah"].to_numpy() - found.weights @ rest
    row = CALIFORNIA.placebos.set_index("donor").loc["Utah"]
    assert row["rmspe_before"] == pytest.approx(np.sqrt((gap[:19] ** 2).mean()), abs=1e-10)
    assert row["estimate"] == pytest.approx(gap[19:].mean(), abs=1e-10)


def test_without_each_donor_in_turn_the_average_is_that_of_the_states_without_it():
    table = CALIFORNIA.without_donor.set_index("donor")
    assert set(table.index) == set(CALIFORNIA.donors["donor"])
    for name in ("Utah", "Colorado"):
        again = synthetic_control(states(without=(name,)), DESIGN)
        assert table.loc[name, "estimate"] == pytest.approx(again.estimated.overall(), abs=1e-9)


def test_a_placebo_in_time_looks_at_months_before_adoption_only():
    row = CALIFORNIA.in_time.iloc[0]
    assert row["group"] == 1979
    early = states({"California": 1979}).of_months(np.arange(31) < 19)
    again = synthetic_control(early, DESIGN)
    assert row["estimate"] == pytest.approx(again.estimated.overall(), abs=1e-10)


def test_known_effects_are_found_where_trends_are_not_parallel():
    found = [synthetic_control(factor_units(seed, effect=2.0), DESIGN) for seed in range(60)]
    effects = np.array([one.estimated.overall() for one in found if one.estimated is not None])
    assert len(effects) >= 40
    assert effects.mean() == pytest.approx(2.0, abs=3 * effects.std() / np.sqrt(len(effects)) + 0.02)
    ratios = np.mean([one.rank.share[0] <= 1 / 21 for one in found if one.rank is not None])
    assert ratios > 0.8


def test_without_an_effect_the_rank_is_no_smaller_than_chance_gives():
    shares = [
        synthetic_control(factor_units(seed, donors=9, after=5, noise=1.0), DESIGN, Choices(gate=np.inf)).rank.share[0]
        for seed in range(100)
    ]
    # Uniform on 1/10 ... 10/10: 10 expected at each, standard deviation 3.
    assert np.mean(np.array(shares) <= 0.1) == pytest.approx(0.1, abs=0.09)
    assert np.mean(shares) == pytest.approx(0.55, abs=0.08)


def test_a_poor_fit_before_is_refused_with_the_reason_and_drawn_nevertheless():
    outside = factor_units(3)
    y = outside.y.copy()
    y[0] += 40
    found = synthetic_control(replace(outside, y=y), DESIGN)
    assert (found.estimated, found.rank, found.reason) == (None, None, POOR_FIT)
    assert found.fit["reason"].tolist() == [POOR_FIT]
    assert len(found.paths) == 40
    rows = estimates(synthetic_control_rows(found, outcome="y"), **WHO)
    assert rows[["status", "reason", "term"]].to_numpy().tolist() == [["not_estimated", POOR_FIT, "simple"]]
    # A constant distance is what the intercept takes.
    assert synthetic_control(replace(outside, y=y), DESIGN, Choices(intercept=True)).estimated is not None


def test_the_gate_is_where_it_is_said_to_be():
    fit = CALIFORNIA.fit.iloc[0]
    at = fit["rmspe_before"] / fit["spread"]
    for gate, reason in ((at * 0.999, POOR_FIT), (at * 1.001, "")):
        assert synthetic_control(states(), DESIGN, Choices(gate=gate)).reason == reason


def test_few_months_before_and_few_donors_are_refused_with_the_reason():
    panel = factor_units(2)
    early = replace(panel, adoption=np.where(panel.adoption < NEVER, START + 5, NEVER))
    assert synthetic_control(early, DESIGN).reason == SHORT
    counties = replace(panel, county=np.array(["X"] * 20 + ["Y"]))
    assert synthetic_control(counties, DESIGN, Choices(neighbours=False)).reason == FEW_DONORS


def test_months_of_anticipation_are_neither_fitted_nor_counted():
    panel = states({"California": 1991})
    found = synthetic_control(panel, Design(anticipation=2))
    plain = CALIFORNIA.paths["synthetic"].to_numpy()
    assert found.paths["synthetic"].to_numpy() == pytest.approx(plain, abs=1e-12)
    after = CALIFORNIA.paths.set_index("month").loc[1991:, "gap"].mean()
    assert found.estimated.overall() == pytest.approx(after, abs=1e-12)


def test_several_units_each_have_their_own_and_the_average_is_by_unit_months_or_persons():
    panel = factor_units(4, treated=3, effect=1.0)
    panel = replace(panel, adoption=np.where(np.arange(23) == 2, START + 34, panel.adoption))
    alone = [
        synthetic_control(replace(panel, adoption=np.where(np.arange(23) == u, panel.adoption, NEVER)), DESIGN)
        for u in range(3)
    ]
    assert all(one.estimated is not None for one in alone)
    found = synthetic_control(panel, DESIGN, Choices(gate=np.inf))
    months = np.array([10, 10, 6])
    gaps = found.paths[found.paths["month"] >= found.paths["group"]]
    assert found.estimated.overall() == pytest.approx(gaps["gap"].mean(), abs=1e-12)
    groups = found.estimated.table[found.estimated.table["term"] == "group"]
    assert groups["n_offices_treated"].tolist() == [2, 1]
    n = panel.n * np.where(np.arange(23) == 0, 8.0, 1.0)[:, None]
    weighed = synthetic_control(replace(panel, n=n), DESIGN, Choices(gate=np.inf, by_persons=True))
    each = gaps.groupby("unit")["gap"].mean().to_numpy()
    expected = np.average(each, weights=months * np.array([8, 1, 1]))
    assert weighed.estimated.overall() == pytest.approx(expected, abs=1e-12)


def test_the_rank_of_several_units_counts_sets_of_placebo_units_once():
    panel = factor_units(5, treated=2, donors=7, effect=4.0)
    found = synthetic_control(panel, DESIGN, Choices(gate=np.inf))
    assert found.rank.n == 7 * 6 / 2 + 1
    drawn = synthetic_control(panel, DESIGN, Choices(gate=np.inf, limit=5, draws=50, seed=3))
    assert (drawn.rank.n, drawn.rank.seed, drawn.rank.enumerated) == (51, 3, False)


def test_one_treated_unit_has_no_standard_error_and_no_p_value_but_its_rank():
    rows = estimates(synthetic_control_rows(CALIFORNIA, outcome="packs", primary="simple"), **WHO)
    assert rows[["std_error", "p_value"]].isna().all(axis=None)
    primary = rows[rows["role"] == "primary"].iloc[0]
    assert (primary["inference"], primary["reason"], primary["n_offices_treated"]) == (
        "none",
        "single_office_behind_estimate",
        1,
    )
    rank = rows[(rows["inference"] == "placebo_rank") & (rows["term"] == "simple")].iloc[0]
    assert (rank["statistic"], rank["df"]) == (3, 39)
    assert rank["convention"].startswith("rank among 39, all sets")
    assert rows["spec"].str.startswith("without_donor=").sum() == len(CALIFORNIA.donors)
    assert (rows["spec"] == IN_TIME).sum() == 1
    assert FEW_OFFICES not in set(rows["reason"].dropna())


def test_weights_of_effects_add_up_to_one_and_so_do_those_of_donors():
    found = synthetic_control(factor_units(6, treated=2), DESIGN, Choices(gate=np.inf))
    by = found.estimated.weights.assign(effect=lambda t: t["kind"].eq(EFFECT)).groupby("effect")["weight"].sum()
    assert by.to_numpy() == pytest.approx([1.0, 1.0], abs=1e-12)


def test_covariates_pull_towards_units_that_are_alike_and_without_weight_do_nothing():
    panel = factor_units(7, noise=2.0)
    x = np.random.default_rng(1).normal(size=(21, 2))
    x[0] = np.array([0.3, 0.3, 0.4]) @ x[1:4]
    plain = synthetic_control(panel, DESIGN, Choices(gate=np.inf))
    none = synthetic_control(panel, DESIGN, Choices(gate=np.inf, covariates=x, covariate_weight=0.0))
    assert none.estimated.overall() == pytest.approx(plain.estimated.overall(), abs=1e-8)
    distance = []
    for weight in (0.0, 1.0, 1e6):
        found = synthetic_control(panel, DESIGN, Choices(gate=np.inf, covariates=x, covariate_weight=weight))
        weights = found.donors.set_index("donor")["weight"].reindex(panel.names[1:]).fillna(0).to_numpy()
        distance.append(np.linalg.norm(weights @ x[1:] - x[0]))
    assert distance[0] > distance[1] > distance[2]
    assert distance[2] == pytest.approx(0, abs=1e-3)
    other = synthetic_control(panel, DESIGN, Choices(gate=np.inf, covariates=x * [1000, 0.01]))
    again = synthetic_control(panel, DESIGN, Choices(gate=np.inf, covariates=x))
    assert other.estimated.overall() == pytest.approx(again.estimated.overall(), abs=1e-8)
    with pytest.raises(ValueError, match="a row for each unit"):
        synthetic_control(panel, DESIGN, Choices(covariates=x[:3]))


def test_averages_are_linear_in_the_gaps_and_a_block_of_size_zero_is_out():
    months = START + np.arange(6)
    made = block_averages([START + 2, START + 4], [1.0, 3.0], months)
    gaps = np.arange(12.0).reshape(2, 6)
    assert made.of(gaps)[0] == pytest.approx((gaps[0, 2:].sum() + 3 * gaps[1, 4:].sum()) / 10)
    assert made.weights.sum(axis=(1, 2)) == pytest.approx(np.ones(len(made.table)))
    alone = block_averages([START + 2, START + 4], [1.0, 0.0], months).of(gaps)
    assert alone[0] == pytest.approx(gaps[0, 2:].mean())
    assert np.isnan(alone[2])


def test_placebo_sets_are_all_different_sets_of_different_units():
    slots = [Slots(1, (0, 1, 2, 3), 2), Slots(2, (2, 3, 4), 1)]
    sets = placebo_sets(slots, limit=100, draws=10, seed=0)
    assert sets.enumerated
    assert len(sets.units) == len({(frozenset(row[:2]), row[2]) for row in sets.units.tolist()}) == 12
    assert all(len(set(row)) == 3 for row in sets.units.tolist())
    assert len(placebo_sets([Slots(1, (0, 1), 3)], limit=5, draws=3, seed=0).units) == 0


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 5_000), scale=st.sampled_from([0.01, 1.0, 100.0]), intercept=st.booleans())
def test_neither_unit_nor_order_nor_names_nor_donors_without_weight_matter(seed, scale, intercept):
    panel, choices = factor_units(seed, donors=12, before=20, after=5), Choices(gate=np.inf, intercept=intercept)
    plain = synthetic_control(panel, DESIGN, choices)
    order = np.random.default_rng(seed).permutation(13)
    moved = panel_of(scale * panel.y[order], panel.adoption[order], n=panel.n)
    again = synthetic_control(moved, DESIGN, choices)
    table, other = plain.estimated.table, again.estimated.table
    assert other["estimate"].to_numpy() == pytest.approx(scale * table["estimate"].to_numpy(), abs=1e-7 * scale)
    assert again.rank.rank.tolist() == plain.rank.rank.tolist()
    kept = np.isin(panel.names, [*plain.donors["donor"], "u00"])
    fewer = panel_of(panel.y[kept], panel.adoption[kept], names=panel.names[kept])
    if kept.sum() > 2:
        found = synthetic_control(fewer, DESIGN, choices).estimated.table["estimate"].to_numpy()
        assert found == pytest.approx(table["estimate"].to_numpy(), abs=1e-7)
