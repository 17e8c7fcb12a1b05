"""Synthetic control and synthetic difference-in-differences of a cohort: of what adopted, and of single offices."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.months import month_text
from analysis.office_cells import arrays_of, design_of
from analysis.plan import seed_of
from analysis.problems import Problem, stop_if_any
from analysis.staggered.cell_arrays import CellArrays, selected_offices
from analysis.staggered.design import NEVER
from analysis.staggered.estimated import Estimated
from analysis.staggered.synthetic_control import NAME as CONTROL
from analysis.staggered.synthetic_control import SyntheticControl, synthetic_control
from analysis.staggered.synthetic_did import SyntheticDid, synthetic_did
from analysis.staggered.synthetic_fit import Choices
from analysis.staggered.synthetic_rows import synthetic_control_rows, synthetic_did_rows
from analysis.staggered.unit_panel import HEADING, UnitPanel, unit_panel
from analysis.staggered_analysis import main_horizon
from analysis.tables import DONORS, SYNTHETIC_FIT, SYNTHETIC_PATHS


@dataclass(frozen=True)
class SyntheticResult:
    """`rows` of estimates; `found`: None without a usable fit; `paths`, `donors`, `fit`: tables of those names."""

    rows: list[dict[str, Any]]
    found: Estimated | None
    paths: pd.DataFrame
    donors: pd.DataFrame
    fit: pd.DataFrame


def single_offices(card: Card) -> list[str]:
    """Offices with a synthetic control of their own: those the card names, and those it looks at in a series."""
    named = [] if card.series is None else [one.office for one in card.series.offices]
    return list(dict.fromkeys([*card.staggered.synthetic.units, *named]))


def synthetic_result(
    card: Card, cells: pd.DataFrame, name: str, *, office: str | None = None, primary: str | None, spec: str
) -> SyntheticResult:
    """`name` (synthetic_control or synthetic_did) of the main outcome, of all units that adopted or of one `office`.

    An office is held against offices without the measure; offices that adopted beside it are left out. Raises
    ProblemsFound where there are no units to compare with.
    """
    unit = "office" if office is not None else card.staggered.unit
    arrays = arrays_of(cells, card.outcomes.primary, main_horizon(card), unit)
    panel, ledger = unit_panel(_alone(arrays, office), design_of(card), county=_counties(cells, unit))
    _stop_if_short(card, panel)
    choices, level = _choices(card), {"level": card.inference.level}
    spec = spec if office is None else f"{spec};unit={office}"
    told = {"outcome": card.outcomes.primary, "primary": primary, "spec": spec, **level}
    if name == CONTROL:
        found = synthetic_control(panel, design_of(card), choices, ledger=ledger)
        rows = list(synthetic_control_rows(found, **told))
    else:
        found = synthetic_did(panel, design_of(card), choices, ledger=ledger, **level)
        rows = list(synthetic_did_rows(found, **told))
    rows = [row if row["spec"] == spec else row | {"spec": f"{spec};{row['spec']}"} for row in rows]
    return SyntheticResult(rows, found.estimated, *tables_of({"estimator": name, "spec": spec}, found, choices))


def _alone(arrays: CellArrays, office: str | None) -> CellArrays:
    """The arrays without other offices that adopted than this one."""
    if office is None:
        return arrays
    adopted = (arrays.n[:, arrays.cohorts < NEVER] > 0).any(axis=(1, 2))
    return selected_offices(arrays, ~adopted | (arrays.offices == office))


def _counties(cells: pd.DataFrame, unit: str) -> dict[str, str]:
    if unit == "county":
        return {name: name for name in cells["county"].unique()}
    return cells.drop_duplicates("office_id").set_index("office_id")["county"].to_dict()


def _choices(card: Card) -> Choices:
    chosen = card.staggered.synthetic
    return Choices(
        intercept=chosen.intercept,
        gate=chosen.pre_fit_limit,
        neighbours=chosen.neighbours,
        by_persons=chosen.by_persons,
        limit=card.staggered.permutations,
        seed=seed_of(card),
        randomised=card.assignment.randomised,
    )


def _stop_if_short(card: Card, panel: UnitPanel) -> None:
    """Stop where a unit adopted sooner after the first month than the card asks for."""
    first = int(panel.adoption.min()) - card.staggered.anticipation
    months, least = first - int(panel.months[0]), card.staggered.synthetic.donors_min_months
    what = f"{months} måneder før innføringen, og kortet krever minst {least}."
    mend = "Lever en lengre serie, eller endre staggered.synthetic.donors_min_months."
    stop_if_any(HEADING, [Problem("måneder før innføringen", what, mend)] if months < least else [])


def tables_of(
    who: dict[str, str], found: SyntheticControl | SyntheticDid, choices: Choices
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """SYNTHETIC_PATHS, DONORS and SYNTHETIC_FIT."""
    months = [month_text(int(month)) for month in found.paths["month"]]
    groups = [month_text(int(group)) for group in found.fit["group"]]
    fit = found.fit.assign(**who, group=groups, gate=choices.gate)
    fit["reason"] = fit["reason"].replace("", None)
    return (
        found.paths.assign(**who, month=months)[list(SYNTHETIC_PATHS)],
        found.donors.assign(**who)[list(DONORS)],
        fit.reindex(columns=list(SYNTHETIC_FIT)),
    )
