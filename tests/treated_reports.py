"""Reports of numbers that are treated: the same studies under each profile, as if their data were restricted."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import persons_trial_reports
import stages
import trial_reports

from analysis.cards import Card
from analysis.checks import as_records, from_records
from analysis.cost_table import cost_table, write_cost
from analysis.release import Released, provenance, release, treated_checks, write_release
from analysis.report.material import Material, read_material

KEY = b"secret"
TRIAL, KLAR, MATCHED = "trial", "klar_synthetic", "matched"


@cache
def study(name: str) -> tuple[Card, dict[str, pd.DataFrame]]:
    """A card and its tables as they are before treatment."""
    if name == TRIAL:
        return trial_reports.card(), trial_reports.tables_of(trial_reports.result())
    if name == KLAR:
        return persons_trial_reports.card(), dict(persons_trial_reports.material().tables)
    return stages.card(stages.NSW), stages.tables(stages.NSW)


def restricted(card: Card, profile: str, **changes: Any) -> Card:
    """The same card as one of restricted data under a profile."""
    disclosure = card.disclosure.model_copy(update={"profile": profile})
    return card.model_copy(update={"data_kind": "restricted", "synthetic": None, "disclosure": disclosure, **changes})


@cache
def released(name: str, profile: str) -> Released:
    card, tables = study(name)
    return release(restricted(card, profile), tables, key=KEY)


def material(name: str, profile: str, change: Any = None, **changes: Any) -> Material:
    """What a report reads of a study, through the files of the review; `change` works on the tables beforehand."""
    card, tables = study(name)
    tables = tables if change is None else change({key: table.copy() for key, table in tables.items()})
    own = restricted(card, profile, **changes)
    found = release(own, tables, key=KEY)
    digests = dict.fromkeys(("code", "estimated", "lock"), stages.DIGEST)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "invented"
        verdicts = stages.verdicts(own, tables).record()
        write_release(folder, own, found, verdicts, provenance(own, found, {}, None, digests), {})
        write_cost(folder)
        return read_material(folder)


def turns() -> dict[str, Material]:
    """Every turn of the text on treated numbers."""
    found = {
        f"treated: {name} {profile}": material(name, profile)
        for name in (TRIAL, MATCHED)
        for profile in ("public", "nav")
    }
    found |= {f"treated: {profile}": material(TRIAL, profile) for profile in ("ssb", "research", "opensafely")}
    hidden = material(MATCHED, "research")
    other = hidden.estimates.assign(role="sensitivity")
    none = replace(hidden, tables={**hidden.tables, "estimates": other})
    return found | {"treated: hidden": hidden, "treated: no analysis": none}


def klar(profile: str) -> Material:
    """A trial of persons, with the checks of none."""
    found = persons_trial_reports.material()
    made, card = released(KLAR, profile), restricted(found.card, profile)
    return replace(
        found,
        card=card,
        tables={**made.tables, "cost": cost_table(card, made.tables["estimates"])},
        checks=from_records(treated_checks({"checks": as_records(found.checks)})["checks"]),
        provenance={**found.provenance, "disclosure": made.ledger},
    )
