"""Planned beside performed, and the lock at every door through which outcomes of persons could leave."""

import runpy
from types import SimpleNamespace

import pytest
import restricted_cohorts as rc
import stages

from analysis.cards import analysis_part
from analysis.check_cohort import MatchedTables, StaggeredTables, check_matched
from analysis.cli import parser
from analysis.estimate_did import estimate_did
from analysis.match_persons import match_persons
from analysis.panel import build_panel
from analysis.plan import deviating, deviations, plan_hash, planned_card, require_lock, write_lock
from analysis.planned import planned_estimates
from analysis.problems import ProblemsFound
from analysis.tables import DESCRIBES, NOT_A_CARD, OTHER_DELIVERY
from analysis.whole_run import checked, made_tables

SCRIPTS = stages.ROOT / "workflow" / "scripts"
WHO = {"cohort": "liten", "run_id": "0" * 12}
# Adapters that hold outcomes of persons in their hands and neither describe nor estimate: they read, build and pass on.
BEFORE_THE_LOCK = ("read_delivery", "read_published", "build_panel", "generate_delivery")
# What these read, the rules above made, and none of those runs unlocked.
AFTER_THE_ESTIMATES = ("check_", "compare_", "cost_", "release_comparison", "build_", "seal_", "subset_")
DOORS = sorted(
    path.stem
    for path in SCRIPTS.glob("*.py")
    if path.stem not in BEFORE_THE_LOCK and not path.stem.startswith(AFTER_THE_ESTIMATES)
)


# Fields of StaggeredTables that go by another name as files.
NAMED = {"event_covariance": "events", "office_cells": "cells"}


class Names(dict):
    """Stands for Snakemake's named lists: every name is a file that is not there."""

    def __init__(self, **known):
        super().__init__(known)

    def __getitem__(self, name):
        return self.get(name, "not/there")

    __getattr__ = __getitem__


def lock_of(card, **changes):
    """A lock of the card with other keys."""
    other = stages.changed(card, **changes)
    return {"plan_hash": plan_hash(other), "locked": "2026-11-01", "version": "1.0", "plan": analysis_part(other)}


def test_the_doors_are_those_that_estimate_describe_match_or_release():
    estimating = {"estimate_did", "estimate_staggered", "estimate_trial", "estimate_planned", "describe_cohort"}
    assert estimating | {"match_persons", "release_cohort"} <= set(DOORS)


@pytest.mark.parametrize("door", DOORS)
def test_no_adapter_matches_describes_or_estimates_restricted_data_without_a_lock(door, monkeypatch, tmp_path):
    card = rc.restricted(rc.matched()[0])
    monkeypatch.setattr("analysis.cards.read_card", lambda path: card)
    monkeypatch.setattr("analysis.logs.log_to", lambda path: None)
    for name in ("read_parquet", "read_json"):
        monkeypatch.setattr(f"analysis.files.{name}", lambda path: pytest.fail("read before the lock was asked for"))
    monkeypatch.setattr("analysis.release.release", lambda card, tables, **_: None)
    fake = SimpleNamespace(
        input=Names(plan=""), output=Names(), params=Names(), log=["log"], wildcards=SimpleNamespace(cohort="liten")
    )
    with pytest.raises(ProblemsFound, match="planen er ikke låst") as caught:
        runpy.run_path(str(SCRIPTS / f"{door}.py"), init_globals={"snakemake": fake})
    assert "make plan-lock COHORT=liten" in str(caught.value)


def test_the_lock_is_asked_for_with_the_command_that_makes_it():
    card = rc.matched()[0]
    with pytest.raises(ProblemsFound, match="make blind COHORT=liten"):
        require_lock(rc.restricted(card), None, cohort="liten")
    require_lock(rc.restricted(card), lock_of(card), cohort="liten")
    require_lock(card, None, cohort="liten")


def test_the_stages_in_one_process_give_what_the_rules_give():
    card, delivery = rc.matched()
    tables = made_tables(card, delivery, **WHO, plan_hash="p")
    panel = build_panel(card, delivery)
    alone = estimate_did(card, panel, match_persons(card, panel, delivery.offices), **WHO, plan_hash="p")
    assert tables["estimates"].equals(alone.estimates)
    beside = MatchedTables(alone.influence, alone.sets, alone.missing)
    ruled = check_matched(card, alone.estimates, tables["balance"], tables["matching"], beside)
    assert [check.name for check in checked(card, tables).checks] == [check.name for check in ruled.checks]
    assert checked(card, tables).record()["grade"] == ruled.record()["grade"]


def test_a_staggered_rehearsal_has_every_table_that_the_checks_of_the_rules_read(monkeypatch):
    card = stages.card("youth_teams_synthetic")
    handed = []
    monkeypatch.setattr("analysis.whole_run.check_staggered", lambda *given: handed.extend(given))
    names = ("event_covariance", "honest", "influence", "office_cells", "missing", "placebo_offices")
    checked(card, {name: name for name in ("estimates", *names)})
    assert handed[:2] == [card, "estimates"]
    assert handed[2] == StaggeredTables(**{NAMED.get(name, name): name for name in names})


def test_the_planned_headline_is_that_of_the_card_as_it_was_locked():
    card, delivery = rc.matched()
    lock = lock_of(card, outcomes__primary="annual_earnings_usd", outcomes__secondary=[])
    found = planned_estimates(card, lock, delivery, **WHO)
    alone = made_tables(planned_card(card, lock), delivery, **WHO, plan_hash="p")["estimates"]
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["spec"], row["role"], row["outcome"]) == ("planned", "sensitivity", "annual_earnings_usd")
    assert row["estimate"] == alone.loc[alone["role"] == "primary", "estimate"].item()
    assert row["plan_hash"] == lock["plan_hash"]
    assert deviations(card, lock) == ["outcomes"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"files__0__rows": 7}, OTHER_DELIVERY),
        ({"analysis": "describe"}, DESCRIBES),
        ({"base_month": "2019-11"}, "base_month"),
    ],
)
def test_a_planned_analysis_that_cannot_be_run_says_why(changes, reason):
    card, delivery = rc.matched()
    row = planned_estimates(card, lock_of(card, **changes), delivery, **WHO).iloc[0]
    assert row["status"] == "not_estimated"
    assert reason in row["reason"]


def test_a_plan_that_no_card_can_hold_any_more_is_told():
    card, delivery = rc.matched()
    lock = lock_of(card)
    lock["plan"]["horizons"] = ["twelve"]
    assert planned_estimates(card, lock, delivery, **WHO).iloc[0]["reason"] == NOT_A_CARD


def test_cohorts_that_strayed_from_their_lock_are_found(tmp_path):
    card = rc.matched()[0]
    for name, locked in (("kept", card), ("strayed", stages.changed(card, horizons=[6])), ("open", None)):
        (tmp_path / name).mkdir()
        if locked is not None:
            write_lock(locked, tmp_path / name / "plan.lock", date="2026-11-01", version="1.0")
    assert deviating(dict.fromkeys(("kept", "strayed", "open"), card), tmp_path) == ["strayed"]


def test_every_command_is_known_to_run_the_adapters_or_to_estimate_no_effect():
    # `run` starts the adapters above, `blind` permutes the assignment, `certify` draws its own persons, `release` shows
    # what they have made, `trace` and `diff` read what has left, and `purge` removes a person; the others read cards,
    # figures or the delivery's form. A new command belongs here when it is known which of them it is.
    words = parser()._subparsers._group_actions[0].choices
    known = {
        "run",
        # Snakemake's report of a run that is finished, and what is said of the packages.
        "annex",
        "audit",
        "licences",
        "blind",
        "bundle",
        "certify",
        "check",
        "plan",
        "plan-lock",
        "power",
        "verify",
        "new-cohort",
        "order",
        "schema",
        "release",
        "purge",
        "reproduce",
        "trace",
        "diff",
        "wheelhouse",
        "lab",
    }
    assert set(words) <= known
