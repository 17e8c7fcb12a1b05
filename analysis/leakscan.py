"""Finished files, read as an outsider would read them: is there a person in them?

The last net before anything leaves. It knows nothing of how the files were made. It looks for national identity
numbers of every kind, for the ids of canaries (made-up persons who are in the data and must never be in an output),
for data files in disguise, and for file types nobody can check. A finding says where and which rule, never what.
Text drawn as pixels or as outlines cannot be seen: figures must be made from released tables.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.canaries import Searched, searched
from analysis.filetext import SUFFIXES, UNKNOWN_TYPE, Refused, Text, parts
from analysis.ids_in_columns import find_in_columns
from analysis.nationalid import SYNTHETIC, find

PLACES_TOLD = 5

CANARY_RULE = "kjennetegnet til en kanarifugl"
NOT_ALLOWED = "filtypen er ikke tillatt i denne mappa"
LINK = "lenker skal ikke slippes ut"
MORE_PLACES = "flere steder"
KIND_RULES = {
    "fnr": "fødselsnummer",
    "dnr": "D-nummer",
    "hnr": "H-nummer",
    "dnr-hnr": "D-nummer skrevet som H-nummer",
    "fnr-nav65": "syntetisk fødselsnummer (Nav)",
    "dnr-nav65": "syntetisk D-nummer (Nav)",
    "fnr-tenor": "syntetisk fødselsnummer (Tenor)",
    "dnr-tenor": "syntetisk D-nummer (Tenor)",
}


@dataclass(frozen=True)
class Finding:
    """One reason why a file must not leave: the file, the place in it, and the rule. Never the value."""

    file: str
    place: str
    rule: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.rule}"


@dataclass(frozen=True)
class _Net:
    """What to look for."""

    canaries: Searched
    allow_synthetic: bool

    def catches(self, text: Text) -> Iterator[tuple[str, int]]:
        """Rule and position of everything in the text that must not leave."""
        hits = find(text.content, decimal_comma=text.decimal_comma, across_lines=text.across_lines)
        for hit in (*hits, *find_in_columns(text.content, decimal_comma=text.decimal_comma)):
            if not (self.allow_synthetic and hit.kind in SYNTHETIC):
                yield KIND_RULES[hit.kind], hit.position
        for position in self.canaries.positions(text.content, decimal_comma=text.decimal_comma):
            yield CANARY_RULE, position

    def safe(self, name: str) -> str:
        """A name as it can be told: without its digits, or at all, when the name itself is what must not leave."""
        rules = {rule for rule, _ in self.catches(Text(name, str))}
        if CANARY_RULE in rules:
            return "***"
        return re.sub("[0-9]", "*", name) if rules else name


def scan_file(
    path: str | Path,
    *,
    canaries: Collection[str] | Searched = (),
    allow_synthetic: bool = False,
    allowed_suffixes: Collection[str] = SUFFIXES,
) -> list[Finding]:
    """Every reason why this file must not leave; empty when there is none.

    allow_synthetic: let the numbers of test persons (Tenor, Nav) pass, for demonstrations on made-up data. Upper and
    lower case of canary ids do not matter. Each rule is told with its first five places in a part of the file. The
    file is named without its folder.
    """
    _check_suffixes(allowed_suffixes)
    path = Path(path)
    return _file_findings(path, path.name, _Net(searched(canaries), allow_synthetic), frozenset(allowed_suffixes))


def scan_folder(
    folder: str | Path,
    *,
    allowed_suffixes: Collection[str],
    canaries: Collection[str] | Searched = (),
    allow_synthetic: bool = False,
) -> list[Finding]:
    """Every reason why something below this folder must not leave, files in order of name.

    allowed_suffixes: the types that may lie here, such as ``{".html", ".pdf"}``; each must be one that can be read.
    Hidden files and links are found too; files are named from the folder down.
    """
    _check_suffixes(allowed_suffixes)
    if not Path(folder).is_dir():
        raise ValueError("there is no such folder to scan")
    net = _Net(searched(canaries), allow_synthetic)
    allowed = frozenset(allowed_suffixes)
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_symlink() or not path.is_dir())
    named = ((path, path.relative_to(folder).as_posix()) for path in paths)
    return [finding for path, name in named for finding in _file_findings(path, name, net, allowed)]


def _check_suffixes(allowed: Collection[str]) -> None:
    unreadable = set(allowed) - SUFFIXES
    if unreadable:
        raise ValueError(f"no reader for {sorted(unreadable)}: they can not be allowed")


def _file_findings(path: Path, name: str, net: _Net, allowed: frozenset[str]) -> list[Finding]:
    file = net.safe(name)
    reasons = _reasons(path, name, net, allowed)
    return [Finding(file, net.safe(place), rule) for place, rule in dict.fromkeys(reasons)]


def _reasons(path: Path, name: str, net: _Net, allowed: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Place and rule of everything wrong with a file, its name first."""
    yield from (("filnavnet", rule) for rule, _ in net.catches(Text(name, str)))
    if path.is_symlink() or not path.is_file():
        yield "hele fila", LINK
        return
    suffix = path.suffix.lower()
    if suffix not in allowed:
        yield "hele fila", NOT_ALLOWED if suffix in SUFFIXES else UNKNOWN_TYPE
    for part in parts(suffix, path.read_bytes()):
        if isinstance(part, Refused):
            yield part.place, part.reason
        else:
            yield from _told(net.catches(part), part)


def _told(catches: Iterable[tuple[str, int]], text: Text) -> Iterator[tuple[str, str]]:
    """Place and rule of the first catches of each rule; that there are more, when there are."""
    seen: dict[str, int] = {}
    for rule, position in catches:
        seen[rule] = seen.get(rule, 0) + 1
        if seen[rule] <= PLACES_TOLD:
            yield text.where(position), rule
        elif seen[rule] == PLACES_TOLD + 1:
            yield MORE_PLACES, rule
