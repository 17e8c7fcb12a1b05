"""The manifest of a released folder once more, as an RO-Crate: what archives and research portals read.

RO-Crate Metadata Specification 1.1 (doi:10.5281/zenodo.4541002): JSON-LD in a file of a fixed name, where each file,
data set, input, plan, program and package is an entity. The bytes are the same for the same content; dates are those
of the cards. The manifest lists the crate with its SHA-256, and the crate therefore names the manifest without one.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from analysis import __version__
from analysis.files import read_json
from analysis.manifest import MAKE_AGAIN
from analysis.problems import Problem

CRATE_NAME = "ro-crate-metadata.json"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
# Not in the context of every copy of version 1.1.
TERMS = {"sha256": "https://schema.org/sha256"}
LICENCE = "https://spdx.org/licenses/MIT"
PROGRAM = "#tiltakseffekt"
KINDS = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}
DISAGREES = "er ikke det samme som i manifestet."
UNREADABLE = "lar seg ikke lese som RO-Crate."

Entity = dict[str, Any]


def ro_crate(manifest: Mapping[str, Any], cards: Mapping[str, Mapping[str, Any]], *, manifest_name: str) -> Entity:
    """The crate of a released folder.

    manifest: as `seal.write_manifest` writes it, with `runs`; cards: the cohorts' cards as plain data, by name (title,
    report date, kind of data and licence are read); manifest_name: the file that the manifest is written to. There is
    at least one card, or ValueError is raised: a crate without a date is none.
    """
    if not cards:
        raise ValueError("a crate needs the card of at least one cohort")
    entities = [
        descriptor(),
        _root(manifest, cards, manifest_name),
        *(_cohort(name, card, manifest) for name, card in sorted(cards.items())),
        *map(file_entity, manifest["files"]),
        {"@id": manifest_name, "@type": "File", "name": manifest_name, "encodingFormat": KINDS[".json"]},
        *origins(manifest),
        *software(manifest),
    ]
    return {"@context": [f"{SPECIFICATION}/context", TERMS], "@graph": entities}


def crate_problems(folder: str | Path, manifest: Mapping[str, Any]) -> list[Problem]:
    """Where the crate in a released folder tells otherwise than the manifest; none if the manifest lists no crate.

    That the crate is missing or changed is found by `manifest.verify`.
    """
    path = Path(folder) / CRATE_NAME
    if not path.is_file() or all(entry["path"] != CRATE_NAME for entry in manifest["files"]):
        return []
    try:
        crate = read_json(path)
    except ValueError:
        return [Problem(CRATE_NAME, UNREADABLE, MAKE_AGAIN)]
    return disagreements(manifest, crate)


def disagreements(manifest: Mapping[str, Any], crate: Any) -> list[Problem]:
    """Where a crate tells otherwise than the manifest: files, inputs, plans, code and environment."""
    try:
        told = {entity["@id"]: _facts(entity) for entity in crate["@graph"]}
    except (KeyError, TypeError, AttributeError):
        return [Problem(CRATE_NAME, UNREADABLE, MAKE_AGAIN)]
    files = [file_entity(entry) for entry in manifest["files"] if entry["path"] != CRATE_NAME]
    expected = [*files, *origins(manifest), *_packages(manifest)]
    wrong = {entity["@id"] for entity in expected if told.get(entity["@id"]) != _facts(entity)}
    known = {entity["@id"] for entity in expected}
    wrong |= {name for name, facts in told.items() if facts[0] is not None and name not in known}
    return [Problem(f"{CRATE_NAME}, {name}", DISAGREES, MAKE_AGAIN) for name in sorted(wrong)]


def _facts(entity: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of an entity the manifest knows too."""
    return tuple(entity.get(name) for name in ("sha256", "contentSize", "softwareVersion", "identifier"))


def descriptor() -> Entity:
    """What the file itself is."""
    return {
        "@id": CRATE_NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": SPECIFICATION},
    }


def _root(manifest: Mapping[str, Any], cards: Mapping[str, Mapping[str, Any]], manifest_name: str) -> Entity:
    names = [entry["path"] for entry in manifest["files"]]
    own = [name for name in names if not any(_is_of(name, cohort) for cohort in cards)]
    parts = [manifest_name, *(f"{quote(cohort)}/" for cohort in sorted(cards)), *map(quote, own)]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": "Tiltakseffekt",
        "description": "Rapporter og tall om oppfølging mot arbeid, kontrollert for personopplysninger før utgivelse.",
        "datePublished": max(str(card["report"]["date"]) for card in cards.values()),
        "license": {"@id": LICENCE},
        "hasPart": refs(parts),
        "mentions": refs(f"#run-{name}" for name in sorted(manifest.get("runs", {}))),
    }


def cohort_dataset(name: str, card: Mapping[str, Any], *, place: str, holds: str) -> Entity:
    """What the data set of a cohort below `place` says of itself, with the licence of its data where the card gives
    one; `holds`: what is in it, in words."""
    return {
        "@id": f"{place}{quote(name)}/",
        "@type": "Dataset",
        "name": card["title"]["nb"],
        "description": f"{holds} for kohorten {name}. Type data: {card['data_kind']}.",
        "datePublished": str(card["report"]["date"]),
        "license": card.get("licence") or {"@id": LICENCE},
    }


def _cohort(name: str, card: Mapping[str, Any], manifest: Mapping[str, Any]) -> Entity:
    """A cohort's numbers and reports as one data set."""
    paths = [entry["path"] for entry in manifest["files"] if _is_of(entry["path"], name)]
    return {
        **cohort_dataset(name, card, place="", holds="Tall og rapporter"),
        "isBasedOn": refs(_input_id(label) for label in manifest["inputs"] if label.startswith(f"{name}/")),
        "hasPart": refs(map(quote, paths)),
    }


def _is_of(path: str, cohort: str) -> bool:
    return path.startswith((f"{cohort}/", f"reports/{cohort}/"))


def file_entity(entry: Mapping[str, Any]) -> Entity:
    """A file of the manifest: `path`, `bytes` and `sha256`."""
    path = PurePosixPath(entry["path"])
    return {
        "@id": quote(entry["path"]),
        "@type": "File",
        "name": path.name,
        "encodingFormat": KINDS.get(path.suffix, "application/octet-stream"),
        "contentSize": str(entry["bytes"]),
        "sha256": entry["sha256"],
    }


def origins(manifest: Mapping[str, Any]) -> Iterator[Entity]:
    """Inputs, plans, the lock of the environment, and the code and the run of each cohort."""
    for label, digest in manifest["inputs"].items():
        yield {"@id": _input_id(label), "@type": "CreativeWork", "name": label, "sha256": digest}
    for name, digest in manifest["digests"].items():
        yield {"@id": _digest_id(name), "@type": "CreativeWork", "name": name, "sha256": digest}
    for cohort, run in manifest.get("runs", {}).items():
        yield {
            "@id": f"#code-{quote(cohort)}",
            "@type": "SoftwareSourceCode",
            "name": f"Koden bak tallene for {cohort}",
            "sha256": run["code"],
        }
        yield _run(cohort, run, manifest)


def _run(cohort: str, run: Mapping[str, Any], manifest: Mapping[str, Any]) -> Entity:
    inputs = [_input_id(label) for label in manifest["inputs"] if label.startswith(f"{cohort}/")]
    plans = [_digest_id(name) for name in manifest["digests"] if name == f"plan {cohort}"]
    return {
        "@id": f"#run-{quote(cohort)}",
        "@type": "CreateAction",
        "name": f"Kjøringen som laget tallene for {cohort}",
        "identifier": run["run_id"],
        "instrument": refs([PROGRAM, f"#code-{quote(cohort)}"]),
        "object": refs([*inputs, *plans]),
        "result": {"@id": f"{quote(cohort)}/"},
    }


def software(manifest: Mapping[str, Any]) -> Iterator[Entity]:
    """The program, Python, the packages, and the licence of the project."""
    packages = list(_packages(manifest))
    yield {
        "@id": PROGRAM,
        "@type": "SoftwareApplication",
        "name": "Tiltakseffekt",
        "softwareVersion": __version__,
        "license": {"@id": LICENCE},
        "softwareRequirements": refs(entity["@id"] for entity in packages),
    }
    yield from packages
    yield {"@id": LICENCE, "@type": "CreativeWork", "name": "MIT", "identifier": "MIT"}


def _packages(manifest: Mapping[str, Any]) -> Iterator[Entity]:
    environment = manifest["environment"]
    versions = {"python": environment["python"], **environment["packages"]}
    for name, version in versions.items():
        kind = "ComputerLanguage" if name == "python" else "SoftwareApplication"
        yield {"@id": f"#package-{quote(name)}", "@type": kind, "name": name, "softwareVersion": version}


def _input_id(label: str) -> str:
    return f"#input-{quote(label)}"


def _digest_id(name: str) -> str:
    return f"#digest-{quote(name)}"


def refs(names: Iterable[str]) -> list[dict[str, str]]:
    """References to entities."""
    return [{"@id": name} for name in names]
