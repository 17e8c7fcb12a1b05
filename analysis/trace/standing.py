"""Whether what a trace shows still stands: files against the manifest, and the code, packages and card of today."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.cards import Card, read_card
from analysis.files import sha256
from analysis.manifest import MANIFEST_NAME
from analysis.plan import plan_hash
from analysis.provenance import ROOT, module_digests, source_digest
from analysis.trace.folder import Folder
from analysis.ways import ESTIMATING, adapters, way

SCRIPTS = ROOT / "workflow" / "scripts"
LOCK = "requirements.lock"
NAMED = 6


def file_words(folder: Folder, names: Iterable[str]) -> list[str]:
    """Whether the files that were read are those of the manifest, by its checksums."""
    if not folder.has(MANIFEST_NAME):
        return [f"Ingen {MANIFEST_NAME} ligger i mappen, så filene kan ikke holdes mot sjekksummer."]
    listed = {entry["path"]: entry["sha256"] for entry in folder.json(MANIFEST_NAME)["files"]}
    names = sorted(set(names))
    unlisted = [name for name in names if name not in listed]
    changed = [name for name in names if name in listed and sha256(folder.path / name) != listed[name]]
    lines = [f"{', '.join(unlisted)} står ikke i {MANIFEST_NAME}."] if unlisted else []
    lines += (
        [f"{', '.join(changed)} er endret etter at {MANIFEST_NAME} ble skrevet. Kjør: make verify"] if changed else []
    )
    return lines or [f"Filene er de samme som i {MANIFEST_NAME} ({len(names)} lest)."]


def code_words(card: Card, provenance: Mapping[str, Any]) -> list[str]:
    """Whether the code and the packages of this folder are those that made the numbers."""
    digests = provenance["digests"]
    own = [SCRIPTS / f"{name}.py" for name in ESTIMATING[way(card)]]
    if not all(path.is_file() for path in own):
        return ["Koden ligger ikke her, så den kan ikke holdes mot den som laget tallene."]
    lines = ["Pakkene (requirements.lock) er endret siden."] if _other_lock(digests) else []
    if source_digest(*own) != digests["estimated"]:
        return ["Koden er endret siden.", *_changed_modules(card, provenance), *lines]
    beside = _changed_modules(card, provenance)
    same = "Koden bak anslagene er den samme nå." if beside else "Koden er den samme nå."
    return [same, *beside, *lines]


def _other_lock(digests: Mapping[str, Any]) -> bool:
    return not (ROOT / LOCK).is_file() or sha256(ROOT / LOCK) != digests["lock"]


def _changed_modules(card: Card, provenance: Mapping[str, Any]) -> list[str]:
    then = provenance["digests"].get("modules")
    if then is None:
        return []
    names = adapters(card, deviating=bool(provenance["deviations"]))
    now = module_digests(SCRIPTS / f"{name}.py" for name in names)
    changed = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    more = f" og {len(changed) - NAMED} til" if len(changed) > NAMED else ""
    return [f"Endrede moduler: {', '.join(changed[:NAMED])}{more}."] if changed else []


def card_words(cohort: str, provenance: Mapping[str, Any], cohorts: Path) -> list[str]:
    """Whether the card, and published figures beside it, are those that the numbers were made from."""
    path = cohorts / cohort / "cohort.yaml"
    if not path.is_file():
        return [f"Kortet ({path}) ligger ikke her."]
    lines = []
    if plan_hash(read_card(path)) != provenance["plan_hash"]:
        lines.append("Analysen i kortet er endret siden.")
    for name, digest in provenance["inputs"].items():
        beside = path.parent / name
        if beside.is_file() and sha256(beside) != digest:
            lines.append(f"{beside} er endret siden.")
    return lines or ["Analysen i kortet er den samme nå."]
