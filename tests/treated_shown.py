"""Reports of treated tables of every design, without the rules of release: any number hidden, any table empty.

What a rule hides is tested with the rules; here the report has to stand whatever they hide.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import certificate_reports
import control_reports
import described
import deviation_reports
import grid_reports
import matched_starts
import numpy as np
import one_group
import pandas as pd
import persons_trial_reports
import stages
import staggered_reports
import subgroup_reports
from treated_reports import restricted

from analysis.checks import as_records, from_records
from analysis.cost_table import cost_table
from analysis.disclosure.release_tables import WITHHELD
from analysis.release import release, treated_checks
from analysis.release_cells import headline_from_cells
from analysis.report.material import Material
from analysis.tables import HONEST, MISSING, PLANNED, RELATIVE, RELEASED, SMOOTH, SPILL_OVER

# Columns that say what a row is about; a rule never hides them.
ABOUT = ("horizon_months", "event_time", "step", "bin_low", "bin_high", "month", "bound", "level", "effect", "studies")
RULES = {
    "public": {"method": "rounding", "threshold": 5, "base": 3, "sign": "*", "zeros_words": "Null vises som null."},
    "nav": {"method": "suppression", "threshold": 4, "base": None, "sign": "*", "zeros_words": "Null vises som null."},
}
MOVED = {"count": 2, "difference": 0.0005, "interval": 0.001}
EFFECTS = ["estimate", "conf_low", "conf_high"]
LOST = dict.fromkeys(EFFECTS, np.nan)
NO_BAND = dict.fromkeys(["band_low", "band_median", "band_high"], np.nan)
AMOUNT = "work_days"
# Tables that the report has a name for; the bounds have a rule and are shown once they are among the released.
NAMED = (*RELEASED, *({"missing"} - set(RELEASED)))


def shown(
    ground: Material,
    profile: str = "public",
    *,
    hide: float = 0.0,
    seed: int = 1,
    empty: Iterable[str] = (),
    **ledger: Any,
) -> Material:
    """The material as one of treated tables: a share `hide` of all numbers hidden, and the tables `empty` withheld."""
    rng, gone = np.random.default_rng(seed), set(empty)
    tables = {name: _hidden(table, hide, rng) for name, table in ground.tables.items()}
    tables = {name: table.iloc[:0] if name in gone else table for name, table in tables.items()}
    card = restricted(ground.card, profile)
    tables["cost"] = cost_table(card, tables["estimates"])
    actions = {name: _action(name, tables[name], gone, ground) for name in RELEASED if name in tables}
    told = {"profile": profile, "reason": {"nb": "Valgt av testen."}, "tables": actions}
    told |= {"rule": {**RULES[profile], "moved": MOVED}, "from_cells": headline_from_cells(card, tables), **ledger}
    checks = from_records(treated_checks({"checks": as_records(ground.checks)})["checks"])
    return replace(
        ground, card=card, tables=tables, checks=checks, provenance={**ground.provenance, "disclosure": told}
    )


@cache
def released(name: str, profile: str) -> Material:
    """A cohort of `grounds` as the rules of release treat it."""
    ground = grounds()[name]
    card = restricted(ground.card, profile)
    cells = ground.tables["cells"]
    times = {key: pd.to_numeric(cells[key]).astype("Int64") for key in ("month", "event_time")}
    tables = {**ground.tables, "cells": cells.assign(**times), "findings": ground.tables["findings"].iloc[:0]}
    made = release(card, tables, key=b"secret", cohort="invented")
    checks = from_records(treated_checks({"checks": as_records(ground.checks)})["checks"])
    origin = {**ground.provenance, "disclosure": made.ledger}
    tables = {**made.tables, "cost": cost_table(card, made.tables["estimates"])}
    return replace(ground, card=card, tables=tables, checks=checks, provenance=origin)


def _hidden(table: pd.DataFrame, hide: float, rng: np.random.Generator) -> pd.DataFrame:
    made = table.copy()
    for name in made.select_dtypes("number"):
        if name not in ABOUT:
            gone = rng.random(len(made)) < hide
            made[name] = made[name].astype("float64").mask(gone)
    return made


def _action(name: str, table: pd.DataFrame, gone: set[str], ground: Material) -> dict[str, Any]:
    withheld = name in gone and not ground.tables[name].empty
    return {"rows": len(table), "hidden": 0, "withheld": withheld} | ({"why": "offices"} if withheld else {})


def with_tables(ground: Material, **tables: pd.DataFrame) -> Material:
    return replace(ground, tables={**ground.tables, **tables})


def with_headline(ground: Material, **values: Any) -> Material:
    """The headline's row with other values."""
    table = ground.tables["estimates"].copy()
    table.loc[table["role"].eq("primary"), list(values)] = list(values.values())
    return with_tables(ground, estimates=table)


def honest() -> pd.DataFrame:
    """Intervals for three bounds, and one of the other restriction."""
    rows = [(RELATIVE, bound, 0.05, 0.02 - bound / 20, 0.08 + bound / 20) for bound in (0.0, 0.5, 1.0)]
    rows.append((SMOOTH, 0.01, 0.05, 0.0, 0.1))
    names = ["restriction", "bound", "estimate", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=names).reindex(columns=list(HONEST))


def missing() -> pd.DataFrame:
    rows = [(12, "lee", 0.01, 0.09, -0.05, 0.15), (12, "worst_case", -0.2, 0.3, -0.25, 0.35)]
    names = ["horizon_months", "method", "low", "high", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=names).reindex(columns=list(MISSING))


def controls() -> pd.DataFrame:
    """Rows of negative controls, one before the start, and of those near against far."""
    rows = control_reports.controls(3, before=1)
    return pd.concat([rows, control_reports.places(0.01).assign(term=SPILL_OVER, outcome="in_education_last_day")])


def with_controls(ground: Material) -> Material:
    estimates = ground.tables["estimates"]
    return with_tables(ground, estimates=pd.concat([estimates, controls()], ignore_index=True))


def _changed(ground: Material) -> Material:
    """The plan was another: its headline a tenth higher, with the change told."""
    card = stages.changed(ground.card, deviations=[deviation_reports.CHANGE])
    rows = ground.estimates.query("role == 'primary'")
    planned = rows.assign(spec=PLANNED, role="sensitivity", estimate=rows["estimate"] + 0.1)
    origin = {**ground.provenance, "deviations": ["matching"], "plan_locked": "2026-11-01"}
    return replace(with_tables(ground, planned=planned.reset_index(drop=True)), card=card, provenance=origin)


@cache
def grounds() -> dict[str, Material]:
    """A cohort of each design, with everything that it can have beside its headline."""
    starts = matched_starts.plain()
    matched = grid_reports.with_curve(_changed(starts), "persons", gone=3, grid=grid_reports.PERSONS)
    certificate = certificate_reports.tried("passed").table()
    team = grid_reports.with_curve(staggered_reports.material("team"), "adoption_dates", grid=grid_reports.DATES)
    return {
        "matched": with_controls(with_tables(matched, certificate=certificate)),
        "trial": with_tables(subgroup_reports.main(), missing=missing()),
        "persons": persons_trial_reports.material(),
        "staggered": with_tables(team, honest=honest()),
        "county": staggered_reports.material("county"),
        "described": described.material("clusters"),
    }


@cache
def turns() -> dict[str, Material]:
    """Every turn that the text on treated tables can take, by design and by what is hidden."""
    found = {f"shown: {name}": shown(ground) for name, ground in grounds().items()}
    found |= {f"some hidden: {name}": shown(ground, hide=0.3) for name, ground in grounds().items()}
    found |= {f"all hidden: {name}": shown(ground, "nav", hide=1.0) for name, ground in grounds().items()}
    found |= {f"all empty: {name}": shown(ground, empty=RELEASED) for name, ground in grounds().items()}
    return found | headlines() | parts()


@cache
def headlines() -> dict[str, Material]:
    """Headlines without an interval, not estimated, and with a draw that gives as much."""
    trial, matched = grounds()["trial"], grounds()["matched"]
    apart = with_headline(trial, estimate=0.2, conf_low=0.1, conf_high=0.3)
    single = {name: shown(ground) for name, ground in one_group.turns().items() if ground.card.published is None}
    lot = staggered_reports.turns()["staggered: drawn by lot"]
    amount = with_tables(matched, estimates=_as_amount(matched.tables["estimates"]))
    return single | {
        "described": shown(grounds()["described"]),
        "no interval": shown(with_headline(trial, conf_low=np.nan)),
        "not estimated": shown(with_headline(trial, status="not_estimated", **dict.fromkeys(EFFECTS, np.nan))),
        "the draw gives as much": shown(_failed(apart, "permutation")),
        "no headline": shown(with_tables(matched, estimates=matched.tables["estimates"].query("role != 'primary'"))),
        "drawn by lot": shown(lot),
        "an amount": shown(
            replace(amount, card=stages.changed(matched.card, outcomes__primary=AMOUNT, outcomes__secondary=[]))
        ),
        "adopted": shown(with_headline(staggered_reports.turns()["staggered: adjusted"], conf_low=0.01, conf_high=0.2)),
    }


def _as_amount(table: pd.DataFrame) -> pd.DataFrame:
    """The same rows with the other outcome as the headline."""
    own = table.copy()
    main = own["spec"].eq("main") & own["outcome"].eq(AMOUNT) & own["estimator"].eq("matched_did_2x2")
    own.loc[own["role"].eq("primary"), "role"] = "secondary"
    own.loc[main & own["term"].eq("mean_difference"), "role"] = "primary"
    return own


def _failed(ground: Material, name: str) -> Material:
    checks = [replace(check, verdict="failed") if check.name == name else check for check in ground.checks]
    return replace(ground, checks=checks)


@cache
def parts() -> dict[str, Material]:
    """Single tables withheld for every reason, and those of which little is left."""
    trial, team, matched = (grounds()[name] for name in ("trial", "staggered", "matched"))
    every = {name: {"rows": 0, "hidden": 0, "withheld": True, "why": why} for name, why in _reasons().items()}
    few = with_tables(team, specifications=team.tables["specifications"].head(2))
    accepted = {"rule": "r1", "severity": "error", "accepted": "Godtatt av testen, med grunn."}
    return {
        "everything withheld": shown(matched, tables=every),
        "few analyses": shown(few),
        "no band": shown(with_tables(team, specifications=team.tables["specifications"].assign(**NO_BAND))),
        "found and accepted": shown(with_tables(trial, findings=pd.DataFrame([accepted]))),
        "one curve point": shown(with_tables(trial, cells=trial.tables["cells"].query("event_time == 0"))),
        "explored": shown(subgroup_reports.everything()),
        "explored and apart": shown(_explored()),
        "lone effects": shown(with_tables(team, honest=honest().head(1), family=team.tables["family"].assign(**LOST))),
    }


def _reasons() -> dict[str, str]:
    return {name: WITHHELD.get(name, "of another kind") for name in NAMED}


def _explored() -> Material:
    """Every subgrouping explored, with a test between the groups that sets them apart."""
    ground = subgroup_reports.everything()
    table = subgroup_reports.tested(0.001)(ground.tables["subgroups"]).assign(exploratory=True)
    return with_tables(ground, subgroups=table)
