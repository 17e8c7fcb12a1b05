"""The first line of a CSV delivery, and what its column names suggest for the card.

Nothing below the first line is read, and of that line only names that resemble the contract's are ever shown: a file
without column names begins with a person.
"""

import csv
import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from analysis.problems import Problem, stop_if_any

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "latin-1")
HEADING = "Første linje i leveransen kan ikke brukes. Ingenting er skrevet:"
LONGEST_LINE = 1 << 16
QUOTES_AND_BREAKS = '"\r\n'
GZIP = b"\x1f\x8b"
# Names that deliveries use for the columns of the contract, the likeliest first.
KNOWN_NAMES = {
    "person_id": (
        "person_id", "lopenr", "lopenummer", "id", "pid", "fnr_pseudo", "pseudonym", "deltaker", "deltaker_id",
        "bruker_id", "personnokkel",
    ),
    "arm": ("arm", "gruppe", "tiltak", "tiltaksgruppe", "behandling", "intervensjon", "treat", "treated"),
    "time_zero": ("time_zero", "start", "oppstart", "startdato", "startmaned", "oppstartsdato", "inklusjonsdato"),
    "office_id": ("office_id", "kontor", "kontornr", "enhet", "enhetsnr", "navkontor", "office"),
}  # fmt: skip
NATIONAL_ID_NAMES = ("fnr", "fodselsnr", "fodselsnummer", "personnr", "personnummer", "dnr", "dnummer")
# Shorter names stand inside too many others to be a sign of anything.
SHORTEST_PART = 4
ALIKE = 0.8
_NAME = re.compile(r"[^\W\d_][\w .()/-]{0,63}")
_ELEVEN_DIGITS = re.compile(r"(?<!\d)\d{6}[ .-]?\d{5}(?!\d)")
_LETTERS = {"æ": "ae", "ø": "o", "å": "a", "aa": "a"}


@dataclass(frozen=True)
class Header:
    """How a delivery's first line is to be read."""

    path: Path
    delimiter: str = ";"
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Suggestions:
    """Source column by column of the contract, how many columns there are, and those named as national ids."""

    columns: dict[str, str]
    found: int
    national_ids: tuple[int, ...]


def read_header(header: Header) -> list[str]:
    """Column names of a CSV file; raises ProblemsFound when the first line cannot be read or looks like data."""
    stop_if_any(HEADING, _option_problems(header))
    # Unbuffered, so that the rows of persons behind the first line are not even read into memory.
    with header.path.open("rb", buffering=0) as stream:
        line = stream.readline(LONGEST_LINE)
    stop_if_any(HEADING, _byte_problems(header, line))
    names = _names(header, line)
    stop_if_any(HEADING, _name_problems(header, names))
    return names


def _option_problems(header: Header) -> list[Problem]:
    if not header.path.is_file():
        return [Problem(header.path.name or "leveransen", "filen finnes ikke.", "Er stien riktig?")]
    problems = []
    if len(header.delimiter) != 1 or header.delimiter in QUOTES_AND_BREAKS:
        problems.append(Problem("delimiter", "skal være ett tegn, og ikke et anførselstegn.", r"Tabulator skrives \t."))
    if header.encoding not in ENCODINGS:
        problems.append(Problem("encoding", "er ukjent.", f"Lovlig: {', '.join(ENCODINGS)}."))
    return problems


def _byte_problems(header: Header, line: bytes) -> list[Problem]:
    where = f"{header.path.name}, linje 1"
    if not line.strip():
        return [Problem(where, "linjen er tom.", "Første linje skal ha kolonnenavn.")]
    if line.startswith(GZIP):
        return [Problem(where, "filen er pakket (gzip).", "Pakk den ut, eller lag kohorten uten DELIVERY.")]
    if b"\0" in line:
        return [Problem(where, "linjen har tegnet null og er ikke CSV i UTF-8.", "Lagre filen på nytt som CSV.")]
    if len(line) == LONGEST_LINE:
        return [Problem(where, f"linjen er lengre enn {LONGEST_LINE} tegn.", "Er det en CSV-fil?")]
    try:
        line.decode(_encoding(header))
    except UnicodeDecodeError:
        return [Problem(where, f"linjen kan ikke leses med encoding {header.encoding}.", "Oppgi riktig ENCODING.")]
    return []


def _encoding(header: Header) -> str:
    """A byte order mark is no part of the first column's name."""
    return "utf-8-sig" if header.encoding == "utf-8" else header.encoding


def _names(header: Header, line: bytes) -> list[str]:
    try:
        (cells,) = csv.reader([line.decode(_encoding(header))], delimiter=header.delimiter, strict=True)
    except csv.Error:
        where = f"{header.path.name}, linje 1"
        problem = Problem(where, "et anførselstegn står feil eller lukkes ikke.", "Rett linjen.")
        stop_if_any(HEADING, [problem])
    return [cell.strip() for cell in cells]


def _name_problems(header: Header, names: list[str]) -> list[Problem]:
    where = f"{header.path.name}, linje 1"
    if len(names) < 2:
        what = f"linjen har bare ett felt når feltene skilles med «{header.delimiter}»."
        return [Problem(where, what, "Oppgi riktig DELIMITER.")]
    places = [str(place) for place, name in enumerate(names, start=1) if looks_like_data(name)]
    what = f"felt {', '.join(places)} ser ut som data, ikke som kolonnenavn. Verdiene vises ikke."
    mend = "Første linje skal ha kolonnenavn som begynner med en bokstav."
    return [Problem(where, what, mend)] if places else []


def looks_like_data(name: str) -> bool:
    """Whether a field holds a number of eleven digits, or digits and no letter (a number, a date, a month)."""
    digits = any(character.isdigit() for character in name)
    return bool(_ELEVEN_DIGITS.search(name)) or (digits and not any(character.isalpha() for character in name))


def suggest_columns(names: list[str]) -> Suggestions:
    """The source column that each column of the contract most resembles; every source column is used once at most."""
    national = tuple(place for place, name in enumerate(names, start=1) if _names_national_id(name))
    free = [
        name for place, name in enumerate(names, start=1) if place not in national and _NAME.fullmatch(name) is not None
    ]
    scored = [
        (-likeness(name, target), list(KNOWN_NAMES).index(target), free.index(name), target, name)
        for target in KNOWN_NAMES
        for name in free
    ]
    chosen: dict[str, str] = {}
    for score, _, _, target, name in sorted(scored):
        if -score >= ALIKE and target not in chosen and name not in chosen.values():
            chosen[target] = name
    return Suggestions({target: chosen[target] for target in KNOWN_NAMES if target in chosen}, len(names), national)


def likeness(name: str, target: str) -> float:
    """From 0 to 1, how much `name` resembles a known name of the contract's column `target`; 1 is the same name."""
    plain, parts = _plain(name), {_plain(part) for part in re.split(r"[\W_]+", name)}
    best = 0.0
    for place, known in enumerate(KNOWN_NAMES[target]):
        same = _plain(known)
        score = difflib.SequenceMatcher(None, plain, same).ratio() * 0.9 if len(same) >= SHORTEST_PART else 0.0
        if plain == same:
            score = 1.0
        elif len(same) >= SHORTEST_PART and same in parts:
            score = max(score, 0.9)
        best = max(best, score - 0.001 * place)
    return best


def _plain(name: str) -> str:
    plain = name.lower()
    for letter, written in _LETTERS.items():
        plain = plain.replace(letter, written)
    return re.sub(r"[\W_]", "", plain)


def _names_national_id(name: str) -> bool:
    plain, parts = _plain(name), {_plain(part) for part in re.split(r"[\W_]+", name)}
    return "pseudo" not in plain and (plain in NATIONAL_ID_NAMES or not parts.isdisjoint(NATIONAL_ID_NAMES))
