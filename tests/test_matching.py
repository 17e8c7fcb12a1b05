"""Matching: the pairs of MatchIt, a brute-force greedy search, and rules that hold for every match."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbour_cases import names, stored
from scipy.special import expit

from analysis.did import difference
from analysis.matching import MatchingSpec, common_support, match, match_distance, pair_clusters
from analysis.problems import ProblemsFound
from analysis.scores import Scores

REFERENCE = Path(__file__).parent / "reference" / "matching"
STORED = json.loads((REFERENCE / "nearest_lalonde.json").read_text())


def partners(found, focal="treated_row", partner="comparison_row"):
    return {int(row): list(rows) for row, rows in found.pairs.groupby(focal)[partner]}


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
    order=st.sampled_from([None, "largest", "smallest", "data"]),
)
rules = st.fixed_dictionaries(
    {
        "caliper": st.sampled_from([None, 0.5]),
        "exact": st.sampled_from([(), ("group",)]),
        "antiexact": st.sampled_from([(), ("code",)]),
        "covariate_calipers": st.sampled_from([{}, {"x": 3.0}]),
        "ratio": st.integers(1, 2),
    }
)


@pytest.mark.parametrize(("data", "name"), names("nearest"))
def test_partners_weights_and_sizes_equal_matchit(data, name):
    case = stored(data, name)
    found = match(case.scores, case.treated, case.spec, covariates=case.frame)
    columns = ("treated_row", "comparison_row")[:: 1 if case.spec.estimand == "ATT" else -1]
    got, wanted = partners(found, *columns), case.partners
    if name == "nn_ps_k3_replace":
        # MatchIt lists partners at equal distance in another order; the sets are the same.
        got, wanted = ({row: set(rows) for row, rows in table.items()} for table in (got, wanted))
    assert got == wanted
    np.testing.assert_allclose(found.weights, case.weights, rtol=0, atol=1e-12)
    outside = found.dropped.loc[found.dropped["reason"] == "outside_common_support", "row"]
    assert outside.tolist() == case.discarded
    for name, count in sizes(found, case.treated).items():
        assert count == pytest.approx(case.sizes[name], abs=1e-8), name
    if case.caliper is not None:
        assert found.caliper_width == pytest.approx(case.caliper, abs=1e-12)


def sizes(found, treated):
    """MatchIt's table of sample sizes: comparison persons, treated."""
    rows = {"All": [], "Matched (ESS)": [], "Matched": [], "Unmatched": [], "Discarded": []}
    outside = np.isin(np.arange(len(treated)), found.dropped.query("reason == 'outside_common_support'")["row"])
    for arm in (0, 1):
        weights = found.weights[treated == arm]
        rows["All"].append(len(weights))
        rows["Matched (ESS)"].append(weights.sum() ** 2 / (weights**2).sum())
        rows["Matched"].append((weights > 0).sum())
        rows["Discarded"].append(outside[treated == arm].sum())
        rows["Unmatched"].append(len(weights) - rows["Matched"][-1] - rows["Discarded"][-1])
    return rows


@pytest.mark.parametrize("name", ["nn_ps", "nn_ps_cal02", "nn_ps_k2"])
def test_effect_and_error_clustered_on_pairs_equal_those_of_r(name):
    case = stored("lalonde", name)
    found = match(case.scores, case.treated, case.spec)
    clusters = pair_clusters(found)
    np.testing.assert_array_equal(clusters >= 0, found.subclass >= 0)
    effect = difference(
        case.frame["re78"], case.frame["treat"], weights=found.weights, inference="cluster", clusters=clusters
    )
    expected = STORED["results"][name]["effect"]
    assert effect.estimate == pytest.approx(expected["wls"], rel=1e-10)
    assert effect.std_error == pytest.approx(expected["se_cluster_subclass_hc1"], rel=1e-10)


def brute_force(distance, treated, spec):
    """The rule as it is told, by looking at every free person for every choice: {treated: [partners]}."""
    place = np.argsort(np.argsort(distance, kind="stable"), kind="stable")
    width = np.inf if spec.caliper is None else spec.caliper * np.std(distance, ddof=1)
    rows = np.flatnonzero(treated)
    sign = {None: -1, "largest": -1, "smallest": 1, "data": 0}[spec.order]
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
    return {row: found for row, found in chosen.items() if found}


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
        {"order": "up"},
        {"seed": 3},
        {"order": "closest", "replace": True},
        {"order": "random", "seed": 1, "replace": True},
        {"estimand": "ATE"},
        {"reuse_max": 2},
        {"reuse_max": 0, "replace": True},
        {"min_controls": 1},
        {"min_controls": 1, "max_controls": 3, "replace": True},
        {"ratio": 4, "min_controls": 1, "max_controls": 3},
        {"metric": "robust_mahalanobis"},
        {"distance_columns": ("x",)},
        {"distance_columns": (), "method": "mahalanobis"},
        {"link": "linear_logit", "method": "mahalanobis", "caliper": None, "distance_columns": ("x",)},
        {"order": "closest", "method": "mahalanobis", "distance_columns": ("x",)},
        {"caliper_unit": "raw", "caliper": None},
        {"caliper_unit": "metres"},
        {"within": "office"},
        {"within_penalty": 0.2},
        {"within": "penalty"},
        {"exact": ("a",), "antiexact": ("a",)},
        {"covariate_calipers": {"x": 1.0}, "covariate_calipers_sd": {"x": 1.0}},
        {"covariate_calipers": {"x": -1.0}},
        {"discard": "all"},
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


@pytest.mark.parametrize(
    ("spec", "given", "told"),
    [
        (MatchingSpec(exact=("group",)), {}, "covariates"),
        (MatchingSpec(exact=("nope",)), {"covariates": pd.DataFrame({"x": [1, 2]})}, "nope"),
        (MatchingSpec(within="second_pass"), {}, "within"),
        (MatchingSpec(), {"within": ["a", "b"]}, "within"),
        (MatchingSpec(), {"strata": ["a", None]}, "strata"),
        (MatchingSpec(), {"discarded": [0, 1]}, "discarded"),
        (MatchingSpec(), {"sampling_weights": [1.0, 0.0]}, "sampling_weights"),
        (MatchingSpec(covariate_calipers={"t": 1.0}), {"covariates": pd.DataFrame({"t": ["a", "b"]})}, "'t'"),
    ],
)
def test_arguments_that_do_not_go_with_the_specification_are_refused(spec, given, told):
    with pytest.raises(ValueError, match=told):
        match_distance([0.1, 0.2], [1, 0], spec, **given)


def test_scores_are_asked_for_by_name():
    with pytest.raises(ValueError, match="caliper"):
        match(
            None,
            [1, 0],
            MatchingSpec(method="mahalanobis", distance_columns=("x",)),
            covariates=pd.DataFrame({"x": [1.0, 2.0]}),
        )


def test_missing_covariates_are_named():
    frame = pd.DataFrame({"group": ["a", None, "a"], "x": [1.0, np.nan, 2.0]})
    with pytest.raises(ProblemsFound) as caught:
        match_distance(
            [0.1, 0.2, 0.3], [1, 0, 0], MatchingSpec(exact=("group",), covariate_calipers={"x": 1}), covariates=frame
        )
    assert all(name in str(caught.value) for name in ("«group»", "«x»"))


def covariates_of(n, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"group": rng.integers(0, 2, n), "code": rng.integers(0, 3, n), "x": rng.integers(0, 9, n)})


def together(spec, frame, distance):
    """Whether two persons may be matched (n, n)."""
    fits = np.ones((len(frame), len(frame)), dtype=bool)
    for name in spec.exact:
        fits &= frame[name].to_numpy()[:, None] == frame[name].to_numpy()[None, :]
    for name in spec.antiexact:
        fits &= frame[name].to_numpy()[:, None] != frame[name].to_numpy()[None, :]
    for name, width in spec.covariate_calipers.items():
        fits &= np.abs(frame[name].to_numpy()[:, None] - frame[name].to_numpy()[None, :]) <= width
    if spec.caliper is not None:
        fits &= np.abs(distance[:, None] - distance[None, :]) <= spec.caliper * np.std(distance, ddof=1)
    return fits


def chosen_or_none(distance, treated, spec, **given):
    try:
        return partners(match_distance(distance, treated, spec, **given))
    except ProblemsFound:
        return {}


@settings(max_examples=80, deadline=None)
@given(sample=drawn_samples(), options=rules, reuse=st.sampled_from([1, 2, None]), seed=st.integers(0, 999))
def test_with_rules_every_choice_is_the_nearest_that_is_left(sample, options, reuse, seed):
    distance, treated = sample
    frame = covariates_of(len(distance), seed)
    spec = MatchingSpec(**options, replace=reuse != 1, reuse_max=None if reuse == 1 else reuse)
    got = chosen_or_none(distance, treated, spec, covariates=frame)
    fits = together(spec, frame, distance) & ~treated[None, :]
    left = np.full(len(treated), reuse or len(treated) + 1)
    rows = np.flatnonzero(treated)
    for turn in range(spec.ratio):
        for row in rows[np.argsort(-distance[rows], kind="stable")]:
            free = fits[row] & (left > 0)
            free[got.get(row, [])[:turn]] = False
            gaps = np.abs(distance - distance[row])
            if len(got.get(row, [])) <= turn:
                assert not free.any()
                continue
            assert gaps[got[row][turn]] == gaps[free].min()
            left[got[row][turn]] -= 1


@settings(max_examples=80, deadline=None)
@given(sample=drawn_samples(), options=rules, seed=st.integers(0, 999))
def test_closest_first_takes_the_nearest_pair_of_all_in_every_turn(sample, options, seed):
    _, treated = sample
    distance = np.random.default_rng(seed).random(len(treated))
    frame = covariates_of(len(distance), seed)
    spec = MatchingSpec(**options, order="closest")
    gaps = np.where(together(spec, frame, distance), np.abs(distance[:, None] - distance[None, :]), np.inf)
    gaps[~treated], gaps[:, treated] = np.inf, np.inf
    expected = {}
    for _ in range(spec.ratio):
        turn = gaps.copy()
        while np.isfinite(turn).any():
            row, partner = np.unravel_index(np.argmin(turn), turn.shape)
            expected.setdefault(int(row), []).append(int(partner))
            turn[row], turn[:, partner], gaps[:, partner] = np.inf, np.inf, np.inf
    assert chosen_or_none(distance, treated, spec, covariates=frame) == expected


@settings(max_examples=80, deadline=None)
@given(
    sample=drawn_samples(),
    mode=st.sampled_from(["second_pass", "penalty"]),
    ratio=st.integers(1, 2),
    replace=st.booleans(),
    seed=st.integers(0, 999),
)
def test_the_own_office_comes_first(sample, mode, ratio, replace, seed):
    _, treated = sample
    rng = np.random.default_rng(seed)
    distance, office = rng.random(len(treated)), rng.integers(0, 3, len(treated))
    penalty = 0.3 if mode == "penalty" else None
    spec = MatchingSpec(caliper=1.0, ratio=ratio, replace=replace, within=mode, within_penalty=penalty)
    gaps = np.abs(distance[:, None] - distance[None, :])
    gaps[gaps > np.std(distance, ddof=1)] = np.inf
    gaps[:, treated] = np.inf
    same = office[:, None] == office[None, :]
    rows = np.flatnonzero(treated)
    order = rows[np.argsort(-distance[rows])]
    if mode == "penalty":
        passes = [gaps + np.where(same, 0, 0.3 * np.std(distance, ddof=1))]
    else:
        passes = [np.where(same, gaps, np.inf), np.where(same, np.inf, gaps)]
    expected = {int(row): [] for row in rows}
    taken = np.zeros(len(treated), dtype=bool)
    for cost in passes:
        wanted = {int(row): ratio - len(expected[int(row)]) for row in rows}
        for turn in range(ratio):
            for row in map(int, order):
                left = np.where(taken, np.inf, cost[row])
                left[expected[row]] = np.inf
                if wanted[row] > turn and np.isfinite(left.min()):
                    expected[row].append(int(left.argmin()))
                    taken[expected[row][-1]] = not replace
    expected = {row: found for row, found in expected.items() if found}
    assert chosen_or_none(distance, treated, spec, within=office) == expected


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), options=rules, order=st.sampled_from(["largest", "smallest", "closest"]))
def test_row_order_and_the_scale_of_the_score_do_not_matter_when_scores_differ(seed, options, order):
    rng = np.random.default_rng(seed)
    distance, treated, frame = rng.random(60), np.arange(60) < 20, covariates_of(60, seed)
    spec = MatchingSpec(**options, order=order)
    plain = chosen_or_none(distance, treated, spec, covariates=frame)
    # A power of two and no shift: the distances are the same to the last bit.
    assert chosen_or_none(4 * distance, treated, spec, covariates=frame) == plain
    rows = rng.permutation(60)
    shuffled = chosen_or_none(distance[rows], treated[rows], spec, covariates=frame.iloc[rows])
    assert {rows[row]: [rows[other] for other in found] for row, found in shuffled.items()} == plain
    named = frame.assign(group=frame["group"].map({0: "b", 1: "a"}), code=frame["code"].map({0: "z", 1: "x", 2: "y"}))
    assert chosen_or_none(distance, treated, spec, covariates=named) == plain


def test_strata_work_as_exact_columns():
    rng = np.random.default_rng(6)
    distance, treated, frame = rng.random(80), np.arange(80) < 20, covariates_of(80, 6)
    by_column = match_distance(distance, treated, MatchingSpec(exact=("group", "code")), covariates=frame)
    by_code = match_distance(distance, treated, MatchingSpec(), strata=frame["group"] * 10 + frame["code"])
    pd.testing.assert_frame_equal(by_column.pairs, by_code.pairs)


def test_who_stands_alone_in_a_stratum_is_told():
    found = match_distance([0.5, 0.6, 0.5], [1, 1, 0], MatchingSpec(caliper=None), strata=["a", "b", "a"])
    assert found.dropped.to_dict("list") == {"row": [1], "reason": ["no_comparison_in_stratum"]}


def test_calipers_may_be_in_raw_units_and_on_covariates_in_deviations():
    distance, treated = [0.0, 0.3, 0.6], [1, 0, 0]
    with pytest.raises(ProblemsFound):
        match_distance(distance, treated, MatchingSpec(caliper=0.29, caliper_unit="raw"))
    assert match_distance(distance, treated, MatchingSpec(caliper=0.31, caliper_unit="raw")).caliper_width == 0.31
    frame = pd.DataFrame({"x": [0.0, 2.0, 1.0]})
    spec = MatchingSpec(caliper=None, covariate_calipers_sd={"x": 1.0})
    assert match_distance(distance, treated, spec, covariates=frame).pairs["comparison_row"].tolist() == [2]


def test_a_random_order_is_repeated_by_its_seed():
    rng = np.random.default_rng(1)
    distance, treated = rng.random(200), np.arange(200) < 80
    drawn = [match_distance(distance, treated, MatchingSpec(order="random", seed=seed)).pairs for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(drawn[0], drawn[1])
    assert not drawn[0].equals(drawn[2])


@pytest.mark.parametrize(("discard", "rows"), [("none", []), ("both", [0, 5]), ("treated", [5]), ("comparison", [0])])
def test_who_is_outside_the_scores_of_the_other_group(discard, rows):
    distance, treated = [0.0, 0.2, 0.3, 0.4, 0.5, 0.9], [0, 1, 0, 1, 0, 1]
    assert np.flatnonzero(common_support(distance, treated, discard)).tolist() == rows
    found = match_distance(distance, treated, MatchingSpec(caliper=None, discard=discard))
    assert found.dropped.query("reason == 'outside_common_support'")["row"].tolist() == rows


def test_the_caller_may_decide_who_is_discarded_and_reestimate():
    gone = np.array([True, False, False, False])
    found = match_distance([np.nan, 0.2, 0.3, 0.9], [0, 1, 0, 0], MatchingSpec(caliper=0.5), discarded=gone)
    assert partners(found) == {1: [2]}
    assert found.caliper_width == pytest.approx(0.5 * np.std([0.2, 0.3, 0.9], ddof=1))


def test_a_ratio_that_varies_has_the_mean_it_is_given():
    rng = np.random.default_rng(4)
    distance, treated = rng.random(300), np.arange(300) < 40
    spec = MatchingSpec(caliper=None, ratio=2.5, min_controls=1, max_controls=5)
    found = match_distance(distance, treated, spec)
    per_set = found.pairs.groupby("treated_row").size()
    assert len(found.pairs) == 100
    assert set(per_set) == {1, 5}
    # The lowest scores, with most comparison persons about them, get most.
    assert distance[per_set[per_set == 5].index].max() < distance[per_set[per_set == 1].index].min()


def test_sampling_weights_are_kept_beside_the_weights():
    found = match_distance([0.5, 0.4, 0.6], [1, 0, 0], MatchingSpec(caliper=None), sampling_weights=[2.0, 3.0, 5.0])
    assert found.weights.tolist() == [1, 1, 0]
    assert found.analysis_weights.tolist() == [2, 3, 0]


def test_all_tied_are_matched_in_row_order_and_one_comparison_person_is_enough():
    found = match_distance(np.full(6, 0.5), [1, 1, 0, 0, 0, 1], MatchingSpec(caliper=0.2))
    assert found.caliper_width == 0
    assert len(found.pairs) == 3
    alone = match_distance([0.1, 0.9, 0.5], [1, 1, 0], MatchingSpec(caliper=None))
    assert partners(alone) == {1: [2]}
