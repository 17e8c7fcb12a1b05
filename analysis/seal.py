"""The only door out: finished files are searched for what identifies a person, then copied to the released folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.files import read_json, write_bytes, write_json
from analysis.leakscan import scan_file
from analysis.manifest import MANIFEST_NAME, manifest
from analysis.problems import Problem, stop_if_any

# What may leave: numbers as CSV and JSON, reports as web pages and PDF. Nothing that can hold a data frame or code.
ALLOWED = frozenset({".csv", ".json", ".html", ".pdf"})


def seal(sources: Iterable[str], targets: Iterable[str]) -> None:
    """Copy each source to its target once every one of them is clean; raises ProblemsFound and copies none otherwise.

    The findings say file, place and rule, never the value.
    """
    pairs = list(zip(map(Path, sources), map(Path, targets), strict=True))
    findings = [finding for source, _ in pairs for finding in scan_file(source, allowed_suffixes=ALLOWED)]
    problems = [Problem(f"{finding.file}, {finding.place}", finding.rule) for finding in findings]
    stop_if_any("Forseglingen stoppet. Ingenting er sluppet ut.", problems)
    for source, target in pairs:
        write_bytes(target, source.read_bytes())


def write_manifest(folder: str | Path, files: Iterable[str], provenances: Mapping[str, str], *, lock: str) -> None:
    """Write the manifest of the released `files` below `folder`, with inputs, plans and code of every cohort.

    `provenances` are the cohorts' provenance.json by name. A file from an earlier run that this run did not make is
    left out, so that `make verify` names it.
    """
    folder = Path(folder)
    origins = {cohort: read_json(path) for cohort, path in provenances.items()}
    inputs = {
        f"{cohort}/{name}": digest for cohort, origin in origins.items() for name, digest in origin["inputs"].items()
    }
    digests = {"lock": lock} | {f"plan {cohort}": origin["plan_hash"] for cohort, origin in origins.items()}
    record = manifest(folder, inputs=inputs, digests=digests)
    made = {str(Path(name).relative_to(folder)) for name in files}
    record["files"] = [entry for entry in record["files"] if entry["path"] in made]
    record["runs"] = _runs(origins)
    write_json(folder / MANIFEST_NAME, record)


def _runs(origins: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        cohort: {"run_id": origin["run_id"], "code": origin["digests"]["code"]} for cohort, origin in origins.items()
    }
