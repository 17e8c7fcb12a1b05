"""Restricted data leave treated or not at all: every guarantee holds on the tables against the independent attacker."""

import stat
from itertools import product

import numpy as np
import pandas as pd
import printed
import pytest
import stages
import treated_reports
from hypothesis import given, settings
from hypothesis import strategies as st
from treated_reports import KEY, KLAR, TRIAL, released, restricted, study

from analysis.card_rules import data_need_a_reason_to_pass
from analysis.cards import Disclosure
from analysis.disclosure.attacker import attacked, exact_count, hidden_count, knowledge, rounded_count, whole_bounds
from analysis.disclosure.profiles import profile, read_profiles
from analysis.disclosure.published_counts import Part, published_counts
from analysis.disclosure.release_tables import TREATED_TABLES
from analysis.problems import ProblemsFound
from analysis.release import release, rounding_key, treated_checks
from analysis.tables import RELEASED

PROFILES = read_profiles(stages.ROOT / "config" / "disclosure.yaml")
# The matched study is among the variants of the report (tests/variants.py).
STUDIES, TREATING = (TRIAL, KLAR), ("public", "nav", "ssb", "research", "opensafely")
CASES = list(product(STUDIES, ("public", "nav")))


def clue(atoms, value, rule):
    if pd.isna(value):
        return hidden_count(atoms)
    return rounded_count(atoms, value, rule.base) if rule.method == "rounding" else exact_count(atoms, value)


def stop_if_broken(counts, published, targets, rule):
    """`published`: (atoms, value); `targets`: sums of atoms that are protected where they are small."""
    known = knowledge(len(counts), [clue(atoms, value, rule) for atoms, value in published])
    small = [atoms for atoms in targets if 1 <= sum(counts[place] for place in atoms) < rule.threshold]
    if small:
        found = attacked(whole_bounds(known, small), threshold=rule.threshold, base=rule.base or 2)
        assert not (found.few if rule.method == "rounding" else found.small | found.exact).any()


@pytest.mark.parametrize(("name", "key"), CASES)
def test_no_small_group_of_the_flow_can_be_worked_out(name, key):
    before, after, rule = study(name)[1]["attrition"], released(name, key).tables["attrition"], PROFILES[key]
    for arm in before["arm"].unique():
        true = before.loc[before["arm"].eq(arm), "persons"].astype(int).tolist()
        left = [*(-np.diff(true)), true[-1]]
        shown = after.loc[after["arm"].eq(arm), "persons"].tolist()
        published = [(range(place, len(left)), value) for place, value in enumerate(shown)]
        stop_if_broken(left, published, [[place] for place in range(len(left))], rule)


@pytest.mark.parametrize(("name", "key"), CASES)
def test_nobody_with_or_without_an_outcome_can_be_worked_out(name, key):
    before, after, rule = study(name)[1]["cells"], released(name, key).tables["cells"], PROFILES[key]
    flow, shown = study(name)[1]["attrition"], released(name, key).tables["attrition"]
    for true, own in zip(before.itertuples(), after.itertuples(), strict=True):
        if true.sum_y != true.sum_y2:
            assert pd.isna(own.sum_y)
            continue
        first = flow["arm"].eq(true.arm).to_numpy().argmax()
        yes, n, whole = int(true.sum_y), int(true.n), int(flow.loc[first, "persons"])
        published = [((0,), own.sum_y), ((0, 1), own.n), ((0, 1, 2), shown.loc[first, "persons"])]
        stop_if_broken([yes, n - yes, whole - n], published, [(0,), (1,), (2,)], rule)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.lists(st.integers(0, 60), max_size=5),
    st.sampled_from(["public", "nav", "ssb", "opensafely", "research"]),
)
@settings(max_examples=60, deadline=None)
def test_counts_rise_together_stay_within_the_base_and_hide_the_small(sizes, numbers, key):
    rule = PROFILES[key]
    parts = [Part(("work", place, "all"), max(sizes), min(number, max(sizes))) for place, number in enumerate(numbers)]
    found = published_counts(sizes, parts, rule, key=KEY)
    pairs = {**found.sizes, **{part.yes: found.yes(part.size, part.yes) for part in parts}}
    shown = sorted((count, value) for count, value in pairs.items() if not np.isnan(value))
    assert all(one[1] <= other[1] for one, other in zip(shown, shown[1:], strict=False))
    for count, value in shown:
        low, high = rule.stands_for(int(value))
        assert low <= count <= high
        assert not (rule.method != "rounding" and rule.small(count))


def test_numbers_that_lie_in_one_another_are_not_shown_beside_each_other_when_few_lie_between():
    parts = [Part(("work", 12, "all"), 100, 40), Part(("full_time", 12, "all"), 100, 38)]
    found = published_counts([100, 98], parts, PROFILES["nav"], key=KEY)
    assert found.yes(100, 40) == 40
    assert np.isnan(found.yes(100, 38))
    assert np.isnan(found.size(98))


@pytest.mark.parametrize(("name", "key"), CASES)
def test_what_has_no_rule_is_withheld_and_the_ledger_says_so(name, key):
    found = released(name, key)
    for table in RELEASED:
        action = found.ledger["tables"][table]
        if table not in TREATED_TABLES:
            assert found.tables[table].empty
            before = study(name)[1].get(table)
            assert action["withheld"] == (before is not None and not before.empty)
    assert found.ledger["tables"]["attrition"]["rows"] == len(study(name)[1]["attrition"])


@pytest.mark.parametrize("key", TREATING)
def test_what_would_tell_the_size_of_a_group_is_hidden_and_the_status_says_what_was_done(key):
    table = released(TRIAL, key).tables["estimates"]
    assert table[["df", "statistic", "base_rate", "convention"]].isna().all(axis=None)
    assert set(table["disclosure_status"]) <= {"exact", "rounded", "hidden"}
    shown = table["estimate"].dropna()
    assert (shown.round(3) == shown).all()


def test_a_group_under_ten_has_no_effect():
    card, tables = study(TRIAL)
    small = {**tables, "estimates": tables["estimates"].assign(n_treated=9)}
    found = release(restricted(card, "nav"), small, key=KEY).tables["estimates"]
    assert found["estimate"].isna().all()


def test_restricted_data_without_a_treating_profile_or_a_key_do_not_pass():
    card, tables = study(TRIAL)
    with pytest.raises(ProblemsFound, match="Ingenting er frigitt"):
        release(restricted(card, "open"), tables, key=KEY)
    with pytest.raises(ValueError, match="secret key"):
        release(restricted(card, "public"), tables)


def test_a_card_may_name_every_profile_of_the_configuration_and_a_method_that_it_has():
    assert set(Disclosure.model_fields["profile"].annotation.__args__) == set(PROFILES)

    def told(**written):
        return [what for _, what, _ in data_need_a_reason_to_pass({"data_kind": "restricted", "disclosure": written})]

    assert told(profile="ssb", method="rounding") == told(profile="nav") == []
    assert told(profile="nav", method="rounding") == ["«rounding» går ikke."]
    assert told(profile="open") == ["personopplysninger kan ikke frigis uendret."]
    assert profile(PROFILES, "ssb", method="rounding").method == "rounding"


def test_the_key_is_made_once_and_read_by_its_owner_alone(tmp_path):
    first = rounding_key(tmp_path / "restricted")
    assert rounding_key(tmp_path / "restricted") == first
    assert len(first) == 32
    assert stat.S_IMODE((tmp_path / "restricted" / "rounding.key").stat().st_mode) == 0o600


def test_the_same_key_gives_the_same_tables_and_another_key_others():
    card, tables = study(TRIAL)
    again = release(restricted(card, "public"), tables, key=KEY)
    other = release(restricted(card, "public"), tables, key=b"another")
    pd.testing.assert_frame_equal(again.tables["cells"], released(TRIAL, "public").tables["cells"])
    assert not other.tables["cells"]["sum_y"].equals(again.tables["cells"]["sum_y"])


def test_verdicts_stand_without_numbers():
    record = stages.verdicts(*study(TRIAL)).record()
    found = treated_checks(record)["checks"]
    assert [(one["name"], one["verdict"]) for one in found] == [
        (one["name"], one["verdict"]) for one in record["checks"]
    ]
    assert all(one["value"] is None and one["table"] == [] for one in found)
    assert all(isinstance(value, str) for one in found for value in one["values"].values())


@pytest.mark.parametrize(("name", "key"), list(product(STUDIES, ("public", "nav", "research"))))
def test_a_report_is_made_whatever_is_hidden(name, key):
    found = treated_reports.klar(key) if name == KLAR else treated_reports.material(name, key)
    report = stages.report_of(found)
    assert PROFILES[key].zeros_words in printed.section_text(report, "personvern")
    assert "nan" not in " ".join(printed.text(runs) for runs in printed.all_runs(report)).split()


def test_the_report_says_how_far_each_number_of_the_headline_can_have_been_moved():
    rows = printed.rows_of(stages.report_of(treated_reports.material(TRIAL, "public")), "tab-behandlet")
    assert [row[2] for row in rows] == ["0,05 prosentpoeng", *["0,10 prosentpoeng"] * 2, "2", "2"]
