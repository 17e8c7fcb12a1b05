"""Packing: what was released of a report, held against its seal, searched once more, and written as one zip."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from analysis.bundle.contents import contents
from analysis.bundle.crate import bundle_crate
from analysis.bundle.page import headline_words
from analysis.bundle.released import rerun_cohort
from analysis.bundle.search import leaks
from analysis.bundle.verdicts import BEYOND
from analysis.bundle.version import code_version
from analysis.files import read_json, sha256, write_bytes, write_json, write_text
from analysis.manifest import MANIFEST_NAME, manifest, verify
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.provenance import ROOT, canonical_digest, source_digest
from analysis.release_files import RELEASE
from analysis.ro_crate import CRATE_NAME
from analysis.tables import COMPARISON_REPORT
from analysis.zips import archive

BUNDLES = Path("results/bundles")
OWN = Path(__file__).parent
STOPPED = "Pakken kan ikke lages."
LOCK = "requirements.lock"
SHORT = 12


def bundle(report: str, root: Path, out: Path | None = None) -> Path:
    """Write the bundle of a released report, and return where it lies (`out`, or results/bundles/<report>-<run>.zip).

    The same release and code give the same bytes. Raises ProblemsFound, and writes nothing, for a report that is not
    sealed, files that differ from the manifest or were made by other code, a finding of the leak scan, and a number
    that the bundle does not give again.
    """
    sealed = _sealed(root)
    cohorts = _cohorts(report, sealed)
    _stop_at_changes(report, cohorts, sealed, root)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "bundle"
        for name, source in contents(report, cohorts, root).items():
            write_bytes(folder / name, source.read_bytes())
        shutil.copyfile(OWN / "bundle.mk", folder / "Makefile")
        version = code_version(ROOT)
        write_text(folder / "LESMEG.md", _guide(report, cohorts, sealed, version, folder))
        _describe(report, cohorts, sealed, version, folder)
        stop_if_any(STOPPED, leaks(folder, cohorts, root))
        members = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
    target = root / BUNDLES / f"{report}-{_run(report, cohorts, sealed)}.zip" if out is None else out
    write_bytes(target, archive(members))
    return target


def _sealed(root: Path) -> dict[str, Any]:
    path = root / RELEASE / MANIFEST_NAME
    if not path.is_file():
        raise ProblemsFound(
            f"{STOPPED} Ingenting er sluppet ut ennå.",
            [Problem(str(path), "finnes ikke.", "Kjør make, og så make bundle REPORT=…")],
        )
    return read_json(path)


def _cohorts(report: str, sealed: Mapping[str, Any]) -> list[str]:
    released = sorted(sealed["runs"])
    if report == COMPARISON_REPORT:
        return released
    if report not in released:
        heading = f"Rapporten «{report}» er ikke sluppet ut." if report else "Hvilken rapport? Ingen er oppgitt."
        raise ProblemsFound(heading, [Problem("REPORT", f"kan være {', '.join([*released, COMPARISON_REPORT])}.")])
    return [report]


def _stop_at_changes(report: str, cohorts: Sequence[str], sealed: Mapping[str, Any], root: Path) -> None:
    """What is packed must be what was sealed, and the code beside it the code that made it."""
    own = (f"reports/{report}/", *(f"{cohort}/" for cohort in cohorts))
    own += ("comparison/",) if report == COMPARISON_REPORT else ()
    problems = [one for one in verify(root / RELEASE, sealed) if one.where.startswith(own)]
    stop_if_any(f"{STOPPED} Det som er sluppet ut, stemmer ikke med manifestet:", problems)
    stop_if_any(f"{STOPPED} Tallene er laget av en annen kode enn den som ligger her:", _other_code(cohorts, root))


def _other_code(cohorts: Sequence[str], root: Path) -> list[Problem]:
    now = {"code": source_digest(ROOT / "workflow" / "scripts" / "release_cohort.py"), "lock": sha256(ROOT / LOCK)}
    then = {cohort: read_json(root / RELEASE / cohort / "provenance.json")["digests"] for cohort in cohorts}
    what = "er sluppet ut av kode eller pakker som er endret siden."
    return [
        Problem(cohort, what, "Kjør make.")
        for cohort, digests in then.items()
        if any(digests[name] != digest for name, digest in now.items())
    ]


def _run(report: str, cohorts: Sequence[str], sealed: Mapping[str, Any]) -> str:
    """The run that the report is of; for the comparison twelve digits of all of them."""
    runs = {cohort: sealed["runs"][cohort]["run_id"] for cohort in cohorts}
    return runs[report] if report in runs else canonical_digest(runs)[:SHORT]


def _guide(
    report: str, cohorts: Sequence[str], sealed: Mapping[str, Any], version: Mapping[str, Any], folder: Path
) -> str:
    """LESMEG.md, with what the rerun said when the bundle was made."""
    expected, runs = [], []
    for cohort in cohorts:
        table = rerun_cohort(folder, cohort)
        far = table.loc[table["verdict"].eq(BEYOND), "id"]
        what = "avviker fra det som cellene gir, og pakken ville ikke stemt."
        stop_if_any(STOPPED, [Problem(f"{cohort}, estimates.csv, rad {name}", what) for name in dict.fromkeys(far)])
        told = headline_words(table) or ["kohorten er bare beskrevet; andelene per gruppe står i rerun.csv."]
        expected += [f"- {cohort}: {line}" for line in told]
        runs.append(f"- {cohort}: kjøring {sealed['runs'][cohort]['run_id']}, kode {sealed['runs'][cohort]['code']}")
    words = {
        "report": report,
        "expected": "\n".join(expected),
        "versions": "\n".join(runs),
        "code": _code_words(version),
    }
    return Template((OWN / "LESMEG.md").read_text(encoding="utf-8")).substitute(words)


def _code_words(version: Mapping[str, Any]) -> str:
    if version["commit"] is None:
        return "ikke fra en git-klon; sjekksummene i manifest.json sier hvilken"
    return f"commit {version['commit']}" + (", med endringer som ikke er i git" if version["changed"] else "")


def _describe(
    report: str, cohorts: Sequence[str], sealed: Mapping[str, Any], version: Mapping[str, Any], folder: Path
) -> None:
    """Write the crate, and the manifest, which lists the crate too."""
    labels = tuple(f"{cohort}/" for cohort in cohorts)
    inputs = {name: digest for name, digest in sealed["inputs"].items() if name.startswith(labels)}
    plans = {f"plan {cohort}" for cohort in cohorts} | {"lock"}
    digests = {name: digest for name, digest in sealed["digests"].items() if name in plans}
    told = {"runs": {cohort: sealed["runs"][cohort] for cohort in cohorts}, "version": dict(version)}
    cards = {cohort: read_json(folder / "release" / cohort / "cohort.json")["card"] for cohort in cohorts}
    record = manifest(folder, inputs=inputs, digests=digests) | told
    write_json(folder / CRATE_NAME, bundle_crate(record, cards, report=report, manifest_name=MANIFEST_NAME))
    write_json(folder / MANIFEST_NAME, manifest(folder, inputs=inputs, digests=digests) | told)
