"""What a report is written from: the treated numbers of one cohort, its card, its checks and its provenance."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.checks import Check, from_records
from analysis.files import read_csv, read_json
from analysis.results import TEXT_COLUMNS
from analysis.tables import COST, COST_TABLE, FINDINGS, MODERATORS, RELEASED, TEXT

FINDING_TEXTS = tuple(name for name, kind in (FINDINGS | MODERATORS | COST).items() if kind == TEXT)
NAMES = (
    *TEXT_COLUMNS,
    *("reason", "arm", "scope", "month", "sample", "covariate", "unit", "county", "kind"),
    *("compares", "weighs", "compared", "donor"),
    *("name", "worst_covariate", "adoption_left_out"),
    *FINDING_TEXTS,
)


@dataclass(frozen=True)
class Material:
    """Everything in ``results/review/<cohort>/``; a report reads nothing else about the cohort."""

    cohort: str
    card: Card
    figures: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    checks: list[Check]
    grade: dict[str, Any]
    provenance: dict[str, Any]
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    checklist: dict[str, Any] = field(default_factory=dict)

    @property
    def estimates(self) -> pd.DataFrame:
        """The estimates table."""
        return self.tables["estimates"]

    @property
    def facts(self) -> list[dict[str, Any]]:
        """Figures taken from sources; none for a cohort with persons."""
        return self.figures.get("facts", [])

    def check(self, name: str) -> Check | None:
        """The check of that name, if the cohort has it."""
        return next((check for check in self.checks if check.name == name), None)


def read_material(folder: str | Path, tables: Iterable[str] = (*RELEASED, COST_TABLE)) -> Material:
    """Read the review folder of one cohort, with these of its tables."""
    folder = Path(folder)
    about, verdicts = read_json(folder / "cohort.json"), read_json(folder / "checks.json")
    return Material(
        cohort=folder.name,
        card=Card.model_validate(about["card"]),
        figures=about["figures"],
        tables={name: read_csv(folder / f"{name}.csv", text=NAMES) for name in tables},
        checks=from_records(verdicts["checks"]),
        grade=verdicts["grade"],
        provenance=_told(read_json(folder / "provenance.json")),
        translations=about["translations"],
        checklist=about["checklist"],
    )


def _told(provenance: dict[str, Any]) -> dict[str, Any]:
    """What a report tells of it: the digests of single modules and settings are for who compares two runs."""
    digests = {name: digest for name, digest in provenance["digests"].items() if isinstance(digest, str)}
    return {**provenance, "digests": digests}
