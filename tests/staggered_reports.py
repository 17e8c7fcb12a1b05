"""Two small made-up cohorts with staggered estimates, from simulated cells through analysis.staggered to the report.

team: five dates of adoption and offices that never adopt, effects that differ between groups. county: all adopt at
once, counts over time. Each beside the groups of `described`.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import described
import family_reports
import numpy as np
import pandas as pd
import stages

from analysis.card_staggered import Staggered
from analysis.cards import Covariate
from analysis.check_cohort import check_staggered
from analysis.checks.limitations import limitations
from analysis.months import month_number
from analysis.report.material import Material
from analysis.results import estimates
from analysis.staggered.cell_arrays import CellArrays, cell_arrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.regressions import static_effect
from analysis.staggered.result import cell_result
from analysis.staggered.rows import regression_rows, to_rows
from analysis.tables import OFFICE_CELLS

SHAPES = {"team": "stepwise", "county": "series"}
FIRST = {"team": month_number("2009-01"), "county": month_number("2020-01")}
MONTHS = {"team": 36, "county": 20}
ADOPTED = {
    "team": [*["2009-09"] * 3, *["2010-03"] * 3, *["2010-09"] * 2, "2011-02", *[None] * 5],
    "county": [*["2020-10"] * 3, *[None] * 6],
}
GAIN = {"2009-09": 0.12, "2010-03": 0.08, "2010-09": 0.03, "2011-02": -0.02, "2020-10": -0.05}
EFFECTS = {
    "team": [
        {"outcome": "in_work_or_education_last_day", "horizon": 12, "value": 0.06, "group": "innført fra 2009"},
        {"outcome": "in_work_or_education_last_day", "horizon": 12, "value": 0.9, "group": "2009-09"},
        {"outcome": "in_work_or_education_last_day", "horizon": 12, "value": -0.02, "group": "2011-02"},
        {"outcome": "in_work_or_education_last_day", "horizon": 36, "value": 0.05, "group": "innført fra 2009"},
        {"outcome": "in_work_or_education_last_day", "horizon": 12, "value": 0.05, "group": "de under 20 år"},
    ],
    "county": [
        {"outcome": "only_medical_in_plan", "month": "2021-05", "value": -0.05},
        {"outcome": "only_medical_in_plan", "month": "2021-05", "value": -0.08, "group": "ett kontor"},
    ],
}
LIMITS = [
    {"id": "picked", "text": "Fylket ble valgt fordi andelen var høy (regresjon mot gjennomsnittet)."},
    {"id": "process", "text": "Utfallet er hva som står i planen, ikke overgang til arbeid."},
]
CHECKED = {"grade": "low", "start": "low", "steps": [], "verbs": "did_checked"}
OUTCOME = "in_work_or_education_last_day"
CHECKED |= {"maryland": {"score": 3, "design": 3}, "held_back": []}
LOST = ("complete_months", "untreated_first")
VERBS = {"team": "did_checked", "county": "description"}


def cells(kind: str, *, seed: int = 5) -> pd.DataFrame:
    """Cells of offices and months in which early groups gain much, and more with time, and late ones little."""
    draw, rows = np.random.default_rng(seed), []
    for place, adopted in enumerate(ADOPTED[kind]):
        start = None if adopted is None else month_number(adopted)
        level = draw.normal(0.4, 0.02)
        for month in range(FIRST[kind], FIRST[kind] + MONTHS[kind]):
            since = -1 if start is None else month - start
            gain = 0.0 if since < 0 else GAIN[adopted] * (0.5 + since / 12)
            share = level + 0.001 * (month - FIRST[kind]) + gain
            n = 300
            summed = float(draw.binomial(n, min(max(share, 0.01), 0.99)))
            rows.append((f"03{place:02d}", start, month, n, float(n), summed))
    return pd.DataFrame(rows, columns=["office_id", "adoption_month", "month", "n", "sum_w", "sum_wy"])


def arrays(kind: str, *, seed: int = 5) -> CellArrays:
    return cell_arrays(cells(kind, seed=seed))


def rows(kind: str, outcome: str, *, seed: int = 5, randomised: bool = False) -> list[dict[str, Any]]:
    """Estimates of one outcome, and of the regression, as the rule of estimation writes them."""
    own, design = arrays(kind, seed=seed), Design(control="not_yet", base="universal")
    options = {"permute": True, "flip": True, "bands": True, "randomised": randomised}
    found = cell_result(cell_effects(own, design), design, outcome=outcome, seed=11, **options)
    other = Design(control="never", base="universal")
    second = cell_result(cell_effects(own, other), other, outcome=outcome, seed=11)
    made = [*to_rows(found), *to_rows(second, primary=None, spec="control_never")]
    return [*made, *regression_rows(static_effect(own, design), outcome=outcome, spec="twfe_static")]


@cache
def material(kind: str, **changes: Any) -> Material:
    """What a report reads of this cohort."""
    ground = described.material(SHAPES[kind])
    data = {"synthetic__effects": EFFECTS[kind], "limitations": LIMITS}
    card = stages.changed(ground.card, **data).model_copy(update={"analysis": "estimate", "staggered": Staggered()})
    horizons = [None] if kind == "county" else [12, 24]
    made = []
    for place, horizon in enumerate(horizons):
        for row in rows(kind, card.outcomes.primary, seed=5 + place, **changes):
            second = place > 0 and row["role"] == "primary"
            made.append({**row, "horizon_months": horizon} | ({"role": "secondary"} if second else {}))
    own, few = arrays(kind), kind == "county"
    beside = [{**row, "horizon_months": horizons[0]} for row in family_reports.rows(own, card.outcomes.primary)]
    found, extra = family_reports.synthetic(own, card.outcomes.primary, gate=9.0) if few else ([], {})
    beside += [{**row, "horizon_months": horizons[0]} for row in found]
    extra |= family_reports.tables(own, [row for row in [*made, *beside] if _first(row, horizons)], few)
    made += beside
    who = {"cohort": kind, "data_kind": card.data_kind, "design": card.design}
    who |= {"plan_hash": stages.DIGEST, "run_id": stages.DIGEST[:12]}
    sums = cells(kind).assign(outcome=card.outcomes.primary, horizon_months=horizons[0])
    tables = {**ground.tables, "estimates": estimates(made, **who), "office_cells": sums.reindex(columns=OFFICE_CELLS)}
    tables |= extra
    return replace(
        ground, card=card, tables=tables, checks=list(limitations(card)), grade={**CHECKED, "verbs": VERBS[kind]}
    )


def _switching() -> Material:
    """What was adopted was given up again at some offices."""
    ground = material("team")
    told = {"kind": "switches", "assumption": {"nb": "Det er beslutningen om å begynne som skal vurderes."}}
    return replace(ground, card=stages.changed(ground.card, staggered__treatment=told))


def _first(row: dict[str, Any], horizons: list) -> bool:
    return row["horizon_months"] == horizons[0] and not row["spec"].startswith("control_")


def _another_headline(name: str) -> Material:
    """A conclusion that rests on another estimator than Callaway and Sant'Anna's."""
    ground = material("team")
    own = ground.tables["estimates"].copy()
    own.loc[own["role"].isin(["primary", "secondary"]) & own["estimator"].eq("callaway_santanna"), "role"] = (
        "sensitivity"
    )
    made = [{**row, "horizon_months": 12} for row in family_reports.rows(arrays("team"), OUTCOME, headline=name)]
    made = [row for row in made if row["estimator"] == name]
    who = {"cohort": "team", "data_kind": "synthetic", "design": ground.card.design}
    who |= {"plan_hash": stages.DIGEST, "run_id": stages.DIGEST[:12]}
    rows = pd.concat([own[own["estimator"].ne(name)], estimates(made, **who)], ignore_index=True)
    family = ground.tables["family"].copy()
    family.loc[family["estimator"].eq(name), "spec"] = "main"
    card = stages.changed(ground.card, staggered__estimator=name)
    return replace(ground, card=card, tables={**ground.tables, "estimates": rows, "family": family})


def with_rows(made: pd.DataFrame, *, low: float, high: float, rank: int | None = None) -> pd.DataFrame:
    """The estimates with another interval of the headline, a placebo like it, and a rank of both when asked."""
    made = made[made["inference"].ne("placebo_rank")].copy()
    main = made["role"] == "primary"
    made.loc[main, ["conf_low", "conf_high"]] = [low, high]
    rows = [made, made[main].assign(term="placebo", role="sensitivity")]
    if rank is not None:
        ranked = {"inference": "placebo_rank", "statistic": rank, "df": 11.0, "role": "sensitivity"}
        rows += [made[main].assign(**ranked), made[main].assign(**ranked, term="placebo")]
    return pd.concat(rows, ignore_index=True)


def checked(kind: str, *, limit: int, spread: float, unit: str, **rows: Any) -> Material:
    """A cohort with the checks and the grade that follow from its rows and the card's limits."""
    ground = material(kind)
    changes = {"checks__few_treated_offices": limit, "checks__spread_limit": spread, "staggered__unit": unit}
    card = stages.changed(ground.card, **changes)
    made = with_rows(ground.tables["estimates"], **rows)
    verdicts = check_staggered(card, made)
    tables = {**ground.tables, "estimates": made}
    return replace(ground, card=card, tables=tables, checks=verdicts.checks, grade=verdicts.grade.record())


def checked_turns() -> dict[str, Material]:
    """Every verdict of the checks of staggered adoption."""
    nan = float("nan")
    return {
        "staggered: checks hold": checked("team", limit=1, spread=99.0, unit="office", low=-0.01, high=0.2),
        "staggered: checks fail": checked("team", limit=99, spread=1e-9, unit="office", low=0.01, high=0.2),
        "staggered: counties": checked("county", limit=1, spread=99.0, unit="county", low=nan, high=nan, rank=2),
        "staggered: first of few": checked("county", limit=99, spread=99.0, unit="county", low=nan, high=nan, rank=1),
        "staggered: no interval": _without_interval(),
        "staggered: adjusted down": _lower(),
        "staggered: no event study": _without_event_study(),
        "staggered: panel": _panel("drop_person"),
        "staggered: panel with gaps": _panel("pairwise"),
        "staggered: on and off": _switching(),
        "staggered: imputation first": _another_headline("imputation"),
        "staggered: every estimator": family_reports.everything(material("team")),
        "staggered: every estimator of counts": family_reports.everything(material("county")),
    }


def _lower() -> Material:
    """A headline below zero, with words for a comparison that was only adjusted."""
    ground = material("team")
    made = ground.tables["estimates"].copy()
    made.loc[made["role"] == "primary", ["estimate", "conf_low", "conf_high"]] = [-0.1, -0.2, -0.01]
    return replace(ground, tables={**ground.tables, "estimates": made}, grade={**ground.grade, "verbs": "adjusted"})


def _panel(missing: str) -> Material:
    """The same persons every month, weighted, a balanced curve, and the steps such a cohort can lose persons by."""
    ground = material("team")
    weight = Covariate(name="survey_weight", label={"nb": "Utvalgsvekt"})
    chosen = Staggered(
        sampling="panel", missing=missing, weight=weight.name, balance=1 if missing == "pairwise" else 12
    )
    lost = ground.tables["attrition"]
    steps = [lost, *(lost[lost["step"].eq(lost["step"].max())].assign(reason=reason) for reason in LOST)]
    tables = {**ground.tables, "attrition": pd.concat(steps, ignore_index=True)}
    return replace(
        ground, card=ground.card.model_copy(update={"staggered": chosen, "covariates": [weight]}), tables=tables
    )


def _without_event_study() -> Material:
    """Effects that could not be told by months since adoption."""
    ground = material("team")
    made = ground.tables["estimates"]
    return replace(ground, tables={**ground.tables, "estimates": made[made["term"] != "dynamic"].copy()})


def _without_interval() -> Material:
    """A headline that has neither an interval nor a rank."""
    ground = material("county")
    made = ground.tables["estimates"]
    made = made[~made["inference"].isin(["placebo_rank", "permutation"])].copy()
    made.loc[made["role"] == "primary", ["conf_low", "conf_high", "std_error"]] = float("nan")
    verdicts = check_staggered(ground.card, made)
    tables = {**ground.tables, "estimates": made}
    return replace(ground, tables=tables, checks=verdicts.checks, grade=verdicts.grade.record())


def turns() -> dict[str, Material]:
    """Both cohorts, adoption drawn by lot, and each other level of the verb gate."""
    found = {f"staggered: {kind}": material(kind) for kind in SHAPES}
    found["staggered: drawn by lot"] = material("team", randomised=True)
    for verbs in ("adjusted", "description"):
        team = found["staggered: team"]
        found[f"staggered: {verbs}"] = replace(team, grade={**team.grade, "verbs": verbs})
    return found
