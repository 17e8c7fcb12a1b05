"""Which code, data and plan a result rests on, as digests."""

import ast
import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from analysis.nationalid import reads_as_id

ROOT = Path(__file__).resolve().parent.parent
# Hex digits of a digest that only tells one version of a file from another.
SHORT = 10
# The word of an import statement, and the lines that may be one: to the end of the line or of the brackets.
_IMPORT = re.compile(r"\bimport\b")
_IMPORT_LINES = re.compile(r"^[ \t]*(?:import|from)\b(?:[^(\n]*\([^)]*\))?.*$", re.MULTILINE)


def source_digest(*paths: str | Path) -> str:
    """SHA-256 over scripts and every `analysis` module that they import, directly or not."""
    digest = hashlib.sha256()
    for source in source_files(paths):
        digest.update(f"{source.relative_to(ROOT)}\0".encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()


def module_digests(paths: Iterable[str | Path]) -> dict[str, str]:
    """The first 10 hex digits of SHA-256 of each `analysis` module behind the scripts, by its dotted name.

    Too few digits to hold a national identity number by chance, and enough to see that a module is another.
    """
    return {
        module_name(path): short_digest(path) for path in source_files(paths) if path.is_relative_to(ROOT / "analysis")
    }


def imported_modules(module: str) -> list[str]:
    """The `analysis` modules that a module imports itself, packages without content apart."""
    path = _module_file(module)
    files = [] if path is None else _imported_files(path)
    return [module_name(file) for file in files if file.name != "__init__.py"]


def module_name(path: Path) -> str:
    """``analysis/checks/__init__.py`` → ``analysis.checks``."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def short_digest(path: str | Path) -> str:
    """The first `SHORT` hex digits of SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:SHORT]


def source_files(paths: Iterable[str | Path]) -> list[Path]:
    """The scripts and the `analysis` modules behind them, sorted by path."""
    found: set[Path] = set()
    waiting = [Path(path).resolve() for path in paths]
    while waiting:
        source = waiting.pop()
        if source not in found:
            found.add(source)
            waiting.extend(_imported_files(source))
    return sorted(found)


@cache
def _imported_files(source: Path) -> tuple[Path, ...]:
    """Files of `analysis` modules named in the import statements of `source`, wherever they stand in it."""
    names: set[str] = set()
    for node in _imports(source.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    own = {name for name in names if name.split(".")[0] == "analysis"}
    files = {_module_file(name) for name in own | {parent for name in own for parent in _parents(name)}}
    return tuple(sorted(path for path in files if path))


def _imports(text: str) -> Iterator[ast.AST]:
    """The import statements of a module, and statements without imports among them.

    Most modules name imports in lines of their own alone: those are read without the rest, at a fifth of the time. The
    word anywhere else, or a line that cannot be read by itself, has the whole module read. A line of a text that reads
    as an import is taken for one: a dependency too many does no harm.
    """
    lines = [match.group().strip() for match in _IMPORT_LINES.finditer(text)]
    if sum(len(_IMPORT.findall(line)) for line in lines) == len(_IMPORT.findall(text)):
        with contextlib.suppress(SyntaxError):
            return iter(ast.parse("\n".join(lines)).body)
    return _statements(ast.parse(text))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a module, those inside others too; no expression holds an import."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(node, part, ()):
            yield statement
            yield from _statements(statement)


def _parents(name: str) -> list[str]:
    """Packages whose ``__init__`` runs when `name` is imported: ``a.b.c`` → ``a``, ``a.b``."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _module_file(name: str) -> Path | None:
    """The file of a module or package under the project's root; None for a name inside a module."""
    base = ROOT.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def canonical_digest(content: Any) -> str:
    """SHA-256 over plain data, the same whatever the order of its keys."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def run_id(*, inputs: Mapping[str, str], plan: str, code: str, lock: str) -> str:
    """The first 12 hex digits of SHA-256 over input digests by name, plan hash, code digest and lock digest.

    Of those that are a possible national identity number by chance, the first 12 that are not.
    """
    digest = canonical_digest({"inputs": dict(inputs), "plan": plan, "code": code, "lock": lock})
    parts = (digest[start : start + 12] for start in range(len(digest) - 12))
    return next(part for part in parts if not reads_as_id(part))
