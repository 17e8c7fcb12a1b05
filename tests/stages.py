"""The stages of the shipped cohorts, run once in memory and shared by the tests. Whoever changes a result copies it."""

import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.cards import Card, analysis_part, read_card
from analysis.check_cohort import Verdicts, check_matched, check_published, check_staggered, check_trial
from analysis.checklist import FILE, LISTS, finished_checklist
from analysis.cost_table import write_cost
from analysis.estimate_did import DidResult, estimate_did
from analysis.estimate_published import PublishedResult, estimate_published
from analysis.intake import Delivery, read_delivery
from analysis.match_persons import Matched, match_persons, matched_tables
from analysis.panel import Panel, build_panel
from analysis.plan import plan_hash
from analysis.published import Figures, read_figures
from analysis.release import provenance, release, write_release
from analysis.report.material import Material, read_material
from analysis.report.model import build_report
from analysis.tables import RELEASED
from analysis.translations import read_translations

ROOT = Path(__file__).resolve().parents[1]
COHORTS = ROOT / "cohorts"
STRINGS = ROOT / "reports" / "_shared" / "strings" / "nb.yaml"
HPMT, MENTOR, NSW = "hpmt", "mentor_hybrid", "nsw_supported_work"
# Published figures without an estimate of their own, and neighbours whose group sizes are not printed.
STATED = ("aap_youth", "supported_employment", "youth_teams", "ips_trial", "ips_seed", "nav_benchmarks")
PUBLISHED = (HPMT, MENTOR, *STATED)
ALL = (HPMT, MENTOR, NSW)
PUBLISHED_TABLES = ("estimates", "scenarios", "ranges", "attrition", "moderators")
DIGEST = "0123456789abcdef" * 4


def who(cohort: str) -> dict[str, str]:
    """Identity columns of a run that never was."""
    return {"cohort": cohort, "plan_hash": DIGEST, "run_id": DIGEST[:12]}


@cache
def card(cohort: str) -> Card:
    return read_card(COHORTS / cohort / "cohort.yaml")


def changed(model: Any, **changes: Any) -> Any:
    """A model with other values: keys are parts joined by two underscores (``checks__smd_limit``)."""
    data = deepcopy(model.model_dump(mode="json"))
    for key, value in changes.items():
        *parents, last = key.split("__")
        place = data
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place[parent]
        place[int(last) if isinstance(place, list) else last] = value
    return type(model).model_validate(data)


@cache
def figures(cohort: str) -> Figures:
    return read_figures(COHORTS / cohort / "published.yaml", card(cohort))


@cache
def published(cohort: str) -> PublishedResult:
    return estimate_published(card(cohort), figures(cohort), **who(cohort))


@cache
def delivery() -> Delivery:
    """The open microdata: 445 persons of the trial and 15 992 of the CPS."""
    return read_delivery(card(NSW), COHORTS / NSW / "data")


@cache
def panel() -> Panel:
    return build_panel(card(NSW), delivery())


@cache
def matched() -> Matched:
    return match_persons(card(NSW), panel())


@cache
def did() -> DidResult:
    return estimate_did(card(NSW), panel(), matched(), **who(NSW))


def estimates(cohort: str) -> pd.DataFrame:
    return (published(cohort) if cohort in PUBLISHED else did()).estimates


def tables(cohort: str) -> dict[str, pd.DataFrame]:
    """The restricted tables of a cohort, as its rules hand them to `release`."""
    if cohort in PUBLISHED:
        made = published(cohort)
        return {name: getattr(made, name) for name in PUBLISHED_TABLES}
    own = {name: table for name, table in matched_tables(matched()).items() if name in RELEASED}
    return {"estimates": did().estimates, "cells": did().cells, **own}


def verdicts(cohort_card: Card, made: dict[str, pd.DataFrame], stated: Figures | None = None) -> Verdicts:
    if cohort_card.published is not None:
        return check_published(cohort_card, made["estimates"], stated)
    if cohort_card.staggered is not None:
        return check_staggered(cohort_card, made["estimates"])
    if cohort_card.trial is not None:
        return check_trial(cohort_card, made["estimates"], made["balance"], made["attrition"])
    return check_matched(cohort_card, made["estimates"], made["balance"], made["matching"])


def write_review(
    folder: Path,
    cohort_card: Card,
    made: dict[str, pd.DataFrame],
    stated: Figures | None,
    checklist: dict[str, Any] | None = None,
) -> None:
    """What `release_cohort` writes to results/review/<cohort>."""
    lock = {"plan_hash": plan_hash(cohort_card), "locked": "2026-11-21", "plan": analysis_part(cohort_card)}
    released = release(cohort_card, made)
    digests = {"code": DIGEST, "estimated": DIGEST, "lock": DIGEST}
    origin = provenance(cohort_card, released, {"data.csv": DIGEST}, None if stated else lock, digests)
    about = {} if stated is None else stated.model_dump(mode="json")
    verdict = verdicts(cohort_card, made, stated).record()
    words = read_translations(COHORTS / folder.name / "translations.yaml")
    write_release(folder, cohort_card, released, verdict, origin, about, words, checklist)
    write_cost(folder)


def material_of(
    cohort: str,
    cohort_card: Card,
    made: dict[str, pd.DataFrame],
    stated: Figures | None = None,
    checklist: dict[str, Any] | None = None,
) -> Material:
    """What a report would read of these tables, through the files of the review folder."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / cohort
        write_review(folder, cohort_card, made, stated, checklist)
        return read_material(folder)


def published_material(cohort_card: Card, stated: Figures) -> Material:
    """A cohort of published figures from card and figures to the report's material."""
    made = estimate_published(cohort_card, stated, **who("invented"))
    return material_of("invented", cohort_card, {name: getattr(made, name) for name in PUBLISHED_TABLES}, stated)


def checklist(cohort: str) -> dict[str, Any]:
    """The filled reporting checklist of a shipped cohort."""
    return finished_checklist(card(cohort), LISTS, COHORTS / cohort / FILE)


@cache
def material(cohort: str) -> Material:
    stated = figures(cohort) if cohort in PUBLISHED else None
    return material_of(cohort, card(cohort), tables(cohort), stated, checklist(cohort))


@cache
def report(cohort: str) -> dict[str, Any]:
    return build_report(material(cohort), "nb", STRINGS)


def report_of(found: Material) -> dict[str, Any]:
    return build_report(found, "nb", STRINGS)
