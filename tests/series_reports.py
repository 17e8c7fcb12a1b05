"""The synthetic cohort of monthly counts from its generator's arrays through the estimates to the report's material."""

from functools import cache

import numpy as np
import pandas as pd
import stages

from analysis.attrition import continued, stated_rows
from analysis.cards import Card
from analysis.describe import describe
from analysis.estimate_staggered import StaggeredEstimates, estimate_staggered
from analysis.report.material import Material
from analysis.synthetic import aap_youth as made_up
from analysis.synthetic.common import office_numbers

COHORT = "aap_youth_synthetic"
OUTCOME = "only_medical_in_plan"
NOBODY = pd.DataFrame({"person_id": pd.Series(dtype="int32")})


@cache
def latent() -> dict:
    return made_up.generate().latent


@cache
def card(**changes) -> Card:
    return stages.changed(stages.card(COHORT), staggered__permutations=100, **changes)


@cache
def delivered(*, flows: bool = True) -> dict[str, pd.DataFrame]:
    """`aggregates` and `offices` as intake gives them."""
    known = latent()
    count, months = known["counts"].shape
    numbers = office_numbers(9301, count)
    columns = {"numerator": known["counts"], "denominator": known["recipients"]}
    frame = {name: values.ravel() for name, values in columns.items()}
    if flows:
        names = {"entries": "entered", "exits": "left"}
        names |= {f"{name}_numerator": f"{kind}_with" for name, kind in names.items()}
        before = np.full((count, 1), np.nan)
        frame |= {name: np.hstack([before, known[kind]]).ravel() for name, kind in names.items()}
    aggregates = pd.DataFrame(
        {
            "unit_id": np.repeat(numbers, months),
            "unit_type": "office",
            "month": np.tile(np.arange(months) + made_up.FIRST, count),
            "outcome": OUTCOME,
            **frame,
        }
    )
    here = known["county"] == made_up.CAMPAIGN
    offices = pd.DataFrame(
        {
            "office_id": numbers,
            "county": known["county"],
            "arm": np.where(here, "campaign", "other_counties"),
            "adoption_month": pd.array(np.where(here, made_up.FIRST + made_up.BEFORE, -1), dtype="Int16"),
        }
    )
    offices["adoption_month"] = offices["adoption_month"].mask(~here)
    return {"aggregates": aggregates, "offices": offices}


@cache
def estimated(*, flows: bool = True, **changes) -> StaggeredEstimates:
    return estimate_staggered(card(**changes), NOBODY, NOBODY, **delivered(flows=flows), **stages.who(COHORT))


@cache
def material(*, flows: bool = True, **changes) -> Material:
    """What a report reads of the cohort, through the files of the review folder."""
    made, tables = estimated(flows=flows, **changes), delivered(flows=flows)
    cells = describe(card(**changes), months=NOBODY, baseline=NOBODY, **tables)
    named = {"estimates": made.estimates, "office_cells": made.office_cells, "cells": cells}
    named |= {"series": made.series.series, "funnel": made.series.funnel}
    offices = tables["offices"]["arm"].value_counts().to_dict()
    named["attrition"] = continued(stated_rows(0, "delivered", dict.fromkeys(offices), offices), made.attrition)
    return stages.material_of(COHORT, card(**changes), named)


def turns() -> dict[str, Material]:
    """With and without the numbers of those who come and go."""
    return {"series": material(), "series: no flows": material(flows=False)}
