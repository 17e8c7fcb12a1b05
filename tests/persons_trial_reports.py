"""A trial of persons from its delivery to a report, and the turns that its text can take."""

import tempfile
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import stages

from analysis.card_trial import Trial
from analysis.cards import Card
from analysis.check_cohort import check_trial
from analysis.cost_table import write_cost
from analysis.estimate_persons_trial import TrialEstimates, estimate_persons_trial
from analysis.findings import findings_table
from analysis.intake import Delivery, read_delivery
from analysis.panel import Panel, build_panel
from analysis.release import provenance, release, write_release
from analysis.report.material import Material, read_material
from analysis.synthetic import write

KLAR = "klar_synthetic"
# Enough for a test; the cohort's own card has more.
FEW_DRAWS = 999


@cache
def card() -> Card:
    own = stages.card(KLAR)
    return own.model_copy(update={"trial": own.trial.model_copy(update={"draws": FEW_DRAWS})})


@cache
def delivered() -> tuple[Delivery, Panel]:
    """The delivery and the panel, as the pipeline makes them from the files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(card().synthetic.generator, folder / "data")
        found = read_delivery(card(), folder / "data", cohort=KLAR, spells=folder / "spells.parquet")
        return found, build_panel(card(), found)


def estimated(own: Card, panel: Panel) -> TrialEstimates:
    found, _ = delivered()
    who = stages.who(KLAR)
    return estimate_persons_trial(own, panel.baseline, panel.months, found.offices, attrition=panel.attrition, **who)


@cache
def result() -> TrialEstimates:
    return estimated(card(), delivered()[1])


def material_of(own: Card, made: TrialEstimates) -> Material:
    """What a report reads, through the files of the review folder."""
    found, _ = delivered()
    tables = {field.name: getattr(made, field.name) for field in fields(made)}
    tables["findings"] = findings_table(found.findings, own)
    released = release(own, tables)
    digests = {"code": stages.DIGEST, "estimated": stages.DIGEST, "lock": stages.DIGEST}
    origin = provenance(own, released, {"data.csv": stages.DIGEST}, None, digests)
    verdicts = check_trial(own, made.estimates, made.balance, made.attrition)
    with tempfile.TemporaryDirectory() as temporary:
        write_release(Path(temporary) / KLAR, own, released, verdicts.record(), origin, {})
        write_cost(Path(temporary) / KLAR)
        return read_material(Path(temporary) / KLAR)


@cache
def material() -> Material:
    return material_of(card(), result())


def with_estimates(change: Any, **card_changes: Any) -> Material:
    """The report's material with estimates changed by `change`, and its checks made again."""
    own = card().model_copy(update=card_changes)
    made = change(result().estimates.copy())
    return material_of(own, replace(result(), estimates=made))


def _interval(low: float, high: float) -> Any:
    def changed(made: pd.DataFrame) -> pd.DataFrame:
        main = made["role"].eq("primary")
        made.loc[main, ["estimate", "conf_low", "conf_high"]] = [np.nan_to_num((low + high) / 2), low, high]
        return made

    return changed


def _drawn(made: pd.DataFrame) -> pd.DataFrame:
    """Tests by draws instead of exactly, with a p-value that disagrees with the interval."""
    tests = made["inference"].eq("permutation")
    made.loc[tests, "df"] = float(FEW_DRAWS)
    made.loc[tests, "p_value"] = 0.4
    return made


def _band(months: int) -> Any:
    """A band that leaves zero out in so many months."""

    def changed(made: pd.DataFrame) -> pd.DataFrame:
        band = made["inference"].eq("simultaneous_band")
        made.loc[band, ["conf_low", "conf_high"]] = [-0.3, 0.3]
        made.loc[band & made["event_time"].lt(months), ["conf_low", "conf_high"]] = [0.01, 0.3]
        return made

    return changed


def _outside(made: TrialEstimates) -> TrialEstimates:
    """A step more in the flow: persons outside the population."""
    first = made.attrition[made.attrition["step"].eq(1)]
    return replace(made, attrition=pd.concat([made.attrition, first.assign(step=1, reason="outside_population")]))


def turns() -> dict[str, Material]:
    """Every turn that the text of such a report can take."""
    plain = Trial(strata=None, adjustment=None, draws=FEW_DRAWS, multiplicity="holm")
    without = card().model_copy(update={"trial": plain})
    return {
        "persons trial": material(),
        "persons trial: no strata, nothing adjusted, Holm": material_of(without, estimated(without, delivered()[1])),
        "persons trial: outside the population": material_of(card(), _outside(result())),
        "persons trial: no curve": with_estimates(lambda made: made[made["spec"].ne("curve")]),
        "persons trial: draws": with_estimates(_drawn),
        "persons trial: lower": with_estimates(_interval(-0.3, -0.1)),
        "persons trial: open": with_estimates(_interval(-0.1, 0.2)),
        "persons trial: band nowhere": with_estimates(_band(0)),
        "persons trial: band in one month": with_estimates(_band(1)),
        "persons trial: no interval": with_estimates(_interval(float("nan"), float("nan"))),
    }
