"""What lies in an unpacked bundle, read."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis.bundle.reasons import DESCRIBED
from analysis.bundle.recomputed import recomputed
from analysis.bundle.verdicts import NEAR, RERUN, verdicts
from analysis.cards import Card, read_card
from analysis.cells import cell_means
from analysis.describe import SAMPLE
from analysis.disclosure.profiles import PROFILES_FILE, Profile, profile, read_profiles
from analysis.files import read_csv
from analysis.plan import plan_hash
from analysis.problems import Problem, stop_if_any
from analysis.report.material import Material, read_material

RELEASE, COHORTS = Path("release"), Path("cohorts")
# Names of offices are digits, and no numbers.
OFFICE_TEXTS = ("office_id", "county", "outcome")


def cohorts_of(folder: Path) -> list[str]:
    """The cohorts of a bundle, by name."""
    return sorted(path.parent.name for path in (folder / RELEASE).glob("*/provenance.json"))


def rerun_cohort(folder: Path, cohort: str) -> pd.DataFrame:
    """RERUN of one cohort. Raises ProblemsFound where card and numbers are not of the same plan."""
    material = read_released(folder / RELEASE / cohort)
    card = read_card(folder / COHORTS / cohort / "cohort.yaml")
    _stop_at_another_plan(material, card)
    found = recomputed(material, card, folder / COHORTS / cohort / "published.yaml", _profile(material, folder))
    table = verdicts(found)
    return table if len(table) else _described(material)


def read_released(folder: Path) -> Material:
    """The released estimates and cells of a cohort, with its card and provenance."""
    material = read_material(folder, ("estimates", "cells"))
    offices = read_csv(folder / "office_cells.csv", text=OFFICE_TEXTS)
    return replace(material, tables={**material.tables, "office_cells": offices})


def _stop_at_another_plan(material: Material, card: Card) -> None:
    other = plan_hash(card) != material.provenance["plan_hash"]
    what = "er et annet kort enn det tallene er regnet etter."
    where = f"{COHORTS}/{material.cohort}/cohort.yaml"
    mend = "Pakk ut pakken på nytt."
    stop_if_any("Tallene kan ikke regnes om.", [Problem(where, what, mend)] if other else [])


def _profile(material: Material, folder: Path) -> Profile | None:
    """The profile by which the counts were treated; None where they are as they were."""
    ledger = material.provenance["disclosure"]
    if "rule" not in ledger:
        return None
    return profile(read_profiles(folder / PROFILES_FILE), ledger["profile"], method=ledger["rule"]["method"])


def _described(material: Material) -> pd.DataFrame:
    """The share or mean of each group in each month, where no estimate was released."""
    cells = material.tables["cells"]
    cells = cells[cells["sample"].eq(SAMPLE)] if len(cells) else cells
    told = {"cohort": material.cohort, "role": "described", "estimator": "group_mean", "spec": SAMPLE}
    told |= {"quantity": "estimate", "verdict": NEAR, "reason": DESCRIBED}
    made = cell_means(cells).assign(**told)
    return made.rename(columns={"arm": "group", "mean": "recomputed"}).reindex(columns=list(RERUN))
