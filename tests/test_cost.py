"""What it costs: every figure by plain arithmetic, accounts that add up, and no single number without an end."""

import math
from dataclasses import asdict, replace

import cost_reports
import numpy as np
import pandas as pd
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import cost
from analysis.cost import Assumptions, Effect
from analysis.cost_table import ESTIMATE, HIGH, LOW, cost_table
from analysis.tables import COST

KRONER = ("adviser_year", "other_treated", "other_comparison", "work_month", "benefit_month")
SE = Assumptions(
    adviser_year=900_000,
    caseload_treated=17.5,
    caseload_comparison=150,
    months_treated=12,
    months_comparison=10,
    other_treated=500,
    other_comparison=200,
    work_month=45_000,
    tax_share=0.4,
    benefit_month=15_000,
    leisure_share=0.1,
    effect_months=24,
    half_life=12,
    discount_rate=0.04,
    tax_cost=0.2,
)


def kroner(least=0.0, most=1e6):
    return st.floats(least, most)


@st.composite
def assumptions(draw):
    """Assumptions in the range that anybody would write."""
    return Assumptions(
        adviser_year=draw(kroner(1e5, 2e6)),
        caseload_treated=draw(st.floats(5, 200)),
        caseload_comparison=draw(st.floats(5, 200)),
        months_treated=draw(st.floats(0, 60)),
        months_comparison=draw(st.floats(0, 60)),
        other_treated=draw(kroner(0, 1e5)),
        other_comparison=draw(kroner(0, 1e5)),
        work_month=draw(kroner(1e4, 1e5)),
        tax_share=draw(st.floats(0, 0.6)),
        benefit_month=draw(kroner(0, 3e4)),
        leisure_share=draw(st.floats(0, 0.5)),
        effect_months=draw(st.integers(1, 120)),
        half_life=draw(st.floats(1, 60)),
        discount_rate=draw(st.sampled_from([0.0, 0.02, 0.04, 0.1])),
        tax_cost=draw(st.floats(0, 0.4)),
    )


effects = st.tuples(st.floats(-0.5, 0.5), st.floats(0.001, 0.4), st.floats(0.001, 0.4)).map(
    lambda found: Effect(found[0], found[0] - found[1], found[0] + found[2])
)


def months_by_loop(given, months, variant):
    total = 0.0
    for month in range(1, months + 1):
        left = 1.0 if variant == "constant" else 0.5 ** (month / given.half_life)
        total += left / (1 + given.discount_rate) ** (month / 12)
    return total


def accounts_by_hand(given, tau, variant):
    """The three accounts as the plan writes them, with plain arithmetic."""
    treated = given.adviser_year / given.caseload_treated * given.months_treated / 12 + given.other_treated
    others = given.adviser_year / given.caseload_comparison * given.months_comparison / 12 + given.other_comparison
    further = treated - others
    work = tau * months_by_loop(given, given.effect_months, variant)
    tax = given.tax_share * given.work_month
    public = work * (tax + given.benefit_month) - further
    kept = given.work_month - tax - given.benefit_month - given.leisure_share * given.work_month
    person = work * kept
    society = work * given.work_month * (1 - given.leisure_share) - further + given.tax_cost * public
    return {"public": public, "person": person, "society": society}


def test_the_cost_of_a_participant_by_hand():
    treated, comparison = cost.participant_costs(SE)
    assert treated == pytest.approx(900_000 / 17.5 + 500)
    assert comparison == pytest.approx(900_000 / 150 * 10 / 12 + 200)
    assert cost.further_cost(SE) == pytest.approx(51_928.571 - 5_200, abs=0.001)


@pytest.mark.parametrize("variant", ["constant", "fading"])
def test_the_accounts_by_hand_and_society_is_the_sum_and_the_tax_cost(variant):
    wanted = accounts_by_hand(SE, 0.1, variant)
    found = {name: cost.account_at(SE, 0.1, name, variant) for name in cost.ACCOUNTS}
    assert found == pytest.approx(wanted)
    assert found["society"] == pytest.approx(found["public"] + found["person"] + 0.2 * found["public"])


@given(assumptions(), st.floats(-0.5, 0.5), st.sampled_from(["constant", "fading"]))
@settings(max_examples=60, deadline=None)
def test_the_accounts_add_up_whatever_is_assumed(own, tau, variant):
    found = {name: cost.account_at(own, tau, name, variant) for name in cost.ACCOUNTS}
    assert found == pytest.approx(accounts_by_hand(own, tau, variant), rel=1e-9, abs=1e-3)
    added = found["public"] + found["person"] + own.tax_cost * found["public"]
    assert found["society"] == pytest.approx(added, rel=1e-9, abs=1e-3)


@given(assumptions(), effects, st.floats(0.01, 100))
@settings(max_examples=60, deadline=None)
def test_other_units_of_money_scale_every_amount_and_no_month(own, effect, factor):
    other = replace(own, **{name: getattr(own, name) * factor for name in KRONER})
    assert cost.further_cost(other) == pytest.approx(factor * cost.further_cost(own), rel=1e-9, abs=1e-6)
    for name in cost.ACCOUNTS:
        for variant in own.variants():
            scaled, plain = (cost.account_of(each, effect, name, variant) for each in (other, own))
            assert scaled.value == pytest.approx(factor * plain.value, rel=1e-9, abs=1e-3 * factor)
    before, after = (cost.per_person(cost.further_cost(each), effect) for each in (own, other))
    assert before.status == after.status
    for end in ("value", "low", "high"):
        if getattr(before, end) is not None:
            assert getattr(after, end) == pytest.approx(factor * getattr(before, end), rel=1e-9)


@given(assumptions())
@settings(max_examples=40, deadline=None)
def test_groups_that_change_places_turn_the_sign_of_the_further_cost(own):
    names = ("caseload", "months", "other")
    turned = {f"{name}_treated": getattr(own, f"{name}_comparison") for name in names}
    turned |= {f"{name}_comparison": getattr(own, f"{name}_treated") for name in names}
    assert cost.further_cost(replace(own, **turned)) == pytest.approx(-cost.further_cost(own), abs=1e-6)


@given(kroner(-1e6, 1e6), effects)
@settings(max_examples=200, deadline=None)
def test_a_cost_per_person_has_a_value_only_where_the_interval_is_above_zero(further, effect):
    found = cost.per_person(further, effect)
    bounded = further > 0 and effect.low > 0
    assert (found.value is not None) == (found.high is not None) == bounded == (found.status == "bounded")
    if found.status == "bounded":
        assert found.low <= found.value <= found.high
        assert found.value == pytest.approx(further / effect.estimate)
    if found.status == "unbounded":
        assert effect.low <= 0 < effect.high
        assert found.low == pytest.approx(further / effect.high)
    assert (found.status == "none") == (further > 0 and effect.high <= 0)
    assert (found.status == "not_dearer") == (further <= 0)


@given(kroner(1, 1e6), effects)
@settings(max_examples=100, deadline=None)
def test_persons_per_million_are_finite_and_hold_zero_with_the_effect(further, effect):
    found = cost.per_million(further, effect)
    assert all(math.isfinite(end) for end in (found.value, found.low, found.high))
    assert (found.low <= 0 <= found.high) == (effect.low <= 0 <= effect.high)
    assert found.value == pytest.approx(1e6 * effect.estimate / further)


@given(assumptions(), st.floats(-0.3, 0.5), st.sampled_from(["society", "public"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_break_even_is_the_first_month_of_a_plain_loop(own, tau, account, fading):
    variant = "fading" if fading else "constant"
    found = cost.break_even(own, tau, account, variant)
    horizon = 600
    balances = [
        cost.account_at(replace(own, effect_months=months), tau, account, variant) for months in range(1, horizon + 1)
    ]
    first = next((place for place, balance in enumerate(balances, start=1) if balance >= 0), None)
    if cost.outlay(own, account) <= 0:
        assert found == cost.Answer("at_once", 0.0)
    elif first is None:
        assert found.status == "never" or found.value >= horizon
    else:
        assert found.status == "reached"
        # A month where the account is zero but for the last bits may fall on either side.
        assert found.value == first or abs(balances[min(first, int(found.value)) - 1]) < 1e-6
        assert abs(found.value - first) <= 1


@pytest.mark.parametrize("months", [1, 2, 7, 24, 100])
@pytest.mark.parametrize("variant", ["constant", "fading"])
def test_what_is_earned_back_in_a_month_is_not_said_to_take_another(months, variant):
    """A cost a hair below, and a hair above, what that many months bring the public purse."""
    level = replace(SE, caseload_treated=25, caseload_comparison=25, months_treated=12, half_life=36)
    level = replace(level, months_comparison=12, other_comparison=0)
    brought = 0.1 * months_by_loop(level, months, variant) * (0.4 * 45_000 + 15_000)
    for hair, expected in ((-1e-6, months), (1e-6, months + 1)):
        priced = replace(level, other_treated=brought * (1 + hair))
        assert cost.break_even(priced, 0.1, "public", variant) == cost.Answer("reached", float(expected))
    little = replace(level, other_treated=0.3 * brought / months)
    assert cost.break_even(little, 0.1, "public", variant).value == 1


def test_where_work_leaves_a_person_with_less_the_ends_of_the_interval_change_places():
    poor = replace(SE, benefit_month=40_000)
    effect = Effect(0.1, 0.02, 0.18)
    found = cost.account_of(poor, effect, "person", "constant")
    assert found.low == pytest.approx(accounts_by_hand(poor, 0.18, "constant")["person"])
    assert found.low < found.value < found.high < 0


def test_what_fades_may_never_be_earned_back_though_it_would_be_if_it_lasted():
    poor = replace(SE, half_life=1)
    assert cost.break_even(poor, 0.1, "society", "constant").status == "reached"
    assert cost.break_even(poor, 0.1, "society", "fading").status == "never"
    assert cost.break_even(SE, -0.1, "society", "constant").status == "never"


@given(assumptions(), st.floats(0.01, 0.2), st.floats(1.01, 3), st.sampled_from(["society", "public"]))
@settings(max_examples=60, deadline=None)
def test_a_larger_difference_never_takes_longer_to_earn_back(own, tau, factor, account):
    small, large = (cost.break_even(own, each, account, "constant") for each in (tau, tau * factor))
    least, most = (math.inf if each.value is None else each.value for each in (large, small))
    assert least <= most


def test_the_interval_of_the_cost_per_person_covers_the_truth_as_often_as_that_of_the_difference():
    """Fieller's set with a fixed cost: the truth C/τ lies in it when τ lies in its own interval."""
    rng = np.random.default_rng(1954)
    truth, error, further, draws = 0.06, 0.03, 45_000.0, 4000
    covered, bounded = 0, 0
    for estimate in rng.normal(truth, error, draws):
        effect = Effect(estimate, estimate - 1.959964 * error, estimate + 1.959964 * error)
        found = cost.per_person(further, effect)
        bounded += found.status == "bounded"
        low, high = found.low, math.inf if found.high is None else found.high
        covered += low is not None and low <= further / truth <= high
    assert 0.94 <= covered / draws <= 0.96
    assert 0.4 <= bounded / draws <= 0.6


# The tables of shipped cards.


def one(table, quantity, **wanted):
    """The one row with these names; names that are not given must be missing."""
    found = table[table["quantity"].eq(quantity)]
    for name in ("group", "account", "variant", "assumption", "bound"):
        found = found[found[name].eq(wanted[name]) if name in wanted else found[name].isna()]
    assert len(found) == 1, (quantity, wanted)
    return found.iloc[0]


@pytest.fixture(scope="module")
def hpmt():
    return cost_table(stages.card(stages.HPMT), stages.estimates(stages.HPMT))


def test_every_figure_of_hpmt_by_hand_from_the_card(hpmt):
    """25 users per adviser on both sides, and kr 15 000 of training; 6.1 points with its interval."""
    tau = stages.estimates(stages.HPMT).query("spec == 'icc=0.02;size_cv=0' and horizon_months == 18").iloc[0]
    low, high = tau["conf_low"], tau["conf_high"]
    assert [one(hpmt, "participant", group=name)["value"] for name in ("treated", "comparison")] == [51_000, 36_000]
    assert one(hpmt, "participant", group="difference")["value"] == 15_000
    ratio = one(hpmt, "per_person")
    assert (ratio["status"], ratio["conf_low"]) == ("unbounded", pytest.approx(15_000 / high))
    assert pd.isna(ratio["value"])
    assert pd.isna(ratio["conf_high"])
    million = one(hpmt, "per_million")
    assert million["value"] == pytest.approx(1e6 * tau["estimate"] / 15_000)
    assert million["conf_low"] == pytest.approx(1e6 * low / 15_000)
    given = Assumptions(**{key: item.value for key, item in stages.card(stages.HPMT).cost.assumptions().items()})
    for variant in ("constant", "fading"):
        months = months_by_loop(given, 24, variant)
        assert one(hpmt, "work_months", variant=variant)["value"] == pytest.approx(tau["estimate"] * months)
        by_end = [accounts_by_hand(given, end, variant) for end in (tau["estimate"], low, high)]
        for name in ("society", "public", "person"):
            row = one(hpmt, "account", account=name, variant=variant)
            found = [row["value"], row["conf_low"], row["conf_high"]]
            assert found == pytest.approx([accounts[name] for accounts in by_end])
    effect_row = one(hpmt, "sensitivity", account="society", variant="constant", assumption="effect", bound=LOW)
    assert effect_row["value"] == pytest.approx(accounts_by_hand(given, low, "constant")["society"])


def test_supported_employment_costs_by_hand_and_no_effect_is_made_up():
    table = cost_table(stages.card("supported_employment"), stages.estimates("supported_employment"))
    assert one(table, "participant", group="treated")["value"] == pytest.approx(900_000 / 17.5)
    assert one(table, "participant", group="comparison")["value"] == 6_000
    row = one(table, "per_person")
    assert (row["status"], row["reason"]) == ("no_effect_estimated", "no_estimate")
    assert row[["value", "conf_low", "conf_high"]].isna().all()
    assert not table["quantity"].isin(["account", "break_even", "per_million", "effect"]).any()
    ends = [
        one(table, "sensitivity", account="participant", assumption="caseload_treated", bound=end)
        for end in (LOW, HIGH)
    ]
    assert [end["value"] for end in ends] == pytest.approx([900_000 / 15 - 6_000, 900_000 / 20 - 6_000])


def test_how_many_assumptions_have_a_source_is_counted(hpmt):
    card = stages.card(stages.HPMT).cost
    told = {name: one(hpmt, "assumptions", bound=name)["value"] for name in ("sourced", "all")}
    assert told == {"sourced": 2, "all": len(card.assumptions())}
    stated = hpmt[hpmt["quantity"].eq("assumption") & hpmt["bound"].eq(ESTIMATE)]
    assert dict(zip(stated["assumption"], stated["value"], strict=True)) == {
        name: item.value for name, item in card.assumptions().items()
    }


def test_the_widest_span_stands_first_and_every_end_is_the_whole_calculation_made_again(hpmt):
    card = stages.card(stages.HPMT)
    rows = hpmt[hpmt["quantity"].eq("sensitivity") & hpmt["account"].eq("society")]
    spans = rows.groupby("assumption", sort=False)["value"].agg(lambda ends: ends.max() - ends.min())
    assert spans.round(2).is_monotonic_decreasing
    given = Assumptions(**{key: item.value for key, item in card.cost.assumptions().items()})
    tau = one(hpmt, "effect")["value"]
    for _, row in rows[rows["assumption"].ne("effect")].iterrows():
        moved = replace(given, **{row["assumption"]: getattr(getattr(card.cost, row["assumption"]), row["bound"])})
        assert row["value"] == pytest.approx(accounts_by_hand(moved, tau, "constant")["society"])
    assert set(rows["assumption"]) == {n for n, i in card.cost.assumptions().items() if i.low is not None} - {
        "half_life"
    } | {"effect"}


@given(assumptions(), st.floats(0.01, 0.3), st.sampled_from(sorted(asdict(SE))), st.floats(1.0, 2.0))
@settings(max_examples=100, deadline=None)
def test_society_gains_or_loses_by_each_assumption_all_the_way(own, tau, name, factor):
    """One-way sensitivity has its extremes at the ends of a range, for the account is monotone in every assumption."""
    start = getattr(own, name)
    ends = [start, start * (1 + factor) / 2, start * factor]
    ends = [min(end, 1.0) if name.endswith(("share", "rate", "cost")) else end for end in ends]
    ends = [round(end) for end in ends] if name == "effect_months" else ends
    values = [cost.account_at(replace(own, **{name: end}), tau, "society", "constant") for end in ends]
    assert min(values[0], values[2]) - 1e-6 <= values[1] <= max(values[0], values[2]) + 1e-6


def test_the_order_of_the_estimates_does_not_matter(hpmt):
    shuffled = stages.estimates(stages.HPMT).sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(cost_table(stages.card(stages.HPMT), shuffled), hpmt)


def test_a_card_without_assumptions_has_the_header_alone():
    table = cost_table(stages.card(stages.MENTOR), stages.estimates(stages.MENTOR))
    assert (len(table), tuple(table.columns)) == (0, tuple(COST))


@pytest.mark.parametrize(
    ("estimates", "reason"),
    [
        (cost_reports.effect(0.1, 0.05, 0.15, outcome="hired"), "other_outcome"),
        (cost_reports.effect(0.1, 0.05, 0.15).assign(scale="share"), "no_comparison_group"),
        (cost_reports.effect(0.1, 0.05, float("nan")), "no_interval"),
        (cost_reports.effect(float("nan"), float("nan"), float("nan")), "no_estimate"),
        (cost_reports.effect(0.1, 0.05, 0.15).assign(status="not_estimated"), "no_estimate"),
    ],
)
def test_only_a_difference_in_the_share_in_work_with_an_interval_is_priced(estimates, reason):
    table = cost_reports.table(estimates)
    row = one(table, "per_person")
    assert (row["status"], row["reason"]) == ("no_effect_estimated", reason)
    assert not table["quantity"].isin(["effect", "per_million", "account", "break_even"]).any()
    assert one(table, "participant", group="difference")["value"] == 15_000
