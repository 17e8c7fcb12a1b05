"""The only door out: finished files are searched for what identifies a person, then copied to the released folder."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from analysis.canaries import canaries, searched
from analysis.files import read_json, write_bytes, write_json
from analysis.leakscan import scan_file
from analysis.manifest import MANIFEST_NAME, manifest
from analysis.problems import Problem, stop_if_any
from analysis.ro_crate import CRATE_NAME, ro_crate

RELEASE = "release"
# What may leave, by folder: numbers as CSV and JSON, reports in every form with their model, one start page. Word,
# Excel and zip files are opened and read to the bottom (analysis/filetext); Stata files leave in a report's zip alone.
NUMBERS = frozenset({".csv", ".json"})
REPORTS = frozenset({".html", ".pdf", ".docx", ".xlsx", ".zip", ".json"})
START_PAGE = frozenset({".html"})


def allowed_types(target: str | Path) -> frozenset[str]:
    """The types of file that may lie in the folder of a released file; ValueError outside the released folder."""
    *folders, _ = Path(target).parts
    if RELEASE not in folders:
        raise ValueError("files are let out to the released folder alone")
    below = folders[len(folders) - folders[::-1].index(RELEASE) :]
    if not below:
        return START_PAGE
    return REPORTS if below[0] == "reports" else NUMBERS


def seal(
    sources: Iterable[str],
    targets: Iterable[str],
    *,
    deliveries: Iterable[str] = (),
    admit: Callable[[], None] | None = None,
) -> None:
    """Copy each source to its target once every one of them is clean; raises ProblemsFound and copies none otherwise.

    deliveries: folders of made-up deliveries behind the sources, whose every person is a canary. `admit` is asked when
    all are clean and raises for what may not leave (analysis/release_gate.py). The findings say file, place and rule,
    never the value.
    """
    pairs = list(zip(map(Path, sources), map(Path, targets), strict=True))
    if any(source.suffix != target.suffix for source, target in pairs):
        raise ValueError("a file keeps its type when it is let out")
    birds = searched(canaries(deliveries))
    findings = [
        finding
        for source, target in pairs
        for finding in scan_file(source, canaries=birds, allowed_suffixes=allowed_types(target))
    ]
    problems = [Problem(f"{finding.file}, {finding.place}", finding.rule) for finding in findings]
    stop_if_any("Forseglingen stoppet. Ingenting er sluppet ut.", problems)
    if admit is not None:
        admit()
    for source, target in pairs:
        write_bytes(target, source.read_bytes())


def write_manifest(
    folder: str | Path,
    files: Iterable[str],
    provenances: Mapping[str, str],
    *,
    lock: str,
    report: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> None:
    """Write the manifest of the released `files` below `folder`, with inputs, plans and code of every cohort.

    The same is written as an RO-Crate first, which the manifest lists. `provenances` are the cohorts' provenance.json
    by name; cohort.json, with the card, lies beside each. A file from an earlier run that this run did not make is
    left out, so that `make verify` names it. `report`: digests of what costs, comparison and reports are made with
    (``modules`` and ``texts``, by name).
    """
    folder = Path(folder)
    origins = {cohort: read_json(path) for cohort, path in provenances.items()}
    inputs = {
        f"{cohort}/{name}": digest for cohort, origin in origins.items() for name, digest in origin["inputs"].items()
    }
    digests = {"lock": lock} | {f"plan {cohort}": origin["plan_hash"] for cohort, origin in origins.items()}
    made = {str(Path(name).relative_to(folder)) for name in files}
    record = _of_these(manifest(folder, inputs=inputs, digests=digests), made)
    record |= {"runs": _runs(origins), "report": {kind: dict(found) for kind, found in report.items()}}
    cards = {cohort: read_json(Path(path).with_name("cohort.json"))["card"] for cohort, path in provenances.items()}
    write_json(folder / CRATE_NAME, ro_crate(record, cards, manifest_name=MANIFEST_NAME))
    listed = _of_these(manifest(folder, inputs=inputs, digests=digests), made | {CRATE_NAME})
    write_json(folder / MANIFEST_NAME, record | listed)


def _of_these(record: dict[str, Any], paths: Collection[str]) -> dict[str, Any]:
    return record | {"files": [entry for entry in record["files"] if entry["path"] in paths]}


def _runs(origins: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        cohort: {"run_id": origin["run_id"], "code": origin["digests"]["code"]} for cohort, origin in origins.items()
    }
