"""Rows of one group: published shares of others beside it, priors, and the shares of a delivered group."""

import matched_starts
import numpy as np
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimate_did import estimate_did
from analysis.estimate_published import estimate_published
from analysis.match_persons import match_persons
from analysis.priors import Prior
from analysis.problems import ProblemsFound
from analysis.proportions import clopper_pearson, wilson
from analysis.single_arm import posterior, sceptical_prior, tipping_point

CARD, FIGURES = stages.card(stages.MENTOR), stages.figures(stages.MENTOR)


def rows(**wanted):
    frame = stages.estimates(stages.MENTOR)
    for column, value in wanted.items():
        frame = frame[frame[column].eq(value)]
    return frame


def test_the_main_numbers_of_the_mentor_cohort_are_those_of_the_design_document():
    # Design document, section 5: 0.7347; Wilson 59.7–83.8; Clopper–Pearson 58.9–85.1.
    (main,) = (row for _, row in rows(role="primary").iterrows())
    assert (main["outcome"], main["inference"], main["estimate"]) == ("hired", "wilson", 36 / 49)
    assert [round(100 * main[end], 1) for end in ("conf_low", "conf_high")] == [59.7, 83.8]
    exact = rows(outcome="hired", inference="clopper_pearson").iloc[0]
    assert [round(100 * exact[end], 1) for end in ("conf_low", "conf_high")] == [58.9, 85.1]


@pytest.mark.parametrize(
    ("outcome", "k", "low", "high"),
    [("hired_or_apprentice", 38, 64.1, 87.0), ("hired_apprentice_or_education", 40, 68.6, 90.0)],
)
def test_outcomes_that_are_added_have_their_known_intervals_and_say_that_they_are_added(outcome, k, low, high):
    row = rows(outcome=outcome, inference="wilson").iloc[0]
    assert row["estimate"] == k / 49
    assert [round(100 * row[end], 1) for end in ("conf_low", "conf_high")] == [low, high]
    assert row["convention"] == "counts added, nobody counted twice"
    assert rows(outcome="hired", inference="wilson")["convention"].isna().all()


def test_every_published_share_has_its_tipping_point_and_none_is_subtracted():
    found = rows(estimator="tipping_point").set_index("spec")
    assert found["estimate"].to_dict() == {
        "benchmark=exit_five_years;end=low": 24,
        "benchmark=wage_subsidy;end=low": 25,
        "benchmark=wage_subsidy;end=high": 10,
    }
    assert found["base_rate"].tolist() == [0.25, 0.23, 0.54]
    assert (found["conf_low"].tolist(), found["conf_high"].tolist()) == ([18, 19, 3], [29, 30, 15])
    assert set(found["outcome"]) == {"hired"}
    assert "difference" not in set(stages.estimates(stages.MENTOR)["scale"])


def test_the_published_shares_are_those_of_the_evidence_brief_with_source_and_certainty():
    # Evidence brief, section 2: one in four after five years [L23]; 54 and 23 % stable within three years [L22].
    bands = {band.id: band for band in CARD.published.single_arm.benchmarks}
    assert {name: (band.low, band.high) for name, band in bands.items()} == {
        "exit_five_years": (0.25, 0.25),
        "wage_subsidy": (0.23, 0.54),
    }
    assert bands["exit_five_years"].certainty == "stated_approx"
    cited = {source.id: source.citation for source in CARD.sources}
    assert "2/2023" in cited[bands["exit_five_years"].source]
    assert "3/2024" in cited[bands["wage_subsidy"].source]


def test_the_posteriors_are_sensitivity_rows_under_jeffreys_and_under_each_sceptic():
    found = rows(inference="beta_posterior").set_index("spec")
    assert set(found["role"]) == {"sensitivity"}
    priors = {"prior=main": Prior(0.5, 0.5), "prior=exit_five_years": sceptical_prior(0.25, 20)}
    priors["prior=wage_subsidy"] = sceptical_prior((0.23 + 0.54) / 2, 20)
    assert set(found.index) == set(priors)
    for spec, prior in priors.items():
        row, truth = found.loc[spec], posterior(36, 49, prior)
        assert (row["estimate"], row["conf_low"], row["conf_high"]) == (truth.mean, truth.low, truth.high)
    assert found.loc["prior=exit_five_years", "convention"] == "prior Beta(5,15), posterior mean"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 45), st.floats(0.01, 0.99), st.floats(0.5, 0.999))
def test_rows_follow_the_figures_and_the_card_whatever_they_are(k, share, level):
    band = {"id": "b", "label": {"nb": "x"}, "low": share, "high": share, "source": "afi_2020"}
    card = stages.changed(CARD, published__single_arm={"benchmarks": [band]}, inference__level=max(level, 0.51))
    figures = stages.changed(FIGURES, facts__1__value=str(k))
    found = estimate_published(card, figures, **stages.who("x")).estimates.query("outcome == 'hired'")
    row = found.query("estimator == 'tipping_point'").iloc[0]
    truth = tipping_point(k, 49, share, level=card.inference.level)
    assert (row["estimate"], row["conf_low"], row["conf_high"]) == (truth.persons, truth.low, truth.high)
    assert set(found["n_treated"]) == {49}


def test_more_persons_with_an_outcome_than_in_the_group_are_told_and_stop_the_run():
    figures = stages.changed(FIGURES, facts__1__value="46")
    with pytest.raises(ProblemsFound) as caught:
        estimate_published(CARD, figures, **stages.who("x"))
    (problem,) = caught.value.problems
    assert "antallene er til sammen 50, men gruppen har 49 personer" in problem.what


@pytest.fixture(scope="module")
def delivered():
    card = stages.changed(matched_starts.card(), design="single_arm", sensitivity=[])
    panel = matched_starts.panel()
    return card, panel, estimate_did(card, panel, match_persons(card, panel), **stages.who("x")).estimates


def test_a_delivered_group_has_the_share_of_everybody_in_it_at_each_horizon_with_both_intervals(delivered):
    card, panel, estimates = delivered
    found = estimates.query("estimator == 'share' and outcome == 'in_work_last_day'")
    assert set(zip(found["horizon_months"], found["inference"], strict=True)) == {
        (horizon, name) for horizon in card.horizons for name in ("wilson", "clopper_pearson")
    }
    treated = panel.baseline.loc[panel.baseline["treated"], "person_id"]
    at = panel.months[panel.months["person_id"].isin(treated)]
    for _, row in found.iterrows():
        known = at.loc[(at["event_time"] == row["horizon_months"]).to_numpy(bool), "in_work_last_day"].dropna()
        interval = {"wilson": wilson, "clopper_pearson": clopper_pearson}[row["inference"]](
            int(known.sum()), len(known)
        )
        assert (row["estimate"], row["conf_low"], row["conf_high"]) == (interval.estimate, interval.low, interval.high)
        assert (row["n_treated"], row["group"], row["estimand"]) == (len(known), "deltakere", "share")


def test_what_a_project_tells_once_has_a_share_and_no_horizon_and_amounts_have_none(delivered):
    _, panel, estimates = delivered
    shares = estimates.query("estimator == 'share'")
    hired = shares.query("outcome == 'hired' and inference == 'wilson'")
    assert hired["horizon_months"].isna().all()
    assert hired["estimate"].tolist() == [np.mean(panel.months["hired"].dropna())]
    assert set(shares["outcome"]) == {"in_work_last_day", "hired"}


def test_a_cohort_with_a_comparison_group_of_its_own_has_no_such_rows(delivered):
    card, panel, _ = delivered
    other = stages.changed(card, design="matched_did")
    found = estimate_did(other, panel, match_persons(other, panel), **stages.who("x")).estimates
    assert "share" not in set(found["estimator"])
