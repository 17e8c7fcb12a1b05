"""A named person's sign-off: which bytes of a restricted cohort may leave, and whether they still are those.

cohorts/<cohort>/release.json lies in the open and holds no value: name, date, version, the fingerprint of each file
under review, one hash over them all, the hash of the definitions of the numbers, and what the audit tried.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic
from pydantic import Field

from analysis.cards import Card
from analysis.disclosure.records import digest
from analysis.files import write_json
from analysis.problems import Problem, stop_if_any
from analysis.strict import Date, Digest, Filled, Strict

SIGN_OFF = "release.json"
HEADING = "Ingenting er sluppet ut av {cohort}, for det trengs en godkjenning som gjelder disse filene."
CHANGED = "er endret etter at {name} godkjente den ({date})."
NEW = "er kommet til etter at {name} godkjente filene ({date})."
GONE = "er borte, men var med da {name} godkjente filene ({date})."
EDITED = "er endret for hånd; sjekksummen over filene stemmer ikke."
UNREADABLE = "lar seg ikke lese som en godkjenning."
OTHER_VERSION = "gjelder versjon {old}, men rapporten har versjon {new}."
OTHER_NUMBERS = "gjelder andre tall enn dem som rapporten nå oppgir å vise."


class SignedFile(Strict):
    """One file under review as it was when it was signed."""

    path: Filled
    sha256: Digest
    bytes: int = Field(ge=0)


class SignedAudit(Strict):
    """What the audit said: groups tried, over so many numbers of so many releases."""

    verdict: Filled
    groups: int = Field(ge=0)
    numbers: int = Field(ge=0)
    releases: int = Field(ge=0)


class SignOff(Strict):
    """Who let which bytes out, and when."""

    cohort: Filled
    version: Filled
    name: Filled
    date: Date
    manifest_sha256: Digest
    definition_sha256: Digest
    files: tuple[SignedFile, ...] = Field(min_length=1)
    audit: SignedAudit


def unsigned(cards: Mapping[str, Card], folder: str | Path) -> list[str]:
    """The cohorts of restricted data (cards by name, folders below `folder`) that nobody has signed in any version."""
    restricted = [name for name, card in cards.items() if card.data_kind == "restricted"]
    return [name for name in restricted if not (Path(folder) / name / SIGN_OFF).is_file()]


def write_sign_off(
    folder: Path, *, name: str, date: dt.date, version: str, files: Sequence[Mapping[str, Any]], **more: Any
) -> Path:
    """Write the sign-off of these fingerprints beside the card; `more` are `definition_sha256` and `audit`."""
    path = folder / SIGN_OFF
    content = {"cohort": folder.name, "version": version, "name": name.strip(), "date": date.isoformat()}
    write_json(path, {**content, "manifest_sha256": digest(list(files)), "files": list(files), **more})
    return path


def standing_sign_off(
    folder: Path, files: Sequence[Mapping[str, Any]], *, version: str, definition_sha256: str
) -> SignOff | None:
    """The sign-off of exactly these files, where there is one."""
    if any(_problems(folder / SIGN_OFF, files, version, definition_sha256)):
        return None
    return SignOff.model_validate_json((folder / SIGN_OFF).read_bytes())


def stop_without_sign_off(
    folder: Path, files: Sequence[Mapping[str, Any]], *, version: str, definition_sha256: str
) -> None:
    """Raise ProblemsFound with every file that is not as it was signed, or when nothing was signed."""
    problems = list(_problems(folder / SIGN_OFF, files, version, definition_sha256))
    mend = f'Se over det som skal ut, og godkjenn det: make release COHORT={folder.name} BY="Navn Navnesen"'
    # The way out is the same for all of them and is told once, last.
    mends = [""] * (len(problems) - 1) + [mend]
    told = [Problem(where, what, last) for (where, what), last in zip(problems, mends, strict=False)]
    stop_if_any(HEADING.format(cohort=folder.name), told)


def _problems(
    path: Path, files: Sequence[Mapping[str, Any]], version: str, definition_sha256: str
) -> Iterator[tuple[str, str]]:
    if not path.is_file():
        yield str(path), "mangler."
        return
    try:
        signed = SignOff.model_validate_json(path.read_bytes())
    except pydantic.ValidationError:
        yield str(path), UNREADABLE
        return
    listed = [one.model_dump() for one in signed.files]
    if signed.cohort != path.parent.name or digest(listed) != signed.manifest_sha256:
        yield str(path), EDITED
        return
    who = {"name": signed.name, "date": signed.date.isoformat()}
    yield from _file_problems({one["path"]: one for one in listed}, {one["path"]: dict(one) for one in files}, who)
    if signed.version != version:
        yield str(path), OTHER_VERSION.format(old=signed.version, new=version)
    if signed.definition_sha256 != definition_sha256:
        yield str(path), OTHER_NUMBERS


def _file_problems(old: Mapping[str, Any], new: Mapping[str, Any], who: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield name, GONE.format(**who)
        elif name not in old:
            yield name, NEW.format(**who)
        elif old[name] != new[name]:
            yield name, CHANGED.format(**who)
