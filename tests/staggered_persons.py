"""Persons, specifications and R's answers for the tests of group-time effects from persons."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.staggered.aggregate import aggregate
from analysis.staggered.design import Design
from analysis.staggered.persons import Roles

REFERENCE = Path(__file__).parent / "reference" / "did"
MPDTA = json.loads((REFERENCE / "mpdta_r_did_2.5.1.json").read_text())["specs"]
OFFICES = json.loads((REFERENCE / "sim_r_did_2.5.1.json").read_text())["specs"]
CONTROL = {"nevertreated": "never", "notyettreated": "not_yet"}
COVARIATES = "x1 + x2 + x3"
ROLES = Roles(outcome="y", person="id", month="t", covariates=COVARIATES)


def counties() -> pd.DataFrame:
    table = pd.read_csv(REFERENCE / "mpdta.csv")
    return table.assign(adoption_month=table["first_treat"].where(table["first_treat"] > 0))


def offices(name: str = "panel") -> pd.DataFrame:
    """360 invented persons in 24 offices, 12 months; `name`: panel or unbalanced."""
    table = pd.read_csv(REFERENCE / f"sim_{name}.csv")
    return table.assign(adoption_month=table["g"].where(table["g"] > 0))


def county_case(spec: str) -> tuple[Design, Roles, str]:
    formula, method, control, base = spec.split("|")
    roles = Roles(outcome="lemp", person="countyreal", month="year", covariates=_formula(formula))
    return Design(control=CONTROL[control], base=base), roles, method


def office_case(spec: str) -> tuple[pd.DataFrame, Design, Roles, str]:
    kind, formula, method, control, cluster, *extra = spec.split("|")
    extra = extra[0] if extra else ""
    design = Design(
        control=CONTROL[control],
        base="universal" if extra == "universal" else "varying",
        anticipation=int(extra[-1]) if extra.startswith("anticipation") else 0,
        weight="w" if extra == "weights=w" else None,
        sampling="panel" if kind == "panel" else "cross_section",
    )
    roles = Roles(
        outcome="y",
        person=None if kind == "rcs" else "id",
        month="t",
        cluster=None if cluster == "iid" else "office",
        covariates=_formula(formula),
    )
    return offices("panel" if kind == "panel" else "unbalanced"), design, roles, method


def _formula(text: str) -> str | None:
    return None if text == "~1" else text.removeprefix("~")


def apart(found, spec: dict) -> tuple[float, float]:
    """Largest distance to R's estimates, and to its standard errors, over group-time effects and four aggregates."""
    found, estimates, errors = found.group_time, [], []
    key = pd.MultiIndex.from_arrays([spec["g"], spec["t"]])
    place = pd.MultiIndex.from_frame(found.table[["group", "month"]]).get_indexer(key)
    assert sorted(place) == list(range(len(found.table)))
    estimates += zip(found.table["att"].to_numpy()[place], spec["att"], strict=True)
    errors += zip(std_errors(found.influence)[place], spec["se"], strict=True)
    for kind in ("simple", "dynamic", "group", "calendar"):
        made, r = aggregate(found, kind), spec[kind]
        height = 1 + len(r.get("att", []))
        estimates += zip(made.estimate[:height], [r["overall_att"], *r.get("att", [])], strict=True)
        errors += zip(std_errors(made.influence(found))[:height], [r["overall_se"], *r.get("se", [])], strict=True)
    return _largest(estimates), _largest((ours, theirs) for ours, theirs in errors if theirs is not None)


def std_errors(influence: np.ndarray) -> np.ndarray:
    return np.sqrt((influence**2).sum(axis=0))


def _largest(pairs) -> float:
    return max(abs(ours - theirs) for ours, theirs in pairs)
