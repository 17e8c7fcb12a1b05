"""The smallest cohort that is whole: a card, and a delivery to go with it. Tests change what they are about."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analysis.cards import read_card
from analysis.checklist import FILE, LISTS, read_checklist

OUTCOME_COLUMNS = {"2019-12": "inntekt_2019", "2020-12": "inntekt_2020", "2021-12": "inntekt_2021"}
CARD: dict[str, Any] = {
    "title": "Oppfølging i Prøvefylket",
    "short_title": "Prøvefylket",
    "intervention_name": "tett oppfølging",
    "data_kind": "synthetic",
    "intervention": "close_follow_up",
    "design": "matched_did",
    "report": {"date": "2026-11-21"},
    "background": ["Oppdiktede data som bare prøver kjøringen."],
    "population": {"description": "oppdiktede personer", "eligibility": ["med i leveransen"]},
    "assignment": {"unit": "person", "randomised": False, "rule": "Tilfeldig valgt av testen."},
    "content": {"intervention": "Tett oppfølging.", "usual_care": "Vanlig oppfølging."},
    "time_zero": {"description": "måneden da oppfølgingen begynte"},
    "arms": [
        {"id": "treated", "role": "treated", "label": "deltakerne"},
        {"id": "comparison", "role": "comparison", "label": "sammenligningsgruppen"},
    ],
    "outcomes": {"primary": "any_earnings_in_year", "secondary": ["annual_earnings_usd"]},
    "horizons": [12],
    "base_month": "2020-12",
    "estimand": {"quantity": "att", "scale": "difference", "description": "effekten for deltakerne"},
    "files": [
        {
            "name": "persons",
            "path": "persons.csv",
            "format": "csv",
            "columns": {
                "person_id": "lopenr",
                "arm": {"column": "gruppe", "values": {"T": "treated", "S": "comparison"}},
                "time_zero": "start",
                "office_id": "kontor",
                "age": "alder",
                "education_years": "utdanning",
            },
            "outcomes": [
                {"outcome": "annual_earnings_usd", "month": month, "column": column}
                for month, column in OUTCOME_COLUMNS.items()
            ],
        }
    ],
    "covariates": [
        {"name": "age", "label": "Alder"},
        {"name": "education_years", "label": "Utdanning, år"},
        {"name": "earnings_2019", "label": "Inntekt 2019", "outcome": "annual_earnings_usd", "month": "2019-12"},
    ],
    "matching": {"formula": "age + education_years + earnings_2019"},
    "disclosure": {"profile": "open", "reason": "Dataene er oppdiktet."},
    "sources": [{"id": "made_up", "citation": "Laget av testene."}],
}


def minimal_card(**changes: Any) -> dict[str, Any]:
    """A valid card as plain data, with `changes` of whole top-level keys; None removes a key."""
    card = deepcopy(CARD) | changes
    return {key: value for key, value in card.items() if value is not None}


def minimal_frame(persons: int = 12) -> pd.DataFrame:
    """A delivery of the minimal card, every value as the text of the file: treated and others by turns."""
    rows = range(persons)
    return pd.DataFrame(
        {
            "lopenr": [f"{1000 + row:07d}" for row in rows],
            "gruppe": ["T" if row % 2 == 0 else "S" for row in rows],
            "start": ["2020-12" for _ in rows],
            "kontor": [f"03{row % 3:02d}" for row in rows],
            "alder": [f"{25 + row % 7 * 3},5" for row in rows],
            "utdanning": [str(9 + row % 5) for row in rows],
            "inntekt_2019": [f"{row % 4 * 1000},25" for row in rows],
            "inntekt_2020": [f"{row % 5 * 1100},5" for row in rows],
            "inntekt_2021": [f"{row % 3 * 1500},75" for row in rows],
        }
    )


def write_answers(folder: Path) -> None:
    """Answer every item of the cohort's reporting checklist that is asked of it: not told."""
    card = read_card(folder / "cohort.yaml")
    items = read_checklist(card.design, card.data_kind, LISTS, None)["items"]
    asked = [item["id"] for item in items if not item["answers"]]
    answers = [{"items": asked, "not_told": "Det er ikke oppgitt."}] if asked else []
    (folder / FILE).write_text(yaml.safe_dump({"answers": answers}, allow_unicode=True), encoding="utf-8")


def write_cohort(folder: Path, card: dict[str, Any], frame: pd.DataFrame | None = None) -> Path:
    """Write the card, and the delivery of its first file if one is given, to the cohort's folder; the card's path."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    path = folder / "cohort.yaml"
    path.write_text(yaml.safe_dump(card, allow_unicode=True, sort_keys=False), encoding="utf-8")
    if frame is not None:
        file = card["files"][0]
        target = folder / "data" / file["path"]
        frame.to_csv(target, index=False, sep=file.get("delimiter", ";"), encoding=file.get("encoding", "utf-8"))
    return path


def write_small_cohort(project: Path) -> pd.DataFrame:
    """A cohort «liten» of 60 made-up persons in pairs alike on everything but the last outcome; its delivery."""
    pair = pd.Series(range(60)) // 2
    alike = {"alder": 20 + pair % 13, "utdanning": 9 + pair % 5}
    earned = {"inntekt_2019": pair % 4 * 1000, "inntekt_2020": pair % 3 * 1100}
    later = {"inntekt_2021": (pair % 5 + pd.Series(range(60)) % 2) * 700}
    columns = {name: column.astype("str") for name, column in (alike | earned | later).items()}
    frame = minimal_frame(60).assign(**columns)
    write_cohort(project / "cohorts" / "liten", minimal_card(certify={"draws": 20}), frame)
    return frame
