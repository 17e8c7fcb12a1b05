"""Matching: the pairs of MatchIt, a brute-force greedy search, and rules that hold for every match."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from analysis.did import difference
from analysis.matching import MatchingSpec, match, match_distance, pair_clusters
from analysis.problems import ProblemsFound
from analysis.scores import Scores

REFERENCE = Path(__file__).parent / "reference" / "matching"
STORED = json.loads((REFERENCE / "nearest_lalonde.json").read_text())
NAMES = {"m.order": "order", "link": "link", "caliper": "caliper", "replace": "replace", "ratio": "ratio"}


@pytest.fixture(scope="module")
def lalonde():
    return pd.read_csv(REFERENCE / "lalonde.csv")


@pytest.fixture(scope="module")
def scores():
    return Scores(probability=np.array(STORED["probability"]), linear=np.array(STORED["linear"]))


def spec_of(name):
    options = {NAMES[key]: value for key, value in STORED["results"][name]["arguments"].items()}
    options["link"] = options.get("link", "logit").replace(".", "_")
    return MatchingSpec(**{"caliper": None, **options})


def partners(found):
    own = found.pairs.groupby("treated_row")["comparison_row"].apply(list).to_dict()
    return {str(row): rows for row, rows in own.items()}


@st.composite
def drawn_samples(draw):
    """Few distinct scores, so that ties abound; at least one person in each arm."""
    n = draw(st.integers(2, 25))
    distance = np.array(draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))) / 8
    treated = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    treated[:2] = [True, False]
    return distance, treated


specs = st.builds(
    MatchingSpec,
    caliper=st.sampled_from([None, 0.25, 1.0]),
    replace=st.booleans(),
    ratio=st.integers(1, 3),
    order=st.sampled_from(["largest", "smallest", "data"]),
)


@pytest.mark.parametrize("name", sorted(STORED["results"]))
def test_partners_and_weights_equal_matchit(lalonde, scores, name):
    found = match(scores, lalonde["treat"], spec_of(name))
    expected = STORED["results"][name]
    got, wanted = partners(found), expected["partners"]
    if name == "nn_ps_k3_replace":
        # MatchIt lists partners at equal distance in another order; the sets are the same.
        got, wanted = ({row: set(rows) for row, rows in table.items()} for table in (got, wanted))
    assert got == wanted
    weights = np.zeros(len(lalonde))
    weights[[int(row) for row in expected["weights"]]] = list(expected["weights"].values())
    np.testing.assert_allclose(found.weights, weights, rtol=0, atol=1e-12)


def test_the_caliper_is_in_standard_deviations_of_everyones_score(lalonde, scores):
    found = match(scores, lalonde["treat"], spec_of("nn_ps_cal02"))
    assert found.caliper_width == pytest.approx(STORED["results"]["nn_ps_cal02"]["caliper"], abs=1e-14)
    assert found.pairs["distance"].max() <= found.caliper_width


@pytest.mark.parametrize("name", ["nn_ps", "nn_ps_cal02", "nn_ps_k2"])
def test_effect_and_error_clustered_on_pairs_equal_those_of_r(lalonde, scores, name):
    found = match(scores, lalonde["treat"], spec_of(name))
    clusters = pair_clusters(found)
    effect = difference(
        lalonde["re78"], lalonde["treat"], weights=found.weights, inference="cluster", clusters=clusters
    )
    expected = STORED["results"][name]["effect"]
    assert effect.estimate == pytest.approx(expected["wls"], rel=1e-10)
    assert effect.std_error == pytest.approx(expected["se_cluster_subclass_hc1"], rel=1e-10)


def brute_force(distance, treated, spec):
    """The rule as it is told, by looking at every free person for every choice: {treated: [partners]}."""
    place = np.argsort(np.argsort(distance, kind="stable"), kind="stable")
    width = np.inf if spec.caliper is None else spec.caliper * np.std(distance, ddof=1)
    rows = np.flatnonzero(treated)
    sign = {"largest": -1, "smallest": 1, "data": 0}[spec.order]
    order = sorted(rows, key=lambda row: (sign * distance[row], row))
    taken, chosen = set(), {int(row): [] for row in rows}
    for _ in range(spec.ratio):
        for row in order:
            own = taken if not spec.replace else set(chosen[row])
            inside = [place[row], *(place[other] for other in chosen[row])]
            free = [c for c in np.flatnonzero(~treated) if c not in own and not min(inside) < place[c] < max(inside)]
            left = max((c for c in free if place[c] < place[row]), key=lambda c: place[c], default=None)
            right = min((c for c in free if place[c] > place[row]), key=lambda c: place[c], default=None)
            sides = [c for c in (left, right) if c is not None and abs(distance[c] - distance[row]) <= width]
            if sides:
                best = min(
                    sides, key=lambda c: (abs(distance[c] - distance[row]), abs(place[c] - place[row]), place[c])
                )
                chosen[row].append(int(best))
                taken.add(int(best))
    return {str(row): found for row, found in chosen.items() if found}


@settings(max_examples=150, deadline=None)
@given(sample=drawn_samples(), spec=specs)
def test_matching_equals_a_brute_force_search(sample, spec):
    distance, treated = sample
    expected = brute_force(distance, treated, spec)
    if not expected:
        with pytest.raises(ProblemsFound):
            match_distance(distance, treated, spec)
        return
    assert partners(match_distance(distance, treated, spec)) == expected


@settings(max_examples=80, deadline=None)
@given(sample=drawn_samples(), spec=specs)
def test_every_match_keeps_the_books(sample, spec):
    distance, treated = sample
    try:
        found = match_distance(distance, treated, spec)
    except ProblemsFound:
        return
    used = found.weights > 0
    assert set(found.dropped["row"]) == set(np.flatnonzero(~used))
    assert set(found.pairs["treated_row"]) == set(np.flatnonzero(used & treated))
    assert set(found.pairs["comparison_row"]) == set(np.flatnonzero(used & ~treated))
    assert found.weights[treated & used] == pytest.approx(1)
    assert found.weights[~treated].sum() == pytest.approx((used & ~treated).sum())
    assert not found.pairs.duplicated(["treated_row", "comparison_row"]).any()
    if not spec.replace:
        assert found.pairs["comparison_row"].is_unique
    clusters = pair_clusters(found)
    assert ((clusters >= 0) == used).all()
    assert (clusters[found.pairs["treated_row"]] == clusters[found.pairs["comparison_row"]]).all()


@settings(max_examples=60, deadline=None)
@given(sample=drawn_samples())
def test_with_replacement_everyone_gets_the_nearest(sample):
    distance, treated = sample
    found = match_distance(distance, treated, MatchingSpec(caliper=None, replace=True))
    gaps = np.abs(distance[treated][:, None] - distance[~treated][None, :]).min(axis=1)
    np.testing.assert_array_equal(found.pairs["distance"], gaps)


def test_equal_distance_goes_to_the_left():
    found = match_distance([0.5, 0.75, 0.25], [1, 0, 0], MatchingSpec(caliper=None))
    assert found.pairs["comparison_row"].tolist() == [2]


def test_the_limit_of_the_caliper_is_included():
    distance = [0.0, 2.0, 4.0]
    width = float(np.std(distance, ddof=1))  # 2, the gap between neighbours
    assert len(match_distance(distance, [0, 0, 1], MatchingSpec(caliper=1.0)).pairs) == 1
    with pytest.raises(ProblemsFound, match="ingen par"):
        match_distance(distance, [0, 0, 1], MatchingSpec(caliper=np.nextafter(2 / width, 0)))


def test_reasons_tell_a_missing_neighbour_from_a_taken_one():
    distance = [0.50, 0.50, 0.50, 0.99, 0.0, 0.1]
    found = match_distance(distance, [1, 1, 0, 1, 0, 0], MatchingSpec(caliper=0.2))
    reasons = dict(zip(found.dropped["row"], found.dropped["reason"], strict=True))
    assert reasons == {1: "comparisons_taken", 3: "no_comparison_within_caliper", 4: "not_chosen", 5: "not_chosen"}


def test_sets_that_share_a_comparison_person_are_one_cluster():
    spec = MatchingSpec(caliper=None, replace=True)
    found = match_distance([0.1, 0.12, 0.11, 0.9, 0.91, 0.5], [1, 1, 0, 1, 0, 0], spec)
    assert pair_clusters(found).tolist() == [0, 0, 0, 1, 1, -1]


def test_the_link_chooses_the_scale():
    rng = np.random.default_rng(3)
    linear = np.concatenate([rng.normal(1, 1, 40), rng.normal(-2, 1.5, 200)])
    scores = Scores(probability=expit(linear), linear=linear)
    treated = np.arange(240) < 40
    on_logit = match(scores, treated, MatchingSpec(link="linear_logit"))
    pd.testing.assert_frame_equal(on_logit.pairs, match_distance(linear, treated, MatchingSpec()).pairs)
    assert on_logit.caliper_width == pytest.approx(0.2 * linear.std(ddof=1))


def test_a_thousand_treated_among_a_hundred_thousand_with_poor_overlap_all_get_partners():
    rng = np.random.default_rng(4)
    treated = np.arange(100_000) < 1_000
    distance = rng.normal(size=100_000) + 3 * treated
    found = match_distance(distance, treated, MatchingSpec(caliper=None))
    assert len(found.pairs) == 1_000
    assert found.pairs["comparison_row"].is_unique


@pytest.mark.parametrize(
    "options",
    [
        {"method": "magic"},
        {"link": "probit"},
        {"order": "random"},
        {"ratio": 0},
        {"ratio": 1.5},
        {"caliper": -0.1},
        {"caliper": float("nan")},
    ],
)
def test_unknown_options_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        MatchingSpec(**options)


def test_missing_scores_are_a_programming_error_and_empty_groups_are_told():
    with pytest.raises(ValueError, match="distance"):
        match_distance([0.1, np.nan], [1, 0], MatchingSpec())
    with pytest.raises(ProblemsFound, match="ingen par") as caught:
        match_distance([0.1, 0.2], [1, 1], MatchingSpec())
    assert "sammenligningsgruppen er tom" in str(caught.value)
