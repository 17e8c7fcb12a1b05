"""The RO-Crate of a bundle: its files, where the numbers come from, and the rerun as something that can be done.

RO-Crate Metadata Specification 1.1, as analysis/ro_crate.py. The rerun is a CreateAction that has not happened yet
(PotentialActionStatus): what it reads (`object`), what runs it (`instrument`) and what it writes (`result`).
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from analysis.ro_crate import (
    KINDS,
    LICENCE,
    PROGRAM,
    SPECIFICATION,
    TERMS,
    cohort_dataset,
    descriptor,
    file_entity,
    origins,
    refs,
    software,
)

RERUN, RESULT = "#omregning", "#omregning-resultat"
ENTRY = ("Makefile", "analysis/bundle/rerun.py")


def bundle_crate(
    manifest: Mapping[str, Any], cards: Mapping[str, Mapping[str, Any]], *, report: str, manifest_name: str
) -> dict[str, Any]:
    """The crate of a bundle of `report`. `manifest`: that of the bundle; `cards`: the cohorts' cards by name."""
    folders = [f"release/{quote(cohort)}/" for cohort in sorted(cards)]
    datasets = [_dataset(cohort, card, manifest) for cohort, card in sorted(cards.items())]
    inside = {part["@id"] for dataset in datasets for part in dataset["hasPart"]}
    files = [file_entity(entry) for entry in manifest["files"]]
    loose = [entity["@id"] for entity in files if entity["@id"] not in inside]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Tiltakseffekt: {report}, til omregning",
        "description": "Utgitte tall, celler, kort og kode. Med make regnes tallene om fra cellene, uten persondata.",
        "datePublished": max(str(card["report"]["date"]) for card in cards.values()),
        "license": {"@id": LICENCE},
        "hasPart": refs([manifest_name, *folders, *loose]),
        "mentions": refs([RERUN, *(f"#run-{cohort}" for cohort in sorted(cards))]),
    }
    own = {"@id": manifest_name, "@type": "File", "name": manifest_name, "encodingFormat": KINDS[".json"]}
    graph = [descriptor(), root, *datasets, *files, own, *_origins(manifest), *_rerun(manifest), *software(manifest)]
    return {"@context": [f"{SPECIFICATION}/context", TERMS], "@graph": graph}


def _dataset(cohort: str, card: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    own = (f"release/{cohort}/", f"release/reports/{cohort}/", f"cohorts/{cohort}/")
    return {
        **cohort_dataset(cohort, card, place="release/", holds="Tall, rapporter og kort"),
        "hasPart": refs(quote(entry["path"]) for entry in manifest["files"] if entry["path"].startswith(own)),
    }


def _origins(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As in the released crate; the runs gave the data sets where they lie here."""
    found = list(origins(manifest))
    for entity in found:
        if entity["@type"] == "CreateAction":
            entity["result"] = {"@id": f"release/{entity['result']['@id']}"}
    return found


def _rerun(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    read = [entry["path"] for entry in manifest["files"] if _is_read(PurePosixPath(entry["path"]))]
    action = {
        "@id": RERUN,
        "@type": "CreateAction",
        "name": "Omregning: make",
        "description": "Regner de utgitte tallene om fra celler og publiserte tall, og holder dem mot hverandre.",
        "actionStatus": {"@id": "http://schema.org/PotentialActionStatus"},
        "instrument": refs([PROGRAM, *ENTRY]),
        "object": refs(map(quote, read)),
        "result": {"@id": RESULT},
    }
    made = {
        "@id": RESULT,
        "@type": "CreativeWork",
        "name": "rerun.csv og omregning.md",
        "description": "Utgitt tall, omregnet tall, forskjell, tillatt forskjell og dom, rad for rad.",
    }
    return [action, made]


def _is_read(path: PurePosixPath) -> bool:
    return path.parts[0] in ("release", "cohorts") and path.name in (
        *("cells.csv", "office_cells.csv", "estimates.csv", "cohort.json", "provenance.json"),
        *("cohort.yaml", "published.yaml"),
    )
