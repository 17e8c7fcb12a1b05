"""Every estimator of the made-up cohorts of `staggered_reports`, and every word that a report can say of them."""

from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.card_staggered import ESTIMATORS, Staggered
from analysis.estimate_family import COMPARES, WEIGHS, bacon_table, family_table
from analysis.family_estimators import FROM_CELLS, Given, estimand_of, moved_rank, weights_of_headline
from analysis.family_synthetic import tables_of
from analysis.report.material import Material
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.design import Design
from analysis.staggered.estimated import estimated_rows
from analysis.staggered.synthetic_control import synthetic_control
from analysis.staggered.synthetic_did import synthetic_did
from analysis.staggered.synthetic_fit import Choices
from analysis.staggered.synthetic_rows import synthetic_control_rows, synthetic_did_rows
from analysis.staggered.unit_panel import unit_panel
from analysis.tables import DONORS, FAMILY, FAMILY_SPEC, MAIN, REWEIGHTED, SYNTHETIC_FIT, SYNTHETIC_PATHS

DESIGN = Design(control="not_yet", base="universal")
REFUSED = ("poor_pre_fit", "too_few_months_before", "too_few_donors")


def rows(arrays: CellArrays, outcome: str, *, headline: str = "callaway_santanna") -> list[dict[str, Any]]:
    """Estimates of each estimator from cells; the headline's with the role primary."""
    given, made = Given(arrays, DESIGN, Staggered(stacked_window=[3, 3])), []
    base = weights_of_headline(arrays, DESIGN)
    for name, estimator in FROM_CELLS.items():
        found = estimator(given)
        own = name == headline
        # One is enough for the words, and some take their time.
        rank = moved_rank(given, estimator, found, randomised=False) if name == "local_projections" else None
        told = {"outcome": outcome, "rank": rank, "primary": "simple" if own else None}
        for row in estimated_rows(found, spec=MAIN if own else FAMILY_SPEC, **told):
            if row["term"] == "simple" or own:
                made.append(row | {"estimand": estimand_of(found, base)} | ({} if own else {"role": "sensitivity"}))
    return made


def synthetic(arrays: CellArrays, outcome: str, gate: float) -> tuple[list[dict[str, Any]], dict[str, pd.DataFrame]]:
    """Rows and tables of synthetic control and DiD."""
    panel, _ = unit_panel(arrays, DESIGN)
    choices, told = Choices(gate=gate), {"outcome": outcome, "spec": FAMILY_SPEC}
    control, levels = (estimate(panel, DESIGN, choices) for estimate in (synthetic_control, synthetic_did))
    made = [*synthetic_control_rows(control, **told), *synthetic_did_rows(levels, **told)]
    parts = [
        tables_of({"estimator": name, "spec": FAMILY_SPEC}, found, choices)
        for name, found in (("synthetic_control", control), ("synthetic_did", levels))
    ]
    joined = [pd.concat(part, ignore_index=True) for part in zip(*parts, strict=True)]
    names = ("synthetic_paths", "donors", "synthetic_fit")
    return [row | {"role": "sensitivity"} for row in made], dict(zip(names, joined, strict=True))


def tables(arrays: CellArrays, made: list[dict[str, Any]], few: bool) -> dict[str, pd.DataFrame]:
    """The released tables of rows of the main outcome at the main horizon."""
    found = {"family": family_table(made, "not_yet"), "bacon": bacon_table(Given(arrays, DESIGN, Staggered()))}
    empty = {"synthetic_paths": SYNTHETIC_PATHS, "donors": DONORS, "synthetic_fit": SYNTHETIC_FIT}
    found |= {} if few else {name: pd.DataFrame(columns=list(columns)) for name, columns in empty.items()}
    return found


def everything(ground: Material) -> Material:
    """A cohort with every estimator there is, and each reason for not having one."""
    known = ground.tables["family"]
    row = known[known["estimator"].eq("imputation")].iloc[0]
    row = row.to_dict()
    named = [row | {"estimator": name, "estimand": REWEIGHTED} for name in ESTIMATORS]
    told = [*COMPARES.values(), "never_base", "not_yet_base"]
    told = [word.format(control="never") for word in told]
    weighed = [*WEIGHS.values(), "treated"]
    named += [row | {"compares": word} for word in told] + [row | {"weighs": word} for word in weighed]
    lost = {"estimate": float("nan"), "conf_low": float("nan"), "conf_high": float("nan")}
    named += [row | lost | {"estimator": "stacked", "reason": reason} for reason in (*REFUSED, "vinduet er for langt")]
    family = pd.concat([known, pd.DataFrame(named)[list(FAMILY)]], ignore_index=True)
    fits = ground.tables["synthetic_fit"]
    if len(fits):
        fits = pd.concat([fits.assign(reason=None), *(_refused(fits, reason) for reason in REFUSED)])
    return replace(ground, tables={**ground.tables, "family": family, "synthetic_fit": fits})


def _refused(fits: pd.DataFrame, reason: str) -> pd.DataFrame:
    return fits.assign(reason=reason, unit=f"Fylke med {reason.replace('_', ' ')}")
