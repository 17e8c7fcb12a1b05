"""Group-time effects from the persons of a panel, with covariates."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from analysis.cells import cells
from analysis.problems import ProblemsFound
from analysis.staggered import panel_effects as panel_module
from analysis.staggered.aggregate import aggregate
from analysis.staggered.cell_arrays import cell_arrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.doubly_robust import METHODS
from analysis.staggered.pairwise import pairwise_effects
from analysis.staggered.person_effects import person_effects
from analysis.staggered.persons import Roles, panel_persons
from tests.staggered_persons import (
    MPDTA,
    OFFICES,
    ROLES,
    apart,
    counties,
    county_case,
    office_case,
    offices,
    std_errors,
)

VARYING = Design(base="varying")
PLAIN = Roles(outcome="y", person="id", month="t", cluster="office")
EVERY_DESIGN = [(c, b, w, a) for c in ("never", "not_yet") for b in ("varying", "universal") for w in (None, "w")
                for a in (0, 2)]  # fmt: skip


@pytest.mark.parametrize("spec", MPDTA)
def test_r_did_gives_the_same_numbers_for_the_counties(spec):
    design, roles, method = county_case(spec)
    estimate, error = apart(person_effects(counties(), design, roles, method=method), MPDTA[spec])
    logit = roles.covariates is not None and method != "reg"
    assert estimate < (1e-9 if logit else 1e-10)
    assert error < (1e-9 if logit else 1e-12)


@pytest.mark.parametrize("spec", [spec for spec in OFFICES if spec.startswith("panel")])
def test_r_did_gives_the_same_numbers_for_persons_in_offices(spec):
    frame, design, roles, method = office_case(spec)
    estimate, error = apart(person_effects(frame, design, roles, method=method), OFFICES[spec])
    assert estimate < 1e-8
    assert error < 1e-8


def same(from_persons, from_cells) -> None:
    pd.testing.assert_frame_equal(
        from_persons.table, from_cells.table, check_dtype=False, rtol=1e-12, atol=1e-12, check_like=True
    )
    assert_allclose(from_persons.influence, from_cells.influence, atol=1e-13)
    assert from_persons.units.tolist() == from_cells.units.tolist()
    assert from_persons.groups == pytest.approx(from_cells.groups, abs=1e-13)
    assert_allclose(from_persons.share_influence, from_cells.share_influence, atol=1e-13)


@pytest.mark.parametrize(("control", "base", "weight", "anticipation"), EVERY_DESIGN)
def test_without_covariates_persons_and_cells_give_the_same_to_the_last_digits(control, base, weight, anticipation):
    design = Design(control=control, base=base, weight=weight, anticipation=anticipation)
    frame = offices()
    table = cells(frame, outcomes=["y"], by=["office", "adoption_month", "t"], weight=weight)
    found = cell_effects(cell_arrays(table, office="office", month="t"), design).group_time
    same(person_effects(frame, design, PLAIN, method="dr").group_time, found)


@pytest.mark.parametrize(("control", "base", "weight", "anticipation"), EVERY_DESIGN)
def test_pairs_of_known_months_give_the_same_from_persons_with_gaps(control, base, weight, anticipation):
    design = Design(control=control, base=base, weight=weight, anticipation=anticipation, missing="pairwise")
    frame = offices("unbalanced")
    theirs = pairwise_effects(frame, design, outcome="y", person="id", office="office", month="t").group_time
    ours = person_effects(frame, design, PLAIN, method="dr").group_time
    assert_allclose(ours.table["att"], theirs.table["att"], atol=1e-13)
    assert_allclose(ours.influence, theirs.influence, atol=1e-13)
    assert_allclose(ours.share_influence, theirs.share_influence, atol=1e-13)


@settings(max_examples=12, deadline=None)
@given(
    method=st.sampled_from(METHODS),
    control=st.sampled_from(["never", "not_yet"]),
    cluster=st.sampled_from([None, "office"]),
    scale=st.sampled_from([-1e-3, 0.5, 1e4]),
    shift=st.sampled_from([-50.0, 0.0, 1e3]),
    months=st.integers(-400, 24_000),
    seed=st.integers(0, 99),
)
def test_order_names_units_and_calendar_do_not_matter(method, control, cluster, scale, shift, months, seed):
    design, frame = Design(control=control, base="varying"), offices()
    roles = Roles(outcome="y", person="id", month="t", cluster=cluster, covariates="x1 + x2 + x3")
    changed = frame.sample(frac=1, random_state=seed)
    changed = changed.assign(id=5000 - changed["id"], t=changed["t"] + months, x1=shift + scale * changed["x1"])
    changed["adoption_month"] += months
    before = person_effects(frame, design, roles, method=method).group_time
    after = person_effects(changed, design, roles, method=method).group_time
    assert_allclose(after.table["att"], before.table["att"], atol=1e-10)
    assert_allclose(std_errors(after.influence), std_errors(before.influence), atol=1e-10)
    assert (after.table["month"] - before.table["month"] == months).all()


@pytest.mark.parametrize("method", METHODS)
def test_everyone_twice_halves_the_variance_of_persons_and_leaves_that_of_offices(method):
    frame = offices()
    twice = pd.concat([frame, frame.assign(id=frame["id"] + 1000)])
    for cluster, factor in ((None, np.sqrt(2)), ("office", 1.0)):
        roles = Roles(outcome="y", person="id", month="t", cluster=cluster, covariates="x1 + x2 + x3")
        one, two = (person_effects(part, VARYING, roles, method=method).group_time for part in (frame, twice))
        assert_allclose(two.table["att"], one.table["att"], atol=1e-12)
        assert_allclose(std_errors(two.influence) * factor, std_errors(one.influence), atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_person_of_weight_two_counts_as_two_persons_in_the_estimate(method):
    frame = offices()
    double = frame.assign(w=1.0 + (frame["id"] % 3 == 0))
    copies = pd.concat([frame, frame[frame["id"] % 3 == 0].assign(id=lambda part: part["id"] + 1000)])
    design = Design(control="not_yet", base="varying", weight="w")
    weighted = person_effects(double, design, ROLES, method=method).group_time
    counted = person_effects(copies, Design(control="not_yet", base="varying"), ROLES, method=method).group_time
    assert_allclose(weighted.table["att"], counted.table["att"], atol=1e-11)
    assert weighted.groups == pytest.approx(counted.groups)


def test_offices_influence_is_the_sum_of_their_persons():
    by_person = person_effects(offices(), VARYING, ROLES).group_time
    roles = Roles(outcome="y", person="id", month="t", cluster="office", covariates="x1 + x2 + x3")
    by_office = person_effects(offices(), VARYING, roles).group_time
    office = offices().drop_duplicates("id").set_index("id")["office"].loc[by_person.units]
    summed = pd.DataFrame(by_person.influence).groupby(office.to_numpy()).sum()
    assert_allclose(by_office.influence, summed.loc[by_office.units], atol=1e-14)


def test_with_clusters_persons_and_effects_are_never_in_memory_together(monkeypatch):
    monkeypatch.setattr(panel_module, "BLOCK", 50_000)
    persons, months = 4000, 40
    rng = np.random.default_rng(8)
    adoption = np.repeat(rng.choice([np.nan, *range(4, 40, 3)], size=persons), months)
    frame = pd.DataFrame({"id": np.repeat(np.arange(persons), months), "t": np.tile(np.arange(months), persons)})
    frame = frame.assign(adoption_month=adoption, y=rng.normal(size=len(frame)), office=frame["id"] % 30)
    frame["x"] = np.repeat(rng.normal(size=persons), months)
    laid_out = panel_persons(frame, Roles(outcome="y", person="id", month="t", cluster="office", covariates="x"))
    tracemalloc.start()
    found = panel_module.panel_effects(laid_out, VARYING, method="dr")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.4 * 8 * persons * len(found.group_time.table)


def selected(n: int = 6000, seed: int = 2) -> pd.DataFrame:
    """Half of those with x above 0 adopt, and x alone lifts the outcome a little more each month; the effect is 0.5."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    adoption = np.where(rng.random(n) < 1 / (1 + np.exp(-x)), rng.choice([4.0, 6.0], size=n), np.nan)
    t = np.arange(8)
    y = 0.2 * x[:, None] * t + 0.5 * (t >= adoption[:, None]) + rng.normal(size=(n, 8))
    columns = {"id": np.arange(n), "adoption_month": adoption, "x": x}
    frame = pd.DataFrame({name: np.repeat(values, 8) for name, values in columns.items()})
    return frame.assign(t=np.tile(t, n), y=y.ravel())


def test_selection_on_a_covariate_biases_the_estimate_without_it_and_not_the_one_with_it():
    frame = selected()
    for covariates, method, right in ((None, "dr", False), *(("x", method, True) for method in METHODS)):
        roles = Roles(outcome="y", person="id", month="t", covariates=covariates)
        found = person_effects(frame, Design(control="not_yet"), roles, method=method).group_time
        simple = aggregate(found, "simple")
        distance = abs(simple.estimate[0] - 0.5) / std_errors(simple.influence(found))[0]
        assert distance < 3 if right else distance > 10


def test_a_covariate_that_varies_is_taken_in_the_base_month_of_each_effect():
    frame = offices().query("g == 7 or g == 0")
    at_base = frame[frame["t"] == 6].set_index("id")["x1"]
    noise = np.random.default_rng(6).normal(size=len(frame))
    varying = frame.assign(x1=np.where(frame["t"] == 6, frame["x1"] ** 2, noise))
    fixed = frame.assign(x1=frame["id"].map(at_base) ** 2)
    here, there = (person_effects(part, Design(), ROLES).group_time for part in (varying, fixed))
    assert_allclose(here.table["att"], there.table["att"], atol=1e-12)
    months = person_effects(varying, VARYING, ROLES).group_time.table
    assert_allclose(months["att"][5:], here.table["att"][6:], atol=1e-12)
    assert abs(months["att"][1] - person_effects(fixed, VARYING, ROLES).group_time.table["att"][1]) > 1e-3


def test_persons_without_an_outcome_in_some_month_are_left_out_and_told_of():
    frame = offices().astype({"y": "float64"})
    frame.loc[frame["id"].isin([3, 8]) & (frame["t"] == 5), "y"] = np.nan
    frame = frame[(frame["id"] != 20) | (frame["t"] != 2)]
    found = person_effects(frame, VARYING, ROLES)
    without = person_effects(offices().query("id not in [3, 8, 20]"), VARYING, ROLES)
    pd.testing.assert_frame_equal(found.group_time.table, without.group_time.table)
    assert found.ledger[["reason", "persons"]].to_dict("records") == [{"reason": "missing_outcome", "persons": 3}]


def test_groups_outside_the_window_are_left_out_or_counted_as_never_treated_and_told_of():
    frame = offices()
    frame.loc[frame["g"] == 5, "adoption_month"] = 1
    frame.loc[frame["g"] == 10, "adoption_month"] = 13
    found = person_effects(frame, VARYING, ROLES)
    assert set(found.group_time.table["group"]) == {7}
    persons = frame.drop_duplicates("id")["g"].value_counts()
    assert found.ledger.to_dict("records") == [
        {"reason": "adopted_before_window", "group": 1, "persons": persons[5]},
        {"reason": "adopts_after_window", "group": 13, "persons": persons[10]},
    ]
    assert (found.group_time.table["n_comparison"] == persons[0] + persons[10]).all()


def problems_of(frame: pd.DataFrame, covariates: str, *, method: str = "dr", design: Design = VARYING) -> list[str]:
    roles = Roles(outcome="y", person="id", month="t", covariates=covariates)
    with pytest.raises(ProblemsFound) as found:
        person_effects(frame, design, roles, method=method)
    return [str(problem).strip() for problem in found.value.problems]


def test_separation_names_the_column_and_every_group_it_concerns():
    frame = offices()
    frame["mark"] = ((frame["g"] > 5) | (frame["id"] % 4 == 0) & (frame["g"] == 5)).astype(float)
    for method in ("ipw", "dr", "dr_improved"):
        seven, ten = problems_of(frame, "x1 + mark", method=method)[-2:]
        assert seven.startswith("gruppen fra 0000-08: «mark» skiller gruppen og sammenligningspersonene uten overlapp")
        assert ten.startswith("gruppen fra 0000-11: «mark» skiller gruppen")
        assert "Slå sammen sjeldne kategorier" in ten


def test_little_overlap_tells_the_largest_score_and_what_the_comparison_persons_are_worth():
    frame = offices()
    strong = 11.0 * (frame["g"] == 7) + frame.groupby("id").ngroup() % 50 / 4
    found = problems_of(frame.assign(strong=strong), "strong", method="ipw")
    assert len(found) == 1
    assert found[0].startswith("gruppen fra 0000-08: overlappen er for liten: største tilbøyelighetsskår er 0,9")
    assert "sammenligningspersoner er etter vekting verdt " in found[0]
    assert "velg metoden reg" in found[0]
    roles = Roles(outcome="y", person="id", month="t", covariates="strong")
    assert len(person_effects(frame.assign(strong=strong), VARYING, roles, method="reg").group_time.table) == 33


@pytest.mark.parametrize("method", METHODS)
def test_columns_that_follow_from_each_other_are_named(method):
    frame = offices().assign(total=lambda part: 2 * part["x1"] - part["x3"])
    found = problems_of(frame, "x1 + x2 + x3 + total", method=method)
    assert len(found) == 3
    assert all("«x1», «x3», «total» kan regnes ut av hverandre. Ta ut én av dem." in problem for problem in found)


def test_a_column_that_only_the_group_varies_in_is_told_for_the_regression():
    frame = offices().assign(only=lambda part: part["x1"].where(part["g"] == 5, 1.0))
    found = problems_of(frame, "only", method="reg")
    assert "blant sammenligningspersonene: kolonnen «only» har samme verdi for alle." in found[0]


def test_too_few_comparison_persons_for_the_regression_is_told_with_both_numbers():
    frame = offices()
    few = frame[(frame["g"] > 0) | frame["id"].isin(frame.loc[frame["g"] == 0, "id"].unique()[:4])]
    for problem in problems_of(few, "x1 + x2 + x3", method="reg"):
        assert "sammenligningspersonene er 4 personer, for få til 4 koeffisienter." in problem
    assert len(problems_of(few, "x1 + x2 + x3", method="reg")) == 3


def test_missing_covariates_are_named_and_told_with_what_else_is_wrong():
    frame = offices().assign(w=lambda part: part["w"].where(part["id"] != 9, -1.0))
    frame.loc[frame["id"] < 3, "x2"] = np.nan
    frame.loc[17, "adoption_month"] = 4
    frame = pd.concat([frame, frame.iloc[:1]])
    found = problems_of(frame, "x1 + x2", design=Design(base="varying", weight="w"))
    assert [problem.split(".")[0] for problem in found] == [
        "kolonnen «x2»: 2 av 360 rader mangler en gyldig verdi",
        "kolonnen «w»: 12 av 4321 vekter mangler eller er negative",
        "panelet: 1 personmåneder står mer enn én gang",
        "kolonnen «adoption_month»: samme person har flere verdier over tid",
    ]
    assert problems_of(offices(), "x1 + alder") == [
        "formel: kolonnen «alder» finnes ikke. Velg blant: id, t, g, office, w, x1, x2, x3, y, adoption_month."
    ]
    assert problems_of(offices(), "x1 +")[0].startswith("formel: «x1 +» kan ikke leses.")
    assert problems_of(offices(), "log(x2)")[0].startswith("kolonnen «log(x2)»:")
    assert problems_of(offices(), "0 + x1")[0].startswith("formel: konstantleddet er tatt ut.")


def test_nobody_to_compare_with_offers_those_who_have_not_started_yet():
    frame = offices().query("g > 0")
    found = problems_of(frame, "x1", design=Design(base="varying"))
    assert "Velg dem som ennå ikke har startet (not_yet)." in found[0]
    roles = Roles(outcome="y", person="id", month="t", covariates="x1")
    months = person_effects(frame, Design(control="not_yet", base="varying"), roles).group_time.table["month"]
    assert months.max() == 9


def test_text_and_powers_in_the_formula_are_the_columns_made_by_hand():
    frame = offices().assign(county=lambda part: part["x2"].map({0: "Troms", 1: "Finnmark"}))
    by_hand = frame.assign(square=frame["x1"] ** 2)
    one, two = (
        person_effects(frame, VARYING, Roles(outcome="y", person="id", month="t", covariates=formula)).group_time
        if formula.startswith("C")
        else person_effects(by_hand, VARYING, Roles(outcome="y", person="id", month="t", covariates=formula)).group_time
        for formula in ("C(county) + x1 + I(x1**2)", "x2 + x1 + square")
    )
    assert_allclose(one.table["att"], two.table["att"], atol=1e-11)


def test_unknown_choices_are_programming_errors():
    with pytest.raises(ValueError, match="unknown method 'aipw'"):
        person_effects(offices(), VARYING, ROLES, method="aipw")
    with pytest.raises(ValueError, match="a panel needs a column of persons"):
        person_effects(offices(), VARYING, Roles(outcome="y", person=None, month="t"))
