"""A small made-up trial of twelve offices, from persons through estimate_trial to the report, and its turns.

Offices differ much, so that the intraclass correlation is above 0; those drawn for it deliver it to some, and others to
nobody. Some persons leave before the second horizon.
"""

from dataclasses import fields
from functools import cache
from typing import Any

import cards
import numpy as np
import pandas as pd
import stages
from made import Made

from analysis.attrition import attrition_rows
from analysis.cards import Card
from analysis.estimate_trial import TrialEstimates, estimate_trial
from analysis.months import month_number
from analysis.report.material import Material

ZERO = month_number("2020-01")
HORIZONS = [12, 18]
SIZES = [34, 12, 25, 18, 9, 28, 22, 15, 30, 8, 19, 26]
TREATED = [0, 3, 5, 6, 9, 10]
PRIMARY, OTHER = "in_work_last_day", "full_time_last_day"
FILES = [
    {
        "name": "personer",
        "path": "personer.csv",
        "format": "csv",
        "columns": {
            "person_id": "nr",
            "arm": {"column": "gruppe", "values": {"T": "treated", "K": "comparison"}},
            "office_id": "kontor",
            "age": "alder",
            "woman": "kvinne",
            "got_it": "fikk",
        },
    },
    {"name": "kontorer", "table": "offices", "path": "kontorer.csv", "format": "csv", "columns": {"office_id": "nr"}},
]
TRIAL = {"adjustment": "age + woman", "multiplicity": "holm", "delivery": "got_it", "planned_icc": 0.9}


@cache
def card() -> Card:
    return Card.model_validate(
        cards.minimal_card(
            design="cluster_randomised",
            content={"intervention": "Tett oppfølging.", "usual_care": "vanlig oppfølging"},
            assignment={"unit": "office", "randomised": True, "rule": "Trukket av testen."},
            time_zero={"description": "januar 2020", "month": "2020-01"},
            outcomes={"primary": PRIMARY, "secondary": [OTHER]},
            horizons=HORIZONS,
            estimand={"quantity": "itt", "scale": "difference", "description": "forskjellen mellom gruppene"},
            files=FILES,
            covariates=[{"name": "age", "label": "Alder"}, {"name": "woman", "label": "Kvinne"}],
            synthetic={
                "generator": "hpmt",
                "effects": [
                    {"outcome": PRIMARY, "horizon": 12, "value": 0.05},
                    {"outcome": PRIMARY, "horizon": 18, "value": 0.9},
                    {"outcome": PRIMARY, "horizon": 36, "value": 0.05},
                ],
            },
            trial=TRIAL,
            base_month=None,
            matching=None,
        )
    )


@cache
def people() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Baseline and months of the panel, as `build_panel` gives them."""
    draw = np.random.default_rng(3)
    office = np.repeat(np.arange(len(SIZES)), SIZES)
    treated = np.isin(office, TREATED)
    persons = np.arange(len(office), dtype="int32")
    baseline = pd.DataFrame(
        {
            "person_id": persons,
            "office_id": [f"03{one:02d}" for one in office],
            "arm": np.where(treated, "treated", "comparison"),
            "time_zero": pd.array(np.full(len(office), ZERO), dtype="Int16"),
            "age": 25.0 + draw.integers(0, 30, len(office)),
            "woman": draw.integers(0, 2, len(office)).astype(float),
            "treated": treated,
            "got_it": (treated & (draw.random(len(office)) < 0.8)).astype(float),
        }
    )
    level = np.linspace(0.1, 0.5, len(SIZES))[draw.permutation(len(SIZES))]
    frames = []
    for event in range(-3, 19):
        chance = level[office] + 0.05 * treated * (event > 0)
        work = (draw.random(len(office)) < chance).astype(float)
        gone = (persons % 11 == 0) & (event > 14)
        frames.append(
            pd.DataFrame(
                {
                    "person_id": persons,
                    "month": np.int16(ZERO + event),
                    "event_time": pd.array(np.full(len(office), event), dtype="Int16"),
                    PRIMARY: np.where(gone, np.nan, work),
                    OTHER: np.where(gone, np.nan, work * (draw.random(len(office)) < 0.5)),
                }
            )
        )
    months = pd.concat(frames, ignore_index=True).sort_values(["person_id", "month"], ignore_index=True)
    return baseline, months


def offices() -> pd.DataFrame:
    """Offices with strata of four and with pairs, one of each pair drawn."""
    ids = [f"03{one:02d}" for one in range(len(SIZES))]
    return pd.DataFrame({"office_id": ids, "quarter": [one // 4 for one in range(len(SIZES))]})


def steps() -> pd.DataFrame:
    """What the panel tells of who is followed."""
    baseline, _ = people()
    arms = ["treated", "comparison"]
    reasons = ("delivered", "outside_population", "followed")
    return pd.concat([attrition_rows(place, name, baseline, arms) for place, name in enumerate(reasons, start=1)])


def estimated(own: Card, **changes: pd.DataFrame) -> TrialEstimates:
    """The estimates under a card, with other tables if given."""
    baseline, months = people()
    tables = {"baseline": baseline, "months": months, "offices": offices(), "attrition": steps(), **changes}
    return estimate_trial(own, **tables, **stages.who("invented"))


@cache
def result() -> TrialEstimates:
    return estimated(card())


def tables_of(found: TrialEstimates) -> dict[str, pd.DataFrame]:
    return {field.name: getattr(found, field.name) for field in fields(found)}


@cache
def material() -> Material:
    return stages.material_of("invented", card(), tables_of(result()))


def altered(card_changes: dict[str, Any] | None = None, **columns: Any) -> Material:
    """The same trial under another card, with other values in the headline; those that begin with ``p_`` change the
    test by the draw."""
    own = stages.changed(card(), **(card_changes or {}))
    made = {name: table.copy() for name, table in tables_of(result()).items()}
    found = made["estimates"]
    test = found["inference"].eq("permutation") & found["spec"].eq("main") & found["horizon_months"].eq(HORIZONS[0])
    for name, value in columns.items():
        where = test & found["outcome"].eq(PRIMARY) if name.startswith("p_") else found["role"].eq("primary")
        found.loc[where, name] = value
    return stages.material_of("invented", own, made)


def unlike() -> Material:
    """Many lost in one group, and groups that began unlike."""
    own = stages.changed(card(), trial__attrition_limit=0.0)
    made = {name: table.copy() for name, table in tables_of(result()).items()}
    made["balance"].loc[0, "smd"] = -0.6
    return stages.material_of("invented", own, made)


def whole() -> Material:
    """Nobody lost."""
    own = stages.changed(card(), horizons=[12])
    made = {name: table.copy() for name, table in tables_of(result()).items()}
    found = made["estimates"]
    made["estimates"] = found[found["horizon_months"].eq(12)].copy()
    return stages.material_of("invented", own, made)


@cache
def few() -> Material:
    """Too few offices for a p-value of a formula, each office counting one, and delivery that the draw hardly moved."""
    changes = {"trial__average": "offices", "trial__multiplicity": "primary_only", "trial__adjustment": None}
    own = stages.changed(
        card(), **changes, checks__few_treated_offices=9, synthetic=None, data_kind="open", licence="MIT"
    )
    baseline, _ = people()
    alike = (baseline["person_id"] % 2).astype(float)
    return stages.material_of("invented", own, tables_of(estimated(own, baseline=baseline.assign(got_it=alike))))


def icc_bounds() -> tuple[float, float]:
    """The correlation of the headline's outcome, and where its interval begins."""
    found = result().estimates.query(f"outcome == '{PRIMARY}' and horizon_months == 12 and estimator == 'anova'")
    row = found[found["term"] == "icc"].iloc[0]
    return float(row["estimate"]), float(row["conf_low"])


def turns() -> Made:
    """Every turn that the text of a trial can take."""
    real = {"synthetic": None, "data_kind": "open", "licence": "MIT"}
    return Made(
        {
            "trial": material,
            "trial: few offices": few,
            "trial: up": lambda: altered(real, estimate=0.2, conf_low=0.1, conf_high=0.3, p_value=0.01),
            "trial: down": lambda: altered(real, estimate=-0.2, conf_low=-0.3, conf_high=-0.1, p_value=0.01),
            "trial: interval only": lambda: altered(real, estimate=0.2, conf_low=0.01, conf_high=0.4),
            "trial: test only": lambda: altered(real, conf_low=-0.1, conf_high=0.4, p_value=0.01),
            "trial: no interval": lambda: altered(
                conf_low=float("nan"), conf_high=float("nan"), std_error=float("nan")
            ),
            "trial: unlike": unlike,
            "trial: nobody lost": whole,
            "trial: icc within": lambda: altered({"trial__planned_icc": sum(icc_bounds()) / 2}),
            "trial: icc beyond": lambda: altered({"trial__planned_icc": icc_bounds()[1] / 2}),
        }
    )
