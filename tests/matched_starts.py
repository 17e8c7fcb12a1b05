"""A small made-up cohort in which everybody starts in a month of their own, through the real stages to the report.

Of the participants some have no comparison person near them; the outcome rises for them and falls back. One
outcome is known in the participants only. `material` takes other keys of the card, above all other ways to match.
"""

import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

import cards
import numpy as np
import pandas as pd
import stages
from made import Made

from analysis.attrition import attrition_rows
from analysis.cards import Card
from analysis.check_cohort import check_matched
from analysis.cost_table import write_cost
from analysis.estimate_did import estimate_did
from analysis.match_persons import match_persons, matched_tables
from analysis.months import month_number
from analysis.panel import Panel
from analysis.release import provenance, release, write_release
from analysis.report.material import Material, read_material
from analysis.tables import RELEASED

ZERO = month_number("2014-01")
TREATED, OTHERS = 80, 420
HORIZONS = (12, 6, 24)
WORK = "in_work_last_day"
ARMS = [
    {"id": "deltakere", "role": "treated", "label": "deltakerne"},
    {"id": "andre", "role": "comparison", "label": "sammenligningsgruppen"},
]
NAMES = ("age", "woman", "days")
SENSITIVITY = [
    {"name": "full", "title": "full matching", "matching": {"method": "full"}},
    {"name": "narrow", "title": "liten avstand", "matching": {"caliper": 0.05}},
    {"name": "trimmed", "title": "bare høye skårer", "matching": {"method": "ipw", "trim": [0.999, 1.0]}},
    {"name": "alike", "title": "helt like", "matching": {"method": "exact", "exact": list(NAMES)}},
]
EFFECTS = [
    {"outcome": WORK, "horizon": 12, "value": 0.3},
    {"outcome": WORK, "horizon": 24, "value": 0.9},
    {"outcome": "work_days", "horizon": 12, "value": 6.0},
    {"outcome": WORK, "horizon": 12, "value": 0.4, "group": "de under 30 år"},
]
CARD: dict[str, Any] = {
    "arms": ARMS,
    "base_month": None,
    "base_period": -6,
    "outcomes": {"primary": WORK, "secondary": ["work_days", "months_in_work", "hired"]},
    "horizons": list(HORIZONS),
    "covariates": [
        {"name": name, "label": label} for name, label in zip(NAMES, ("Alder", "Kvinne", "Dager"), strict=True)
    ],
    "matching": {"formula": "age + woman + days"},
    "sensitivity": SENSITIVITY,
    "synthetic": {"generator": "supported_employment", "effects": EFFECTS, "note": "Forskjellen avtar."},
    "limitations": [{"id": "made_up", "text": "Dataene er laget av testen."}],
}


@cache
def card() -> Card:
    return Card.model_validate(cards.minimal_card(**CARD))


@cache
def baseline() -> pd.DataFrame:
    number = np.arange(TREATED + OTHERS)
    treated = number < TREATED
    draw = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "person_id": number.astype("int32"),
            "office_id": [f"03{one % 8:02d}" for one in number],
            "arm": np.where(treated, "deltakere", "andre"),
            "time_zero": pd.array(ZERO + number % 9, dtype="Int16"),
            "treated": treated,
            "age": np.round(draw.normal(np.where(treated, 29, 34), 4)),
            "woman": (number % 2).astype("float64"),
            "days": np.round(draw.gamma(2, np.where(treated, 60, 45)), -1),
        }
    )


@cache
def offices() -> pd.DataFrame:
    return pd.DataFrame({"office_id": [f"03{one:02d}" for one in range(8)], "county": ["03"] * 4 + ["50"] * 4})


@cache
def panel() -> Panel:
    persons = baseline()
    frame = persons[["person_id", "time_zero", "treated", "age"]].merge(
        pd.DataFrame({"step": range(-18, 27)}), how="cross"
    )
    step, treated = frame["step"], frame["treated"]
    rise = 0.4 * treated * (step.clip(0, 12) / 12 - (step - 12).clip(0) / 16)
    chance = (0.15 + 0.004 * (frame["age"] - 20) + rise).clip(0.02, 0.95)
    work = (np.random.default_rng(11).random(len(frame)) < chance).astype("float64")
    once = treated & (frame["time_zero"] + step).eq(ZERO + 12)
    months = pd.DataFrame(
        {
            "person_id": frame["person_id"],
            "month": (frame["time_zero"] + step).astype("int16"),
            "event_time": step.astype("Int16"),
            "observed": True,
            WORK: work.mask(frame["person_id"].mod(25).eq(7) & step.gt(20)),
            "work_days": work * 20.5,
            "months_in_work": (work * step.gt(0)).groupby(frame["person_id"]).cumsum().where(step.gt(0)),
            "hired": frame["person_id"].mod(3).gt(0).astype("float64").where(once),
        }
    )
    steps = [("delivered", persons), ("outside_population", persons), ("measured", persons)]
    arms = [arm["id"] for arm in ARMS]
    rows = [attrition_rows(place, reason, left, arms) for place, (reason, left) in enumerate(steps, start=1)]
    return Panel(months, persons.copy(), pd.concat(rows, ignore_index=True))


@cache
def plain() -> Material:
    """What a report reads of this cohort; nobody changes it."""
    return material()


def material(**changes: Any) -> Material:
    """What a report reads of this cohort under another card."""
    own = stages.changed(card(), **changes)
    matched = match_persons(own, panel(), offices())
    found = estimate_did(own, panel(), matched, **stages.who("starts"))
    made = {name: table for name, table in matched_tables(matched).items() if name in RELEASED}
    made |= {"estimates": found.estimates, "cells": found.cells}
    released = release(own, made)
    digests = {"code": stages.DIGEST, "estimated": stages.DIGEST, "lock": stages.DIGEST}
    origin = provenance(own, released, {"data.csv": stages.DIGEST}, None, digests)
    verdicts = check_matched(own, made["estimates"], made["balance"], made["matching"])
    with tempfile.TemporaryDirectory() as folder:
        write_release(Path(folder) / "starts", own, released, verdicts.record(), origin, {})
        write_cost(Path(folder) / "starts")
        return read_material(Path(folder) / "starts")


def ways() -> dict[str, dict[str, Any]]:
    """Matching of the card, by a name for the way to match."""
    formula = {"formula": CARD["matching"]["formula"]}
    county = {"unit": "county", "how": "second_pass"}
    found = {
        "in the county first": {"within": county, "ratio": 2},
        "with a price outside the office": {"within": {"unit": "office", "how": "penalty", "penalty": 0.5}},
        "several from the office first": {"within": {"unit": "office"}, "caliper": None, "order": "closest"},
        "used again": {"replace": True, "caliper": 0.01, "caliper_unit": "raw"},
        "used twice at most": {"replace": True, "reuse_max": 2, "order": "random", "seed": 7, "caliper": 0.25},
        "a variable number": {"ratio": 2, "min_controls": 1, "max_controls": 3, "link": "linear_logit"},
        "Mahalanobis": {"method": "mahalanobis", "distance": ["age", "days"], "exact": ["woman"], "discard": "both"},
        "unlike in one": {"antiexact": ["woman"], "discard": "treated"},
        "comparison persons in support": {"discard": "comparison"},
        "optimal": {"method": "optimal", "caliper": None},
        "full": {"method": "full", "estimand": "ate"},
        "cardinality": {"method": "cardinality", "tolerance": 0.1, "time_limit": 5},
        "exact": {"method": "exact", "exact": ["woman"], "estimand": "atc"},
        "coarsened": {"method": "cem", "columns": ["age", "woman"], "cutpoints": {"age": 6}},
        "subclasses": {"method": "subclass", "subclasses": 5},
        "weighted": {"method": "ipw", "trim": [0.02, 0.6]},
        "overlap weights": {"method": "ipw", "estimand": "ato"},
        "matching weights": {"method": "ipw", "estimand": "atm"},
        "entropy": {"method": "entropy", "moments": 2},
    }
    return {name: formula | keys for name, keys in found.items()}


@cache
def turns() -> Made:
    """Every way to match once, the main one with all its sensitivity rows, and clusters of offices."""
    found = {"starts": plain}
    for name, matching in ways().items():
        found[f"starts: {name}"] = partial(material, matching=matching, sensitivity=[])
    found["starts: persons, two horizons"] = partial(
        material, inference__cluster="person", horizons=[12, 6], sensitivity=[]
    )
    found["starts: offices"] = partial(material, inference__cluster="office", sensitivity=[])
    weighted = ways()["weighted"]
    found["starts: weighted, offices"] = partial(
        material, inference__cluster="office", matching=weighted, sensitivity=[]
    )
    return Made(found)
