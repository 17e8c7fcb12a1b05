"""Curves of many analyses with invented estimates on made-up cohorts: every axis, every value, every permutation."""

from dataclasses import replace
from functools import cache
from typing import Any

import matched_starts
import numpy as np
import stages
import staggered_reports
import trial_reports
from made import Made

from analysis.cards import Card
from analysis.report.material import Material
from analysis.specifications.curve import curve_tables
from analysis.specifications.ways import Found, Way, combinations

REASONS = ("metoden ipw bruker ikke caliper.", "ingen i den ene gruppen har kjent utfall.")
FORMULA = {"name": "few", "title": {"nb": "bare alder"}, "formula": "age"}
PERSONS = {
    "method": ["ipw", "full"],
    "caliper": [0.05, None],
    "estimator": ["level"],
    "base_period": [-12],
    "horizon": [6],
}
SEARCHED = {"ratio": [2], "replace": [True], "within": ["office", "none"], "formula": [FORMULA]}
OFFICES = {"average": ["offices"], "adjusted": [True], "horizon": [18], "outcome": [trial_reports.OTHER]}
DATES = {"control": ["never"], "anticipation": [2], "weighting": ["group", "dynamic", "calendar"]}
OFFICE = {"unit": "office", "how": "second_pass"}
BASE = {"base_month": ["1974-12"], "estimator": ["level"]}


def with_curve(ground: Material, level: str, *, gone: int = 0, **card_changes: Any) -> Material:
    """The same cohort under another card, with a curve of everything that card declares; the last `gone` are left
    out."""
    card = stages.changed(ground.card, **card_changes)
    ways = [*combinations(card), *_rows(card)]
    kept, left = ways[: len(ways) - gone], ways[len(ways) - gone :]
    rng = np.random.default_rng(len(ways))
    drawn = rng.normal(0, 0.03, (99, 1)) + rng.normal(0, 0.01, (99, len(kept)))
    left_out = [(way, REASONS[place % 2]) for place, way in enumerate(left)]
    made = curve_tables(Found(kept, 0.05 + rng.normal(0, 0.02, len(kept)), drawn, left_out, level))
    tables = {**ground.tables, "specifications": made.specifications, "specification_tests": made.tests}
    return replace(ground, card=card, tables=tables)


def _rows(card: Card) -> list[Way]:
    """The card's own rows beside the grid, each with a method of its own."""
    usual = next(combinations(card)).values
    found = []
    for row in card.sensitivity:
        own = {axis: value for axis, value in row.matching.changes().items() if axis in usual and axis != "formula"}
        found.append(Way(row.name, {**usual, **own, "sensitivity": row.name}))
    return found


@cache
def turns() -> Made:
    """Every turn that the text of a curve can take."""
    county = {"matching__within": {"unit": "county", "how": "second_pass"}}
    searched = {"grid": SEARCHED, "sensitivity": [], "inference__cluster": "office", **county}
    lot = {"grid": DATES, "assignment__randomised": True}
    return Made(
        {
            "curve: rows": lambda: with_curve(matched_starts.plain(), "persons", gone=1),
            "curve: persons": lambda: with_curve(matched_starts.plain(), "persons", gone=3, grid=PERSONS),
            "curve: partners": lambda: with_curve(matched_starts.plain(), "persons", **searched),
            "curve: the same office": lambda: with_curve(matched_starts.plain(), "persons", matching__within=OFFICE),
            "curve: offices": lambda: with_curve(trial_reports.material(), "offices", grid=OFFICES),
            "curve: dates": lambda: with_curve(staggered_reports.material("team"), "adoption_dates", grid=DATES),
            "curve: dates by lot": lambda: with_curve(staggered_reports.material("team"), "adoption_dates", **lot),
            "curve: counties": lambda: with_curve(
                staggered_reports.material("team"), "adoption_dates", grid=DATES, staggered__unit="county"
            ),
        }
    )


def base_month() -> Material:
    """Everybody starts in one month, and changes count from another."""
    return with_curve(stages.material(stages.NSW), "persons", grid=BASE)
