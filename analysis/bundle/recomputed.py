"""Released numbers worked out once more, whatever the design."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.bundle.from_cells import cell_rows
from analysis.bundle.from_office_cells import office_cell_rows
from analysis.bundle.rows import complete, ids, in_order, whole_rows
from analysis.cards import Card
from analysis.disclosure.profiles import Profile
from analysis.estimate_published import estimate_published
from analysis.published import read_figures
from analysis.report.material import Material
from analysis.results import ROLES

# The answers that a report rests on; of published figures everything is worked out.
COMPARED = ("primary", "secondary")


@dataclass(frozen=True)
class Recomputed:
    """`released`: the estimates that are held against the rerun; `table`: a row for each, in their order (rows.py)."""

    released: pd.DataFrame
    table: pd.DataFrame


def recomputed(material: Material, card: Card, figures: Path, profile: Profile | None) -> Recomputed:
    """The estimates of a released cohort, from its cells or its published figures.

    `figures` is the cohort's published.yaml; `profile` the one by which counts were treated, None where none was.
    """
    published = card.data_kind == "published"
    roles = ROLES if published else COMPARED
    released = material.estimates[material.estimates["role"].isin(roles)].reset_index(drop=True)
    named = released.assign(id=ids(released))
    origin = material.provenance
    common = {"cohort": material.cohort, "data_kind": card.data_kind, "design": card.design}
    common |= {"conf_level": card.inference.level}
    if published:
        who = {"cohort": material.cohort, "plan_hash": origin["plan_hash"], "run_id": origin["run_id"]}
        made = estimate_published(card, read_figures(figures, card), **who).estimates
        rows = complete(whole_rows(made.to_dict("records")), named["id"])
    elif card.staggered is not None:
        rows = office_cell_rows(card, named, material.tables["office_cells"], common)
    else:
        rows = cell_rows(card, named, material.tables["cells"], profile, common)
    return Recomputed(released, in_order(named["id"], rows))
