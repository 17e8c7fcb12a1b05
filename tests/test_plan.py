import pytest
import yaml
from cards import minimal_card
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import plan
from analysis.cards import ANALYSIS_KEYS, Card, analysis_part, read_card
from analysis.files import read_json, write_json
from analysis.identity import identity
from analysis.ids_in_columns import find_in_columns
from analysis.nationalid import reads_as_id
from analysis.plan import deviations, lock_path, plan_hash, read_lock, seed_of, write_lock
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT


def card(**changes):
    return Card.model_validate(minimal_card(**changes))


def reordered(value, draw):
    """The same data with the keys of every mapping in another order."""
    if isinstance(value, dict):
        return {key: reordered(value[key], draw) for key in draw(st.permutations(list(value)))}
    return [reordered(item, draw) for item in value] if isinstance(value, list) else value


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_the_hash_does_not_depend_on_the_order_of_keys(data):
    assert plan_hash(Card.model_validate(reordered(minimal_card(), data.draw))) == plan_hash(card())


def test_the_seed_is_the_plan_s_own():
    assert f"{seed_of(card()):08x}" == plan_hash(card())[:8]
    assert seed_of(card(inference={"level": 0.9, "cluster": "pair"})) != seed_of(card())


def test_a_seed_that_reads_as_an_identity_number_gives_way_to_the_next(monkeypatch):
    """A column of it would stop the seal, by chance and for good."""
    drawn = 3_826_076_533  # with a zero in front, of the tax authority's test range
    monkeypatch.setattr(plan, "plan_hash", lambda card: f"{drawn:08x}".ljust(64, "0"))
    seed = seed_of(card())
    assert drawn < seed < drawn + 10
    assert [reads_as_id(str(number)) for number in range(drawn, seed + 1)] == [True] * (seed - drawn) + [False]
    assert [bool(find_in_columns(f"a,seed {number}\n" * 5)) for number in (drawn, seed)] == [True, False]


def test_the_hash_does_not_depend_on_whether_defaults_are_written_out():
    assert plan_hash(Card.model_validate(card().model_dump(mode="json"))) == plan_hash(card())
    written = card(
        matching={"formula": "age + education_years + earnings_2019", "caliper": 0.2, "replace": False},
        inference={"level": 0.95, "cluster": "pair"},
        sensitivity=[],
    )
    assert plan_hash(written) == plan_hash(card())


def test_the_hash_does_not_depend_on_how_a_number_is_written():
    assert plan_hash(card(checks={"ess_floor": 40})) == plan_hash(card(checks={"ess_floor": 40.0}))


ANALYSIS_CHANGES = {
    "data_kind": "open",
    "intervention": "other",
    "design": "staggered_did",
    "population": {"description": "andre", "eligibility": ["med"]},
    "assignment": {"unit": "office", "randomised": False, "rule": "annen"},
    "time_zero": {"description": "annen"},
    "arms": minimal_card()["arms"][::-1],
    "outcomes": {"primary": "annual_earnings_usd"},
    "horizons": [12, 24],
    "base_month": "2019-12",
    "estimand": {"quantity": "itt", "scale": "difference", "description": "annen"},
    "files": [minimal_card()["files"][0] | {"rows": 12}],
    "covariates": minimal_card()["covariates"][:2],
    "matching": {"formula": "age"},
    "inference": {"level": 0.9},
    "checks": {"smd_limit": 0.2},
    "benchmark": {"arm": "x", "formula": "age", "title": "a"},
    "sensitivity": [{"name": "a", "title": "b", "matching": {"caliper": None}}],
    "published": {"single_arm": {}},
}


def test_every_analysis_key_has_a_change_to_try():
    assert set(ANALYSIS_CHANGES) == set(ANALYSIS_KEYS)


@pytest.mark.parametrize("key", ANALYSIS_KEYS)
def test_the_hash_changes_with_each_analysis_key_and_the_deviation_is_named(key, tmp_path):
    path = tmp_path / "plan.lock"
    write_lock(card(), path, date="2026-11-01", version="1.0")
    changed = card(**{key: ANALYSIS_CHANGES[key]})
    assert plan_hash(changed) != plan_hash(card())
    assert deviations(changed, read_json(path)) == [key]


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Ny tittel"},
        {"short_title": "Ny"},
        {"report": {"date": "2027-01-01", "contact": "noen"}},
        {"background": ["Ny tekst."]},
        {"content": {"intervention": "a", "usual_care": "b"}},
        {"sources": [{"id": "other", "citation": "En annen."}]},
        {"limitations": [{"id": "a", "text": "b", "downgrade": 1}]},
        {"licence": "MIT"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_hash_does_not_change_with_what_fixes_no_analysis(changes, tmp_path):
    path = tmp_path / "plan.lock"
    write_lock(card(), path, date="2026-11-01", version="1.0")
    assert plan_hash(card(**changes)) == plan_hash(card())
    assert deviations(card(**changes), read_json(path)) == []


def test_several_deviations_are_all_named_and_so_are_keys_that_only_the_lock_has(tmp_path):
    path = tmp_path / "plan.lock"
    write_lock(card(), path, date="2026-11-01", version="1.0")
    lock = read_json(path)
    assert deviations(card(horizons=[24], inference={"level": 0.9}), lock) == ["horizons", "inference"]
    lock["plan"]["power"] = {"share": 0.8}
    lock["plan_hash"] = "0" * 64
    assert deviations(card(), lock) == ["power"]
    assert deviations(card(), None) == []


def test_a_lock_holds_hash_date_version_and_the_plan_in_full(tmp_path):
    path = lock_path(tmp_path / "cohort.yaml")
    assert path == tmp_path / "plan.lock"
    write_lock(card(), path, date="2026-11-01", version="1.2")
    lock = read_lock(card(), path)
    assert lock == {
        "plan_hash": plan_hash(card()),
        "locked": "2026-11-01",
        "version": "1.2",
        "plan": analysis_part(card()),
    }


@pytest.mark.parametrize("kind", ["restricted", "open"])
@pytest.mark.parametrize("path", ["", None, "no/such/plan.lock"])
def test_data_on_persons_are_not_analysed_without_a_lock(kind, path):
    # The card as such may not be valid for this kind; the lock is asked for whatever else holds.
    with pytest.raises(ProblemsFound, match="planen er ikke låst") as caught:
        read_lock(card(data_kind=kind), path)
    assert "make plan-lock" in caught.value.problems[0].mend


@pytest.mark.parametrize("kind", ["published", "synthetic"])
def test_published_and_synthetic_data_need_no_lock_but_one_that_is_there_counts(kind, tmp_path):
    assert read_lock(card(data_kind=kind), "") is None
    write_json(tmp_path / "plan.lock", {"plan_hash": "a", "plan": {}})
    assert read_lock(card(data_kind=kind), tmp_path / "plan.lock")["plan_hash"] == "a"


def test_the_shipped_open_cohort_is_locked_and_has_not_strayed_from_its_plan():
    path = ROOT / "cohorts" / "nsw_supported_work" / "cohort.yaml"
    shipped = read_card(path)
    assert deviations(shipped, read_lock(shipped, lock_path(path))) == []


def test_a_result_is_stamped_with_cohort_plan_and_run():
    stamp = identity("a", card(), {"data/p.csv": "1"}, code="2", lock="3")
    assert set(stamp) == {"cohort", "plan_hash", "run_id"}
    assert stamp["plan_hash"] == plan_hash(card())
    other = identity("a", card(horizons=[24]), {"data/p.csv": "1"}, code="2", lock="3")
    assert other["run_id"] != stamp["run_id"]


def test_plain_data_of_the_plan_can_be_written_as_yaml_and_read_back():
    part = analysis_part(card())
    assert yaml.safe_load(yaml.safe_dump(part, allow_unicode=True)) == part
