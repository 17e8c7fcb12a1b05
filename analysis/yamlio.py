"""Reading YAML without its surprises: core-schema scalars, no duplicate keys, and a line number for every key.

PyYAML follows YAML 1.1, which reads ``0301`` as 193, ``NO`` as false and ``12:30`` as 750. Here a plain scalar
is a whole number, a decimal number, true/false or null only when it looks like one to a reader; everything else,
numbers with a leading zero and dates included, is text.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from analysis.problems import Problem, ProblemsFound

_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9]\d*)?\.\d+([eE][-+]?\d+)?|[-+]?(0|[1-9]\d*)[eE][-+]?\d+")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
# Texts whose nodes are kept: a run of many reports reads the same few files again and again.
KEPT = 32

Key = tuple[str | int, ...]


@dataclass
class Document:
    """A YAML file as plain data, with the line of every key path and the problems met on the way."""

    path: Path
    data: Any
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, key: Key) -> int:
        """Line of `key`, or of the nearest key above it that stands in the file."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def where(self, key: Key) -> str:
        """``cohorts/x/cohort.yaml, linje 12, matching.caliper``."""
        name = ".".join(str(part) for part in key) or "(hele filen)"
        return f"{self.path}, linje {self.line(key)}, {name}"


def read_yaml(path: str | Path) -> Document:
    """Read one YAML document. A file that is no YAML at all raises ProblemsFound with the line."""
    return _document(Path(path))


def read_texts(path: str | Path) -> Any:
    """The data of a catalogue of our own, as `read_yaml` has them, quickly. Not for what a researcher writes.

    libyaml takes what YAML forbids (a tab before a value, ``|#``) and gives an empty value another line. The tests
    hold every catalogue against `read_yaml`, which also says what is wrong with one that cannot be read.
    """
    try:
        return _document(Path(path), quick=True).data
    except ProblemsFound:
        return read_yaml(path).data


def _document(path: Path, *, quick: bool = False) -> Document:
    try:
        root = _composed(path.read_text(encoding="utf-8-sig"), quick)
        document = Document(path, None)
        document.data = {} if root is None else _value(root, (), document)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemsFound(f"{path} kan ikke leses som YAML.", [_syntax_problem(path, error)]) from None
    return document


@lru_cache(KEPT)
def _composed(text: str, quick: bool) -> yaml.Node | None:
    """The nodes of a text, which nobody changes; data are made of them anew at every reading."""
    if quick and yaml.__with_libyaml__:
        # Ten times as quick.
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _syntax_problem(path: Path, error: Exception) -> Problem:
    if isinstance(error, RecursionError):
        return Problem(str(path), "nøkler ligger inne i hverandre uten ende.", "Fjern henvisninger med * og &.")
    if isinstance(error, yaml.reader.ReaderError):
        return Problem(str(path), "filen har et usynlig tegn som ikke er lov i YAML.", "Lagre den som UTF-8.")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(str(path), "filen er ikke UTF-8.", "Lagre den som UTF-8.")
    return Problem(
        f"{path}, linje {mark.line + 1}", "her bryter innrykk, anførselstegn eller kolon med reglene for YAML."
    )


def _value(node: yaml.Node, key: Key, document: Document) -> Any:
    document.lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, document)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*key, place), document) for place, child in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, key: Key, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name_node, child in node.value:
        name = str(name_node.value)
        line = name_node.start_mark.line + 1
        if name in result:
            where = f"{document.path}, linje {line}, {'.'.join(map(str, (*key, name)))}"
            document.problems.append(Problem(where, "nøkkelen står to ganger.", "Behold én av dem."))
            continue
        document.lines[(*key, name)] = line
        result[name] = _value(child, (*key, name), document)
    return result


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style:  # that of a plain scalar is None, and empty from libyaml
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
