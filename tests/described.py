"""Five small made-up cohorts without an estimate, one of each shape: from what the panel gives to the report.

clusters: one time zero, two groups. starts: a time zero for each person. single: project outcomes measured once,
beside a register pool. series: counts per office and month. stepwise: starts of their own and offices that adopt.
"""

import tempfile
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import cards
import numpy as np
import pandas as pd
import stages
from made import Made

from analysis.attrition import attrition_rows, stated_rows
from analysis.cards import Card
from analysis.check_cohort import check_described
from analysis.cost_table import write_cost
from analysis.describe import describe, describe_baseline, empty_estimates
from analysis.findings import Finding, findings_table
from analysis.months import month_number
from analysis.release import provenance, release, write_release
from analysis.report.material import Material, read_material

SHAPES = ("clusters", "starts", "single", "series", "stepwise")
ZERO = month_number("2011-05")
TREATED = {"id": "deltakere", "role": "treated", "label": "deltakerne"}
OTHERS = {"id": "andre", "role": "comparison", "label": "sammenligningsgruppen"}
POINTS = {"outcome": "in_work_last_day", "value": 0.061, "horizon": 12}
CARDS: dict[str, dict[str, Any]] = {
    "clusters": {
        "design": "cluster_randomised",
        "assignment": {
            "unit": "office",
            "randomised": True,
            "rule": "Kontorene ble trukket.",
            "offices_treated": 3,
            "offices_comparison": 3,
        },
        "time_zero": {"description": "mai 2011", "month": "2011-05"},
        "arms": [TREATED | {"label": "HPMT-kontorene"}, OTHERS | {"label": "kontrollkontorene"}],
        "outcomes": {"primary": "in_work_last_day", "secondary": ["work_days"]},
        "horizons": [12, 18],
        "covariates": [{"name": "age", "label": "Alder"}, {"name": "woman", "label": "Kvinne"}],
        "synthetic": {"generator": "hpmt", "effects": [POINTS | {"month": "2012-05", "horizon": None}]},
    },
    "starts": {
        "arms": [TREATED, OTHERS],
        "outcomes": {"primary": "in_work_last_day", "secondary": ["work_days", "self_sufficient_last_day"]},
        "horizons": [12, 6, 3, 24, 36],
        "synthetic": {
            "generator": "supported_employment",
            "effects": [POINTS, POINTS | {"outcome": "work_days", "value": 1.4, "group": "de under 30 år"}],
            "note": "Forskjellen er borte etter tre år.",
        },
    },
    "single": {
        "design": "single_arm",
        "arms": [TREATED, OTHERS | {"label": "utvalget fra registeret"}],
        "outcomes": {"primary": "hired", "secondary": ["hired_or_apprentice", "ordinary_work_last_day"]},
        "horizons": [12],
        "synthetic": {"generator": "mentor_hybrid", "effects": [POINTS | {"outcome": "ordinary_work_last_day"}]},
    },
    "series": {
        "design": "aggregated_series",
        "time_zero": {"description": "oktober 2020", "month": "2020-10"},
        "arms": [TREATED | {"label": "kontorene i fylket"}, OTHERS | {"label": "kontorene ellers i landet"}],
        "outcomes": {"primary": "only_medical_in_plan"},
        "horizons": [7],
        "synthetic": {
            "generator": "aap_youth",
            "effects": [{"outcome": "only_medical_in_plan", "value": -0.028}],
        },
    },
    "stepwise": {
        "design": "staggered_did",
        "arms": [
            TREATED | {"label": "unge ved kontorer med ungdomsteam"},
            OTHERS | {"label": "unge ved andre kontorer"},
        ],
        "outcomes": {"primary": "in_work_or_education_last_day", "secondary": ["in_education_last_day"]},
        "horizons": [12, 24],
        "synthetic": {
            "generator": "youth_teams",
            "effects": [
                POINTS | {"outcome": "in_work_or_education_last_day", "group": f"kull {kull}"} for kull in "AB"
            ],
        },
    },
}
SIZES = {"clusters": (37, 25), "starts": (120, 400), "single": (49, 300), "stepwise": (200, 150)}


@cache
def card(shape: str) -> Card:
    shared = {"base_month": None, "matching": None, "covariates": [], "analysis": "describe", **CARDS[shape]}
    limits = [{"id": "made_up", "text": "Dataene er laget av testen."}]
    return Card.model_validate(cards.minimal_card(**shared, limitations=limits))


@cache
def baseline(shape: str) -> pd.DataFrame:
    """Persons of both groups; in the shape `clusters` they share a time zero, elsewhere they start in turn."""
    counts = SIZES[shape]
    number = np.arange(sum(counts))
    arm = np.where(number < counts[0], "deltakere", "andre")
    start = np.full(len(number), ZERO) if shape == "clusters" else ZERO + number % 9
    return pd.DataFrame(
        {
            "person_id": number.astype("int32"),
            "office_id": [f"03{one % 6:02d}" for one in number],
            "arm": arm,
            "time_zero": pd.array(start, dtype="Int16"),
            "age": 20.0 + number % 30,
            "woman": np.where(number % 7 == 0, np.nan, number % 2),
        }
    )


@cache
def months(shape: str) -> pd.DataFrame:
    """A row per person and month around the start; some persons leave on the way."""
    persons = baseline(shape)
    low, high = {"clusters": (-12, 20), "starts": (-30, 40), "single": (-6, 14), "stepwise": (-12, 30)}[shape]
    frame = persons[["person_id", "time_zero"]].merge(pd.DataFrame({"step": range(low, high + 1)}), how="cross")
    calendar = shape == "clusters"
    frame["event_time"] = frame["step"].astype("Int16")
    frame["month"] = (frame["time_zero"] + frame["step"]).astype("int16")
    draw = np.random.default_rng(7)
    chance = 0.1 + 0.01 * frame["step"].clip(lower=0)
    left = frame["person_id"].mod(10).eq(3) & frame["step"].gt(9)
    for name in card(shape).outcome_names():
        values = (draw.random(len(frame)) < chance).astype("float64")
        values = values * 20.5 if name in ("work_days",) else values
        frame[name] = values.mask(left)
        if name.startswith("hired"):
            once = frame["month"].eq(ZERO + 9) & frame["person_id"].lt(SIZES[shape][0])
            frame[name] = frame["person_id"].mod(4).gt(0).astype("float64").where(once)
    frame["observed"] = ~left
    kept = frame if calendar else frame[frame["month"].between(ZERO - 24, ZERO + 44)]
    return kept.drop(columns=["time_zero", "step"]).reset_index(drop=True)


def offices() -> pd.DataFrame:
    return pd.DataFrame({"office_id": [f"03{one:02d}" for one in range(6)], "arm": ["deltakere"] * 2 + ["andre"] * 4})


def aggregates() -> pd.DataFrame:
    """Six offices and a county row that counts two of them again, 20 months."""
    rows = [
        {"unit_id": f"03{one:02d}", "unit_type": "office", "month": month, "numerator": 20 + one + month % 3}
        for one in range(6)
        for month in range(month_number("2020-01"), month_number("2021-09"))
    ]
    rows.append({"unit_id": "03", "unit_type": "county", "month": month_number("2020-01"), "numerator": 41})
    frame = pd.DataFrame(rows).assign(group="18–29", outcome="only_medical_in_plan", denominator=50)
    return frame.astype({"month": "int16", "numerator": "int64", "denominator": "int64"})


def attrition(shape: str) -> pd.DataFrame:
    arms = [arm.id for arm in card(shape).arms]
    if shape == "series":
        return stated_rows(1, "delivered", dict.fromkeys(arms), {"deltakere": 2, "andre": 4})
    everybody = baseline(shape)
    steps = [("delivered", 1), ("outside_population", 11), ("followed", 7)]
    rows = []
    for step, (reason, drop) in enumerate(steps, start=1):
        left = everybody if drop == 1 else everybody[everybody["person_id"] % drop != 0]
        rows.append(attrition_rows(step, reason, left, arms))
    return pd.concat(rows, ignore_index=True)


FOUND = (
    Finding(rule="overlap", severity="WARNING", where="arbeid", column="fra_dato", count=12, rows=(3, 7),
            what="perioder overlapper hverandre og er slått sammen.", mend="Se på dem."),
    Finding(rule="unknown_person", severity="ERROR", where="ytelser*", count=1, what="personen er ikke levert."),
)  # fmt: skip


def findings(shape: str) -> pd.DataFrame:
    """Two findings in one shape, one of them accepted by the card; none in the others."""
    found = FOUND if shape == "starts" else ()
    return findings_table(found, accepting(shape))


def accepting(shape: str) -> Card:
    reason = {"rule": "unknown_person", "reason": {"nb": "Personen trakk seg."}}
    return stages.changed(card(shape), accepted=[reason]) if shape == "starts" else card(shape)


@cache
def tables(shape: str) -> dict[str, pd.DataFrame]:
    """The restricted tables that the rules of such a cohort hand to `release`."""
    own = card(shape)
    persons = pd.DataFrame() if shape == "series" else baseline(shape)
    panel = {"months": months(shape) if len(persons) else pd.DataFrame(), "baseline": persons}
    counts = {"aggregates": aggregates(), "offices": offices()}
    return {
        "estimates": empty_estimates(),
        "cells": describe(own, **panel, **counts),
        "attrition": attrition(shape),
        "balance": describe_baseline(own, persons),
        "findings": findings(shape),
    }


def material_of(shape: str, own: Card, made: dict[str, pd.DataFrame], folder: Path) -> Material:
    """What a report reads of these tables, through the files of the review folder."""
    released = release(own, made)
    digests = {"code": stages.DIGEST, "estimated": stages.DIGEST, "lock": stages.DIGEST}
    origin = provenance(own, released, {"data.csv": stages.DIGEST}, None, digests)
    write_release(folder / shape, own, released, check_described(own).record(), origin, {})
    write_cost(folder / shape)
    return read_material(folder / shape)


@cache
def material(shape: str) -> Material:
    with tempfile.TemporaryDirectory() as temporary:
        return material_of(shape, accepting(shape), tables(shape), Path(temporary))


@cache
def turns() -> Made:
    """Every shape, and the turns of the text that none of them takes."""
    last_day = {"primary": "ordinary_work_last_day", "secondary": []}
    hired = {"primary": "hired", "secondary": []}
    more = {
        "real persons": lambda: altered("starts", data_kind="open", licence="MIT", synthetic=None),
        "one group": lambda: altered("single", arms=[TREATED], outcomes=last_day),
        "measured once": lambda: altered("single", outcomes=hired, synthetic=None),
        "neither start nor horizon measured": _unmeasured,
    }
    return Made({shape: partial(material, shape) for shape in SHAPES} | more)


def _unmeasured() -> Material:
    found = altered("clusters", horizons=[30])
    cells = found.tables["cells"]
    return replace(found, tables={**found.tables, "cells": cells[cells["event_time"] != 0]})


def altered(shape: str, **changes: Any) -> Material:
    """The same tables read under another card; cells of groups and outcomes that it does not name are left out."""
    found = material(shape)
    own = stages.changed(found.card, **changes)
    cells, attrition = found.tables["cells"], found.tables["attrition"]
    arms = [arm.id for arm in own.arms]
    kept = cells[cells["arm"].isin(arms) & cells["outcome"].isin(own.outcome_names())]
    tables = {**found.tables, "cells": kept, "attrition": attrition[attrition["arm"].isin(arms)]}
    return replace(found, card=own, tables=tables)


@cache
def report(shape: str) -> dict[str, Any]:
    return stages.report_of(material(shape))
