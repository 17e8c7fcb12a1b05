"""What a released folder holds, what it was made from and with: a list that anyone can check.

The list is the same bytes for the same content: no host, no user, no path outside the folder, no clock.
"""

import importlib.metadata
import platform
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from analysis.files import sha256
from analysis.problems import Problem, stop_if_any
from analysis.provenance import ROOT

MANIFEST_NAME = "manifest.json"
HEX_DIGEST = re.compile("[0-9a-f]{12,128}")
REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

LINK = "er en lenke, og lenker kan ikke slippes ut."
MISSING = "står i manifestet, men ligger ikke i mappa."
CHANGED = "er endret etter at manifestet ble skrevet."
UNLISTED = "ligger i mappa, men står ikke i manifestet."
OUTSIDE = "peker ut av mappa."
MAKE_AGAIN = "Kjør make igjen; den lages på nytt."
TAKE_AWAY = "Fjern den."


def manifest(folder: str | Path, *, inputs: Mapping[str, str], digests: Mapping[str, str]) -> dict[str, Any]:
    """The manifest of a folder: ``files`` (path, SHA-256, bytes; by path), ``inputs``, ``digests``, ``environment``.

    inputs: name to SHA-256 of each input, the name as it is known in the project; digests: plan, code, lock and the
    like, each in hex. The manifest's own file is not in the list. Raises `ProblemsFound` for links, whose target may
    be outside the folder, and ValueError for a digest that is none or an input named by a path outside.
    """
    _check_digests(inputs)
    _check_digests(digests)
    _check_names(inputs)
    paths = _listed_paths(Path(folder))
    stop_if_any("Manifestet kan ikke skrives.", [Problem(name, LINK) for name, path in paths.items() if _is_link(path)])
    return {
        "files": [{"path": name, **_fingerprint(path)} for name, path in paths.items()],
        "inputs": dict(sorted(inputs.items())),
        "digests": dict(sorted(digests.items())),
        "environment": environment(),
    }


def environment() -> dict[str, Any]:
    """Version of Python and of each package that the project asks for itself, on whatever platform it runs."""
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    names = sorted(match.group().lower() for line in lines if (match := REQUIREMENT.match(line)))
    return {
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in names},
    }


def verify(folder: str | Path, manifest: Mapping[str, Any]) -> list[Problem]:
    """Every difference between a folder and its manifest, by path: files missing, changed or not listed, and links."""
    paths = _listed_paths(Path(folder))
    listed = {entry["path"]: entry for entry in manifest["files"]}
    problems = {name: _difference(paths.get(name), entry) for name, entry in listed.items()}
    problems |= {name: LINK if _is_link(path) else UNLISTED for name, path in paths.items() if name not in listed}
    problems |= {name: OUTSIDE for name in listed if _leads_outside(name)}
    return [Problem(name, what, _mend(what)) for name, what in sorted(problems.items()) if what]


def _mend(what: str) -> str:
    return MAKE_AGAIN if what in (MISSING, CHANGED) else TAKE_AWAY


def _difference(path: Path | None, entry: Mapping[str, Any]) -> str | None:
    if path is None:
        return MISSING
    if _is_link(path):
        return LINK
    return None if _fingerprint(path) == {"sha256": entry["sha256"], "bytes": entry["bytes"]} else CHANGED


def _fingerprint(path: Path) -> dict[str, Any]:
    return {"sha256": sha256(path), "bytes": path.stat().st_size}


def _listed_paths(folder: Path) -> dict[str, Path]:
    """Every file and link below the folder by its name from there, sorted, without the manifest's own file."""
    if not folder.is_dir():
        raise ValueError("there is no such folder to list")
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    kept = {name: path for name, path in paths.items() if _is_link(path) or not path.is_dir()}
    return {name: kept[name] for name in sorted(kept) if name != MANIFEST_NAME}


def _is_link(path: Path) -> bool:
    """A link, or anything else that is no ordinary file or folder."""
    return path.is_symlink() or not (path.is_file() or path.is_dir())


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or re.match("[A-Za-z]:", name) is not None


def _check_digests(digests: Mapping[str, str]) -> None:
    wrong = sorted(name for name, value in digests.items() if not HEX_DIGEST.fullmatch(value))
    if wrong:
        raise ValueError(f"not a hexadecimal digest: {wrong}")


def _check_names(inputs: Mapping[str, str]) -> None:
    wrong = sum(map(_leads_outside, inputs))
    if wrong:
        raise ValueError(f"{wrong} inputs are named by a path outside the project")
